#include <errno.h>
#include <time.h>

#include "config/zone.h"
#include "tests/unit/test.h"

TEST(zone_rules_are_read) {
        static const struct {
                const char *text;
                int error;
                int32_t offset, summer_offset;
        } rows[] = {
                { "UTC0", 0, 0, 0 },
                { "CET-1", 0, 3600, 0 },
                { "IST-5:30", 0, 19800, 0 },
                { "<-03>3", 0, -10800, 0 },
                { "<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45", 0, 45900, 49500 },
                { "EST5EDT", 0, -18000, -14400 },
                { "EST5EDT4,J60/1,300", 0, -18000, -14400 },
                { "IST-1GMT0,M10.5.0,M3.5.0/1", 0, 3600, 0 },
                { "EST5EDT,M3.2.0/-1,M11.1.0/167", 0, -18000, -14400 },
                { "", -EINVAL, 0, 0 },
                { "Europe/Berlin", -EINVAL, 0, 0 },
                { "CE-1", -EINVAL, 0, 0 },
                { "CET", -EINVAL, 0, 0 },
                { "CET-1CEST,M3.5.0", -EINVAL, 0, 0 },
                { "CET-1CEST,M13.5.0,M10.5.0", -EINVAL, 0, 0 },
                { "CET-1CEST,M3.5.7,M10.5.0", -EINVAL, 0, 0 },
                { "CET-1CEST,J0,J10", -EINVAL, 0, 0 },
                { "CET-1CEST,M3.5.0,M10.5.0/3x", -EINVAL, 0, 0 },
                { "CET-168", -EINVAL, 0, 0 },
                { "<+03-3", -EINVAL, 0, 0 },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                struct zone_rule r = {};

                CHECK(zone_parse_rule(rows[i].text, &r) == rows[i].error, "row %zu", i);
                CHECK(r.offset == rows[i].offset && r.summer_offset == rows[i].summer_offset, "row %zu", i);
        }
}

static int32_t offset_by_libc(int64_t seconds) {
        time_t at = (time_t) seconds;
        struct tm clock = {};

        (void) localtime_r(&at, &clock);
        return (int32_t) clock.tm_gmtoff;
}

/* The C library reads the same rules and the same files. */
static void compare(const struct zone *z, const char *name, int64_t from) {
        (void) setenv("TZ", name, 1);
        tzset();
        for (int64_t at = from; at < INT64_C(6000000000); at += 1234567) {
                struct zone_span s = zone_at(z, at);

                if (!CHECK(s.offset == offset_by_libc(at), "%s at %lld: %d", name, (long long) at, s.offset))
                        break;
                CHECK(s.from <= at && at < s.until, "%s at %lld", name, (long long) at);
                if (s.from > INT64_MIN)
                        CHECK(zone_at(z, s.from - 1).offset == s.offset_before, "%s at %lld", name,
                              (long long) at);
                if (s.until < INT64_MAX)
                        CHECK(zone_at(z, s.until).from == s.until, "%s at %lld", name, (long long) at);
        }
        (void) unsetenv("TZ");
        tzset();
}

TEST(zone_rules_are_those_of_the_c_library) {
        static const char *const rules[] = {
                "UTC0",
                "CET-1CEST,M3.5.0,M10.5.0/3",
                "AEST-10AEDT,M10.1.0,M4.1.0/3",
                "EST5EDT,J60/1,J300/2",
                "EST5EDT,59,299/3",
                "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
        };

        for (size_t i = 0; i < countof(rules); i++) {
                struct zone z = {};

                if (CHECK(zone_parse_rule(rules[i], &z.rule) == 0, "%s", rules[i]))
                        compare(&z, rules[i], 40000000); /* before 1970 its rules do not reach */
        }
}

/* Where there is a database; a container need not have one. */
TEST(zone_files_are_those_of_the_c_library) {
        static const char *const names[] = {
                "Europe/Berlin",     "America/New_York", "Australia/Lord_Howe",
                "Pacific/Apia",      "Asia/Kolkata",     "Africa/Casablanca",
                "America/Sao_Paulo", "Europe/Dublin",    "Etc/GMT+5",
        };

        for (size_t i = 0; i < countof(names); i++) {
                struct zone z = {};

                if (!zone_is_known(names[i]))
                        continue;
                if (!CHECK(zone_open(names[i], NULL, &z) == 0, "%s", names[i]))
                        continue;
                CHECK_STRING(z.name, names[i]);
                compare(&z, names[i], -600000000);
                zone_close(&z);
        }
}

TEST(zone_of_the_container) {
        static char berlin[] = "TZ=CET-1CEST,M3.5.0,M10.5.0/3", nonsense[] = "TZ=no/such zone";
        char *const rule[] = { berlin, NULL }, *const unknown[] = { nonsense, NULL };
        struct zone z = {};

        CHECK(zone_open(NULL, rule, &z) == 0 && zone_at(&z, 1720000000).offset == 7200);
        zone_close(&z);
        CHECK(zone_open(NULL, unknown, &z) == 0 && zone_at(&z, 1720000000).offset == 0);
        zone_close(&z);
        CHECK(zone_open("UTC", NULL, &z) == 0 && zone_at(&z, 1720000000).offset == 0);
        zone_close(&z);
        CHECK(zone_open("../../etc/passwd", NULL, &z) == -EINVAL);
        CHECK(zone_open("Nowhere/City", NULL, &z) == -ENOENT);
        CHECK(!zone_is_known("/etc/localtime") && !zone_is_known("Europe") && zone_is_known("UTC"));
}

/* A file that is cut anywhere is refused, and nothing behind its end is read. */
TEST(zone_files_that_are_cut) {
        struct zone z = {}, cut;
        size_t size = 0;

        if (!zone_is_known("Europe/Berlin"))
                return;
        CHECK(zone_open("Europe/Berlin", NULL, &z) == 0);
        if (!z.data)
                return;
        size = (size_t) (z.infos - (const uint8_t *) z.data) + z.n_infos * (size_t) 6;
        for (size_t i = 0; i < size; i++) {
                autofree char *part = malloc(i + 1);

                CHECK(part, "%zu bytes", i);
                if (!part)
                        break;
                memcpy(part, z.data, i);
                CHECK(zone_parse(part, i, &cut) == -EINVAL, "%zu bytes", i);
        }
        zone_close(&z);
}
