#include "supervisor/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/io.h"
#include "base/log.h"
#include "base/text.h"
#include "init/init.h"
#include "init/kernel.h"
#include "supervisor/environment.h"
#include "supervisor/whole.h"

#define LEAF      "init.scope" /* tend itself, and whoever enters the container from outside */
#define TRIES     100          /* who enters at the same moment is moved the next time */
#define PATIENCE  500          /* milliseconds for all that was killed to be gone */
#define WALK_MOST 12           /* levels: what a service makes itself may be as deep as it likes */

/* Where the cgroups are mounted, and where in that we are. */
struct place {
        char mount[PATH_MAX], root[PATH_MAX], own[PATH_MAX];
        bool is_read_only;
};

static bool has_option(const char *options, const char *wanted) {
        size_t n = strlen(wanted);

        for (const char *at = options; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
                if (strncmp(at, wanted, n) == 0 && (at[n] == ',' || at[n] == '\0'))
                        return true;
        return false;
}

/* The word of that number, from 0 on. */
static bool copy_word(const char *line, unsigned number, char *ret, size_t size) {
        for (;; number--) {
                line += strspn(line, " ");
                size_t n = strcspn(line, " \n");
                if (number == 0 || n == 0) {
                        (void) snprintf(ret, size, "%.*s", (int) n, line);
                        return n > 0;
                }
                line += n;
        }
}

/* A line of /proc/self/mountinfo, see proc(5). Later ones cover earlier ones. */
static bool take_mount(struct place *p, const char *line, bool only_usual) {
        char root[PATH_MAX], mount[PATH_MAX], options[256], super[256];
        const char *rest = strstr(line, " - cgroup2 ");

        if (!rest || !copy_word(line, 3, root, sizeof(root)) || !copy_word(line, 4, mount, sizeof(mount)) ||
            !copy_word(line, 5, options, sizeof(options)) || !copy_word(rest, 3, super, sizeof(super)))
                return false;
        if (only_usual && strcmp(mount, "/sys/fs/cgroup") != 0)
                return false;
        (void) snprintf(p->root, sizeof(p->root), "%s", root);
        (void) snprintf(p->mount, sizeof(p->mount), "%s", mount);
        p->is_read_only = has_option(options, "ro") || has_option(super, "ro");
        return true;
}

static bool find_mount(struct place *p) {
        bool found = false;

        for (unsigned only_usual = 2; only_usual-- > 0 && !found;) {
                autofree char *text = NULL;
                size_t size;

                if (io_read_file("/proc/self/mountinfo", SIZE_MAX, &text, &size) < 0)
                        return false;
                char *rest = NULL;
                for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
                        found |= take_mount(p, line, only_usual);
        }
        return found;
}

/* The line of cgroup v2 in /proc/PID/cgroup. */
static bool find_own(struct place *p, const char *process) {
        char path[32], text[8192];

        (void) snprintf(path, sizeof(path), "/proc/%s/cgroup", process);
        if (io_read_small(AT_FDCWD, path, text, sizeof(text)) < 0)
                return false;
        const char *line = text_starts(text, "0::") ? text : strstr(text, "\n0::");
        if (!line)
                return false;
        line = strchr(line, '/');
        if (!line)
                return false;
        (void) snprintf(p->own, sizeof(p->own), "%.*s", (int) strcspn(line, "\n"), line);
        return true;
}

/* Our cgroup below the mount; NULL where it is not in it. */
static const char *below_mount(const struct place *p) {
        size_t n = strcmp(p->root, "/") == 0 ? 0 : strlen(p->root);

        if (strstr(p->root, "/..") || strstr(p->own, "/.."))
                return NULL;
        if (strncmp(p->own, p->root, n) != 0 || (p->own[n] != '/' && p->own[n] != '\0'))
                return NULL;
        return p->own + n;
}

static bool has_capability(unsigned capability) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

        return syscall(SYS_capget, &header, data) == 0 &&
               (data[capability / 32].effective >> (capability % 32) & 1);
}

/* Processes of other PID namespaces have the number 0 here. */
static bool has_strangers(int root) {
        autoclose int fd = openat(root, "cgroup.procs", O_RDONLY | O_CLOEXEC);
        char text[4096], before = '\n';
        ssize_t n;

        while (fd >= 0 && (n = read(fd, text, sizeof(text))) > 0)
                for (ssize_t i = 0; i < n; i++) {
                        if (text[i] == '0' && before == '\n')
                                return true;
                        before = text[i];
                }
        return false;
}

static bool is_threaded(int root) {
        char type[64];

        return io_read_small(root, "cgroup.type", type, sizeof(type)) > 0 && !text_starts(type, "domain\n") &&
               !text_starts(type, "domain threaded");
}

