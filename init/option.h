/* How a command line is read: a program is a table of options and a table of variables, a row each. Shared by
 * dropin.c, which reads, and peers.c, which has the other programs' tables. */
#pragma once

#include "base/def.h"
#include "init/single.h"

#define GO_ON (-1) /* no exit code: the command line is fine so far */

struct program;

struct parse {
        const struct program *program;
        const char *argv0;
        bool is_only; /* the option stands alone on the command line */
        bool pauses;  /* no command is wanted */
        bool rewritten[countof(((struct signal_map *) NULL)->to)];
        struct single single;
};

/* What an option or a variable does. Returns GO_ON or an exit code. */
typedef int (*option_action)(struct parse *p, const char *value);

struct option {
        char letter;      /* 0: none */
        const char *word; /* NULL: none */
        bool takes_value;
        option_action act;
};

struct variable {
        const char *name;
        option_action act;
};

struct program {
        const struct persona *persona;
        const struct option *options;     /* up to a row without an action */
        const struct variable *variables; /* the same; looked at after the options. NULL: none */
        bool abbreviates; /* a word may be cut short as long as it is the only one that begins so */
        enum place place;
        int verbosity;
        bool group, subreaper, no_wait;
        int (*misuse)(const struct parse *p,
                      const char *problem); /* tells it; NULL: no command. Returns the exit code */
        void (*complete)(struct parse *p);  /* once all is known. NULL: nothing to do */
};

extern const struct program program_tini, program_dumb_init, program_catatonit;

/* Actions that more than one of them has. */
int option_group(struct parse *p, const char *value);
int option_subreaper(struct parse *p, const char *value);
int option_verbose(struct parse *p, const char *value);
