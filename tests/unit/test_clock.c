#include <fcntl.h>

#include "base/clock.h"
#include "tests/unit/test.h"

TEST(clock_goes_on) {
        usec_t a = clock_monotonic(), b = clock_monotonic();

        CHECK(a > 0 && b >= a);
        CHECK(clock_real() > 50 * 365 * USEC_PER_DAY, "microseconds since 1970");
        CHECK(clock_process() <= clock_monotonic(), "one thread cannot use more than there was");
}

/* With nothing to read: when it comes back is as said; with something, at once. */
TEST(clock_poll_waits_until) {
        int ends[2];
        if (!CHECK(pipe2(ends, O_CLOEXEC) == 0))
                return;
        struct pollfd p = { .fd = ends[0], .events = POLLIN };
        usec_t begun = clock_monotonic();

        CHECK(clock_poll(&p, 1, 0) == 0 && clock_poll(&p, 1, begun) == 0, "the past");
        CHECK(clock_poll(&p, 1, begun + 2 * USEC_PER_MSEC) == 0);
        CHECK(clock_monotonic() >= begun + 2 * USEC_PER_MSEC, "not too early");
        CHECK(clock_poll(NULL, 0, begun) == 0, "nothing but the time");

        CHECK(write(ends[1], "x", 1) == 1);
        CHECK(clock_poll(&p, 1, USEC_INFINITY) == 1);
        CHECK(clock_poll(&p, 1, 0) == 1);
        CHECK(p.revents == POLLIN);
        (void) close(ends[0]);
        (void) close(ends[1]);
}
