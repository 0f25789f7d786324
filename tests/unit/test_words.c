#include <errno.h>

#include "control/words.h"
#include "tests/unit/test.h"

/* Reads `n` times that word, as a message has them. */
static int read_words(const char *word, unsigned n, struct words *ret, struct wire_out *out) {
        struct wire_mark mark = wire_array(out, 4);

        for (unsigned i = 0; i < n; i++)
                wire_string(out, word);
        wire_array_end(out, mark);
        struct wire_in in = { .data = out->data, .end = out->n };
        return words_read(&in, ret);
}

TEST(words_mean_names) {
        static const struct {
                const char *word, *name;
                bool has, fits;
        } rows[] = {
                { "a.service", "a.service", true, true },
                { "a.service", "b.service", false, false },
                { "a.service", "a.services", false, false },
                { "*.service", "a.service", false, true },
                { "[ab].*", "b.service", false, true },
                { "?.timer", "a.service", false, false },
                { "a\\x2db.service", "a\\x2db.service", true, true },
                { "a[", "a[", true, true },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                struct wire_out out = {};
                struct words w;
                CHECK(read_words(rows[i].word, 1, &w, &out) == 0 && w.n == 1, "row %zu", i);
                CHECK(words_have(&w, rows[i].name) == rows[i].has, "row %zu", i);
                CHECK(words_fit(&w, rows[i].name) == rows[i].fits, "row %zu", i);
                wire_done(&out);
        }
}

TEST(words_have_bounds) {
        static const struct {
                const char *word;
                unsigned n;
                int result;
        } rows[] = {
                { "", 0, 0 },          { "name", WORDS_MOST, 0 },  { "name", WORDS_MOST + 1, -E2BIG },
                { "*2345678", 64, 0 }, { "*2345678", 65, -E2BIG },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                struct wire_out out = {};
                struct words w;
                CHECK(read_words(rows[i].word, rows[i].n, &w, &out) == rows[i].result, "row %zu", i);
                wire_done(&out);
        }
        const struct words none = {};
        CHECK(words_have(&none, "a") && words_fit(&none, "a"));
        struct words w;
        struct wire_in in = { .data = "\xff\0\0\0", .end = 4 };
        CHECK(words_read(&in, &w) == -EBADMSG);
}
