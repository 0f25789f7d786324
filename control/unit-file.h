/* What there is on disk for a unit that the bus is asked about, loaded or not. Looked at when it is asked. */
#pragma once

#include "base/def.h"

struct manager;

struct unit_on_disk {
        char *path; /* owned; NULL: there is none */
        bool masked;
};

void unit_on_disk_find(const struct manager *m, const char *name, struct unit_on_disk *ret);

static inline void cleanup_on_disk(struct unit_on_disk *u) {
        free(u->path);
}
#define auto_on_disk __attribute__((cleanup(cleanup_on_disk)))

/* systemd's word for UnitFileState=: "enabled", "disabled", "static", "masked", …; "" where there is no file.
 */
const char *unit_file_state(const struct manager *m, const char *name);

/* The links by which it is enabled, for good or until the container ends; the caller frees with strv_free().
 * 0 or -ENOMEM. */
int unit_file_links(const char *name, bool runtime, char ***ret) must_check;

/* Its drop-ins in the order in which they are read; the caller frees with strv_free(). 0 or -ENOMEM. */
int unit_file_drop_ins(const struct manager *m, const char *name, char ***ret) must_check;
