#include <limits.h>

#include "config/suggest.h"
#include "tests/unit/test.h"

TEST(suggest_measures_in_halves_of_a_letter) {
        static const struct {
                const char *a, *b;
                unsigned distance;
        } rows[] = {
                { "", "", 0 },
                { "same", "same", 0 },
                { "", "abc", 6 },
                { "abc", "", 6 },
                { "abc", "abd", 2 },
                { "abc", "ac", 2 },
                { "abc", "axbc", 2 },
                { "abc", "acb", 2 },
                { "Restart", "restart", 1 },
                { "faliure", "failure", 2 },
                { "kitten", "sitting", 6 },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                CHECK(suggest_distance(rows[i].a, rows[i].b) == rows[i].distance, "row %zu", i);
                CHECK(suggest_distance(rows[i].b, rows[i].a) == rows[i].distance, "row %zu turned", i);
        }
}

TEST(suggest_takes_the_nearest_or_none) {
        static const char *const candidates[] = { "on-success", "on-failure", "on-abnormal", "no", "always" };
        static const struct {
                const char *word, *best;
        } rows[] = {
                { "on-faliure", "on-failure" },
                { "onfailure", "on-failure" },
                { "allways", "always" },
                { "ON-FAILURE", NULL },
                { "never", NULL },
                { "on", "no" },
                { "", NULL },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                struct suggest s;

                suggest_init(&s, rows[i].word);
                for (size_t k = 0; k < countof(candidates); k++)
                        suggest_offer(&s, candidates[k]);
                CHECK_STRING(s.best, rows[i].best, "row %zu", i);
        }
}

TEST(suggest_is_not_for_endless_words) {
        char word[100] = {};

        memset(word, 'a', sizeof(word) - 1);
        CHECK(suggest_distance(word, "a") == UINT_MAX);
}
