#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/io.h"
#include "base/parse.h"
#include "base/text.h"
#include "prepare/copy.h"
#include "prepare/deed.h"
#include "prepare/mode.h"
#include "prepare/place.h"

/* NOLINTBEGIN(misc-no-recursion): as deep as DEPTH_MOST, in a process of its own; what is in the way is
 * removed once */

#define FACTORY    "/usr/share/factory"
#define DEPTH_MOST 64

static int say(struct deeds *d, const struct tmpfile *t, const char *path, int error) {
        bool is_ours = error == -EROFS || (geteuid() != 0 && (error == -EPERM || error == -EACCES));

        if (is_ours) {
                if (!d->counted)
                        ++*(error == -EROFS ? &d->read_only : &d->forbidden);
                d->counted = true;
        } else if (error == -ENOLINK)
                (void) diag(
                        d->diags, t->file, t->line, t->quiet ? 0 : error,
                        "%s: the path leads through a directory of another user, who could lead it anywhere",
                        path);
        else
                (void) diag(d->diags, t->file, t->line, t->quiet ? 0 : error, "%s: %s", path,
                            error == -EEXIST  ? "something of another kind is there"
                            : error == -EXDEV ? "a mount point is left alone"
                            : error == -EMLINK
                                    ? "it has other names: who made them could have another file's "
                                      "owner changed"
                                    : strerror(-error));
        return error == -ENOMEM ? error : 0;
}

/* --- Making what is not there. */

/* In place of what is of another kind, where the line says so; -EEXIST where it does not. */
static int make_way(const struct tmpfile *t, const struct place *p, bool with_plus) {
        return t->exact || (with_plus && t->plus) ? place_remove(p, false) : -EEXIST;
}

/* The mode that a new one is made with; what the line says is set behind it, past any umask. */
static unsigned first_mode(const struct tmpfile *t, unsigned usual) {
        return t->has_mode ? t->mode & 0777 : usual;
}

static int write_file(const struct tmpfile *t, int fd) {
        return t->argument ? io_write_all(fd, t->argument, t->argument_size) : 0;
}

static int make_file(const struct tmpfile *t, const struct place *p) {
        const int flags = O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
        struct stat st;
        autoclose int fd = openat(p->at, p->name, O_WRONLY | O_CREAT | O_EXCL | flags, first_mode(t, 0644));

        if (fd >= 0) {
                int r = write_file(t, fd);
                return r < 0 ? r : mode_set(t, fd, true);
        }
        int error = -errno;
        if (error != -EEXIST && error != -EROFS)
                return error;
        autoclose int old = -1;
        int r = place_look(p, false, &st, &old);
        if (r < 0)
                return error == -EROFS ? error : r;
        if (!S_ISREG(st.st_mode)) {
                r = make_way(t, p, false);
                return r < 0 ? r : make_file(t, p);
        }
        if (t->plus) {
                autoclose int again = openat(p->at, p->name, O_WRONLY | flags);

                r = again < 0 ? -errno : mode_is_shared(again) ? -EMLINK : 0;
                if (r == 0 && ftruncate(again, 0) < 0)
                        r = -errno;
                if (r == 0)
                        r = write_file(t, again);
                if (r < 0)
                        return r;
        }
        return mode_set(t, old, false);
}

static int make_directory(const struct tmpfile *t, const struct place *p) {
        struct stat st;
        bool is_new = mkdirat(p->at, p->name, first_mode(t, 0755)) == 0;
        int error = is_new ? 0 : -errno;
        autoclose int fd = -1;

        if (!is_new && error != -EEXIST && error != -EROFS)
                return error;
        int r = place_look(p, false, &st, &fd);
        if (r < 0)
                return error == -EROFS ? error : r;
        if (S_ISDIR(st.st_mode))
                return mode_set(t, fd, is_new);
        r = make_way(t, p, false);
        return r < 0 ? r : make_directory(t, p);
}

