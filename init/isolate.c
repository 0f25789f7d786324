#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/io.h"
#include "base/log.h"
#include "base/text.h"
#include "base/userns.h"
#include "init/init.h"
#include "init/isolate.h"
#include "init/kernel.h"
#include "init/mounts.h"
#include "init/tty.h"

#define NAMESPACES (CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC)

#define WORDS_MOST ((size_t) 4 << 20) /* bytes */

/* What the two halves know of each other. */
struct halves {
        struct isolate *options;
        struct init outside; /* the parent's */
        int tty;             /* to be handed over, or -1 */
        int alive[2];        /* the parent holds the second, and so the first hangs up when it dies */
        int failed[2];       /* the child's failure comes home here, or an end of file */
        pid_t child;
        struct mounts mounts; /* the child's */
        int *binds;           /* the same; owned */
        const char *what;     /* the word that a step is about */
};

/* The kernel tells us when the parent dies, but not when it has died already. */
static int follow_parent(maybe_unused struct halves *h) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
                return -errno;
        struct pollfd p = { .fd = h->alive[0] };
        return poll(&p, 1, 0) > 0 ? -ESRCH : 0;
}

static int make_private(maybe_unused struct halves *h) {
        (void) unshare(CLONE_NEWCGROUP); /* a kernel without cgroups has no use for it */
        return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ? -errno : 0;
}

/* Whoever is in a session of keys may use them, in whatever namespace; see session-keyring(7). A kernel, or
 * an engine, that has no keys for us has none for those inside. */
static int leave_keys(maybe_unused struct halves *h) {
        long r = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
        return r >= 0 || errno == ENOSYS || errno == EPERM ? 0 : -errno;
}

static int gather(struct halves *h) {
        h->mounts.read_only = h->options->root.read_only;
        h->mounts.own_cgroup = h->options->cgroup >= 0;
        h->mounts.of_machine = !h->options->root.layers;
        return mounts_gather(&h->mounts);
}

static int gather_binds(struct halves *h) {
        return root_gather(&h->options->root, &h->binds, &h->what);
}

/* Through the machine's own root no device is opened: the new /dev has all there are. */
static int enter_root(struct halves *h) {
        const struct root *r = &h->options->root;
        struct mount_attr as = { .attr_set = MOUNT_ATTR_NODEV | (r->read_only ? MOUNT_ATTR_RDONLY : 0) };

        if (!r->layers)
                return mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &as, sizeof(as)) < 0 ? -errno : 0;
        int e = root_enter(r, &h->what);
        if (e <= 0)
                return e;
        log_warning(NULL,
                    "the kernel lays no overlay over %s for this user: it is read-only, with memory at /run, "
                    "/tmp and /var/tmp; --keep and --bind to new places want an overlay",
                    r->layers[0]);
        h->mounts.read_only = true;
        return 0;
}

static int furnish(struct halves *h) {
        h->what = "behind /proc";
        return mounts_make(&h->mounts);
}

static int fill_root(struct halves *h) {
        return root_fill(&h->options->root, h->binds, &h->what);
}

static int raise_network(struct halves *h) {
        return h->options->network == NETWORK_LOOPBACK ? kernel_raise_loopback() : 0;
}

/* Its own process group, so that it can be in the terminal's foreground without us, and stop and go on. */
static int enter_group(struct halves *h) {
        if (setpgid(0, 0) < 0)
                return -errno;
        return h->tty >= 0 ? tty_set_foreground(h->tty, getpgrp()) : 0;
}

/* clang-format off */
/* What PID 1 of the new namespaces does before it goes on. */
static const struct {
        const char *doing;
        int (*run)(struct halves *h);
} steps[] = {
        { "binding its life to tend's outside", follow_parent },
        { "making the mounts private",          make_private  },
        { "leaving the session's keys",         leave_keys    },
        { "mounting /proc",                     gather        },
        { "binding",                            gather_binds  },
        { "entering the root",                  enter_root    },
        { "hiding the machine",                 furnish       },
        { "mounting",                           fill_root     },
        { "raising the loopback interface",     raise_network },
        { "making a process group",             enter_group   },
};
/* clang-format on */

