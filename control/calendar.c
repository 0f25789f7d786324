/* tend calendar EXPRESSION...: the normal form of each, and the times it names next. */

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/date.h"
#include "config/calendar.h"
#include "control/verb.h"

#define WORDS_MOST 64
#define DAY        86400 /* seconds */

/* "Wed 2024-11-20 00:00:00.5", as a clock of that zone shows it. */
static const char *print_clock(usec_t at, int32_t offset, char text[WORDS_MOST]) {
        static const char days_of_week[][4] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
        int64_t seconds = (int64_t) (at / USEC_PER_SEC) + offset;
        int64_t days = seconds / DAY - (seconds % DAY < 0);
        int second = (int) (seconds - days * DAY);
        unsigned fraction = (unsigned) (at % USEC_PER_SEC);
        struct date d = date_of_days(days);

        int n = snprintf(text, WORDS_MOST, "%s %04d-%02d-%02d %02d:%02d:%02d",
                         days_of_week[date_weekday(days)], d.year, d.month, d.day, second / 3600,
                         second / 60 % 60, second % 60);
        if (fraction > 0)
                (void) snprintf(text + n, WORDS_MOST - (size_t) n, ".%06u", fraction);
        return text;
}

/* The same with the distance to UTC: two lines where there is one. */
static void print_time(const char *title, usec_t at, const struct zone *zone) {
        int32_t offset = zone_at(zone, (int64_t) (at / USEC_PER_SEC)).offset;
        int32_t minutes = (offset < 0 ? -offset : offset) / 60;
        char text[WORDS_MOST];

        if (offset == 0) {
                printf("%15s: %s UTC\n", title, print_clock(at, 0, text));
                return;
        }
        printf("%15s: %s %c%02d:%02d\n", title, print_clock(at, offset, text), offset < 0 ? '-' : '+',
               minutes / 60, minutes % 60);
        printf("%15s: %s UTC\n", "(in UTC)", print_clock(at, 0, text));
}

static void print_times(const struct calendar *c, const struct zone *zone, const struct request *r) {
        usec_t at = r->base_time == USEC_INFINITY ? clock_real() : r->base_time;

        for (unsigned i = 1; i <= r->iterations; i++) {
                char title[32];

                at = calendar_next(c, zone, at);
                (void) snprintf(title, sizeof(title), "Iteration #%u", i);
                if (at == USEC_INFINITY && i == 1)
                        printf("%15s: never\n", "Next elapse");
                if (at == USEC_INFINITY)
                        return;
                print_time(i == 1 ? "Next elapse" : title, at, zone);
        }
}

static const char *fault(int error) {
        switch (error) {
        case -ERANGE:
                return "a number is out of its range";
        case -E2BIG:
                return "too long";
        default:
                return "not a calendar expression, nor a time zone at its end";
        }
}

static int tell(const char *text, const struct request *r, struct calendar *c) {
        char form[1024];
        struct zone zone = {};

        int e = calendar_parse(text, zone_is_known, c);
        if (e < 0)
                return verb_complain("calendar", fault(e), text, NULL);
        if (!c->utc)
                e = zone_open(c->zone[0] != '\0' ? c->zone : NULL, environ, &zone);
        if (e < 0)
                return verb_complain("calendar", strerror(-e), c->zone, NULL);
        size_t length = calendar_print(c, form, sizeof(form));
        printf("%15s: %s\n%15s: %s%s\n", "Original form", text, "Normalized form", form,
               length < sizeof(form) ? "" : "…");
        print_times(c, &zone, r);
        zone_close(&zone);
        return EXIT_FINE;
}

int calendar_main(const struct request *r) {
        int code = EXIT_FINE;

        if (r->n_words == 0)
                return verb_complain("calendar", "an expression is missing", NULL,
                                     "tend calendar \"Mon..Fri 08:30\"");
        autofree struct calendar *c = malloc(CALENDAR_SIZE_MOST);
        if (!c)
                return verb_complain("calendar", "out of memory", NULL, NULL);
        for (size_t i = 0; i < r->n_words; i++) {
                if (i > 0)
                        putchar('\n');
                int e = tell(r->words[i], r, c);
                code = code == EXIT_FINE ? e : code;
        }
        return code;
}
