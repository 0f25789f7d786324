/* The units that a start waited for, one after the other: of all that a unit is ordered after, the one that
 * it waited for last, and so on from there. Pure. */
#pragma once

#include "plot/attempt.h"
#include "plot/record.h"

struct step {
        size_t unit; /* place in the record */
        struct attempt attempt;
};

/* The chain that ends with the first attempt of that unit, which comes first; into `steps`, with room for as
 * many as there are units. Returns how many; 0: the unit was never asked to start. */
size_t chain_find(const struct record *r, size_t unit, struct step *steps);

/* The unit that the whole start waited for last, or still waits for; SIZE_MAX: there is none. */
size_t chain_end(const struct record *r);