static void look(struct cgroups *c, bool is_pid1, char *const *environment, struct ground_facts *f,
                 struct place *p) {
        char path[2 * PATH_MAX];

        *f = (struct ground_facts){
                .is_pid1 = is_pid1,
                .has_proc = kernel_has_own_proc(getpid()),
                .has_cgroup2 = find_mount(p) && find_own(p, is_pid1 && getpid() != 1 ? "1" : "self"),
                .engine = ground_engine(environment_get(environment, "container"),
                                        access("/.dockerenv", F_OK) == 0,
                                        access("/run/.containerenv", F_OK) == 0,
                                        environment_get(environment, "KUBERNETES_SERVICE_HOST")),
        };
        if (text_ends(p->own, "/" LEAF)) /* beside a tend that has taken over already */
                p->own[strlen(p->own) - strlen(LEAF)] = '\0';
        const char *below = f->has_cgroup2 ? below_mount(p) : NULL;
        f->is_outside = f->has_cgroup2 && !below;
        if (!below)
                return;
        (void) snprintf(path, sizeof(path), "%s%s", p->mount, below);
        c->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        f->is_read_only = p->is_read_only;
        f->may_mount = has_capability(CAP_SYS_ADMIN);
        f->is_refused = c->root < 0 || faccessat(c->root, ".", W_OK | X_OK, AT_EACCESS) < 0 ||
                        faccessat(c->root, "cgroup.procs", W_OK, AT_EACCESS) < 0;
        f->is_shared = c->root >= 0 && has_strangers(c->root);
        f->is_threaded = c->root >= 0 && is_threaded(c->root);
}

/* A mount that no directory leads to: what is read-only for the services stays so. First a cgroup namespace
 * of our own, where we are not at the root of one: a mount shows its root. */
