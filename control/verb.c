#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/log.h"
#include "base/parse.h"
#include "base/text.h"
#include "config/capability.h"
#include "config/suggest.h"
#include "control/companion.h"
#include "control/verb.h"
#include "init/isolate.h"

static int take_flag(void *field, const char *value) {
        (void) value;
        *(bool *) field = true;
        return 0;
}

static int take_word(void *field, const char *value) {
        *(const char **) field = value;
        return *value == '\0' ? -EINVAL : 0;
}

static int take_list(void *field, const char *value) {
        return *value == '\0' ? -EINVAL : strv_add(field, value);
}

static int take_span(void *field, const char *value) {
        usec_t span;
        int r = parse_span(value, &span);

        /* Infinity is what "not given" looks like, and no container has that long. */
        if (r < 0 || span == USEC_INFINITY)
                return -EINVAL;
        *(usec_t *) field = span;
        return 0;
}

/* As in the settings: 0 is no limit. */
static int take_limit(void *field, const char *value) {
        usec_t span;

        if (parse_span(value, &span) < 0)
                return -EINVAL;
        *(usec_t *) field = span == 0 ? USEC_INFINITY : span;
        return 0;
}

static int take_signal(void *field, const char *value) {
        return parse_signal(value, field);
}

static int take_level(void *field, const char *value) {
        static const struct {
                const char *word;
                enum log_level level;
        } levels[] = {
                { "error", LOG_LEVEL_ERROR },
                { "warning", LOG_LEVEL_WARNING },
                { "info", LOG_LEVEL_INFO },
                { "debug", LOG_LEVEL_DEBUG },
        };

        for (size_t i = 0; i < countof(levels); i++)
                if (strcmp(levels[i].word, value) == 0) {
                        *(int *) field = (int) levels[i].level;
                        return 0;
                }
        return -EINVAL;
}

/* "@SECONDS", or a plain number of them, since 1970. */
static int take_time(void *field, const char *value) {
        uint64_t at;

        value += *value == '@';
        if (parse_size(value, &at) < 0 || at > UINT32_MAX * UINT64_C(2))
                return -EINVAL;
        *(usec_t *) field = at * USEC_PER_SEC;
        return 0;
}

static int take_count(void *field, const char *value) {
        return parse_unsigned(value, 10000, field);
}

static int take_size(void *field, const char *value) {
        return parse_size(value, field) < 0 || *(uint64_t *) field == 0 ? -EINVAL : 0;
}

/* "1.5", in thousandths. */
static int take_cpus(void *field, const char *value) {
        size_t whole = strspn(value, "0123456789"),
               digits = value[whole] == '.' ? strspn(value + whole + 1, "0123456789") : 0;
        char text[16];

        if (whole == 0 || whole > 5 || digits > 3 || value[whole + (digits > 0 ? 1 + digits : 0)] != '\0')
                return -EINVAL;
        (void) snprintf(text, sizeof(text), "%.*s%.*s%.*s", (int) whole, value, (int) digits,
                        value + whole + 1, (int) (3 - digits), "000");
        return parse_unsigned(text, UINT32_MAX / 1000, field) < 0 || *(unsigned *) field == 0 ? -EINVAL : 0;
}

static int take_bind(void *field, const char *value) {
        struct root_bind b;
        return root_split_bind(value, &b) < 0 ? -EINVAL : strv_add(field, value);
}

static int take_memory(void *field, const char *value) {
        char directory[PATH_MAX], options[64];
        return root_split_memory(value, directory, options) < 0 ? -EINVAL : strv_add(field, value);
}

static int take_variable(void *field, const char *value) {
        return *value == '=' || !strchr(value, '=') ? -EINVAL : strv_add(field, value);
}

static int take_network(void *field, const char *value) {
        static const char *const words[] = {
                [NETWORK_LOOPBACK] = "loopback",
                [NETWORK_NONE] = "none",
                [NETWORK_HOST] = "host",
        };

        for (size_t i = 0; i < countof(words); i++)
                if (strcmp(words[i], value) == 0) {
                        *(int *) field = (int) i;
                        return 0;
                }
        return -EINVAL;
}

