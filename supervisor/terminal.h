/* The terminal that TTYPath= names, as it is made ready for a service and left behind: TTYReset= and its kin.
 */
#pragma once

#include "supervisor/launch.h"

/* TTYPath=, or /dev/console. */
const char *terminal_path(const struct unit *u);

/* A step of the child, before the terminal is opened for it. Always 0: what cannot be had is gone without,
 * and said. */
int terminal_prepare(struct launch *l);

/* When nothing of the service runs any more. Does nothing but for a unit that asks for it, and says nothing:
 * what went wrong has been said before the start. */
void terminal_leave(const struct unit *u);
