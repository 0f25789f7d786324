#include "supervisor/throttle.h"
#include "tests/unit/test.h"

TEST(throttle_counts_within_its_interval) {
        struct throttle t = {};
        usec_t now = 5;

        for (unsigned i = 0; i < 20; i++)
                CHECK(throttle_allows(&t, 2 * USEC_PER_SEC, 20, now++), "%u", i);
        CHECK(!throttle_allows(&t, 2 * USEC_PER_SEC, 20, now));
        CHECK(!throttle_allows(&t, 2 * USEC_PER_SEC, 20, 5 + 2 * USEC_PER_SEC)); /* still within */
        CHECK(throttle_allows(&t, 2 * USEC_PER_SEC, 20, 6 + 2 * USEC_PER_SEC));
        for (unsigned i = 1; i < 20; i++)
                CHECK(throttle_allows(&t, 2 * USEC_PER_SEC, 20, 7 + 2 * USEC_PER_SEC), "%u", i);
        CHECK(!throttle_allows(&t, 2 * USEC_PER_SEC, 20, 7 + 2 * USEC_PER_SEC));
}

TEST(throttle_without_a_limit) {
        struct throttle t = {};

        for (unsigned i = 0; i < 1000; i++)
                CHECK(throttle_allows(&t, 0, 1, 1) && throttle_allows(&t, 1, 0, 1), "%u", i);
}