/* "NET_ADMIN", "CAP_NET_ADMIN" or "all". */
static int take_capability(void *field, const char *value) {
        char word[CAPABILITY_NAME_ROOM];
        bool is_whole = strncasecmp(value, "CAP_", 4) == 0;

        (void) snprintf(word, sizeof(word), "%s%s", is_whole ? "" : "CAP_", value);
        int n = strcmp(value, "all") == 0 ? 0 : capability_find(word);
        if (n < 0)
                return -EINVAL;
        *(uint64_t *) field |= strcmp(value, "all") == 0 ? CAPABILITIES_ALL : CAPABILITY_BIT(n);
        return 0;
}

#define IS(type, x) __builtin_types_compatible_p(type, typeof(x))
#define FIELD(type, f)                                                                                       \
        (offsetof(struct request, f) + 0 * sizeof(char[IS(type, ((struct request *) 0)->f) ? 1 : -1]))
#define FLAG(f)   take_flag, FIELD(bool, f)
#define WORD(f)   take_word, FIELD(const char *, f)
#define LIST(f)   take_list, FIELD(char **, f)
#define SPAN(f)   take_span, FIELD(usec_t, f)
#define LIMIT(f)  take_limit, FIELD(usec_t, f)
#define TIME(f)   take_time, FIELD(usec_t, f)
#define COUNT(f)  take_count, FIELD(unsigned, f)
#define SIGNAL(f) take_signal, FIELD(int, f)
#define LEVEL(f)  take_level, FIELD(int, f)
#define WALL      "with --isolate: " /* how the help of what makes sense there alone begins */

/* clang-format off */
#define JSON_OPTION \
        { "json",        NULL,   FLAG(json),         "the answer as JSON, see docs/json.md" }
#define UNIT_OPTIONS \
        { "unit",        "NAME", LIST(units),        "a unit file, by name or path; may be given again" }, \
        { "unit-path",   "DIRS", WORD(unit_path),    "look for unit files in DIRS (A:B) only" }, \
        { "enabled",     NULL,   FLAG(enabled),      "the units that are enabled, as after boot" }

static const struct option_row run_options[] = {
        /* name         value    taken as            help */
        UNIT_OPTIONS,
        { "isolate",     NULL,   FLAG(isolate),      "in namespaces of its own, as PID 1, on any machine" },
        { "hostname",    "NAME", WORD(hostname),     WALL "the host name inside" },
        { "net",         "WORD", take_network, FIELD(int, network),
          WALL "loopback (the default), none or host" },
        { "root",        "DIR",  WORD(root),         WALL "the root; what is written to it is thrown away" },
        { "image",       "PATH", WORD(image),        "isolated, in a container image: see tend-image(1)" },
        { "keep",        "DIR",  WORD(keep),         WALL "keep what is written to the root, in DIR/upper" },
        { "read-only",   NULL,   FLAG(read_only),    WALL "write nothing to the root" },
        { "bind",        "SRC:DST[:ro]", take_bind, FIELD(char **, binds),
          WALL "SRC is to be seen at DST; again" },
        { "tmpfs",       "DIR[:SIZE]", take_memory, FIELD(char **, memory), WALL "memory at DIR; again" },
        { "cap-add",     "NAME", take_capability, FIELD(uint64_t, capabilities),
          WALL "a capability, or all; again" },
        { "memory",      "SIZE", take_size, FIELD(uint64_t, limits.memory),
          WALL "what all may use together" },
        { "cpus",        "N",    take_cpus, FIELD(unsigned, limits.cpus), WALL "the same of processors" },
        { "tasks",       "N",    take_size, FIELD(uint64_t, limits.tasks), WALL "the same of processes" },
        { "uptime",      "SPAN", SPAN(uptime),       WALL "clocks as if booted SPAN ago" },
        { "env",         "A=B",  take_variable, FIELD(char **, variables),
          "a variable for the services; again" },
        { "stop-budget", "SPAN", SPAN(stop_budget),  "what a stop may take in all, instead of StopBudget=" },
        { "log-level",   "WORD", LEVEL(log_level),   "error, warning, info or debug, instead of LogLevel=" },
};

