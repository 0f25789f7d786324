/* What tend stands on: how far budgets can be kept here, why no further, and what would change that. Pure;
 * cgroup.c finds the facts. */
#pragma once

#include "base/def.h"

/* How a budget is kept. */
enum tier {
        TIER_UNASKED = 0, /* nobody has asked for it */
        TIER_KERNEL = 1,  /* by a cgroup of the service's own */
        TIER_SAMPLED = 2, /* by looking at its processes now and then */
        TIER_NONE = 3,
};

/* "kernel", "sampled", "none" */
const char *ground_tier_word(enum tier tier);

/* Who has made the container. */
#define ENGINES(X)                                                                                           \
        X(UNKNOWN, NULL)                                                                                     \
        X(DOCKER, "docker")                                                                                  \
        X(PODMAN, "podman")                                                                                  \
        X(KUBERNETES, "kubernetes")                                                                          \
        X(NSPAWN, "systemd-nspawn")                                                                          \
        X(LXC, "lxc")
#define ENUM_ENGINE(name, word) ENGINE_##name,
enum engine { ENGINES(ENUM_ENGINE) ENGINE_COUNT };

struct ground_facts {
        bool is_pid1;
        bool has_cgroup2;  /* it is mounted where we see it */
        bool is_outside;   /* what is mounted, or where we are in it, is outside of our cgroup namespace */
        bool is_read_only; /* the mount */
        bool may_mount;    /* CAP_SYS_ADMIN: we can have a mount of our own */
        bool is_shared;    /* with processes that are not in our PID namespace */
        bool is_refused;   /* the directory is not ours to write to */
        bool is_threaded;  /* threads alone may be divided in it */
        bool has_proc;     /* a /proc of our own: processes can be looked at */
        enum engine engine;
};

struct ground {
        enum tier tier;
        bool mounts;      /* by a mount of our own */
        const char *why;  /* not TIER_KERNEL; static */
        const char *hint; /* what would make it so; static; NULL: nothing is known to */
};

struct ground ground_decide(const struct ground_facts *f);

/* Of the word in $container, of the files that engines leave, of $KUBERNETES_SERVICE_HOST. */
enum engine ground_engine(const char *container, bool has_dockerenv, bool has_containerenv,
                          bool has_kubernetes);
