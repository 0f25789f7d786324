#include <errno.h>

#include "config/user.h"
#include "tests/unit/test.h"

TEST(user_entries_of_passwd) {
        static const char text[] = "root:x:0:0:root:/root:/bin/bash\n"
                                   "\n"
                                   "broken\n"
                                   "half:x:5\n"
                                   "web:x:33:34:Web, a server:/var/www:/usr/sbin/nologin\n"
                                   "bare:x:7:8::\n"
                                   "wrong:x:-1:8::/:/bin/sh\n"
                                   "large:x:4294967295:8::/:/bin/sh\n"
                                   "last:x:9:9::/srv:/bin/last";
        static const struct {
                const char *name;
                uid_t uid; /* asked for where there is no name */
                int error;
                struct user user;
        } rows[] = {
                { "root", 0, 0, { 0, 0, "root", "/root", "/bin/bash" } },
                { "web", 0, 0, { 33, 34, "web", "/var/www", "/usr/sbin/nologin" } },
                { NULL, 33, 0, { 33, 34, "web", "/var/www", "/usr/sbin/nologin" } },
                { "bare", 0, 0, { 7, 8, "bare", "/", "/bin/sh" } },
                { "last", 0, 0, { 9, 9, "last", "/srv", "/bin/last" } },
                { "we", 0, -ESRCH, {} },
                { "webb", 0, -ESRCH, {} },
                { "", 0, -ESRCH, {} },
                { "half", 0, -ESRCH, {} },
                { "wrong", 0, -ESRCH, {} },
                { "large", 0, -ESRCH, {} },
                { NULL, 5, -ESRCH, {} },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                struct user user = {};

                CHECK(user_find_in(text, rows[i].name, rows[i].uid, &user) == rows[i].error, "row %zu", i);
                CHECK(user.uid == rows[i].user.uid && user.gid == rows[i].user.gid, "row %zu", i);
                CHECK_STRING(user.name, rows[i].user.name, "row %zu", i);
                CHECK_STRING(user.home, rows[i].user.home, "row %zu", i);
                CHECK_STRING(user.shell, rows[i].user.shell, "row %zu", i);
        }
}

TEST(user_fields_that_are_too_long) {
        autofree char *text = NULL;
        struct user user;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        if (!CHECK(out))
                return;
        (void) fprintf(out, "a:x:1:1::/%0600d:/bin/sh\n", 7);
        (void) fclose(out);
        CHECK(user_find_in(text, "a", 0, &user) == -ENAMETOOLONG);
}

TEST(user_numbers_need_no_entry) {
        struct user user;
        gid_t gid = 0, *groups = NULL;
        size_t n = 0;

        CHECK(user_find("root", &user) == 0 && user.uid == 0);
        CHECK(user_find("0", &user) == 0 && user.uid == 0);
        CHECK_STRING(user.name, "root");
        CHECK(user_find("3999999999", &user) == 0 && user.uid == 3999999999u && user.gid == 3999999999u);
        CHECK_STRING(user.name, "3999999999");
        CHECK_STRING(user.home, "/");
        CHECK(user_find("4294967295", &user) == -ESRCH);
        CHECK(user_find("no-such-user", &user) == -ESRCH);
        CHECK(group_find("root", &gid) == 0 && gid == 0);
        CHECK(group_find("4711", &gid) == 0 && gid == 4711);
        CHECK(group_find("no-such-group", &gid) == -ESRCH);
        CHECK(user_groups("no-such-user", 4711, &groups, &n) == 0 && n == 1 && groups[0] == 4711);
        free(groups);
}