static const struct option_row check_options[] = {
        UNIT_OPTIONS,
        { "stop-budget", "SPAN", SPAN(stop_budget),  "what a stop may take, instead of StopBudget=" },
        { "explain",     NULL,   FLAG(explain),      "the manual's entry for each KEY; with none a list" },
        { "roff",        NULL,   FLAG(roff),         "with --explain: every entry, as tend.ini(5) has them" },
        { "graph",       NULL,   FLAG(graph),        "the ordering, as Graphviz dot" },
        JSON_OPTION,
};

static const struct option_row show_options[] = {
        UNIT_OPTIONS,
        { "changed",     NULL,   FLAG(changed),      "only what is not the default" },
        JSON_OPTION,
};

static const struct option_row prepare_options[] = {
        { "root",        "DIR",  WORD(root),         "the root of another image" },
        { "boot",        NULL,   FLAG(boot),         "and remove what a boot removes (r, R, D)" },
        JSON_OPTION,
};

static const struct option_row calendar_options[] = {
        { "base-time",   "@SECONDS", TIME(base_time), "count from there (since 1970), not from now" },
        { "iterations",  "N",    COUNT(iterations),  "how many of the times are printed (1)" },
        JSON_OPTION,
};

static const struct option_row probe_options[] = {
        { "timeout",     "SPAN", LIMIT(probe_timeout), "how long one try may take (5s)" },
        { "wait",        "SPAN", LIMIT(probe_wait),  "try again and again, for so long" },
};

/* Of all verbs that ask a tend that runs. */
#define SOCKET_OPTION \
        { "socket",      "PATH", WORD(socket),       "ask the tend that listens there" }
#define CLIENT_OPTIONS JSON_OPTION, SOCKET_OPTION

static const struct option_row status_options[] = {
        CLIENT_OPTIONS,
};

static const struct option_row events_options[] = {
        { "follow",      NULL,   FLAG(follow),       "go on with what comes to pass, until interrupted" },
        CLIENT_OPTIONS,
};

static const struct option_row wait_options[] = {
        { "for",         "WORD", WORD(goal),         "ready (up, or done with its work), stopped or failed" },
        { "timeout",     "SPAN", LIMIT(timeout),     "how long to wait; without, as long as it takes" },
        CLIENT_OPTIONS,
};

static const struct option_row set_options[] = {
        { "lasting",     NULL,   FLAG(lasting),      "in a drop-in of /etc/systemd/system.control too" },
        SOCKET_OPTION,
};

static const struct option_row job_options[] = {
        { "no-block",    NULL,   FLAG(no_block),     "do not wait until it has come about" },
        CLIENT_OPTIONS,
};

static const struct option_row reload_options[] = {
        { "dry-run",     NULL,   FLAG(dry_run),      "of the files: only print what would change" },
        { "no-block",    NULL,   FLAG(no_block),     "do not wait until it has come about" },
        CLIENT_OPTIONS,
};

static const struct option_row kill_options[] = {
        { "signal",      "SIG",  SIGNAL(signal),     "which signal (SIGTERM)" },
        { "kill-whom",   "WORD", WORD(kill_whom),    "main, control or all (the default)" },
        SOCKET_OPTION,
};

static const struct option_row health_options[] = {
        { "all",         NULL,   FLAG(all),          "all units count, not only unhealthy ones" },
        CLIENT_OPTIONS,
};

static const struct option_row reset_options[] = {
        SOCKET_OPTION,
};

static const struct option_row help_option =
        { "help",        NULL,   FLAG(help),         "this text" };

/* What tend takes with a single command: init/dropin.c reads them, here they are only told. */
static const struct option_row single_options[] = {
        { "rewrite",             "SIG:SIG", NULL, 0, "send the second where the first arrives; 0 drops it" },
        { "group",               NULL,      NULL, 0, "signals go to the command's process group" },
        { "single",              NULL,      NULL, 0, "signals go to the command alone (the default)" },
        { "exit-code-ok",        "N",       NULL, 0, "exit with 0 where the command exits with N" },
        { "parent-death-signal", "SIG",     NULL, 0, "get SIG when the parent dies" },
        { "subreaper",           NULL,      NULL, 0, "reap orphans without being PID 1 (done unasked)" },
        { "verbose",             NULL,      NULL, 0, "say what happens" },
        { "stop-budget",         "SPAN",    NULL, 0, "how long what the command left has to end (9s)" },
        { "no-wait",             NULL,      NULL, 0, "leave as soon as the command has ended" },
};
/* clang-format on */

