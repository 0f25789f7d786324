#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>

#include "base/io.h"
#include "base/log.h"
#include "base/parse.h"
#include "config/setup.h"
#include "supervisor/box.h"
#include "supervisor/connection.h"
#include "supervisor/mainpid.h"
#include "supervisor/manager.h"
#include "supervisor/notify.h"
#include "supervisor/oom.h"
#include "supervisor/passing.h"
#include "supervisor/pressure.h"
#include "supervisor/privilege.h"
#include "supervisor/prober.h"
#include "supervisor/spawn.h"
#include "supervisor/tie.h"
#include "supervisor/trigger.h"
#include "supervisor/vigil.h"
#include "supervisor/watchdog.h"

#define VARIABLES_MAX 27
#define UNIT_SIZE     (256 + 16)
#define VARIABLE_SIZE 64

/* What tend adds to a child's environment; on the stack of the spawn, for as long as that takes. */
struct variables {
        char text[VARIABLES_MAX][VARIABLE_SIZE];
        const char *list[VARIABLES_MAX + 1];
        size_t n;
        char *own_pid[LAUNCH_OWN_PIDS + 1]; /* those whose value the child writes */
        size_t n_own_pid;
        char unit[UNIT_SIZE]; /* MONITOR_UNIT= */
        char pressure[PATH_MAX], pressure_write[PRESSURE_WRITE_MAX];
};

static void printf_like(2, 3) add(struct variables *v, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(v->text[v->n], VARIABLE_SIZE, format, ap);
        va_end(ap);
        v->list[v->n] = v->text[v->n];
        v->n++;
}

static void add_own_pid(struct variables *v, const char *name) {
        char *text = v->text[v->n];

        add(v, "%s=", name);
        v->own_pid[v->n_own_pid++] = text + strlen(text);
}

/* For the main process alone, as in systemd. */
static void add_watchdog(struct variables *v, const struct service *s) {
        usec_t span = watchdog_span(s);

        if (span == USEC_INFINITY)
                return;
        add(v, "WATCHDOG_USEC=%" PRIu64, span);
        add_own_pid(v, "WATCHDOG_PID");
}

static void add_passed(struct variables *v, const struct passing *p) {
        if (p->n == 0)
                return;
        add(v, "LISTEN_FDS=%u", p->n);
        add_own_pid(v, "LISTEN_PID");
        v->list[v->n++] = p->names;
}

static void add_peer(struct variables *v, const struct connection *c) {
        char address[VARIABLE_SIZE / 2 + 16], port[8];

        connection_variables(c, address, port, sizeof(address), sizeof(port));
        if (*address == '\0')
                return;
        add(v, "REMOTE_ADDR=%s", address);
        add(v, "REMOTE_PORT=%s", port);
}

static void add_invocation(struct variables *v, const char *name, const struct service *s) {
        char hex[2 * sizeof(s->invocation) + 1];

        for (size_t i = 0; i < sizeof(s->invocation); i++)
                (void) snprintf(&hex[2 * i], 3, "%02x", s->invocation[i]);
        add(v, "%s=%s", name, hex);
}

/* SERVICE_RESULT=, EXIT_CODE= and EXIT_STATUS= of systemd.exec(5), with `prefix` before them: "exited" and
 * the code, or "killed" / "dumped" and the signal's name without SIG. */
static void add_ending(struct variables *v, const char *prefix, const struct service *s) {
        struct ending e = s->main_ending;
        char signal[PARSE_PRINT_MAX];

        add(v, "%sSERVICE_RESULT=%s", prefix, result_word(s->result));
        if (e.code == CLD_EXITED) {
                add(v, "%sEXIT_CODE=exited", prefix);
                add(v, "%sEXIT_STATUS=%d", prefix, e.status);
        } else if (e.code != 0) {
                add(v, "%sEXIT_CODE=%s", prefix, e.code == CLD_DUMPED ? "dumped" : "killed");
                add(v, "%sEXIT_STATUS=%s", prefix, print_signal(e.status, signal) + strlen("SIG"));
        }
}