static int clone_with(int flags, int cgroup) {
        struct clone_args args = {
                .flags = (unsigned) flags,
                .exit_signal = SIGCHLD,
        };
        if (cgroup >= 0) {
                args.flags |= CLONE_INTO_CGROUP;
                args.cgroup = (unsigned) cgroup;
        }
        long pid = syscall(SYS_clone3, &args, sizeof(args));
        return pid < 0 ? -errno : (int) pid;
}

/* What the child is born into. */
static int clone_child(const struct isolate *o, struct refusal *ret) {
        int r = o->uptime == USEC_INFINITY ? 0 : kernel_set_uptime(o->uptime);

        ret->doing =
                r == -EINVAL ? "setting clocks, which takes a kernel with CONFIG_TIME_NS" : "setting clocks";
        if (r < 0)
                return r;
        ret->doing = "making namespaces";
        return clone_with(NAMESPACES | (o->network == NETWORK_HOST ? 0 : CLONE_NEWNET), o->cgroup);
}

/* Root may have been left without the capability: then a user namespace brings it, as for anybody else. The
 * new PID 1 is born into the others, so that all of us stays outside of them. */
static int make_child(struct halves *h, struct refusal *ret) {
        int pid = geteuid() == 0 ? clone_child(h->options, ret) : -EPERM;
        if (pid != -EPERM)
                return pid;
        struct userns users;
        ret->doing = "making a user namespace";
        int r = userns_enter(0, &users);
        if (r < 0)
                return r;
        if (!users.whole)
                log_info(NULL, "nobody but root is inside: %s", users.why);
        h->options->root.as_user = true;
        return clone_child(h->options, ret);
}

