#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>

#include "base/log.h"
#include "base/parse.h"
#include "supervisor/job.h"
#include "supervisor/manager.h"
#include "supervisor/prober.h"
#include "supervisor/vigil.h"

#define SERVING      (STATE_BIT(STATE_RUNNING) | STATES_RELOADING)
#define RETRY_SPAN   USEC_PER_SEC /* where no process can be made, or a probe ends that should go on */
#define PATIENCE     USEC_PER_SEC /* for SIGTERM to be heeded by a probe, before SIGKILL */
#define CODE_ANSWERS 0

enum task { TASK_NONE, TASK_READY, TASK_CHECK };

struct prober {
        struct timer timer; /* first; the next probe, or the end of the patience with this one */
        struct service *service;
        struct health health;
        enum task task;        /* what is to be asked now */
        enum task doing;       /* what `pid` asks */
        pid_t pid;             /* 0: none */
        int report;            /* owned; what it says, to be read when it has ended; -1 */
        bool given_up;         /* it was told to end: its answer does not count any more */
        bool is_ready;         /* ReadyWhen= has answered since the main process was made */
        bool awaited;          /* Type= has said so before */
        bool told_limit;       /* that a restart would be one too many has been said */
        bool told_accident;    /* that ReadyWhen= could not be asked has been said */
        int given;             /* owned; our copy of what the service writes to; -1 */
        sd_event_source *said; /* owned, and with it the descriptor */
};

static const struct readiness *wishes(const struct prober *p) {
        return unit_readiness(p->service->unit);
}

static struct prober *prober_of(const struct service *s) {
        return s->vigil ? s->vigil->prober : NULL;
}

static usec_t time_now(const struct prober *p) {
        return manager_now(p->service->manager);
}

static void arm(struct prober *p, usec_t at) {
        timers_arm(&p->service->manager->timers, &p->timer, at);
}

/* ---- fd:N
 * ---------------------------------------------------------------------------------------------------- */

static void close_descriptor(struct prober *p) {
        p->said = sd_event_source_unref(p->said);
        if (p->given >= 0)
                (void) close(TAKE_FD(p->given));
}

static void take_ready(struct prober *p) {
        bool awaited = p->awaited;

        p->is_ready = true;
        p->awaited = false;
        p->task = TASK_NONE;
        if (awaited)
                service_dispatch(p->service, EVENT_UP);
}

static int on_said(sd_event_source *source, int fd, uint32_t events maybe_unused, void *context) {
        struct prober *p = context;
        char byte;
        ssize_t n = read(fd, &byte, sizeof(byte));

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
        close_descriptor(p);
        if (n > 0)
                take_ready(p);
        else if (p->service->state == STATE_START)
                log_warning(p->service->unit->name,
                            "has closed descriptor %d without a word: it is never ready so",
                            wishes(p)->ready_when ? wishes(p)->ready_when->fd : -1);
        return 0;
}

/* What is said just before the end counts, as with notifications. */
void prober_drain(struct service *s) {
        struct prober *p = prober_of(s);

        if (p && p->said)
                (void) on_said(p->said, sd_event_source_get_io_fd(p->said), 0, p);
}

static int open_descriptor(struct prober *p) {
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        p->given = ends[1];
        (void) fcntl(ends[0], F_SETFL, O_NONBLOCK);
        int r = sd_event_add_io(p->service->manager->event, &p->said, ends[0], EPOLLIN, on_said, p);
        if (r >= 0)
                r = sd_event_source_set_io_fd_own(p->said, true);
        if (r < 0) {
                (void) close(ends[0]);
                close_descriptor(p);
                return r;
        }
        return sd_event_source_set_priority(p->said, SD_EVENT_PRIORITY_IMPORTANT);
}

int prober_descriptor(const struct service *s) {
        const struct prober *p = prober_of(s);
        return p ? MAX(p->given, 0) : 0;
}

void prober_given(struct service *s) {
        struct prober *p = prober_of(s);

        if (p && p->given >= 0)
                (void) close(TAKE_FD(p->given));
}

/* ---- processes
 * ----------------------------------------------------------------------------------------------- */

static const struct probe_spec *spec_of(const struct prober *p, enum task task) {
        return task == TASK_READY   ? wishes(p)->ready_when
               : task == TASK_CHECK ? wishes(p)->health_check
                                    : NULL;
}

