#include <errno.h>
#include <time.h>

#include "base/date.h"
#include "config/calendar.h"
#include "tests/unit/test.h"

#define TIMES_MOST 4

static bool is_zone(const char *name) {
        return strcmp(name, "Europe/Berlin") == 0 || strcmp(name, "CET") == 0;
}

/* The caller frees; NULL where it is refused. */
static struct calendar *read_calendar(const char *text, int *ret_error) {
        struct calendar *c = malloc(CALENDAR_SIZE_MOST);

        if (!c)
                return NULL;
        *ret_error = calendar_parse(text, is_zone, c);
        if (*ret_error == 0)
                return c;
        free(c);
        return NULL;
}

/* The examples of systemd.time(7) among them. */
static const struct {
        const char *text, *form;
} forms[] = {
        { "Sat,Thu,Mon..Wed,Sat..Sun", "Mon..Thu,Sat,Sun *-*-* 00:00:00" },
        { "Mon,Sun 12-*-* 2,1:23", "Mon,Sun 2012-*-* 01,02:23:00" },
        { "Wed *-1", "Wed *-*-01 00:00:00" },
        { "Wed..Wed,Wed *-1", "Wed *-*-01 00:00:00" },
        { "Wed, 17:48", "Wed *-*-* 17:48:00" },
        { "Wed..Sat,Tue 12-10-15 1:2:3", "Tue..Sat 2012-10-15 01:02:03" },
        { "*-*-7 0:0:0", "*-*-07 00:00:00" },
        { "10-15", "*-10-15 00:00:00" },
        { "monday *-12-* 17:00", "Mon *-12-* 17:00:00" },
        { "Mon,Fri *-*-3,1,2 *:30:45", "Mon,Fri *-*-01,02,03 *:30:45" },
        { "12,14,13,12:20,10,30", "*-*-* 12,13,14:10,20,30:00" },
        { "12..14:10,20,30", "*-*-* 12..14:10,20,30:00" },
        { "mon,fri *-1/2-1,3 *:30:45", "Mon,Fri *-01/2-01,03 *:30:45" },
        { "03-05 08:05:40", "*-03-05 08:05:40" },
        { "05:40", "*-*-* 05:40:00" },
        { "Sat,Sun 12-05 08:05:40", "Sat,Sun *-12-05 08:05:40" },
        { "2003-02..04-05", "2003-02..04-05 00:00:00" },
        { "2003-03-05 05:40:23.4200004/3.1700005", "2003-03-05 05:40:23.420000/3.170001" },
        { "2003-02..04-05 UTC", "2003-02..04-05 00:00:00 UTC" },
        { "hourly", "*-*-* *:00:00" },
        { "MINUTELY", "*-*-* *:*:00" },
        { "daily UTC", "*-*-* 00:00:00 UTC" },
        { "weekly Europe/Berlin", "Mon *-*-* 00:00:00 Europe/Berlin" },
        { "quarterly", "*-01,04,07,10-01 00:00:00" },
        { "semi-annually", "*-01,07-01 00:00:00" },
        { "*:2/3", "*-*-* *:02/3:00" },
        { "*-02~03", "*-02~03 00:00:00" },
        { "Mon *-05~07/1", "Mon *-05~07/1 00:00:00" },
        { "*-*~05..01", NULL },
        { "*:*:*", "*-*-* *:*:*" },
        { "Mon-Fri 9:00", "Mon..Fri *-*-* 09:00:00" },
        { "@1395716396", "2014-03-25 02:59:56 UTC" },
        { "00:00:00/0.000001", "*-*-* 00:00:00/0.000001" },
        { "71-1-1", "1971-01-01 00:00:00" },
        /* What is refused. */
        { "", NULL },
        { " ", NULL },
        { "UTC", NULL },
        { "7", NULL },
        { "*:*/2", NULL },
        { "Mon..Wed..Fri", NULL },
        { "Fri..Mon", NULL },
        { "Mon..", NULL },
        { "Mond", NULL },
        { "24:00", NULL },
        { "12:60", NULL },
        { "*-13-01", NULL },
        { "*-00-01", NULL },
        { "1969-01-01", NULL },
        { "2200-01-01", NULL },
        { "*:0/0", NULL },
        { "*:0/60", NULL },
        { "00:00:0.0..0.9", NULL },
        { "00:00:1.", NULL },
        { "1,:00", NULL },
        { "daily Nowhere/City", NULL },
        { "99999999999:00", NULL },
        { "*~*~1", NULL },
        { "*-*~29", NULL },
        { "*-*~28", "*-*~28 00:00:00" },
};