static int run_steps(struct halves *h) {
        (void) close(h->alive[1]);
        (void) close(h->failed[0]);
        for (size_t n = 0; n < countof(steps); n++) {
                h->what = NULL;
                struct refusal f = { .error = steps[n].run(h), .doing = steps[n].doing, .what = h->what };
                if (f.error == 0)
                        continue;
                /* Both halves have the same words at the same addresses. */
                (void) !io_write_all(h->failed[1], &f, sizeof(f));
                _exit(1);
        }
        free(h->binds);
        /* Signals stay blocked until init_open() has its own descriptor for them. */
        io_close_others(STDERR_FILENO + 1 + (int) h->options->given,
                        (int[]){ h->alive[0], h->options->shared }, 2);
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
static int hear_of_child(struct halves *h, struct refusal *ret) {
        struct refusal f;
        ssize_t n;

        do
                n = read(h->failed[0], &f, sizeof(f));
        while (n < 0 && errno == EINTR);
        if (n != sizeof(f))
                return 0;

        while (waitpid(h->child, NULL, 0) < 0 && errno == EINTR)
                continue;
        *ret = f;
        return -1;
}

static int split(struct halves *h, int *ret_code, struct refusal *ret) {
        h->child = make_child(h, ret);
        if (h->child < 0) {
                ret->error = h->child;
                return -1;
        }
        if (h->child == 0)
                return run_steps(h);

        (void) close(h->alive[0]);
        (void) close(h->failed[1]);
        int r = hear_of_child(h, ret);
        (void) close(h->failed[0]);
        if (r == 0)
                *ret_code = stay_outside(h);
        (void) close(h->alive[1]);
        (void) close(h->outside.signal_fd);
        root_tidy(&h->options->root);
        return r < 0 ? r : 1;
}

int isolate_guard_program(void) {
        autofree char *line = NULL;
        autostrv char **words = NULL;
        char path[PATH_MAX];
        struct statvfs here;
        size_t size;

        ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
        if (geteuid() != 0 || n <= 0 || statvfs("/proc/self/exe", &here) < 0)
                return 0;
        if (here.f_flag & ST_RDONLY) {
                (void) prctl(PR_SET_NAME, "tend"); /* or it were the number of a descriptor */
                return 0;
        }
        path[n] = '\0';
        int r = io_read_file("/proc/self/cmdline", WORDS_MOST, &line, &size);
        for (const char *at = line; r == 0 && at < line + size; at += strlen(at) + 1)
                r = strv_add(&words, at == line ? path : at);
        if (r < 0)
                return r;
        struct mount_attr as = { .attr_set = MOUNT_ATTR_RDONLY };
        autoclose int fd = open_tree(AT_FDCWD, "/proc/self/exe", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        if (fd < 0)
                return errno == EPERM || errno == ENOENT ? 0 : -errno;
        if (mount_setattr(fd, "", AT_EMPTY_PATH, &as, sizeof(as)) < 0)
                return -errno;
        (void) syscall(SYS_execveat, fd, "", words, environ, AT_EMPTY_PATH);
        return -errno;
}

int isolate_enter(struct isolate *o, int *ret_code, struct refusal *ret) {
        struct halves h = { .options = o };

        /* Before the namespaces: afterwards the numbers that the terminal tells are those of another
         * namespace. */
        h.tty = tty_find_owned();
        *ret = (struct refusal){ .doing = "opening the signal descriptor" };
        ret->error = init_open_as(&h.outside, 0);
        if (ret->error < 0)
                return -1;
        ret->doing = "making pipes";
        if (pipe2(h.alive, O_CLOEXEC) == 0 && pipe2(h.failed, O_CLOEXEC) == 0)
                return split(&h, ret_code, ret);
        ret->error = -errno;
        return -1;
}

/* What container engines leave to a container, but for CAP_MKNOD: there is no cgroup here that would keep it
 * from the machine's disks. */
#define USUAL                                                                                                \
        (BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FOWNER) | BIT(CAP_FSETID) | BIT(CAP_KILL) |        \
         BIT(CAP_SETGID) | BIT(CAP_SETUID) | BIT(CAP_SETPCAP) | BIT(CAP_NET_BIND_SERVICE) |                  \
         BIT(CAP_NET_RAW) | BIT(CAP_SYS_CHROOT) | BIT(CAP_AUDIT_WRITE) | BIT(CAP_SETFCAP))
#define BIT(n) (UINT64_C(1) << (n))

static int drop_capabilities(uint64_t kept) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

        /* The numbers end where the kernel knows no more. */
        for (int n = 0; n < 64; n++)
                if (!(kept & BIT(n)) && prctl(PR_CAPBSET_DROP, n) < 0) {
                        if (errno != EINVAL)
                                return -errno;
                        break;
                }
        if (syscall(SYS_capget, &header, data) < 0)
                return -errno;
        for (unsigned i = 0; i < countof(data); i++) {
                uint32_t part = (uint32_t) (kept >> (32 * i));
                data[i].permitted &= part;
                data[i].effective &= part;
                data[i].inheritable &= part;
        }
        return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

/* The terminal is the caller's own: who types into it for him is out. By the numbers that ioctl(2) has in
 * each of this machine's ways to call the kernel. */
static int keep_typing_out(void) {
        struct sock_filter code[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TIOCSTI, 1, 0),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TIOCLINUX, 0, 4),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 3, 0),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 54, 2, 0),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x40000000 + 514, 1, 0),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        };
        struct sock_fprog program = { .len = countof(code), .filter = code };
        bool has_terminal = isatty(STDIN_FILENO) || isatty(STDOUT_FILENO) || isatty(STDERR_FILENO);

        return has_terminal && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}

int isolate_seal(const struct isolate *o, struct refusal *ret) {
        *ret = (struct refusal){ .doing = "setting the hostname", .what = o->hostname };
        ret->error = o->hostname ? kernel_set_hostname(o->hostname) : 0;
        if (ret->error < 0)
                return -1;
        *ret = (struct refusal){ .doing = "giving the terminal a filter", .error = keep_typing_out() };
        if (ret->error == 0)
                *ret = (struct refusal){ .doing = "dropping capabilities",
                                         .error = drop_capabilities(USUAL | o->capabilities) };
        return ret->error < 0 ? -1 : 0;
}
