#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/io.h"
#include "base/log.h"
#include "supervisor/directory.h"

#define OWN_MOST     4096 /* files that are given to another owner while PID 1 waits for it */
#define OWN_DEPTH    16   /* as the stack of a child allows */
#define REMOVE_MOST  256  /* files that PID 1 removes itself */
#define REMOVE_DEPTH 64

/* Gives what is in a directory, and then itself, to its owner. */
struct gift {
        uid_t uid;
        gid_t gid;
        unsigned left; /* how many more; 0: it stops */
};

struct entry {
        uint64_t inode;
        int64_t offset;
        unsigned short length;
        unsigned char type;
        char name[];
};

/* The directories that one is inside of, itself last. */
struct way {
        int fds[OWN_DEPTH]; /* owned but for the first */
        unsigned depth;
};

/* One that is not given yet is entered, with the outer one's place kept for later. 1 where that was done. */
static int give_entry(struct way *w, const struct entry *e, struct gift *g) {
        int fd = w->fds[w->depth - 1];

        if (strcmp(e->name, ".") == 0 || strcmp(e->name, "..") == 0)
                return 0;
        if (g->left == 0)
                return -E2BIG;
        g->left--;
        autoclose int inner = e->type != DT_DIR && e->type != DT_UNKNOWN
                                      ? -1
                                      : openat(fd, e->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inner < 0)
                return fchownat(fd, e->name, g->uid, g->gid, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT
                               ? -errno
                               : 0;
        if (w->depth == OWN_DEPTH)
                return -E2BIG;
        if (lseek(fd, e->offset, SEEK_SET) < 0)
                return -errno;
        w->fds[w->depth++] = TAKE_FD(inner);
        return 1;
}

/* What the next call says of the innermost directory; that is given, and left, behind its last entry. By the
 * system call: the C library's readdir() allocates. */
static int give_some(struct way *w, struct gift *g) {
        char buffer[4096] __attribute__((aligned(8)));
        int fd = w->fds[w->depth - 1], r = 0;
        long n = syscall(SYS_getdents64, fd, buffer, sizeof(buffer));

        if (n < 0)
                return -errno;
        for (long at = 0; at < n && r == 0;) {
                const struct entry *e = (const void *) (buffer + at);

                at += e->length;
                r = give_entry(w, e, g);
        }
        if (n > 0)
                return MIN(r, 0);
        r = fchown(fd, g->uid, g->gid) < 0 ? -errno : 0;
        if (--w->depth > 0)
                (void) close(fd);
        return r;
}

/* The outermost last, as its owner says that all is done. */
static int give_all(int fd, struct gift *g) {
        struct way w = { .fds = { fd }, .depth = 1 };
        int r = 0;

        while (r == 0 && w.depth > 0)
                r = give_some(&w, g);
        while (w.depth > 1)
                (void) close(w.fds[--w.depth]);
        return r;
}

static int set_owner(struct launch *l, int fd, const struct stat *st) {
        struct gift g = { l->uid, l->gid, OWN_MOST };

        if (!l->has_owner || geteuid() != 0 || (st->st_uid == l->uid && st->st_gid == l->gid))
                return 0;
        int r = give_all(fd, &g);
        if (r == -E2BIG) {
                loss_add(&l->losses, "the owner of all that is in its directories",
                         "there is too much in them; chown it once");
                return 0;
        }
        if (r == -EPERM || r == -EROFS) {
                loss_add(&l->losses, "the owner of its directories", NULL);
                return 0;
        }
        return r;
}

/* Who may not change it, or not any more, goes by what is there. */
static int set_mode(struct launch *l, int fd, const struct stat *st, unsigned mode) {
        if ((st->st_mode & 07777) == mode || fchmod(fd, mode) == 0)
                return 0;
        if (errno != EPERM && errno != EROFS)
                return -errno;
        loss_add(&l->losses, "the mode of its directories", NULL);
        return 0;
}

/* In a path of several parts those before the last may be in the service's own hands: no link of its making
 * leads us elsewhere. */
static int open_directory(const char *base, const char *name) {
        struct open_how how = {
                .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
                .resolve = strchr(name, '/') ? RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS : 0,
        };
        autoclose int at = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (at < 0)
                return -errno;
        long fd = syscall(SYS_openat2, at, name, &how, sizeof(how));
        if (fd < 0 &&
            (errno == ENOSYS || errno == EPERM)) /* an older kernel, or a filter that does not know it */
                fd = openat(at, name,
                            O_RDONLY | O_DIRECTORY | O_CLOEXEC | (strchr(name, '/') ? O_NOFOLLOW : 0));
        return fd < 0 ? -errno : (int) fd;
}

/* "BASE/NAME" without what is behind a colon, into room for PATH_MAX. */
static void put_path(char *path, const char *base, const char *name) {
        (void) snprintf(path, PATH_MAX, "%s/%.*s", base, (int) strcspn(name, ":"), name);
}

static int make_parents(char *path) {
        char *slash = strrchr(path, '/');

        *slash = '\0';
        int r = io_make_dirs(path, 0755);
        *slash = '/';
        return r;
}

static int make_link(const char *target, char *link) {
        char there[PATH_MAX];

        int r = make_parents(link);
        if (r < 0 || symlink(target, link) == 0)
                return r;
        int error = errno;
        ssize_t n = readlink(link, there, sizeof(there) - 1);
        if (n < 0)
                return -error;
        there[n] = '\0';
        return strcmp(there, target) == 0 ? 0 : -EEXIST;
}

static int make_one(struct launch *l, enum directory_kind kind, char *path, const char *base) {
        unsigned mode = l->unit->setup->directories[kind].mode;
        struct stat st;

        mode = mode == UINT_MAX ? 0755 : mode;
        int r = make_parents(path);
        if (r < 0)
                return r;
        bool made = mkdir(path, mode) == 0;
        int error = errno;
        autoclose int fd = open_directory(base, path + strlen(base) + 1);
        if (fd == -EACCES && !made && geteuid() != 0) /* somebody else's: not ours to change */
                return 0;
        if (fd < 0)
                return fd == -ENOENT ? -error : fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (kind == DIRECTORY_CONFIGURATION)
                return made ? set_mode(l, fd, &st, mode) : 0;
        r = set_mode(l, fd, &st, mode);
        return r < 0 ? r : set_owner(l, fd, &st);
}

int directory_make(struct launch *l, enum directory_kind kind) {
        const struct setup *s = l->unit->setup;
        char **name = s ? s->directories[kind].names : NULL;
        const char *base = directory_base(kind);

        if (!name)
                return 0;
        char *path = arena_take(&l->launcher->arena, PATH_MAX),
             *link = arena_take(&l->launcher->arena, PATH_MAX);
        if (!path || !link)
                return -E2BIG;
        for (; *name; name++) {
                const char *colon = strchr(*name, ':');

                put_path(path, base, *name);
                l->failed_at = path;
                int r = make_one(l, kind, path, base);
                if (r == 0 && colon) {
                        put_path(link, base, colon + 1);
                        l->failed_at = link;
                        r = make_link(path, link);
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

int directory_variable(const struct unit *u, enum directory_kind kind, struct arena *arena,
                       const char **ret) {
        char **names = u->setup ? u->setup->directories[kind].names : NULL;
        const char *base = directory_base(kind), *variable = directory_place(kind)->variable;
        size_t size = strlen(variable) + 2, n = 0;

        *ret = NULL;
        if (!names)
                return 0;
        for (char **name = names; *name; name++)
                size += strlen(base) + strlen(*name) + 2;
        char *text = arena_take(arena, size);
        if (!text)
                return -E2BIG;
        n = (size_t) snprintf(text, size, "%s=", variable);
        for (char **name = names; *name; name++)
                n += (size_t) snprintf(text + n, size - n, "%s%s/%.*s", name > names ? ":" : "", base,
                                       (int) strcspn(*name, ":"), *name);
        *ret = text;
        return 0;
}

/* The directories that are being emptied, the innermost last. */
struct removal {
        DIR *levels[REMOVE_DEPTH]; /* owned */
        unsigned depth;
        unsigned most; /* how many more files */
};

/* Removes it; where it is a directory with something in it, that becomes the innermost. What is mounted there
 * is left alone: a mount point is busy (rmdir(2)), whatever is in it. */
static int remove_or_enter(struct removal *m, int at, const char *name) {
        if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
                return 0;
        /* A read-only file system refuses before it looks. */
        if (errno == EROFS)
                return faccessat(at, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT ? 0 : -EROFS;
        if (errno != EISDIR && errno != EPERM)
                return -errno;
        if (unlinkat(at, name, AT_REMOVEDIR) == 0)
                return 0;
        if (errno != ENOTEMPTY && errno != EEXIST)
                return -errno;
        if (m->depth == REMOVE_DEPTH)
                return -ELOOP;
        autoclose int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        DIR *directory = fdopendir(fd);
        if (!directory)
                return -errno;
        (void) TAKE_FD(fd);
        m->levels[m->depth++] = directory;
        return 0;
}

/* The next entry of the innermost directory. Behind the last one the outer one begins anew, and finds the
 * inner one empty. */
static int remove_next(struct removal *m) {
        DIR *directory = m->levels[m->depth - 1];
        const struct dirent *e = readdir(directory);

        if (!e) {
                (void) closedir(directory);
                if (--m->depth > 0)
                        rewinddir(m->levels[m->depth - 1]);
                return 0;
        }
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
                return 0;
        if (m->most == 0)
                return -E2BIG;
        m->most--;
        return remove_or_enter(m, dirfd(directory), e->d_name);
}

/* As far as `most` files. 0, -E2BIG, or what kept it from being done. */
static int remove_tree(int at, const char *name, unsigned most) {
        struct removal m = { .most = most };

        int r = remove_or_enter(&m, at, name);
        bool entered = m.depth > 0;
        while (r == 0 && m.depth > 0)
                r = remove_next(&m);
        while (m.depth > 0)
                (void) closedir(m.levels[--m.depth]);
        return r == 0 && entered && unlinkat(at, name, AT_REMOVEDIR) < 0 ? -errno : r;
}

/* Out of the way at once, so that the next start finds nothing, and gone when the process has ended. */
static int remove_aside(int at, const char *name) {
        static unsigned n;
        char aside[NAME_MAX + 1];

        int length = snprintf(aside, sizeof(aside), "%s.removed-%u", name, ++n);
        if (length < 0 || (size_t) length >= sizeof(aside))
                return -ENAMETOOLONG;
        if (renameat(at, name, at, aside) < 0)
                return -errno;
        pid_t pid = fork();
        if (pid == 0) {
                (void) remove_tree(at, aside, UINT_MAX);
                _exit(EXIT_SUCCESS);
        }
        return pid < 0 ? -errno : 0;
}

/* From the directory that it is in, which no link of the service's making leads away from. `path` is
 * "BASE/NAME". */
static int remove_one(const char *base, char *path) {
        char *last = strrchr(path, '/') + 1, *name = path + strlen(base) + 1;
        bool is_nested = last > name;

        last[-1] = '\0';
        autoclose int at =
                is_nested ? open_directory(base, name) : open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int r = at >= 0 ? 0 : is_nested ? at : -errno;
        if (r == 0)
                r = remove_tree(at, last, REMOVE_MOST);
        if (r == -E2BIG)
                r = remove_aside(at, last);
        last[-1] = '/';
        return r == -ENOENT ? 0 : r;
}

void directory_remove(const struct unit *u) {
        char **name = u->setup ? u->setup->directories[DIRECTORY_RUNTIME].names : NULL;
        const char *base = directory_base(DIRECTORY_RUNTIME);
        char path[PATH_MAX];

        for (; name && *name; name++) {
                const char *colon = strchr(*name, ':');

                if (colon) {
                        put_path(path, base, colon + 1);
                        (void) unlink(path);
                }
                put_path(path, base, *name);
                int r = remove_one(base, path);
                if (r < 0)
                        log_warning(u->name, "removing %s: %s", path, strerror(-r));
        }
}
