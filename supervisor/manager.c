#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/text.h"
#include "config/override.h"
#include "config/setup.h"
#include "init/kernel.h"
#include "supervisor/box.h"
#include "supervisor/manager.h"
#include "supervisor/notify.h"
#include "supervisor/oom.h"
#include "supervisor/order.h"
#include "supervisor/prober.h"
#include "supervisor/reload.h"
#include "supervisor/roundup.h"

#define REAP_AT_ONCE 512 /* then the rest of the loop has its turn */
#define WORK_AT_ONCE 128
#define LOOP_PAUSE   (100 * USEC_PER_MSEC) /* so that an error that stays does not spin */
#define HURRY_SPAN   USEC_PER_SEC
#define KILL_SPAN    USEC_PER_SEC /* for SIGKILL to be heeded, before tend leaves those to the kernel */

usec_t manager_now(const struct manager *m) {
        usec_t now;

        return sd_event_now(m->event, CLOCK_MONOTONIC, &now) < 0 ? clock_monotonic() : now;
}

void manager_touch(struct service *s) {
        struct manager *m = s->manager;

        if (s->on_todo)
                return;
        s->on_todo = true;
        s->next_todo = NULL;
        *m->todo_end = s;
        m->todo_end = &s->next_todo;
}

void manager_changed(struct service *s) {
        manager_touch(s);
        order_touch_neighbours(s);
}

static struct service *take_todo(struct manager *m) {
        struct service *s = m->todo;

        if (!s)
                return NULL;
        m->todo = s->next_todo;
        if (!m->todo)
                m->todo_end = &m->todo;
        s->on_todo = false;
        return s;
}

/* The stop. */

static void go_to(struct manager *m, enum phase phase, usec_t deadline) {
        m->phase = phase;
        m->deadline = deadline;
        timers_arm(&m->timers, &m->budget, deadline);
}

static void send_down(struct service *s) {
        job_finish(s, JOB_RESULT_CANCELED);
        s->waits_to_start = s->starts_again = false;
        s->wants_down = !service_is_at_rest(s);
        manager_touch(s);
}

usec_t manager_budget(const struct manager *m) {
        usec_t given = m->options->stop_budget;
        return given != USEC_INFINITY ? given : m->config->container.stop_budget;
}

void manager_stop(struct manager *m, int code, bool fixed, const char *why) {
        usec_t budget = manager_budget(m);
        char span[PARSE_PRINT_MAX];

        if (m->phase != PHASE_RUNNING)
                return;
        m->code = code;
        m->code_is_fixed = fixed;
        log_info(NULL, "stopping%s%s, within %s", why ? ": " : "", why ? why : "", print_span(budget, span));
        notify_tell(m->options->notify_socket, "STOPPING=1\nSTATUS=Stopping");
        go_to(m, PHASE_STOPPING, usec_add(manager_now(m), budget));
        order_count_levels(m);
        for (uint32_t i = 0; i < m->plan.after.n; i++)
                send_down(m->services[i]);
        for (struct service *s = m->leaving; s; s = s->next_leaving)
                send_down(s);
}

static void send_down_at_once(struct manager *m, struct service *s) {
        if (m->phase == PHASE_HURRYING) {
                s->stop_deadline = MIN(s->stop_deadline, m->deadline);
                service_dispatch(s, EVENT_STOP_ASKED);
        } else
                service_dispatch(s, EVENT_HURRY);
        s->wants_down = false;
}

void manager_hurry(struct manager *m) {
        usec_t now = manager_now(m);

        if (m->phase < PHASE_HURRYING) {
                log_warning(NULL, "hurrying: everything that still runs is to stop at once");
                go_to(m, PHASE_HURRYING, MIN(m->deadline, now + HURRY_SPAN));
        } else if (m->phase == PHASE_HURRYING)
                go_to(m, PHASE_KILLING, now + KILL_SPAN);
        else
                return;
        for (uint32_t i = 0; i < m->plan.after.n; i++)
                send_down_at_once(m, m->services[i]);
        for (struct service *s = m->leaving; s; s = s->next_leaving)
                send_down_at_once(m, s);
}

/* The budget is used up: who is left is killed; and who is left after that cannot be. */
static void budget_is_over(struct manager *m) {
        if (m->phase == PHASE_KILLING) {
                (void) sd_event_exit(m->event, 0);
                return;
        }
        log_warning(NULL, "the stop budget is used up: killing what is left");
        m->phase = PHASE_HURRYING;
        manager_hurry(m);
}

