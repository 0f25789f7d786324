#include "supervisor/sample.h"

#define TOO_NEAR 80 /* percent of a limit */

/* How long until the next round, by how near a limit somebody is: a hog that takes a gigabyte a second is
 * found within half a second wherever it begins. */
static const struct {
        unsigned closeness;
        usec_t interval;
        unsigned dearest; /* the interval is at least so many times what a round costs */
} rounds[] = {
        { TOO_NEAR, 50 * USEC_PER_MSEC, 25 },
        { 50, 200 * USEC_PER_MSEC, 250 },
        { 0, 500 * USEC_PER_MSEC, 250 },
};

#define WHOLE 10000 /* of a processor, in hundredths of a percent */

bool sample_wants_proportional(const struct sample_limits *l, uint64_t resident) {
        return resident > l->memory;
}

enum sample_verdict sample_judge(const struct sample_limits *l, const struct sample *s) {
        if (s->tasks > l->tasks)
                return SAMPLE_OVER_TASKS;
        if (sample_wants_proportional(l, s->resident) && s->proportional > l->memory)
                return SAMPLE_OVER_MEMORY;
        return SAMPLE_FINE;
}

static unsigned percent(uint64_t value, uint64_t limit) {
        if (limit == SAMPLE_NO_LIMIT)
                return 0;
        if (value >= limit)
                return 100;
        return limit > UINT64_MAX / 100 ? (unsigned) (value / (limit / 100))
                                        : (unsigned) (value * 100 / limit);
}

unsigned sample_closeness(const struct sample_limits *l, const struct sample *s) {
        uint64_t memory = sample_wants_proportional(l, s->resident) ? s->proportional : s->resident;
        unsigned by_memory = percent(memory, l->memory), by_tasks = percent(s->tasks, l->tasks);

        return MAX(by_memory, by_tasks);
}

usec_t sample_interval(unsigned closeness, usec_t cost) {
        size_t i = 0;

        while (closeness < rounds[i].closeness)
                i++;
        return MAX(rounds[i].interval, cost * rounds[i].dearest);
}

bool sample_may_exceed(const struct sample_limits *l, uint64_t tasks, uint64_t given_out) {
        return l->tasks != SAMPLE_NO_LIMIT && (tasks > l->tasks || given_out > l->tasks - tasks);
}

static usec_t share_of(usec_t span, uint64_t quota) {
        return span / WHOLE * quota + span % WHOLE * quota / WHOLE;
}

bool quota_stops(struct quota_account *a, uint64_t quota, usec_t now, usec_t used) {
        a->used += used;
        if (a->used + share_of(QUOTA_PERIOD, quota) < share_of(now - a->begun, quota)) {
                a->begun = now - QUOTA_PERIOD;
                a->used = 0;
        }
        a->is_stopped = a->used > share_of(now - a->begun, quota);
        return a->is_stopped;
}
