#include <errno.h>
#include <unistd.h>

#include "base/proc.h"
#include "tests/unit/test.h"

TEST(proc_numbers_of_a_line) {
        static const struct {
                const char *text;
                uint64_t value;
                const char *rest; /* NULL: there is no number */
        } rows[] = {
                { "0", 0, "" },
                { "12 34", 12, " 34" },
                { " \t7:8", 7, ":8" },
                { "18446744073709551615", UINT64_MAX, "" },
                { "18446744073709551616", 0, NULL },
                { "99999999999999999999", 0, NULL },
                { "max", 0, NULL },
                { "-1", 0, NULL },
                { "", 0, NULL },
                { "\n5", 0, NULL },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                const char *at = rows[i].text;
                uint64_t value = 4711;

                CHECK(proc_number(&at, &value) == !!rows[i].rest, "row %zu", i);
                CHECK_STRING(at, rows[i].rest ? rows[i].rest : rows[i].text, "row %zu", i);
                CHECK(value == (rows[i].rest ? rows[i].value : 4711), "row %zu", i);
        }
}

/* clang-format off */
#define BEHIND "-1 4194560 100 200 3 4 50 7 8 9 20 -5 2 0 123456 10000000 77 18446744073709551615 0"
/* clang-format on */

TEST(proc_stat_of_any_name) {
        static const struct {
                const char *text;
                int error;
                pid_t parent;
                char state;
        } rows[] = {
                { "42 (web) S 1 41 40 34816 " BEHIND "\n", 0, 1, 'S' },
                { "42 (a) b) R 9) Z 7 41 40 0 " BEHIND "\n", 0, 7, 'Z' },
                { "42 () X 7 41 40 0 " BEHIND, 0, 7, 'X' },
                { "42 (web) S 1 41", -EIO, 0, 0 },
                { "42 (web)", -EIO, 0, 0 },
                { "42 (web) S ", -EIO, 0, 0 },
                { "42 web S 1", -EIO, 0, 0 },
                { "", -EIO, 0, 0 },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                struct proc_stat s = {};

                CHECK(proc_parse_stat(rows[i].text, &s) == rows[i].error, "row %zu", i);
                CHECK(s.parent == rows[i].parent && s.state == rows[i].state, "row %zu", i);
                CHECK(proc_has_ended(&s) == (s.state == 'Z' || s.state == 'X'), "row %zu", i);
                if (rows[i].error < 0)
                        continue;
                CHECK(s.group == 41 && s.session == 40 && s.ticks == 57, "row %zu", i);
                CHECK(s.tasks == 2 && s.started == 123456 && s.resident == 77, "row %zu", i);
        }
}

TEST(proc_stat_of_ourselves) {
        struct proc_stat s;

        if (!CHECK(proc_read_stat(getpid(), &s) == 0))
                return;
        CHECK(s.parent == getppid() && s.group == getpgrp() && s.session == getsid(0));
        CHECK(s.tasks >= 1 && s.resident > 0 && s.started > 0 && !proc_has_ended(&s));
        CHECK(proc_read_stat(-1, &s) == -ENOENT);
}

TEST(proc_invocation_in_an_environment) {
        static const char id[] = "00112233445566778899aabbccddeeff";
        static const struct {
                const char text[80];
                bool found;
        } rows[] = {
                { "A=b\0INVOCATION_ID=00112233445566778899aabbccddeeff\0B=c", true },
                { "INVOCATION_ID=00112233445566778899aabbccddeeff", true },
                { "A=b\0B=INVOCATION_ID=00112233445566778899aabbccddeeff", false },
                { "INVOCATION_ID=00112233445566778899aabbccddeef", false },
                { "INVOCATION_ID=", false },
                { "", false },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                uint8_t got[16] = {};
                char text[33];

                CHECK(proc_find_invocation(rows[i].text, sizeof(rows[i].text) - 1, got) == rows[i].found,
                      "row %zu", i);
                for (size_t at = 0; at < sizeof(got); at++)
                        (void) snprintf(text + 2 * at, 3, "%02x", got[at]);
                CHECK(!rows[i].found || strcmp(text, id) == 0, "row %zu: %s", i, text);
        }
        CHECK(!proc_find_invocation(NULL, 0, (uint8_t[16]){}));
}
