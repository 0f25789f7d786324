#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <search.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "image/remove.h"
#include "image/tree.h"

/* ---- looking ------------------------------------------------------------------------------------------- */

static int open_in(const struct tree *t, const char *path, uint64_t flags, uint64_t resolve) {
        const struct open_how how = { .flags = flags | O_CLOEXEC,
                                      .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve };
        int fd = (int) syscall(SYS_openat2, t->root, *path ? path : ".", &how, sizeof(how));

        return fd < 0 ? -errno : fd;
}

int tree_open_directory(const struct tree *t, const char *path) {
        return open_in(t, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
}

enum found { FOUND_NOTHING, FOUND_DIRECTORY, FOUND_WHITEOUT, FOUND_OTHER };

static enum found look(int parent, const char *base) {
        struct stat st;

        if (*base == '\0')
                return FOUND_DIRECTORY;
        if (fstatat(parent, base, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return FOUND_NOTHING;
        if (S_ISDIR(st.st_mode))
                return FOUND_DIRECTORY;
        return S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0) ? FOUND_WHITEOUT : FOUND_OTHER;
}

/* ---- directories that no entry describes --------------------------------------------------------------- */

static int compare(const void *a, const void *b) {
        return strcmp(a, b);
}

static int add_path(void **set, const char *path) {
        if (tfind(path, set, compare))
                return 0;
        char *copy = strdup(path);

        if (!copy || !tsearch(copy, set, compare)) {
                free(copy);
                return -ENOMEM;
        }
        return 0;
}

static void drop_implicit(struct tree *t, const char *path) {
        char *const *node = tfind(path, &t->implicit, compare);

        if (node) {
                char *copy = *node;
                (void) tdelete(path, &t->implicit, compare);
                free(copy);
        }
}

struct walk {
        int (*hook)(void *context, const char *path);
        void *context;
        int result;
};

static void visit(const void *node, VISIT which, void *closure) {
        struct walk *w = closure;

        if ((which == postorder || which == leaf) && w->result == 0)
                w->result = w->hook(w->context, *(char *const *) node);
}

static int each(void *set, int (*hook)(void *context, const char *path), void *context) {
        struct walk w = { hook, context, 0 };

        twalk_r(set, visit, &w);
        return w.result;
}

int tree_each_implicit(const struct tree *t, int (*hook)(void *context, const char *path), void *context) {
        return each(t->implicit, hook, context);
}

int tree_each_whiteout(const struct tree *t, int (*hook)(void *context, const char *path), void *context) {
        return each(t->whiteouts, hook, context);
}

void tree_init(struct tree *t, int root) {
        *t = (struct tree){ .root = root, .parent = -1 };
}

static void forget_parent(struct tree *t) {
        if (t->parent >= 0)
                (void) close(TAKE_FD(t->parent));
}

void tree_done(struct tree *t) {
        forget_parent(t);
        tdestroy(t->implicit, free);
        tdestroy(t->whiteouts, free);
        t->implicit = t->whiteouts = NULL;
}

/* ---- the directory that an entry is in ----------------------------------------------------------------- */

/* Says to overlayfs that nothing of this directory in the layers below is seen, or notes that it cannot. */
static void mark_opaque(struct tree *t, int fd) {
        bool user = fsetxattr(fd, "user.overlay.opaque", "y", 1, 0) == 0;
        bool trusted = fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) == 0;

        t->has_opaque = true;
        t->no_user |= !user;
        t->no_trusted |= !trusted;
}

/* A directory where a whiteout was is a new one. */
static int replace_whiteout(struct tree *t, int parent, const char *base) {
        if (unlinkat(parent, base, 0) < 0 || mkdirat(parent, base, 0755) < 0)
                return -errno;
        autoclose int fd = openat(parent, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        mark_opaque(t, fd);
        return 0;
}

/* The next directory on the way to an entry: the last part of `path`, which has not been found in `parent`.
 */
static int make_step(struct tree *t, int parent, const char *path, struct fault *f) {
        const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;

        switch (look(parent, base)) {
        case FOUND_WHITEOUT: {
                int r = replace_whiteout(t, parent, base);
                return r < 0 ? fault_system(f, r, "making the directory that it is in") : 0;
        }
        case FOUND_NOTHING:
                break;
        case FOUND_DIRECTORY:
        case FOUND_OTHER:
                if (t->alone)
                        return -EXDEV;
                return fault(f, -ENOTDIR, "what it is in is no directory, or a symbolic link to none");
        }
        if (mkdirat(parent, base, 0755) < 0)
                return fault_system(f, -errno, "making the directory that it is in");
        if (!t->alone)
                return 0;

        /* Behind a link the layers below would be asked about another path. */
        int fd = open_in(t, path, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
        if (fd < 0)
                return -EXDEV;
        (void) close(fd);
        return add_path(&t->implicit, path);
}

static int make_way(struct tree *t, const char *path, struct fault *f) {
        char at[PATH_MAX];
        size_t n = 0;
        int fd = open_in(t, "", O_PATH | O_DIRECTORY, 0);

        while (fd >= 0 && path[n] != '\0') {
                autoclose int parent = TAKE_FD(fd);
                int r = 0;

                n += strspn(path + n, "/");
                n += strcspn(path + n, "/");
                memcpy(at, path, n);
                at[n] = '\0';
                fd = open_in(t, at, O_PATH | O_DIRECTORY, 0);
                if (fd == -ENOENT || fd == -ENOTDIR)
                        r = make_step(t, parent, at, f);
                if (r < 0)
                        return r;
                if (fd == -ENOENT || fd == -ENOTDIR)
                        fd = open_in(t, at, O_PATH | O_DIRECTORY, 0);
        }
        return fd < 0 ? fault_system(f, fd, "opening the directory that it is in") : fd;
}

/* A descriptor that is borrowed until the next call. */
static int open_parent(struct tree *t, const struct name *n, struct fault *f) {
        if (t->parent >= 0 && strcmp(t->parent_path, n->parent) == 0)
                return t->parent;
        forget_parent(t);

        int fd = make_way(t, n->parent, f);
        if (fd < 0)
                return fd;
        memcpy(t->parent_path, n->parent, strlen(n->parent) + 1);
        return t->parent = fd;
}

/* Takes away what is there. */
static int clear(struct tree *t, int parent, const char *base, struct fault *f) {
        enum found there = look(parent, base);
        int r = 0;

        if (there == FOUND_NOTHING)
                return 0;
        r = remove_tree(parent, base);
        /* It may have been on the way to what is open, but never that itself. */
        if (r < 0)
                return fault_system(f, r, "removing what was there");
        t->parent_path[0] = '/';
        t->parent_path[1] = '\0';
        return 0;
}

/* The directory, with room for a new entry in it. */
static int make_room(struct tree *t, const struct name *n, struct fault *f) {
        int parent = open_parent(t, n, f);

        if (parent < 0)
                return parent;
        if (*n->base == '\0')
                return fault(f, -EISDIR, "the root is a directory, and nothing else");
        int r = clear(t, parent, n->base, f);
        return r < 0 ? r : parent;
}

/* ---- entries ------------------------------------------------------------------------------------------- */

static int complain_owner(const struct attributes *a, int error, struct fault *f) {
        (void) fault(f, error, "its owner %u:%u cannot be had: %s", (unsigned) a->uid, (unsigned) a->gid,
                     strerror(-error));
        if (error == -EINVAL)
                fault_hint(f, "no such number is mapped: lend yourself more in /etc/subuid and /etc/subgid");
        return error;
}

int tree_set_owner(const struct tree *t, int fd, const struct attributes *a, struct fault *f) {
        if (!t->own_owners && fchown(fd, a->uid, a->gid) < 0)
                return complain_owner(a, -errno, f);
        return fchmod(fd, a->mode) < 0 ? fault_system(f, -errno, "setting its mode") : 0;
}

int tree_make_directory(struct tree *t, const struct name *n, const struct attributes *a, struct fault *f) {
        int parent = open_parent(t, n, f), r = 0;

        if (parent < 0)
                return parent;
        enum found there = look(parent, n->base);
        if (there == FOUND_WHITEOUT && t->alone)
                r = replace_whiteout(t, parent, n->base);
        else if (there != FOUND_DIRECTORY) {
                r = clear(t, parent, n->base, f);
                if (r == 0 && mkdirat(parent, n->base, 0700) < 0)
                        r = -errno;
        }
        if (r < 0)
                return fault_system(f, r, "making the directory");
        drop_implicit(t, n->path);

        const char *base = *n->base ? n->base : ".";
        autoclose int fd = openat(parent, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? fault_system(f, -errno, "opening the directory") : tree_set_owner(t, fd, a, f);
}

int tree_make_file(struct tree *t, const struct name *n, struct fault *f) {
        int parent = make_room(t, n, f);

        if (parent < 0)
                return parent;
        int fd = openat(parent, n->base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        return fd < 0 ? fault_system(f, -errno, "making the file") : fd;
}

/* Of what cannot be opened without following it, or waiting for somebody. */
static int finish_by_name(const struct tree *t, int parent, const char *base, const struct attributes *a,
                          struct fault *f) {
        const struct timespec times[2] = { a->time, a->time };

        if (!t->own_owners && fchownat(parent, base, a->uid, a->gid, AT_SYMLINK_NOFOLLOW) < 0)
                return complain_owner(a, -errno, f);
        if (utimensat(parent, base, times, AT_SYMLINK_NOFOLLOW) < 0)
                return fault_system(f, -errno, "setting its time");
        return 0;
}

int tree_make_symlink(struct tree *t, const struct name *n, const char *to, const struct attributes *a,
                      struct fault *f) {
        int parent = make_room(t, n, f);

        if (parent < 0)
                return parent;
        if (symlinkat(to, parent, n->base) < 0)
                return fault_system(f, -errno, "making the symbolic link");
        return finish_by_name(t, parent, n->base, a, f);
}

int tree_make_fifo(struct tree *t, const struct name *n, const struct attributes *a, struct fault *f) {
        int parent = make_room(t, n, f);

        if (parent < 0)
                return parent;
        if (mknodat(parent, n->base, S_IFIFO | 0600, 0) < 0)
                return fault_system(f, -errno, "making the pipe");
        int r = finish_by_name(t, parent, n->base, a, f);
        if (r == 0 && fchmodat(parent, n->base, a->mode, 0) < 0)
                r = fault_system(f, -errno, "setting its mode");
        return r;
}

int tree_make_link(struct tree *t, const struct name *n, const struct name *to, struct fault *f) {
        if (strcmp(n->path, to->path) == 0)
                return fault(f, -EINVAL, "a hard link to itself");

        autoclose int from = open_in(t, to->parent, O_PATH | O_DIRECTORY, 0);
        enum found there = from < 0 ? FOUND_NOTHING : look(from, to->base);
        if (there == FOUND_DIRECTORY)
                return fault(f, -EISDIR, "a hard link to a directory");
        if (there != FOUND_OTHER)
                return t->alone ? -EXDEV
                                : fault(f, -ENOENT, "a hard link to %s, which the image does not have",
                                        to->path);

        int parent = make_room(t, n, f);
        if (parent < 0)
                return parent;
        if (linkat(from, to->base, parent, n->base, 0) < 0)
                return fault_system(f, -errno, "making the hard link");
        return 0;
}

/* ---- whiteouts ----------------------------------------------------------------------------------------- */

int tree_make_opaque(struct tree *t, const struct name *n, struct fault *f) {
        int parent = open_parent(t, n, f);

        if (parent < 0)
                return parent;
        autoclose int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return fault_system(f, -errno, "opening the directory");
        if (!t->alone) {
                int r = remove_inside(fd);
                return r < 0 ? fault_system(f, r, "emptying the directory") : 0;
        }
        /* overlayfs looks for the mark everywhere but there. */
        if (n->parent[0] == '\0')
                t->opaque_root = true;
        else
                mark_opaque(t, fd);
        return 0;
}

static int settle_one(void *context, const char *path) {
        const struct tree *t = context;
        struct name n;
        char value;

        if (name_read(path, &n))
                return 0;
        autoclose int fd = tree_open_directory(t, n.parent);
        if (fd >= 0 && look(fd, n.base) == FOUND_WHITEOUT &&
            (fgetxattr(fd, "user.overlay.opaque", &value, 1) > 0 ||
             fgetxattr(fd, "trusted.overlay.opaque", &value, 1) > 0))
                (void) unlinkat(fd, n.base, 0);
        return 0;
}

void tree_settle(struct tree *t) {
        (void) each(t->whiteouts, settle_one, t);
}

/* What this layer brings itself stays: a whiteout is about those below. */
static int make_whiteout(struct tree *t, int parent, const char *base, const char *path, struct fault *f) {
        switch (look(parent, base)) {
        case FOUND_NOTHING:
                if (mknodat(parent, base, S_IFCHR, makedev(0, 0)) < 0)
                        return -EXDEV;
                return add_path(&t->whiteouts, path);
        case FOUND_DIRECTORY: {
                autoclose int fd = openat(parent, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

                drop_implicit(t, path);
                if (fd < 0)
                        return fault_system(f, -errno, "opening the directory");
                mark_opaque(t, fd);
                break;
        }
        case FOUND_WHITEOUT:
        case FOUND_OTHER:
                break;
        }
        return 0;
}

int tree_whiteout(struct tree *t, const struct name *n, struct fault *f) {
        char path[PATH_MAX + NAME_MAX];
        int parent = open_parent(t, n, f);

        if (parent < 0)
                return parent;
        if (!t->alone)
                return clear(t, parent, n->base, f);
        (void) snprintf(path, sizeof(path), "%s%s%s", n->parent, n->parent[0] ? "/" : "", n->base);
        return make_whiteout(t, parent, n->base, path, f);
}
