#include "supervisor/ground.h"
#include "tests/unit/test.h"

/* PID 1 of a container with cgroups that may be written to. */
#define FINE .is_pid1 = true, .has_cgroup2 = true

static const struct {
        struct ground_facts facts;
        enum tier tier;
        bool mounts;
        const char *why, *hint;
} containers[] = {
        { { FINE }, TIER_KERNEL, false, NULL, NULL },
        { { FINE, .may_mount = true }, TIER_KERNEL, false, NULL, NULL },
        { { FINE, .is_read_only = true, .may_mount = true }, TIER_KERNEL, true, NULL, NULL },
        { { FINE, .is_read_only = true, .engine = ENGINE_PODMAN },
          TIER_NONE,
          false,
          "/sys/fs/cgroup is mounted read-only",
          "unmask" },
        { { FINE, .is_read_only = true, .engine = ENGINE_DOCKER },
          TIER_NONE,
          false,
          "/sys/fs/cgroup is mounted read-only",
          "writable-cgroups=true" },
        { { FINE, .is_read_only = true, .engine = ENGINE_KUBERNETES },
          TIER_NONE,
          false,
          "/sys/fs/cgroup is mounted read-only",
          "cgroup_writable" },
        { { FINE, .is_read_only = true, .engine = ENGINE_UNKNOWN },
          TIER_NONE,
          false,
          "/sys/fs/cgroup is mounted read-only",
          "a writable /sys/fs/cgroup" },
        { { FINE, .is_refused = true }, TIER_NONE, false, "belongs to another user", NULL },
        { { FINE, .is_shared = true, .engine = ENGINE_PODMAN },
          TIER_NONE,
          false,
          "share its cgroup",
          "--cgroups=enabled" },
        /* What is not ours is not mounted anew either. */
        { { FINE, .is_shared = true, .is_read_only = true, .may_mount = true },
          TIER_NONE,
          false,
          "share its cgroup",
          NULL },
        { { FINE, .is_outside = true, .may_mount = true, .engine = ENGINE_DOCKER },
          TIER_NONE,
          false,
          "those of the host",
          "--cgroupns" },
        { { FINE, .is_threaded = true }, TIER_NONE, false, "threaded", NULL },
        { { .is_pid1 = true }, TIER_NONE, false, "no cgroup v2", NULL },
        { { .is_pid1 = true, .has_proc = true }, TIER_SAMPLED, false, "no cgroup v2", NULL },
        { { FINE, .has_proc = true }, TIER_KERNEL, false, NULL, NULL },
        { { .has_cgroup2 = true, .may_mount = true }, TIER_NONE, false, "not PID 1", NULL },
};

TEST(ground_of_containers) {
        for (size_t i = 0; i < countof(containers); i++) {
                struct ground g = ground_decide(&containers[i].facts);

                CHECK(g.tier == containers[i].tier && g.mounts == containers[i].mounts, "row %zu", i);
                CHECK(!g.why == !containers[i].why && (!g.why || strstr(g.why, containers[i].why)),
                      "row %zu: %s", i, g.why ? g.why : "-");
                CHECK(!g.hint == !containers[i].hint && (!g.hint || strstr(g.hint, containers[i].hint)),
                      "row %zu: %s", i, g.hint ? g.hint : "-");
        }
}

TEST(ground_engines) {
        CHECK(ground_engine("podman", false, false, false) == ENGINE_PODMAN);
        CHECK(ground_engine("oci", false, true, false) == ENGINE_PODMAN);
        CHECK(ground_engine(NULL, true, false, false) == ENGINE_DOCKER);
        CHECK(ground_engine(NULL, true, false, true) == ENGINE_KUBERNETES);
        CHECK(ground_engine("systemd-nspawn", false, false, false) == ENGINE_NSPAWN);
        CHECK(ground_engine("lxc", false, false, false) == ENGINE_LXC);
        CHECK(ground_engine(NULL, false, false, false) == ENGINE_UNKNOWN);
}
