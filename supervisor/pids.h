/* Which service a process belongs to that tend itself started: its main process or the command that runs for
 * it. A hash table whose room is made at load (two processes for each service at most), so that adding cannot
 * fail. */
#pragma once

#include <sys/types.h>

#include "base/def.h"

struct service;

struct pid_slot {
        pid_t pid;               /* 0: free */
        struct service *service; /* borrowed */
};

struct pids {
        struct pid_slot *slots; /* owned */
        uint32_t mask;          /* size - 1; the size is a power of two */
        uint32_t used;
};

/* Room for `n` processes. 0 or -ENOMEM (then it is as before). */
int pids_reserve(struct pids *p, uint32_t n) must_check;
void pids_done(struct pids *p);

/* Where far more are added than were reserved, one is not taken up: then it is nobody's. */
void pids_add(struct pids *p, pid_t pid, struct service *s);
void pids_remove(struct pids *p, pid_t pid);
struct service *pids_find(const struct pids *p, pid_t pid);
