/* One deadline for each service in a heap whose room is made at load: arming a timer cannot fail and costs no
 * memory, and the loop holds a single timer, the earliest. */
#pragma once

#include "base/def.h"

#define TIMER_IDLE UINT32_MAX

/* What it is the first field of, for whoever takes it out. */
enum timer_kind { TIMER_SERVICE, TIMER_PROBER };

struct timer {
        usec_t at;
        uint32_t slot; /* in the heap; TIMER_IDLE: not armed */
        uint32_t kind; /* enum timer_kind */
};

struct timers {
        struct timer **heap; /* owned; what it points to is not */
        uint32_t n, room;
};

/* Room for `n` timers in all. 0 or -ENOMEM (then it is as before). */
int timers_reserve(struct timers *t, uint32_t n) must_check;
void timers_done(struct timers *t);

/* Arms it, or moves it; USEC_INFINITY disarms it. */
void timers_arm(struct timers *t, struct timer *timer, usec_t at);
void timers_disarm(struct timers *t, struct timer *timer);

/* The earliest, or USEC_INFINITY. */
usec_t timers_next(const struct timers *t);

/* Takes out the earliest that is due at `now`; NULL when there is none. */
struct timer *timers_take_due(struct timers *t, usec_t now);
