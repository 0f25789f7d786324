/* A manager with its services, and not one process: what is asked of them goes through jobs, order, rules and
 * policy as in PID 1, and what processes would have done is told by the script. */
#pragma once

#include "supervisor/manager.h"
#include "tests/unit/ini.h"

struct world {
        struct ini ini;
        struct manager manager;
        struct run_options options;
        struct job_hook hook;
        struct diags said; /* by whoever refused what was asked */
        char trail[4096];
        size_t length, row;
};

/* What each unit is, by its Type=: with RemainAfterExit=yes up as soon as it is started, else done at once;
 * Type=simple fails when it is started. No ExecStart= is ever run. Nothing has been started. */
void world_init(struct world *w, const char *text, size_t row);
void world_done(struct world *w);

/* The words of a script, each on the unit behind its colon:
 *   start stop reload restart try-restart reload-or-restart try-reload-or-restart  asked by hand
 *   fail/VERB and so on  with that mode · again/VERB  by nobody's hand
 *   run  it is running, as a daemon · die  and has died with code 1 · end  and has ended with code 0
 *   hold  the last of its processes stays until `gone` · ring  its time is over · reset  reset-failed
 *   cancel  its job
 *   boot (without a unit)  all that starts with the container
 * The trail has the jobs, "+a:start" and "-a:start=done", and "!-16" for what is refused. */
void world_play(struct world *w, const char *script);

struct world_row {
        const char *units, *script, *trail, *states;
};
void world_check_rows(const struct world_row *rows, size_t n);