/* What comes of what has happened. */

static int first_failure(const struct manager *m) {
        int code = 0;

        for (uint32_t i = 0; i < m->plan.after.n && code == 0; i++) {
                const struct service *s = m->services[i];
                struct rest rest = { .unit = s->unit, .result = s->result, .main = service_end(s) };
                code = fate_code_of(&rest);
        }
        return code;
}

static bool is_all_at_rest(const struct manager *m) {
        for (uint32_t i = 0; i < m->plan.after.n; i++) {
                const struct service *s = m->services[i];
                if (s->unit->is_target && s->state == STATE_EXITED && !s->waits_to_start && !s->starts_again)
                        continue;
                bool at_rest = service_is_at_rest(s) || (m->phase == PHASE_RUNNING && alarm_is_idle(s));
                if (!at_rest || s->waits_to_start || s->starts_again || s->has_rested ||
                    (s->is_held && m->phase == PHASE_RUNNING))
                        return false;
        }
        return !m->leaving;
}

static void check_end(struct manager *m) {
        if (!is_all_at_rest(m))
                return;
        if (m->phase == PHASE_RUNNING) {
                m->code = first_failure(m);
                log_info(NULL, "the last service has finished");
        }
        (void) sd_event_exit(m->event, 0);
}

static void check_ready(struct manager *m) {
        uint32_t n = m->plan.after.n, up = 0;

        if (m->told_ready || m->phase != PHASE_RUNNING)
                return;
        for (uint32_t i = 0; i < n; i++) {
                const struct service *s = m->services[i];
                if (s->waits_to_start || !STATE_IN(s->state, STATES_UP | STATES_AT_REST))
                        return;
                up += STATE_IN(s->state, STATES_UP);
        }
        m->told_ready = true;
        if (m->came_up == 0)
                m->came_up = manager_now(m);
        kernel_unmap_code();
        box_settle(m);
        log_info(NULL, "ready: %u of %u services are up", up, n);
        if (m->bus)
                m->options->hooks->ready(m->bus);
        notify_tell(m->options->notify_socket, "READY=1\nSTATUS=%u of %u services are up", up, n);
}

