#include <errno.h>
#include <fcntl.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/parse.h"
#include "init/init.h"
#include "init/single.h"
#include "init/tty.h"

#define REAP_AT_ONCE 256 /* before signals get their turn */

struct run {
        const struct single *s;
        struct init init;
        pid_t pid; /* of the command; 0: none */
        int tty;   /* handed to the command, or -1 */
        int cwd;   /* the command's, where tend itself has left it, or -1 */
        int code;  /* tend's exit code; -1 while the command runs */
        bool reap_due;
        usec_t stop_asked; /* when SIGINT or SIGTERM came last; 0: never */
};

/* The child shares our memory until it executes: what it could not do is simply left here. Volatile, since
 * the compiler sees that it never returns. */
struct attempt {
        const struct run *run;
        const char *volatile doing; /* what failed before the command could be executed; NULL: nothing */
        volatile int error;
        volatile int tty_error; /* of taking the terminal over; does no harm */
};

static void say(const struct run *r, enum note note, pid_t pid, int number, const char *text) {
        persona_say(r->s->persona, r->s->verbosity, note, (struct note_arguments){ pid, number, text });
}

/* 1: what a program returns that failed before it came to its command. */
static int fail(const struct run *r, const char *doing, int error) {
        say(r, NOTE_FAILED, 0, error, doing);
        return 1;
}

/* The child's environment is ours until it executes, and nobody else reads it here. */
static void rename_listen_pid(pid_t from) {
        static char renamed[32];
        const char *name = "LISTEN_PID=";

        for (char **e = environ; e && *e; e++) {
                if (strncmp(*e, name, strlen(name)) != 0 || strtol(*e + strlen(name), NULL, 10) != from)
                        continue;
                (void) snprintf(renamed, sizeof(renamed), "%s%d", name, (int) getpid());
                *e = renamed;
        }
}

static int enter_place(struct attempt *a) {
        const struct run *r = a->run;

        switch (r->s->place) {
        case PLACE_HERE:
                return 0;
        case PLACE_SESSION:
                if (setsid() < 0)
                        return -errno;
                a->tty_error = -tty_take(STDIN_FILENO);
                return 0;
        case PLACE_GROUP:
                if (setpgid(0, 0) < 0)
                        return -errno;
                /* Here, not in the parent: by the time the command runs the terminal is its own. */
                return r->tty >= 0 ? tty_set_foreground(r->tty, getpid()) : 0;
        }
        return 0;
}

static noreturn void become_command(struct attempt *a, pid_t parent) {
        const struct single *s = a->run->s;

        a->error = -enter_place(a);
        if (a->error > 0) {
                a->doing = "preparing the command's process group";
                _exit(1);
        }
        if (a->run->cwd >= 0 && fchdir(a->run->cwd) < 0) {
                a->error = errno;
                a->doing = "returning to the working directory";
                _exit(1);
        }
        if (s->persona->passes_sockets)
                rename_listen_pid(parent);
        init_restore_signals(&a->run->init, !s->persona->fresh_signals);
        (void) execvp(s->argv[0], s->argv);
        a->error = errno;
        _exit(1);
}

static int code_of_failed_exec(const struct persona *p, int error) {
        return error == ENOENT ? p->not_found : error == EACCES ? p->not_executable : p->not_run;
}

/* Before the command starts, so that it never sees us there. */
static void leave_cwd(struct run *r) {
        r->cwd = open(".", O_PATH | O_CLOEXEC);
        if (r->cwd < 0 || chdir("/") < 0)
                say(r, NOTE_FAILED, 0, errno, "changing directory to /");
}

/* Starts the command. 0, or the exit code of tend with the reason told. */
static int spawn(struct run *r) {
        struct attempt a = { .run = r };
        pid_t self = getpid();

        r->pid = vfork(); /* NOLINT: a fork would copy our page tables for nothing */
        if (r->pid == 0)
                become_command(&a, self);
        if (r->pid < 0) {
                int error = errno;
                say(r, NOTE_FAILED, 0, error, "starting a process for the command");
                return r->s->persona->not_run;
        }
        if (a.error > 0) {
                while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
                        continue;
                if (a.doing)
                        return fail(r, a.doing, a.error);
                say(r, NOTE_EXEC_FAILED, 0, a.error, r->s->argv[0]);
                return code_of_failed_exec(r->s->persona, a.error);
        }
        say(r, NOTE_SPAWNED, r->pid, 0, r->s->argv[0]);
        if (r->s->place == PLACE_SESSION) {
                if (a.tty_error > 0)
                        say(r, NOTE_KEPT_TTY, 0, a.tty_error, NULL);
                say(r, NOTE_TOOK_TTY, r->pid, 0, NULL);
        }
        return 0;
}

/* The kernel has sent SIGHUP and SIGCONT to us as well by the time the terminal is given up. They are taken
 * out here, so that one that somebody sends later is forwarded like any other. */
static void give_up_tty(const struct run *r) {
        int led = tty_give_up(STDIN_FILENO);

        say(r, led < 0 ? NOTE_KEPT_TTY : NOTE_GAVE_UP_TTY, 0, -led, NULL);
        if (led <= 0)
                return;

        sigset_t sent;
        (void) sigemptyset(&sent);
        (void) sigaddset(&sent, SIGHUP);
        (void) sigaddset(&sent, SIGCONT);
        int number;
        while ((number = sigtimedwait(&sent, NULL, &(struct timespec){ 0 })) > 0)
                say(r, NOTE_IGNORED_TTY, 0, number, NULL);
}

