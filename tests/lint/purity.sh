#!/bin/bash
# What decides calls no clock, no kernel and no allocator:  purity.sh OBJECT ...
# The objects given may need each other, the printers of base/parse, the words and look-ups of config/, and this much of libc.
set -eu

libc="memset memcpy memmove memcmp strlen strcmp strncmp strchr snprintf abs sqrt tolower __ctype_tolower_loc isalnum isalpha isblank iscntrl isdigit isgraph islower isprint ispunct isspace isupper isxdigit __stack_chk_fail __snprintf_chk"
ours="parse_digits print_span print_size print_signal service_type_word restart_word kill_mode_word exec_kind_word unit_readiness budget_oom_policy base64_encode"

[ $# -gt 0 ] || exit 0
{
        printf '%s\n' $libc $ours
        nm --defined-only --extern-only --format=posix "$@" | awk 'NF > 1 { print $1 }'
} | LC_ALL=C sort -u >"${1%.o}.allowed"

bad=0
for object in "$@"; do
        for symbol in $(nm --undefined-only --format=posix "$object" | awk '{ print $1 }' | LC_ALL=C sort -u |
                LC_ALL=C comm -23 - "${1%.o}.allowed"); do
                echo "$object: needs $symbol(), which pure code must not call"
                bad=1
        done
done
exit "$bad"
