/* How the budgets of units are kept where the command is called: what tend as PID 1 finds there. */
#pragma once

#include "config/setting.h"
#include "supervisor/cgroup.h"

#define KEPT_WORD_MAX 80

/* ", 153.6 MiB, kept by the kernel" of a row that is a budget of the unit; "" of other rows. */
const char *kept_word(const struct cgroups *c, const struct setting *s, const struct unit *u,
                      char buffer[KEPT_WORD_MAX]);

/* One line of why the kernel does not keep all of the unit's budget; nothing where it does. */
void kept_print(const struct cgroups *c, const struct unit *u, FILE *out);
