/* Timers in virtual time: each row is a timer, and the times at which it elapses when what it starts takes as
 * long as it says. */
#include "config/calendar.h"
#include "supervisor/elapse.h"
#include "tests/unit/test.h"

#define SEC         USEC_PER_SEC
#define EVENTS_MOST 3
#define TIMES_MOST  5
#define REAL_BASE   (UINT64_C(1700000000) * USEC_PER_SEC) /* Tue 2023-11-14 22:13:20 UTC, when tend starts */
#define START       (1000 * SEC)                          /* the same of the monotonic clock */

static bool no_zone(const char *name maybe_unused) {
        return false;
}

static const struct zone utc;

/* One line: a calendar, or a span. */
struct line {
        enum timer_base base;
        unsigned seconds;
        const char *calendar;
};

static const struct row {
        struct line lines[EVENTS_MOST]; /* with neither there is no more */
        unsigned takes;                 /* seconds */
        unsigned activated;             /* the timer, seconds behind tend's start */
        int stamp;                      /* seconds before tend's start; 0: none */
        unsigned delay;
        unsigned jump_at, jump;     /* the clock is set forward, so long after the start */
        unsigned times[TIMES_MOST]; /* seconds behind tend's start; 0: no more, but for the first place */
        unsigned n;
} rows[] = {
        { .lines = { { TIMER_ACTIVE, 5, NULL } }, .activated = 10, .times = { 15 }, .n = 1 },
        { .lines = { { TIMER_BOOT, 5, NULL } }, .times = { 5 }, .n = 1 },
        /* Over when the timer starts: at once. */
        { .lines = { { TIMER_BOOT, 5, NULL } }, .activated = 10, .times = { 10 }, .n = 1 },
        { .lines = { { TIMER_STARTUP, 5, NULL }, { TIMER_ACTIVE, 7, NULL } }, .times = { 5, 7 }, .n = 2 },
        /* Over while the unit runs: left out. */
        { .lines = { { TIMER_BOOT, 5, NULL }, { TIMER_BOOT, 7, NULL }, { TIMER_BOOT, 30, NULL } },
          .takes = 10,
          .times = { 5, 30 },
          .n = 2 },
        /* From start to start; never two at a time. */
        { .lines = { { TIMER_BOOT, 1, NULL }, { TIMER_UNIT_ACTIVE, 10, NULL } },
          .takes = 3,
          .times = { 1, 11, 21, 31 },
          .n = 4 },
        { .lines = { { TIMER_BOOT, 1, NULL }, { TIMER_UNIT_ACTIVE, 10, NULL } },
          .takes = 15,
          .times = { 1, 16, 31 },
          .n = 3 },
        /* From end to start. */
        { .lines = { { TIMER_BOOT, 1, NULL }, { TIMER_UNIT_INACTIVE, 10, NULL } },
          .takes = 3,
          .times = { 1, 14, 27 },
          .n = 3 },
        /* Without a first start there is none. */
        { .lines = { { TIMER_UNIT_INACTIVE, 10, NULL } }, .n = 0 },
        /* 22:13:20: 40 seconds to the next minute. */
        { .lines = { { TIMER_CALENDAR, 0, "minutely" } }, .times = { 40, 100, 160 }, .n = 3 },
        { .lines = { { TIMER_CALENDAR, 0, "minutely" } }, .delay = 7, .times = { 47, 107 }, .n = 2 },
        { .lines = { { TIMER_CALENDAR, 0, "minutely" }, { TIMER_BOOT, 50, NULL } },
          .times = { 40, 50, 100 },
          .n = 3 },
        { .lines = { { TIMER_CALENDAR, 0, "2020-01-01" } }, .n = 0 },
        /* What came while it ran: once, when it is through. */
        { .lines = { { TIMER_CALENDAR, 0, "minutely" } }, .takes = 130, .times = { 40, 170, 300 }, .n = 3 },
        /* Persistent=: what was missed, once; spread as any other. */
        { .lines = { { TIMER_CALENDAR, 0, "hourly" } }, .stamp = 7200, .times = { 0, 2800 }, .n = 2 },
        { .lines = { { TIMER_CALENDAR, 0, "hourly" } },
          .stamp = 7200,
          .delay = 9,
          .times = { 9, 2809 },
          .n = 2 },
        { .lines = { { TIMER_CALENDAR, 0, "hourly" } }, .stamp = 60, .times = { 2800, 6400 }, .n = 2 },
        /* A stamp of the future, by a clock that was wrong: from now on. */
        { .lines = { { TIMER_CALENDAR, 0, "minutely" } }, .stamp = -100000, .times = { 40, 100 }, .n = 2 },
        /* The clock is set forward by an hour: what was skipped, once. */
        { .lines = { { TIMER_CALENDAR, 0, "minutely" } },
          .jump_at = 60,
          .jump = 3600,
          .times = { 40, 60, 100 },
          .n = 3 },
};

