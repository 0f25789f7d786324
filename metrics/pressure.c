#include "metrics/pressure.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "base/io.h"

static const char *const files[RESOURCE_COUNT] = {
        [RESOURCE_CPU] = "cpu.pressure",
        [RESOURCE_MEMORY] = "memory.pressure",
        [RESOURCE_IO] = "io.pressure",
};

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=1234" */
static usec_t take_total(const char *text, const char *who) {
        const char *line = strstr(text, who), *total = line ? strstr(line, "total=") : NULL;

        return total ? strtoull(total + strlen("total="), NULL, 10) : 0;
}

void pressure_read(const void *context, const struct live_status *u, struct pressure ret[RESOURCE_COUNT]) {
        char path[PATH_MAX], text[512];

        for (size_t i = 0; i < RESOURCE_COUNT && u->cgroup[0] != '\0'; i++) {
                (void) snprintf(path, sizeof(path), "%s/%s/%s", (const char *) context, u->cgroup, files[i]);
                if (io_read_small(AT_FDCWD, path, text, sizeof(text)) <= 0)
                        continue;
                ret[i] = (struct pressure){ true, take_total(text, "some "), take_total(text, "full ") };
        }
}