static int help_main(const struct request *r);

#define OPTIONS(table) .options = (table), .n_options = countof(table)

/* clang-format off */
static const struct verb verbs[] = {
        { .name = "run", .usage = "[FILE] [OPTIONS] [-- CMD ARGS...]",
          .help = "run the services of FILE (/etc/tend.ini) or unit files, and CMD in the foreground",
          OPTIONS(run_options), .most_words = 1, .takes_command = true, .run = run_main },
        { .name = "status", .usage = "[UNIT...] [OPTIONS]",
          .help = "how all units are, or all that there is to know of each UNIT",
          OPTIONS(status_options), .most_words = SIZE_MAX, .run = status_main },
        { .name = "events", .usage = "[UNIT...] [OPTIONS]",
          .help = "how units came to be what they are, and with --follow what becomes of them",
          OPTIONS(events_options), .most_words = SIZE_MAX, .run = events_main },
        { .name = "wait", .usage = "UNIT... [OPTIONS]",
          .help = "wait until all of them are ready, stopped or failed",
          OPTIONS(wait_options), .most_words = SIZE_MAX, .run = wait_main },
        { .name = "set", .usage = "UNIT NAME=VALUE... [OPTIONS]",
          .help = "change the budget of a unit that runs: MemoryMax=300M",
          OPTIONS(set_options), .most_words = SIZE_MAX, .run = set_main },
        { .name = "start", .usage = "UNIT... [OPTIONS]", .help = "start units, with all that they require",
          OPTIONS(job_options), .most_words = SIZE_MAX, .run = start_main },
        { .name = "stop", .usage = "UNIT... [OPTIONS]",
          .help = "stop units; the container goes on without them",
          OPTIONS(job_options), .most_words = SIZE_MAX, .run = stop_main },
        { .name = "restart", .usage = "UNIT... [OPTIONS]", .help = "stop units and start them again",
          OPTIONS(job_options), .most_words = SIZE_MAX, .run = restart_main },
        { .name = "reload", .usage = "[UNIT...] [OPTIONS]",
          .help = "have units reload what is theirs (ExecReload=); with none read the files anew",
          OPTIONS(reload_options), .most_words = SIZE_MAX, .run = reload_main },
        { .name = "kill", .usage = "UNIT... [OPTIONS]", .help = "send a signal to the processes of units",
          OPTIONS(kill_options), .most_words = SIZE_MAX, .run = kill_main },
        { .name = "reset", .usage = "[UNIT...] [OPTIONS]",
          .help = "forget that units have failed, and how often they were started",
          OPTIONS(reset_options), .most_words = SIZE_MAX, .run = reset_main },
        { .name = "health", .usage = "[UNIT... | --all] [OPTIONS]",
          .help = "exit with 0 if all is well, else 1: for HEALTHCHECK and exec probes",
          OPTIONS(health_options), .most_words = SIZE_MAX, .run = health_main },
        { .name = "check", .usage = "[FILE] [OPTIONS] [-- CMD ARGS...] | --explain [KEY...]",
          .help = "load FILE as run does and name every problem",
          OPTIONS(check_options), .most_words = SIZE_MAX, .takes_command = true, .run = check_main },
        { .name = "show", .usage = "[FILE] [UNIT...] [OPTIONS]",
          .help = "print every effective value and where it came from",
          OPTIONS(show_options), .most_words = SIZE_MAX, .run = show_main },
        { .name = "calendar", .usage = "EXPRESSION... [OPTIONS]",
          .help = "print what an OnCalendar= means and when it elapses next",
          OPTIONS(calendar_options), .most_words = SIZE_MAX, .run = calendar_main },
        { .name = "probe", .usage = "TARGET [OPTIONS] | [OPTIONS] -- exec:CMD ARGS...",
          .help = "ask once whether a server answers, a file is there or a command says yes",
          OPTIONS(probe_options), .most_words = 1, .takes_command = true, .run = probe_main },
        { .name = "prepare", .usage = "[OPTIONS]",
          .help = "make the accounts and files that packages ask for (sysusers.d, tmpfiles.d)",
          OPTIONS(prepare_options), .run = prepare_main },
        { .name = "help", .usage = "[VERB]", .help = "tell about a verb, or about all", .most_words = 1,
          .run = help_main },
};
/* clang-format on */