/* By whose end it was started. */
static void add_monitor(struct variables *v, const struct service *s) {
        const struct service *by = tie_trigger(s);

        if (!by)
                return;
        add_ending(v, "MONITOR_", by);
        add_invocation(v, "MONITOR_INVOCATION_ID", by);
        (void) snprintf(v->unit, sizeof(v->unit), "MONITOR_UNIT=%s", by->unit->name);
        v->list[v->n++] = v->unit;
}

/* What has led to its start: a service's end, or a timer or a path. */
static void add_origin(struct variables *v, const struct service *s) {
        add_monitor(v, s);
        for (char *const *t = trigger_variables(s); t && *t; t++)
                v->list[v->n++] = *t;
}

/* What has no cgroup of its own has nothing to watch. */
static void add_pressure(struct variables *v, const struct service *s) {
        struct manager *m = s->manager;

        if (!pressure_tell(&m->cgroups, s->unit, v->pressure, sizeof(v->pressure), v->pressure_write))
                return;
        v->list[v->n++] = v->pressure;
        if (*v->pressure_write != '\0')
                v->list[v->n++] = v->pressure_write;
}

static void make_variables(struct variables *v, const struct service *s, enum exec_kind kind,
                           const struct passing *p) {
        *v = (struct variables){};
        add_invocation(v, "INVOCATION_ID", s);
        if (s->main != 0)
                add(v, "MAINPID=%d", s->main);
        if (s->notify)
                add(v, "%s", notify_variable(s->notify));
        if (s->connection)
                add_peer(v, s->connection);
        add_pressure(v, s);
        if (kind == EXEC_STOP || kind == EXEC_STOP_POST)
                add_ending(v, "", s);
        if (kind == EXEC_START || kind == EXEC_START_PRE)
                add_origin(v, s);
        if (kind != EXEC_START)
                return;
        add_watchdog(v, s);
        add_passed(v, p);
}

static void say_what_failed(struct service *s, const struct launch *l, const struct diags *d) {
        char text[512];

        for (size_t i = 0; i < d->n; i++)
                log_warning(s->unit->name, "%s", d->list[i].text);
        if (l->failed_step >= 0)
                log_error(s->unit->name, "%s", launch_text(l, text, sizeof(text)));
        if (l->failed_step >= 0 || s->told_losses)
                return;
        privilege_report(l);
        loss_tell(&l->losses, s->unit->name);
        /* A privileged command may go without less than the others. */
        bool lacks = l->losses.n > 0 || l->lacks_ambient != 0 || l->lacks_bounding != 0;
        s->told_losses = l->kind == EXEC_START || (lacks && !l->is_unlimited);
}

/* Without one it runs in tend's own cgroup, unless it insists on its budget. */
static void choose_cgroup(struct service *s, struct launch *l) {
        int fd = box_open(s);

        if (fd < 0)
                log_warning(s->unit->name, "making its cgroup: %s; it runs without", strerror(-fd));
        l->cgroup_fd = MAX(fd, 0);
        l->delegates = s->unit->budget && s->unit->budget->delegate;
        l->unkept = cgroup_unkept(&s->manager->cgroups);
        struct kept kept = box_objection(s);
        l->objection = kept.why;
        l->remedy = kept.hint;
}

