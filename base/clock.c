#include <time.h>

#include "base/clock.h"

static usec_t read_clock(clockid_t clock) {
        struct timespec t = {};

        (void) clock_gettime(clock, &t);
        return (usec_t) t.tv_sec * USEC_PER_SEC + (usec_t) t.tv_nsec / 1000;
}

usec_t clock_monotonic(void) {
        return read_clock(CLOCK_MONOTONIC);
}

usec_t clock_real(void) {
        return read_clock(CLOCK_REALTIME);
}

usec_t clock_process(void) {
        return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

int clock_poll(struct pollfd *list, size_t n, usec_t until) {
        usec_t left = until > 0 && until != USEC_INFINITY ? usec_sub(until, clock_monotonic()) : 0;
        struct timespec t = { .tv_sec = (time_t) (left / USEC_PER_SEC),
                              .tv_nsec = (long) (left % USEC_PER_SEC) * 1000 };

        return ppoll(list, n, until == USEC_INFINITY ? NULL : &t, NULL);
}
