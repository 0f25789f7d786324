/* Reaping and the final sweep, as a subreaper, in a process of their own: what they leave behind, and the
 * signals that they block, are nobody else's. */
#include <errno.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "init/init.h"
#include "tests/unit/test.h"

struct told {
        size_t n;
        pid_t pids[8];
        char name[32];
};

static void remember(void *context, pid_t pid, const char *name) {
        struct told *t = context;

        t->pids[t->n++ % countof(t->pids)] = pid;
        (void) snprintf(t->name, sizeof(t->name), "%s", name);
}

static void count(void *context, const siginfo_t *ended) {
        int *codes = context;
        codes[ended->si_status & 7]++;
}

/* A child that says through the pipe that it is ready, and then stays until a signal ends it. */
static pid_t start(struct init *i, int ready, bool ignores_term, bool escapes) {
        pid_t pid = fork();
        if (pid != 0)
                return pid;

        init_restore_signals(i, false);
        if (ignores_term)
                (void) sigaction(SIGTERM, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
        if (escapes && (setsid() < 0 || fork() > 0))
                _exit(0);
        (void) !write(ready, "r", 1);
        for (;;)
                (void) pause();
}

static void await(int fd, size_t n) {
        char byte;
        for (size_t k = 0; k < n; k++)
                (void) !read(fd, &byte, 1);
}

/* Each returns 0, or the number of what went wrong. */

static int reap_counts(struct init *i) {
        int codes[8] = { 0 };
        bool more, alone = false;

        for (int n = 0; n < 20; n++)
                if (fork() == 0)
                        _exit(n % 4);
        for (size_t n = 0; n < 20;) {
                init_wait_signal(i, USEC_INFINITY);
                struct signalfd_siginfo signal;
                while (init_next_signal(i, &signal) > 0)
                        continue;
                size_t done;
                do {
                        done = init_reap(3, true, count, codes, &more, &alone);
                        if (done > 3 || more != (done == 3))
                                return 1;
                        n += done;
                } while (more);
        }
        if (init_reap(1, true, count, codes, &more, &alone) != 0 || !alone || more)
                return 2;
        return codes[0] == 5 && codes[1] == 5 && codes[2] == 5 && codes[3] == 5 ? 0 : 3;
}

static int sweep_is_gentle(struct init *i) {
        struct told told = { 0 };
        int ready[2];

        if (pipe(ready) < 0)
                return 1;
        for (int n = 0; n < 3; n++)
                (void) start(i, ready[1], false, n == 2);
        await(ready[0], 3);
        usec_t began = clock_monotonic();
        if (init_sweep(i, true, began + 20 * USEC_PER_SEC, remember, &told) != 0 || told.n != 0)
                return 2;
        return clock_monotonic() - began < 10 * USEC_PER_SEC && waitpid(-1, NULL, 0) < 0 && errno == ECHILD
                       ? 0
                       : 3;
}

static int sweep_kills_and_names(struct init *i) {
        struct told told = { 0 };
        int ready[2];

        if (pipe(ready) < 0)
                return 1;
        (void) start(i, ready[1], false, false);
        pid_t stubborn = start(i, ready[1], true, false);
        (void) start(i, ready[1], true, true);
        await(ready[0], 3);
        usec_t deadline = clock_monotonic() + 100 * USEC_PER_MSEC;
        if (init_sweep(i, true, deadline, remember, &told) != 2 || told.n != 2)
                return 2;
        if (clock_monotonic() < deadline || clock_monotonic() > deadline + 5 * USEC_PER_SEC)
                return 3;
        if (told.pids[0] != stubborn && told.pids[1] != stubborn)
                return 4;
        if (strcmp(told.name, "?") == 0)
                return 5;
        return waitpid(-1, NULL, 0) < 0 && errno == ECHILD ? 0 : 6;
}

static int sweep_wakes_the_stopped(struct init *i) {
        int ready[2];

        if (pipe(ready) < 0)
                return 1;
        pid_t pid = start(i, ready[1], false, false);
        await(ready[0], 1);
        if (kill(pid, SIGSTOP) < 0 || waitid(P_PID, (id_t) pid, &(siginfo_t){ 0 }, WSTOPPED | WNOWAIT) < 0)
                return 2;
        return init_sweep(i, true, clock_monotonic() + 20 * USEC_PER_SEC, NULL, NULL) == 0 ? 0 : 3;
}

static int sweep_is_hurried_by_the_second(struct init *i) {
        struct told told = { 0 };
        int ready[2];
        struct signalfd_siginfo signal;

        if (pipe(ready) < 0)
                return 1;
        (void) kill(getpid(), SIGTERM);
        if (init_next_signal(i, &signal) != 1 || signal.ssi_signo != SIGTERM || i->stops != 1)
                return 2;
        (void) start(i, ready[1], true, false);
        await(ready[0], 1);
        usec_t began = clock_monotonic();
        (void) kill(getpid(), SIGINT);
        if (init_sweep(i, true, began + 20 * USEC_PER_SEC, remember, &told) != 1)
                return 3;
        return clock_monotonic() - began < 10 * USEC_PER_SEC ? 0 : 4;
}

/* It forks itself onwards without end, each time leaving an orphan of another number. */
static int sweep_catches_runaways(struct init *i) {
        int ready[2];

        if (pipe(ready) < 0)
                return 1;
        if (fork() == 0) {
                init_restore_signals(i, false);
                (void) sigaction(SIGTERM, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
                (void) !write(ready[1], "r", 1);
                for (;;)
                        if (fork() > 0)
                                _exit(0);
        }
        await(ready[0], 1);
        (void) init_sweep(i, false, 0, NULL, NULL);
        return waitpid(-1, NULL, 0) < 0 && errno == ECHILD ? 0 : 2;
}

/* What a write to a pipe without a reader raises is not a signal that came from somebody. */
static int own_sigpipe_is_no_news(struct init *i) {
        int ends[2];
        struct signalfd_siginfo signal;

        if (pipe(ends) < 0)
                return 1;
        (void) close(ends[0]);
        if (write(ends[1], "x", 1) >= 0 || errno != EPIPE)
                return 2;
        return init_next_signal(i, &signal) == 0 ? 0 : 3;
}

static int closed_standard_fds_are_filled(maybe_unused struct init *i) {
        struct init again;

        (void) close(0);
        (void) close(2);
        if (init_open(&again) < 0 || again.signal_fd <= 2)
                return 1;
        struct pollfd p[] = { { .fd = 0 }, { .fd = 1 }, { .fd = 2 } };
        for (size_t n = 0; n < countof(p) && poll(p, countof(p), 0) >= 0; n++)
                if (p[n].revents & POLLNVAL)
                        return 2;
        return 0;
}

/* An ignored SIGCHLD would have the kernel reap, and no code would be seen. */
static int ignored_sigchld_does_no_harm(maybe_unused struct init *i) {
        int codes[8] = { 0 };
        bool more, alone = false;

        if (!(i->ignored & INIT_SIGNAL_BIT(SIGCHLD)))
                return 1;
        if (fork() == 0)
                _exit(5);
        while (!alone)
                (void) init_reap(8, false, count, codes, &more, &alone);
        return codes[5] == 1 ? 0 : 2;
}

TEST(init_in_a_process_of_its_own) {
        static const struct {
                const char *name;
                int (*run)(struct init *i);
                bool ignores_children;
        } rows[] = {
                { "reap counts", reap_counts, false },
                { "gentle", sweep_is_gentle, false },
                { "kills and names", sweep_kills_and_names, false },
                { "wakes the stopped", sweep_wakes_the_stopped, false },
                { "second signal", sweep_is_hurried_by_the_second, false },
                { "runaways", sweep_catches_runaways, false },
                { "own SIGPIPE", own_sigpipe_is_no_news, false },
                { "closed descriptors", closed_standard_fds_are_filled, false },
                { "ignored SIGCHLD", ignored_sigchld_does_no_harm, true },
        };

        for (size_t n = 0; n < countof(rows); n++) {
                (void) fflush(NULL);
                pid_t pid = fork();
                if (pid == 0) {
                        struct init i;
                        struct sigaction ignore = { .sa_handler = SIG_IGN };
                        if (rows[n].ignores_children)
                                (void) sigaction(SIGCHLD, &ignore, NULL);
                        _exit(init_open(&i) < 0 || !i.is_subreaper ? 99 : rows[n].run(&i));
                }
                int status = -1;
                CHECK(waitpid(pid, &status, 0) == pid && status == 0, "%s: status %x", rows[n].name, status);
        }
}
