#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/test.h"

static struct test *tests;
static size_t n_tests;
static unsigned failed_checks; /* of the test that runs */
static unsigned failed_tests;

void test_register(struct test *t) {
        t->next = tests;
        tests = t;
        n_tests++;
}

printf_like(4, 0) static void complain(const char *file, int line, const char *words, const char *format,
                                       va_list args) {
        (void) fprintf(stderr, "%s:%d: failed: %s", file, line, words);
        if (format[1] != '\0') { /* the blank is CHECK's */
                (void) fputc(',', stderr);
                (void) vfprintf(stderr, format, args);
        }
        (void) fputc('\n', stderr);
        failed_checks++;
}

bool test_check(bool ok, const char *file, int line, const char *words, const char *format, ...) {
        if (ok)
                return true;

        va_list args;
        va_start(args, format);
        complain(file, line, words, format, args);
        va_end(args);
        return false;
}

bool test_check_string(const char *got, const char *wanted, const char *file, int line, const char *format,
                       ...) {
        if (got && wanted ? strcmp(got, wanted) == 0 : got == wanted)
                return true;

        char words[512];
        (void) snprintf(words, sizeof(words), "got \"%s\", wanted \"%s\"", got ? got : "(NULL)",
                        wanted ? wanted : "(NULL)");

        va_list args;
        va_start(args, format);
        complain(file, line, words, format, args);
        va_end(args);
        return false;
}

static void run(void **state) {
        const struct test *t = *state;

        failed_checks = 0;
        failed_tests++; /* until it is through: a crash, which cmocka catches, counts */
        t->run();
        if (failed_checks)
                fail_msg("%s: %u failed checks in %s", t->name, failed_checks, t->file);
        failed_tests--;
}

static bool is_wanted(const struct test *t, int argc, char **argv) {
        if (argc < 2)
                return true;
        for (int i = 1; i < argc; i++)
                if (strstr(t->name, argv[i]))
                        return true;
        return false;
}

int main(int argc, char **argv) {
        autofree struct CMUnitTest *wanted = calloc(n_tests + 1, sizeof(*wanted));
        if (!wanted)
                return 2;

        /* Filled from the end: they were put in front of each other. */
        size_t n = 0, at = n_tests;
        for (struct test *t = tests; t; t = t->next)
                if (is_wanted(t, argc, argv)) {
                        wanted[--at] =
                                (struct CMUnitTest){ .name = t->name, .test_func = run, .initial_state = t };
                        n++;
                }

        (void) _cmocka_run_group_tests("tend", wanted + at, n, NULL, NULL);
        (void) printf("%zu passed, %u failed\n", n - failed_tests, failed_tests);
        return failed_tests > 0 || n == 0;
}
