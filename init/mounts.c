#include "init/mounts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/log.h"
#include "base/text.h"

#define SAFE (MS_NOSUID | MS_NODEV | MS_NOEXEC)

enum {
        ANEW = 1 << 0,    /* with --isolate always */
        PLAIN = 1 << 1,   /* a directory will do */
        OWN = 1 << 2,     /* only in a /dev of our own */
        MACHINE = 1 << 3, /* with --isolate where that of the machine would be in sight */
        SHARED = 1 << 4,  /* with --isolate read-only, unless it is our own */
};

/* clang-format off */
/* In the order they are mounted. */
static const struct file_system {
        const char *path, *type, *options;
        unsigned long flags;
        unsigned bits;
        const char *there;   /* what it has where somebody has made it, besides being a mount */
        enum log_level level;
        const char *missed;  /* where it is refused */
} file_systems[] = {
        { "/proc", "proc", NULL, SAFE, ANEW, "/proc/self", LOG_LEVEL_WARNING,
          "nobody can look at processes" },
        { "/sys", "sysfs", NULL, SAFE | MS_RDONLY, ANEW, "/sys/kernel", LOG_LEVEL_INFO,
          "nobody can look at devices" },
        { "/sys/fs/cgroup", "cgroup2", NULL, SAFE, ANEW | SHARED, "/sys/fs/cgroup/cgroup.procs",
          LOG_LEVEL_DEBUG, "the kernel keeps no budget" },
        { "/dev", "tmpfs", "mode=755,size=4m", MS_NOSUID | MS_NOEXEC, ANEW, "/dev/null", LOG_LEVEL_WARNING,
          "there is no /dev/null" },
        { "/dev/pts", "devpts", "newinstance,ptmxmode=0666,mode=0620,gid=5", MS_NOSUID | MS_NOEXEC,
          ANEW | OWN, "/dev/pts/ptmx", LOG_LEVEL_INFO, "nobody can make a terminal" },
        { "/dev/shm", "tmpfs", "mode=1777", MS_NOSUID | MS_NODEV, ANEW | OWN, NULL, LOG_LEVEL_INFO,
          "there is no shared memory" },
        { "/dev/mqueue", "mqueue", NULL, SAFE, ANEW | OWN, NULL, LOG_LEVEL_DEBUG,
          "there are no message queues" },
        { "/run", "tmpfs", "mode=755", MS_NOSUID | MS_NODEV, PLAIN | MACHINE, NULL, LOG_LEVEL_WARNING,
          "there is no place for sockets" },
        { "/tmp", "tmpfs", "mode=1777", MS_NOSUID | MS_NODEV, PLAIN, NULL, LOG_LEVEL_WARNING,
          "there is no place for temporary files" },
        { "/var/tmp", "tmpfs", "mode=1777", MS_NOSUID | MS_NODEV, PLAIN, NULL, LOG_LEVEL_DEBUG,
          "there is no place for temporary files that stay" },
};

