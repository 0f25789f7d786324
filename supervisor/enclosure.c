#include "supervisor/enclosure.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/io.h"
#include "base/log.h"
#include "supervisor/cgroup.h"

#define INSIDE   "inside" /* its own root: what limits it is one above, out of its reach */
#define PATIENCE 100      /* looks, a tenth of a second apart at the most, until the last process is gone */
#define PERIOD   100000   /* microseconds */

/* What is written where for which option. */
static const struct {
        const char *option, *controller, *file;
} knobs[] = {
        { "--memory", "memory", "memory.max" },
        { "--tasks", "pids", "pids.max" },
        { "--cpus", "cpu", "cpu.max" },
};

static bool knob_text(size_t knob, const struct enclosure_limits *l, char text[48]) {
        uint64_t number = knob == 0 ? l->memory : knob == 1 ? l->tasks : (uint64_t) l->cpus * (PERIOD / 1000);

        if (knob < 2)
                (void) snprintf(text, 48, "%llu", (unsigned long long) number);
        else
                (void) snprintf(text, 48, "%llu %d", (unsigned long long) number, PERIOD);
        return number > 0;
}

static bool has_word(int directory, const char *file, const char *word) {
        char text[512];
        size_t n = strlen(word);

        if (io_read_small(directory, file, text, sizeof(text)) < 0)
                return false;
        for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
                if ((at == text || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\n' || at[n] == '\0'))
                        return true;
        return false;
}

/* One below which a cgroup has these controllers, and which we may move a process of ours below. */
static bool serves(int directory, const struct enclosure_limits *l, bool with_all) {
        char text[48];

        if (faccessat(directory, ".", W_OK, AT_EACCESS) < 0 ||
            faccessat(directory, "cgroup.procs", W_OK, AT_EACCESS) < 0)
                return false;
        for (size_t i = 0; i < countof(knobs); i++)
                if ((with_all || knob_text(i, l, text)) &&
                    !has_word(directory, "cgroup.subtree_control", knobs[i].controller))
                        return false;
        return true;
}

/* Our own, or the nearest above it: where processes are, no controller is passed on. The services inside may
 * want any controller, the limits want theirs. */
static int find_parent(const struct enclosure_limits *l, bool with_all) {
        char path[2 * PATH_MAX];
        size_t root = cgroup_own_path(path, sizeof(path));

        while (root > 0) {
                autoclose int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                if (fd >= 0 && serves(fd, l, with_all))
                        return TAKE_FD(fd);
                char *slash = strrchr(path, '/');
                if (!slash || (size_t) (slash - path) < root)
                        break;
                *slash = '\0';
        }
        return -1;
}

static int write_knob(int directory, const char *file, const char *text) {
        autoclose int fd = openat(directory, file, O_WRONLY | O_CLOEXEC);
        return fd < 0 ? -errno : io_write_all(fd, text, strlen(text));
}

static void say_unheld(const struct enclosure_limits *l, const char *why) {
        char text[48];

        for (size_t i = 0; i < countof(knobs); i++)
                if (knob_text(i, l, text))
                        log_warning(NULL, "%s is not held: %s", knobs[i].option, why);
}

/* The whole, with its limits, and the inside, which has the controllers to divide further. */
static int make(int parent, const char *name, const struct enclosure_limits *l) {
        char text[64];

        if (mkdirat(parent, name, 0755) < 0)
                return -errno;
        autoclose int whole = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (whole < 0)
                return -errno;
        for (size_t i = 0; i < countof(knobs); i++) {
                int r = knob_text(i, l, text) ? write_knob(whole, knobs[i].file, text) : 0;
                if (r < 0)
                        log_warning(NULL, "%s is not held: %s", knobs[i].option, strerror(-r));
                (void) snprintf(text, sizeof(text), "+%s", knobs[i].controller);
                (void) write_knob(whole, "cgroup.subtree_control", text);
        }
        if (mkdirat(whole, INSIDE, 0755) < 0)
                return -errno;
        int fd = openat(whole, INSIDE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

/* Whoever is left in it is of a PID namespace that is dying. */
static void clean_up(int parent, const char *name) {
        char path[64];

        (void) snprintf(path, sizeof(path), "%s/cgroup.kill", name);
        for (unsigned i = 0; i < PATIENCE && cgroup_remove(parent, name) < 0; i++) {
                (void) write_knob(parent, path, "1");
                (void) poll(NULL, 0, i < 10 ? 1 : 100);
        }
}

_Noreturn static void stay_behind(int parent, const char *name, int alive) {
        sigset_t all;
        char byte;

        (void) setsid();
        (void) sigfillset(&all);
        (void) sigprocmask(SIG_SETMASK, &all, NULL);
        /* Whoever waits for the end of a pipe or a connection of tend's must not wait for us. */
        io_close_others(0, (int[]){ parent, alive }, 2);
        (void) !chdir("/");
        while (read(alive, &byte, 1) < 0 && errno == EINTR)
                continue;
        clean_up(parent, name);
        _exit(0);
}

void enclosure_open(struct enclosure *e, const struct enclosure_limits *l) {
        autoclose int parent = find_parent(l, true);
        char name[32];
        int alive[2];

        *e = (struct enclosure){ .inside = -1, .alive = -1 };
        if (parent < 0)
                parent = find_parent(l, false);
        if (parent < 0) {
                say_unheld(l, "no cgroup v2 with its controller that may be written to is above tend; "
                              "`systemd-run --user --scope` or root has one");
                return;
        }
        if (pipe2(alive, O_CLOEXEC) < 0)
                return;
        (void) snprintf(name, sizeof(name), "tend-%d", (int) getpid());
        e->janitor = fork();
        if (e->janitor == 0) {
                (void) close(alive[1]);
                stay_behind(parent, name, alive[0]);
        }
        (void) close(alive[0]);
        e->alive = alive[1];
        int r = e->janitor < 0 ? -EAGAIN : make(parent, name, l);
        if (r < 0)
                say_unheld(l, strerror(-r));
        e->inside = MAX(r, -1);
}

void enclosure_close(struct enclosure *e) {
        cleanup_close(&e->inside);
        cleanup_close(&e->alive);
        while (e->janitor > 0 && waitpid(e->janitor, NULL, 0) < 0 && errno == EINTR)
                continue;
}
