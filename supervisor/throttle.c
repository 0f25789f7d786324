#include "supervisor/throttle.h"

bool throttle_allows(struct throttle *t, usec_t interval, unsigned burst, usec_t now) {
        if (interval == 0 || burst == 0)
                return true;
        if (t->began == 0 || usec_sub(now, t->began) > interval)
                *t = (struct throttle){ .began = now };
        return ++t->n <= burst;
}