/* A FIFO or a device. */
static int make_node(const struct tmpfile *t, const struct place *p, mode_t kind, dev_t device) {
        struct stat st;
        bool is_new = mknodat(p->at, p->name, kind | first_mode(t, 0644), device) == 0;
        autoclose int fd = -1;

        if (!is_new && errno != EEXIST)
                return -errno;
        int r = place_look(p, false, &st, &fd);
        if (r < 0)
                return r;
        if ((st.st_mode & S_IFMT) == kind && (kind == S_IFIFO || st.st_rdev == device))
                return mode_set(t, fd, is_new);
        r = make_way(t, p, true);
        return r < 0 ? r : make_node(t, p, kind, device);
}

/* Without the right to make devices, as in most containers, they are the runtime's business. */
static int make_device(const struct tmpfile *t, const struct place *p, mode_t kind) {
        unsigned major, minor;

        if (parse_device(t->argument, &major, &minor) < 0)
                return -EINVAL;
        int r = make_node(t, p, kind, makedev(major, minor));
        return r == -EPERM || r == -EACCES ? 0 : r;
}

static int make_link(const struct tmpfile *t, const struct place *p) {
        autofree char *usual = t->argument ? NULL : text_format(FACTORY "%s", t->path);
        const char *target = t->argument ? t->argument : usual;
        char now[PATH_MAX];

        if (!target)
                return -ENOMEM;
        if (symlinkat(target, p->at, p->name) == 0)
                return 0;
        if (errno != EEXIST)
                return -errno;
        ssize_t n = readlinkat(p->at, p->name, now, sizeof(now) - 1);
        if (n >= 0) {
                now[n] = '\0';
                if (strcmp(now, target) == 0)
                        return 0;
        }
        /* What is there already is what somebody wanted there. */
        if (!t->plus && !(t->exact && n < 0))
                return 0;
        int r = place_remove(p, false);
        return r < 0 ? r : make_link(t, p);
}

static int make_copy(const struct tmpfile *t, const struct place *p) {
        autofree char *usual = t->argument ? NULL : text_format(FACTORY "%s", t->path);
        const char *source = t->argument ? t->argument : usual;
        struct stat st;
        autoclose int fd = -1;

        int r = source ? copy_tree(source, p) : -ENOMEM;
        if (r == -ENOENT)
                return 0; /* an image need not have it */
        if (r < 0 && r != -EEXIST)
                return r;
        bool is_new = r == 0;
        r = place_look(p, false, &st, &fd);
        return r < 0 ? r : mode_set(t, fd, is_new);
}

/* --- One path. */

static int make(struct deeds *d, const struct tmpfile *t) {
        unsigned flags = PLACE_MAKE | (t->exact ? PLACE_REPLACE : 0);
        struct place p;
        int r = place_open(t->path, flags, &p);

        if (r < 0)
                return say(d, t, t->path, r);
        switch (t->kind->deed) {
        case DEED_FILE:
                r = make_file(t, &p);
                break;
        case DEED_DIRECTORY:
                r = make_directory(t, &p);
                break;
        case DEED_FIFO:
                r = make_node(t, &p, S_IFIFO, 0);
                break;
        case DEED_CHARACTER_DEVICE:
                r = make_device(t, &p, S_IFCHR);
                break;
        case DEED_BLOCK_DEVICE:
                r = make_device(t, &p, S_IFBLK);
                break;
        case DEED_LINK:
                r = make_link(t, &p);
                break;
        case DEED_COPY:
                r = make_copy(t, &p);
                break;
        case DEED_ADJUST_DIRECTORY:
        case DEED_WRITE:
        case DEED_ADJUST:
        case DEED_ADJUST_ALL:
        case DEED_REMOVE:
        case DEED_REMOVE_ALL:
        case DEED_NOTHING:
        case DEED_NOT_DONE:
                break;
        }
        place_close(&p);
        return r < 0 ? say(d, t, t->path, r) : 0;
}

static int write_to(const struct tmpfile *t, const struct place *p) {
        autoclose int fd =
                openat(p->at, p->name,
                       O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW | (t->plus ? O_APPEND : 0));

        return fd < 0 ? -errno : write_file(t, fd);
}

/* What is below an open directory, by its path for messages. */
static int adjust_below(struct deeds *d, const struct tmpfile *t, int at, const char *path);

