/* What a unit's runs are to those who wait for it. A try that fails before it was up and is repeated by
 * Restart= settles nothing: with those behind it, it is one attempt. Pure. */
#pragma once

#include "control/live-history.h"

struct attempt {
        usec_t asked;   /* 0: it was not asked for, but brought about by Restart= after a run that was up */
        usec_t begun;   /* the first try; 0: none has begun */
        usec_t settled; /* up, or at rest for good: who waits need not wait longer; 0: it is on its way */
        unsigned tries;
        bool failed;
        const char *why; /* borrowed; of the last try */
};

/* The attempt that begins with run *at, which is moved behind it. False: there is no more. */
bool attempt_next(const struct live_history *u, size_t *at, struct attempt *ret);

/* The run has been repeated, or will be, without anybody asking. */
bool attempt_is_repeated(const struct live_history *u, size_t run);
