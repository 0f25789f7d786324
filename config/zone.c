#include <errno.h>
#include <string.h>

#include "base/date.h"
#include "base/parse.h"
#include "base/text.h"
#include "config/zone.h"

#define HOUR     3600
#define DAY      86400
#define TZ_MAGIC "TZif"

enum { HEADER_SIZE = 44, TIME_SIZE = 8, INFO_SIZE = 6 };

/* --- POSIX strings. */

static bool is_letter(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool read_number(const char **at, int32_t most, int32_t *ret) {
        uint64_t value;

        if (parse_digits(at, &value) < 0 || value > (uint64_t) most)
                return false;
        *ret = (int32_t) value;
        return true;
}

/* "CET" or "<+0330>". */
static bool skip_name(const char **at) {
        const char *p = *at;
        bool quoted = *p == '<';

        p += quoted;
        const char *first = p;
        while (is_letter(*p) || (quoted && (text_is_digit(*p) || *p == '+' || *p == '-')))
                p++;
        if (p - first < 3 || (quoted && *p != '>'))
                return false;
        *at = p + quoted;
        return true;
}

/* "[+-]hh[:mm[:ss]]" in seconds. */
static bool read_time(const char **at, int32_t *ret) {
        int32_t sign = **at == '-' ? -1 : 1, sum = 0, part, unit = HOUR;

        *at += **at == '-' || **at == '+';
        for (;; unit /= 60) {
                if (!read_number(at, unit == HOUR ? 167 : 59, &part))
                        return false;
                sum += part * unit;
                if (**at != ':' || unit == 1)
                        break;
                ++*at;
        }
        *ret = sign * sum;
        return true;
}

static bool read_part(const char **at, char before, int32_t least, int32_t most, int32_t *ret) {
        if (**at != before)
                return false;
        ++*at;
        return read_number(at, most, ret) && *ret >= least;
}

static bool read_change(const char **at, struct zone_change *ret) {
        int32_t month = 0, week = 0, weekday = 0, day = 0, time = 2 * HOUR;
        bool ok;

        if (*(*at)++ != ',')
                return false;
        char kind = **at == 'M' || **at == 'J' ? **at : 'N';
        if (kind == 'M')
                ok = read_part(at, 'M', 1, 12, &month) && read_part(at, '.', 1, 5, &week) &&
                     read_part(at, '.', 0, 6, &weekday);
        else if (kind == 'J')
                ok = read_part(at, 'J', 1, 365, &day);
        else
                ok = read_number(at, 365, &day);
        if (ok && **at == '/') {
                ++*at;
                ok = read_time(at, &time);
        }
        if (!ok)
                return false;
        *ret = (struct zone_change){
                .kind = (uint8_t) kind,
                .month = (uint8_t) month,
                .week = (uint8_t) week,
                .weekday = (uint8_t) weekday,
                .day = (uint16_t) day,
                .time = time,
        };
        return true;
}

int zone_parse_rule(const char *text, struct zone_rule *ret) {
        /* Summer time without rules has those of the United States. */
        static const struct zone_change begin = { 'M', 3, 2, 0, 0, 2 * HOUR },
                                        end = { 'M', 11, 1, 0, 0, 2 * HOUR };
        struct zone_rule r = { .begin = begin, .end = end };
        int32_t west;

        if (!skip_name(&text) || !read_time(&text, &west))
                return -EINVAL;
        r.offset = -west;
        if (*text != '\0') {
                if (!skip_name(&text))
                        return -EINVAL;
                r.has_summer = true;
                r.summer_offset = r.offset + HOUR;
                if (*text != ',' && *text != '\0') {
                        if (!read_time(&text, &west))
                                return -EINVAL;
                        r.summer_offset = -west;
                }
                if (*text != '\0' && (!read_change(&text, &r.begin) || !read_change(&text, &r.end)))
                        return -EINVAL;
        }
        if (*text != '\0')
                return -EINVAL;
        *ret = r;
        return 0;
}

/* When that is in a year, in seconds since 1970 of a clock that does not change. */
static int64_t change_at(const struct zone_change *c, int32_t year) {
        int64_t first = date_days((struct date){ year, 1, 1 }), day = first + c->day;

        if (c->kind == 'J') {
                bool leap = date_days_of_month(year, 2) == 29;
                day = first + c->day - 1 + (leap && c->day >= 60);
        } else if (c->kind == 'M') {
                /* Of the first of the month; Sunday is 0 here. */
                int64_t month = date_days((struct date){ year, c->month, 1 });
                int weekday = (date_weekday(month) + 1) % 7;
                int32_t of_month = (c->weekday - weekday + 7) % 7 + 7 * (c->week - 1);
                if (of_month >= date_days_of_month(year, c->month))
                        of_month -= 7;
                day = month + of_month;
        }
        return day * DAY + c->time;
}

static struct zone_span rule_at(const struct zone_rule *r, int64_t seconds) {
        struct zone_span s = {
                .from = INT64_MIN,
                .until = INT64_MAX,
                .offset = r->offset,
                .offset_before = r->offset,
        };

        if (!r->has_summer)
                return s;
        int32_t year = date_of_days(seconds / DAY).year;
        for (int32_t y = year - 1; y <= year + 1; y++) {
                const struct {
                        int64_t at;
                        int32_t before, after;
                } changes[] = {
                        { change_at(&r->begin, y) - r->offset, r->offset, r->summer_offset },
                        { change_at(&r->end, y) - r->summer_offset, r->summer_offset, r->offset },
                };
                for (size_t i = 0; i < countof(changes); i++)
                        if (changes[i].at <= seconds && changes[i].at >= s.from) {
                                s.from = changes[i].at;
                                s.offset = changes[i].after;
                                s.offset_before = changes[i].before;
                        } else if (changes[i].at > seconds)
                                s.until = MIN(s.until, changes[i].at);
        }
        return s;
}

/* --- TZif. */

static uint64_t read_big(const uint8_t *at, unsigned n) {
        uint64_t value = 0;

        for (unsigned i = 0; i < n; i++)
                value = value << 8 | at[i];
        return value;
}

struct header {
        uint32_t n_utc, n_standard, n_leaps, n_times, n_infos, n_letters;
};

static bool read_header(const uint8_t *data, size_t size, struct header *h) {
        if (size < HEADER_SIZE || memcmp(data, TZ_MAGIC, strlen(TZ_MAGIC)) != 0 || data[4] < '2')
                return false;
        uint32_t counts[6];
        for (unsigned i = 0; i < countof(counts); i++) {
                counts[i] = (uint32_t) read_big(data + 20 + 4 * i, 4);
                if (counts[i] > 1U << 16)
                        return false;
        }
        *h = (struct header){ counts[0], counts[1], counts[2], counts[3], counts[4], counts[5] };
        return h->n_infos > 0;
}

static size_t body_size(const struct header *h, size_t time_size) {
        return h->n_times * (time_size + 1) + h->n_infos * (size_t) INFO_SIZE + h->n_letters +
               h->n_leaps * (time_size + 4) + h->n_standard + h->n_utc;
}

/* "\nCET-1CEST,…\n" at the end; without it the last offset stays. */
static bool read_footer(const uint8_t *at, size_t size, struct zone *z) {
        char text[128];
        size_t n = 1;

        if (size < 2 || at[0] != '\n')
                return false;
        while (n < size && at[n] != '\n')
                n++;
        if (n == size || n > sizeof(text))
                return false;
        memcpy(text, at + 1, n - 1);
        text[n - 1] = '\0';
        if (text[0] != '\0')
                return zone_parse_rule(text, &z->rule) == 0;
        uint32_t last = z->n_times > 0 ? z->types[z->n_times - 1] : 0;
        z->rule = (struct zone_rule){ .offset = (int32_t) read_big(z->infos + last * (size_t) INFO_SIZE, 4) };
        return true;
}

int zone_parse(const char *data, size_t size, struct zone *zone) {
        const uint8_t *at = (const uint8_t *) data;
        struct header h;
        struct zone z = {};

        /* What version 1 had comes first, and is not looked at. */
        if (!read_header(at, size, &h) || size < HEADER_SIZE + body_size(&h, 4))
                return -EINVAL;
        size_t skip = HEADER_SIZE + body_size(&h, 4);
        at += skip;
        size -= skip;
        if (!read_header(at, size, &h) || size < HEADER_SIZE + body_size(&h, TIME_SIZE))
                return -EINVAL;
        z.times = at + HEADER_SIZE;
        z.types = z.times + h.n_times * (size_t) TIME_SIZE;
        z.infos = z.types + h.n_times;
        z.n_times = h.n_times;
        z.n_infos = h.n_infos;
        for (uint32_t i = 0; i < z.n_times; i++)
                if (z.types[i] >= z.n_infos)
                        return -EINVAL;
        skip = HEADER_SIZE + body_size(&h, TIME_SIZE);
        if (!read_footer(at + skip, size - skip, &z))
                return -EINVAL;
        *zone = z;
        return 0;
}

static int64_t time_of(const struct zone *z, uint32_t i) {
        return (int64_t) read_big(z->times + i * (size_t) TIME_SIZE, TIME_SIZE);
}

/* Of the time behind transition `i`; before the first one the first type holds. */
static int32_t offset_of(const struct zone *z, int64_t i) {
        uint32_t type = i < 0 ? 0 : z->types[i];

        return (int32_t) read_big(z->infos + type * (size_t) INFO_SIZE, 4);
}

struct zone_span zone_at(const struct zone *z, int64_t seconds) {
        uint32_t low = 0, high = z->n_times;

        while (low < high) {
                uint32_t middle = (low + high) / 2;

                if (time_of(z, middle) <= seconds)
                        low = middle + 1;
                else
                        high = middle;
        }
        /* `low` transitions are behind it. */
        if (low == z->n_times) {
                struct zone_span s = rule_at(&z->rule, seconds);
                int64_t last = low > 0 ? time_of(z, low - 1) : INT64_MIN;

                if (s.from < last) {
                        s.from = last;
                        s.offset_before = offset_of(z, (int64_t) low - 2);
                }
                return s;
        }
        return (struct zone_span){
                .from = low > 0 ? time_of(z, low - 1) : INT64_MIN,
                .until = time_of(z, low),
                .offset = offset_of(z, (int64_t) low - 1),
                .offset_before = offset_of(z, (int64_t) low - 2),
        };
}
