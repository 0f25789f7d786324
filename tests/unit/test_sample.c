/* What is decided about samples, and the account of a quota, in virtual time. */

#include "supervisor/sample.h"
#include "tests/unit/test.h"

#define MIB (1ULL << 20)
#define NO  SAMPLE_NO_LIMIT

TEST(sample_verdicts) {
        static const struct {
                struct sample_limits limits;
                struct sample sample;
                enum sample_verdict verdict;
                unsigned closeness;
                bool wants_proportional;
        } rows[] = {
                { { NO, NO, NO }, { 1000, 900 * MIB, 0 }, SAMPLE_FINE, 0, false },
                { { 100 * MIB, NO, NO }, { 1, 50 * MIB, 0 }, SAMPLE_FINE, 50, false },
                { { 100 * MIB, NO, NO }, { 1, 100 * MIB, 0 }, SAMPLE_FINE, 100, false },
                { { 100 * MIB, NO, NO }, { 4, 300 * MIB, 80 * MIB }, SAMPLE_FINE, 80, true },
                { { 100 * MIB, NO, NO }, { 4, 300 * MIB, 101 * MIB }, SAMPLE_OVER_MEMORY, 100, true },
                { { NO, 10, NO }, { 10, MIB, 0 }, SAMPLE_FINE, 100, false },
                { { NO, 10, NO }, { 11, MIB, 0 }, SAMPLE_OVER_TASKS, 100, false },
                { { 100 * MIB, 10, NO }, { 11, 300 * MIB, 200 * MIB }, SAMPLE_OVER_TASKS, 100, true },
                { { 100 * MIB, 10, NO }, { 2, 70 * MIB, 0 }, SAMPLE_FINE, 70, false },
                { { 1ULL << 62, NO, NO }, { 2, 1ULL << 61, 0 }, SAMPLE_FINE, 50, false },
                { { 0, NO, NO }, { 1, 4096, 4096 }, SAMPLE_OVER_MEMORY, 100, true },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                CHECK(sample_judge(&rows[i].limits, &rows[i].sample) == rows[i].verdict, "row %zu", i);
                CHECK(sample_closeness(&rows[i].limits, &rows[i].sample) == rows[i].closeness, "row %zu", i);
                CHECK(sample_wants_proportional(&rows[i].limits, rows[i].sample.resident) ==
                              rows[i].wants_proportional,
                      "row %zu", i);
        }
}

TEST(sample_is_fast_near_a_limit_and_cheap) {
        static const struct {
                unsigned closeness;
                usec_t cost, interval;
        } rows[] = {
                { 0, 100, 500000 },  { 49, 100, 500000 },  { 50, 100, 200000 },
                { 80, 100, 50000 },  { 100, 2000, 50000 }, { 100, 4000, 100000 },
                { 0, 2000, 500000 }, { 0, 4000, 1000000 }, { 60, 2000, 500000 },
        };

        for (size_t i = 0; i < countof(rows); i++)
                CHECK(sample_interval(rows[i].closeness, rows[i].cost) == rows[i].interval, "row %zu", i);
}

TEST(sample_counts_what_was_made) {
        static const struct sample_limits ten = { NO, 10, NO }, none = { NO, NO, NO };

        CHECK(!sample_may_exceed(&ten, 4, 6));
        CHECK(sample_may_exceed(&ten, 4, 7));
        CHECK(sample_may_exceed(&ten, 0, UINT64_MAX));
        CHECK(sample_may_exceed(&ten, 11, 0));
        CHECK(!sample_may_exceed(&none, UINT64_MAX, UINT64_MAX));
}

/* A process that takes all it is let, for ten seconds in steps of ten milliseconds. */
static usec_t run_against(uint64_t quota, usec_t idle_first) {
        struct quota_account a = { .begun = USEC_PER_SEC };
        usec_t step = 10 * USEC_PER_MSEC, used = 0, now = USEC_PER_SEC, begin;

        for (; now < USEC_PER_SEC + idle_first; now += step)
                CHECK(!quota_stops(&a, quota, now, 0));
        for (begin = now; now < begin + 10 * USEC_PER_SEC; now += step) {
                usec_t ran = a.is_stopped ? 0 : step;
                used += ran;
                (void) quota_stops(&a, quota, now + step, ran);
        }
        return used;
}

TEST(sample_keeps_a_quota) {
        static const uint64_t quotas[] = { 500, 2000, 5000, 9000 };

        for (size_t i = 0; i < countof(quotas); i++) {
                usec_t share = quotas[i] * USEC_PER_MSEC; /* of ten seconds */

                for (usec_t idle = 0; idle <= USEC_PER_MIN; idle += USEC_PER_MIN) {
                        usec_t used = run_against(quotas[i], idle);
                        CHECK(used >= share - share / 20 && used <= share + 110 * USEC_PER_MSEC, "row %zu",
                              i);
                }
        }
}
