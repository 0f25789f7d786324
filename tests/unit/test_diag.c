#include <errno.h>

#include "base/diag.h"
#include "tests/unit/test.h"

static char *print(const struct diags *d) {
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return NULL;
        diags_print(d, out);
        (void) fclose(out);
        return text;
}

TEST(diag_prints_place_words_and_hint) {
        struct diags d = {};

        CHECK(diag(&d, "a.ini", 7, -EINVAL, "Key=%s: no", "x") == -EINVAL);
        diag_hint(&d, "did you mean %s?", "y");
        CHECK(diag(&d, "a.ini", 0, 0, "all of it") == 0);
        CHECK(diag(&d, NULL, 0, -ENOMEM, "nowhere") == -ENOMEM);
        CHECK(diag(&d, "b.ini", 3, DIAG_NOTE, "by the way") == DIAG_NOTE);
        diag_hint(&d, "no more");

        autofree char *text = print(&d);
        CHECK_STRING(text, "a.ini:7: error: Key=x: no\n"
                           "        did you mean y?\n"
                           "a.ini: warning: all of it\n"
                           "error: nowhere\n"
                           "b.ini:3: note: by the way\n"
                           "        no more\n");
        CHECK(d.errors == 2 && d.warnings == 1 && d.notes == 1 && d.n == 4);
        diags_done(&d);
        CHECK(d.n == 0 && d.errors == 0 && !d.list);
}

TEST(diag_without_a_list_only_answers) {
        CHECK(diag(NULL, "a", 1, -EINVAL, "lost") == -EINVAL);
        diag_hint(NULL, "lost");
}

TEST(diag_sorts_by_line_within_each_file) {
        static const struct {
                const char *file;
                unsigned line;
        } rows[] = { { "b", 9 }, { "a", 5 }, { "b", 2 }, { "a", 5 }, { "a", 1 }, { NULL, 0 }, { "b", 9 } };
        struct diags d = {};

        diag(&d, "z", 99, 0, "stays");
        for (size_t i = 0; i < countof(rows); i++)
                diag(&d, rows[i].file, rows[i].line, 0, "%zu", i);
        diags_sort(&d, 1);

        autofree char *text = print(&d);
        CHECK_STRING(text, "z:99: warning: stays\n"
                           "b:2: warning: 2\n"
                           "b:9: warning: 0\n"
                           "b:9: warning: 6\n"
                           "a:1: warning: 4\n"
                           "a:5: warning: 1\n"
                           "a:5: warning: 3\n"
                           "warning: 5\n");
        diags_done(&d);
}

TEST(diag_counts_what_it_does_not_keep) {
        struct diags d = {};

        for (unsigned i = 0; i < DIAGS_MOST + 5; i++)
                diag(&d, "a", i, -EINVAL, "x");
        diag_hint(&d, "for one that was not kept");
        CHECK(d.n == DIAGS_MOST && d.errors == DIAGS_MOST + 5);
        CHECK(!d.list[d.n - 1].hint);

        autofree char *text = print(&d);
        CHECK(text && strstr(text, "\nand 5 more\n"));
        diags_done(&d);
}
