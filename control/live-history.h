/* When each unit was asked to start, began, was ready and ended: the answer of GetHistory(), which the
 * picture of the start is made from, and with the same names the keys of `tend plot --json` (docs/json.md has
 * their meaning). Made from lists, as live-status.h is. */
#pragma once

#include "control/live-status.h"

/* clang-format off */
#define LIVE_START(X)                                                                                        \
        X(TEXT,  version)                                                                                    \
        X(TEXT,  hostname)                                                                                   \
        X(TEXT,  state)        /* starting, running, degraded, stopping */                                   \
        X(TIME,  now)                                                                                        \
        X(TIME,  started)                                                                                    \
        X(TIME,  ready)        /* all that starts with the container was up or had failed, first */

#define LIVE_HISTORY(X)                                                                                      \
        X(TEXT,  name)                                                                                       \
        X(TEXT,  description)                                                                                \
        X(TEXT,  active)                                                                                     \
        X(TEXT,  state)                                                                                      \
        X(TEXT,  why)                                                                                        \
        X(COUNT, lost)         /* runs that are not kept, behind the first */

#define LIVE_RUN(X)                                                                                          \
        X(TIME,  asked)        /* 0: Restart= brought it about */                                            \
        X(TIME,  begun)        /* 0: it waits, or never came to it */                                        \
        X(TIME,  ready)        /* 0: it did not come up */                                                   \
        X(TIME,  ended)        /* 0: it has not */                                                           \
        X(FLAG,  failed)                                                                                     \
        X(TEXT,  result)       /* "" until it has ended */                                                   \
        X(TEXT,  why)          /* how it has ended, or what it waits for */
/* clang-format on */

/* The first, the last ones, and the one that is on its way. */
#define LIVE_RUNS_MOST (1 + LIVE_EXITS_MOST + 1)

struct live_start {
        LIVE_START(LIVE_MEMBER)
};

struct live_run {
        LIVE_RUN(LIVE_MEMBER)
};

struct live_history {
        LIVE_HISTORY(LIVE_MEMBER)
        struct live_run runs[LIVE_RUNS_MOST]; /* the earliest first */
        size_t n_runs;
};

extern const struct live_list live_start_fields, live_history_fields, live_run_fields;

/* The container, and its units; of each its runs and the places, in this list, of those that it is ordered
 * after. */
#define LIVE_HISTORY_SIGNATURE                                                                               \
        "(" LIVE_START(LIVE_SIGN) ")a(" LIVE_HISTORY(LIVE_SIGN) "a(" LIVE_RUN(LIVE_SIGN) ")au)"

/* A unit with its runs; the places are to be written behind them. */
void live_write_history(struct wire_out *out, const struct live_history *h);

/* Texts are borrowed from the message. What does not come whole is `in->bad`. */
void live_read_history(struct wire_in *in, struct live_history *ret);
