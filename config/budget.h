/* What a service or a slice may use, in the words of systemd.resource-control(5). A unit has one only where
 * something of it is set: unit->budget is NULL elsewhere. All zero is unset. */
#pragma once

#include <sched.h>

#include "config/unit.h"

enum amount_kind { AMOUNT_UNSET, AMOUNT_EXACT, AMOUNT_SHARE, AMOUNT_INFINITY };

/* So much of something, or such a part of what the container has of it. */
struct amount {
        uint64_t value; /* bytes, processes; of a share: hundredths of a percent */
        uint8_t kind;   /* enum amount_kind */
};

#define AMOUNT_WHOLE 10000 /* a share of everything */

/* clang-format off */
#define OOM_POLICIES(X)                                                                                      \
        X(UNSET, "")                                                                                         \
        X(CONTINUE, "continue")                                                                              \
        X(STOP, "stop")                                                                                      \
        X(KILL, "kill")
#define BUDGET_POLICIES(X)                                                                                   \
        X(BEST_EFFORT, "best-effort")                                                                        \
        X(REQUIRE, "require")
/* What is limited for each device: name, key. */
#define DEVICE_LIMITS(X)                                                                                     \
        X(WEIGHT, "IODeviceWeight")                                                                          \
        X(LATENCY, "IODeviceLatencyTargetSec")                                                               \
        X(READ_BYTES, "IOReadBandwidthMax")                                                                  \
        X(WRITE_BYTES, "IOWriteBandwidthMax")                                                                \
        X(READ_OPERATIONS, "IOReadIOPSMax")                                                                  \
        X(WRITE_OPERATIONS, "IOWriteIOPSMax")
/* The controllers of cgroup v2 that carry budgets out. */
#define CONTROLLERS(X)                                                                                       \
        X(MEMORY, "memory")                                                                                  \
        X(PIDS, "pids")                                                                                      \
        X(CPU, "cpu")                                                                                        \
        X(CPUSET, "cpuset")                                                                                  \
        X(IO, "io")
/* clang-format on */
#define PRESSURE_WATCHES(X)                                                                                  \
        X(AUTO, "auto")                                                                                      \
        X(ON, "on")                                                                                          \
        X(OFF, "off")                                                                                        \
        X(SKIP, "skip")
#define QUOTA_FALLBACKS(X)                                                                                   \
        X(NONE, "none")                                                                                      \
        X(SIGNALS, "signals")
#define ENUM_OOM(name, word)        OOM_##name,
#define ENUM_POLICY(name, word)     BUDGET_##name,
#define ENUM_DEVICE(name, word)     DEVICE_##name,
#define ENUM_CONTROLLER(name, word) CONTROLLER_##name,
#define ENUM_FALLBACK(name, word)   QUOTA_FALLBACK_##name,
#define ENUM_PRESSURE(name, word)   PRESSURE_##name,
enum pressure_watch { PRESSURE_WATCHES(ENUM_PRESSURE) };
enum quota_fallback { QUOTA_FALLBACKS(ENUM_FALLBACK) };
enum oom_policy { OOM_POLICIES(ENUM_OOM) };
enum budget_policy { BUDGET_POLICIES(ENUM_POLICY) };
enum device_limit_kind { DEVICE_LIMITS(ENUM_DEVICE) DEVICE_LIMIT_COUNT };
enum controller { CONTROLLERS(ENUM_CONTROLLER) CONTROLLER_COUNT };

struct device_limit {
        struct device_limit *next; /* owned; in the order of the files */
        uint64_t value;            /* UINT64_MAX: none; microseconds of DEVICE_LATENCY */
        uint8_t kind;              /* enum device_limit_kind */
        char path[];               /* of the device, or of any file on it */
};

#define ROOT_SLICE "-.slice" /* the container itself */

#define WEIGHT_IDLE UINT32_MAX /* CPUWeight=idle */

struct budget {
        struct amount memory_min, memory_low, memory_high, memory_max, swap_max, zswap_max;
        struct amount startup_low, startup_high, startup_max, startup_swap_max, startup_zswap_max;
        struct amount tasks_max;
        uint64_t cpu_quota;             /* hundredths of a percent of one processor; 0: none */
        usec_t cpu_period;              /* CPUQuotaPeriodSec=; 0: the usual one */
        usec_t pressure_threshold;      /* MemoryPressureThresholdSec=; 0: the usual one */
        unsigned cpu_weight, io_weight; /* 1 to 10000; 0: the usual one */
        unsigned startup_cpu_weight, startup_io_weight;
        cpu_set_t *cpus, *nodes; /* owned; NULL: all */
        cpu_set_t *startup_cpus, *startup_nodes;
        struct device_limit *devices; /* owned */
        char *slice;                  /* owned; "workers.slice"; NULL: none */
        uint32_t delegated;           /* bit N: enum controller, with Delegate= */
        bool delegate;
        uint8_t oom_policy;     /* enum oom_policy; unset: see budget_oom_policy() */
        uint8_t policy;         /* enum budget_policy */
        uint8_t pressure_watch; /* enum pressure_watch */
        uint8_t quota_fallback; /* enum quota_fallback; where there is no cgroup for CPUQuota= */
        bool memory_accounting, cpu_accounting, io_accounting, tasks_accounting;
};

struct budget *budget_free(struct budget *b);

/* One like it, of its own; one of nothing where `b` is NULL. NULL without memory. */
struct budget *budget_copy(const struct budget *b) must_check;

/* The name of the slice that the unit, or the slice, lies in, which the caller frees; NULL where that is the
 * container's own cgroup. 0 or -ENOMEM. */
int budget_slice(const struct unit *u, char **ret) must_check;

/* What it is when it says nothing: continue for what is delegated, else stop. `b` may be NULL. */
enum oom_policy budget_oom_policy(const struct budget *b);

const char *controller_word(enum controller c);
