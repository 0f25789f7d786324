/* What programs expect to find: /proc, /sys, /dev with its nodes, and the rest that the kernel or memory
 * serves. Made where it is missing and the kernel lets us, left alone wherever somebody has set something up.
 */
#pragma once

#include "base/def.h"

/* `tend run --isolate` makes all of it anew: what was there is of the machine. */
struct mounts {
        int dev, sys;   /* the machine's /dev and /sys, O_PATH; borrowed */
        bool read_only; /* the root: what is to be written to is in memory */
};

/* For PID 1; `anew` is NULL where it is in somebody else's container. Before the first mount tend leaves the
 * mount namespace for a copy, since it cannot know whose it is. What is refused is said, with what will be
 * missed; never fails, but where `anew` is given and /proc is refused: a negative errno. */
int mounts_make(const struct mounts *anew);
