/* How often something has happened lately: TriggerLimitIntervalSec= and TriggerLimitBurst=. Pure: told the
 * time. */
#pragma once

#include "base/def.h"

struct throttle {
        usec_t began; /* of the interval that is counted; 0: none yet */
        unsigned n;   /* what has happened in it */
};

/* Counts one at `now`; false where it is one too many: more than `burst` within `interval`. No limit where
 * either is 0. */
bool throttle_allows(struct throttle *t, usec_t interval, unsigned burst, usec_t now) must_check;