const struct verb *verb_find(const char *name) {
        for (size_t i = 0; i < countof(verbs); i++)
                if (strcmp(verbs[i].name, name) == 0)
                        return &verbs[i];
        return NULL;
}

/* clang-format off */
/* What people type who know other programs. */
static const struct {
        const char *word, *verb;
} known[] = {
        { "list",          "status" }, { "ls",       "status" }, { "ps",        "status" },
        { "list-units",    "status" }, { "avail",    "status" }, { "is-active", "health" },
        { "daemon-reload", "reload" }, { "update",   "reload" }, { "reread",    "reload" },
        { "set-property",  "set"    }, { "validate", "check"  }, { "cat",       "show"   },
        { "reset-failed",  "reset"  }, { "signal",   "kill"   },
};
/* clang-format on */

static const char *nearest_verb(const char *word) {
        struct suggest s;

        for (size_t i = 0; i < countof(known); i++)
                if (strcmp(known[i].word, word) == 0)
                        return known[i].verb;
        suggest_init(&s, word);
        for (size_t i = 0; i < countof(verbs); i++)
                suggest_offer(&s, verbs[i].name);
        for (size_t i = 0; companion_name(i); i++)
                suggest_offer(&s, companion_name(i));
        return s.best;
}

int verb_unknown(const char *word) {
        const char *nearest = nearest_verb(word);

        (void) verb_complain(NULL, "not a verb of tend", word, NULL);
        if (nearest)
                (void) fprintf(stderr, "        did you mean `tend %s`?\n", nearest);
        (void) fprintf(stderr, "        a command runs by `tend -- %s`, and `tend --help` lists the verbs\n",
                       word);
        return EXIT_WRONG;
}

static void print_option(FILE *out, const struct option_row *o) {
        int width = 26 - (int) strlen(o->name) - (o->value ? 1 + (int) strlen(o->value) : 0);

        (void) fprintf(out, "  --%s%s%s%*s  %s\n", o->name, o->value ? " " : "", o->value ? o->value : "",
                       MAX(width, 0), "", o->help);
}

static void print_verb(FILE *out, const struct verb *v) {
        (void) fprintf(out, "tend %s %s\n  %s\n", v->name, v->usage, v->help);
        if (v->n_options > 0)
                (void) fputs("\n", out);
        for (size_t i = 0; i < v->n_options; i++)
                print_option(out, &v->options[i]);
}

void verb_print_help(FILE *out) {
        (void) fputs("tend [OPTIONS] -- CMD ARGS...\n"
                     "  run one command, reap and forward for it, exit with its code\n"
                     "tend VERB ...\n",
                     out);
        for (size_t i = 0; i < countof(verbs); i++)
                (void) fprintf(out, "  %-8s %s\n", verbs[i].name, verbs[i].help);
        companion_print_help(out);

        (void) fputs("tend --help | --version\n\nOptions for a single command:\n", out);
        for (size_t i = 0; i < countof(single_options); i++)
                print_option(out, &single_options[i]);

        (void) fputs("\n`tend help VERB` tells its options, tend(1) and tend.ini(5) the rest.\n", out);
}

static int help_main(const struct request *r) {
        if (r->n_words == 0) {
                verb_print_help(stdout);
                return EXIT_FINE;
        }

        const struct verb *v = verb_find(r->words[0]);
        if (v) {
                print_verb(stdout, v);
                return EXIT_FINE;
        }

        static char option[] = "--help";
        char *words[] = { r->words[0], option, NULL };
        int code = companion_main(r->words[0], words);
        return code < 0 ? verb_unknown(r->words[0]) : code;
}

/* The option of that name, of length n. */
static const struct option_row *find_option(const struct verb *v, const char *name, size_t n) {
        if (n == strlen(help_option.name) && strncmp(help_option.name, name, n) == 0)
                return &help_option;
        for (size_t i = 0; i < v->n_options; i++)
                if (strlen(v->options[i].name) == n && strncmp(v->options[i].name, name, n) == 0)
                        return &v->options[i];
        return NULL;
}

