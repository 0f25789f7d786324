#include <errno.h>
#include <string.h>

#include "base/date.h"
#include "base/parse.h"
#include "base/text.h"
#include "config/calendar.h"

#define SECOND_UNIT  1000000
#define YEAR_LEAST   1970
#define YEAR_MOST    2199
#define DAYS_OF_WEEK 7
#define EVERY_DAY    ((1 << DAYS_OF_WEEK) - 1)

static const char *const weekdays[DAYS_OF_WEEK] = {
        "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
};

static const struct {
        int32_t least, most;
        int width; /* in the normal form */
} fields[CALENDAR_FIELD_COUNT] = {
        [CALENDAR_YEAR] = { YEAR_LEAST, YEAR_MOST, 4 },
        [CALENDAR_MONTH] = { 1, 12, 2 },
        [CALENDAR_DAY] = { 1, 31, 2 },
        [CALENDAR_HOUR] = { 0, 23, 2 },
        [CALENDAR_MINUTE] = { 0, 59, 2 },
        [CALENDAR_SECOND] = { 0, 60 * SECOND_UNIT - 1, 2 },
};

static const struct {
        const char *word, *meaning;
} shorthands[] = {
        { "minutely", "*-*-* *:*:00" },
        { "hourly", "*-*-* *:00:00" },
        { "daily", "*-*-* 00:00:00" },
        { "monthly", "*-*-01 00:00:00" },
        { "weekly", "Mon *-*-* 00:00:00" },
        { "yearly", "*-01-01 00:00:00" },
        { "annually", "*-01-01 00:00:00" },
        { "anually", "*-01-01 00:00:00" }, /* systemd takes this one too */
        { "quarterly", "*-01,04,07,10-01 00:00:00" },
        { "semiannually", "*-01,07-01 00:00:00" },
        { "semi-annually", "*-01,07-01 00:00:00" },
        { "biannually", "*-01,07-01 00:00:00" },
        { "bi-annually", "*-01,07-01 00:00:00" },
};

