/* Points in time of PID 1's, which are CLOCK_MONOTONIC, for those who know CLOCK_REALTIME. */
#pragma once

#include "supervisor/manager.h"

/* The same moment by both, so that what is told in one answer agrees with itself. */
struct clocks {
        usec_t now, real;
};

struct clocks clocks_read(const struct manager *m);

/* By CLOCK_REALTIME; 0 is never, as is USEC_INFINITY. */
usec_t clocks_real(const struct clocks *c, usec_t at);
