#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "control/place.h"
#include "tests/unit/test.h"

#define PATH_SIZE sizeof(((struct sockaddr_un *) 0)->sun_path)

TEST(place_order) {
        static const char deep[] =
                "/a-directory-whose-name-alone-takes-more-than-what-a-socket-of-the-kernel-may-have-"
                "as-its-path-altogether";
        static const struct {
                struct place_owner owner;
                const char *paths[PLACE_COUNT]; /* NULL: none there */
        } rows[] = {
                { { .uid = 0 },
                  { "/run/systemd/private", NULL, "/run/tend/private", "/tmp/tend-0/private" } },
                { { .uid = 0, .is_guest = true },
                  { NULL, NULL, "/run/tend/private", "/tmp/tend-0/private" } },
                { { .uid = 7, .runtime_directory = "/r" },
                  { NULL, "/r/systemd/private", "/run/tend/private", "/tmp/tend-7/private" } },
                { { .uid = 0, .runtime_directory = "/r" },
                  { "/run/systemd/private", "/r/systemd/private", "/run/tend/private",
                    "/tmp/tend-0/private" } },
                { { .uid = 7, .runtime_directory = "" },
                  { NULL, NULL, "/run/tend/private", "/tmp/tend-7/private" } },
                { { .uid = 7, .runtime_directory = "r" },
                  { NULL, NULL, "/run/tend/private", "/tmp/tend-7/private" } },
                { { .uid = 7, .runtime_directory = deep },
                  { NULL, NULL, "/run/tend/private", "/tmp/tend-7/private" } },
        };
        char path[PATH_SIZE];

        for (size_t i = 0; i < countof(rows); i++)
                for (unsigned place = 0; place < PLACE_COUNT; place++) {
                        int r = place_path(&rows[i].owner, place, path);
                        const char *wanted = rows[i].paths[place];
                        bool is_long = place == 1 && rows[i].owner.runtime_directory == deep;
                        CHECK(r == (wanted ? 0 : is_long ? -ENAMETOOLONG : -ENOENT), "row %zu: %d", i, r);
                        if (wanted)
                                CHECK_STRING(path, wanted, "row %zu", i);
                }
}

/* The directory that is there already; "" is none. */
struct found {
        const char *what;
        mode_t mode;
        uid_t owner;
        int result;
};

static void prepare(const char *directory, const struct found *f) {
        if (strcmp(f->what, "directory") == 0)
                CHECK(mkdir(directory, 0700) == 0 && chmod(directory, f->mode) == 0);
        if (strcmp(f->what, "link") == 0)
                CHECK(symlink("/tmp", directory) == 0);
        if (strcmp(f->what, "file") == 0)
                CHECK(mknod(directory, S_IFREG | 0600, 0) == 0);
        if (*f->what && f->owner != geteuid())
                CHECK(lchown(directory, f->owner, (gid_t) -1) == 0);
}

/* Of what somebody may have put where everybody may: it is another's, or others may change it. */
TEST(place_of_another) {
        static const struct found rows[] = {
                { "", 0, 0, 0 },
                { "directory", 0700, 0, 0 },
                { "directory", 0755, 0, 0 },
                { "directory", 0777, 0, -EPERM },
                { "directory", 01777, 0, -EPERM },
                { "directory", 0720, 0, -EPERM },
                { "directory", 0700, 12345, -EPERM },
                { "link", 0, 0, -ENOTDIR },
                { "link", 0, 12345, -ENOTDIR },
                { "file", 0, 0, -ENOTDIR },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                char top[] = "/tmp/tend-unit-XXXXXX", directory[64], path[96];
                struct found f = rows[i];
                if (f.owner != 0 && geteuid() != 0)
                        continue; /* only root can make such a one */
                f.owner = f.owner != 0 ? f.owner : geteuid();
                if (!CHECK(mkdtemp(top)))
                        return;
                (void) snprintf(directory, sizeof(directory), "%s/place", top);
                (void) snprintf(path, sizeof(path), "%s/private", directory);
                prepare(directory, &f);
                autoclose int fd = place_listen_at(path, 0600, geteuid());
                CHECK(fd >= 0 ? f.result == 0 : fd == f.result, "row %zu: %d", i, fd);
                (void) unlink(path);
                CHECK(rmdir(directory) == 0 || unlink(directory) == 0);
                CHECK(rmdir(top) == 0);
        }
}

/* One that is listened on stays, and one that was left behind is replaced; nothing else is. */
TEST(place_that_is_taken) {
        char top[] = "/tmp/tend-unit-XXXXXX", path[64];
        struct stat first, second;

        if (!CHECK(mkdtemp(top)))
                return;
        (void) snprintf(path, sizeof(path), "%s/private", top);
        int fd = place_listen_at(path, 0600, geteuid());
        CHECK(fd >= 0 && stat(path, &first) == 0 && (first.st_mode & 0777) == 0600);
        CHECK(place_listen_at(path, 0600, geteuid()) == -EADDRINUSE);
        (void) close(fd);
        fd = place_listen_at(path, 0666, geteuid());
        CHECK(fd >= 0 && stat(path, &second) == 0 && (second.st_mode & 0777) == 0666);
        (void) close(fd);
        (void) unlink(path);
        CHECK(mknod(path, S_IFREG | 0600, 0) == 0);
        CHECK(place_listen_at(path, 0600, geteuid()) == -EADDRINUSE);
        CHECK(stat(path, &first) == 0 && S_ISREG(first.st_mode), "a file is no socket");
        CHECK(unlink(path) == 0 && rmdir(top) == 0);
}
