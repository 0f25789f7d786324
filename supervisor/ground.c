#include "supervisor/ground.h"

#include <string.h>

#define ENGINE_WORD(name, word) [ENGINE_##name] = (word),
static const char *const engine_words[] = { ENGINES(ENGINE_WORD) };

const char *ground_tier_word(enum tier tier) {
        return tier == TIER_KERNEL ? "kernel" : tier == TIER_SAMPLED ? "sampled" : "none";
}

/* What makes /sys/fs/cgroup writable. */
static const char *const writable[ENGINE_COUNT] = {
        [ENGINE_UNKNOWN] = "a writable /sys/fs/cgroup in a cgroup namespace of the container's own",
        [ENGINE_DOCKER] = "docker run --security-opt writable-cgroups=true",
        [ENGINE_PODMAN] =
                "podman run --security-opt unmask=/sys/fs/cgroup, or /sbin/init for the command's name",
        [ENGINE_KUBERNETES] = "cgroup_writable = true for the runtime in containerd's configuration",
        [ENGINE_NSPAWN] = "systemd-nspawn --boot, or Delegate=yes in its unit",
        [ENGINE_LXC] = "lxc.mount.auto = cgroup2:rw",
};

/* The same for a cgroup that is the container's alone. */
static const char *const own[ENGINE_COUNT] = {
        [ENGINE_DOCKER] = "docker run --cgroupns=private",
        [ENGINE_PODMAN] = "podman run --cgroupns=private --cgroups=enabled",
};

static bool is_anybody(const struct ground_facts *f) {
        return !f->is_pid1;
}

static bool has_none(const struct ground_facts *f) {
        return !f->has_cgroup2;
}

static bool is_outside(const struct ground_facts *f) {
        return f->is_outside;
}

static bool is_shared(const struct ground_facts *f) {
        return f->is_shared;
}

static bool is_threaded(const struct ground_facts *f) {
        return f->is_threaded;
}

static bool may_mount(const struct ground_facts *f) {
        return f->is_read_only && f->may_mount;
}

static bool is_read_only(const struct ground_facts *f) {
        return f->is_read_only;
}

static bool is_refused(const struct ground_facts *f) {
        return f->is_refused;
}

static bool is_fine(const struct ground_facts *f) {
        (void) f;
        return true;
}

/* clang-format off */
/* Read from the top. */
static const struct rule {
        bool (*when)(const struct ground_facts *f);
        enum tier tier;
        bool mounts;
        const char *why;
        const char *const *hints; /* by engine */
} rules[] = {
        { is_anybody,   TIER_NONE,   false, "tend is not PID 1 of a container", NULL },
        { has_none,     TIER_NONE,   false, "there is no cgroup v2 to be seen at /sys/fs/cgroup", NULL },
        { is_outside,   TIER_NONE,   false, "the cgroups at /sys/fs/cgroup are those of the host", own },
        { is_shared,    TIER_NONE,   false, "processes outside of the container share its cgroup", own },
        { is_threaded,  TIER_NONE,   false, "its cgroup is a threaded one", own },
        { may_mount,    TIER_KERNEL, true,  NULL, NULL },
        { is_read_only, TIER_NONE,   false, "/sys/fs/cgroup is mounted read-only", writable },
        { is_refused,   TIER_NONE,   false, "/sys/fs/cgroup belongs to another user", NULL },
        { is_fine,      TIER_KERNEL, false, NULL, NULL },
};
/* clang-format on */

struct ground ground_decide(const struct ground_facts *f) {
        const struct rule *r = rules;

        while (!r->when(f))
                r++;
        return (struct ground){
                .tier = r->tier == TIER_NONE && f->has_proc ? TIER_SAMPLED : r->tier,
                .mounts = r->mounts,
                .why = r->why,
                .hint = r->hints ? r->hints[f->engine] : NULL,
        };
}

enum engine ground_engine(const char *container, bool has_dockerenv, bool has_containerenv,
                          bool has_kubernetes) {
        if (has_kubernetes)
                return ENGINE_KUBERNETES;
        for (enum engine e = 0; container && e < ENGINE_COUNT; e++)
                if (engine_words[e] && strcmp(engine_words[e], container) == 0)
                        return e;
        return has_containerenv ? ENGINE_PODMAN : has_dockerenv ? ENGINE_DOCKER : ENGINE_UNKNOWN;
}
