/* How wide the columns of a table are where there is not room for all that is in them. Pure. */
#pragma once

#include "base/def.h"

struct slot {
        size_t wanted; /* what is in it; 0: it is left out */
        size_t least;  /* it may be cut to so much; 0: it is whole, or left out */
        unsigned rank; /* the lowest is left out first; 0: none is, they are rather cut to nothing */
        size_t width;  /* what it gets; 0: it is left out */
};

/* Fits `n` of them, with `gap` between two, into `most` columns of the screen. The widest are cut first;
 * where all that stay are at their least and it is not enough, those that may be cut are, and then all. */
void layout_fit(struct slot *list, size_t n, size_t gap, size_t most);
