# Completion of tend's command line for fish: what there is, tend's own help says, and units a tend that runs.

function __tend_verbs
    tend --help 2>/dev/null | sed -n '/^tend VERB/,/^tend --help/s/^  \([a-z-]*\) *\(.*\)/\1\t\2/p'
end

# Services by their short names.
function __tend_units
    tend status --json 2>/dev/null | sed -n 's/^{"name":"\([^"]*\)".*/\1/p' | sed 's/\.service$//'
end

# The verb that has been typed, nothing before that.
function __tend_verb
    for word in (commandline -opc)[2..-1]
        string match -q -- '-*' $word; and continue
        echo $word
        return 0
    end
    return 1
end

function __tend_options
    tend help (__tend_verb) 2>/dev/null | sed -n 's/^  \(--[a-z-]*\)\( [^ ]*\)\{0,1\}  *\(.*\)/\1\t\3/p'
    printf '%s\t%s\n' --help 'this text'
end

# Whether the word before this one waits for a value.
function __tend_wants_value
    set -l last (commandline -opc)[-1]
    string match -q -- '--*' $last; and tend help (__tend_verb) 2>/dev/null | grep -q -- "^  $last [^ ]"
end

function __tend_values
    switch (commandline -opc)[-1]
        case --for
            printf '%s\n' ready stopped failed
        case --sort
            printf '%s\n' order name state restarts cpu memory
        case --log-level
            printf '%s\n' error warning info debug
        case --net
            printf '%s\n' loopback none host
        case --kill-whom
            printf '%s\n' main control all
        case --signal
            kill -l | string split ' '
        case --unit-path --root --keep
            __fish_complete_directories (commandline -ct)
        case --socket --unit --image
            __fish_complete_path (commandline -ct)
    end
end

function __tend_words
    set -l usage (tend help (__tend_verb) 2>/dev/null)[1]
    switch "$usage"
        case '*VERB*'
            __tend_verbs
        case '*FILE*'
            __fish_complete_path (commandline -ct)
        case '*UNIT*'
            __tend_units
    end
end

complete -c tend -f
complete -c tend -n 'not __tend_verb' -a '(__tend_verbs)'
complete -c tend -n '__tend_verb >/dev/null; and __tend_wants_value' -a '(__tend_values)'
complete -c tend -n '__tend_verb >/dev/null; and not __tend_wants_value; and string match -q -- "-*" (commandline -ct)' -a '(__tend_options)'
complete -c tend -n '__tend_verb >/dev/null; and not __tend_wants_value; and not string match -q -- "-*" (commandline -ct)' -a '(__tend_words)'
