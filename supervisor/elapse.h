/* When a timer elapses next. Pure: it is told the times. */
#pragma once

#include "config/unit.h"

/* All of CLOCK_MONOTONIC, but for those called real: of CLOCK_REALTIME. 0 is never. */
struct elapse_times {
        usec_t now, real_now;
        usec_t started;                   /* tend */
        usec_t activated, activated_real; /* the timer */
        usec_t last, last_real;    /* when it has elapsed last; the latter may be of an earlier container */
        usec_t unit_up, unit_down; /* when what it starts has left its rest last, and come to it */
        usec_t delay;              /* by chance, of this elapse */
        bool first;                /* it has just been activated: what is over elapses at once */
};

struct elapse {
        usec_t at;                       /* USEC_INFINITY: not any more */
        usec_t real;                     /* the same of the real-time clock where that decides; else 0 */
        const struct timer_event *event; /* borrowed; the reason; NULL: none */
};

struct elapse elapse_next(const struct timer_spec *s, const struct elapse_times *t);

/* Where nothing is due: whether a later start or end of its unit could change that. */
bool elapse_may_come(const struct timer_spec *s);
