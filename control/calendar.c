/* tend calendar EXPRESSION...: the normal form of each, and the times it names next. */

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/date.h"
#include "config/calendar.h"
#include "control/json.h"
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

/* The nth, counted from 1. */
static void print_words(usec_t at, const struct zone *zone, unsigned n) {
        char title[32] = "Next elapse";

        if (n > 1)
                (void) snprintf(title, sizeof(title), "Iteration #%u", n);
        if (at != USEC_INFINITY)
                print_time(title, at, zone);
        else if (n == 1)
                printf("%15s: never\n", title);
}

static void print_json(usec_t at, const struct zone *zone maybe_unused, unsigned n) {
        (void) fputs(n > 1 && at != USEC_INFINITY ? "," : "", stdout);
        if (at != USEC_INFINITY)
                json_span(stdout, at);
}

static void print_times(const struct calendar *c, const struct zone *zone, const struct request *r) {
        usec_t at = r->base_time == USEC_INFINITY ? clock_real() : r->base_time;

        for (unsigned n = 1; n <= r->iterations && at != USEC_INFINITY; n++) {
                at = calendar_next(c, zone, at);
                (r->json ? print_json : print_words)(at, zone, n);
        }
}

static void print_head(const char *text, const char *form, bool as_json) {
        if (as_json) {
                json_member(stdout, "{", "expression", text);
                json_member(stdout, ",", "normal", form);
                (void) fputs(",\"next\":[", stdout);
        } else
                printf("%15s: %s\n%15s: %s\n", "Original form", text, "Normalized form", form);
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

static int tell(const char *text, const struct request *r, struct calendar *c, const char *between) {
        char form[1024];
        struct zone zone = {};

        int e = calendar_parse(text, zone_is_known, c);
        if (e < 0)
                return verb_complain("calendar", fault(e), text, NULL);
        if (!c->utc)
                e = zone_open(c->zone[0] != '\0' ? c->zone : NULL, environ, &zone);
        if (e < 0)
                return verb_complain("calendar", strerror(-e), c->zone, NULL);
        if (calendar_print(c, form, sizeof(form)) >= sizeof(form))
                memcpy(form + sizeof(form) - sizeof("…"), "…", sizeof("…"));
        (void) fputs(between, stdout);
        print_head(text, form, r->json);
        print_times(c, &zone, r);
        (void) fputs(r->json ? "]}" : "", stdout);
        zone_close(&zone);
        return EXIT_FINE;
}

int calendar_main(const struct request *r) {
        const char *between = r->json ? "\n" : "";
        int code = EXIT_FINE;

        if (r->n_words == 0)
                return verb_complain("calendar", "an expression is missing", NULL,
                                     "tend calendar \"Mon..Fri 08:30\"");
        autofree struct calendar *c = malloc(CALENDAR_SIZE_MOST);
        if (!c)
                return verb_complain("calendar", "out of memory", NULL, NULL);
        (void) fputs(r->json ? "{\"expressions\":[" : "", stdout);
        for (size_t i = 0; i < r->n_words; i++) {
                int e = tell(r->words[i], r, c, between);
                code = code == EXIT_FINE ? e : code;
                if (e == EXIT_FINE)
                        between = r->json ? ",\n" : "\n";
        }
        (void) fputs(r->json ? "\n]}\n" : "", stdout);
        return code;
}
