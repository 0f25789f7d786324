#include <fnmatch.h>

#include "base/pattern.h"
#include "tests/unit/test.h"

TEST(pattern_fits) {
        static const struct {
                const char *pattern, *text;
                unsigned flags;
                bool fits;
        } rows[] = {
                { "", "", 0, true },
                { "*", "", 0, true },
                { "*", "web.service", 0, true },
                { "web*", "web.service", 0, true },
                { "*.service", "web.socket", 0, false },
                { "*b*s*e", "web.service", 0, true },
                { "web?service", "web/service", 0, true },
                { "[!a-f]eb", "web", 0, true },
                { "[^w]eb", "web", 0, false },
                { "[]x]", "]", 0, true },
                { "[[:digit:][:upper:]]", "7", 0, true },
                { "[[:digit:][:upper:]]", "a", 0, false },
                { "a[", "a[", 0, true },
                { "a\\*", "a*", 0, true },
                { "a\\*", "a\\b", PATTERN_NO_ESCAPE, true },
                { "dev-sd\\x2d*", "dev-sd\\x2da.swap", PATTERN_NO_ESCAPE, true },
                { "WEB*", "web1", PATTERN_ANY_CASE, true },
                { "WEB*", "web1", 0, false },
                { "[A-C]*", "bob", PATTERN_ANY_CASE, true },
                { "*", ".profile", PATTERN_PERIOD, false },
                { "[.]p*", ".profile", PATTERN_PERIOD, false },
                { ".p*", ".profile", PATTERN_PERIOD, true },
                { "a*.b", "a.b", PATTERN_PERIOD, true },
        };

        for (size_t i = 0; i < countof(rows); i++)
                CHECK(pattern_fits(rows[i].pattern, rows[i].text, rows[i].flags) == rows[i].fits,
                      "row %zu: %s", i, rows[i].pattern);
}

/* Row `n` of all words of that alphabet, the empty one first. */
static void spell(const char *alphabet, unsigned n, char word[8]) {
        unsigned base = (unsigned) strlen(alphabet), at = 0;

        for (; n > 0; n = (n - 1) / base)
                word[at++] = alphabet[(n - 1) % base];
        word[at] = '\0';
}

/* All patterns of up to four of the letters that mean something, with all words of up to three. */
TEST(pattern_fits_as_fnmatch_says) {
        static const struct {
                unsigned ours;
                int theirs;
        } rows[] = {
                { 0, 0 },
                { PATTERN_NO_ESCAPE, FNM_NOESCAPE },
                { PATTERN_ANY_CASE, FNM_CASEFOLD },
                { PATTERN_PERIOD, FNM_PERIOD },
        };
        char pattern[8], text[8];

        for (unsigned p = 0; p < 11110; p++) {
                spell("aB*?[]!-\\.", p, pattern);
                if (strstr(pattern, "[[.")) /* a collating symbol, which is none of ours */
                        continue;
                for (unsigned k = 0; k < 156 * countof(rows); k++) {
                        size_t i = k / 156;
                        spell("ab.-\\", k % 156, text);
                        bool ours = pattern_fits(pattern, text, rows[i].ours);
                        CHECK(ours == (fnmatch(pattern, text, rows[i].theirs) == 0), "row %zu: %s %s", i,
                              pattern, text);
                }
        }
}
