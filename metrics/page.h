/* What tend tells of itself, as OpenMetrics text. Pure, but for pressure.h's part. */
#pragma once

#include "client/snapshot.h"

#define OPENMETRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* Waiting for a resource, as the kernel counts it for a cgroup: seconds since it was made, of some of its
 * processes and of all of them at once. */
enum resource { RESOURCE_CPU, RESOURCE_MEMORY, RESOURCE_IO, RESOURCE_COUNT };

struct pressure {
        bool is_known;
        usec_t some, full;
};

/* Reads the pressures of a unit's cgroup; those that cannot be had are not known. */
typedef void (*page_pressures)(const void *context, const struct live_status *u,
                               struct pressure ret[RESOURCE_COUNT]);

/* Writes all of it, "# EOF" included. `read` may be NULL: no pressures. */
void page_write(FILE *out, const struct snapshot *s, page_pressures read, const void *context);
