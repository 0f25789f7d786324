#include <errno.h>

#include "base/text.h"
#include "config/search.h"
#include "tests/unit/test.h"
#include "tests/unit/tree.h"

static const struct leaf leaves[] = {
        { "etc/web.service", "[Service]\n" },
        { "lib/web.service", "[Service]\n" },
        { "lib/db.service", "[Service]\n" },
        { "etc/sql.service", "-> db.service" },
        { "etc/store.service", "-> ../lib/sql.service" },
        { "etc/off.service", "-> /dev/null" },
        { "lib/off.service", "[Service]\n" },
        { "etc/empty.service", "" },
        { "lib/w@.service", "[Service]\n" },
        { "lib/job@.service", "-> w@.service" },
        { "etc/w@red.service", "-> ../lib/w@.service" },
        { "etc/w@blue.service", "[Service]\n" },
        { "etc/far.service", "-> ../opt/else.service" },
        { "opt/else.service", "[Service]\n" },
        { "etc/a.service", "-> b.service" },
        { "etc/b.service", "-> a.service" },
        { "etc/lost.service", "-> nowhere.service" },
        { "etc/not a unit.service", "" },
        { "etc/notes.txt", "" },
        { "etc/sub.service/file", "" },
        {},
};

TEST(search_finds_names_as_systemd_does) {
        static const struct {
                const char *name;
                int error;
                const char *own, *path;
        } rows[] = {
                { "web.service", 0, "web.service", "etc/web.service" }, /* the first directory wins */
                { "db.service", 0, "db.service", "lib/db.service" },
                { "sql.service", 0, "db.service", "lib/db.service" }, /* an alias, and one of an alias */
                { "store.service", 0, "db.service", "lib/db.service" },
                { "off.service", -ERFKILL, "off.service", "etc/off.service" }, /* masks hide what is behind */
                { "empty.service", -ERFKILL, "empty.service", "etc/empty.service" },
                { "w@1.service", 0, "w@1.service", "lib/w@.service" },
                { "w@red.service", 0, "w@red.service", "lib/w@.service" },
                { "w@blue.service", 0, "w@blue.service", "etc/w@blue.service" },
                { "job@1.service", 0, "w@1.service", "lib/w@.service" },
                { "far.service", 0, "far.service", "etc/far.service" }, /* kept elsewhere: no alias */
                { "else.service", -ENOENT, NULL, NULL },
                { "a.service", -ELOOP, NULL, NULL },
                { "lost.service", -ENOENT, NULL, NULL },
                { "nowhere.service", -ENOENT, NULL, NULL },
                { "sub.service", -ENOENT, NULL, NULL },
        };
        struct search s = {};
        struct tree t;

        if (tree_enter(&t, leaves) && CHECK(search_init(&s, "etc:missing:lib") == 0))
                for (size_t i = 0; i < countof(rows); i++) {
                        autofound struct found f = {};
                        int r = search_find(&s, rows[i].name, &f);

                        CHECK(r == rows[i].error, "%s: %d", rows[i].name, r);
                        CHECK_STRING(f.name, rows[i].own, "%s", rows[i].name);
                        CHECK_STRING(f.file ? f.file->path : NULL, rows[i].path, "%s", rows[i].name);
                }
        search_done(&s);
        tree_leave(&t);
}

TEST(search_names_are_all_that_lead_to_a_unit) {
        static const struct {
                const char *name, *names;
        } rows[] = {
                { "db.service", "db.service sql.service store.service" },
                { "w@1.service", "w@1.service job@1.service" },
                { "web.service", "web.service" },
        };
        struct search s = {};
        struct tree t;

        if (tree_enter(&t, leaves) && CHECK(search_init(&s, "etc:lib") == 0))
                for (size_t i = 0; i < countof(rows); i++) {
                        autostrv char **names = NULL, **wanted = NULL;

                        CHECK(search_names(&s, rows[i].name, &names) == 0);
                        CHECK(text_split(rows[i].names, &wanted) == 0);
                        CHECK(strv_equal(names, wanted), "%s", rows[i].name);
                }
        search_done(&s);
        tree_leave(&t);
}

TEST(search_takes_a_file_by_its_path) {
        static const struct {
                const char *path;
                int error;
                const char *name, *found;
        } rows[] = {
                { "opt/else.service", 0, "else.service", "opt/else.service" },
                { "lib/web.service", 0, "web.service", "lib/web.service" }, /* though etc/ comes first */
                { "etc/sql.service", 0, "sql.service", "lib/db.service" },
                { "etc/notes.txt", -EINVAL, NULL, NULL },
                { "opt/nothing.service", -ENOENT, NULL, NULL },
        };
        struct tree t;

        if (tree_enter(&t, leaves))
                for (size_t i = 0; i < countof(rows); i++) {
                        autofound struct found f = {};
                        struct search s = {};

                        CHECK(search_init(&s, "etc:lib") == 0);
                        int r = search_add(&s, rows[i].path);
                        CHECK(r == rows[i].error, "%s: %d", rows[i].path, r);
                        if (r == 0 && CHECK(search_find(&s, rows[i].name, &f) == 0, "%s", rows[i].path))
                                CHECK(text_ends(f.file->path, rows[i].found), "%s: %s", rows[i].path,
                                      f.file->path);
                        search_done(&s);
                }
        tree_leave(&t);
}

TEST(search_drop_ins_in_their_order) {
        static const struct leaf drop_ins[] = {
                { "etc/a-b@.service", "[Service]\n" },
                { "etc/a-b@1.service.d/50.conf", "" },
                { "lib/a-b@1.service.d/50.conf", "" }, /* hidden by etc/ */
                { "lib/a-b@.service.d/20.conf", "" },
                { "etc/a-@.service.d/50.conf", "" }, /* hidden by the instance's own */
                { "etc/a-@.service.d/40.conf", "" },
                { "etc/a-@1.service.d/45.conf", "" },
                { "lib/service.d/10.conf", "" },
                { "etc/service.d/99.conf", "-> /dev/null" },
                { "lib/service.d/99.conf", "" }, /* masked by the link */
                { "etc/a-b@1.service.d/README", "" },
                { "etc/a-.service.d/30.conf", "" }, /* of a-x.service, not of an instance */
                {},
        };
        char *const names[] = { (char[]){ "a-b@1.service" }, NULL };
        static const char *const wanted[] = {
                "lib/service.d/10.conf",      "lib/a-b@.service.d/20.conf",  "etc/a-@.service.d/40.conf",
                "etc/a-@1.service.d/45.conf", "etc/a-b@1.service.d/50.conf",
        };
        autostrv char **list = NULL;
        struct search s = {};
        struct tree t;

        if (tree_enter(&t, drop_ins) && CHECK(search_init(&s, "etc:lib") == 0)) {
                CHECK(search_drop_ins(&s, names, &list) == 0);
                CHECK(strv_length(list) == countof(wanted), "%zu", strv_length(list));
                for (size_t i = 0; i < countof(wanted) && i < strv_length(list); i++)
                        CHECK_STRING(list[i], wanted[i], "row %zu", i);
        }
        search_done(&s);
        tree_leave(&t);
}
