#include "supervisor/pressure.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "base/base64.h"

#define WINDOW (2 * USEC_PER_SEC) /* the least that is anybody's to ask for, see "Pressure interface" */
#define USUAL  (200 * USEC_PER_MSEC)

/* Left to itself: a service of whose memory somebody keeps an account. */
static bool is_wanted(const struct budget *b) {
        return b && (b->pressure_watch == PRESSURE_ON ||
                     (b->pressure_watch == PRESSURE_AUTO && budget_controllers(b) & 1U << CONTROLLER_MEMORY));
}

static const char *why_not(const struct cgroups *c) {
        if (c->ground.tier != TIER_KERNEL)
                return c->ground.why;
        if (!c->has_pressure)
                return "the kernel does not measure it: it needs psi=1 on its command line";
        return c->seen ? NULL : "services see /sys/fs/cgroup read-only";
}

const char *pressure_objection(const struct cgroups *c, const struct unit *u) {
        return u->budget && u->budget->pressure_watch == PRESSURE_ON ? why_not(c) : NULL;
}

static void put_trigger(const struct budget *b, char write[PRESSURE_WRITE_MAX]) {
        static const char name[] = "MEMORY_PRESSURE_WRITE=";
        usec_t threshold = b->pressure_threshold > 0 ? MIN(b->pressure_threshold, WINDOW) : USUAL;
        char text[48];

        int n = snprintf(text, sizeof(text), "some %" PRIu64 " %" PRIu64, threshold, WINDOW);
        memcpy(write, name, sizeof(name));
        base64_encode(text, (size_t) n + 1, write + strlen(name));
}

bool pressure_tell(const struct cgroups *c, const struct unit *u, char *watch, size_t size,
                   char write[PRESSURE_WRITE_MAX]) {
        const struct budget *b = u->budget;
        char path[PATH_MAX];

        write[0] = '\0';
        if (b && b->pressure_watch == PRESSURE_OFF) {
                (void) snprintf(watch, size, "MEMORY_PRESSURE_WATCH=/dev/null");
                return true;
        }
        if (!is_wanted(b) || why_not(c) || budget_path(b->slice, u->name, path, sizeof(path)) < 0)
                return false;
        int n = snprintf(watch, size, "MEMORY_PRESSURE_WATCH=%s/%s/memory.pressure", c->seen, path);
        if (n < 0 || (size_t) n >= size)
                return false;
        put_trigger(b, write);
        return true;
}
