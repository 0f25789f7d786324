/* What a .timer has to have, what it starts, and whether it ever elapses. */
#include <errno.h>

#include "base/clock.h"
#include "config/calendar.h"
#include "config/verify.h"

static void check_calendars(const struct verify *v) {
        char text[128];

        for (const struct timer_event *e = v->unit->timer->events; e; e = e->next) {
                if (!e->calendar || !e->zone ||
                    calendar_next(e->calendar, e->zone, clock_real()) != USEC_INFINITY)
                        continue;
                (void) calendar_print(e->calendar, text, sizeof(text));
                verify_say(v, "Timer", "OnCalendar", 0, "OnCalendar=%s never elapses from now on", text);
        }
}

static bool has_calendar(const struct timer_spec *t) {
        for (const struct timer_event *e = t->events; e; e = e->next)
                if (e->calendar)
                        return true;
        return false;
}

/* Nothing could ever give these a beginning. */
static bool waits_for_nothing(const struct timer_spec *t) {
        for (const struct timer_event *e = t->events; e; e = e->next)
                if (e->base != TIMER_UNIT_ACTIVE && e->base != TIMER_UNIT_INACTIVE)
                        return false;
        return t->events;
}

void verify_timer(const struct verify *v) {
        const struct timer_spec *t = v->unit->timer;

        if (!t->events && !(v->has_errors && v->unit->from_tend_ini)) {
                verify_say(v, "Timer", "OnCalendar", -EINVAL,
                           "there is nothing to wait for: OnCalendar= or one of its kin is missing");
                return;
        }
        if (waits_for_nothing(t)) {
                verify_say(v, "Timer",
                           t->events->base == TIMER_UNIT_ACTIVE ? "OnUnitActiveSec" : "OnUnitInactiveSec", 0,
                           "nothing starts it a first time: it elapses only after somebody has started %s",
                           t->unit ? t->unit : "its unit");
                diag_hint(v->diags, "%s", "OnBootSec=0 starts it with the container");
        }
        if (t->persistent && !has_calendar(t))
                verify_say(v, "Timer", "Persistent", 0, "Persistent= changes nothing without OnCalendar=");
        verify_started(v, "Timer", "Unit", 0);
        if (v->look_at_system)
                check_calendars(v);
}
