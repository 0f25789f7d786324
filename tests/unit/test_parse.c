#include <errno.h>
#include <limits.h>
#include <signal.h>

#include "base/parse.h"
#include "tests/unit/test.h"

TEST(parse_devices) {
        static const struct {
                const char *text;
                int error;
                unsigned major, minor;
        } rows[] = {
                { "8:1", 0, 8, 1 },
                { "0:0", 0, 0, 0 },
                { "4294967295:9", 0, UINT_MAX, 9 },
                { "8", -EINVAL, 0, 0 },
                { "8:", -EINVAL, 0, 0 },
                { ":1", -EINVAL, 0, 0 },
                { "8:1 ", -EINVAL, 0, 0 },
                { "8:1\n", -EINVAL, 0, 0 },
                { "8 :1", -EINVAL, 0, 0 },
                { "8:4294967296", -ERANGE, 0, 0 },
                { "-8:1", -EINVAL, 0, 0 },
                { "", -EINVAL, 0, 0 },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                unsigned major = 0, minor = 0;

                CHECK(parse_device(rows[i].text, &major, &minor) == rows[i].error, "row %zu", i);
                CHECK(major == rows[i].major && minor == rows[i].minor, "row %zu", i);
        }
}

TEST(parse_spans) {
        static const struct {
                const char *text;
                int error;
                usec_t span;
                const char *printed;
        } rows[] = {
                { "0", 0, 0, "0" },
                { "5", 0, 5 * USEC_PER_SEC, "5s" },
                { "5s", 0, 5 * USEC_PER_SEC, "5s" },
                { "1min 30s", 0, 90 * USEC_PER_SEC, "1min 30s" },
                { "1min30", 0, 90 * USEC_PER_SEC, "1min 30s" },
                { "100ms", 0, 100 * USEC_PER_MSEC, "100ms" },
                { "1.5s", 0, 1500 * USEC_PER_MSEC, "1s 500ms" },
                { "0.25min", 0, 15 * USEC_PER_SEC, "15s" },
                { "2 h", 0, 2 * USEC_PER_HOUR, "2h" },
                { "3m", 0, 3 * USEC_PER_MIN, "3min" },
                { "1d", 0, USEC_PER_DAY, "1d" },
                { "1w", 0, 7 * USEC_PER_DAY, "7d" },
                { "7us", 0, 7, "7us" },
                { "7 \xc2\xb5s", 0, 7, "7us" },
                { "1M", 0, 2629800 * USEC_PER_SEC, "30d 10h 30min" },
                { "infinity", 0, USEC_INFINITY, "infinity" },
                { " infinity ", 0, USEC_INFINITY, "infinity" },
                { "", -EINVAL, 0, NULL },
                { "s", -EINVAL, 0, NULL },
                { "5x", -EINVAL, 0, NULL },
                { "-5", -EINVAL, 0, NULL },
                { "5.s", -EINVAL, 0, NULL },
                { "5 6x", -EINVAL, 0, NULL },
                { "9s ; the budget", -EINVAL, 0, NULL },
                { "infinityx", -EINVAL, 0, NULL },
                { "99999999999999999999", -ERANGE, 0, NULL },
                { "999999999y", -ERANGE, 0, NULL },
                { "18446744073709551615us", -ERANGE, 0, NULL },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                usec_t span = 4711, again = 0;
                char buffer[PARSE_PRINT_MAX];

                CHECK(parse_span(rows[i].text, &span) == rows[i].error, "row %zu", i);
                CHECK(span == (rows[i].error < 0 ? 4711 : rows[i].span), "row %zu", i);
                if (rows[i].error < 0)
                        continue;
                CHECK_STRING(print_span(span, buffer), rows[i].printed, "row %zu", i);
                CHECK(parse_span(print_span(span, buffer), &again) == 0 && again == span, "row %zu", i);
        }
}

TEST(parse_prints_the_longest_span) {
        char buffer[PARSE_PRINT_MAX];

        CHECK_STRING(print_span(USEC_INFINITY - 1, buffer), "213503982d 8h 1min 49s 551ms 614us");
}

TEST(parse_sizes) {
        static const struct {
                const char *text;
                int error;
                uint64_t size;
                const char *printed;
        } rows[] = {
                { "0", 0, 0, "0" },
                { "1000", 0, 1000, "1000" },
                { "1024", 0, 1024, "1K" },
                { "64M", 0, UINT64_C(64) << 20, "64M" },
                { "1.5G", 0, UINT64_C(1536) << 20, "1536M" },
                { "2G 1B", 0, (UINT64_C(2) << 30) + 1, "2147483649" },
                { "infinity", 0, UINT64_MAX, "infinity" },
                { "64m", -EINVAL, 0, NULL },
                { "64MB", -EINVAL, 0, NULL },
                { "-1", -EINVAL, 0, NULL },
                { "", -EINVAL, 0, NULL },
                { "16E", -ERANGE, 0, NULL },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                uint64_t size = 4711;
                char buffer[PARSE_PRINT_MAX];

                CHECK(parse_size(rows[i].text, &size) == rows[i].error, "row %zu", i);
                CHECK(size == (rows[i].error < 0 ? 4711 : rows[i].size), "row %zu", i);
                if (rows[i].error == 0)
                        CHECK_STRING(print_size(size, buffer), rows[i].printed, "row %zu", i);
        }
}

