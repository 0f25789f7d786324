#include "plot/chain.h"

/* When its waiting was over; it may not be yet. */
static usec_t waited_until(const struct attempt *a) {
        if (a->begun != 0)
                return a->begun;
        return a->settled != 0 ? a->settled : USEC_INFINITY;
}

/* Until when it was waited for, where `a` is an attempt of one that is ordered after it. */
static usec_t awaited_until(const struct attempt *a) {
        return a->settled != 0 ? a->settled : USEC_INFINITY;
}

/* The attempt of unit `place` that whoever waited from `asked` until `until` has waited for last. */
static bool find_awaited(const struct record *r, size_t place, usec_t asked, usec_t until,
                         struct attempt *ret) {
        struct attempt a;
        bool found = false;

        for (size_t at = 0; attempt_next(&r->units[place], &at, &a);)
                if (awaited_until(&a) >= asked && awaited_until(&a) <= until) {
                        *ret = a;
                        found = true;
                }
        return found;
}

static bool find_before(const struct record *r, const struct step *s, struct step *ret) {
        bool found = false;
        struct attempt a;

        if (s->attempt.asked == 0)
                return false;
        for (size_t i = r->first[s->unit]; i < r->first[s->unit + 1]; i++) {
                size_t place = r->after[i];
                if (!find_awaited(r, place, s->attempt.asked, waited_until(&s->attempt), &a))
                        continue;
                if (!found || awaited_until(&a) > awaited_until(&ret->attempt))
                        *ret = (struct step){ place, a };
                found = true;
        }
        return found;
}

size_t chain_find(const struct record *r, size_t unit, struct step *steps) {
        size_t at = 0, n = 0;

        steps[0].unit = unit;
        if (!attempt_next(&r->units[unit], &at, &steps[0].attempt))
                return 0;
        for (n = 1; n < r->n && find_before(r, &steps[n - 1], &steps[n]); n++)
                ;
        return n;
}

size_t chain_end(const struct record *r) {
        size_t last = SIZE_MAX;
        usec_t until = 0, ready = r->start.ready != 0 ? r->start.ready : USEC_INFINITY;
        bool waits = false;

        for (size_t i = 0; i < r->n; i++) {
                size_t at = 0;
                struct attempt a;
                if (!attempt_next(&r->units[i], &at, &a) || awaited_until(&a) > ready)
                        continue;
                /* Of those that are on their way, one that waits has more behind it. */
                bool is_later = awaited_until(&a) > until || (!waits && a.settled == 0 && a.begun == 0);
                if (last != SIZE_MAX && !is_later)
                        continue;
                last = i;
                until = awaited_until(&a);
                waits = a.begun == 0;
        }
        return last;
}
