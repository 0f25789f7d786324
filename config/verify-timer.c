#include <errno.h>
#include <stdarg.h>
#include <time.h>

#include "config/calendar.h"
#include "config/suggest.h"
#include "config/verify.h"

static void printf_like(4, 5)
        say(const struct verify *v, const char *key, int error, const char *format, ...) {
        const struct origin *at = setting_origin(setting_find(OWNER_UNIT, key), v->origins, v->n_origins);
        autofree char *words = NULL;
        va_list arguments;

        va_start(arguments, format);
        if (vasprintf(&words, format, arguments) < 0)
                words = NULL;
        va_end(arguments);
        diag(v->diags, at ? at->file : v->unit->file, at ? at->line : v->unit->line, error, "%s: %s",
             v->unit->name, words ? words : "out of memory");
}

static usec_t real_now(void) {
        struct timespec now;

        (void) clock_gettime(CLOCK_REALTIME, &now);
        return (usec_t) now.tv_sec * USEC_PER_SEC + (usec_t) now.tv_nsec / 1000;
}

static void check_calendars(const struct verify *v) {
        char text[128];

        for (const struct timer_event *e = v->unit->timer->events; e; e = e->next) {
                if (!e->calendar || !e->zone ||
                    calendar_next(e->calendar, e->zone, real_now()) != USEC_INFINITY)
                        continue;
                (void) calendar_print(e->calendar, text, sizeof(text));
                say(v, "OnCalendar", 0, "OnCalendar=%s never elapses from now on", text);
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

static void check_unit(const struct verify *v) {
        const char *name = v->unit->timer->unit;
        struct suggest near;

        if (!v->config || !name || !v->unit->from_tend_ini || config_find(v->config, name))
                return;
        say(v, "Unit", 0, "it starts %s, and there is no such unit: it does nothing", name);
        suggest_init(&near, name);
        for (size_t i = 0; i < v->config->n_units; i++)
                if (!v->config->units[i]->timer)
                        suggest_offer(&near, v->config->units[i]->name);
        if (near.best)
                diag_hint(v->diags, "did you mean Unit=%s?", near.best);
}

void verify_timer(const struct verify *v) {
        const struct timer_spec *t = v->unit->timer;

        if (!t->events && !(v->has_errors && v->unit->from_tend_ini)) {
                say(v, "OnCalendar", -EINVAL,
                    "there is nothing to wait for: OnCalendar= or one of its kin is missing");
                return;
        }
        if (waits_for_nothing(t)) {
                say(v, t->events->base == TIMER_UNIT_ACTIVE ? "OnUnitActiveSec" : "OnUnitInactiveSec", 0,
                    "nothing starts it a first time: it elapses only after somebody has started %s",
                    t->unit ? t->unit : "its unit");
                diag_hint(v->diags, "%s", "OnBootSec=0 starts it with the container");
        }
        if (t->persistent && !has_calendar(t))
                say(v, "Persistent", 0, "Persistent= changes nothing without OnCalendar=");
        check_unit(v);
        if (v->look_at_system)
                check_calendars(v);
}
