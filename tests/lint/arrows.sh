#!/bin/bash
# The layers, by what each file includes, and the functions that nobody calls. Each breach is named with its line.
#
#     client ─▶ control ─▶ supervisor ─▶ config ─▶ base
#                              ├────────▶ init ───▶ base
#                              └──▶ prepare ─▶ config
#
# top, plot, metrics and image are programs of their own: the first three ask tend, as client does.
set -u
shopt -s lastpipe # breach() is the end of pipes and sets `bad`
cd "${1:-$(dirname "$0")/../..}" || exit 2
bad=0

breach() { # RULE, and the lines found on stdin
        local found
        found=$(cat)
        [ -n "$found" ] || return 0
        sed "s|\$|    <- $1|" <<<"$found"
        bad=1
}

# Every .c and .h file of a folder; no file at all is fine.
files() { find "$@" -maxdepth 1 -name '*.[ch]' 2>/dev/null; }
# grep over the files named on stdin, with file and line.
lines() { xargs -r grep -nHE "$1" /dev/null; }
# The same, without what comments and string literals say. Keeps the numbering of the lines.
code() {
        xargs -r awk -v wanted="$1" '
                FNR == 1 { inside = 0 }
                {
                        line = $0
                        gsub(/\\./, "", line)
                        gsub(/"[^"]*"/, "\"\"", line)
                        gsub(/\/\*([^*]|\*[^\/])*\*\//, "", line)
                        if (inside) { if (!sub(/^.*\*\//, "", line)) next; inside = 0 }
                        if (sub(/\/\*.*$/, "", line)) inside = 1
                        if (match(line, wanted)) printf "%s:%d:%s\n", FILENAME, FNR, $0
                }' /dev/null
}

# FOLDER: which folders its files may include.
declare -A may=(
        [base]="base"
        [config]="base|config"
        [init]="base|init"
        [prepare]="base|config|prepare"
        [supervisor]="base|config|init|prepare|supervisor"
        [control]="base|config|init|prepare|supervisor|control"
        [client]="base|config|control|client"
        [metrics]="base|config|client|control|metrics"
        [image]="base|image"
        [top]="base|client|control|top"
        [plot]="base|client|control|plot"
)
for folder in "${!may[@]}"; do
        files "$folder" | lines '^ *# *include *"' | grep -vE "\"(${may[$folder]})/[^\"]*\"" |
                breach "$folder/ includes only ${may[$folder]//|/, }"
done

files base config init prepare client image top plot | lines '<systemd/' |
        breach "libsystemd is seen by supervisor/, control/ and metrics/ alone"
files base init prepare supervisor control client image metrics top plot | lines '<ini\.h>' | breach "inih is seen by one file of config/ alone"
if [ "$(files config | xargs -r grep -lE '<ini\.h>' | wc -l)" -gt 1 ]; then
        files config | lines '<ini\.h>' | breach "inih is seen by one file of config/ alone"
fi

files base config init prepare supervisor control client image metrics top plot | grep -vE '^(control|image|metrics)/main\.c$' | code '(^|[^_a-z0-9])exit *[(]' |
        breach "exit() is main()'s; a child has _exit()"
files base config init prepare supervisor control client image metrics top plot | code '(^|[^_a-z0-9])(strtok|strcpy|strcat|sprintf|atoi|signal|system|alloca) *[(]' |
        breach "never called here"
files base config init prepare supervisor control client | code '(^|[^_a-z0-9])(v?[fs]?scanf|strtod|localtime(_r)?|gmtime(_r)?|mktime|strftime) *[(]' |
        breach "a tenth of the static binary: base/parse.h, base/proc.h and base/date.h do it"
files base config init prepare supervisor control client | code '(^|[^_a-z0-9])(fnmatch|pow|log|exp) *[(]' |
        breach "a hundredth of the static binary: base/pattern.h and sqrt(3) do it"
files base config init prepare supervisor control client image metrics top plot tests/unit tests/fuzz tests/image | lines $'\t| +$' | breach "a tab, or spaces at the end"

exit "$bad"
