/* Who is there besides the processes that tend started: children of services, what a dead one left behind.
 * Taken from /proc, for the whole container at once, only when somebody has to be killed or waited for. A
 * process belongs to a service by descent from its processes, by session, or by INVOCATION_ID in its
 * environment, which survives double forks and setsid. */
#pragma once

#include <sys/types.h>

#include "base/def.h"

struct manager;
struct service;

struct census_entry {
        pid_t pid, parent, session;
        struct service *owner; /* NULL: nobody's of those that are being ended */
        bool is_named;         /* somebody's INVOCATION_ID is in its environment */
};

struct census {
        struct census_entry *list; /* owned */
        size_t n, room;
        bool has_unread; /* an environment was empty, as it is in the middle of an execve(2): look again */
        bool has_hidden; /* somebody is not shown: hidepid= without CAP_SYS_PTRACE; not taken back here */
        int spare[2];    /* descriptors, 0: none; see census_hold() */
};

/* Keeps as many descriptors as a census needs, or gives them back for one: else a full table would leave tend
 * blind. */
void census_hold(struct census *c, const struct manager *m);
void census_release(struct census *c);

/* All processes but tend's own and those it started, with their owners. 0, -ENOMEM, or another negative errno
 * where /proc cannot be read. */
int census_take(struct census *c, struct manager *m) must_check;

/* The same for our direct children only, which is quick: what a dead process leaves behind is always handed
 * to us. */
int census_take_orphans(struct census *c, struct manager *m) must_check;

/* The service of a process by descent alone; NULL where it is nobody's or gone. */
struct service *census_owner(struct manager *m, pid_t pid);

/* Whether it carries the marks of the service's present run: its session or its INVOCATION_ID. */
bool census_is_marked(const struct service *s, pid_t pid);

/* Whom the cgroups of those that wait hold, in place of what was found of them otherwise. 0, -ENOMEM or
 * another negative errno. */
int census_take_boxes(struct census *c, struct manager *m) must_check;

void census_done(struct census *c);