/* An invocation of its own, so that what a probe leaves is never taken for the service's. */
static void make_invocation(char *text, size_t size) {
        uint8_t id[16] = {};
        int n = snprintf(text, size, "INVOCATION_ID=");

        ssize_t got maybe_unused = getrandom(id, sizeof(id), GRND_NONBLOCK | GRND_INSECURE);
        for (size_t i = 0; i < sizeof(id); i++)
                n += snprintf(text + n, size - (size_t) n, "%02x", id[i]);
}

/* The pid, or a negative errno: no process could be made. One that could not be executed says why in `why`.
 */
static pid_t launch(struct prober *p, const struct probe_spec *spec, int report, char why[HEALTH_WHY_MAX]) {
        struct service *s = p->service;
        char invocation[64], main_pid[32];
        const char *extra[] = { invocation, main_pid, NULL };
        struct launch l = {
                .unit = s->unit,
                .command = spec->command,
                .kind = EXEC_START_POST,
                .setting = p->task == TASK_READY ? "ReadyWhen" : "HealthCheck",
                .extra = extra,
                .report = report,
        };
        struct diags d = {};

        make_invocation(invocation, sizeof(invocation));
        (void) snprintf(main_pid, sizeof(main_pid), "MAINPID=%d", s->main);
        if (s->main == 0)
                extra[1] = NULL;
        pid_t pid = launch_run(&s->manager->launcher, &l, &d);
        if (pid > 0 && l.failed_step >= 0)
                (void) launch_text(&l, why, HEALTH_WHY_MAX);
        diags_done(&d);
        return pid;
}

static void start(struct prober *p) {
        const struct probe_spec *spec = spec_of(p, p->task);
        char why[HEALTH_WHY_MAX] = "";
        int ends[2] = { -1, -1 };

        if (p->pid != 0 || !spec || !spec->command)
                return;
        /* Without a pipe it goes on without words. */
        if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
                ends[0] = ends[1] = -1;
        pid_t pid = launch(p, spec, MAX(ends[1], 0), why);
        if (*why != '\0' && ends[1] >= 0)
                (void) dprintf(ends[1], "%s\n", why);
        if (ends[1] >= 0)
                (void) close(ends[1]);
        if (pid < 0) { /* says nothing about the service */
                if (ends[0] >= 0)
                        (void) close(ends[0]);
                log_debug(p->service->unit->name, "making a process to ask %s: %s", spec->text,
                          strerror(-pid));
                arm(p, usec_add(time_now(p), RETRY_SPAN));
                return;
        }
        p->pid = pid;
        p->doing = p->task;
        p->given_up = false;
        p->report = ends[0];
        pids_add(&p->service->manager->pids, pid, p->service);
        arm(p, p->task == TASK_CHECK ? usec_add(time_now(p), wishes(p)->health_timeout) : USEC_INFINITY);
}

static void make_printable(char *text) {
        for (; *text != '\0'; text++)
                if ((unsigned char) *text < ' ' || *text == 0x7f)
                        *text = '?';
}

/* The last whole line that it has said; `why` stays as it is where there is none. A pipe holds no more than
 * 64 KiB, and few probes say more than a line. */
static void read_report(struct prober *p, char why[HEALTH_WHY_MAX]) {
        char text[1024];
        ssize_t n;

        while (p->report >= 0 && (n = read(p->report, text, sizeof(text) - 1)) > 0) {
                text[n] = '\0';
                for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
                        *end = '\0';
                        make_printable(line);
                        (void) snprintf(why, HEALTH_WHY_MAX, "%.*s", HEALTH_WHY_MAX - 1, line);
                }
        }
}

static void forget(struct prober *p) {
        if (p->report >= 0)
                (void) close(TAKE_FD(p->report));
        p->pid = 0;
        p->doing = TASK_NONE;
        p->given_up = false;
}

/* It takes its command along; what does not heed that is killed a moment later. */
static void give_up(struct prober *p) {
        if (p->pid == 0 || p->given_up)
                return;
        p->given_up = true;
        (void) kill(p->pid, SIGTERM);
        (void) kill(p->pid, SIGCONT);
        arm(p, usec_add(time_now(p), PATIENCE));
}

/* ---- ReadyWhen=
 * ---------------------------------------------------------------------------------------------- */