/* The new process, or 0: then that has been said. */
static pid_t spawn(struct service *s, const struct command *c, enum exec_kind kind, bool *ret_executed) {
        struct launch l = { .unit = s->unit, .command = c, .kind = kind };
        struct diags d = {};
        struct passing passing = {};
        struct variables v;
        int r = 0;

        if (s->unit->notify_access != NOTIFY_ACCESS_NONE && !s->notify)
                r = notify_open(s);
        if (r >= 0 && kind == EXEC_START) {
                r = watchdog_prepare(s);
                if (r >= 0)
                        r = prober_prepare(s);
                if (r >= 0)
                        r = passing_collect(s, &passing);
                l.fds = passing.fds;
                l.n_fds = passing.n;
                l.n_sockets = passing.n_sockets;
                l.ready = prober_descriptor(s);
                l.ready_at = l.ready > 0 ? unit_readiness(s->unit)->ready_when->fd : 0;
        }
        make_variables(&v, s, kind, &passing);
        l.extra = v.list;
        l.own_pid = v.own_pid;
        if (r >= 0)
                choose_cgroup(s, &l);
        sampling_spare(s);
        pid_t pid = r < 0 ? r : launch_run(&s->manager->launcher, &l, &d);
        if (l.cgroup_fd > 0)
                (void) close(l.cgroup_fd);
        prober_given(s);
        if (pid < 0)
                log_error(s->unit->name, "making a process for %s=: %s", exec_kind_word(kind),
                          strerror(-pid));
        else {
                pids_add(&s->manager->pids, pid, s);
                if (kind != EXEC_START)
                        sampling_watch(s, pid);
                say_what_failed(s, &l, &d);
                *ret_executed = l.failed_step < 0;
                if (l.failed_step >= 0 && io_is_shortage(l.error) && s->result == RESULT_SUCCESS)
                        s->result = RESULT_RESOURCES; /* says nothing about the service: it is tried again */
        }
        diags_done(&d);
        passing_done(&passing);
        return MAX(pid, 0);
}

static bool is_up_when_executed(const struct unit *u) {
        return u->type == SERVICE_SIMPLE || u->type == SERVICE_EXEC || u->type == SERVICE_IDLE;
}

void spawn_main(struct service *s, const struct command *c) {
        bool executed = false;

        s->main_command = c;
        s->main_ending = (struct ending){};
        if (s->unit->socket && !listener_open(s)) {
                s->result = RESULT_RESOURCES;
                s->posted = EVENT_BROKEN;
                return;
        }
        if (!c) {
                s->posted = EVENT_MAIN_ENDED;
                return;
        }
        if (s->main != 0) /* one that must not be killed, or cannot be */
                pids_remove(&s->manager->pids, s->main);
        s->main = 0;
        if (s->unit->type == SERVICE_FORKING) { /* it is the command that leaves the main process behind */
                spawn_control(s, EXEC_START);
                s->session = s->control;
                sampling_watch(s, s->control);
                return;
        }
        s->main = spawn(s, c, EXEC_START, &executed);
        s->session = s->main;
        sampling_watch(s, s->main);
        if (s->main != 0 && s->connection && !c->next)
                connection_handed_over(s->connection);
        if (s->main == 0)
                s->posted = EVENT_SPAWN_FAILED;
        else if (executed && is_up_when_executed(s->unit))
                s->posted = EVENT_UP;
}

static void run_control(struct service *s, const struct command *c) {
        bool executed;

        if (s->control != 0)
                pids_remove(&s->manager->pids, s->control);
        s->control_command = c;
        s->control = c ? spawn(s, c, s->control_kind, &executed) : 0;
        if (s->control == 0)
                s->posted = c ? EVENT_SPAWN_FAILED : EVENT_CONTROL_DONE;
}

void spawn_control(struct service *s, enum exec_kind kind) {
        s->control_kind = (uint8_t) kind;
        s->control_ending = (struct ending){};
        run_control(s, s->unit->exec[kind]);
}

void spawn_drop_control(struct service *s) {
        if (s->control == 0)
                return;
        (void) kill(s->control, SIGKILL);
        pids_remove(&s->manager->pids, s->control);
        s->control = 0;
        s->control_command = NULL;
}

/* A stopped process does not hear SIGTERM before it goes on. */
static void send_signal(pid_t pid, int signal) {
        if (pid <= 0)
                return;
        (void) kill(pid, signal);
        if (signal != SIGKILL)
                (void) kill(pid, SIGCONT);
}

