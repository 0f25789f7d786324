/* The functions of the static binary alone, against those of the machine's own library. */
#include "tests/unit/test.h"

#include <string.h>
#include <strings.h>

/* clang-format off */
#define NAME(function) one_##function
int one_strcmp(const char *a, const char *b);
int one_strncmp(const char *a, const char *b, size_t n);
int one_strcasecmp(const char *a, const char *b);
int one_strncasecmp(const char *a, const char *b, size_t n);
int one_strcasecmp_l(const char *a, const char *b, locale_t locale);
int one_strncasecmp_l(const char *a, const char *b, size_t n, locale_t locale);
char *one_stpcpy(char *to, const char *from);
char *one_strcpy(char *to, const char *from);
char *one_strcat(char *to, const char *from);
char *one_strncpy(char *to, const char *from, size_t n);
char *one___stpcpy(char *to, const char *from);
#include "make/one-of-each.c" /* NOLINT(bugprone-suspicious-include): there is no header */
/* clang-format on */

#define ROOM 32

static const char *const texts[] = {
        "",
        "a",
        "A",
        "b",
        "ab",
        "aB",
        "AB",
        "abc",
        "abd",
        "Abd",
        "abcd",
        "[",
        "@",
        "`",
        "{",
        "z",
        "Z",
        "\x80",
        "\xff",
        "\xc4",
        "\xe4",
        "abc\xff",
        "abc\x01",
        "web.service",
        "Web.Service",
        "web.service2",
        "web.servicE",
};

static int sign(int n) {
        return (n > 0) - (n < 0);
}

TEST(one_of_each_compares_as_the_library_does) {
        for (size_t i = 0; i < countof(texts); i++)
                for (size_t j = 0; j < countof(texts); j++) {
                        const char *a = texts[i], *b = texts[j];

                        CHECK(sign(one_strcmp(a, b)) == sign(strcmp(a, b)), "'%s' '%s'", a, b);
                        CHECK(sign(one_strcasecmp(a, b)) == sign(strcasecmp(a, b)), "'%s' '%s'", a, b);
                        for (size_t n = 0; n < ROOM; n++) {
                                CHECK(sign(one_strncmp(a, b, n)) == sign(strncmp(a, b, n)), "'%s' '%s' %zu",
                                      a, b, n);
                                CHECK(sign(one_strncasecmp(a, b, n)) == sign(strncasecmp(a, b, n)),
                                      "'%s' '%s' %zu", a, b, n);
                        }
                }
}

/* Not a byte more than the library writes, and the same ones. */
TEST(one_of_each_copies_as_the_library_does) {
        for (size_t i = 0; i < countof(texts); i++)
                for (size_t n = 0; n < ROOM; n++) {
                        char ours[2 * ROOM], theirs[2 * ROOM];

                        memset(ours, '.', sizeof(ours));
                        memset(theirs, '.', sizeof(theirs));
                        (void) snprintf(theirs, ROOM, "%stail", texts[i]);
                        (void) snprintf(theirs + ROOM, ROOM, "%s", texts[i]);
                        CHECK(one_stpcpy(ours, texts[i]) == ours + strlen(texts[i]), "'%s'", texts[i]);
                        CHECK(one_strcat(ours, "tail") == ours, "'%s'", texts[i]);
                        CHECK(one_strcpy(ours + ROOM, texts[i]) == ours + ROOM, "'%s'", texts[i]);
                        CHECK(memcmp(ours, theirs, sizeof(ours)) == 0, "'%s'", texts[i]);
                        CHECK(one_strncpy(ours, texts[i], n) == ours);
                        memset(theirs, '\0', n); /* as strncpy(3) does */
                        memcpy(theirs, texts[i], MIN(n, strlen(texts[i])));
                        CHECK(memcmp(ours, theirs, sizeof(ours)) == 0, "'%s', %zu", texts[i], n);
                }
}