bool prober_is_awaited(const struct service *s) {
        const struct prober *p = prober_of(s);

        return unit_readiness(s->unit)->ready_when && !(p && p->is_ready);
}

void prober_await(struct service *s) {
        struct prober *p = prober_of(s);

        if (!p || p->awaited)
                return;
        log_debug(s->unit->name, "waiting for ReadyWhen=%s", wishes(p)->ready_when->text);
        p->awaited = true;
        p->task = wishes(p)->ready_when->command ? TASK_READY : TASK_NONE;
        start(p);
}

static void stop_waiting(struct prober *p) {
        char why[HEALTH_WHY_MAX] = "";

        if (!p->awaited || p->is_ready)
                return;
        if (p->doing == TASK_READY)
                read_report(p, why);
        log_line(p->service->was_asked ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING, p->service->unit->name,
                 "is not ready: %s%s", *why != '\0' ? "" : wishes(p)->ready_when->text, why);
        p->awaited = false;
}

/* It ends when it is answered, or by some accident. */
static void ready_ended(struct prober *p, struct ending e) {
        char why[HEALTH_WHY_MAX] = "", how[ENDING_TEXT_MAX];

        read_report(p, why);
        forget(p);
        if (e.code == CLD_EXITED && e.status == CODE_ANSWERS) {
                take_ready(p);
                return;
        }
        log_line(p->told_accident ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING, p->service->unit->name,
                 "asking ReadyWhen=%s: %s", wishes(p)->ready_when->text,
                 *why != '\0' ? why : ending_text(e, how));
        p->told_accident = true;
        arm(p, usec_add(time_now(p), RETRY_SPAN));
}

/* ---- HealthCheck=
 * -------------------------------------------------------------------------------------------- */

/* Stopping what cannot come back would make bad worse: while the start limit forbids it, the service is let
 * be. */
static bool may_restart(struct prober *p) {
        const struct service *s = p->service;
        struct verdict v =
                policy_decide(s->unit, &s->restarts, RESULT_HEALTH, (struct ending){}, time_now(p));

        if (!v.restart && !p->told_limit)
                log_warning(s->unit->name, "is not restarted for its health: %s; it is left running", v.why);
        p->told_limit = !v.restart;
        return v.restart;
}

static void act(struct prober *p) {
        struct service *s = p->service;

        if (s->manager->phase != PHASE_RUNNING || s->wants_down)
                return;
        switch ((enum health_action) wishes(p)->health_action) {
        case HEALTH_ACTION_RESTART:
                if (may_restart(p))
                        service_dispatch(s, EVENT_UNHEALTHY);
                break;
        case HEALTH_ACTION_FAIL:
                service_dispatch(s, EVENT_UNHEALTHY);
                break;
        case HEALTH_ACTION_STOP:
                if (job_ask(s, &(const struct job_request){ .verb = ASK_STOP }, NULL, NULL) < 0)
                        service_dispatch(s, EVENT_STOP_ASKED);
                break;
        case HEALTH_ACTION_NONE:
        case HEALTH_ACTION_COUNT:
                break;
        }
}

static void hear(struct prober *p, bool answers, const char *why) {
        const char *name = p->service->unit->name;

        switch (health_take(&p->health, wishes(p), answers, why, time_now(p))) {
        case HEALTH_NO_NEWS:
                if (!answers)
                        log_debug(name, "a probe of its health failed: %s", why);
                break;
        case HEALTH_IS_WELL:
                log_info(name, "healthy");
                break;
        case HEALTH_IS_WELL_AGAIN:
                log_info(name, "healthy again");
                break;
        case HEALTH_IS_BAD:
                log_warning(name, "unhealthy: %s (%u in a row)", why, p->health.failing);
                p->told_limit = false;
                act(p);
                break;
        case HEALTH_STAYS_BAD:
                act(p);
                break;
        }
}

static void arm_next(struct prober *p) {
        usec_t now = time_now(p);

        arm(p, usec_add(now, health_pause(&p->health, wishes(p), now)));
}

/* What it says is known before what comes of it may change what is to be asked. */
static void check_ended(struct prober *p, struct ending e) {
        char why[HEALTH_WHY_MAX] = "", how[ENDING_TEXT_MAX];
        bool answers = e.code == CLD_EXITED && e.status == CODE_ANSWERS;

        (void) snprintf(why, sizeof(why), "%s: the probe %s", wishes(p)->health_check->text,
                        ending_text(e, how));
        read_report(p, why);
        forget(p);
        arm_next(p);
        hear(p, answers, why);
}

