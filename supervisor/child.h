/* The child's half of a launch: a list of steps. */
#pragma once

#include "supervisor/launch.h"

/* Runs the steps; does not return. Ends by execve(), or by _exit() with the failed step's code of
 * systemd.exec(5), and then has written the step into the launch. Shares memory with the parent, which waits:
 * allocates nothing, changes nothing else. `launch` is a struct launch. */
int child_run(void *launch);

/* What that step does: "changing directory". */
const char *child_step_doing(int step);
