/* What the container has: its own limits, and where it has none the machine's. */
#pragma once

#include "supervisor/budget.h"

/* Of the cgroup whose directory `root` is, and of all above it that can be seen; -1: the machine's. */
struct budget_whole whole_read(int root);
