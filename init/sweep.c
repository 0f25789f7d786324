/* The final sweep. As PID 1 the kernel knows who is left, and kill(-1) reaches all of them in one stroke. A
 * subreaper has to find its descendants: for SIGTERM all of them under /proc; for SIGKILL only its own
 * children, again and again, since what a killed child leaves behind becomes a child of ours. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/proc.h"
#include "init/init.h"
#include "init/kernel.h"

#define PATIENCE (1 * USEC_PER_SEC)   /* with SIGKILLs that have no effect */
#define ROUND    (10 * USEC_PER_MSEC) /* between two looks for children that were not there before */
#define PID_MOST (4 * 1024 * 1024)    /* PID_MAX_LIMIT of the kernel */

struct sweep {
        struct init *init;
        init_killed killed;
        void *context;
        pid_t self;
        int signal;      /* sent last */
        size_t sent;     /* to how many */
        size_t reaped;   /* since then */
        size_t n_killed; /* how many had to be */
};

typedef void (*visit)(struct sweep *s, pid_t pid);

static void send_signal(struct sweep *s, pid_t pid) {
        if (kill(pid, s->signal) == 0)
                s->sent++;
}

/* The parent of a process, 0 where it has none that can be seen, or a negative errno. */
static pid_t parent_of(pid_t pid) {
        struct proc_stat s;
        int r = proc_read_stat(pid, &s);

        return r < 0 ? r : s.parent;
}

/* An ancestor that ends while we climb breaks the chain; by then the process has another parent, so that it
 * is worth another try. */
static bool descends(const struct sweep *s, pid_t pid) {
        for (unsigned tries = 0; tries < 4; tries++) {
                pid_t at = pid;
                while (at > 1 && at != s->self)
                        at = parent_of(at);
                if (at >= 0)
                        return at == s->self && pid != s->self;
        }
        return false;
}

static void visit_descendant(struct sweep *s, pid_t pid) {
        if (descends(s, pid))
                send_signal(s, pid);
}

static void visit_child(struct sweep *s, pid_t pid) {
        if (parent_of(pid) == s->self)
                send_signal(s, pid);
}

/* Every process under /proc, without allocating. 0 or a negative errno. */
static int each_process(struct sweep *s, visit each) {
        _Alignas(struct dirent64) char buffer[4096];

        if (!kernel_has_own_proc(s->self))
                return -ENOSYS;
        autoclose int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (proc < 0)
                return -errno;

        ssize_t n;
        while ((n = getdents64(proc, buffer, sizeof(buffer))) > 0)
                for (ssize_t at = 0; at < n;) {
                        const struct dirent64 *entry = (const void *) (buffer + at);
                        pid_t pid = (pid_t) strtol(entry->d_name, NULL, 10);
                        if (pid > 0)
                                each(s, pid);
                        at += entry->d_reclen;
                }
        return n < 0 ? -errno : 0;
}

/* The kernel's own list of our children: quick enough to catch one that forks itself onwards all the time. */
static int signal_listed(struct sweep *s) {
        char path[64], text[4096];

        if (!kernel_has_own_proc(s->self))
                return -ENOSYS;
        (void) snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int) s->self);
        ssize_t n = io_read_small(AT_FDCWD, path, text, sizeof(text));
        if (n < 0)
                return (int) n;

        /* One that does not fit, whose number may be cut in two, has its turn when these are gone. */
        char *end, *last = strrchr(text, ' ');
        if (last)
                *last = '\0';
        for (const char *at = text; *at; at = end) {
                pid_t pid = (pid_t) strtol(at, &end, 10);
                if (end == at)
                        break;
                send_signal(s, pid);
        }
        return 0;
}

static int signal_scanned(struct sweep *s) {
        return each_process(s, visit_child);
}

