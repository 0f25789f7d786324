/* RuntimeDirectory= and its kin: made by the child before it changes its user, removed by the parent when the
 * service has stopped. */
#pragma once

#include "supervisor/launch.h"

/* In the child: makes those of a kind, with their permissions, owner and links. Allocates nothing but from
 * the launch's arena. 0 or a negative errno, with l->failed_at. */
int directory_make(struct launch *l, enum directory_kind kind);

/* "RUNTIME_DIRECTORY=/run/a:/run/b" of a kind, from the arena; NULL in *ret where there are none. 0 or
 * -E2BIG. */
int directory_variable(const struct unit *u, enum directory_kind kind, struct arena *arena,
                       const char **ret) must_check;

/* Removes the runtime directories with all that is in them. What is large is moved out of the way, and
 * removed by a process of its own. */
void directory_remove(const struct unit *u);
