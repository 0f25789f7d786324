#include "supervisor/timers.h"
#include "tests/unit/test.h"

#define N_TIMERS 50
#define STEPS    40000

static uint32_t next_random(uint32_t *seed) {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 17;
        *seed ^= *seed << 5;
        return *seed;
}

/* The same timers as a plain list of deadlines. */
struct model {
        struct timer timers[N_TIMERS];
        usec_t at[N_TIMERS]; /* USEC_INFINITY: not armed */
};

static usec_t earliest(const struct model *m) {
        usec_t at = USEC_INFINITY;

        for (size_t i = 0; i < N_TIMERS; i++)
                at = MIN(at, m->at[i]);
        return at;
}

static void check_same(const struct timers *t, const struct model *m, unsigned step) {
        uint32_t armed = 0;

        CHECK(timers_next(t) == earliest(m), "step %u", step);
        for (size_t i = 0; i < N_TIMERS; i++) {
                const struct timer *timer = &m->timers[i];
                armed += m->at[i] != USEC_INFINITY;
                if (!CHECK((timer->slot != TIMER_IDLE) == (m->at[i] != USEC_INFINITY), "step %u", step))
                        continue;
                if (timer->slot != TIMER_IDLE)
                        CHECK(t->heap[timer->slot] == timer && timer->at == m->at[i], "step %u", step);
        }
        CHECK(t->n == armed, "step %u", step);
}

static void take_due(struct timers *t, struct model *m, usec_t now, unsigned step) {
        usec_t next = earliest(m);
        struct timer *due = timers_take_due(t, now);

        CHECK((due != NULL) == (next <= now), "step %u", step);
        if (!due)
                return;
        usec_t *at = &m->at[due - m->timers];
        CHECK(*at == next, "step %u", step);
        *at = USEC_INFINITY;
}

TEST(timers_are_as_a_plain_list) {
        struct timers t = {};
        struct model m;
        uint32_t seed = 7;
        usec_t now = 0;

        for (size_t i = 0; i < N_TIMERS; i++) {
                m.timers[i].slot = TIMER_IDLE;
                m.at[i] = USEC_INFINITY;
        }
        if (!CHECK(timers_reserve(&t, N_TIMERS) == 0))
                return;
        for (unsigned step = 0; step < STEPS; step++) {
                uint32_t i = next_random(&seed) % N_TIMERS, what = next_random(&seed) % 8;
                usec_t at = what == 0 ? USEC_INFINITY : now + next_random(&seed) % 500;
                if (what <= 3) {
                        timers_arm(&t, &m.timers[i], at);
                        m.at[i] = at;
                } else if (what == 4) {
                        timers_disarm(&t, &m.timers[i]);
                        m.at[i] = USEC_INFINITY;
                } else if (what == 5)
                        now += next_random(&seed) % 100;
                else
                        take_due(&t, &m, now, step);
                check_same(&t, &m, step);
        }
        timers_done(&t);
}

TEST(timers_come_out_in_their_order) {
        struct timers t = {};
        struct timer timers[N_TIMERS];
        uint32_t seed = 9;
        usec_t before = 0;

        if (!CHECK(timers_reserve(&t, 1) == 0 && timers_reserve(&t, N_TIMERS) == 0 &&
                   timers_reserve(&t, 3) == 0))
                return;
        CHECK(t.room == N_TIMERS);
        CHECK(timers_next(&t) == USEC_INFINITY && !timers_take_due(&t, USEC_INFINITY));
        for (size_t i = 0; i < N_TIMERS; i++) {
                timers[i].slot = TIMER_IDLE;
                timers_arm(&t, &timers[i], next_random(&seed) % 20); /* many at the same time */
        }
        for (size_t i = 0; i < N_TIMERS; i++) {
                const struct timer *due = timers_take_due(&t, 20);
                if (!CHECK(due, "timer %zu", i))
                        break;
                CHECK(due->at >= before && due->slot == TIMER_IDLE, "timer %zu", i);
                before = due->at;
        }
        CHECK(!timers_take_due(&t, USEC_INFINITY));
        timers_done(&t);
}