/* Counted when its time is over: it may take longer to be gone. */
static void check_is_late(struct prober *p) {
        char why[HEALTH_WHY_MAX], span[PARSE_PRINT_MAX];

        give_up(p);
        (void) snprintf(why, sizeof(why), "%.100s: no answer within %s", wishes(p)->health_check->text,
                        print_span(wishes(p)->health_timeout, span));
        hear(p, false, why);
}

/* ---- both
 * ---------------------------------------------------------------------------------------------------- */

static void begin_checks(struct prober *p) {
        health_begin(&p->health, time_now(p));
        p->task = TASK_CHECK;
        if (p->pid == 0)
                arm_next(p);
}

static void end_task(struct prober *p) {
        if (p->task == TASK_CHECK)
                health_end(&p->health);
        p->task = TASK_NONE;
        if (p->pid == 0)
                arm(p, USEC_INFINITY);
        give_up(p);
}

void prober_follow(struct service *s, enum state before) {
        struct prober *p = prober_of(s);
        bool serves = STATE_IN(s->state, SERVING), served = STATE_IN(before, SERVING);

        if (!p)
                return;
        if (before == STATE_START && s->state != STATE_START) {
                stop_waiting(p);
                end_task(p);
                close_descriptor(p);
        }
        if (serves && !served && wishes(p)->health_check)
                begin_checks(p);
        else if (served && !serves)
                end_task(p);
}

bool prober_is(const struct service *s, pid_t pid) {
        const struct prober *p = prober_of(s);
        return p && p->pid == pid;
}

/* One whose answer does not count is gone: what is to be asked now has its turn. */
static void make_room(struct prober *p) {
        forget(p);
        if (p->task == TASK_CHECK)
                arm_next(p);
        else {
                arm(p, USEC_INFINITY);
                start(p);
        }
}

bool prober_ended(struct service *s, pid_t pid, struct ending e) {
        struct prober *p = prober_of(s);

        if (!p || p->pid != pid)
                return false;
        bool counts = !p->given_up && p->doing == p->task;
        if (counts && p->task == TASK_CHECK)
                check_ended(p, e);
        else if (counts && p->task == TASK_READY)
                ready_ended(p, e);
        else
                make_room(p);
        return true;
}

void prober_due(struct timer *t) {
        struct prober *p = (struct prober *) t;

        if (p->pid == 0)
                start(p);
        else if (p->given_up) {
                (void) kill(p->pid, SIGKILL);
                arm(p, usec_add(time_now(p), PATIENCE));
        } else if (p->doing == TASK_CHECK)
                check_is_late(p);
}

static struct prober *prober_new(struct service *s) {
        struct vigil *v = vigil_of(s);
        struct prober *p = v ? calloc(1, sizeof(*p)) : NULL;

        if (!p)
                return NULL;
        *p = (struct prober){ .timer = { .slot = TIMER_IDLE, .kind = TIMER_PROBER }, .service = s };
        p->report = p->given = -1;
        s->manager->n_probers++;
        if (manager_reserve(s->manager, s->manager->n_reserved) < 0)
                return prober_free(p);
        v->prober = p;
        return p;
}

int prober_prepare(struct service *s) {
        const struct readiness *r = unit_readiness(s->unit);
        struct prober *p = prober_of(s);

        if (!r->ready_when && !r->health_check)
                return 0;
        if (!p)
                p = prober_new(s);
        if (!p)
                return -ENOMEM;
        close_descriptor(p);
        p->is_ready = p->awaited = p->told_accident = false;
        return r->ready_when && r->ready_when->fd >= 0 ? open_descriptor(p) : 0;
}

const struct health *prober_health(const struct service *s) {
        static const struct health none = { .state = HEALTH_NONE };
        const struct prober *p = prober_of(s);

        return p ? &p->health : &none;
}

struct prober *prober_free(struct prober *p) {
        if (!p)
                return NULL;
        struct manager *m = p->service->manager;
        if (p->pid != 0) {
                (void) kill(p->pid, SIGTERM);
                pids_remove(&m->pids, p->pid);
        }
        timers_disarm(&m->timers, &p->timer);
        forget(p);
        close_descriptor(p);
        m->n_probers--;
        free(p);
        return NULL;
}
