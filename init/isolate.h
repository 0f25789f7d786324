/* `tend run --isolate`: namespaces of its own, so that tend is PID 1 on any machine. First form: PID, mount
 * (with its own /proc), UTS, IPC, and a user namespace where tend is not root. */
#pragma once

#include "base/def.h"

struct isolate {
        const char *hostname; /* NULL: leave alone */
};

/* Makes the namespaces and splits in two. In the child, PID 1 of the new ones, returns 0 and tend goes on
 * there. The parent stays outside: it forwards signals, lets the child have the terminal, stops and continues
 * with it, waits, and returns 1 with the child's exit code in *ret_code (128+N by signal); the child dies
 * with the parent. A negative errno with *ret_doing ("making a user namespace") where the kernel refuses. */
int isolate_enter(const struct isolate *o, int *ret_code, const char **ret_doing) must_check;
