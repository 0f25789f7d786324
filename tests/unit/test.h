/* The harness of the unit tests, on cmocka. A test registers itself; a failed CHECK is told with file, line,
 * the words checked and the row, and the test goes on, so that one run shows everything that is wrong.
 *
 *         TEST(policy_delay_grows) {
 *                 for (size_t i = 0; i < countof(rows); i++)
 *                         CHECK(policy_delay(&rows[i].unit, rows[i].n) == rows[i].delay, "row %zu", i);
 *         }
 *
 * `build/unit/tend-unit [PATTERN...]` runs the tests whose name holds a PATTERN. */
#pragma once

#include <string.h>

#include "base/def.h"

struct test {
        const char *name;
        const char *file;
        void (*run)(void);
        struct test *next; /* borrowed; all of them are static */
};

void test_register(struct test *t);

/* Of CHECK: says what failed and counts it against the test that runs. Returns `ok`. `format` begins with
 * a blank, as an empty one draws a warning. */
bool test_check(bool ok, const char *file, int line, const char *words, const char *format, ...)
        printf_like(5, 6);

#define TEST(called)                                                                                         \
        static void test_##called(void);                                                                     \
        __attribute__((constructor)) static void register_##called(void) {                                   \
                static struct test entry = { .name = #called, .file = __FILE__, .run = test_##called };      \
                test_register(&entry);                                                                       \
        }                                                                                                    \
        static void test_##called(void)

/* CHECK(condition) or CHECK(condition, "row %zu", i). It is an expression, true where the condition held:
 * `if (!CHECK(p)) return;`. */
#define CHECK(condition, ...) test_check(!!(condition), __FILE__, __LINE__, #condition, " " __VA_ARGS__)

/* Two strings, either of which may be NULL. */
#define CHECK_STRING(got, wanted, ...) test_check_string((got), (wanted), __FILE__, __LINE__, " " __VA_ARGS__)
bool test_check_string(const char *got, const char *wanted, const char *file, int line, const char *format,
                       ...) printf_like(5, 6);
