/* What is asked of tend for one unit besides its status. */
#pragma once

#include "client/detail.h"
#include "client/link.h"

struct detail_asked {
        char **triggers, **triggered_by; /* owned; names of units */
        struct detail_process *list;     /* owned, and each command */
        size_t n;
};

/* Of the unit of that full name: its own copies of all. 0, or as link_finish(). */
int detail_ask(struct link *l, const char *unit, struct detail_asked *ret) must_check;
void detail_asked_done(struct detail_asked *d);

/* Who is whose child, where our /proc is tend's. */
void detail_find_parents(struct detail_asked *d);
