/* Units as tend tells of them at one moment. */
#pragma once

#include "client/link.h"
#include "control/live-status.h"

struct snapshot {
        struct live_container container;
        struct live_status *units; /* owned; texts in it are borrowed from the link's last answer */
        size_t n;
};

/* Of the units that fit one of the patterns, glob(7); n_patterns 0: of all. What it held before goes. 0,
 * or as link_finish(). */
int snapshot_take(struct snapshot *s, struct link *l, const char *const *patterns,
                  size_t n_patterns) must_check;
void snapshot_done(struct snapshot *s);

#define autosnapshot __attribute__((cleanup(snapshot_done)))
