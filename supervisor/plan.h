/* The units of a config in their order: names become indices, ordering and requirements become graphs. Made
 * once for each load; `tend check` and PID 1 make the same. */
#pragma once

#include "base/diag.h"
#include "config/load.h"
#include "supervisor/graph.h"
#include "supervisor/link.h"

struct plan {
        const struct config *config; /* borrowed */
        struct graph after;   /* u → what must have started (or failed) before u, from After= and Before= */
        struct graph before;  /* the same edges, turned round */
        struct graph links;   /* u → all for whom what happens to u matters */
        const uint16_t *what; /* enum link; of each edge of `links` */
        uint32_t *memory;     /* owned; holds all of the above */
};

/* The units `v` that `u` is linked to by one of `mask`. */
#define plan_each(plan, u, v, mask)                                                                          \
        for (uint32_t at_##v = (plan)->links.first[u], v = 0;                                                \
             at_##v < (plan)->links.first[(u) + 1] && (v = (plan)->links.to[at_##v], true); at_##v++)        \
                if ((plan)->what[at_##v] & (mask))

/* It is linked to anybody by one of `mask`. */
static inline bool plan_has(const struct plan *p, uint32_t u, unsigned mask) {
        for (uint32_t i = p->links.first[u]; i < p->links.first[u + 1]; i++)
                if (p->what[i] & mask)
                        return true;
        return false;
}

/* Says to `d`: cycles, spelled out ("db.service after web.service after db.service"), with the line of the
 * first; references to nothing (Requires= and its kin an error, all others a warning with the nearest name);
 * what is required and conflicted with at once. 0, or a negative errno with *p untouched. */
int plan_build(struct plan *p, const struct config *c, struct diags *d) must_check;
void plan_done(struct plan *p);

/* config_load() and plan_build() in one, with all that is wrong in the eyes of either. 0 and both are the
 * caller's, or a negative errno and neither is. */
int plan_load(struct plan *p, const struct load_options *o, struct diags *d, struct config **ret) must_check;

/* Which units start with the container, into `starts` (one for each unit, all false): those of tend.ini
 * that no timer, no end of another unit and no need alone starts, the unit files that were asked for, and
 * what they require and want. Of two that conflict the one that says so starts. */
void plan_mark_starting(const struct plan *p, bool *starts);

/* The longest time that an ordered stop may take: the dearest chain of TimeoutStopSec= (stop commands
 * included). */
usec_t plan_worst_stop(const struct plan *p);

/* Of one unit alone: ExecStop=, the main process and ExecStopPost= may each take TimeoutStopSec=. */
usec_t plan_worst_stop_of(const struct unit *u);

/* The ordering and requirements as Graphviz dot. */
void plan_print_dot(const struct plan *p, FILE *out);
