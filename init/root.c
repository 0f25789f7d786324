#include "init/root.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/io.h"
#include "base/parse.h"
#include "base/text.h"

#define LAYERS_MOST 127

/* A bind that leads out of where it is said to be is a mistake, or a trick. */
static bool is_place(const char *path) {
        for (const char *at = strstr(path, ".."); at; at = strstr(at + 1, ".."))
                if (at > path && at[-1] == '/' && (at[2] == '/' || at[2] == '\0'))
                        return false;
        return path[0] == '/' && path[1 + strspn(path + 1, "/")] != '\0' && strlen(path) < PATH_MAX;
}

int root_split_bind(const char *word, struct root_bind *ret) {
        size_t n = strlen(word);
        bool read_only = text_ends(word, ":ro");

        n -= read_only ? strlen(":ro") : 0;
        const char *colon = memrchr(word, ':', n);
        if (!colon || colon == word || (size_t) (colon - word) >= PATH_MAX || n >= PATH_MAX)
                return -EINVAL;
        ret->read_only = read_only;
        (void) snprintf(ret->from, sizeof(ret->from), "%.*s", (int) (colon - word), word);
        (void) snprintf(ret->to, sizeof(ret->to), "%.*s", (int) (word + n - colon - 1), colon + 1);
        return is_place(ret->to) ? 0 : -EINVAL;
}

int root_split_memory(const char *word, char directory[PATH_MAX], char options[64]) {
        const char *colon = strrchr(word, ':');
        size_t n = colon ? (size_t) (colon - word) : strlen(word);
        uint64_t size = 0;

        if (n >= PATH_MAX || (colon && (parse_size(colon + 1, &size) < 0 || size == 0)))
                return -EINVAL;
        (void) snprintf(directory, PATH_MAX, "%.*s", (int) n, word);
        (void) snprintf(options, 64, "mode=1777%s%.0llu", size > 0 ? ",size=" : "",
                        (unsigned long long) size);
        return is_place(directory) ? 0 : -EINVAL;
}

static int open_tree_at(const char *path, unsigned flags) {
        int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);
        return fd < 0 ? -errno : fd;
}

static int put(int mount, const char *to) {
        return move_mount(mount, "", AT_FDCWD, to, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS) < 0
                       ? -errno
                       : 0;
}

static int protect(int fd, const char *path, uint64_t attributes) {
        struct mount_attr as = { .attr_set = attributes };
        return mount_setattr(fd, path, AT_EMPTY_PATH | AT_RECURSIVE, &as, sizeof(as)) < 0 ? -errno : 0;
}

static int gather(const char *word) {
        struct root_bind b;
        struct stat st;

        int r = root_split_bind(word, &b);
        if (r < 0)
                return r;
        autoclose int fd = open_tree_at(b.from, AT_RECURSIVE);
        if (fd < 0 || fstat(fd, &st) < 0)
                return fd < 0 ? fd : -errno;
        /* A device is bound by name, or not at all. */
        r = protect(fd, "",
                    (S_ISCHR(st.st_mode) ? 0 : MOUNT_ATTR_NODEV) | (b.read_only ? MOUNT_ATTR_RDONLY : 0));
        return r < 0 ? r : TAKE_FD(fd);
}

int root_gather(const struct root *r, int **ret, const char **ret_what) {
        size_t n = strv_length(r->binds);

        *ret = NULL;
        int *fds = n > 0 ? calloc(n, sizeof(int)) : NULL;
        if (n > 0 && !fds)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                *ret_what = r->binds[i];
                fds[i] = gather(r->binds[i]);
                if (fds[i] < 0) {
                        int error = fds[i];
                        free(fds);
                        return error;
                }
        }
        *ret = fds;
        return 0;
}

/* In memory at a place that everybody has: it covers that only for us, and only until we have left. */
static int make_workshop(void) {
        static const char *const places[] = { "/tmp", "/run", "/var", "/mnt" };

        for (size_t i = 0; i < countof(places); i++)
                if (mount("tmpfs", places[i], "tmpfs", MS_NOSUID | MS_NODEV, "mode=700") == 0)
                        return chdir(places[i]) < 0 ? -errno : 0;
        return -errno;
}

