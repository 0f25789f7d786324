#include "control/clocks.h"
#include "base/clock.h"

struct clocks clocks_read(const struct manager *m) {
        return (struct clocks){ .now = manager_now(m), .real = clock_real() };
}

usec_t clocks_real(const struct clocks *c, usec_t at) {
        if (at == 0 || at == USEC_INFINITY)
                return 0;
        return at <= c->now ? usec_sub(c->real, c->now - at) : usec_add(c->real, at - c->now);
}
