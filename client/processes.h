/* Processes as /proc shows them to us, for what tend does not look up itself: the figures of units without a
 * cgroup, and who is whose child. */
#pragma once

#include "client/snapshot.h"

struct process {
        pid_t pid, parent, session;
        uint64_t tasks, memory; /* bytes, what is shared counted whole */
        usec_t cpu;
};

/* Whether our /proc has the same numbers as tend's: we are in its PID namespace. */
bool processes_are_ours(const struct snapshot *s, const struct link *l);

/* 0 or a negative errno. */
int process_read(pid_t pid, struct process *ret) must_check;

/* Fills the figures of those units in that have none, from who belongs to them by descent and session. */
void processes_measure(struct snapshot *s, const struct link *l);
