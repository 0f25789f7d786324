/* How all units came up, as tend has kept it. */
#pragma once

#include "client/link.h"
#include "control/live-history.h"

struct record {
        struct live_start start;
        struct live_history *units; /* owned; texts in it are borrowed from the link's last answer */
        size_t n;
        uint32_t *after; /* owned; by place in `units`: those that unit i is ordered after are at */
        size_t *first;   /* owned; first[i] … first[i + 1] - 1 */
};

/* Asks tend. 0, or as link_finish(). What it held before goes. */
int record_take(struct record *r, struct link *l) must_check;

/* The same out of the answer. 0, -ENOMEM, or -EBADMSG: it does not come whole, or names a place that is none.
 */
int record_read(struct record *r, struct wire_in *in) must_check;
void record_done(struct record *r);

#define autorecord __attribute__((cleanup(record_done)))

/* `name` may lack its ".service". SIZE_MAX: there is none. */
size_t record_find(const struct record *r, const char *name);
