/* Whether what the services may use fits into what the container has: sums, where a slice counts once. Pure;
 * `tend check` asks. */
#pragma once

#include "supervisor/budget.h"

#define FITS(X)                                                                                              \
        X(MEMORY_MIN, "MemoryMin")                                                                           \
        X(MEMORY_MAX, "MemoryMax")                                                                           \
        X(TASKS_MAX, "TasksMax")                                                                             \
        X(CPU_QUOTA, "CPUQuota")
#define ENUM_FIT(name, word) FIT_##name,
enum fit_kind { FITS(ENUM_FIT) FIT_COUNT };

struct fit {
        uint64_t sum;            /* UINT64_MAX: no end to it */
        uint64_t whole;          /* what there is; of CPU_QUOTA hundredths of a percent of one processor */
        size_t n;                /* of services and slices that have a part in the sum */
        const struct unit *most; /* borrowed; whose part is the largest; NULL: nobody's */
        uint64_t part;           /* that part */
};

/* What nobody has limited adds nothing. A slice that is limited counts with its limit, or with what is in it
 * where that is limited and comes to less; MemoryMin= of a slice is all that is kept for what is in it.
 * `scratch` has room for n_slices. */
struct fit fit_sum(const struct config *c, enum fit_kind kind, const struct budget_whole *w,
                   uint64_t *scratch);

/* "MemoryMin" */
const char *fit_word(enum fit_kind kind);
