/* The verbs of the command line, a row each: what is typed, what is told about it and who does it. Nothing
 * here is looked at when tend runs a single command (`tend -- CMD`). */
#pragma once

#include "base/def.h"
#include "supervisor/enclosure.h"

#define DEFAULT_FILE "/etc/tend.ini"

/* What was asked for. All strings are borrowed from argv. */
struct request {
        char **words; /* what is no option; NULL at the end */
        size_t n_words;
        char **command;        /* behind `--`; NULL: none */
        char **units;          /* owned; --unit, each of them; NULL: none */
        const char *unit_path; /* NULL: not given */
        const char *hostname;  /* NULL: not given */
        const char *root;      /* NULL: our own */
        const char *image;     /* NULL: none */
        const char *keep;      /* NULL: not given */
        const char *walled;    /* an option that makes sense with --isolate alone; NULL: none was given */
        char **binds, **memory, **variables; /* owned; --bind, --tmpfs, --env, each of them; NULL: none */
        struct enclosure_limits limits;
        uint64_t capabilities; /* --cap-add: bit N for number N */
        int network;           /* enum network */
        usec_t uptime;         /* --uptime; USEC_INFINITY: not given */
        usec_t stop_budget;    /* USEC_INFINITY: not given */
        usec_t base_time;      /* of `tend calendar`; USEC_INFINITY: now */
        usec_t probe_timeout;  /* of a try; 0: not given */
        usec_t probe_wait;     /* how long it is tried; 0: once */
        unsigned iterations;
        int log_level;         /* enum log_level; -1: not given */
        const char *socket;    /* --socket; NULL: the places of control/place.h */
        int signal;            /* of `tend kill`; 0: not given */
        const char *kill_whom; /* NULL: not given */
        const char *goal;      /* of `tend wait`: --for; NULL: not given */
        usec_t timeout;        /* likewise; 0: not given */
        bool follow, lasting, dry_run;
        bool json, no_block, all;
        bool isolate, enabled, read_only;
        bool explain, roff, graph;
        bool boot;
        bool changed;
        bool help;
};

/* What a verb leaves with, where it is not a container's own code. tend(1) has the same list. */
enum exit_code {
        EXIT_FINE = 0,
        EXIT_WARNINGS = 1,    /* of `tend check`; of `tend probe`: no answer */
        EXIT_FAILED = 1,      /* of what asks a tend that runs: refused, or come to nothing */
        EXIT_WRONG = 2,       /* the command line or the configuration */
        EXIT_NOT_RUNNING = 3, /* the unit */
        EXIT_UNKNOWN = 4,     /* no such unit */
        EXIT_NO_TEND = 5,     /* there is none to be asked */
        EXIT_REFUSED = 71,    /* the kernel refused what tend itself needs (EX_OSERR) */
};

struct option_row {
        const char *name;                            /* without the dashes */
        const char *value;                           /* what it takes, for the usage; NULL: nothing */
        int (*take)(void *field, const char *value); /* 0, or a negative errno where the value is wrong */
        size_t field;                                /* offset in struct request */
        const char *help;
};

struct verb {
        const char *name;
        const char *usage;
        const char *help;
        const struct option_row *options;
        size_t n_options;
        size_t most_words; /* SIZE_MAX: any number */
        bool takes_command;
        int (*run)(const struct request *r);
};

/* NULL where there is none of that name. */
const struct verb *verb_find(const char *name);

/* Reads what follows the verb (argv[0] is the verb itself) and runs it. Returns tend's exit code.
 * argv's words are moved to its front. */
int verb_main(const struct verb *v, int argc, char **argv);

/* The first word is no verb: says so, with the nearest one and with `tend -- WORD`. Returns the exit code. */
int verb_unknown(const char *word);

/* What tend can do, all of it on one page. */
void verb_print_help(FILE *out);

/* One line on stderr, with a hint below it where `hint` is not NULL; returns EXIT_WRONG. */
int verb_complain(const char *verb, const char *what, const char *word, const char *hint);

/* The verbs themselves. */
int run_main(const struct request *r);
int check_main(const struct request *r);
int show_main(const struct request *r);
int calendar_main(const struct request *r);
int probe_main(const struct request *r);
int prepare_main(const struct request *r);
int explain_main(const struct request *r);
/* client/ */
int status_main(const struct request *r);
int events_main(const struct request *r);
int wait_main(const struct request *r);
int set_main(const struct request *r);
int start_main(const struct request *r);
int stop_main(const struct request *r);
int restart_main(const struct request *r);
int reload_main(const struct request *r);
int kill_main(const struct request *r);
int reset_main(const struct request *r);
int health_main(const struct request *r);
