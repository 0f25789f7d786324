/* The units of a config in their order: names become indices, ordering and requirements become graphs. Made
 * once for each load; `tend check` and PID 1 make the same. */
#pragma once

#include "base/diag.h"
#include "config/load.h"
#include "supervisor/graph.h"

struct plan {
        const struct config *config; /* borrowed */
        struct graph after;  /* u → what must have started (or failed) before u, from After= and Before= */
        struct graph before; /* the same edges, turned round */
        struct graph needs;  /* u → what must not have failed: Requires= */
        struct graph needed_by; /* the same edges, turned round */
        struct graph pulls;     /* u → what is started with it: Requires= and Wants= */
        uint32_t *memory;       /* owned; holds all of the above */
};

/* Says to `d`: cycles, spelled out ("db.service after web.service after db.service"), with the line of the
 * first; references to nothing (Requires= an error, Wants= and After= a warning with the nearest name). 0, or
 * a negative errno with *p untouched. */
int plan_build(struct plan *p, const struct config *c, struct diags *d) must_check;
void plan_done(struct plan *p);

/* config_load() and plan_build() in one, with all that is wrong in the eyes of either. 0 and both are the
 * caller's, or a negative errno and neither is. */
int plan_load(struct plan *p, const struct load_options *o, struct diags *d, struct config **ret) must_check;

/* Which units start with the container, into `starts` (one for each unit, all false): those of tend.ini
 * that no timer or the like starts, the unit files that were asked for, and what they require and want. */
void plan_mark_starting(const struct plan *p, bool *starts);

/* The longest time that an ordered stop may take: the dearest chain of TimeoutStopSec= (stop commands
 * included). */
usec_t plan_worst_stop(const struct plan *p);

/* Of one unit alone: ExecStop=, the main process and ExecStopPost= may each take TimeoutStopSec=. */
usec_t plan_worst_stop_of(const struct unit *u);

/* The ordering and requirements as Graphviz dot. */
void plan_print_dot(const struct plan *p, FILE *out);