/* Without a /proc: waitid() tells of any number whether it is a child of ours. Takes about a second. */
static int signal_asked(struct sweep *s) {
        siginfo_t ended;

        for (pid_t pid = 2; pid < PID_MOST; pid++)
                if (waitid(P_PID, (id_t) pid, &ended, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0)
                        send_signal(s, pid);
        return 0;
}

static void signal_children(struct sweep *s) {
        static int (*const ways[])(struct sweep *) = { signal_listed, signal_scanned, signal_asked };

        for (size_t n = 0; n < countof(ways); n++)
                if (ways[n](s) >= 0)
                        return;
}

/* To everybody who is left; for SIGKILL the sweep's rounds do the rest. */
static void signal_left(struct sweep *s, int signal) {
        s->signal = signal;
        s->sent = s->reaped = 0;
        if (s->init->is_pid1)
                s->sent = kill(-1, signal) == 0 ? SIZE_MAX : 0;
        else if (signal == SIGKILL || each_process(s, visit_descendant) < 0)
                signal_children(s);
}

static void tell_killed(struct sweep *s, pid_t pid) {
        char path[32], name[32];

        (void) snprintf(path, sizeof(path), "/proc/%d/comm", (int) pid);
        ssize_t n =
                kernel_has_own_proc(s->self) ? io_read_small(AT_FDCWD, path, name, sizeof(name)) : -ENOENT;
        if (n > 0)
                name[strcspn(name, "\n")] = '\0';
        s->n_killed++;
        if (s->killed)
                s->killed(s->context, pid, n > 0 ? name : "?");
}

static void note_death(void *context, const siginfo_t *ended) {
        struct sweep *s = context;

        if (s->signal == SIGKILL && ended->si_code != CLD_EXITED && ended->si_status == SIGKILL)
                tell_killed(s, ended->si_pid);
}

/* A process of the namespace that is no child of ours, put there from outside ("docker exec"): it has no
 * parent that can be seen, and its end can be waited for by a pidfd. One that has ended already is for its
 * own parent to reap. */
struct outsider {
        struct sweep sweep; /* first, so that a visit can find the rest */
        int fd;
};

static int open_outsider(const struct sweep *s, pid_t pid) {
        if (pid == s->self || parent_of(pid) != 0)
                return -1;
        int fd = (int) syscall(SYS_pidfd_open, pid, 0);
        struct pollfd p = { .fd = fd, .events = POLLIN };
        if (fd < 0 || poll(&p, 1, 0) == 0)
                return fd;
        (void) close(fd);
        return -1;
}

static void visit_outsider(struct sweep *s, pid_t pid) {
        struct outsider *o = (struct outsider *) s;

        if (o->fd < 0)
                o->fd = open_outsider(s, pid);
}

/* No death of theirs will come to us, so that they are named beforehand. */
static void name_outsider(struct sweep *s, pid_t pid) {
        autoclose int fd = open_outsider(s, pid);
        if (fd >= 0)
                tell_killed(s, pid);
}

/* Waits for one of them, or for a signal. False where there is none. */
static bool wait_outsider(struct sweep *s, usec_t until) {
        if (!s->init->is_pid1 || (kill(-1, 0) < 0 && errno == ESRCH))
                return false;

        struct outsider o = { .sweep = *s, .fd = -1 };
        (void) each_process(&o.sweep, visit_outsider);
        if (o.fd < 0)
                return false;

        struct pollfd p[] = { { .fd = o.fd, .events = POLLIN },
                              { .fd = s->init->signal_fd, .events = POLLIN } };
        (void) clock_poll(p, countof(p), until);
        (void) close(o.fd);
        return true;
}

/* Reads the signals away. True where one of them says that somebody does not want to wait. */
static bool is_hurried(struct sweep *s) {
        struct signalfd_siginfo signal;
        unsigned before = s->init->stops;

        while (init_next_signal(s->init, &signal) > 0)
                continue;
        return s->init->stops > before && s->init->stops > 1;
}

/* Reaps until nobody is left (true) or until `until`. While killing also leaves when all that were killed are
 * gone: whoever is left now was not seen before. */
static bool await_end(struct sweep *s, usec_t until) {
        for (;;) {
                bool more = true, alone = false;
                while (more)
                        s->reaped += init_reap(64, s->signal == SIGKILL, note_death, s, &more, &alone);

                if (alone && !wait_outsider(s, until))
                        return true;
                if (!alone && s->signal == SIGKILL && s->reaped > 0 && s->reaped >= s->sent)
                        return false;
                if (clock_monotonic() >= until)
                        return false;
                if (!alone)
                        init_wait_signal(s->init, until);
                if (is_hurried(s) && s->signal != SIGKILL)
                        return false;
        }
}

size_t init_sweep(struct init *i, bool term, usec_t deadline, init_killed killed, void *context) {
        struct sweep s = { .init = i, .killed = killed, .context = context, .self = getpid() };

        if (await_end(&s, 0))
                return 0;
        if (term) {
                signal_left(&s, SIGTERM);
                signal_left(&s, SIGCONT); /* a stopped process would not hear of it */
                if (await_end(&s, deadline))
                        return 0;
        }

        if (i->is_pid1)
                (void) each_process(&s, name_outsider);
        bool gone = false;
        for (usec_t give_up = usec_add(clock_monotonic(), PATIENCE); !gone && clock_monotonic() < give_up;) {
                signal_left(&s, SIGKILL);
                gone = await_end(&s, usec_add(clock_monotonic(), ROUND));
                if (s.reaped > 0)
                        give_up = usec_add(clock_monotonic(), PATIENCE);
        }
        return s.n_killed;
}