void spawn_signal_reload(struct service *s) {
        if (vigil_of(s))
                s->vigil->reload_asked = manager_now(s->manager);
        send_signal(s->main, unit_readiness(s->unit)->reload_signal);
}

bool spawn_hangs_up(const struct service *s) {
        return s->unit->setup && s->unit->setup->send_sighup && !STATE_IN(s->state, STATES_ABORTING);
}

void spawn_signal(struct service *s, int signal, bool last) {
        enum kill_mode mode = s->unit->kill_mode;

        s->stops_itself = false;
        s->waits_for_empty = true;
        s->manager->census_due = true;
        if (mode == KILL_NONE)
                return;
        send_signal(s->main, signal);
        send_signal(s->control, signal);
        if (!last && spawn_hangs_up(s)) {
                send_signal(s->main, SIGHUP);
                send_signal(s->control, SIGHUP);
        }
        s->was_killed |= last && (s->main != 0 || s->control != 0);
        if (mode == KILL_CONTROL_GROUP || (mode == KILL_MIXED && (last || s->main == 0)))
                s->kill_signal = (uint8_t) (mode == KILL_MIXED ? unit_final_signal(s->unit) : signal);
}

static void main_ended(struct service *s, struct ending e) {
        if (s->unit->type == SERVICE_FORKING)
                mainpid_follow_session(s); /* it is not reaped yet */
        s->main = 0;
        if (mainpid_find_successor(s, e))
                return;
        s->main_ending = e;
        if (!mainpid_is_unknown(s)) {
                service_dispatch(s, EVENT_MAIN_ENDED);
                return;
        }
        log_info(s->unit->name, "its main process has ended; it is up until the last one has gone");
        s->waits_for_empty = true;
        s->manager->census_due = true;
}

/* How its command failed is what is known of the end of a service that has no main process yet. */
static void forked(struct service *s, bool failed, struct ending e) {
        if (!failed)
                mainpid_find(s);
        else if (s->main == 0)
                s->main_ending = e;
}

/* The next line of the list, unless this one failed without a "-". */
static void control_ended(struct service *s, struct ending e) {
        const struct command *c = s->control_command;
        bool failed = e.code != CLD_EXITED || e.status != 0;
        bool ignores = c && (c->flags & COMMAND_IGNORE_FAILURE);

        s->control = 0;
        s->control_ending = e;
        if (s->control_kind == EXEC_START && s->state == STATE_START) /* of a forking service */
                forked(s, failed && !ignores, e);
        if (s->control_kind == EXEC_CONDITION && ending_skips(e) && !ignores)
                service_dispatch(s, EVENT_CONTROL_SKIPS);
        else if (failed && !ignores) {
                char text[ENDING_TEXT_MAX];
                log_warning(s->unit->name, "%s= %s", exec_kind_word(s->control_kind), ending_text(e, text));
                service_dispatch(s, EVENT_CONTROL_FAILED);
        } else if (c && c->next && !s->waits_for_empty) {
                s->posted = EVENT_COUNT;
                run_control(s, c->next);
                if (s->posted != EVENT_COUNT)
                        service_dispatch(s, s->posted);
        } else
                service_dispatch(s, EVENT_CONTROL_DONE);
}

void service_process_ended(struct service *s, pid_t pid, struct ending e) {
        pids_remove(&s->manager->pids, pid);
        s->manager->census_due |= s->waits_for_empty;
        if (s->vigil && prober_ended(s, pid, e))
                return;
        if (s->notify)
                notify_drain(s);
        if (s->vigil)
                prober_drain(s);
        /* "-" before an ExecStart= line makes every end of it a clean one. */
        if (pid == s->main && s->main_command && (s->main_command->flags & COMMAND_IGNORE_FAILURE))
                e = (struct ending){ .code = CLD_EXITED };
        if (e.code == CLD_KILLED && e.status == SIGKILL && !s->was_killed)
                oom_check(s);
        if (pid == s->main)
                main_ended(s, e);
        else if (pid == s->control)
                control_ended(s, e);
}
