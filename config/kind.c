#include <string.h>

#include "base/text.h"
#include "config/kind.h"

/* clang-format off */
const struct unit_kind unit_kinds[] = {
        /* suffix     section    target            of_files  of_tend_ini */
        { ".service", "Service", NULL,             true,     true  },
        { ".target",  NULL,      NULL,             true,     false },
        { ".timer",   "Timer",   "timers.target",  true,     true  },
        { ".path",    "Path",    "paths.target",   false,    false },
        { ".socket",  "Socket",  "sockets.target", false,    false },
        {},
};
/* clang-format on */

const struct unit_kind *unit_kind(const char *name) {
        for (const struct unit_kind *k = unit_kinds; k->suffix; k++)
                if (text_ends(name, k->suffix))
                        return k;
        return NULL;
}

bool unit_kind_has(const struct unit_kind *k, const char *section) {
        return strcmp(section, "Unit") == 0 || strcmp(section, "Install") == 0 ||
               (k && k->section && strcmp(section, k->section) == 0);
}
