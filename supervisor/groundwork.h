/* Before the first service starts: what packages want to be there (prepare/). It is done by a process of its
 * own, as it waits for file systems; PID 1 goes on hearing signals, and starts nothing until it has ended or
 * has had its time. */
#pragma once

#include "supervisor/ending.h"
#include "supervisor/timers.h"

struct manager;

struct groundwork {
        pid_t pid; /* 0: none; nothing has to be waited for */
        struct timer limit;
};

/* Where Prepare= asks for it. */
void groundwork_begin(struct manager *m);

/* True where that was the process. */
bool groundwork_ended(struct manager *m, pid_t pid, struct ending e);

/* Its time is over. */
void groundwork_is_late(struct manager *m);
