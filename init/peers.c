/* The other programs: what their options and variables do, and what they say of themselves. */
#include <signal.h>
#include <string.h>

#include "base/parse.h"
#include "init/option.h"

/* Of tini's. */

static void print_tini_usage(const struct parse *p, FILE *out) {
        (void) fprintf(out,
                       "%s (tini version 0.19.0, as tend does it)\n"
                       "Usage: %s [OPTIONS] PROGRAM -- [ARGS] | --version\n\n"
                       "Runs a program under the supervision of a valid init process (%s).\n\n"
                       "  -s         become a subreaper\n"
                       "  -p SIGNAL  get SIGNAL when the parent dies, as in -p SIGKILL\n"
                       "  -v         be more verbose; may be repeated up to 3 times\n"
                       "  -w         warn of every process that is reaped\n"
                       "  -g         send signals to the program's process group\n"
                       "  -e CODE    exit with 0 where the program exits with CODE (0 to 255)\n"
                       "  -l         the licence\n"
                       "  -h         this text\n"
                       "  --version  the version\n\n"
                       "Environment:\n"
                       "  TINI_SUBREAPER           as -s\n"
                       "  TINI_KILL_PROCESS_GROUP  as -g\n"
                       "  TINI_VERBOSITY           how verbose to be (1 if unset)\n",
                       p->argv0, p->argv0, p->argv0);
}

static int misuse_tini(const struct parse *p, const char *problem) {
        if (problem)
                (void) fprintf(stderr, "%s: %s\n", p->argv0, problem);
        print_tini_usage(p, stderr);
        return 1;
}

static int show_tini_usage(struct parse *p, maybe_unused const char *value) {
        print_tini_usage(p, stdout);
        return 0;
}

static int show_tini_version(struct parse *p, maybe_unused const char *value) {
        if (!p->is_only)
                return misuse_tini(p, "--version stands alone");
        (void) puts("tini version 0.19.0");
        return 0;
}

static int show_licence(maybe_unused struct parse *p, maybe_unused const char *value) {
        (void) puts("This is tend, which answers to this name too. It is under the MIT License.");
        return 0;
}

static int be_more_verbose(struct parse *p, maybe_unused const char *value) {
        p->single.verbosity++;
        return GO_ON;
}

static int set_verbosity(struct parse *p, const char *value) {
        p->single.verbosity = (int) strtol(value, NULL, 10);
        return GO_ON;
}

static int set_warn(struct parse *p, maybe_unused const char *value) {
        p->single.warn_reaped = true;
        return GO_ON;
}

static int refuse_tini(char option, const char *value) {
        (void) fprintf(stderr, "[FATAL tini (%d)] Not a valid option for -%c: %s\n", (int) getpid(), option,
                       value);
        return 1;
}

/* Here a signal is a name, and the name begins with SIG. */
static int set_tini_death_signal(struct parse *p, const char *value) {
        if (strncmp(value, "SIG", 3) != 0 || parse_signal(value, &p->single.parent_death_signal) < 0)
                return refuse_tini('p', value);
        return GO_ON;
}

static int add_tini_ok(struct parse *p, const char *value) {
        unsigned code;

        if (parse_unsigned(value, countof(p->single.ok) - 1, &code) < 0)
                return refuse_tini('e', value);
        p->single.ok[code] = true;
        return GO_ON;
}

/* clang-format off */
static const struct option tini_options[] = {
        { 'h', NULL,           false, show_tini_usage },
        { 's', NULL,           false, option_subreaper },
        { 'p', NULL,           true,  set_tini_death_signal },
        { 'v', NULL,           false, be_more_verbose },
        { 'w', NULL,           false, set_warn },
        { 'g', NULL,           false, option_group },
        { 'e', NULL,           true,  add_tini_ok },
        { 'l', NULL,           false, show_licence },
        { 0,   "version",      false, show_tini_version },
        { 0 },
};

static const struct variable tini_variables[] = {
        { "TINI_SUBREAPER",          option_subreaper },
        { "TINI_KILL_PROCESS_GROUP", option_group     },
        { "TINI_VERBOSITY",          set_verbosity },
        { 0 },
};
/* clang-format on */

/* What the terminal says to a process group in the background is not for the program. */
static void complete_tini(struct parse *p) {
        p->single.map.to[SIGTTIN] = p->single.map.to[SIGTTOU] = 0;
}

const struct program program_tini = {
        .persona = &persona_tini,
        .options = tini_options,
        .variables = tini_variables,
        .place = PLACE_GROUP,
        .verbosity = SAY_WARNING,
        .no_wait = true,
        .misuse = misuse_tini,
        .complete = complete_tini,
};

/* Of dumb-init's. */

#define DUMB_INIT_VERSION "dumb-init v1.2.5\n"
#define DUMB_INIT_SIGNALS 31

static int misuse_dumb_init(const struct parse *p, const char *problem) {
        if (problem)
                (void) fprintf(stderr, "%s: %s\n", p->argv0, problem);
        else
                (void) fprintf(stderr, "Usage: %s [option] program [args]\nTry %s --help for full usage.\n",
                               p->argv0, p->argv0);
        return 1;
}

