#include <errno.h>

#include "base/text.h"
#include "tests/unit/test.h"

/* The words of `text`, each between brackets. */
static char *bracket(char **words) {
        char *shown = NULL;
        size_t size;
        FILE *out = open_memstream(&shown, &size);

        if (!out)
                return NULL;
        for (size_t i = 0; words && words[i]; i++)
                (void) fprintf(out, "[%s]", words[i]);
        (void) fclose(out);
        return shown;
}

TEST(text_splits_as_systemd_quotes) {
        static const struct {
                const char *text, *words; /* NULL: -EINVAL */
        } rows[] = {
                { "", "" },
                { " \t ", "" },
                { "a b\tc", "[a][b][c]" },
                { "'a b' \"c d\"", "[a b][c d]" },
                { "a'b c'd", "[ab cd]" },
                { "\"\" ''", "[][]" },
                { "'a\"b' \"a'b\"", "[a\"b][a'b]" },
                { "a\\tb a\\sb a\\\\b", "[a\tb][a b][a\\b]" },
                { "'a\\'b'", "[a'b]" },
                { "\\x41\\101\\u00e4\\U0001f600", "[AA\u00e4\U0001f600]" },
                { "'a;b' ; c#d", "[a;b][;][c#d]" },
                { "'daemon on; master_process on;'", "[daemon on; master_process on;]" },
                { "\"{}\" \\x2d", "[{}][-]" },
                { "'open", NULL },
                { "\"open\\\"", NULL },
                { "a\\qb", NULL },
                { "a\\", NULL },
                { "\\x4", NULL },
                { "\\x00", NULL },
                { "\\400", NULL },
                { "\\ud800", NULL },
                { "\\U00110000", NULL },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                autostrv char **words = NULL;
                int r = text_split(rows[i].text, &words);
                autofree char *shown = bracket(words);

                CHECK(r == (rows[i].words ? 0 : -EINVAL), "row %zu", i);
                if (rows[i].words)
                        CHECK_STRING(shown, rows[i].words, "row %zu", i);
        }
}

TEST(text_keeps_unknown_escapes_where_asked) {
        static const struct {
                const char *text, *word;
                unsigned unknown;
        } rows[] = {
                { "a\\.b", "a\\.b", 1 }, { "'\\$x \\d'", "\\$x \\d", 2 }, { "\\x4g", "\\x4g", 1 },
                { "end\\", "end\\", 1 }, { "a\\ b", "a\\ b", 1 },         { "a\\tb", "a\tb", 0 },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                autofree char *word = NULL;
                const char *at = rows[i].text;
                unsigned unknown = 0;

                CHECK(text_next_word_lax(&at, &word, &unknown) == 1, "row %zu", i);
                CHECK_STRING(word, rows[i].word, "row %zu", i);
                CHECK(unknown == rows[i].unknown, "row %zu", i);
                CHECK(*at == '\0', "row %zu", i);
        }
}

TEST(text_prints_words_that_read_back) {
        static const struct {
                const char *word, *printed;
        } rows[] = {
                { "plain", "plain" },
                { "a;b#c=d", "a;b#c=d" },
                { "", "\"\"" },
                { ";", "\";\"" },
                { "a b", "\"a b\"" },
                { "it's", "\"it's\"" },
                { "a\"b\\c", "\"a\\\"b\\\\c\"" },
                { "\n\t\x01", "\"\\n\\t\\x01\"" },
                { "\u00e4", "\u00e4" },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                autofree char *printed = NULL, *word = NULL;
                size_t size;
                FILE *out = open_memstream(&printed, &size);

                if (!CHECK(out))
                        return;
                text_print_word(out, rows[i].word);
                (void) fclose(out);
                CHECK_STRING(printed, rows[i].printed, "row %zu", i);

                const char *at = printed;
                CHECK(text_next_word(&at, &word) == 1, "row %zu", i);
                CHECK_STRING(word, rows[i].word, "row %zu", i);
        }
}

TEST(text_vectors_grow_and_compare) {
        autostrv char **v = NULL, **copy = NULL;

        CHECK(strv_length(NULL) == 0);
        CHECK(strv_equal(NULL, NULL));
        CHECK(strv_add(&v, "one") == 0);
        CHECK(strv_take(&v, strdup("two")) == 0);
        CHECK(strv_take(&v, NULL) == -ENOMEM);
        CHECK(strv_length(v) == 2);
        CHECK(strv_contains(v, "two") && !strv_contains(v, "tw"));

        copy = strv_copy(v);
        CHECK(strv_equal(v, copy));
        CHECK(strv_add(&copy, "three") == 0);
        CHECK(!strv_equal(v, copy) && !strv_equal(v, NULL));
}

TEST(text_starts_and_ends) {
        CHECK(text_starts("web.service", "web") && !text_starts("we", "web") && text_starts("", ""));
        CHECK(text_ends("web.service", ".service") && !text_ends("service", ".service") &&
              text_ends("a", ""));

        autofree char *text = text_format("%s-%d", "a", 7);
        CHECK_STRING(text, "a-7");
}