static void make_events(struct timer_event *events, const struct line *lines, struct timer_spec *s) {
        struct timer_event **end = &s->events;

        for (size_t i = 0; i < EVENTS_MOST && (lines[i].seconds > 0 || lines[i].calendar); i++) {
                events[i] = (struct timer_event){
                        .base = (uint8_t) lines[i].base,
                        .span = lines[i].seconds * SEC,
                        .zone = &utc,
                };
                if (lines[i].calendar) {
                        events[i].calendar = malloc(CALENDAR_SIZE_MOST);
                        CHECK(events[i].calendar &&
                              calendar_parse(lines[i].calendar, no_zone, events[i].calendar) == 0);
                }
                *end = &events[i];
                end = &events[i].next;
        }
}

static usec_t real_at(const struct row *row, usec_t now) {
        bool has_jumped = row->jump > 0 && now >= START + row->jump_at * SEC;

        return REAL_BASE + (now - START) + (has_jumped ? row->jump * SEC : 0);
}

TEST(elapse_in_virtual_time) {
        for (size_t i = 0; i < countof(rows); i++) {
                const struct row *row = &rows[i];
                struct timer_event events[EVENTS_MOST] = {};
                struct timer_spec spec = {};
                struct elapse_times t = {
                        .started = START,
                        .activated = START + row->activated * SEC,
                        .now = START + row->activated * SEC,
                        .delay = row->delay * SEC,
                        .first = true,
                };

                make_events(events, row->lines, &spec);
                t.activated_real = t.real_now = real_at(row, t.now);
                t.last_real =
                        row->stamp != 0 ? (usec_t) ((int64_t) REAL_BASE - row->stamp * (int64_t) SEC) : 0;
                for (unsigned k = 0; k <= row->n && k < TIMES_MOST; k++) {
                        struct elapse e = elapse_next(&spec, &t);
                        usec_t jump = START + row->jump_at * SEC;

                        /* The clock is set before it is due: looked at again. */
                        if (row->jump > 0 && t.now < jump && e.at > jump) {
                                t.now = jump;
                                t.real_now = real_at(row, t.now);
                                e = elapse_next(&spec, &t);
                        }
                        if (k == row->n) {
                                bool goes_on = e.at != USEC_INFINITY;
                                bool repeats = elapse_may_come(&spec) || events[0].base == TIMER_CALENDAR;
                                CHECK(goes_on == (repeats && row->n > 0), "row %zu goes on", i);
                                break;
                        }
                        CHECK(e.at == START + row->times[k] * SEC, "row %zu, time %u: %lld", i, k,
                              (long long) ((e.at - START) / SEC));
                        CHECK(e.event && (e.real != 0) == (e.event->calendar != NULL), "row %zu", i);
                        t.last = t.unit_up = e.at;
                        t.last_real = real_at(row, e.at);
                        t.now = t.unit_down = e.at + row->takes * SEC;
                        t.real_now = real_at(row, t.now);
                        t.first = false;
                }
                for (size_t k = 0; k < EVENTS_MOST; k++)
                        free(events[k].calendar);
        }
}
