/* Budgets without cgroups: what is decided about samples of a service's processes. Pure; sampler.c takes
 * the samples. */
#pragma once

#include "base/def.h"

#define SAMPLE_NO_LIMIT UINT64_MAX

struct sample_limits {
        uint64_t memory; /* bytes; SAMPLE_NO_LIMIT */
        uint64_t tasks;  /* processes and threads; SAMPLE_NO_LIMIT */
        uint64_t quota;  /* of one processor, in hundredths of a percent; SAMPLE_NO_LIMIT */
};

/* A service as a round has found it. */
struct sample {
        uint64_t tasks;
        uint64_t resident;     /* bytes, what is shared counted for each: never less than `proportional` */
        uint64_t proportional; /* bytes, what is shared counted in parts (PSS); only where
                                  sample_wants_proportional() */
};

enum sample_verdict {
        SAMPLE_FINE,
        SAMPLE_OVER_MEMORY, /* MemoryMax= */
        SAMPLE_OVER_TASKS,  /* TasksMax= */
};

/* Whether the cheap count is no proof that it is below its limit. */
bool sample_wants_proportional(const struct sample_limits *l, uint64_t resident);

enum sample_verdict sample_judge(const struct sample_limits *l, const struct sample *s);

/* How near it is to the nearer of its limits, in percent of it; 0 without limits. */
unsigned sample_closeness(const struct sample_limits *l, const struct sample *s);

/* When the next round is due after one of that closeness, which cost `cost` of processor time: never so soon
 * that sampling takes more than its share, 0.4 %, but near a limit 4 %. */
usec_t sample_interval(unsigned closeness, usec_t cost);

/* So many process numbers have been given out since the last round, in which the service had `tasks`: can it
 * have more than its limit now? What can is looked at before its round is due. */
bool sample_may_exceed(const struct sample_limits *l, uint64_t tasks, uint64_t given_out);

/* The account of CPUQuota= kept by stopping and going on. */
#define QUOTA_PERIOD (100 * USEC_PER_MSEC)
struct quota_account {
        usec_t begun; /* of the account */
        usec_t used;  /* processor time since then */
        bool is_stopped;
};

/* Whether it is to stand still now, having used `used` more since the last time. What is not used is saved
 * for one period, no longer. All zero but `begun` at first. */
bool quota_stops(struct quota_account *a, uint64_t quota, usec_t now, usec_t used);