/* Named by their numbers: no path with a colon or a comma, and no length, is in the way. */
static int put_layers(const struct root *r, const int *fds, size_t n, char names[4 * LAYERS_MOST + 1]) {
        size_t at = 0;

        for (size_t i = 0; i < n; i++) {
                char name[16];

                (void) snprintf(name, sizeof(name), "%zu", i);
                int e = mkdir(name, 0700) < 0 ? -errno : put(fds[i], name);
                if (e < 0)
                        return e;
                at += (size_t) snprintf(names + at, 8, "%s%s", i > 0 ? ":" : "", name);
        }
        if (!r->keep)
                return 0;
        int e = mkdir("keep", 0700) < 0 ? -errno : put(fds[n], "keep");
        return e < 0 ? e : chdir("keep") < 0 ? -errno : 0;
}

/* The root's own directory is that of what is written. */
static int make_upper(const char *lowest) {
        struct stat st;

        if (stat(lowest, &st) < 0 || (mkdir("upper", 0755) < 0 && errno != EEXIST) ||
            (mkdir("work", 0700) < 0 && errno != EEXIST))
                return -errno;
        (void) !chown("upper", st.st_uid, st.st_gid); /* who has no number here cannot be given anything */
        return chmod("upper", st.st_mode & 07777) < 0 ? -errno : 0;
}

/* In a user namespace the overlay's own notes are in attributes that users may have. */
static int mount_overlay(const struct root *r, const char *names) {
        char options[4 * LAYERS_MOST + 128];
        const char *kept = r->keep ? "keep/" : "";

        (void) snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%supper,workdir=%swork%s", names,
                        kept, kept, r->as_user ? ",userxattr" : "");
        return mount("overlay", "root", "overlay", MS_NODEV, options) < 0 ? -errno : 0;
}

static int build_overlay(const struct root *r, const int *fds, size_t n) {
        char names[4 * LAYERS_MOST + 1];

        int e = put_layers(r, fds, n, names);
        if (e == 0)
                e = make_upper(r->keep ? "../0" : "0");
        if (r->keep && chdir("..") < 0)
                return -errno;
        return e < 0 ? e : mount_overlay(r, names);
}

static int pivot(void) {
        if (chdir("root") < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0)
                return -errno;
        return chdir("/") < 0 ? -errno : 0;
}

/* What the layers and the kept directory are, and last the only layer with all that is mounted below. */
static int open_layers(const struct root *r, int fds[LAYERS_MOST + 2], size_t n, const char **ret_what) {
        for (size_t i = 0; i < n; i++) {
                *ret_what = r->layers[i];
                fds[i] = open_tree_at(r->layers[i], 0);
                if (fds[i] < 0 && (n > 1 || fds[i] != -EINVAL))
                        return fds[i];
        }
        if (r->keep) {
                *ret_what = r->keep;
                fds[n] = open_tree_at(r->keep, 0);
                if (fds[n] < 0)
                        return fds[n];
        }
        *ret_what = r->layers[0];
        if (n == 1)
                fds[n + 1] = open_tree_at(r->layers[0], AT_RECURSIVE);
        return 0;
}

/* Without an overlay one directory can be had as it is. */
static int build(const struct root *r, const int *fds, size_t n) {
        int e = make_workshop();

        if (e < 0)
                return e;
        if (mkdir("root", 0755) < 0)
                return -errno;
        e = fds[0] < 0 ? fds[0] : build_overlay(r, fds, n);
        if (e == 0 || fds[n + 1] < 0 || r->keep)
                return e;
        e = protect(fds[n + 1], "", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV);
        return e < 0 || (e = put(fds[n + 1], "root")) < 0 ? e : 1;
}

