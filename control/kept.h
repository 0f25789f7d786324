/* How the budgets of units are kept where the command is called: what tend as PID 1 finds there. */
#pragma once

#include "config/setting.h"
#include "supervisor/cgroup.h"

#define KEPT_WORD_MAX 80
#define KEPT_WHY_MAX  512

/* ", 153.6 MiB, kept by the kernel" of a row that is a budget of the unit; "" of other rows. */
const char *kept_word(const struct cgroups *c, const struct setting *s, const struct unit *u,
                      char buffer[KEPT_WORD_MAX]);

/* Why the kernel does not keep all of the unit's budget, and what would make it; "" where it does. */
const char *kept_why(const struct cgroups *c, const struct unit *u, char buffer[KEPT_WHY_MAX]);
