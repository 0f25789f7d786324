/* What programs expect to find: /proc, /sys, /dev with its nodes, and the rest that the kernel or memory
 * serves. Made where it is missing and the kernel lets us, left alone wherever somebody has set something up.
 */
#pragma once

#include "base/def.h"

#define MOUNTS_NODES 6

/* For `tend run --isolate`, which makes all of it anew: mounts that are at no place yet. What comes from the
 * machine has to be taken before it is out of sight. */
struct mounts {
        int proc, sys;           /* owned */
        int nodes[MOUNTS_NODES]; /* owned; the machine's own, as nobody in a user namespace can make any */
        int console;             /* owned; our terminal by the name it has outside; -1: none */
        bool read_only;          /* the root: what is to be written to is in memory */
        bool own_cgroup;         /* ours is not the caller's, who would be frozen or killed with us */
        bool of_machine;         /* the root: what it has at /run is out of reach, and left as it is */
};

/* In the new PID namespace. 0, or a negative errno where there is no /proc to be had. */
int mounts_gather(struct mounts *m) must_check;

/* For PID 1; `anew` is NULL where it is in somebody else's container, else what mounts_gather() has got,
 * which is closed. There tend leaves the mount namespace for a copy before the first mount, since it cannot
 * know whose it is. What is refused is said, with what will be missed. 0; with `anew` a negative errno where
 * what it is to be walled off from stays in sight. */
int mounts_make(struct mounts *anew);
