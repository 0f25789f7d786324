/* MemoryPressureWatch=: a service is told where the kernel says that its processes wait for memory, and what
 * it is to write there (the protocol of systemd's "Memory Pressure Handling"). The rest is between the two:
 * nothing comes back to PID 1. Pure. */
#pragma once

#include "supervisor/cgroup.h"

struct unit;

#define PRESSURE_WRITE_MAX 96

/* "MEMORY_PRESSURE_WATCH=": the file of the service's own cgroup, or /dev/null for one that shall not watch.
 * "MEMORY_PRESSURE_WRITE=": what the kernel is to be asked for, in base64; "" where it shall not watch. False
 * where it is told nothing. */
bool pressure_tell(const struct cgroups *c, const struct unit *u, char *watch, size_t size,
                   char write[PRESSURE_WRITE_MAX]);

/* Why there is nothing to be watched, though the unit asks for it by name; NULL: there is, or it does not
 * ask. Static. */
const char *pressure_objection(const struct cgroups *c, const struct unit *u);
