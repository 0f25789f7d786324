/* Where time zones come from: the container's own database, which need not be there. */

#include <errno.h>
#include <string.h>

#include "base/io.h"
#include "base/text.h"
#include "config/expand.h"
#include "config/zone.h"

#define FILE_MOST  (256u << 10)
#define LOCAL_FILE "/etc/localtime"

static const char *const directories[] = {
        "/usr/share/zoneinfo",
        "/usr/lib/zoneinfo",
        "/usr/share/lib/zoneinfo",
};

/* "Europe/Berlin": nothing that leads out of the directory. */
static bool is_name(const char *name) {
        size_t n = strlen(name);

        return n > 0 && n < ZONE_NAME_MAX && *name != '/' && !strstr(name, "..") &&
               strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_+-") == n;
}

static int open_file(const char *path, struct zone *z) {
        autofree char *data = NULL;
        size_t size;
        int r = io_read_file(path, FILE_MOST, &data, &size);

        if (r >= 0)
                r = zone_parse(data, size, z);
        if (r >= 0)
                z->data = TAKE(data);
        return r;
}

static int open_named(const char *name, struct zone *z) {
        int r = is_name(name) ? -ENOENT : -EINVAL;

        for (size_t i = 0; i < countof(directories) && r == -ENOENT; i++) {
                char path[128];

                (void) snprintf(path, sizeof(path), "%s/%s", directories[i], name);
                r = open_file(path, z);
        }
        return r;
}

/* TZ= names a file of the database, or a file, or is the rule itself; all of them may begin with a colon. As
 * in the C library, what cannot be read is UTC. */
static int open_local(char *const *environment, struct zone *z) {
        const char *name = expand_variable(environment, "TZ", 2);
        int r;

        if (!name)
                r = open_file(LOCAL_FILE, z);
        else {
                name += *name == ':';
                r = *name == '/' ? open_file(name, z) : open_named(name, z);
                if (r < 0 && r != -ENOMEM && zone_parse_rule(name, &z->rule) == 0)
                        r = 0;
        }
        return r == -ENOMEM ? r : 0;
}

bool zone_is_known(const char *name) {
        struct zone z = {};

        if (strcmp(name, "UTC") == 0)
                return true;
        if (open_named(name, &z) < 0)
                return false;
        zone_close(&z);
        return true;
}

int zone_open(const char *name, char *const *environment, struct zone *ret) {
        struct zone z = {};
        int r = 0;

        if (!name)
                r = open_local(environment, &z);
        else if (strcmp(name, "UTC") != 0)
                r = open_named(name, &z);
        if (r < 0)
                return r;
        if (name)
                (void) snprintf(z.name, sizeof(z.name), "%s", name);
        *ret = z;
        return 0;
}

void zone_close(struct zone *zone) {
        free(zone->data);
        *zone = (struct zone){};
}