static int mount_own(const struct place *p) {
        if (strcmp(p->own, "/") != 0 && unshare(CLONE_NEWCGROUP) < 0)
                return -errno;
        autoclose int context = (int) syscall(SYS_fsopen, "cgroup2", FSOPEN_CLOEXEC);
        if (context < 0 || syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
                return -errno;
        int fd = (int) syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
        return fd < 0 ? -errno : fd;
}

int cgroup_write(const struct cgroups *c, const char *group, const char *file, const char *text) {
        char path[PATH_MAX];

        (void) snprintf(path, sizeof(path), "%s/%s", group, file);
        autoclose int fd = openat(c->root, path, O_WRONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        return io_write_all(fd, text, strlen(text));
}

uint64_t cgroup_count(const struct cgroups *c, const char *group, const char *file, const char *name) {
        char path[PATH_MAX], text[4096];
        size_t n = strlen(name);

        (void) snprintf(path, sizeof(path), "%s/%s", group, file);
        if (io_read_small(c->root, path, text, sizeof(text)) < 0)
                return 0;
        for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
                if (n == 0 || (strncmp(line, name, n) == 0 && line[n] == ' '))
                        return strtoull(line + n, NULL, 10);
        return 0;
}

struct step {
        DIR *directory; /* owned */
        char name[NAME_MAX + 1];
};

static bool descend(struct step *step, int parent, const char *name) {
        int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        step->directory = fd < 0 ? NULL : fdopendir(fd);
        if (!step->directory && fd >= 0)
                (void) close(fd);
        (void) snprintf(step->name, sizeof(step->name), "%s", name);
        return step->directory;
}

static int find_processes(int group, int (*found)(void *context, pid_t pid), void *context) {
        autoclose int fd = openat(group, "cgroup.procs", O_RDONLY | O_CLOEXEC);
        char piece[4096];
        pid_t pid = 0;
        int r = 0;

        for (ssize_t n = fd < 0 ? 0 : read(fd, piece, sizeof(piece)); n > 0 && r == 0;
             n = read(fd, piece, sizeof(piece)))
                for (ssize_t i = 0; i < n && r == 0; i++) {
                        if (piece[i] >= '0' && piece[i] <= '9') {
                                pid = pid * 10 + (piece[i] - '0');
                                continue;
                        }
                        r = pid > 0 ? found(context, pid) : 0;
                        pid = 0;
                }
        return r;
}

static const char *next_below(DIR *directory) {
        for (struct dirent *d = readdir(directory); d; d = readdir(directory))
                if (d->d_type == DT_DIR && strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
                        return d->d_name;
        return NULL;
}

int cgroup_walk(int root, const char *group, bool removes, int (*found)(void *context, pid_t pid),
                void *context) {
        struct step steps[WALK_MOST];
        size_t n = descend(&steps[0], root, group);
        int r = n == 0 ? -errno : found ? find_processes(dirfd(steps[0].directory), found, context) : 0;

        while (n > 0) {
                int fd = dirfd(steps[n - 1].directory);
                const char *name = r == 0 && n < WALK_MOST ? next_below(steps[n - 1].directory) : NULL;
                if (!name) {
                        (void) closedir(steps[--n].directory);
                        if (removes && n > 0)
                                (void) unlinkat(dirfd(steps[n - 1].directory), steps[n].name, AT_REMOVEDIR);
                } else if (descend(&steps[n], fd, name)) {
                        r = found ? find_processes(dirfd(steps[n].directory), found, context) : 0;
                        n++;
                }
        }
        return r;
}

int cgroup_remove(int root, const char *group) {
        if (unlinkat(root, group, AT_REMOVEDIR) == 0 || errno == ENOENT)
                return 0;
        (void) cgroup_walk(root, group, true, NULL, NULL);
        return unlinkat(root, group, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -errno;
}

/* All of the container's own cgroup into `to`. 0, or -errno of who could not be moved: -EAGAIN where there
 * are always more. */
static int move_all(int root, const char *to) {
        autoclose int target = openat(root, to, O_WRONLY | O_CLOEXEC);

        if (target < 0)
                return -errno;
        for (unsigned tries = 0; tries < TRIES; tries++) {
                char text[16384];
                ssize_t n = io_read_small(root, "cgroup.procs", text, sizeof(text));
                if (n < 0)
                        return (int) n;
                bool has_moved = false;
                char *rest = NULL;
                for (char *pid = strtok_r(text, "\n", &rest); pid; pid = strtok_r(NULL, "\n", &rest))
                        has_moved |= write(target, pid, strlen(pid)) > 0;
                if (!has_moved)
                        return 0; /* nobody is left but the kernel's own threads */
        }
        return -EAGAIN;
}

static void divide(int root, const char *group, uint32_t controllers, bool also_moves, uint32_t *ret) {
        char path[PATH_MAX], word[32];

        (void) snprintf(path, sizeof(path), "%s/cgroup.subtree_control", group);
        for (enum controller k = 0; k < CONTROLLER_COUNT; k++) {
                if (!(controllers & 1U << k))
                        continue;
                (void) snprintf(word, sizeof(word), "+%s", controller_word(k));
                for (unsigned tries = 0; tries < TRIES; tries++) {
                        autoclose int fd = openat(root, path, O_WRONLY | O_CLOEXEC);
                        if (fd < 0 || io_write_all(fd, word, strlen(word)) == 0) {
                                *ret |= fd < 0 ? 0 : 1U << k;
                                break;
                        }
                        if (errno != EBUSY || !also_moves || move_all(root, LEAF "/cgroup.procs") < 0)
                                break;
                }
        }
}

void cgroup_unite(const struct cgroups *c, const char *group) {
        char word[32];

        (void) cgroup_walk(c->root, group, true, NULL, NULL);
        for (enum controller k = 0; k < CONTROLLER_COUNT; k++) {
                (void) snprintf(word, sizeof(word), "-%s", controller_word(k));
                (void) cgroup_write(c, group, "cgroup.subtree_control", word);
        }
}

void cgroup_divide(const struct cgroups *c, const char *group) {
        uint32_t done = 0;

        divide(c->root, group, c->controllers, false, &done);
}

void cgroup_enable(struct cgroups *c, uint32_t controllers) {
        if (c->root >= 0)
                divide(c->root, ".", controllers & ~c->controllers, true, &c->controllers);
}

/* Its limits would be those of a new service of that name. */
static void remove_dying(int root, const char *group, unsigned *patience) {
        while (cgroup_remove(root, group) < 0 && *patience > 0) {
                (void) poll(NULL, 0, 1);
                (*patience)--;
        }
}

/* What a tend before us, in the same container, has left. */
static void clean(int root) {
        unsigned patience = PATIENCE;
        int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *directory = fd < 0 ? NULL : fdopendir(fd);

        if (!directory) {
                cleanup_close(&fd);
                return;
        }
        for (struct dirent *d = readdir(directory); d; d = readdir(directory)) {
                if (d->d_type != DT_DIR ||
                    (!text_ends(d->d_name, ".service") && !text_ends(d->d_name, ".slice")))
                        continue;
                struct cgroups c = { .root = root };
                if (cgroup_remove(root, d->d_name) == 0 ||
                    cgroup_write(&c, d->d_name, "cgroup.kill", "1") < 0)
                        continue;
                log_warning(NULL, "killed what an earlier run has left in the cgroup %s", d->d_name);
                remove_dying(root, d->d_name, &patience);
        }
        (void) closedir(directory);
}

static int take_over(struct cgroups *c) {
        if (mkdirat(c->root, LEAF, 0755) < 0 && errno != EEXIST)
                return -errno;
        int r = move_all(c->root, LEAF "/cgroup.procs");
        if (r == 0)
                clean(c->root);
        return r;
}

static void give_up(struct cgroups *c, const char *why, int error) {
        log_warning(NULL, "no cgroups of its own: %s: %s", why, strerror(-error));
        c->ground.tier = TIER_NONE;
        c->ground.why = why;
        c->ground.hint = NULL;
}

/* The program of PID 1 is ours; as whoever may not look at that: of the same name. */
static bool is_pid1_ours(void) {
        struct stat one, own;
        char name[32], own_name[32];

        if (stat("/proc/1/exe", &one) == 0 && stat("/proc/self/exe", &own) == 0)
                return one.st_dev == own.st_dev && one.st_ino == own.st_ino;
        return io_read_small(AT_FDCWD, "/proc/1/comm", name, sizeof(name)) > 0 &&
               io_read_small(AT_FDCWD, "/proc/self/comm", own_name, sizeof(own_name)) > 0 &&
               strcmp(name, own_name) == 0;
}

static uint32_t read_controllers(int root) {
        char text[256], *rest = NULL;
        uint32_t found = 0;

        if (io_read_small(root, "cgroup.controllers", text, sizeof(text)) < 0)
                return 0;
        for (char *word = strtok_r(text, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest))
                for (enum controller k = 0; k < CONTROLLER_COUNT; k++)
                        if (strcmp(word, controller_word(k)) == 0)
                                found |= 1U << k;
        return found;
}

void cgroup_survey(struct cgroups *c, char *const *environment) {
        struct ground_facts facts;
        struct place place = {};

        *c = (struct cgroups){ .root = -1 };
        look(c, is_pid1_ours(), environment, &facts, &place);
        c->ground = ground_decide(&facts);
        c->whole = whole_read(c->root);
        c->samples = facts.has_proc;
        if (c->root < 0)
                return;
        c->controllers = read_controllers(c->root);
        cleanup_close(&c->root);
        c->root = -1;
}

/* A mount of our own nobody else sees. */
static void see(struct cgroups *c, const struct place *p) {
        c->has_pressure = faccessat(c->root, LEAF "/memory.pressure", F_OK, 0) == 0;
        if (!c->ground.mounts)
                c->seen = text_format("%s%s", p->mount, strcmp(p->own, p->root) == 0 ? "" : below_mount(p));
}

size_t cgroup_own_path(char *path, size_t size) {
        struct place place = {};
        const char *below = find_mount(&place) && find_own(&place, "self") ? below_mount(&place) : NULL;

        if (!below)
                return 0;
        (void) snprintf(path, size, "%s%s", place.mount, strcmp(below, "/") == 0 ? "" : below);
        return strlen(place.mount);
}

void cgroup_open(struct cgroups *c, const struct init *init, char *const *environment) {
        struct ground_facts facts;
        struct place place = {};
        int r = 0;

        *c = (struct cgroups){ .root = -1, .starting = true };
        look(c, init->is_pid1, environment, &facts, &place);
        c->ground = ground_decide(&facts);
        c->whole = whole_read(c->root);
        c->samples = facts.has_proc;
        if (c->ground.mounts) {
                r = mount_own(&place);
                if (r < 0) {
                        facts.may_mount = false;
                        c->ground = ground_decide(&facts);
                } else {
                        cleanup_close(&c->root);
                        c->root = r;
                }
        }
        if (c->ground.tier == TIER_KERNEL) {
                r = take_over(c);
                if (r < 0)
                        give_up(c, "what runs in its cgroup cannot be moved", r);
                else
                        see(c, &place);
        }
        if (c->ground.tier != TIER_KERNEL) {
                cleanup_close(&c->root);
                c->root = -1;
        }
}

void cgroup_close(struct cgroups *c) {
        if (c->root < 0)
                return;
        clean(c->root);
        for (enum controller k = 0; k < CONTROLLER_COUNT; k++) {
                char word[32];
                (void) snprintf(word, sizeof(word), "-%s", controller_word(k));
                if (c->controllers & 1U << k)
                        (void) cgroup_write(c, ".", "cgroup.subtree_control", word);
        }
        (void) cgroup_write(c, ".", "cgroup.procs", "0");
        (void) cgroup_remove(c->root, LEAF);
        free(TAKE(c->seen));
        (void) close(c->root);
        c->root = -1;
}