TEST(parse_bools) {
        static const struct {
                const char *text;
                int error;
                bool on;
        } rows[] = {
                { "yes", 0, true }, { "True", 0, true },    { "1", 0, true },    { "ON", 0, true },
                { "no", 0, false }, { "f", 0, false },      { "0", 0, false },   { "Off", 0, false },
                { "", -EINVAL, 0 }, { "yess", -EINVAL, 0 }, { "2", -EINVAL, 0 },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                bool on = !rows[i].on;

                CHECK(parse_bool(rows[i].text, &on) == rows[i].error, "row %zu", i);
                CHECK(on == (rows[i].error < 0 ? !rows[i].on : rows[i].on), "row %zu", i);
        }
}

TEST(parse_numbers) {
        unsigned u = 1;
        int n = 1;

        CHECK(parse_unsigned("255", 255, &u) == 0 && u == 255);
        CHECK(parse_unsigned("256", 255, &u) == -ERANGE && u == 255);
        CHECK(parse_unsigned("99999999999999999999", 255, &u) == -ERANGE);
        CHECK(parse_unsigned("12x", 255, &u) == -EINVAL);
        CHECK(parse_unsigned("-1", 255, &u) == -EINVAL);
        CHECK(parse_unsigned("", 255, &u) == -EINVAL);
        CHECK(parse_int("-20", -20, 19, &n) == 0 && n == -20);
        CHECK(parse_int("+19", -20, 19, &n) == 0 && n == 19);
        CHECK(parse_int("20", -20, 19, &n) == -ERANGE && n == 19);
        CHECK(parse_int("--1", -20, 19, &n) == -EINVAL);
        CHECK(parse_int("4294967296", -20, 19, &n) == -ERANGE);
        CHECK(parse_mode("0022", &u) == 0 && u == 022);
        CHECK(parse_mode("8", &u) == -EINVAL && parse_mode("", &u) == -EINVAL);
        CHECK(parse_mode("17777", &u) == -ERANGE);
}

TEST(parse_signals) {
        static const struct {
                const char *text;
                int error, distance; /* of SIGRTMIN where it is not 0 */
                int signal;
                const char *printed;
        } rows[] = {
                { "SIGTERM", 0, 0, SIGTERM, "SIGTERM" },
                { "TERM", 0, 0, SIGTERM, "SIGTERM" },
                { "15", 0, 0, SIGTERM, "SIGTERM" },
                { "SIGPOLL", 0, 0, SIGIO, "SIGIO" },
                { "RTMIN+3", 0, 3, 0, "SIGRTMIN+3" },
                { "SIGRTMIN+1", 0, 1, 0, "SIGRTMIN+1" },
                { "", -EINVAL, 0, 0, NULL },
                { "0", -ERANGE, 0, 0, NULL },
                { "65", -ERANGE, 0, 0, NULL },
                { "sigterm", -EINVAL, 0, 0, NULL },
                { "SIGSIGTERM", -EINVAL, 0, 0, NULL },
                { "RTMIN+31", -ERANGE, 0, 0, NULL },
                { "RTMIN3", -EINVAL, 0, 0, NULL },
                { "RTMAX+1", -EINVAL, 0, 0, NULL },
        };
        char buffer[PARSE_PRINT_MAX];
        int last = 0;

        for (size_t i = 0; i < countof(rows); i++) {
                int wanted = rows[i].distance > 0 ? SIGRTMIN + rows[i].distance : rows[i].signal, signal = 0;

                CHECK(parse_signal(rows[i].text, &signal) == rows[i].error, "row %zu", i);
                CHECK(signal == wanted, "row %zu", i);
                if (rows[i].error == 0)
                        CHECK_STRING(print_signal(signal, buffer), rows[i].printed, "row %zu", i);
        }
        CHECK(parse_signal("RTMAX", &last) == 0 && last == SIGRTMAX);
        CHECK(parse_signal("RTMAX-1", &last) == 0 && last == SIGRTMAX - 1);
        CHECK_STRING(print_signal(99, buffer), "signal 99");
}

TEST(parse_prints_signals_that_read_back) {
        char buffer[PARSE_PRINT_MAX];

        for (int i = 1; i <= 31; i++) {
                int again = 0;

                CHECK(parse_signal(print_signal(i, buffer), &again) == 0 && again == i, "signal %d", i);
        }
}