static void rearm(struct manager *m) {
        usec_t next = timers_next(&m->timers);

        if (next == m->armed)
                return;
        int r = 0;
        if (next != USEC_INFINITY)
                r = sd_event_source_set_time(m->timer, next);
        if (r >= 0)
                r = sd_event_source_set_enabled(m->timer,
                                                next == USEC_INFINITY ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
        if (r >= 0)
                m->armed = next;
}

static void time_is_over(struct service *s) {
        if (s->unit->timer && s->state == STATE_EXITED)
                alarm_due(s);
        else if (s->unit->socket && s->state == STATE_EXITED)
                listener_due(s);
        else if (s->unit->path && s->state == STATE_EXITED)
                lookout_due(s);
        else {
                service_dispatch(s, EVENT_TIME_OUT);
                if (service_is_at_rest(s))
                        manager_touch(s); /* it has waited long enough for others */
        }
}

static bool take_due(struct manager *m) {
        struct timer *t = timers_take_due(&m->timers, manager_now(m));

        if (!t)
                return false;
        if (t == &m->budget)
                budget_is_over(m);
        else if (t == &m->retry)
                m->census_due = true;
        else if (t->kind == TIMER_PROBER)
                prober_due(t);
        else if (t == &m->groundwork.limit)
                groundwork_is_late(m);
        else
                time_is_over((struct service *) t);
        return true;
}

/* One piece of work; false when there is none. The census comes last, so that one serves all that have asked
 * for it. */
static bool work(struct manager *m) {
        struct service *s = take_todo(m);

        if (s) {
                order_look_after(s);
                return true;
        }
        if (take_due(m))
                return true;
        if (!m->census_due || m->reap_more)
                return false;
        roundup_run(m);
        return true;
}

/* Behind every event: what has come of it, until there is nothing more to do or the other sources have to
 * have their turn. */
static int on_turn(sd_event_source *source maybe_unused, void *context) {
        struct manager *m = context;
        unsigned done = 0;

        while (done < WORK_AT_ONCE && work(m))
                done++;
        if (done == WORK_AT_ONCE || m->reap_more)
                (void) sd_event_source_set_enabled(m->more, SD_EVENT_ONESHOT);
        else if (done > 0) {
                check_ready(m);
                check_end(m);
        }
        rearm(m);
        return 0;
}

/* Events. */

static void on_death(void *context, const siginfo_t *ended) {
        struct manager *m = context;
        struct ending e = { (uint8_t) ended->si_code, (uint8_t) ended->si_status };
        struct service *s = pids_find(&m->pids, ended->si_pid);

        if (s)
                service_process_ended(s, ended->si_pid, e);
        else if (!groundwork_ended(m, ended->si_pid, e) && !sampling_ended(m, ended->si_pid, e))
                m->census_due |= m->n_waiting > 0;
}

static void reap(struct manager *m) {
        bool alone;

        init_reap(REAP_AT_ONCE, m->looks_at_dead, on_death, m, &m->reap_more, &alone);
}

static int on_more(sd_event_source *source maybe_unused, void *context) {
        struct manager *m = context;

        if (m->reap_more)
                reap(m);
        return 0;
}

static void forward(struct manager *m, int signal) {
        struct service *foreground = NULL;
        bool taken = false;

        for (uint32_t i = 0; i < m->plan.after.n; i++) {
                struct service *s = m->services[i];
                if (s->unit->foreground)
                        foreground = s;
                uint64_t forwards = s->unit->setup ? s->unit->setup->forward_signals : 0;
                if (s->main != 0 && forwards >> (signal % 64) & 1) {
                        (void) kill(s->main, signal);
                        taken = true;
                }
        }
        if (!taken && foreground && foreground->main != 0)
                (void) kill(foreground->main, signal);
}

static void stop_by_signal(struct manager *m, int signal) {
        char name[PARSE_PRINT_MAX];

        if (m->phase == PHASE_RUNNING)
                manager_stop(m, 0, false, print_signal(signal, name));
        else if (signal == SIGINT)
                manager_hurry(m);
}

/* A SIGHUP from the kernel is no order: the terminal has hung up, and that is told to the leader of the
 * session alone. It is for whoever had the terminal. */
static void take_signal(struct manager *m, int signal, int code) {
        if (signal == SIGCHLD)
                reap(m);
        else if (signal == SIGTERM || signal == SIGINT || signal == SIGRTMIN + 3)
                stop_by_signal(m, signal);
        else if (signal == SIGHUP && code != SI_KERNEL)
                reload_by_signal(m);
        else
                forward(m, signal);
}

static int on_signals(sd_event_source *source maybe_unused, int fd maybe_unused, uint32_t events maybe_unused,
                      void *context) {
        struct manager *m = context;
        struct signalfd_siginfo signal;

        for (unsigned n = 0; n < 32 && init_next_signal(m->init, &signal) > 0; n++)
                take_signal(m, (int) signal.ssi_signo, signal.ssi_code);
        return 0;
}

/* What is due is taken on the turn behind it. */
static int on_timer(sd_event_source *source maybe_unused, uint64_t at maybe_unused, void *context) {
        struct manager *m = context;

        m->armed = USEC_INFINITY;
        return 0;
}

/* From start to end. */

static int open_loop(struct manager *m) {
        int r = sd_event_new(&m->event);

        if (r >= 0)
                r = sd_event_add_io(m->event, &m->signals, m->init->signal_fd, EPOLLIN, on_signals, m);
        if (r >= 0)
                r = sd_event_add_time(m->event, &m->timer, CLOCK_MONOTONIC, 0, 1, on_timer, m);
        if (r >= 0)
                r = sd_event_source_set_enabled(m->timer, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_post(m->event, &m->turn, on_turn, m);
        if (r >= 0)
                r = sd_event_add_defer(m->event, &m->more, on_more, m);
        return r;
}

int manager_reserve(struct manager *m, uint32_t n) {
        int r = pids_reserve(&m->pids, 2 * n + m->n_probers);

        if (r == 0)
                r = timers_reserve(&m->timers, n + 3 + m->n_probers);
        if (r < 0)
                return r;
        r = jobs_reserve(&m->jobs, n);
        if (r < 0)
                return r;
        struct service **waiting = reallocarray(m->waiting, n + 1, sizeof(*waiting));
        if (!waiting)
                return -ENOMEM;
        m->waiting = waiting;
        m->n_reserved = n;
        return 0;
}

static int make_services(struct manager *m) {
        uint32_t n = (uint32_t) m->config->n_units;

        autofree bool *starts = calloc((size_t) n + 1, sizeof(bool));
        m->services = calloc((size_t) n + 1, sizeof(*m->services));
        if (starts)
                plan_mark_starting(&m->plan, starts);
        int r = m->services && starts ? manager_reserve(m, n) : -ENOMEM;
        for (uint32_t i = 0; i < n && r == 0; i++) {
                m->services[i] = service_new(m, m->config->units[i]);
                if (!m->services[i])
                        return -ENOMEM;
                m->services[i]->index = i;
                if (starts[i])
                        service_ask(m->services[i]);
                manager_touch(m->services[i]);
        }
        return r;
}

static void say_killed(void *context maybe_unused, pid_t pid, const char *name) {
        log_warning(NULL, "killed what was left: %s (pid %d)", name, pid);
}

static void set_hostname(const struct manager *m) {
        bool is_ours = m->options->isolated ||
                       m->init->is_pid1; /* never the name of a machine that we are a guest on */
        const char *name = is_ours ? m->config->container.hostname : NULL;
        int r = name ? kernel_set_hostname(name) : 0;

        if (r < 0)
                log_warning(NULL, "Hostname=%s is not set: %s", name, strerror(-r));
}

static void finish(struct manager *m) {
        usec_t until = m->phase == PHASE_RUNNING ? usec_add(manager_now(m), manager_budget(m)) : m->deadline;

        sampling_close(m);
        init_sweep(m->init, m->phase != PHASE_KILLING, until, say_killed, m);
        log_info(NULL, "ending with code %d", m->code);
}

static void close_all(struct manager *m) {
        for (uint32_t i = 0; m->services && i < m->plan.after.n; i++)
                service_free(m->services[i]);
        free(m->services);
        sd_event_source_unref(m->signals);
        sd_event_source_unref(m->timer);
        sd_event_source_unref(m->turn);
        sd_event_source_unref(m->more);
        oom_close(m);
        sd_event_unref(m->event);
        inherited_close(&m->listeners.inherited);
        cgroup_close(&m->cgroups);
        launcher_close(&m->launcher);
        census_done(&m->census);
        alarms_done(&m->alarms);
        lookouts_done(&m->lookouts);
        jobs_done(&m->jobs);
        timers_done(&m->timers);
        pids_done(&m->pids);
        free(m->waiting);
        strv_free(m->asked);
        override_free(m->overrides);
        plan_done(&m->plan);
        config_free(m->config);
}

/* Before there is any service: what tend has its budgets kept by. */
static void take_ground(struct manager *m) {
        cgroup_open(&m->cgroups, m->init, m->options->load.environment);
        oom_open(m);
        box_prepare(m, m->config);
        oom_spare(m, m->config);
}

int manager_run(struct init *init, struct config *config, const struct run_options *o) {
        struct manager m = {
                .init = init,
                .options = o,
                .config = config,
                .todo_end = &m.todo,
                .budget.slot = TIMER_IDLE,
                .retry.slot = TIMER_IDLE,
                .armed = USEC_INFINITY,
                .oom_fd = -1,
                .cgroups.root = -1,
        };

        alarms_init(&m.alarms, clock_monotonic());
        lookouts_init(&m.lookouts);
        int r = plan_build(&m.plan, config, NULL);
        if (r >= 0 && o->descriptors > 0)
                r = inherited_open(&m.listeners.inherited, o->load.environment);
        if (r >= 0)
                r = launcher_open(&m.launcher, init, o->load.environment);
        if (r >= 0)
                r = open_loop(&m);
        census_hold(&m.census, &m);
        if (r >= 0)
                take_ground(&m);
        if (r >= 0)
                r = make_services(&m);
        if (r < 0) {
                log_error(NULL, "starting up: %s", strerror(-r));
                close_all(&m);
                return FATE_CODE_NOT_SPAWNED;
        }
        set_hostname(&m);
        inherited_report(&m.listeners.inherited, config);
        if (o->hooks)
                m.bus = o->hooks->open(&m);
        groundwork_begin(&m);
        while (sd_event_get_state(m.event) != SD_EVENT_FINISHED) {
                r = sd_event_run(m.event, UINT64_MAX);
                if (r < 0 && r != -EINTR) {
                        log_error(NULL, "the event loop: %s; it goes on", strerror(-r));
                        init_wait_signal(init, clock_monotonic() + LOOP_PAUSE);
                }
        }
        if (o->hooks && m.bus)
                o->hooks->close(m.bus);
        finish(&m);
        close_all(&m);
        return m.code;
}
