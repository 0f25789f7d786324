/* Calendar expressions of systemd.time(7), "Mon..Fri *-*-~1 18:30:00/0.5 Europe/Berlin": read, written in
 * their normal form, and asked for the next time they name. Pure: time zones come as a struct zone, the time
 * is told. */
#pragma once

#include "config/zone.h"

/* One element of a list: 5, 5..9, 5/2 or 5..9/2. Seconds are counted in microseconds. */
struct calendar_component {
        int32_t start, stop; /* -1: no stop */
        int32_t repeat;      /* 0: none */
};

enum calendar_field {
        CALENDAR_YEAR,
        CALENDAR_MONTH,
        CALENDAR_DAY,
        CALENDAR_HOUR,
        CALENDAR_MINUTE,
        CALENDAR_SECOND,
        CALENDAR_FIELD_COUNT
};

struct calendar {
        uint8_t weekdays;  /* bit 0: Monday; 0: any day */
        bool end_of_month; /* "~": days are counted from the last one */
        bool utc;
        char zone[ZONE_NAME_MAX];         /* "": local time, or UTC */
        uint16_t n[CALENDAR_FIELD_COUNT]; /* how many components; 0: "*" */
        struct calendar_component list[]; /* of all fields, in their order */
};

#define CALENDAR_COMPONENTS_MOST 240 /* of a field */
#define CALENDAR_SIZE_MOST                                                                                   \
        (sizeof(struct calendar) +                                                                           \
         CALENDAR_FIELD_COUNT * CALENDAR_COMPONENTS_MOST * sizeof(struct calendar_component))

/* Reads an expression into *c, which has room for CALENDAR_SIZE_MOST bytes; calendar_size() of them are used.
 * `is_zone` says whether there is a time zone of that name. -EINVAL for bad grammar, -ERANGE for a number
 * that is out of its range, -E2BIG for too long a list; *c is then of no use. */
int calendar_parse(const char *text, bool (*is_zone)(const char *name), struct calendar *c) must_check;
size_t calendar_size(const struct calendar *c);

/* Where the components of a field begin in the list. */
static inline size_t calendar_first(const struct calendar *c, unsigned field) {
        size_t at = 0;

        for (unsigned i = 0; i < field; i++)
                at += c->n[i];
        return at;
}

/* The normal form into `buffer`, cut where it is too short; returns the length that it has or would have. */
size_t calendar_print(const struct calendar *c, char *buffer, size_t size);

/* The first time behind `after` (microseconds since 1970, UTC) that the expression names; USEC_INFINITY where
 * there is none up to the year 2199. As systemd has it: what the clock skips when summer time begins does
 * not elapse on that day, what it repeats when it ends elapses the first time. */
usec_t calendar_next(const struct calendar *c, const struct zone *zone, usec_t after);