static int adjust_entry(struct deeds *d, const struct tmpfile *t, int at, const char *directory,
                        const char *name) {
        autofree char *path = text_format("%s/%s", directory, name);
        autoclose int fd = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        struct stat st = {};

        if (!path)
                return -ENOMEM;
        int r = fd < 0 || fstat(fd, &st) < 0 ? -errno : mode_set(t, fd, false);
        if (r < 0)
                return r == -ENOENT ? 0 : say(d, t, path, r);
        if (!S_ISDIR(st.st_mode))
                return 0;
        if (d->depth == DEPTH_MOST)
                return say(d, t, path, -ELOOP);
        d->depth++;
        r = adjust_below(d, t, fd, path);
        d->depth--;
        return r;
}

static int adjust_below(struct deeds *d, const struct tmpfile *t, int at, const char *path) {
        int fd = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
        const struct dirent *e;
        int r = 0;

        if (!directory) {
                int error = -errno;

                if (fd >= 0)
                        (void) close(fd);
                return say(d, t, path, error);
        }
        while (r == 0 && (e = readdir(directory)))
                if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
                        r = adjust_entry(d, t, dirfd(directory), path, e->d_name);
        (void) closedir(directory);
        return r;
}

static int adjust(struct deeds *d, const struct tmpfile *t, const char *path, const struct place *p) {
        struct stat st;
        autoclose int fd = -1;
        int r = place_look(p, true, &st, &fd);

        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (t->kind->deed == DEED_ADJUST_DIRECTORY && !S_ISDIR(st.st_mode))
                return t->exact ? -EEXIST : -ENOTDIR;
        r = mode_set(t, fd, false);
        if (r == 0 && t->kind->deed == DEED_ADJUST_ALL && S_ISDIR(st.st_mode))
                r = adjust_below(d, t, fd, path);
        return r;
}

static int change(struct deeds *d, const struct tmpfile *t, const char *path) {
        struct place p;
        int r = place_open(path, t->kind->deed == DEED_WRITE ? PLACE_FOLLOW : 0, &p);

        if (r == 0) {
                r = t->kind->deed == DEED_WRITE ? write_to(t, &p) : adjust(d, t, path, &p);
                place_close(&p);
        }
        return r < 0 && r != -ENOENT ? say(d, t, path, r) : 0;
}

static int remove_path(struct deeds *d, const struct tmpfile *t, const char *path) {
        struct place p;
        int r = place_open(path, 0, &p);

        if (r == 0) {
                if (t->kind->deed == DEED_REMOVE) {
                        if (unlinkat(p.at, p.name, 0) < 0)
                                r = errno != EISDIR || unlinkat(p.at, p.name, AT_REMOVEDIR) < 0 ? -errno : 0;
                } else
                        r = place_remove(&p, t->kind->empties);
                place_close(&p);
        }
        return r < 0 && r != -ENOENT && r != -ENOTDIR ? say(d, t, path, r) : 0;
}

/* --- Lines. */

static int each_match(struct deeds *d, const struct tmpfile *t,
                      int (*deed)(struct deeds *d, const struct tmpfile *t, const char *path)) {
        autostrv char **paths = NULL;
        int r = place_glob(t->path, &paths);

        for (size_t i = 0; r == 0 && paths && paths[i]; i++)
                r = deed(d, t, paths[i]);
        return r;
}

int deed_create(struct deeds *d, const struct tmpfile *t) {
        d->counted = false;
        if (t->kind->deed == DEED_REMOVE || t->kind->deed == DEED_REMOVE_ALL)
                return 0;
        return t->kind->has_glob ? each_match(d, t, change) : make(d, t);
}

int deed_remove(struct deeds *d, const struct tmpfile *t) {
        d->counted = false;
        if (t->kind->empties)
                return remove_path(d, t, t->path);
        if (t->kind->deed != DEED_REMOVE && t->kind->deed != DEED_REMOVE_ALL)
                return 0;
        return each_match(d, t, remove_path);
}

/* NOLINTEND(misc-no-recursion) */
