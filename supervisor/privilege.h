/* What the processes of a service may do: CapabilityBoundingSet=, AmbientCapabilities=, SecureBits= and
 * NoNewPrivileges=. What can be known before is prepared in the parent; the steps are the child's, in this
 * order around the change of its user. They are system calls alone: the child shares PID 1's memory, and
 * libcap allocates. */
#pragma once

#include "supervisor/launch.h"

/* In the parent. */
void privilege_prepare(struct launch *l);

/* The steps. 0 or a negative errno. */
int privilege_limit(struct launch *l);           /* the bounding set; the ambient one where the user stays */
int privilege_keep(const struct launch *l);      /* ahead of the change: what is to be ambient survives it */
int privilege_raise(struct launch *l);           /* behind it: the ambient set */
int privilege_set_secure_bits(struct launch *l); /* SecureBits= */
int privilege_forbid_new(struct launch *l);      /* NoNewPrivileges= */

/* In the parent: logs what the container lacks of what the unit names, and which option of the runtime gives
 * it. */
void privilege_report(const struct launch *l);
