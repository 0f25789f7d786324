/* The run-time side of path units. A .path is a service without a process, active while it watches; what it
 * has besides is a lookout. It watches while what it starts is down, and looks anew when that has come to
 * rest, as systemd does: what changes in between is not a reason to start it again, what is there then is.
 *
 * Events, and what other services do, are noted down; the looking is done by a source of its own in the loop,
 * so that nothing is asked in the middle of a step. */
#pragma once

#include <systemd/sd-event.h>

#include "supervisor/job.h"
#include "supervisor/trail.h"

struct manager;
struct lookout;

struct lookouts {
        struct lookout *list;              /* owned, and those that follow; in the order of the files */
        struct trails trails;              /* of all of them */
        sd_event_source *events, *looking; /* owned; NULL until the first path unit is up */
        struct job_hook hook;
        bool is_hooked;
};

void lookouts_init(struct lookouts *l);
void lookouts_done(struct lookouts *l);

/* Gives a .path its lookout, and takes it. 0 or -ENOMEM. */
int lookout_new(struct service *s) must_check;
void lookout_free(struct service *s);

/* A service, a path or what one starts, has taken a step from `before`. */
void lookout_heed(struct service *s, enum state before);

/* The deadline of a path that is up is over. */
void lookout_due(struct service *s);

/* What it starts is running, or about to; else it watches. Of a path that is up. */
bool lookout_is_running(const struct service *s);