static void pass_on(struct run *r, int number) {
        char buffer[PARSE_PRINT_MAX];
        int to = r->s->map.to[number];

        if (to != number)
                say(r, NOTE_REWRITTEN, to, number, NULL);
        if (to == 0) {
                say(r, NOTE_DROPPED, 0, number, NULL);
                return;
        }
        bool gone = kill(r->s->group ? -r->pid : r->pid, to) < 0 && errno == ESRCH;
        say(r, gone ? NOTE_NOBODY : NOTE_FORWARDED, 0, to, print_signal(to, buffer));
}

static bool is_tty_stop(int number) {
        return number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;
}

static void handle_signal(struct run *r, const struct signalfd_siginfo *info) {
        int number = (int) info->ssi_signo;
        bool suspends = r->s->persona->suspends && is_tty_stop(number);
        char buffer[PARSE_PRINT_MAX];

        if (number == SIGCHLD) {
                say(r, NOTE_CHILD_SIGNAL, 0, number, "SIGCHLD");
                r->reap_due = true;
                return;
        }
        say(r, NOTE_RECEIVED, 0, number, print_signal(number, buffer));
        if (number == SIGINT || number == SIGTERM)
                r->stop_asked = clock_monotonic();
        if (!r->s->argv) {
                if (r->stop_asked > 0)
                        r->code = 0;
                return;
        }

        /* What the terminal says to our own process group, because some other member of it is in the
         * background, is not for the command. */
        if (is_tty_stop(number) && info->ssi_code == SI_KERNEL && number != SIGTSTP && !suspends)
                return;
        if (signal_is_forwarded(number) || r->s->persona->sends_faults)
                pass_on(r, number);
        if (suspends) {
                say(r, NOTE_SUSPENDING, 0, number, NULL);
                (void) kill(getpid(), SIGSTOP);
        }
}

static void note_death(void *context, const siginfo_t *ended) {
        struct run *r = context;
        bool exited = ended->si_code == CLD_EXITED;
        int status = ended->si_status & (exited ? 0xff : 0x7f);

        say(r, exited ? NOTE_EXITED : NOTE_KILLED, ended->si_pid, status, NULL);
        if (ended->si_pid != r->pid) {
                if (r->s->warn_reaped)
                        say(r, NOTE_REAPED_ORPHAN, ended->si_pid, status, NULL);
                return;
        }
        r->code = exited ? status : 128 + status;
        if (r->s->ok[r->code])
                r->code = 0;
        /* While it is not reaped its number, and that of its group, cannot belong to anybody else. */
        if (r->s->persona->ends_group)
                pass_on(r, SIGTERM);
}

static void tell_killed(void *context, pid_t pid, const char *name) {
        say(context, NOTE_LEFT_BEHIND, pid, 0, name);
}

static void reap(struct run *r) {
        bool alone;
        (void) init_reap(REAP_AT_ONCE, r->s->persona->ends_group, note_death, r, &r->reap_due, &alone);
}

static void watch(struct run *r) {
        while (r->code < 0) {
                struct signalfd_siginfo info;

                if (!r->reap_due)
                        init_wait_signal(&r->init, USEC_INFINITY);
                while (r->code < 0 && init_next_signal(&r->init, &info) > 0)
                        handle_signal(r, &info);
                if (r->reap_due)
                        reap(r);
        }
}

/* The budget covers the command's own share of a stop that was asked for, unless that is so long ago that it
 * cannot have been the reason for its end. */
static usec_t stop_deadline(const struct run *r) {
        usec_t now = clock_monotonic(), asked = usec_add(r->stop_asked, r->s->stop_budget);
        return r->stop_asked > 0 && asked > now ? asked : usec_add(now, r->s->stop_budget);
}

static int finish(struct run *r) {
        if (!r->init.is_pid1)
                tty_take_back(r->tty, r->pid);
        if (!r->s->no_wait)
                (void) init_sweep(&r->init, true, stop_deadline(r), tell_killed, r);
        while (r->reap_due)
                reap(r);
        say(r, NOTE_ENDED, 0, r->code, NULL);
        return r->code;
}

/* What a shell or a supervisor has passed on above stderr is for the command: as long as we held it too,
 * nobody would see it closed. */
static void drop_fds(const struct run *r) {
        log_close();
        io_close_others(STDERR_FILENO + 1, &r->init.signal_fd, 1);
}

int single_run(const struct single *s) {
        struct run r = { .s = s, .tty = -1, .cwd = -1, .code = -1 };

        unsigned flags = (s->subreaper ? INIT_SUBREAPER : 0) | (s->persona->sends_faults ? INIT_FAULTS : 0);
        int e = init_open_as(&r.init, flags);
        if (e < 0)
                return fail(&r, "opening the signal descriptor", -e);
        if (s->parent_death_signal > 0 && prctl(PR_SET_PDEATHSIG, s->parent_death_signal) < 0)
                return fail(&r, "setting the parent-death signal", errno);
        if (s->subreaper && r.init.is_subreaper)
                say(&r, NOTE_SUBREAPER, 0, 0, NULL);
        if (!r.init.is_pid1 && !r.init.is_subreaper)
                say(&r, NOTE_NO_REAPER, 0, 0, NULL);

        if (s->place == PLACE_GROUP)
                r.tty = tty_find_owned();
        if (s->place == PLACE_SESSION)
                give_up_tty(&r);
        if (s->persona->leaves_cwd)
                leave_cwd(&r);
        if (s->argv) {
                int code = spawn(&r);
                if (code > 0)
                        return code;
        }
        if (s->persona->drops_fds)
                drop_fds(&r);
        if (r.cwd >= 0)
                (void) close(r.cwd);

        watch(&r);
        return finish(&r);
}
