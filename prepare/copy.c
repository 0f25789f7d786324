#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>

#include "base/def.h"
#include "prepare/copy.h"

/* NOLINTBEGIN(misc-no-recursion): as deep as DEPTH_MOST, in a process of its own */

#define DEPTH_MOST 64

struct copy {
        dev_t device; /* of the source */
        unsigned depth;
};

static int set_status(int fd, const struct stat *st) {
        const struct timespec times[] = { st->st_atim, st->st_mtim };

        if (fchown(fd, st->st_uid, st->st_gid) < 0 || fchmod(fd, st->st_mode & 07777) < 0)
                return -errno;
        (void) futimens(fd, times);
        return 0;
}

static int copy_file(int from, const char *name, const struct stat *st, int to, const char *as) {
        autoclose int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        autoclose int out =
                in < 0 ? -1 : openat(to, as, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        ssize_t n;

        if (in < 0 || out < 0)
                return -errno;
        while ((n = sendfile(out, in, NULL, 1u << 20)) > 0)
                ;
        return n < 0 ? -errno : set_status(out, st);
}

static int copy_link(int from, const char *name, const struct stat *st, int to, const char *as) {
        char target[PATH_MAX];
        ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);

        if (n < 0)
                return -errno;
        target[n] = '\0';
        if (symlinkat(target, to, as) < 0)
                return -errno;
        return fchownat(to, as, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int copy_entry(struct copy *c, int from, const char *name, int to, const char *as);

static int copy_entries(struct copy *c, int from, int to) {
        int fd = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
        const struct dirent *e;
        int r = 0;

        if (!directory) {
                r = -errno;
                if (fd >= 0)
                        (void) close(fd);
                return r;
        }
        while (r == 0 && (e = readdir(directory)))
                if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
                        r = copy_entry(c, dirfd(directory), e->d_name, to, e->d_name);
        (void) closedir(directory);
        return r;
}

static bool is_empty(int fd) {
        int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *directory = again >= 0 ? fdopendir(again) : NULL;
        unsigned n = 0;

        if (!directory) {
                if (again >= 0)
                        (void) close(again);
                return false;
        }
        while (n < 3 && readdir(directory))
                n++;
        (void) closedir(directory);
        return n <= 2; /* "." and ".." */
}

static int copy_directory(struct copy *c, int from, const char *name, int to, const char *as) {
        struct stat st;
        autoclose int in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (in < 0 || fstat(in, &st) < 0)
                return -errno;
        if (c->depth++ == DEPTH_MOST)
                return -ELOOP;
        bool is_new = mkdirat(to, as, 0700) == 0;
        if (!is_new && errno != EEXIST)
                return -errno;
        autoclose int out = openat(to, as, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (out < 0)
                return errno == ENOTDIR || errno == ELOOP ? -EEXIST : -errno;
        if (!is_new && !is_empty(out))
                return -EEXIST;
        int r = copy_entries(c, in, out);
        c->depth--;
        return r < 0 ? r : set_status(out, &st);
}

static int copy_entry(struct copy *c, int from, const char *name, int to, const char *as) {
        struct stat st;

        if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (st.st_dev != c->device)
                return 0;
        if (S_ISDIR(st.st_mode))
                return copy_directory(c, from, name, to, as);
        if (S_ISREG(st.st_mode))
                return copy_file(from, name, &st, to, as);
        if (S_ISLNK(st.st_mode))
                return copy_link(from, name, &st, to, as);
        if (mknodat(to, as, st.st_mode, st.st_rdev) < 0)
                return -errno;
        return fchownat(to, as, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

int copy_tree(const char *source, const struct place *to) {
        struct place from;
        struct stat st;
        int r = place_open(source, 0, &from);

        if (r < 0)
                return r;
        if (fstatat(from.at, from.name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                r = -errno;
        struct copy c = { .device = st.st_dev };
        if (r == 0)
                r = copy_entry(&c, from.at, from.name, to->at, to->name);
        place_close(&from);
        return r;
}

/* NOLINTEND(misc-no-recursion) */
