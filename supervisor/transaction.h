/* What one verb on one unit means for all the others: who is started, stopped, restarted or reloaded with it.
 * Pure: told how units stand, it says what is to be done; job.c does it. */
#pragma once

#include "supervisor/plan.h"

/* systemd's words, as ListJobs() has them. */
#define JOB_TYPES(X)                                                                                         \
        X(START, "start")                                                                                    \
        X(STOP, "stop")                                                                                      \
        X(RELOAD, "reload")                                                                                  \
        X(RESTART, "restart") /* becomes START when the stop is through */                                   \
        X(NOP, "nop")         /* a try-… of what does not run */
#define ENUM_JOB_TYPE(name, word) JOB_##name,
enum job_type { JOB_TYPES(ENUM_JOB_TYPE) JOB_TYPE_COUNT };

#define TRANSACTION_NOTHING JOB_TYPE_COUNT

/* How a unit stands. */
enum transaction_stand {
        STAND_UP = 1 << 0,      /* it runs, or is on its way up */
        STAND_RELOADS = 1 << 1, /* it has something to do at a reload */
};
typedef unsigned (*transaction_look)(void *context, uint32_t unit); /* enum transaction_stand */

struct transaction {
        uint8_t *types; /* owned by whoever made it, as `list`; enum job_type or TRANSACTION_NOTHING, of each
                           unit */
        uint32_t *list; /* the units that take part, n of them; the one that was asked for comes first */
        uint32_t n;
        uint32_t contradiction; /* the unit that would have to be started and stopped at once */
};

struct transaction_want {
        uint32_t unit;
        enum job_type type;
        bool tries; /* only where it runs */
        bool alone; /* nobody else takes part */
};

/* Room for plan->after.n units is there in `t`. What is merely wanted is left out, with all that it would
 * bring, where it contradicts the rest. False where the rest does so itself. */
bool transaction_make(struct transaction *t, const struct plan *p, const struct transaction_want *want,
                      transaction_look look, void *context);

/* The two cannot both come about: one of them is a stop. */
bool transaction_is_conflict(enum job_type a, enum job_type b);

/* Both in one, of a unit that stands so; they do not conflict. */
enum job_type transaction_merge(enum job_type a, enum job_type b, unsigned stand);
