/* tend's own place among the cgroups: where a kernel and a runtime let it, everything that runs in the
 * container is moved into a leaf at the start, so that below its cgroup each service can have one of its own
 * (box.h). */
#pragma once

#include <sys/types.h>

#include "supervisor/budget.h"
#include "supervisor/ground.h"

struct init;

struct cgroups {
        int root;             /* the container's own cgroup, a directory; -1: there is none to be had */
        uint32_t controllers; /* enabled below it: bit N for enum controller N */
        struct ground ground;
        char *seen; /* owned; where services see `root` and may write to what is theirs; NULL: nowhere */
        bool has_pressure; /* the kernel measures how long processes wait for memory */
        struct budget_whole whole;
        uint64_t ooms, oom_kills; /* of the container, as last read */
        bool starting;            /* the startup budgets count */
        bool samples;             /* processes can be looked at: /proc is ours */
};

/* Finds out and takes over. Never fails: what could not be done is in `ground`. */
void cgroup_open(struct cgroups *c, const struct init *init, char *const *environment);

/* What tend finds as PID 1 of the container that we are in, or would find, with all controllers that there
 * are: nothing is taken over, and `root` stays -1. */
void cgroup_survey(struct cgroups *c, char *const *environment);

/* Our own cgroup as a path, and how much of it leads to where cgroups are mounted; 0: none can be seen. */
size_t cgroup_own_path(char *path, size_t size) must_check;

/* Bit N: no cgroup of a service keeps what needs enum controller N. */
static inline uint32_t cgroup_unkept(const struct cgroups *c) {
        return c->ground.tier == TIER_KERNEL ? ~c->controllers : UINT32_MAX;
}

/* Sees to it that these controllers divide what is below; those that there are. */
void cgroup_enable(struct cgroups *c, uint32_t controllers);

/* Removes what tend has made, when nobody is left in it, and goes back to where it was. */
void cgroup_close(struct cgroups *c);

/* For box.c, relative to `root`. */
int cgroup_write(const struct cgroups *c, const char *group, const char *file, const char *text);
/* A number of a file of names and numbers: "oom_kill 3". 0 where it has none. */
uint64_t cgroup_count(const struct cgroups *c, const char *group, const char *file, const char *name);
/* Calls `found` (may be NULL) for each process in the group and below, and removes what is below. Of what
 * lies very deep neither is done. 0, a negative errno, or what `found` returned. */
int cgroup_walk(int root, const char *group, bool removes, int (*found)(void *context, pid_t pid),
                void *context);
/* rmdir, what is below first. 0 or a negative errno. */
int cgroup_remove(int root, const char *group);
/* "+memory +pids" to its subtree_control, one by one. */
void cgroup_divide(const struct cgroups *c, const char *group);
/* The opposite: nothing is below it any more that could go, and nothing is divided. */
void cgroup_unite(const struct cgroups *c, const char *group);
