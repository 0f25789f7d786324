/* The axis of time. Until all is ready it is one scale; then what came before has most of the room and what
 * came behind it, which may be days, the rest, on a scale of its own. Pure. */
#pragma once

#include "plot/span.h"

struct axis {
        double left, middle,
                right; /* where it begins, changes its scale, and ends; middle is right where it does not */
        usec_t ready, end; /* what is there: spans since the start; `ready` 0: not yet */
};

struct tick {
        double x;
        usec_t at; /* since the start */
};

#define TICKS_MOST 32

struct axis axis_make(double left, double width, usec_t ready, usec_t end);

/* Where that time is; what lies outside is at the edge. */
double axis_place(const struct axis *a, usec_t at);

/* The times that are written at it, at most TICKS_MOST: multiples of a round span on each scale, as far apart
 * as labels need. Returns how many. */
size_t axis_ticks(const struct axis *a, struct tick ticks[TICKS_MOST]);
