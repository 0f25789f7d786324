/* A user namespace in which an ordinary user is root, over as many users as /etc/subuid and /etc/subgid lend.
 */
#pragma once

#include "base/def.h"

struct userns {
        bool whole;      /* root and those that are lent, from 1 on; else root alone */
        uint32_t users;  /* the first of the users lent, as seen from outside; 0 where not whole */
        const char *why; /* why it is not whole; a static text, NULL where it is */
};

/* Leaves the namespace of users, and those that `flags` name besides, for new ones. The maps come from
 * newuidmap(1) and newgidmap(1) where they are there and something is lent, else from the kernel alone: then
 * we are root, and there is nobody else. 0, or a negative errno where the kernel refuses; the process must
 * have one thread. */
int userns_enter(int flags, struct userns *ret) must_check;

/* The first range that a file in the form of subuid(5) lends to this user, by name (may be NULL) or number.
 * 1; 0: none. Pure. */
int userns_find_lent(const char *text, const char *name, unsigned uid, uint32_t *ret_first,
                     uint32_t *ret_count) must_check;
