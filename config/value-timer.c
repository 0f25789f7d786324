/* The settings of timers. A unit that is no timer has no place for them. */

#include <errno.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "config/calendar.h"
#include "config/value.h"

static void *field_of(const struct assignment *a) {
        return (char *) a->object + a->setting->field;
}

static const struct timer_spec *timer_of(const void *object) {
        return ((const struct unit *) object)->timer;
}

/* At the end, so that they stay in the order of the files. */
static int add_event(const struct assignment *a, const struct timer_event *event) {
        struct timer_event **end = &a->unit->timer->events;
        struct timer_event *e = malloc(sizeof(*e));

        if (!e)
                return value_out_of_memory(a);
        *e = *event;
        while (*end)
                end = &(*end)->next;
        *end = e;
        return 0;
}

/* As in systemd, any of them takes all of them back. */
static bool resets(const struct assignment *a) {
        if (*a->value != '\0' && a->unit->timer)
                return false;
        if (a->unit->timer)
                timer_spec_reset(a->unit->timer);
        return true;
}

int value_timer_event(const struct assignment *a) {
        const struct timer_row *row = a->setting->table;
        struct timer_event e = { .base = (uint8_t) row->base };
        autofree char *text = NULL;

        if (resets(a))
                return 0;
        int r = value_expand(a, a->value, &text);
        if (r < 0)
                return r;
        if (parse_span(text, &e.span) < 0)
                return value_reject(a, "not a span of time");
        return add_event(a, &e);
}

void value_print_timer_event(const struct setting *s, const void *object, FILE *out) {
        const struct timer_row *row = s->table;
        char span[PARSE_PRINT_MAX];

        for (const struct timer_event *e = timer_of(object) ? timer_of(object)->events : NULL; e; e = e->next)
                if (e->base == row->base)
                        (void) fprintf(out, "%s\n", print_span(e->span, span));
}

static int reject_calendar(const struct assignment *a, int error) {
        if (error == -ERANGE)
                value_reject(a, "a number is out of its range");
        else if (error == -E2BIG)
                value_reject(a, "too long");
        else
                value_reject(a, "not a calendar expression, nor a time zone at its end");
        diag_hint(a->diags, "%s", "\"Mon..Fri *-*-* 08:30:00 Europe/Berlin\"; try it by `tend calendar`");
        return -EINVAL;
}

int value_calendar(const struct assignment *a) {
        autofree struct calendar *room = NULL;
        autofree char *text = NULL;

        if (resets(a))
                return 0;
        int r = value_expand(a, a->value, &text);
        if (r < 0)
                return r;
        room = malloc(CALENDAR_SIZE_MOST);
        if (!room)
                return value_out_of_memory(a);
        r = calendar_parse(text, zone_is_known, room);
        if (r < 0)
                return reject_calendar(a, r);
        struct calendar *exact = malloc(calendar_size(room));
        if (!exact)
                return value_out_of_memory(a);
        memcpy(exact, room, calendar_size(room));
        r = add_event(a, &(struct timer_event){ .base = TIMER_CALENDAR, .calendar = exact });
        if (r < 0)
                free(exact);
        return r;
}

void value_print_calendar(const struct setting *s maybe_unused, const void *object, FILE *out) {
        char text[1024];

        for (const struct timer_event *e = timer_of(object) ? timer_of(object)->events : NULL; e;
             e = e->next) {
                if (!e->calendar)
                        continue;
                size_t size = calendar_print(e->calendar, text, sizeof(text)) + 1;
                autofree char *longer = size > sizeof(text) ? malloc(size) : NULL;
                if (longer)
                        (void) calendar_print(e->calendar, longer, size);
                (void) fprintf(out, "%s\n", longer ? longer : text);
        }
}

int value_timer_span(const struct assignment *a) {
        usec_t *field = field_of(a);

        if (*a->value != '\0')
                return value_span(a);
        *field = 0;
        return 0;
}

void value_print_timer_span(const struct setting *s, const void *object, FILE *out) {
        value_print_span(s, object, out);
}
