# Completion of tend's command line for bash: what there is, tend's own help says, and units a tend that runs.

_tend() {
        local tend=${COMP_WORDS[0]} cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} verb='' i usage
        COMPREPLY=()

        # --for=ready is three words here.
        [[ $cur == = ]] && cur=''
        [[ $prev == = ]] && prev=${COMP_WORDS[COMP_CWORD - 2]}
        for ((i = 1; i < COMP_CWORD; i++)); do
                if [[ ${COMP_WORDS[i]} == -- ]]; then
                        ((i + 1 == COMP_CWORD)) && mapfile -t COMPREPLY < <(compgen -c -- "$cur")
                        return
                fi
                [[ -z $verb && ${COMP_WORDS[i]} != -* ]] && verb=${COMP_WORDS[i]}
        done
        if [[ -z $verb ]]; then
                mapfile -t COMPREPLY < <(compgen -W "$(_tend_verbs) --help --version --" -- "$cur")
                return
        fi
        case $prev in
        --for) mapfile -t COMPREPLY < <(compgen -W 'ready stopped failed' -- "$cur") && return ;;
        --sort) mapfile -t COMPREPLY < <(compgen -W 'order name state restarts cpu memory' -- "$cur") && return ;;
        --log-level) mapfile -t COMPREPLY < <(compgen -W 'error warning info debug' -- "$cur") && return ;;
        --net) mapfile -t COMPREPLY < <(compgen -W 'loopback none host' -- "$cur") && return ;;
        --kill-whom) mapfile -t COMPREPLY < <(compgen -W 'main control all' -- "$cur") && return ;;
        --signal) mapfile -t COMPREPLY < <(compgen -A signal -- "$cur") && return ;;
        --unit-path | --root | --keep) mapfile -t COMPREPLY < <(compgen -d -- "$cur") && return ;;
        --socket | --unit | --image) mapfile -t COMPREPLY < <(compgen -f -- "$cur") && return ;;
        --*) "$tend" help "$verb" 2>/dev/null | grep -q "^  $prev [^ ]" && return ;;
        esac
        usage=$("$tend" help "$verb" 2>/dev/null)
        if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "--help $(sed -n 's/^  \(--[a-z-]*\).*/\1/p' <<<"$usage")" -- "$cur")
                return
        fi
        case ${usage%%$'\n'*} in
        *VERB*) mapfile -t COMPREPLY < <(compgen -W "$(_tend_verbs)" -- "$cur") ;;
        *FILE*) compopt -o filenames 2>/dev/null && mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
        *UNIT*) mapfile -t COMPREPLY < <(compgen -W "$(_tend_units)" -- "$cur") ;;
        esac
}

_tend_verbs() {
        "$tend" --help 2>/dev/null | sed -n '/^tend VERB/,/^tend --help/s/^  \([a-z-]*\) .*/\1/p'
}

# Services by their short names.
_tend_units() {
        "$tend" status --json 2>/dev/null | sed -n 's/^{"name":"\([^"]*\)".*/\1/p' | sed 's/\.service$//'
}

complete -F _tend tend
