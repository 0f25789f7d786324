/* Settings that the container or the kernel refuses and a service's process goes without: noted where the
 * process is made, by child and parent, and told by the parent. */
#pragma once

#include "base/def.h"

#define LOSSES_MOST 32

struct losses {
        unsigned n;
        struct loss {
                const char *setting; /* "Nice="; static */
                const char *why;     /* static; NULL: for want of a capability */
        } list[LOSSES_MOST];
};

void loss_add(struct losses *l, const char *setting, const char *why);
void loss_add_limit(struct losses *l, unsigned resource); /* of setrlimit(2) */

/* A line for each. */
void loss_tell(const struct losses *l, const char *unit);
