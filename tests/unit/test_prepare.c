#include <errno.h>
#include <string.h>

#include "base/base64.h"
#include "base/text.h"
#include "prepare/tmpfile.h"
#include "tests/unit/test.h"

TEST(base64_is_that_of_the_standard) {
        static const struct {
                const char *text, *data;
                int error;
        } rows[] = {
                { "", "", 0 },
                { "Zg==", "f", 0 },
                { "Zm8=", "fo", 0 },
                { "Zm9v", "foo", 0 },
                { " Zm9v\n YmFy", "foobar", 0 },
                { "Zg", NULL, -EINVAL },
                { "Zg=", NULL, -EINVAL },
                { "Z===", NULL, -EINVAL },
                { "Zg==Zg==", NULL, -EINVAL },
                { "Zm9*", NULL, -EINVAL },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                autofree char *data = NULL;
                size_t size = 0;

                CHECK(base64_decode(rows[i].text, &data, &size) == rows[i].error, "row %zu", i);
                if (rows[i].data)
                        CHECK(data && size == strlen(rows[i].data) && memcmp(data, rows[i].data, size) == 0,
                              "row %zu", i);
        }
}

TEST(base64_and_back) {
        static const char *const rows[][2] = {
                { "", "" },        { "f", "Zg==" },          { "fo", "Zm8=" },
                { "foo", "Zm9v" }, { "foobar", "Zm9vYmFy" }, { "\xff\xfe", "//4=" }
        };
        char text[BASE64_SIZE(6)];

        for (size_t i = 0; i < countof(rows); i++) {
                base64_encode(rows[i][0], strlen(rows[i][0]), text);
                CHECK_STRING(text, rows[i][1], "row %zu", i);
        }
}

TEST(text_unescape_takes_all_as_one) {
        static const struct {
                const char *text, *plain;
        } rows[] = {
                { "", "" },      { "a  b", "a  b" }, { "'a\\n\"", "'a\n\"" }, { "\\x20\\t\\\\", " \t\\" },
                { "\\q", NULL }, { "a\\", NULL },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                autofree char *plain = NULL;
                int r = text_unescape(rows[i].text, &plain);

                CHECK(r == (rows[i].plain ? 0 : -EINVAL), "row %zu", i);
                if (rows[i].plain)
                        CHECK_STRING(plain, rows[i].plain, "row %zu", i);
        }
}

static const struct {
        const char *line;
        int answer;
        const char *path, *argument, *words;
} lines[] = {
        { "d /run/a 0755 root root 10d -", 1, "/run/a", NULL, NULL },
        { "d! //run///a/ - - -", 1, "/run/a", NULL, NULL },
        { "d /", 1, "/", NULL, NULL },
        { "d /var/run/a", 1, "/run/a", NULL, NULL },
        { "d /var/runs", 1, "/var/runs", NULL, NULL },
        { "d %t/a%%", 1, "/run/a%", NULL, NULL },
        { "f \"/run/a b\" - - - - one  two ", 1, "/run/a b", "one  two ", NULL },
        { "L+ /run/a - - - - a\\x20b", 1, "/run/a", "a b", NULL },
        { "w~ /run/a - - - - Zm9v", 1, "/run/a", "foo", NULL },
        { "w^ /run/a - - - - credential", 0, NULL, NULL, NULL },
        { "x /run/a", 0, NULL, NULL, NULL },
        { "h /run/a - - - - +C", 0, NULL, NULL, "/run/a: attributes and access lists are not set" },
        { "d", 0, NULL, NULL, "the line: it lacks a path" },
        { "d? /run/a", 0, NULL, NULL, "d?: no such modifier of a line" },
        { "y /run/a", 0, NULL, NULL, "y: no such type of a line" },
        { "d run/a", 0, NULL, NULL, "run/a: not an absolute path" },
        { "d /run/../a", 0, NULL, NULL, "/run/../a: a path with .. in it" },
        { "d /run/..a", 1, "/run/..a", NULL, NULL },
        { "d /run/%n", 0, NULL, NULL, "/run/%n: no such specifier" },
        { "d /run/a 8", 0, NULL, NULL, "8: not an octal mode" },
        { "d \"/run/a", 0, NULL, NULL,
          " \"/run/a: a quote that is not closed, or an escape that does not exist" },
        { "d~ /run/a", 0, NULL, NULL, "/run/a: ~ and ^ are for lines that write files" },
        { "f~ /run/a - - - - *", 0, NULL, NULL, "*: not base64" },
        { "w /run/a", 0, NULL, NULL, "/run/a: there is nothing to write" },
        { "c /run/a", 0, NULL, NULL, "/run/a: a device needs its numbers, MAJOR:MINOR" },
};

TEST(tmpfile_lines_in_words) {
        for (size_t i = 0; i < countof(lines); i++) {
                struct tmpfile t = {};
                struct diags d = {};

                CHECK(tmpfile_parse("a.conf", 7, lines[i].line, &d, &t) == lines[i].answer, "row %zu", i);
                if (lines[i].answer > 0) {
                        CHECK_STRING(t.path, lines[i].path, "row %zu", i);
                        CHECK_STRING(t.argument ? t.argument : "", lines[i].argument ? lines[i].argument : "",
                                     "row %zu", i);
                }
                CHECK(d.n == (lines[i].words ? 1 : 0), "row %zu: %zu", i, d.n);
                if (d.n > 0 && lines[i].words)
                        CHECK_STRING(d.list[0].text, lines[i].words, "row %zu", i);
                tmpfile_done(&t);
                diags_done(&d);
        }
}

TEST(tmpfile_modes_and_owners) {
        struct tmpfile t = {};
        struct diags d = {};

        if (!CHECK(tmpfile_parse("a", 1, "z- /run/a ~:2750 :12 34", &d, &t) == 1))
                return;
        CHECK(t.has_mode && t.mask_mode && t.new_mode && t.mode == 02750);
        CHECK(t.has_user && t.new_user && t.user == 12 && t.has_group && !t.new_group && t.group == 34);
        CHECK(t.quiet && !t.plus && !t.exact);
        tmpfile_done(&t);
        diags_done(&d);
}