static char lower(char c) {
        return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

/* How long `word` is where `text` begins with it, in any case of letters; else 0. */
static size_t match(const char *text, const char *word, size_t length) {
        for (size_t i = 0; i < length; i++)
                if (lower(text[i]) != lower(word[i]))
                        return 0;
        return length;
}

static const char *skip_blanks(const char *p) {
        while (*p == ' ')
                p++;
        return p;
}

/* --- Reading. */

struct reading {
        const char *at;
        struct calendar *c;
        uint32_t used; /* components in the list so far */
};

/* Six digits count, and the seventh rounds. */
static int read_fraction(const char **at, int64_t *value) {
        const char *p = *at;
        int64_t unit = SECOND_UNIT / 10;

        if (!text_is_digit(*p))
                return -EINVAL;
        for (; text_is_digit(*p) && unit > 0; p++, unit /= 10)
                *value += (*p - '0') * unit;
        if (text_is_digit(*p) && *p >= '5')
                ++*value;
        while (text_is_digit(*p))
                p++;
        *at = p;
        return 0;
}

static int read_number(const char **at, bool seconds, int32_t *ret) {
        const char *p = *at;
        uint64_t whole;
        int r = parse_digits(&p, &whole);

        if (r < 0)
                return r;
        if (whole > INT32_MAX)
                return -ERANGE;
        int64_t value = (int64_t) whole;
        if (seconds) {
                value *= SECOND_UNIT;
                /* One point begins a fraction, two of them a range. */
                if (*p == '.' && p[1] != '.') {
                        p++;
                        if (read_fraction(&p, &value) < 0)
                                return -EINVAL;
                }
        }
        if (value > INT32_MAX)
                return -ERANGE;
        *at = p;
        *ret = (int32_t) value;
        return 0;
}

static int read_component(const char **at, bool seconds, struct calendar_component *ret) {
        struct calendar_component c = { .stop = -1 };
        const char *p = *at;

        int r = read_number(&p, seconds, &c.start);
        if (r >= 0 && p[0] == '.' && p[1] == '.') {
                p += 2;
                c.repeat = seconds ? SECOND_UNIT : 1;
                r = read_number(&p, seconds, &c.stop);
        }
        if (r < 0)
                return r;
        if (*p == '/') {
                p++;
                r = read_number(&p, seconds, &c.repeat);
                if (r < 0 || c.repeat == 0)
                        return r < 0 ? r : -ERANGE;
        } else if (seconds && c.stop >= 0 && c.start > c.stop - c.repeat)
                return -EINVAL; /* a range goes in whole seconds */
        if (*p != '\0' && !strchr(" ,-~:", *p))
                return -EINVAL;
        *at = p;
        *ret = c;
        return 0;
}

/* A list, or "*", which has no component; but for seconds, where it is every whole one. */
static int read_list(struct reading *r, bool seconds, uint16_t *ret_n) {
        const struct calendar_component every_second = { 0, -1, SECOND_UNIT };
        uint16_t n = 0;

        if (*r->at == '*') {
                r->at++;
                if (seconds)
                        r->c->list[r->used++] = every_second;
                *ret_n = seconds;
                return 0;
        }
        for (;; r->at++) {
                if (n == CALENDAR_COMPONENTS_MOST)
                        return -E2BIG;
                int e = read_component(&r->at, seconds, &r->c->list[r->used]);
                if (e < 0)
                        return e;
                r->used++;
                n++;
                if (*r->at != ',')
                        break;
        }
        *ret_n = n;
        return 0;
}

/* "Mon", "Monday" in any case; the number of the day, or -1. */
static int read_weekday(const char **at) {
        for (int i = 0; i < DAYS_OF_WEEK; i++) {
                size_t n = match(*at, weekdays[i], strlen(weekdays[i]));

                if (n == 0)
                        n = match(*at, weekdays[i], 3);
                if (n == 0)
                        continue;
                *at += n;
                return i;
        }
        return -1;
}

static int add_weekdays(struct calendar *c, int first, int last) {
        if (first > last)
                return -EINVAL;
        for (int i = first; i <= last; i++)
                c->weekdays |= (uint8_t) (1 << i);
        return 0;
}

/* "Mon..Wed,Fri", with blanks behind it; there may be none. A comma at the end is allowed. */
static int read_weekdays(struct reading *r) {
        int first = -1; /* of a range that is open */
        const char *p = r->at;

        for (bool begun = false;; begun = true) {
                int day = read_weekday(&p);

                if (day < 0)
                        return begun ? -EINVAL : 0;
                if (add_weekdays(r->c, first >= 0 ? first : day, day) < 0)
                        return -EINVAL;
                bool dots = p[0] == '.' && p[1] == '.';
                if (dots || *p == '-') {
                        if (first >= 0)
                                return -EINVAL;
                        first = day;
                        p += dots ? 2 : 1;
                } else if (*p == ',') {
                        first = -1;
                        p++;
                } else if (*p == ' ' || *p == '\0')
                        first = -1;
                else
                        return -EINVAL;
                if (*p == ' ' || *p == '\0') {
                        r->at = skip_blanks(p);
                        return first < 0 ? 0 : -EINVAL;
                }
        }
}

static void set_one(struct reading *r, enum calendar_field field, int64_t value) {
        r->c->list[r->used++] = (struct calendar_component){ (int32_t) value, -1, 0 };
        r->c->n[field] = 1;
}

/* "@1395716396": the one second that it is. */
static int read_seconds(struct reading *r) {
        uint64_t seconds;
        const char *p = r->at + 1;
        int e = parse_digits(&p, &seconds);

        if (e < 0)
                return e;
        if (seconds > INT64_MAX / 100)
                return -ERANGE;
        if (*p != '\0')
                return -EINVAL;
        int64_t value = (int64_t) seconds;
        struct date date = date_of_days(MIN(value / 86400, INT64_C(1000000)));
        set_one(r, CALENDAR_YEAR, date.year);
        set_one(r, CALENDAR_MONTH, date.month);
        set_one(r, CALENDAR_DAY, date.day);
        set_one(r, CALENDAR_HOUR, value / 3600 % 24);
        set_one(r, CALENDAR_MINUTE, value / 60 % 60);
        set_one(r, CALENDAR_SECOND, value % 60 * SECOND_UNIT);
        r->c->utc = true;
        r->at = p;
        return 0;
}

/* The sign in front of a day: "~" counts from the end of the month. */
static int read_separator(struct reading *r) {
        if (*r->at != '-' && *r->at != '~')
                return -EINVAL;
        r->c->end_of_month = *r->at++ == '~';
        return 0;
}

static bool is_end_of_date(const char *p) {
        return *p == ' ' || *p == '\0';
}

/* "YYYY-MM-DD" or "MM-DD", with blanks behind it. What turns out to be a time is left where it is. */
static int read_date(struct reading *r) {
        const struct reading before = *r;
        uint16_t n[3];
        int e = read_list(r, false, &n[0]);

        if (e < 0)
                return e;
        if (*r->at == ':' || *r->at == '\0') {
                *r = before;
                return 0;
        }
        e = read_separator(r);
        if (e >= 0)
                e = read_list(r, false, &n[1]);
        if (e < 0)
                return e;
        if (is_end_of_date(r->at)) {
                r->c->n[CALENDAR_MONTH] = n[0];
                r->c->n[CALENDAR_DAY] = n[1];
                r->at = skip_blanks(r->at);
                return 0;
        }
        if (r->c->end_of_month)
                return -EINVAL;
        e = read_separator(r);
        if (e >= 0)
                e = read_list(r, false, &n[2]);
        if (e < 0)
                return e;
        if (!is_end_of_date(r->at))
                return -EINVAL;
        for (unsigned i = 0; i < countof(n); i++)
                r->c->n[CALENDAR_YEAR + i] = n[i];
        r->at = skip_blanks(r->at);
        return 0;
}

/* "HH:MM[:SS]"; nothing is midnight. */
static int read_time(struct reading *r) {
        if (*r->at == '\0') {
                set_one(r, CALENDAR_HOUR, 0);
                set_one(r, CALENDAR_MINUTE, 0);
                set_one(r, CALENDAR_SECOND, 0);
                return 0;
        }
        int e = read_list(r, false, &r->c->n[CALENDAR_HOUR]);
        if (e >= 0)
                e = *r->at == ':' ? 0 : -EINVAL;
        if (e < 0)
                return e;
        r->at++;
        e = read_list(r, false, &r->c->n[CALENDAR_MINUTE]);
        if (e < 0)
                return e;
        if (*r->at == '\0') {
                set_one(r, CALENDAR_SECOND, 0);
                return 0;
        }
        if (*r->at != ':')
                return -EINVAL;
        r->at++;
        e = read_list(r, true, &r->c->n[CALENDAR_SECOND]);
        return e < 0 ? e : *r->at == '\0' ? 0 : -EINVAL;
}

/* --- The normal form. */

static int32_t full_year(int32_t year) {
        if (year >= 0 && year < 70)
                return year + 2000;
        return year >= 70 && year < 100 ? year + 1900 : year;
}

static bool is_behind(const struct calendar_component *a, const struct calendar_component *b) {
        if (a->start != b->start)
                return a->start > b->start;
        return a->stop != b->stop ? a->stop > b->stop : a->repeat > b->repeat;
}

static void sort(struct calendar_component *list, size_t n) {
        for (size_t i = 1; i < n; i++) {
                struct calendar_component moving = list[i];
                size_t at = i;

                for (; at > 0 && is_behind(&list[at - 1], &moving); at--)
                        list[at] = list[at - 1];
                list[at] = moving;
        }
}

/* Equal neighbours become one; what follows the list in memory moves up. Returns how many are gone. */
static uint16_t drop_doubles(struct calendar_component *list, uint16_t n, size_t behind) {
        uint16_t kept = n > 0;

        for (uint16_t i = 1; i < n; i++)
                if (is_behind(&list[i], &list[kept - 1]))
                        list[kept++] = list[i];
        memmove(list + kept, list + n, behind * sizeof(*list));
        return (uint16_t) (n - kept);
}

/* A range ends where its last step does; a step that leads nowhere is none. */
static void trim(struct calendar_component *c) {
        if (c->stop > c->start && c->repeat > 0)
                c->stop -= (c->stop - c->start) % c->repeat;
        if (c->stop >= 0 && c->stop == c->start)
                c->repeat = 0, c->stop = -1;
}

static bool is_valid(const struct calendar_component *c, int32_t least, int32_t most, bool from_end) {
        if (c->start < least || c->start > most || c->repeat > most - least)
                return false;
        if (c->stop >= 0)
                return c->stop >= least && c->stop <= most && c->start + c->repeat <= c->stop;
        return from_end ? c->start - c->repeat >= least : c->start + c->repeat <= most;
}

static int normalize(struct calendar *c) {
        size_t left = 0;

        if (c->weekdays == EVERY_DAY)
                c->weekdays = 0;
        if (c->n[CALENDAR_DAY] == 0)
                c->end_of_month = false;
        for (unsigned i = 0; i < countof(c->n); i++)
                left += c->n[i];
        for (unsigned i = 0; i < countof(c->n); i++) {
                struct calendar_component *list = &c->list[calendar_first(c, i)];
                uint16_t n = c->n[i];

                for (uint16_t k = 0; k < n; k++) {
                        if (i == CALENDAR_YEAR) {
                                list[k].start = full_year(list[k].start);
                                list[k].stop = full_year(list[k].stop);
                        }
                        trim(&list[k]);
                }
                sort(list, n);
                left -= n;
                c->n[i] = (uint16_t) (n - drop_doubles(list, n, left));
                bool from_end = i == CALENDAR_DAY && c->end_of_month;
                for (uint16_t k = 0; k < c->n[i]; k++) {
                        /* 28 days from the end every month has; as in systemd 252, each further element of
                         * the list gets three fewer. */
                        int32_t most = fields[i].most - (from_end ? 3 * (k + 1) : 0);

                        if (!is_valid(&list[k], fields[i].least, most, from_end))
                                return -ERANGE;
                }
        }
        return 0;
}

/* The last word of `text` where it is a time zone: its length, and 0 where it is none. */
static size_t find_zone(const char *text, size_t length, bool (*is_zone)(const char *name),
                        struct calendar *c) {
        size_t at = length;

        while (at > 0 && text[at - 1] != ' ')
                at--;
        size_t n = length - at;
        if (at == 0 || n == 0 || n >= ZONE_NAME_MAX)
                return 0;
        memcpy(c->zone, text + at, n);
        c->zone[n] = '\0';
        c->utc = n == 3 && match(c->zone, "UTC", 3) > 0;
        if (!c->utc && is_zone(c->zone))
                return n;
        c->zone[0] = '\0';
        return c->utc ? n : 0;
}

static int parse(const char *text, struct calendar *c) {
        struct reading r = { .at = text, .c = c };

        for (size_t i = 0; i < countof(shorthands); i++) {
                size_t n = strlen(shorthands[i].word);

                if (match(text, shorthands[i].word, n) > 0 && text[n] == '\0')
                        r.at = shorthands[i].meaning;
        }
        int e = read_weekdays(&r);
        if (e < 0)
                return e;
        if (*r.at == '@')
                e = read_seconds(&r);
        else {
                if (*r.at != '\0')
                        e = read_date(&r);
                if (e >= 0)
                        e = read_time(&r);
        }
        return e < 0 ? e : normalize(c);
}

int calendar_parse(const char *text, bool (*is_zone)(const char *name), struct calendar *c) {
        char words[1024];
        size_t length = strlen(text);

        *c = (struct calendar){};
        if (length >= sizeof(words))
                return -E2BIG;
        size_t zone = find_zone(text, length, is_zone, c);
        if (zone > 0)
                length -= zone + 1;
        if (length == 0)
                return -EINVAL;
        memcpy(words, text, length);
        words[length] = '\0';
        return parse(words, c);
}

size_t calendar_size(const struct calendar *c) {
        return sizeof(*c) + calendar_first(c, CALENDAR_FIELD_COUNT) * sizeof(c->list[0]);
}

/* --- Writing. */

struct writing {
        char *buffer;
        size_t size, used;
};

static void put(struct writing *w, const char *text) {
        size_t n = strlen(text), room = w->used < w->size ? w->size - w->used - 1 : 0;

        if (w->used < w->size) {
                memcpy(w->buffer + w->used, text, MIN(n, room));
                w->buffer[w->used + MIN(n, room)] = '\0';
        }
        w->used += n;
}

static void put_number(struct writing *w, int32_t value, enum calendar_field field, int width) {
        char text[32];

        if (field != CALENDAR_SECOND)
                (void) snprintf(text, sizeof(text), "%0*d", width, value);
        else if (value % SECOND_UNIT != 0)
                (void) snprintf(text, sizeof(text), "%0*d.%06d", width, value / SECOND_UNIT,
                                value % SECOND_UNIT);
        else
                (void) snprintf(text, sizeof(text), "%0*d", width, value / SECOND_UNIT);
        put(w, text);
}

static void put_field(struct writing *w, const struct calendar *c, enum calendar_field field) {
        const struct calendar_component *list = &c->list[calendar_first(c, field)];
        int32_t one = field == CALENDAR_SECOND ? SECOND_UNIT : 1;
        uint16_t n = c->n[field];

        if (n == 0 || (n == 1 && field == CALENDAR_SECOND && list->start == 0 && list->repeat == one &&
                       list->stop < 0)) {
                put(w, "*");
                return;
        }
        for (uint16_t i = 0; i < n; i++) {
                put(w, i > 0 ? "," : "");
                put_number(w, list[i].start, field, fields[field].width);
                if (list[i].stop > 0) {
                        put(w, "..");
                        put_number(w, list[i].stop, field, fields[field].width);
                }
                if (list[i].repeat > 0 && !(list[i].stop > 0 && list[i].repeat == one)) {
                        put(w, "/");
                        put_number(w, list[i].repeat, field, 1);
                }
        }
}

static void put_weekdays(struct writing *w, uint8_t days) {
        const char *between = "";

        for (int i = 0, last; i < DAYS_OF_WEEK; i = last + 1) {
                last = i;
                if (!(days >> i & 1))
                        continue;
                while (last + 1 < DAYS_OF_WEEK && days >> (last + 1) & 1)
                        last++;
                char text[16];
                (void) snprintf(text, sizeof(text), "%s%.3s", between, weekdays[i]);
                put(w, text);
                if (last > i) {
                        (void) snprintf(text, sizeof(text), "%s%.3s", last > i + 1 ? ".." : ",",
                                        weekdays[last]);
                        put(w, text);
                }
                between = ",";
        }
        put(w, " ");
}

size_t calendar_print(const struct calendar *c, char *buffer, size_t size) {
        static const char behind[CALENDAR_FIELD_COUNT][2] = { "-", "-", " ", ":", ":", "" };
        struct writing w = { .buffer = buffer, .size = size };

        if (c->weekdays != 0)
                put_weekdays(&w, c->weekdays);
        for (unsigned i = 0; i < CALENDAR_FIELD_COUNT; i++) {
                put_field(&w, c, i);
                put(&w, i == CALENDAR_MONTH && c->end_of_month ? "~" : behind[i]);
        }
        if (c->utc)
                put(&w, " UTC");
        else if (c->zone[0] != '\0') {
                put(&w, " ");
                put(&w, c->zone);
        }
        return w.used;
}
