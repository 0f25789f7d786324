#!/bin/bash
# What one file has in its header and no other file calls belongs to that file alone:  unused.sh OBJECT ...
# Prints each such name with its object; tests may have what they like.
set -eu

needed=$(mktemp)
trap 'rm -f "$needed"' EXIT
nm --undefined-only --format=posix "$@" | awk 'NF > 1 { print $1 }' | LC_ALL=C sort -u >"$needed"
nm -A --defined-only --extern-only --format=posix "$@" |
        awk -v needed="$needed" '
                BEGIN { while ((getline name <needed) > 0) is_needed[name] = 1; is_needed["main"] = 1 }
                { sub(/:$/, "", $1) }
                !($2 in is_needed) && $1 !~ /\/tests\// { print $1 ": nobody else calls " $2 "(): make it static"; bad = 1 }
                END { exit bad }'
