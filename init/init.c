#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "init/init.h"

/* What the process was started with: found out once, and right for every fork of it. */
static struct {
        bool known;
        sigset_t mask;
        uint64_t ignored;
} found;

/* A descriptor below 3 that is closed would be given to the next file opened, and what is written to stderr
 * would go there. */
static int fill_standard_fds(void) {
        struct pollfd p[] = { { .fd = 0 }, { .fd = 1 }, { .fd = 2 } };

        if (poll(p, countof(p), 0) <= 0)
                return 0;
        for (int fd = 0; fd < (int) countof(p); fd++) {
                if (!(p[fd].revents & POLLNVAL))
                        continue;
                int opened = open("/dev/null", O_RDWR | O_NOCTTY);
                if (opened < 0)
                        opened = open("/", O_PATH); /* no /dev: the number is taken all the same */
                if (opened < 0)
                        return -errno;
        }
        return 0;
}

/* The kernel's own struct sigaction, see rt_sigaction(2): the C library keeps two signals (32 and 33) to
 * itself and would neither tell that they are ignored nor let that be undone, but a child inherits it all the
 * same. */
struct disposition {
        uintptr_t handler; /* SIG_DFL is 0, SIG_IGN 1 */
        uint64_t rest[3];
};

static int disposition_swap(int signal, const struct disposition *set, struct disposition *get) {
        return syscall(SYS_rt_sigaction, signal, set, get, sizeof(uint64_t)) < 0 ? -errno : 0;
}

static uint64_t find_ignored(void) {
        struct disposition d;
        uint64_t ignored = 0;

        for (int n = 1; n <= SIGRTMAX; n++)
                if (disposition_swap(n, NULL, &d) == 0 && d.handler == (uintptr_t) SIG_IGN)
                        ignored |= INIT_SIGNAL_BIT(n);
        return ignored;
}

/* A fault of our own kills us even where it is blocked; one that is sent to tend is for tend, if it is not to
 * be forwarded. */
static int block_signals(struct init *i, unsigned flags, sigset_t *blocked) {
        static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS };

        (void) sigfillset(blocked);
        for (size_t n = 0; n < countof(faults) && !(flags & INIT_FAULTS); n++)
                (void) sigdelset(blocked, faults[n]);
        if (sigprocmask(SIG_SETMASK, blocked, &i->mask) < 0)
                return -errno;

        if (!found.known) {
                found.mask = i->mask;
                found.ignored = find_ignored();
                found.known = true;
        }
        i->mask = found.mask;
        i->ignored = found.ignored;

        /* Where SIGCHLD is ignored the kernel reaps by itself, and no exit code is ever seen. */
        struct sigaction by_default = { .sa_handler = SIG_DFL };
        if ((i->ignored & INIT_SIGNAL_BIT(SIGCHLD)) && sigaction(SIGCHLD, &by_default, NULL) < 0)
                return -errno;
        return 0;
}

int init_open_as(struct init *i, unsigned flags) {
        sigset_t blocked;

        *i = (struct init){ .signal_fd = -1, .is_pid1 = getpid() == 1 };
        int r = fill_standard_fds();
        if (r < 0)
                return r;
        r = block_signals(i, flags, &blocked);
        if (r < 0)
                return r;

        i->signal_fd = signalfd(-1, &blocked, SFD_CLOEXEC | SFD_NONBLOCK);
        if (i->signal_fd < 0)
                return -errno;
        if (i->is_pid1)
                return 0;

        /* Whoever executed us may have made us one already. */
        int is_set = 0;
        if (flags & INIT_SUBREAPER)
                i->is_subreaper = prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0;
        else if (prctl(PR_GET_CHILD_SUBREAPER, &is_set, 0, 0, 0) == 0)
                i->is_subreaper = is_set;
        return 0;
}

int init_open(struct init *i) {
        return init_open_as(i, INIT_SUBREAPER);
}

int init_next_signal(struct init *i, struct signalfd_siginfo *ret) {
        for (;;) {
                ssize_t n = read(i->signal_fd, ret, sizeof(*ret));
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return errno == EAGAIN ? 0 : -errno;
                if (n != sizeof(*ret))
                        return -EIO;
                /* The kernel's word for a write of ours that nobody reads: not a signal that anybody sent. */
                if (ret->ssi_signo == SIGPIPE && ret->ssi_pid == (uint32_t) getpid())
                        continue;
                if (ret->ssi_signo == SIGINT || ret->ssi_signo == SIGTERM)
                        i->stops++;
                return 1;
        }
}

void init_wait_signal(const struct init *i, usec_t until) {
        struct pollfd p = { .fd = i->signal_fd, .events = POLLIN };

        (void) clock_poll(&p, 1, until);
}

/* Nothing here but SIGCHLD was ever changed, and none is caught: what was found ignored still is. */
void init_restore_signals(const struct init *i, bool as_found) {
        struct disposition d = { .handler = (uintptr_t) (as_found ? SIG_IGN : SIG_DFL) };
        sigset_t none;

        for (int n = 1; n <= SIGRTMAX; n++)
                if ((i->ignored & INIT_SIGNAL_BIT(n)) && (!as_found || n == SIGCHLD))
                        (void) disposition_swap(n, &d, NULL);
        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, as_found ? &i->mask : &none, NULL);
}

/* The next child that has ended, left as it is where it is to be looked at: 1, 0 where there is none yet, or
 * -ECHILD. */
static int next_death(siginfo_t *ret, bool look) {
        for (;;) {
                ret->si_pid = 0;
                if (waitid(P_ALL, 0, ret, WEXITED | WNOHANG | __WALL | (look ? WNOWAIT : 0)) == 0)
                        return ret->si_pid > 0;
                if (errno != EINTR)
                        return -errno;
        }
}

size_t init_reap(size_t most, bool look, init_death death, void *context, bool *ret_more, bool *ret_alone) {
        siginfo_t ended;

        *ret_more = *ret_alone = false;
        for (size_t n = 0; n < most; n++) {
                int r = next_death(&ended, look);
                if (r <= 0) {
                        *ret_alone = r == -ECHILD;
                        return n;
                }
                pid_t pid = ended.si_pid;
                if (death)
                        death(context, &ended);
                while (look && waitid(P_PID, (id_t) pid, &ended, WEXITED | WNOHANG | __WALL) < 0 &&
                       errno == EINTR)
                        continue;
        }
        *ret_more = true;
        return most;
}