/* Its tests compare this text as a whole. */
static int show_dumb_init_help(struct parse *p, maybe_unused const char *value) {
        (void) fprintf(stderr,
                       DUMB_INIT_VERSION
                       "Usage: %s [option] command [[arg] ...]\n\n"
                       "dumb-init is a simple process supervisor that forwards signals to children.\n"
                       "It is designed to run as PID1 in minimal container environments.\n\n"
                       "Optional arguments:\n"
                       "   -c, --single-child   Run in single-child mode.\n"
                       "                        In this mode, signals are only proxied to the\n"
                       "                        direct child and not any of its descendants.\n"
                       "   -r, --rewrite s:r    Rewrite received signal s to new signal r before proxying.\n"
                       "                        To ignore (not proxy) a signal, rewrite it to 0.\n"
                       "                        This option can be specified multiple times.\n"
                       "   -v, --verbose        Print debugging information to stderr.\n"
                       "   -h, --help           Print this help message and exit.\n"
                       "   -V, --version        Print the current version and exit.\n\n"
                       "Full help is available online at https://github.com/Yelp/dumb-init\n",
                       p->argv0);
        return 0;
}

static int show_dumb_init_version(maybe_unused struct parse *p, maybe_unused const char *value) {
        (void) fputs(DUMB_INIT_VERSION, stderr);
        return 0;
}

static int set_single_child(struct parse *p, maybe_unused const char *value) {
        p->single.place = PLACE_HERE;
        p->single.group = false;
        return GO_ON;
}

static int add_number_rewrite(struct parse *p, const char *value) {
        const char *colon = strchr(value, ':');
        char from_text[16];
        int from, to;

        if (!colon || (size_t) (colon - value) >= sizeof(from_text))
                goto wrong;
        (void) snprintf(from_text, sizeof(from_text), "%.*s", (int) (colon - value), value);
        if (parse_int(from_text, 1, DUMB_INIT_SIGNALS, &from) < 0 ||
            parse_int(colon + 1, 0, DUMB_INIT_SIGNALS, &to) < 0)
                goto wrong;
        p->single.map.to[from] = (uint8_t) to;
        p->rewritten[from] = true;
        return GO_ON;

wrong:
        (void) fprintf(stderr,
                       "Usage: -r option takes <signum>:<signum>, where <signum> is between 1 and %d.\n"
                       "This option can be specified multiple times.\nUse --help for full usage.\n",
                       DUMB_INIT_SIGNALS);
        return 1;
}

static int set_verbose_if_one(struct parse *p, const char *value) {
        return strcmp(value, "1") == 0 ? option_verbose(p, value) : GO_ON;
}

static int set_single_child_if_zero(struct parse *p, const char *value) {
        return strcmp(value, "0") == 0 ? set_single_child(p, value) : GO_ON;
}

/* A whole session cannot stop itself at the terminal's wish, so that it is stopped. */
static void complete_dumb_init(struct parse *p) {
        static const int stops[] = { SIGTSTP, SIGTTIN, SIGTTOU };

        for (size_t n = 0; n < countof(stops); n++)
                if (p->single.place == PLACE_SESSION && !p->rewritten[stops[n]])
                        p->single.map.to[stops[n]] = SIGSTOP;
}

/* clang-format off */
static const struct option dumb_init_options[] = {
        { 'h', "help",         false, show_dumb_init_help },
        { 'c', "single-child", false, set_single_child },
        { 'r', "rewrite",      true,  add_number_rewrite },
        { 'v', "verbose",      false, option_verbose },
        { 'V', "version",      false, show_dumb_init_version },
        { 0 },
};

static const struct variable dumb_init_variables[] = {
        { "DUMB_INIT_DEBUG",  set_verbose_if_one       },
        { "DUMB_INIT_SETSID", set_single_child_if_zero },
        { 0 },
};
/* clang-format on */

const struct program program_dumb_init = {
        .persona = &persona_dumb_init,
        .options = dumb_init_options,
        .variables = dumb_init_variables,
        .abbreviates = true,
        .place = PLACE_SESSION,
        .group = true,
        .no_wait = true,
        .misuse = misuse_dumb_init,
        .complete = complete_dumb_init,
};

/* Of catatonit's. */

#define CATATONIT_USAGE "usage: catatonit [-ghLPV] [--] <progname> [<arguments>...]\n"

static int misuse_catatonit(maybe_unused const struct parse *p, const char *problem) {
        (void) fprintf(stderr, "catatonit: %s\n" CATATONIT_USAGE, problem ? problem : "missing program name");
        return 1;
}

static int show_catatonit_help(maybe_unused struct parse *p, maybe_unused const char *value) {
        (void) fputs(CATATONIT_USAGE "\n"
                                     "  -g             forward signals to the program's process group\n"
                                     "  -h             this text\n"
                                     "  -L             the licence\n"
                                     "  -P             pause: run no program, end at SIGINT or SIGTERM\n"
                                     "  -V, --version  the version\n",
                     stderr);
        return 0;
}

/* "docker info" knows one init, and reads the version behind its name. */
static int show_catatonit_version(maybe_unused struct parse *p, maybe_unused const char *value) {
        (void) puts("tini version 0.1.7_catatonit");
        return 0;
}

static int set_pause(struct parse *p, maybe_unused const char *value) {
        p->pauses = true;
        return GO_ON;
}

static void complete_catatonit(struct parse *p) {
        complete_tini(p);
        p->single.map.to[SIGTSTP] = 0;
}

/* clang-format off */
static const struct option catatonit_options[] = {
        { 'g', NULL,           false, option_group },
        { 'h', NULL,           false, show_catatonit_help },
        { 'L', NULL,           false, show_licence },
        { 'P', NULL,           false, set_pause },
        { 'V', "version",      false, show_catatonit_version },
        { 0 },
};

static const struct variable catatonit_variables[] = {
        { "CATATONIT_DEBUG", option_verbose },
        { 0 },
};
/* clang-format on */

const struct program program_catatonit = {
        .persona = &persona_catatonit,
        .options = catatonit_options,
        .variables = catatonit_variables,
        .abbreviates = true,
        .place = PLACE_GROUP,
        .subreaper = true,
        .no_wait = true,
        .misuse = misuse_catatonit,
        .complete = complete_catatonit,
};
