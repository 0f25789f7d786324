#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/pattern.h"
#include "base/text.h"
#include "prepare/place.h"

/* NOLINTBEGIN(misc-no-recursion): as deep as DEPTH_MOST or the path has parts, in a process of its own */

#define LINKS_MOST 32
#define DEPTH_MOST 64 /* of what is removed */

/* A walk along a path. `from` is what the last step was out of: a directory, or a link. */
struct walk {
        int at; /* O_PATH */
        struct stat from, directory, root;
        char todo[2 * PATH_MAX];
        unsigned links, flags;
        size_t own; /* how much of it is the path's own, and not a link's */
};

static bool is_unsafe(const struct stat *from, const struct stat *to) {
        return from->st_uid != 0 && from->st_uid != to->st_uid;
}

static bool is_same(const struct stat *a, const struct stat *b) {
        return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static int begin(struct walk *w) {
        autoclose int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (root < 0 || fstat(root, &w->root) < 0)
                return -errno;
        if (w->at >= 0 && is_unsafe(&w->from, &w->root))
                return -ENOLINK;
        if (w->at >= 0)
                (void) close(w->at);
        w->at = TAKE_FD(root);
        w->from = w->directory = w->root;
        return 0;
}

/* The link's words come before what is still to do. */
static int follow(struct walk *w, int link, const struct stat *st) {
        char target[PATH_MAX], rest[sizeof(w->todo)];
        ssize_t n = readlinkat(link, "", target, sizeof(target) - 1);

        if (n < 0)
                return -errno;
        if (++w->links > LINKS_MOST)
                return -ELOOP;
        w->own = strlen(w->todo);
        target[n] = '\0';
        memcpy(rest, w->todo, sizeof(rest));
        int length = snprintf(w->todo, sizeof(w->todo), "%s/%s", target, rest);
        if (length < 0 || (size_t) length >= sizeof(w->todo))
                return -ENAMETOOLONG;
        w->from = *st;
        return *target == '/' ? begin(w) : 0;
}

static int climb(struct walk *w) {
        struct stat st;

        if (is_same(&w->directory, &w->root))
                return 0;
        autoclose int up = openat(w->at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (up < 0 || fstat(up, &st) < 0)
                return -errno;
        if (is_unsafe(&w->from, &st))
                return -ENOLINK;
        (void) close(w->at);
        w->at = TAKE_FD(up);
        w->from = w->directory = st;
        return 0;
}

static int open_child(const struct walk *w, const char *name, struct stat *ret) {
        int fd = openat(w->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

        /* A link that leads nowhere stays one. */
        if (fd < 0 && errno == ENOENT && (w->flags & PLACE_MAKE) && strlen(w->todo) < w->own) {
                if (mkdirat(w->at, name, 0755) < 0 && errno != EEXIST)
                        return -errno;
                fd = openat(w->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        }
        if (fd < 0)
                return -errno;
        if (fstat(fd, ret) >= 0)
                return fd;
        int r = -errno;
        (void) close(fd);
        return r;
}

/* One directory further. */
static int enter(struct walk *w, const char *name) {
        struct stat st;

        if (strcmp(name, "..") == 0)
                return climb(w);
        autoclose int child = open_child(w, name, &st);
        if (child < 0)
                return child;
        if (is_unsafe(&w->from, &st))
                return -ENOLINK;
        if (S_ISLNK(st.st_mode))
                return follow(w, child, &st);
        if (!S_ISDIR(st.st_mode)) {
                if (!(w->flags & PLACE_REPLACE))
                        return -ENOTDIR;
                if (unlinkat(w->at, name, 0) < 0 || mkdirat(w->at, name, 0755) < 0)
                        return -errno;
                return enter(w, name);
        }
        (void) close(w->at);
        w->at = TAKE_FD(child);
        w->from = w->directory = st;
        return 0;
}

/* Takes the next part off what is to do; false where there is none. *ret_last: none is behind it. */
static bool next_part(struct walk *w, char name[NAME_MAX + 1], bool *ret_last) {
        const char *at = w->todo + strspn(w->todo, "/");

        while (at[0] == '.' && (at[1] == '/' || at[1] == '\0'))
                at += 1 + strspn(at + 1, "/");
        size_t n = strcspn(at, "/");
        if (n == 0 || n > NAME_MAX)
                return false;
        memcpy(name, at, n);
        name[n] = '\0';
        at += n;
        *ret_last = at[strspn(at, "/.")] == '\0' && !strstr(at, "..");
        memmove(w->todo, at, strlen(at) + 1);
        return true;
}

/* The name at the end is a link to be followed: then the walk goes on. */
static bool is_followed(struct walk *w, const char *name) {
        struct stat st;

        if (strcmp(name, "..") == 0)
                return true;
        return (w->flags & PLACE_FOLLOW) && fstatat(w->at, name, &st, AT_SYMLINK_NOFOLLOW) >= 0 &&
               S_ISLNK(st.st_mode);
}

static int walk(struct walk *w, char name[NAME_MAX + 1]) {
        bool is_last = false;
        int r = begin(w);

        while (r == 0) {
                if (!next_part(w, name, &is_last)) {
                        (void) snprintf(name, NAME_MAX + 1, ".");
                        return strlen(w->todo + strspn(w->todo, "/")) > NAME_MAX ? -ENAMETOOLONG : 0;
                }
                if (is_last && !is_followed(w, name))
                        return 0;
                r = enter(w, name);
        }
        return r;
}

int place_open(const char *path, unsigned flags, struct place *ret) {
        struct walk w = { .at = -1, .flags = flags, .own = SIZE_MAX };
        int length = snprintf(w.todo, sizeof(w.todo), "%s", path);
        char name[NAME_MAX + 1] = ".";

        if (length < 0 || length >= PATH_MAX)
                return -ENAMETOOLONG;
        int r = walk(&w, name);
        if (r < 0) {
                if (w.at >= 0)
                        (void) close(w.at);
                return r;
        }
        *ret = (struct place){ .at = w.at, .directory = w.directory };
        memcpy(ret->name, name, sizeof(name));
        return 0;
}

void place_close(const struct place *p) {
        (void) close(p->at);
}

int place_look(const struct place *p, bool is_strict, struct stat *ret, int *ret_fd) {
        struct stat st;
        autoclose int fd = openat(p->at, p->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (is_strict && is_unsafe(&p->directory, &st))
                return -ENOLINK;
        *ret = st;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

/* All that is in the directory, which it takes. */
static int empty_directory(int fd, dev_t device, unsigned depth);

static int remove_entry(int at, const char *name, dev_t device, unsigned depth) {
        struct stat st;

        if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (st.st_dev != device)
                return -EXDEV;
        if (S_ISDIR(st.st_mode)) {
                int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                int r = fd < 0 ? -errno : depth == 0 ? -ELOOP : empty_directory(fd, device, depth - 1);

                if (r < 0)
                        return r;
        }
        return unlinkat(at, name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0) < 0 ? -errno : 0;
}

static int empty_directory(int fd, dev_t device, unsigned depth) {
        DIR *directory = fdopendir(fd);
        const struct dirent *e;
        int r = 0;

        if (!directory) {
                r = -errno;
                (void) close(fd);
                return r;
        }
        while ((e = readdir(directory))) {
                if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
                        continue;
                int one = remove_entry(dirfd(directory), e->d_name, device, depth);
                r = r < 0 ? r : one;
        }
        (void) closedir(directory);
        return r;
}

int place_remove(const struct place *p, bool keep) {
        struct stat st = {};
        autoclose int fd = -1;
        int r = place_look(p, true, &st, &fd);

        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (!keep)
                return remove_entry(p->at, p->name, p->directory.st_dev, DEPTH_MOST);
        if (!S_ISDIR(st.st_mode))
                return 0;
        /* A volume is somebody's data. */
        if (st.st_dev != p->directory.st_dev)
                return -EXDEV;
        int directory = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return directory < 0 ? -errno : empty_directory(directory, st.st_dev, DEPTH_MOST);
}

static int add_matches(const char *prefix, const char *pattern, char ***list);

static int add_matching_entries(const char *prefix, const char *part, const char *rest, char ***list) {
        struct place p;
        const struct dirent *e;
        int r = place_open(*prefix == '\0' ? "/" : prefix, PLACE_FOLLOW, &p);

        if (r < 0)
                return r == -ENOMEM ? r : 0;
        int fd = openat(p.at, p.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        place_close(&p);
        DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
        if (!directory) {
                if (fd >= 0)
                        (void) close(fd);
                return 0;
        }
        while (r >= 0 && (e = readdir(directory))) {
                if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
                    !pattern_fits(part, e->d_name, PATTERN_PERIOD))
                        continue;
                autofree char *path = text_format("%s/%s", prefix, e->d_name);
                r = path ? add_matches(path, rest, list) : -ENOMEM;
        }
        (void) closedir(directory);
        return r;
}

/* `prefix` is a path that is there as far as it has come from a pattern. */
static int add_matches(const char *prefix, const char *pattern, char ***list) {
        struct place p;
        struct stat st;

        pattern += strspn(pattern, "/");
        if (*pattern != '\0') {
                autofree char *part = strndup(pattern, strcspn(pattern, "/"));
                const char *rest = pattern + strcspn(pattern, "/");

                if (!part)
                        return -ENOMEM;
                if (part[strcspn(part, "*?[")] != '\0')
                        return add_matching_entries(prefix, part, rest, list);
                autofree char *path = text_format("%s/%s", prefix, part);
                return path ? add_matches(path, rest, list) : -ENOMEM;
        }
        int r = place_open(*prefix == '\0' ? "/" : prefix, 0, &p);
        if (r < 0)
                /* An unsafe one is told when it is acted upon. */
                return r == -ENOLINK ? strv_add(list, prefix) : r == -ENOMEM ? r : 0;
        bool is_there = fstatat(p.at, p.name, &st, AT_SYMLINK_NOFOLLOW) >= 0;
        place_close(&p);
        return is_there ? strv_add(list, prefix) : 0;
}

static int compare(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

int place_glob(const char *pattern, char ***ret) {
        autostrv char **list = NULL;
        int r = add_matches("", pattern, &list);

        if (r < 0)
                return r;
        if (list)
                qsort(list, strv_length(list), sizeof(*list), compare);
        *ret = TAKE(list);
        return 0;
}

/* NOLINTEND(misc-no-recursion) */