TEST(calendar_normal_forms) {
        for (size_t i = 0; i < countof(forms); i++) {
                char form[256] = "";
                int error = 0;
                autofree struct calendar *c = read_calendar(forms[i].text, &error);

                if (!CHECK((c != NULL) == (forms[i].form != NULL), "%s", forms[i].text) || !c)
                        continue;
                CHECK(calendar_print(c, form, sizeof(form)) == strlen(form), "%s", forms[i].text);
                CHECK_STRING(form, forms[i].form, "%s", forms[i].text);

                /* The normal form is its own. */
                autofree struct calendar *again = read_calendar(form, &error);
                char second[256] = "";
                if (CHECK(again, "%s", form)) {
                        (void) calendar_print(again, second, sizeof(second));
                        CHECK_STRING(second, form, "%s", forms[i].text);
                        CHECK(calendar_size(again) == calendar_size(c), "%s", form);
                }
        }
}

TEST(calendar_prints_what_fits) {
        char form[8];
        int error;
        autofree struct calendar *c = read_calendar("daily", &error);

        if (!CHECK(c))
                return;
        CHECK(calendar_print(c, form, sizeof(form)) == strlen("*-*-* 00:00:00"));
        CHECK_STRING(form, "*-*-* 0");
}

TEST(calendar_lists_have_an_end) {
        char text[1024] = "*:0";
        int error = 0;

        for (int i = 0; i < CALENDAR_COMPONENTS_MOST; i++)
                memcpy(text + strlen(text), ",1", 3);
        autofree struct calendar *c = read_calendar(text, &error);
        CHECK(!c && error == -E2BIG);
        text[strlen(text) - 2] = '\0';
        autofree struct calendar *fits = read_calendar(text, &error);
        CHECK(fits && calendar_size(fits) < 256);
}

/* "2024-10-27 02:30:00" of a clock that is UTC; fractions are left out. */
static usec_t time_of(const char *text) {
        struct tm clock = {};

        CHECK(strptime(text, "%Y-%m-%d %H:%M:%S", &clock), "%s", text);
        return (usec_t) timegm(&clock) * USEC_PER_SEC;
}

