#include "supervisor/elapse.h"
#include "config/calendar.h"

static struct elapse none(void) {
        return (struct elapse){ .at = USEC_INFINITY };
}

/* Behind the last elapse, so that one that was missed, by a clock that jumped or a container that was down,
 * is made up for, once; without one, behind the timer's start. */
static struct elapse next_calendar(const struct timer_event *e, const struct elapse_times *t) {
        usec_t base = MIN(t->last_real != 0 ? t->last_real : t->activated_real, t->real_now);
        usec_t real = calendar_next(e->calendar, e->zone, base);

        if (real == USEC_INFINITY)
                return none();
        /* What was missed is spread over RandomizedDelaySec= too. */
        real = usec_add(MAX(real, usec_sub(t->real_now, usec_sub(t->now, t->started))), t->delay);
        return (struct elapse){
                .at = usec_add(t->now, usec_sub(real, t->real_now)),
                .real = real,
                .event = e,
        };
}

static struct elapse next_span(const struct timer_event *e, const struct elapse_times *t) {
        bool once = false;
        usec_t base = 0;

        switch ((enum timer_base) e->base) {
        case TIMER_ACTIVE:
                base = t->activated;
                once = true;
                break;
        case TIMER_BOOT:
        case TIMER_STARTUP:
                base = t->started;
                once = true;
                break;
        case TIMER_UNIT_ACTIVE:
                base = MAX(t->unit_up, t->last);
                break;
        case TIMER_UNIT_INACTIVE:
                base = MAX(t->unit_down, t->last);
                break;
        case TIMER_CALENDAR:
        case TIMER_BASE_COUNT:
                break;
        }
        usec_t at = usec_add(base, e->span);
        bool is_over = once && !t->first && (at < t->now || at <= t->last);
        if (base == 0 || at == USEC_INFINITY || is_over)
                return none();
        at = usec_add(at, t->delay);
        at = MAX(at, t->now);
        return (struct elapse){ .at = at, .event = e };
}

struct elapse elapse_next(const struct timer_spec *s, const struct elapse_times *t) {
        struct elapse best = none();

        for (const struct timer_event *e = s->events; e; e = e->next) {
                struct elapse next = e->base == TIMER_CALENDAR ? next_calendar(e, t) : next_span(e, t);

                if (next.at < best.at)
                        best = next;
        }
        return best;
}

bool elapse_may_come(const struct timer_spec *s) {
        for (const struct timer_event *e = s->events; e; e = e->next)
                if (e->base == TIMER_UNIT_ACTIVE || e->base == TIMER_UNIT_INACTIVE)
                        return true;
        return false;
}
