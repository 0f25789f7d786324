/* How a service's last runs ended, and its first: kept from the first end on, a few of them, for `tend
 * status` and `tend plot`. */
#pragma once

#include "supervisor/ending.h"

struct service;

#define PAST_MOST 8

struct past_run {
        usec_t asked;      /* for its start; 0: Restart= brought it about */
        usec_t begun;      /* its first command was executed */
        usec_t at;         /* it came to rest, or to its restart */
        usec_t up;         /* how long it was up; USEC_INFINITY: it did not come up */
        pid_t pid;         /* of the main process; 0: it had none */
        struct ending end; /* that the result is about */
        uint8_t result;    /* enum result */
        bool was_asked;    /* to stop */
};

struct past {
        struct past_run first;           /* of all, where the ring has lost it; at 0: it has not */
        struct past_run list[PAST_MOST]; /* a ring */
        unsigned next, n;
        uint32_t times[RESULT_COUNT]; /* how many runs have come to each result */
        uint32_t oom_kills;           /* processes ended for want of memory; all that a sample ends are one */
};

/* Its run is over. Where memory is lacking it is not kept. */
void past_note(struct service *s);

/* So many of its processes were ended for want of memory. */
void past_note_oom(struct service *s, uint64_t processes);

/* The nth from the last, 0 the last; NULL: there is none. */
const struct past_run *past_get(const struct service *s, unsigned nth);

/* How many runs have ended that none of the above tells of. */
unsigned past_lost(const struct service *s);
