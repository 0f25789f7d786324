/* Of reach.h, exec: a command that says yes by its exit code, with what it has started gone when it has
 * ended. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/parse.h"
#include "control/reach.h"

/* What the command has printed: of the rest only the last line matters. */
struct output {
        int fd;
        char line[128];
        size_t n;
        bool ended; /* the line is whole: the next byte begins another */
};

static void take_byte(struct output *o, char c) {
        bool is_control = (unsigned char) c < ' ' || c == 0x7f;

        if (c == '\n' || c == '\r') {
                o->ended = true;
                return;
        }
        if (o->ended)
                o->n = 0;
        o->ended = false;
        if (o->n < sizeof(o->line) - 1)
                o->line[o->n++] = is_control ? '?' : c;
}

static void read_output(struct output *o) {
        char piece[4096];
        ssize_t n = read(o->fd, piece, sizeof(piece));

        for (ssize_t i = 0; i < n; i++)
                take_byte(o, piece[i]);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
                (void) close(o->fd);
                o->fd = -1;
        }
}

/* The one that runs, and its group: what ends us ends that too. */
static volatile sig_atomic_t running;

static void on_end(int number maybe_unused) {
        if (running > 0)
                (void) kill(-running, SIGKILL);
        _exit(EXIT_FAILURE);
}

static void catch_ends(void) {
        const struct sigaction end = { .sa_handler = on_end };

        (void) sigaction(SIGTERM, &end, NULL);
        (void) sigaction(SIGINT, &end, NULL);
        (void) sigaction(SIGHUP, &end, NULL);
}

static _Noreturn void execute(char *const *command, int out, const sigset_t *mask) {
        (void) setpgid(0, 0);
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void) sigprocmask(SIG_SETMASK, mask, NULL);
        (void) dup2(out, STDOUT_FILENO);
        (void) dup2(out, STDERR_FILENO);
        (void) execvp(command[0], command);
        int error = errno;
        (void) dprintf(STDERR_FILENO, "%s: %s\n", command[0], strerror(error));
        _exit(error == ENOENT ? 127 : 126);
}

/* In a group of its own. No signal comes between its begin and our knowing of it. */
static pid_t start(char *const *command, int out) {
        sigset_t all, mask;

        catch_ends();
        (void) sigfillset(&all);
        (void) sigprocmask(SIG_SETMASK, &all, &mask);
        pid_t pid = fork();
        if (pid == 0)
                execute(command, out, &mask);
        int error = errno;
        if (pid > 0) {
                (void) setpgid(pid, pid);
                running = pid;
        }
        (void) sigprocmask(SIG_SETMASK, &mask, NULL);
        return pid < 0 ? -error : pid;
}

/* Until it has ended or its time is over; what it prints is taken in meanwhile, so that it never waits for
 * us. */
static bool wait_for_end(int process, struct output *o, usec_t until) {
        for (;;) {
                struct pollfd p[] = { { .fd = process, .events = POLLIN },
                                      { .fd = o->fd, .events = POLLIN } };

                if (clock_poll(p, countof(p), until) < 0 && errno != EINTR)
                        return false;
                if (p[1].revents)
                        read_output(o);
                if (p[0].revents)
                        return true;
                if (clock_monotonic() >= until)
                        return false;
        }
}

static bool judge(const siginfo_t *end, const struct output *o, char why[REACH_TEXT_MAX]) {
        char signal[PARSE_PRINT_MAX];

        if (end->si_code == CLD_EXITED && end->si_status == 0)
                return true;
        int n = end->si_code == CLD_EXITED
                        ? snprintf(why, REACH_TEXT_MAX, "exited with code %d", end->si_status)
                        : snprintf(why, REACH_TEXT_MAX, "was killed by %s",
                                   print_signal(end->si_status, signal));
        if (o->n > 0)
                (void) snprintf(why + n, REACH_TEXT_MAX - (size_t) n, ": %.*s", (int) o->n, o->line);
        return false;
}

static bool follow(pid_t pid, struct output *o, usec_t until, char why[REACH_TEXT_MAX]) {
        autoclose int process = pidfd_open(pid, 0);
        siginfo_t end = {};

        bool in_time = process >= 0 && wait_for_end(process, o, until);
        int error = process < 0 ? errno : 0;
        if (in_time && o->fd >= 0)
                read_output(o);
        if (in_time) /* left as it is, so that its number, and its group's, is nobody else's yet */
                (void) waitid(P_PID, (id_t) pid, &end, WEXITED | WNOWAIT);
        (void) kill(-pid, SIGKILL);
        (void) kill(pid, SIGKILL);
        running = 0;
        while (waitid(P_PID, (id_t) pid, &end, WEXITED) < 0 && errno == EINTR)
                continue;
        if (in_time)
                return judge(&end, o, why);
        (void) snprintf(why, REACH_TEXT_MAX, "%s", error ? strerror(error) : "not through in time");
        return false;
}

bool reach_command(const struct reach *r, char why[REACH_TEXT_MAX]) {
        struct output o = { .fd = -1 };
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0) {
                (void) snprintf(why, REACH_TEXT_MAX, "%s", strerror(errno));
                return false;
        }
        pid_t pid = start(r->command, ends[1]);
        (void) close(ends[1]);
        o.fd = ends[0];
        (void) fcntl(o.fd, F_SETFL, O_NONBLOCK);
        bool answers = pid > 0 && follow(pid, &o, r->until, why);
        if (pid < 0)
                (void) snprintf(why, REACH_TEXT_MAX, "%s", strerror(-pid));
        if (o.fd >= 0)
                (void) close(o.fd);
        return answers;
}