int root_enter(const struct root *r, const char **ret_what) {
        int fds[LAYERS_MOST + 2];
        size_t n = strv_length(r->layers);

        if (n > LAYERS_MOST)
                return -E2BIG;
        for (size_t i = 0; i < countof(fds); i++)
                fds[i] = -1;
        int e = open_layers(r, fds, n, ret_what);
        if (e == 0)
                e = build(r, fds, n);
        for (size_t i = 0; i < countof(fds); i++)
                cleanup_close(&fds[i]);
        int p = e < 0 ? e : pivot();
        return p < 0 ? p : e;
}

/* In a child, which has a mount namespace to itself: as who can be root there alone, where we are not here.
 */
static int stack(const char *upper, const char *lower) {
        bool as_user = geteuid() != 0 || unshare(CLONE_NEWNS) < 0;
        int above = open(upper, O_PATH | O_DIRECTORY), below = open(lower, O_PATH | O_DIRECTORY);
        char options[128];

        (void) snprintf(options, sizeof(options), "lowerdir=/proc/self/fd/%d:/proc/self/fd/%d%s", above,
                        below, as_user ? ",userxattr" : "");
        if (as_user && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
                return -errno;
        if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                return -errno;
        return mount("overlay", upper, "overlay", MS_RDONLY, options) < 0 ? -errno : 0;
}

bool root_can_stack(const char *upper, const char *lower) {
        pid_t child = fork();
        int status = 1;

        if (child == 0)
                _exit(stack(upper, lower) < 0);
        while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
                continue;
        return status == 0;
}

/* Only where nothing of it stays. */
static int make_place(const struct root *r, const char *path, bool is_directory) {
        char part[PATH_MAX];

        if (access(path, F_OK) == 0)
                return 0;
        if (!r->layers && !text_starts(path, "/run/"))
                return -ENOENT;
        (void) snprintf(part, sizeof(part), "%s", path);
        char *last = strrchr(part, '/');
        *last = '\0';
        int e = *part ? io_make_dirs(part, 0755) : 0;
        if (e < 0)
                return e;
        if (is_directory)
                return mkdir(path, 0755) < 0 ? -errno : 0;
        autoclose int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        return fd < 0 ? -errno : 0;
}

static int put_bind(const struct root *r, const char *word, int fd) {
        struct root_bind b;
        struct stat st;

        int e = root_split_bind(word, &b);
        if (e < 0 || fstat(fd, &st) < 0)
                return e < 0 ? e : -errno;
        e = make_place(r, b.to, S_ISDIR(st.st_mode));
        return e < 0 ? e : put(fd, b.to);
}

static int put_memory(const struct root *r, const char *word) {
        char directory[PATH_MAX], options[64];

        int e = root_split_memory(word, directory, options);
        if (e == 0)
                e = make_place(r, directory, true);
        if (e == 0 && mount("tmpfs", directory, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0)
                e = -errno;
        return e;
}

int root_fill(const struct root *r, int *gathered, const char **ret_what) {
        for (size_t i = 0; i < strv_length(r->memory); i++) {
                *ret_what = r->memory[i];
                int e = put_memory(r, r->memory[i]);
                if (e < 0)
                        return e;
        }
        for (size_t i = 0; i < strv_length(r->binds); i++) {
                *ret_what = r->binds[i];
                int e = put_bind(r, r->binds[i], gathered[i]);
                cleanup_close(&gathered[i]);
                if (e < 0)
                        return e;
        }
        struct mount_attr as = { .attr_set = MOUNT_ATTR_RDONLY };
        *ret_what = "/";
        return r->layers && r->read_only && mount_setattr(AT_FDCWD, "/", 0, &as, sizeof(as)) < 0 ? -errno : 0;
}

void root_tidy(const struct root *r) {
        autoclose int fd = r->keep ? open(r->keep, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

        if (fd < 0)
                return;
        (void) unlinkat(fd, "work/work", AT_REMOVEDIR);
        (void) unlinkat(fd, "work", AT_REMOVEDIR);
}