static const struct node {
        const char *path;
        unsigned char major, minor;
} nodes[MOUNTS_NODES] = {
        { "/dev/null", 1, 3 },   { "/dev/zero", 1, 5 },    { "/dev/full", 1, 7 },
        { "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
};

static const char *const links[][2] = {
        { "/proc/self/fd", "/dev/fd" },       { "/proc/self/fd/0", "/dev/stdin" },
        { "/proc/self/fd/1", "/dev/stdout" }, { "/proc/self/fd/2", "/dev/stderr" },
        { "pts/ptmx", "/dev/ptmx" },
};

/* As container engines have them: what tells of the machine, and what would change it. */
static const char *const hidden[] = {
        "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
        "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats",
        "/sys/devices/virtual/powercap", "/sys/firmware",
};
static const char *const unchanged[] = {
        "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};
/* clang-format on */

struct work {
        struct mounts *anew;
        bool has_left; /* the mount namespace is ours, or cannot be: */
        int error;     /* then why */
        bool own_dev;  /* we have mounted /dev */
};

static bool is_mount(const char *path) {
        struct statx at, above;
        char parent[PATH_MAX];

        (void) snprintf(parent, sizeof(parent), "%s/..", path);
        if (statx(AT_FDCWD, path, 0, 0, &at) < 0 || statx(AT_FDCWD, parent, 0, 0, &above) < 0)
                return false;
        return (at.stx_attributes & STATX_ATTR_MOUNT_ROOT) || at.stx_dev_minor != above.stx_dev_minor ||
               at.stx_dev_major != above.stx_dev_major;
}

static bool is_empty(const char *path) {
        DIR *directory = opendir(path);
        size_t n = 0;

        while (directory && n < 3 && readdir(directory))
                n++;
        if (directory)
                (void) closedir(directory);
        return directory && n < 3;
}

static bool is_due(const struct work *w, const struct file_system *f) {
        if (w->anew && ((f->bits & ANEW) || ((f->bits & MACHINE) && w->anew->of_machine)))
                return true;
        if (access(f->path, F_OK) < 0)
                return (!(f->bits & OWN) || w->own_dev) && strcmp(f->path, "/var/tmp") != 0;
        if (f->bits & PLAIN)
                return (w->anew && w->anew->read_only) || (access(f->path, W_OK) < 0 && errno == EROFS &&
                                                           is_empty(f->path) && !is_mount(f->path));
        return !is_mount(f->path) && !(f->there && access(f->there, F_OK) == 0);
}

/* Where our root is a directory of somebody's (chroot), all of the mounts begin further up, and only from
 * there can they be changed. With our root at `below` there is a way there, and the descriptor leads back. */
static int change_from_above(const char *below) {
        autoclose int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        int r = root < 0 || chroot(below) < 0 || fchdir(root) < 0 ? -errno : 0;

        for (unsigned i = 0; i < PATH_MAX / 2 && r == 0; i++) {
                struct stat here, above;
                if (stat(".", &here) == 0 && stat("..", &above) == 0 && here.st_ino == above.st_ino &&
                    here.st_dev == above.st_dev)
                        break;
                r = chdir("..") < 0 ? -errno : 0;
        }
        if (r == 0 && mount(NULL, ".", NULL, MS_REC | MS_SLAVE, NULL) < 0)
                r = -errno;
        return fchdir(root) < 0 || chroot(".") < 0 ? -errno : r;
}

/* Mounts that somebody makes elsewhere still come to us, ours go nowhere. */
static int leave_namespace(struct work *w, const char *below) {
        if (w->has_left)
                return w->error;
        w->has_left = true;
        autoclose int cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (unshare(CLONE_NEWNS) < 0)
                w->error = -errno;
        else if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
                w->error = errno == EINVAL ? change_from_above(below) : -errno;
        (void) !fchdir(cwd);
        return w->error;
}

static int put(int *mount, const char *to) {
        int r = move_mount(*mount, "", AT_FDCWD, to, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;

        cleanup_close(mount);
        *mount = -1;
        return r;
}

static int do_mount(const struct work *w, const struct file_system *f) {
        if (w->anew && f < file_systems + 2)
                return put(f == file_systems ? &w->anew->proc : &w->anew->sys, f->path);
        bool read_only = w->anew && (f->bits & SHARED) && !w->anew->own_cgroup;
        if (mount(f->type, f->path, f->type, f->flags | (read_only ? MS_RDONLY : 0), f->options) == 0)
                return 0;
        if (errno != EINVAL || strcmp(f->type, "devpts") != 0)
                return -errno;
        /* The group tty has no number in a user namespace of few. */
        return mount(f->type, f->path, f->type, f->flags, "newinstance,ptmxmode=0666,mode=0620") < 0 ? -errno
                                                                                                     : 0;
}

static int make_file_system(struct work *w, const struct file_system *f) {
        mode_t mode = strstr(f->path, "tmp") ? 01777 : 0755;
        bool made = mkdir(f->path, mode) == 0;
        int r = !made && errno != EEXIST ? -errno : leave_namespace(w, f->path);

        if (made)
                (void) chmod(f->path, mode);
        if (r == 0)
                r = do_mount(w, f);
        if (r < 0 && made && (f->bits & PLAIN))
                return 0;
        if (r < 0 && made)
                (void) rmdir(f->path);
        return r;
}

static int make_file(const char *path) {
        autoclose int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

        return fd < 0 ? -errno : 0;
}

static int make_node(const struct work *w, size_t i) {
        const struct node *n = &nodes[i];

        if (!w->anew)
                return mknod(n->path, S_IFCHR | 0666, makedev(n->major, n->minor)) < 0 ? -errno : 0;
        int r = make_file(n->path);
        return r < 0 ? r : put(&w->anew->nodes[i], n->path);
}

static void fill_dev(struct work *w) {
        mode_t mask = umask(0);

        w->own_dev = true;
        for (size_t i = 0; i < countof(nodes); i++) {
                int r = make_node(w, i);
                if (r < 0)
                        log_warning(NULL, "%s cannot be made: %s", nodes[i].path, strerror(-r));
        }
        for (size_t i = 0; i < countof(links); i++)
                (void) !symlink(links[i][0], links[i][1]);
        if (w->anew && w->anew->console >= 0 && make_file("/dev/console") == 0)
                (void) put(&w->anew->console, "/dev/console");
        (void) umask(mask);
}

/* Where programs lock what is in /var/lock. */
static void fill_run(void) {
        if (mkdir("/run/lock", 0) == 0)
                (void) chmod("/run/lock", 01777);
}

static int hide(const char *path) {
        struct stat st;

        if (stat(path, &st) < 0)
                return 0;
        int r = S_ISDIR(st.st_mode) ? mount("tmpfs", path, "tmpfs", SAFE | MS_RDONLY, "size=0,mode=555")
                                    : mount("/dev/null", path, NULL, MS_BIND, NULL);
        return r < 0 ? -errno : 0;
}

static int keep_unchanged(const char *path) {
        if (mount(path, path, NULL, MS_BIND | MS_REC, NULL) < 0)
                return errno == ENOENT ? 0 : -errno;
        return mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | SAFE, NULL) < 0 ? -errno : 0;
}

/* A wall with a hole is none. */
static int hide_machine(void) {
        int r = 0;

        for (size_t i = 0; i < countof(hidden) && r == 0; i++)
                r = hide(hidden[i]);
        for (size_t i = 0; i < countof(unchanged) && r == 0; i++)
                r = keep_unchanged(unchanged[i]);
        return r;
}

static int open_mount(const char *type, unsigned attributes) {
        autoclose int context = fsopen(type, FSOPEN_CLOEXEC);

        if (context < 0 || fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
                return -errno;
        int fd = fsmount(context, FSMOUNT_CLOEXEC, attributes);
        return fd < 0 ? -errno : fd;
}

static int copy_mount(const char *path, unsigned recursive) {
        int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | recursive);
        return fd < 0 ? -errno : fd;
}

/* The kernel shows a network's devices only to who owns it: others see those of the machine. */
static int open_sys(unsigned safe) {
        struct mount_attr as = { .attr_set = MOUNT_ATTR_RDONLY };
        int fd = open_mount("sysfs", safe | MOUNT_ATTR_RDONLY);

        if (fd == -EPERM)
                fd = copy_mount("/sys", AT_RECURSIVE);
        if (fd < 0 || mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &as, sizeof(as)) == 0)
                return fd;
        (void) close(fd);
        return -EPERM;
}

/* The terminal that we were given has no name in the new /dev/pts. */
static int open_console(void) {
        char link[32], path[64];
        struct stat own, named;

        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
                (void) snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
                ssize_t n = isatty(fd) ? readlink(link, path, sizeof(path) - 1) : -1;
                if (n <= 0)
                        continue;
                path[n] = '\0';
                if (text_starts(path, "/dev/") && fstat(fd, &own) == 0 && stat(path, &named) == 0 &&
                    own.st_rdev == named.st_rdev)
                        return copy_mount(path, 0);
        }
        return -1;
}

int mounts_gather(struct mounts *m) {
        unsigned safe = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

        m->proc = open_mount("proc", safe);
        m->sys = open_sys(safe);
        for (size_t i = 0; i < countof(nodes); i++)
                m->nodes[i] = copy_mount(nodes[i].path, 0);
        m->console = open_console();
        return MIN(m->proc, 0);
}

int mounts_make(struct mounts *anew) {
        struct work w = { .anew = anew, .has_left = anew };

        for (const struct file_system *f = file_systems; f < file_systems + countof(file_systems); f++) {
                int r = is_due(&w, f) ? make_file_system(&w, f) : 1;

                if (r == 0 && strcmp(f->path, "/dev") == 0)
                        fill_dev(&w);
                if (r == 0 && strcmp(f->path, "/run") == 0)
                        fill_run();
                if (r < 0 && anew && f == file_systems)
                        return r;
                if (r < 0)
                        log_line(f->level, NULL, "%s is %s and cannot be mounted (%s): %s", f->path,
                                 (f->bits & PLAIN) && access(f->path, F_OK) == 0 ? "read-only" : "missing",
                                 strerror(-r), f->missed);
        }
        return anew ? hide_machine() : 0;
}
