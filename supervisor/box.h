/* The cgroup of a service, where tend can have them: made before its first process, kept over restarts,
 * removed when it has come to rest. So nothing of it gets lost, all of it ends at once, and the kernel keeps
 * its budget. */
#pragma once

#include <limits.h>
#include <sys/types.h>

#include "supervisor/cgroup.h"

struct budget;
struct config;
struct manager;
struct service;

struct box {
        int watch;                /* of its memory.events; -1: none */
        uint64_t ooms, oom_kills; /* as last read */
};

/* What it uses and has used; UINT64_MAX: not known. */
struct usage {
        usec_t cpu;
        uint64_t memory, memory_most; /* bytes, now and at most */
        uint64_t tasks, tasks_most;
};

/* How a budget is kept. */
struct kept {
        enum tier tier;
        const char *why, *hint; /* below TIER_KERNEL: why, and what would change it; static; may be NULL */
};

/* What the unit asks for with that setting (a key). */
struct kept box_kept(const struct cgroups *c, const struct unit *u, const char *setting);

/* Its directory, for a new process, made where it is not there yet: a descriptor, 0 where services have none
 * here, or a negative errno. Says which budgets cannot be kept. */
int box_open(struct service *s) must_check;

/* Why the service must not start, as BudgetPolicy=require wants it kept by the kernel; `why` is NULL where it
 * may.
 */
struct kept box_objection(const struct service *s);

/* Somebody lives in it, or below. */
bool box_is_populated(const struct service *s);

/* Calls `found` for each process in it and below, tend's own children included. 0 or a negative errno. */
int box_each(const struct service *s, int (*found)(void *context, pid_t pid), void *context) must_check;

/* SIGKILL to all of it at once. */
void box_kill(const struct service *s);

struct usage box_usage(const struct service *s);

/* Where it is, below the container's own cgroup; "": it has none. Returns `path`. */
const char *box_path(const struct service *s, char path[PATH_MAX]);

/* It has come to rest: what it has used is said, and the cgroup goes, unless somebody still lives in it. */
void box_close(struct service *s);

/* Only the memory. */
struct box *box_free(struct box *b);

/* The unit is about to become `u`, which differs in its budget at the most: the kernel is told. */
void box_change(struct service *s, const struct unit *u);

/* Its budget becomes another: the kernel is told, where somebody lies in it. */
void box_change_slice(struct manager *m, const char *name, const struct budget *before,
                      const struct budget *now);

/* The slices of `config` are what counts now; before it was `older`, or none. */
void box_change_slices(struct manager *m, const struct config *older);

/* All services are up: the startup budgets are over. */
void box_settle(struct manager *m);

/* What all units together need is divided; and one line for each service whose budget is not kept. */
void box_prepare(struct manager *m, const struct config *c);
