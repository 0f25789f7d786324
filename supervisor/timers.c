#include <errno.h>

#include "supervisor/timers.h"

static void put(struct timers *t, uint32_t slot, struct timer *timer) {
        t->heap[slot] = timer;
        timer->slot = slot;
}

/* Moves `timer` from `slot` to where it belongs. */
static void settle(struct timers *t, uint32_t slot, struct timer *timer) {
        while (slot > 0 && t->heap[(slot - 1) / 2]->at > timer->at) {
                put(t, slot, t->heap[(slot - 1) / 2]);
                slot = (slot - 1) / 2;
        }
        for (;;) {
                uint32_t child = 2 * slot + 1;
                if (child + 1 < t->n && t->heap[child + 1]->at < t->heap[child]->at)
                        child++;
                if (child >= t->n || t->heap[child]->at >= timer->at)
                        break;
                put(t, slot, t->heap[child]);
                slot = child;
        }
        put(t, slot, timer);
}

int timers_reserve(struct timers *t, uint32_t n) {
        if (n <= t->room)
                return 0;
        struct timer **heap = reallocarray(t->heap, n, sizeof(*heap));
        if (!heap)
                return -ENOMEM;
        t->heap = heap;
        t->room = n;
        return 0;
}

void timers_done(struct timers *t) {
        free(TAKE(t->heap));
        t->n = t->room = 0;
}

void timers_arm(struct timers *t, struct timer *timer, usec_t at) {
        if (at == USEC_INFINITY) {
                timers_disarm(t, timer);
                return;
        }
        timer->at = at;
        settle(t, timer->slot == TIMER_IDLE ? t->n++ : timer->slot, timer);
}

void timers_disarm(struct timers *t, struct timer *timer) {
        uint32_t slot = timer->slot;

        if (slot == TIMER_IDLE)
                return;
        timer->slot = TIMER_IDLE;
        struct timer *last = t->heap[--t->n];
        if (last != timer)
                settle(t, slot, last);
}

usec_t timers_next(const struct timers *t) {
        return t->n > 0 ? t->heap[0]->at : USEC_INFINITY;
}

struct timer *timers_take_due(struct timers *t, usec_t now) {
        if (t->n == 0 || t->heap[0]->at > now)
                return NULL;
        struct timer *due = t->heap[0];
        timers_disarm(t, due);
        return due;
}
