/* The pressures of units (PSI), out of their cgroups: Documentation/accounting/psi.rst of the kernel. */
#pragma once

#include "metrics/page.h"

/* A page_pressures: `context` is a const char *, where the container's cgroups are mounted. */
void pressure_read(const void *context, const struct live_status *u, struct pressure ret[RESOURCE_COUNT]);
