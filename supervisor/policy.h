/* Whether and when a service comes back. Pure: told the time. */
#pragma once

#include "supervisor/ending.h"

/* The last starts, for the start limit: a true sliding window, so that no rhythm of failing gets past it. */
struct start_window {
        usec_t *at;    /* owned; room for `size` points in time, a ring. NULL until a second start: see
                          policy_wants_room() */
        usec_t last;   /* the last start, counted or not; 0: there was none */
        unsigned size; /* StartLimitBurst= when it was made; 0: no limit */
        unsigned next, used;
};

/* What a service's restarts have come to. */
struct restarts {
        struct start_window window;
        unsigned count; /* automatic restarts so far, as NRestarts in systemd; back to 0 after a stable run */
        unsigned step;  /* how far the delay has grown */
        usec_t up_since; /* when its present run began; 0: it did not come up */
};

struct verdict {
        bool restart;
        usec_t at;            /* when, if so */
        unsigned step, count; /* of struct restarts, for whoever carries it out */
        enum result why_not;  /* RESULT_START_LIMIT where the limit forbids it, else RESULT_SUCCESS */
        const char *why;      /* for the log, `tend status` and `tend drill` alike; a static string */
};

/* Before a start is counted: whether the window wants its ring now. Most services start once and never need
 * one. */
bool policy_wants_room(const struct start_window *w);

/* Gives it the ring: zeroed memory for `size` points in time, owned by the window from then on. */
void policy_take_room(struct start_window *w, usec_t *at);

/* A start at `now`, to be counted against the limit. Without a ring only the last one is remembered. */
void policy_count_start(struct restarts *r, usec_t now);

/* A start at `now` would be one more than StartLimitBurst= allows. */
bool policy_is_limited(const struct unit *u, const struct restarts *r, usec_t now);

/* After the end of a run. `result` is what the service came to, `e` how its main process ended. */
struct verdict policy_decide(const struct unit *u, const struct restarts *r, enum result result,
                             struct ending e, usec_t now);

/* RestartSec= grown by `step` of RestartSteps= towards RestartMaxDelaySec=, evenly on a logarithmic scale. */
usec_t policy_delay(const struct unit *u, unsigned step);

/* When the next start is within StartLimitIntervalSec= again; 0 where it is now. */
usec_t policy_limit_ends(const struct start_window *w, usec_t interval);