static const struct {
        const char *text, *zone, *after, *times[TIMES_MOST]; /* all of UTC; "never" at the end of them */
} elapses[] = {
        { "daily", "UTC0", "2024-02-28 12:00:00", { "2024-02-29 00:00:00", "2024-03-01 00:00:00" } },
        /* Behind it, not at it. */
        { "*:0/15", "UTC0", "2024-12-31 23:45:00", { "2025-01-01 00:00:00", "2025-01-01 00:15:00" } },
        { "Sat *-*-29", "UTC0", "2024-02-01 00:00:00", { "2024-06-29 00:00:00", "2025-03-29 00:00:00" } },
        { "*-02~01", "UTC0", "2023-01-01 00:00:00", { "2023-02-28 00:00:00", "2024-02-29 00:00:00" } },
        { "Mon *-05~07/1", "UTC0", "2024-01-01 00:00:00", { "2024-05-27 00:00:00", "2025-05-26 00:00:00" } },
        { "*-02-29", "UTC0", "2096-03-01 00:00:00", { "2104-02-29 00:00:00", "2108-02-29 00:00:00" } },
        { "*-02-30", "UTC0", "2024-01-01 00:00:00", { "never" } },
        { "2020-01-01", "UTC0", "2024-01-01 00:00:00", { "never" } },
        { "2199-12-31 23:59:59", "UTC0", "2024-01-01 00:00:00", { "2199-12-31 23:59:59", "never" } },
        { "08:30", "IST-5:30", "2024-01-01 00:00:00", { "2024-01-01 03:00:00" } },
        /* What the clock skips does not elapse; what it shows twice does once. */
        { "02:30",
          "CET-1CEST,M3.5.0,M10.5.0/3",
          "2024-03-30 00:00:00",
          { "2024-03-30 01:30:00", "2024-04-01 00:30:00" } },
        { "02:30",
          "CET-1CEST,M3.5.0,M10.5.0/3",
          "2024-10-26 12:00:00",
          { "2024-10-27 00:30:00", "2024-10-28 01:30:00" } },
        { "*:0/30",
          "CET-1CEST,M3.5.0,M10.5.0/3",
          "2024-10-27 00:00:00",
          { "2024-10-27 00:30:00", "2024-10-27 02:00:00" } },
        { "12:00",
          "CET-1CEST,M3.5.0,M10.5.0/3",
          "2024-03-30 00:00:00",
          { "2024-03-30 11:00:00", "2024-03-31 10:00:00" } },
        /* The south: summer time over the turn of the year. */
        { "*-01,07-01 12:00",
          "AEST-10AEDT,M10.1.0,M4.1.0/3",
          "2024-01-01 12:00:00",
          { "2024-07-01 02:00:00", "2025-01-01 01:00:00" } },
};

TEST(calendar_elapses) {
        for (size_t i = 0; i < countof(elapses); i++) {
                usec_t at = time_of(elapses[i].after);
                struct zone zone = {};
                int error;
                autofree struct calendar *c = read_calendar(elapses[i].text, &error);

                if (!CHECK(c && zone_parse_rule(elapses[i].zone, &zone.rule) == 0, "row %zu", i))
                        continue;
                for (size_t k = 0; k < TIMES_MOST && elapses[i].times[k]; k++) {
                        const char *wanted = elapses[i].times[k];
                        at = calendar_next(c, &zone, at);
                        CHECK(at == (strcmp(wanted, "never") == 0 ? USEC_INFINITY : time_of(wanted)),
                              "row %zu, time %zu: %llu", i, k, (unsigned long long) at / USEC_PER_SEC);
                }
        }
}

TEST(calendar_elapses_in_fractions) {
        usec_t base = time_of("2024-01-01 00:00:00");
        int error;
        autofree struct calendar *c = read_calendar("*:*:0/0.4", &error);
        struct zone utc = {};

        if (!CHECK(c))
                return;
        CHECK(calendar_next(c, &utc, base) == base + 400000);
        CHECK(calendar_next(c, &utc, base + 399999) == base + 400000);
        CHECK(calendar_next(c, &utc, base + 59600000) == base + USEC_PER_MIN);
        CHECK(calendar_next(c, &utc, USEC_INFINITY - 1) == USEC_INFINITY);
}

TEST(date_there_and_back) {
        struct tm clock;

        for (int64_t day = -200000; day < 200000; day += 37) {
                time_t seconds = (time_t) day * 86400;
                struct date d = date_of_days(day);

                if (!CHECK(gmtime_r(&seconds, &clock)))
                        return;
                CHECK(d.year == clock.tm_year + 1900 && d.month == clock.tm_mon + 1 && d.day == clock.tm_mday,
                      "day %lld", (long long) day);
                CHECK(date_days(d) == day && date_weekday(day) == (clock.tm_wday + 6) % 7, "day %lld",
                      (long long) day);
        }
}
