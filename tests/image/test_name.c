#include "image/name.h"
#include "tests/unit/test.h"

/* What an entry's path comes to: parent, base and kind; or why it is refused. */
static const struct {
        const char *text, *parent, *base;
        enum name_kind kind;
        const char *why;
} rows[] = {
        { "a", "", "a", NAME_PLAIN, NULL },
        { "./a/", "", "a", NAME_PLAIN, NULL },
        { "a//b/./c", "a/b", "c", NAME_PLAIN, NULL },
        { "./", "", "", NAME_PLAIN, NULL },
        { ".", "", "", NAME_PLAIN, NULL },
        { "...", "", "...", NAME_PLAIN, NULL },
        { "a/..b/c..", "a/..b", "c..", NAME_PLAIN, NULL },
        { "a/.wh.b", "a", "b", NAME_WHITEOUT, NULL },
        { ".wh.b", "", "b", NAME_WHITEOUT, NULL },
        { "a/.wh..b", "a", ".b", NAME_WHITEOUT, NULL },
        { "a/.wh..wh..opq", "a", ".wh..wh..opq", NAME_OPAQUE, NULL },
        { ".wh..wh.plnk/a", ".wh..wh.plnk", "a", NAME_AUFS, NULL },
        { "a/.wh..wh.aufs", "a", ".wh..wh.aufs", NAME_AUFS, NULL },
        { "a.wh.b", "", "a.wh.b", NAME_PLAIN, NULL },
        { "", NULL, NULL, 0, "an entry without a name" },
        { "/a", NULL, NULL, 0, "an absolute path" },
        { "..", NULL, NULL, 0, "a path with .. in it" },
        { "a/../b", NULL, NULL, 0, "a path with .. in it" },
        { "a/..", NULL, NULL, 0, "a path with .. in it" },
        { ".wh.", NULL, NULL, 0, "a whiteout of nothing" },
        { "a/.wh..", NULL, NULL, 0, "a whiteout of nothing" },
        { "a/.wh...", NULL, NULL, 0, "a whiteout of nothing" },
        { "a/.wh.b/c", NULL, NULL, 0, "an entry inside of what a whiteout removes" },
};

TEST(name_reads) {
        for (size_t i = 0; i < countof(rows); i++) {
                struct name n;
                const char *why = name_read(rows[i].text, &n);

                CHECK_STRING(why, rows[i].why, "row %zu", i);
                if (why || rows[i].why)
                        continue;
                CHECK_STRING(n.parent, rows[i].parent, "row %zu", i);
                CHECK_STRING(n.base, rows[i].base, "row %zu", i);
                CHECK(n.kind == rows[i].kind, "row %zu", i);
        }
}

TEST(name_has_bounds) {
        char text[2 * PATH_MAX];
        struct name n;

        memset(text, 'x', sizeof(text));
        text[NAME_MAX] = '\0';
        CHECK(!name_read(text, &n));
        text[NAME_MAX] = 'x';
        text[NAME_MAX + 1] = '\0';
        CHECK(name_read(text, &n));

        for (size_t i = 0; i < sizeof(text); i++)
                text[i] = i % 2 ? '/' : 'd';
        text[2 * NAME_DEPTH_MAX - 1] = '\0';
        CHECK(!name_read(text, &n) && strlen(n.path) == 2 * NAME_DEPTH_MAX - 1);
        text[2 * NAME_DEPTH_MAX - 1] = '/';
        text[2 * NAME_DEPTH_MAX + 1] = '\0';
        CHECK(name_read(text, &n));

        for (size_t i = 0; i < sizeof(text); i++)
                text[i] = i % 200 == 199 ? '/' : 'p';
        text[PATH_MAX - 1] = '\0';
        CHECK(!name_read(text, &n) && strlen(n.path) == PATH_MAX - 1);
        text[PATH_MAX - 1] = 'p';
        text[PATH_MAX] = '\0';
        CHECK(name_read(text, &n));
}