static int complain_option(const struct verb *v, const char *word) {
        size_t dashes = strspn(word, "-"), length = strcspn(word, "=");
        char name[64], hint[128];
        struct suggest s;

        (void) snprintf(name, sizeof(name), "%.*s", (int) (length - MIN(dashes, length)), word + dashes);
        suggest_init(&s, name);
        for (size_t i = 0; i < v->n_options; i++)
                suggest_offer(&s, v->options[i].name);
        suggest_offer(&s, help_option.name);

        if (s.best)
                (void) snprintf(hint, sizeof(hint), "did you mean --%s?", s.best);
        else
                (void) snprintf(hint, sizeof(hint), "`tend help %s` lists the options", v->name);
        return verb_complain(v->name, "no such option", word, hint);
}

static int complain_value(const struct verb *v, const struct option_row *o, const char *value) {
        static const struct {
                const char *value, *like;
        } kinds[] = {
                { "SPAN", "5s, 500ms or 1min 30s" },
                { "SIZE", "64M or 1G" },
                { "SIG", "TERM, SIGUSR1 or 15" },
                { "N", "2" },
        };
        char word[128], hint[256];
        const char *kind = o->value ? o->value : "", *like = NULL;

        for (size_t i = 0; i < countof(kinds); i++)
                if (strcmp(kinds[i].value, kind) == 0)
                        like = kinds[i].like;
        (void) snprintf(word, sizeof(word), "--%s=%s", o->name, value);
        (void) snprintf(hint, sizeof(hint), "%s%s%s", o->help, like ? "; for example " : "",
                        like ? like : "");
        return verb_complain(v->name, "not a value it takes", word, hint);
}

/* Takes the option at *i, and its value where that is the next word. 0, or an exit code after a complaint. */
static int take_option(const struct verb *v, int argc, char **argv, int *i, struct request *r) {
        const char *word = argv[*i], *value = strchr(word, '=');
        size_t length = value ? (size_t) (value - word) : strlen(word);

        if (strcmp(word, "-h") == 0) {
                r->help = true;
                return 0;
        }

        const struct option_row *o = NULL;
        if (length > 2 && word[1] == '-')
                o = find_option(v, word + 2, length - 2);
        if (!o)
                return complain_option(v, word);
        if (!o->value && value)
                return verb_complain(v->name, "takes no value", word, NULL);

        if (value)
                value++;
        else if (o->value && *i + 1 < argc)
                value = argv[++*i];
        if (o->value && !value)
                return verb_complain(v->name, "a value is missing", word, o->help);
        if (o->take((char *) r + o->field, value) < 0)
                return complain_value(v, o, value);
        if (text_starts(o->help, WALL))
                r->walled = o->name;
        return 0;
}

static int parse(const struct verb *v, int argc, char **argv, struct request *r) {
        r->words = argv;
        for (int i = 1; i < argc; i++) {
                char *word = argv[i];
                int code = 0;

                /* Nothing behind `--` is no command: an image whose CMD is empty. */
                if (strcmp(word, "--") == 0) {
                        r->command = i + 1 < argc ? argv + i + 1 : NULL;
                        break;
                }
                if (word[0] == '-' && word[1] != '\0')
                        code = take_option(v, argc, argv, &i, r);
                else
                        argv[r->n_words++] = word;
                if (code != 0)
                        return code;
        }
        r->words[r->n_words] = NULL;
        return 0;
}

static int run(const struct verb *v, const struct request *r) {
        if (r->help) {
                print_verb(stdout, v);
                return EXIT_FINE;
        }
        if (r->command && !v->takes_command)
                return verb_complain(v->name, "it takes no command", "--", NULL);
        if (r->n_words > v->most_words)
                return verb_complain(v->name, "one word too many", r->words[v->most_words],
                                     v->takes_command ? "a command comes behind `--`" : NULL);
        return v->run(r);
}

int verb_main(const struct verb *v, int argc, char **argv) {
        struct request r = {
                .stop_budget = USEC_INFINITY,
                .uptime = USEC_INFINITY,
                .log_level = -1,
                .base_time = USEC_INFINITY,
                .iterations = 1,
        };
        int code = parse(v, argc, argv, &r);

        if (code == 0)
                code = run(v, &r);
        strv_free(r.units);
        strv_free(r.binds);
        strv_free(r.memory);
        strv_free(r.variables);
        return code;
}
