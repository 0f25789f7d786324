/* The next time that a calendar expression names: found in local time, as if that were UTC, and then laid on
 * the spans of the time zone. Times are microseconds since 1970. */

#include "base/date.h"
#include "config/calendar.h"

#define DAY       ((int64_t) USEC_PER_DAY)
#define HOUR      ((int64_t) USEC_PER_HOUR)
#define MINUTE    ((int64_t) USEC_PER_MIN)
#define SECOND    ((int64_t) USEC_PER_SEC)
#define YEAR_MOST 2199
#define NEVER     INT64_MAX

/* The days of a component that counts from the end of the month: its stop is the earlier one then. Every
 * month has them, as no expression counts further than 28 days. */
static struct calendar_component turn(struct calendar_component c, int32_t days) {
        int32_t start = days + 1 - c.start;

        if (c.stop < 0)
                c.start = start;
        else {
                c.start = days + 1 - c.stop;
                c.stop = start;
        }
        return c;
}

/* The least value from `from` to `most` that the field allows; -1 where there is none. `days` is the length
 * of the month where they are counted from its end, else 0. */
static int32_t find(const struct calendar *c, enum calendar_field field, int32_t from, int32_t most,
                    int32_t days) {
        const struct calendar_component *list = &c->list[calendar_first(c, field)];
        int32_t best = -1;

        if (c->n[field] == 0)
                return from <= most ? from : -1;
        for (uint16_t i = 0; i < c->n[field]; i++) {
                struct calendar_component k = days > 0 ? turn(list[i], days) : list[i];
                int64_t at = k.start;

                if (at < from) {
                        if (k.repeat == 0)
                                continue;
                        at += ((int64_t) from - at + k.repeat - 1) / k.repeat * k.repeat;
                }
                if (at > most || (k.stop >= 0 && at > k.stop))
                        continue;
                if (best < 0 || at < best)
                        best = (int32_t) at;
        }
        return best;
}

/* The time of the day, from `at` on; -1 where this day has none any more. */
static int64_t find_time(const struct calendar *c, int64_t at) {
        int32_t hour = (int32_t) (at / HOUR), minute = (int32_t) (at / MINUTE % 60);
        int32_t second = (int32_t) (at % MINUTE);

        for (;;) {
                int32_t h = find(c, CALENDAR_HOUR, hour, 23, 0);

                if (h < 0)
                        return -1;
                if (h > hour)
                        minute = second = 0;
                int32_t m = find(c, CALENDAR_MINUTE, minute, 59, 0);
                if (m > minute)
                        second = 0;
                int32_t s = m < 0 ? -1 : find(c, CALENDAR_SECOND, second, (int32_t) MINUTE - 1, 0);
                if (s >= 0)
                        return h * HOUR + m * MINUTE + s;
                hour = m < 0 ? h + 1 : h;
                minute = m < 0 ? 0 : m + 1;
                second = 0;
        }
}

static bool is_weekday(const struct calendar *c, struct date d) {
        return c->weekdays == 0 || (c->weekdays >> date_weekday(date_days(d)) & 1);
}

static void to_month(struct date *d, int32_t year, int32_t month) {
        *d = month > 12 ? (struct date){ year + 1, 1, 1 } : (struct date){ year, month, 1 };
}

/* The day from *d on; false where there is none up to the last year. */
static bool find_day(const struct calendar *c, struct date *d) {
        for (;;) {
                int32_t year = find(c, CALENDAR_YEAR, d->year, YEAR_MOST, 0);

                if (year < 0)
                        return false;
                if (year > d->year)
                        *d = (struct date){ year, 1, 1 };
                int32_t month = find(c, CALENDAR_MONTH, d->month, 12, 0);
                if (month < 0) {
                        to_month(d, year, 13);
                        continue;
                }
                if (month > d->month)
                        to_month(d, year, month);
                int32_t days = date_days_of_month(year, month);
                int32_t day = find(c, CALENDAR_DAY, d->day, days, c->end_of_month ? days : 0);
                if (day < 0) {
                        to_month(d, year, month + 1);
                        continue;
                }
                d->day = day;
                if (is_weekday(c, *d))
                        return true;
                d->day++;
        }
}

/* From `at` on, in local time. */
static int64_t find_local(const struct calendar *c, int64_t at) {
        int64_t day = at / DAY - (at % DAY < 0), time = at - day * DAY;

        for (;;) {
                struct date d = date_of_days(day);

                if (!find_day(c, &d))
                        return NEVER;
                if (date_days(d) > day)
                        time = 0;
                day = date_days(d);
                time = find_time(c, time);
                if (time >= 0)
                        return day * DAY + time;
                day++;
                time = 0;
        }
}

usec_t calendar_next(const struct calendar *c, const struct zone *zone, usec_t after) {
        int64_t at = after < INT64_MAX / 4 ? (int64_t) after + 1 : INT64_MAX / 4;

        for (;;) {
                struct zone_span span = zone_at(zone, at / SECOND);
                int64_t offset = span.offset * SECOND, from = at + offset;

                /* What the clock shows a second time is over. */
                if (span.offset_before > span.offset && span.from > INT64_MIN / SECOND)
                        from = MAX(from, (span.from + span.offset_before) * SECOND);
                int64_t local = find_local(c, from);
                if (local == NEVER)
                        return USEC_INFINITY;
                if (span.until > INT64_MAX / SECOND || local - offset < span.until * SECOND)
                        return (usec_t) MAX(local - offset, 0);
                /* On to the next span; past all those that cannot hold it. */
                at = MAX(span.until * SECOND, local - offset - 2 * DAY);
        }
}
