#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/io.h"
#include "init/init.h"
#include "init/isolate.h"
#include "init/kernel.h"
#include "init/tty.h"

#define NAMESPACES (CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC)

/* What the two halves know of each other. */
struct halves {
        const struct isolate *options;
        struct init outside; /* the parent's */
        int tty;             /* to be handed over, or -1 */
        int alive[2];        /* the parent holds the second, and so the first hangs up when it dies */
        int failed[2];       /* the child's failure comes home here, or an end of file */
        pid_t child;
};

/* Also comes through the pipe, so that it holds no pointers. */
struct failure {
        int error;
        int step;
};

static int make_private(maybe_unused const struct halves *h) {
        return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ? -errno : 0;
}

static int mount_proc(maybe_unused const struct halves *h) {
        return mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0 ? -errno : 0;
}

static int set_hostname(const struct halves *h) {
        return h->options->hostname ? kernel_set_hostname(h->options->hostname) : 0;
}

/* Its own process group, so that it can be in the terminal's foreground without us, and stop and go on. */
static int enter_group(const struct halves *h) {
        if (setpgid(0, 0) < 0)
                return -errno;
        return h->tty >= 0 ? tty_set_foreground(h->tty, getpgrp()) : 0;
}

/* The kernel tells us when the parent dies, but not when it has died already. */
static int follow_parent(const struct halves *h) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
                return -errno;
        struct pollfd p = { .fd = h->alive[0] };
        return poll(&p, 1, 0) > 0 ? -ESRCH : 0;
}

/* clang-format off */
/* What PID 1 of the new namespaces does before it goes on. */
static const struct {
        const char *doing;
        int (*run)(const struct halves *h);
} steps[] = {
        { "binding its life to tend's outside", follow_parent },
        { "making the mounts private",          make_private  },
        { "mounting /proc",                     mount_proc    },
        { "setting the hostname",               set_hostname  },
        { "making a process group",             enter_group   },
};
/* clang-format on */

/* Root inside, ourselves outside. A group can be mapped only where setgroups() cannot be used to
 * leave one. */
static int map_users(uid_t uid, gid_t gid) {
        char users[32], groups[32];

        (void) snprintf(users, sizeof(users), "0 %u 1", (unsigned) uid);
        (void) snprintf(groups, sizeof(groups), "0 %u 1", (unsigned) gid);
        int r = io_write_file("/proc/self/setgroups", "deny");
        if (r < 0 && r != -ENOENT)
                return r;
        r = io_write_file("/proc/self/uid_map", users);
        return r < 0 ? r : io_write_file("/proc/self/gid_map", groups);
}

/* Root may have been left without the capability: then a user namespace brings it, as for anybody else. */
static int make_namespaces(const char **ret_doing) {
        uid_t uid = geteuid();
        gid_t gid = getegid();

        *ret_doing = "making namespaces";
        if (uid == 0 && unshare(NAMESPACES) == 0)
                return 0;
        if (uid == 0 && errno != EPERM)
                return -errno;
        *ret_doing = "making a user namespace";
        if (unshare(NAMESPACES | CLONE_NEWUSER) < 0)
                return -errno;
        *ret_doing = "mapping users and groups";
        return map_users(uid, gid);
}

static int run_steps(const struct halves *h) {
        (void) close(h->alive[1]);
        (void) close(h->failed[0]);
        for (size_t n = 0; n < countof(steps); n++) {
                struct failure f = { .error = steps[n].run(h), .step = (int) n };
                if (f.error == 0)
                        continue;
                (void) !io_write_all(h->failed[1], &f, sizeof(f));
                _exit(1);
        }
        (void) close(h->failed[1]);
        (void) close(h->outside.signal_fd);
        /* alive[0] stays open, close-on-exec; signals stay blocked until init_open() has its own descriptor
         * for them. */
        return 0;
}

/* The child was stopped: we are the part of it that a shell outside can see, and so we stop as well, and go
 * on with it. */
static void stop_along(const struct halves *h) {
        pid_t own = getpgrp(), group = h->tty >= 0 ? tty_foreground(h->tty) : -1;

        (void) kill(getpid(), SIGSTOP);
        if (group > 0 && tty_foreground(h->tty) == own)
                (void) tty_set_foreground(h->tty, group);
        (void) kill(h->child, SIGCONT);
}

/* 1 and its exit code when it has ended, else 0. */
static int look_at_child(const struct halves *h, int *ret_code) {
        siginfo_t now = { 0 };

        if (waitid(P_PID, (id_t) h->child, &now, WEXITED | WSTOPPED | WNOHANG) < 0 || now.si_pid == 0)
                return 0;
        if (now.si_code == CLD_STOPPED) {
                stop_along(h);
                return 0;
        }
        *ret_code = now.si_code == CLD_EXITED ? now.si_status & 0xff : 128 + (now.si_status & 0x7f);
        return 1;
}

static void forward(const struct halves *h, int number) {
        bool stops = number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;

        /* PID 1 has no default action for them: only SIGSTOP from outside its namespace stops it. */
        if (number != SIGCHLD)
                (void) kill(h->child, stops ? SIGSTOP : number);
}

static int stay_outside(struct halves *h) {
        int code = 1;

        do {
                struct signalfd_siginfo signal;

                init_wait_signal(&h->outside, USEC_INFINITY);
                while (init_next_signal(&h->outside, &signal) > 0)
                        forward(h, (int) signal.ssi_signo);
        } while (look_at_child(h, &code) == 0);

        tty_take_back(h->tty, h->child);
        return code;
}

/* Whether the child came through its steps. */
static int hear_of_child(struct halves *h, const char **ret_doing) {
        struct failure f;
        ssize_t n;

        do
                n = read(h->failed[0], &f, sizeof(f));
        while (n < 0 && errno == EINTR);
        if (n != sizeof(f))
                return 0;

        while (waitpid(h->child, NULL, 0) < 0 && errno == EINTR)
                continue;
        *ret_doing = steps[f.step].doing;
        return f.error;
}

static int split(struct halves *h, int *ret_code, const char **ret_doing) {
        *ret_doing = "making a process";
        h->child = fork();
        if (h->child < 0)
                return -errno;
        if (h->child == 0)
                return run_steps(h);

        (void) close(h->alive[0]);
        (void) close(h->failed[1]);
        int r = hear_of_child(h, ret_doing);
        (void) close(h->failed[0]);
        if (r == 0)
                *ret_code = stay_outside(h);
        (void) close(h->alive[1]);
        (void) close(h->outside.signal_fd);
        return r < 0 ? r : 1;
}

int isolate_enter(const struct isolate *o, int *ret_code, const char **ret_doing) {
        struct halves h = { .options = o };

        /* Before the namespaces: afterwards the numbers that the terminal tells are those of another
         * namespace. */
        h.tty = tty_find_owned();
        *ret_doing = "opening the signal descriptor";
        int r = init_open_as(&h.outside, 0);
        if (r < 0)
                return r;
        *ret_doing = "making pipes";
        if (pipe2(h.alive, O_CLOEXEC) < 0 || pipe2(h.failed, O_CLOEXEC) < 0)
                return -errno;

        r = make_namespaces(ret_doing);
        return r < 0 ? r : split(&h, ret_code, ret_doing);
}
