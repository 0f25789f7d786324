/* Sets of exit codes and signals. */

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "config/value.h"

/* systemd.exec(5), "Process exit codes", and those of sysexits.h. */
static const struct {
        const char *name;
        uint8_t code;
} exit_codes[] = {
        { "SUCCESS", 0 },
        { "FAILURE", 1 },
        { "INVALIDARGUMENT", 2 },
        { "NOTIMPLEMENTED", 3 },
        { "NOPERMISSION", 4 },
        { "NOTINSTALLED", 5 },
        { "NOTCONFIGURED", 6 },
        { "NOTRUNNING", 7 },
        { "USAGE", 64 },
        { "DATAERR", 65 },
        { "NOINPUT", 66 },
        { "NOUSER", 67 },
        { "NOHOST", 68 },
        { "UNAVAILABLE", 69 },
        { "SOFTWARE", 70 },
        { "OSERR", 71 },
        { "OSFILE", 72 },
        { "CANTCREAT", 73 },
        { "IOERR", 74 },
        { "TEMPFAIL", 75 },
        { "PROTOCOL", 76 },
        { "NOPERM", 77 },
        { "CONFIG", 78 },
        { "CHDIR", 200 },
        { "NICE", 201 },
        { "FDS", 202 },
        { "EXEC", 203 },
        { "MEMORY", 204 },
        { "LIMITS", 205 },
        { "OOM_ADJUST", 206 },
        { "SIGNAL_MASK", 207 },
        { "STDIN", 208 },
        { "STDOUT", 209 },
        { "CHROOT", 210 },
        { "IOPRIO", 211 },
        { "TIMERSLACK", 212 },
        { "SECUREBITS", 213 },
        { "SETSCHEDULER", 214 },
        { "CPUAFFINITY", 215 },
        { "GROUP", 216 },
        { "USER", 217 },
        { "CAPABILITIES", 218 },
        { "CGROUP", 219 },
        { "SETSID", 220 },
        { "CONFIRM", 221 },
        { "STDERR", 222 },
        { "PAM", 224 },
        { "NETWORK", 225 },
        { "NAMESPACE", 226 },
        { "NO_NEW_PRIVILEGES", 227 },
        { "SECCOMP", 228 },
        { "SELINUX_CONTEXT", 229 },
        { "PERSONALITY", 230 },
        { "APPARMOR_PROFILE", 231 },
        { "ADDRESS_FAMILIES", 232 },
        { "RUNTIME_DIRECTORY", 233 },
        { "CHOWN", 235 },
        { "SMACK_PROCESS_LABEL", 236 },
        { "KEYRING", 237 },
        { "STATE_DIRECTORY", 238 },
        { "CACHE_DIRECTORY", 239 },
        { "LOGS_DIRECTORY", 240 },
        { "CONFIGURATION_DIRECTORY", 241 },
        { "NUMA_POLICY", 242 },
        { "CREDENTIALS", 243 },
        { "BPF", 245 },
};

int value_exit_status(const char *name) {
        const char *bare = text_starts(name, "EXIT_") ? name + 5 : text_starts(name, "EX_") ? name + 3 : name;

        for (size_t i = 0; i < countof(exit_codes); i++)
                if (strcmp(bare, exit_codes[i].name) == 0)
                        return exit_codes[i].code;
        return -EINVAL;
}

/* A number is an exit code; a signal is always given by its name. */
static int add_status(struct status_set *set, const char *word) {
        int signal = 0, code = value_exit_status(word);
        unsigned number;

        if (code < 0 && parse_unsigned(word, 255, &number) >= 0)
                code = (int) number;
        if (code >= 0) {
                set->codes[code / 64] |= UINT64_C(1) << (code % 64);
                return 0;
        }
        if (*word >= '0' && *word <= '9')
                return -ERANGE;
        if (parse_signal(word, &signal) < 0)
                return -EINVAL;
        set->signals |= UINT64_C(1) << (signal % 64);
        return 0;
}

static int add_statuses(const struct assignment *a, struct status_set *set, char *const *words) {
        int worst = 0;

        for (size_t i = 0; words && words[i]; i++) {
                int r = add_status(set, words[i]);

                if (r < 0)
                        worst = value_reject(a, "'%.64s' is neither an exit code (0 to 255) nor a signal",
                                             words[i]);
        }
        return worst;
}

int value_status_set(const struct assignment *a) {
        struct status_set **field = (struct status_set **) (void *) ((char *) a->object + a->setting->field);
        autostrv char **words = NULL;

        if (*a->value == '\0') {
                free(*field);
                *field = NULL;
                return 0;
        }

        int r = text_split(a->value, &words);
        if (r < 0)
                return r == -ENOMEM ? value_out_of_memory(a)
                                    : value_reject(a, "a quote or an escape that is not closed");
        if (!*field)
                *field = calloc(1, sizeof(**field));
        if (!*field)
                return value_out_of_memory(a);
        return add_statuses(a, *field, words);
}

static void print_signals(uint64_t signals, FILE *out) {
        char buffer[PARSE_PRINT_MAX];

        for (int i = 1; i <= 64; i++)
                if (signals >> (i % 64) & 1)
                        (void) fprintf(out, "%s\n", print_signal(i, buffer));
}

void value_print_status_set(const struct setting *s, const void *object, FILE *out) {
        const struct status_set *set =
                *(struct status_set *const *) (const void *) ((const char *) object + s->field);

        if (!set)
                return;
        for (int i = 0; i < 256; i++)
                if (status_set_has_code(set, i))
                        (void) fprintf(out, "%d\n", i);
        print_signals(set->signals, out);
}

static bool can_be_forwarded(int signal) {
        static const int kept[] = { SIGKILL, SIGSTOP, SIGCHLD, SIGSEGV, SIGBUS,
                                    SIGFPE,  SIGILL,  SIGTRAP, SIGABRT, SIGSYS };

        for (size_t i = 0; i < countof(kept); i++)
                if (signal == kept[i])
                        return false;
        return true;
}

int value_signals(const struct assignment *a) {
        uint64_t *field = (uint64_t *) (void *) ((char *) a->object + a->setting->field);
        autostrv char **words = NULL;
        int worst = 0, signal;

        if (*a->value == '\0') {
                *field = 0;
                return 0;
        }
        if (text_split(a->value, &words) < 0)
                return value_reject(a, "not a list of signals");
        for (size_t i = 0; words && words[i]; i++)
                if (parse_signal(words[i], &signal) < 0)
                        worst = value_reject(a, "'%.64s' is not a signal", words[i]);
                else if (!can_be_forwarded(signal))
                        worst = value_reject(a, "%.64s is tend's own, it cannot be forwarded", words[i]);
                else
                        *field |= UINT64_C(1) << (signal % 64);
        return worst;
}

void value_print_signals(const struct setting *s, const void *object, FILE *out) {
        print_signals(*(const uint64_t *) (const void *) ((const char *) object + s->field), out);
}
