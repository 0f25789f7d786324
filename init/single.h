/* `tend -- CMD`: one command, everything forwarded to it, everything reaped, its code returned. No event
 * loop, no library. */
#pragma once

#include "base/def.h"
#include "init/persona.h"
#include "init/signals.h"

/* Where the command is put. */
enum place {
        PLACE_GROUP,   /* a process group of its own, in the foreground if tend was */
        PLACE_SESSION, /* dumb-init's way: a session of its own, the terminal taken over */
        PLACE_HERE,    /* tend's own group */
};

struct single {
        char **argv; /* borrowed; the command. NULL: none, wait for SIGINT or SIGTERM */
        struct signal_map map;
        enum place place;
        bool group;                    /* forward to the command's process group */
        bool no_wait;                  /* leave at once when the command has ended */
        bool subreaper;                /* become one, if not PID 1 */
        bool warn_reaped;              /* say so when something that was left behind is reaped */
        int verbosity;                 /* how much is said: up to which level of `persona` */
        int parent_death_signal;       /* 0: none */
        usec_t stop_budget;            /* for what the command leaves behind */
        bool ok[256];                  /* exit codes that become 0 */
        const struct persona *persona; /* borrowed; whose promises are kept */
};

/* Runs it to the end. Returns tend's exit code: the command's, 128+N for signal N, or what the persona says
 * of one that could not be executed. */
int single_run(const struct single *s);
