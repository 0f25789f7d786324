#include <string.h>
#include <unistd.h>

#include "base/glob.h"
#include "base/text.h"
#include "tests/unit/test.h"
#include "tests/unit/tree.h"

static const struct leaf leaves[] = {
        { "a/one.env", "" }, { "a/two.env", "" }, { "a/.hidden.env", "" }, { "a/three", "" },
        { "b/one.env", "" }, { "link", "-> a" },  { NULL, NULL },
};

/* Below the directory of the test; what is found, with blanks between. */
static const struct {
        const char *pattern, *found;
        size_t most;
} rows[] = {
        { "a/*.env", "a/one.env a/two.env", 10 },
        { "*/one.env", "a/one.env b/one.env link/one.env", 10 },
        { "a//t*", "a/three a/two.env", 10 },
        { "[ab]/one.env", "a/one.env b/one.env", 10 },
        { "a/?hree", "a/three", 10 },
        { "a/.h*", "a/.hidden.env", 10 },
        { "a/one.env", "a/one.env", 10 },
        { "a/three/*", "", 10 },
        { "c/*", "", 10 },
        { "a/{one,two}.env", "", 10 },
};

TEST(glob_finds) {
        struct tree t;
        char here[256];

        if (!CHECK(tree_enter(&t, leaves)) || !CHECK(getcwd(here, sizeof(here))))
                return;
        for (size_t i = 0; i < countof(rows); i++) {
                autofree char *pattern = text_format("%s/%s", here, rows[i].pattern), *words = NULL;
                autostrv char **list = NULL;
                int n = glob_find(pattern, rows[i].most, &list);

                CHECK(n == (int) strv_length(list), "row %zu", i);
                for (size_t k = 0; list && list[k]; k++) {
                        char *longer = text_format("%s%s%s", words ? words : "", words ? " " : "",
                                                   list[k] + strlen(here) + 1);

                        free(words);
                        words = longer;
                }
                CHECK_STRING(words ? words : "", rows[i].found, "row %zu", i);
        }
        tree_leave(&t);
}

TEST(glob_stops_where_it_has_enough) {
        autostrv char **list = NULL;

        CHECK(glob_find("/proc/*", 1, &list) == 1 && strv_length(list) == 1);
        CHECK(glob_find("/", 5, &list) == 1 && strv_length(list) == 2);
}

TEST(glob_patterns_are_told_from_names) {
        CHECK(glob_is_pattern("/a*") && glob_is_pattern("/a?") && glob_is_pattern("/[a]"));
        CHECK(!glob_is_pattern("/a") && !glob_is_pattern("{a,b}"));
}
