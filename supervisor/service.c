#include <errno.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/parse.h"
#include "config/setup.h"
#include "supervisor/box.h"
#include "supervisor/condition.h"
#include "supervisor/connection.h"
#include "supervisor/directory.h"
#include "supervisor/fdstore.h"
#include "supervisor/job.h"
#include "supervisor/mainpid.h"
#include "supervisor/manager.h"
#include "supervisor/notify.h"
#include "supervisor/prober.h"
#include "supervisor/report.h"
#include "supervisor/spawn.h"
#include "supervisor/terminal.h"
#include "supervisor/tie.h"
#include "supervisor/trigger.h"
#include "supervisor/watchdog.h"

void service_set_unit(struct service *s, const struct unit *u) {
        unsigned size = u->start_limit_interval > 0 ? u->start_limit_burst : 0;

        if (size != s->restarts.window.size) {
                free(s->restarts.window.at);
                s->restarts.window = (struct start_window){ .size = size, .last = s->restarts.window.last };
        }
        s->unit = u;
        s->main_command = s->control_command = NULL; /* lines of the unit that it was */
}

void service_ask(struct service *s) {
        if (!s->waits_to_start)
                s->asked = manager_now(s->manager);
        s->waits_to_start = true;
}

struct service *service_new(struct manager *m, const struct unit *u) {
        struct service *s = calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        s->manager = m;
        s->timer.slot = TIMER_IDLE;
        s->stop_deadline = USEC_INFINITY;
        s->index = SERVICE_NO_INDEX;
        s->posted = EVENT_COUNT;
        service_set_unit(s, u);
        if (u->timer && alarm_new(s) < 0)
                return service_free(s);
        if (u->socket && listener_new(s) < 0)
                return service_free(s);
        if (u->path && lookout_new(s) < 0)
                return service_free(s);
        return s;
}

struct service *service_free(struct service *s) {
        if (!s)
                return NULL;
        timers_disarm(&s->manager->timers, &s->timer);
        job_finish(s, JOB_RESULT_CANCELED);
        if (s->unit->timer)
                alarm_free(s);
        if (s->unit->socket)
                listener_free(s);
        if (s->unit->path)
                lookout_free(s);
        notify_close(s->notify);
        vigil_free(s->vigil);
        box_free(s->box);
        free(s->past);
        free(s->restarts.window.at);
        connection_free(s->connection);
        free(s);
        return NULL;
}

struct ending service_end(const struct service *s) {
        bool is_main = ending_result(s->unit, s->main_ending, s->was_asked) == s->result;
        bool is_control = ending_result(s->unit, s->control_ending, false) == s->result;

        return is_control && !is_main ? s->control_ending : s->main_ending;
}

static struct verdict decide(const struct service *s) {
        return policy_decide(s->unit, &s->restarts, s->result, s->main_ending, manager_now(s->manager));
}

/* A stop, a change of its unit or the end of the container have the last word about a restart. */
static bool will_restart(const struct service *s) {
        return !s->was_asked && !s->starts_again && s->manager->phase == PHASE_RUNNING && decide(s).restart;
}

static struct facts look(const struct service *s) {
        return (struct facts){
                .unit = s->unit,
                .main_alive = s->main != 0,
                .main_clean = ending_result(s->unit, s->main_ending, s->was_asked) == RESULT_SUCCESS,
                .more_to_run = s->main_command && s->main_command->next,
                .failed = result_is_failure(s->result),
                .main_awaited = unit_readiness(s->unit)->pid_file && mainpid_is_unknown(s),
                .probe_awaited = prober_is_awaited(s),
                .main_unknown = mainpid_is_unknown(s),
                .reloading = s->reloading,
                .stops_itself = s->stops_itself,
                .will_restart = will_restart(s),
        };
}

/* The first blame stays: what came of it is no news. */
static void blame(struct service *s, enum result result) {
        if (s->result == RESULT_SUCCESS)
                s->result = (uint8_t) result;
}

/* Of an ExecCondition= even a signal that is a clean end elsewhere says nothing good. */
static void blame_control(struct service *s) {
        enum result r = ending_result(s->unit, s->control_ending, false);

        blame(s, r == RESULT_SUCCESS && s->control_kind == EXEC_CONDITION ? RESULT_SIGNAL : r);
}

/* A start that did not come about, whatever was before. */
static void blame_anew(struct service *s, enum result result) {
        s->result = (uint8_t) result;
        s->main_ending = s->control_ending = (struct ending){};
        s->was_asked = s->was_killed = false;
}

/* Where memory is lacking the limit forgets what it could not note, and the service goes on. */
static void count_start(struct service *s) {
        struct start_window *w = &s->restarts.window;
        usec_t *ring = policy_wants_room(w) ? calloc(w->size, sizeof(*ring)) : NULL;

        if (ring)
                policy_take_room(w, ring);
        policy_count_start(&s->restarts, manager_now(s->manager));
}

static void begin(struct service *s) {
        s->result = RESULT_SUCCESS;
        s->main_ending = s->control_ending = (struct ending){};
        s->main_command = NULL;
        s->was_asked = s->was_killed = s->reloading = s->stops_itself = s->is_held = false;
        s->goes_with = s->heeds_limit = false;
        /* Not enough entropy this early is no reason to wait: it is a name, not a secret. */
        ssize_t n maybe_unused =
                getrandom(s->invocation, sizeof(s->invocation), GRND_NONBLOCK | GRND_INSECURE);
        count_start(s);
}

/* Within the container's stop every time-out is cut to the service's share; what comes behind that, a kill,
 * has a moment more. */
#define LAST_MOMENT (200 * USEC_PER_MSEC)

static void arm(struct service *s, usec_t span) {
        usec_t now = manager_now(s->manager);
        usec_t at = usec_add(now, span);

        if (s->stop_deadline != USEC_INFINITY)
                at = MIN(at, MAX(s->stop_deadline, now + LAST_MOMENT));
        timers_arm(&s->manager->timers, &s->timer, at);
}

/* It counts from when the service came up, however often it is reloaded. */
static void arm_runtime(struct service *s) {
        usec_t used = usec_sub(manager_now(s->manager), s->restarts.up_since);
        arm(s, usec_sub(s->unit->runtime_max, used));
}

/* A delay is none of its business. */
void service_extend(struct service *s, usec_t span) {
        usec_t now = manager_now(s->manager), until = usec_add(now, span);

        if (s->timer.slot != TIMER_IDLE &&
            STATE_IN(s->state, STATES_STARTING | STATES_UP | STATES_STOPPING) && until > s->timer.at)
                arm(s, span);
        watchdog_extend(s, until);
}

/* Of a service that is up only where nobody else tells of its end. */
static void await_empty(struct service *s) {
        if (!STATE_IN(s->state, STATES_STOPPING) && !mainpid_is_unknown(s))
                return;
        s->waits_for_empty = true;
        s->manager->census_due = true;
}

static void arm_delay(struct service *s) {
        struct verdict v = decide(s);

        s->restarts.step = v.step;
        s->restarts.count = v.count;
        timers_arm(&s->manager->timers, &s->timer, v.at);
}

/* Writing a core may take longer than a stop. */
static usec_t stop_span(const struct service *s) {
        return STATE_IN(s->state, STATES_ABORTING) ? unit_abort_timeout(s->unit) : s->unit->timeout_stop;
}

/* RestartKillSignal= where a start follows the stop. */
static int stop_signal(const struct service *s) {
        return s->starts_again ? unit_restart_signal(s->unit) : s->unit->kill_signal;
}

static void remove_directories(const struct service *s) {
        enum preserve preserve = s->unit->setup ? s->unit->setup->preserve : PRESERVE_YES;
        bool comes_back = s->state == STATE_AUTO_RESTART || s->starts_again;

        if (preserve == PRESERVE_NO || (preserve == PRESERVE_RESTART && !comes_back))
                directory_remove(s->unit);
}

static void warn_of_reload(const struct service *s) {
        log_warning(s->unit->name, "its reload failed; it goes on");
        if (s->job)
                s->job->has_failed = true;
}

/* clang-format off */
static void carry_out(struct service *s, enum effect effect) {
        struct timers *timers = &s->manager->timers;

        switch (effect) {
        case DO_BLAME_TIMEOUT:    blame(s, RESULT_TIMEOUT); break;
        case DO_BLAME_PROTOCOL:   blame(s, RESULT_PROTOCOL); break;
        case DO_BLAME_MAIN:       blame(s, ending_result(s->unit, s->main_ending, s->was_asked)); break;
        case DO_BLAME_CONTROL:    blame_control(s); break;
        case DO_BLAME_RESOURCES:  blame(s, RESULT_RESOURCES); break;
        case DO_BLAME_DEPENDENCY: blame(s, RESULT_DEPENDENCY); break;
        case DO_BLAME_WATCHDOG:   blame(s, RESULT_WATCHDOG); break;
        case DO_BLAME_HEALTH:     blame(s, RESULT_HEALTH); break;
        case DO_BLAME_OOM:        blame(s, RESULT_OOM_KILL); break;
        case DO_BLAME_CONDITION:  blame(s, RESULT_EXEC_CONDITION); break;
        case DO_BLAME_ASSERTION:  blame_anew(s, RESULT_ASSERTION); break;
        case DO_BLAME_LIMIT:      blame_anew(s, RESULT_START_LIMIT); break;
        case DO_FORGIVE:          blame_anew(s, RESULT_SUCCESS); break;
        case DO_BEGIN:            begin(s); break;
        case DO_DROP_CONTROL:     spawn_drop_control(s); break;
        case DO_DISARM:           timers_disarm(timers, &s->timer); break;
        case DO_ARM_START:        arm(s, s->unit->timeout_start); break;
        case DO_ARM_STOP:         arm(s, stop_span(s)); break;
        case DO_ARM_RUNTIME:      arm_runtime(s); break;
        case DO_ARM_DELAY:        arm_delay(s); break;
        case DO_REMOVE:           remove_directories(s); break;
        case DO_RUN_CONDITION:    spawn_control(s, EXEC_CONDITION); break;
        case DO_RUN_PRE:          spawn_control(s, EXEC_START_PRE); break;
        case DO_RUN_MAIN:         spawn_main(s, s->unit->exec[EXEC_START]); break;
        case DO_RUN_NEXT:         spawn_main(s, s->main_command->next); break;
        case DO_RUN_POST:         spawn_control(s, EXEC_START_POST); break;
        case DO_RUN_RELOAD:       spawn_control(s, EXEC_RELOAD); break;
        case DO_RUN_STOP:         spawn_control(s, EXEC_STOP); break;
        case DO_RUN_STOP_POST:    spawn_control(s, EXEC_STOP_POST); break;
        case DO_TERM:             spawn_signal(s, stop_signal(s), false); break;
        case DO_KILL:             spawn_signal(s, unit_final_signal(s->unit), true); break;
        case DO_ABORT:            spawn_signal(s, unit_readiness(s->unit)->watchdog_signal, false); break;
        case DO_SIGNAL_RELOAD:    spawn_signal_reload(s); break;
        case DO_AWAIT_MAIN:       mainpid_search(s); break;
        case DO_AWAIT_READY:      prober_await(s); break;
        case DO_AWAIT_EMPTY:      await_empty(s); break;
        case DO_GO_UP:            s->restarts.up_since = manager_now(s->manager); break;
        case DO_WARN_RELOAD:      warn_of_reload(s); break;
        }
}
/* clang-format on */

/* Nothing of it runs any more. What is kept over a restart goes where there is none. */
static void retire(struct service *s) {
        mainpid_forget(s);
        sampling_forget(s);
        if (s->state == STATE_AUTO_RESTART || s->starts_again)
                return;
        if (s->vigil)
                fdstore_clear(s->vigil);
        trigger_forget(s);
        box_close(s);
}

/* The only writer of a state. */
static void set_state(struct service *s, enum state to) {
        enum state before = s->state;

        if (to == STATE_SAME || to == before)
                return;
        s->state = (uint8_t) to;
        s->since = manager_now(s->manager);
        s->waits_for_empty = false;
        watchdog_follow(s, before);
        if (s->vigil)
                prober_follow(s, before);
        if (STATE_IN(to, STATES_AT_REST | STATE_BIT(STATE_AUTO_RESTART))) {
                retire(s);
                if (STATE_IN(before, STATES_STOPPING))
                        terminal_leave(s->unit);
        }
        if (s->unit->socket && STATE_IN(to, STATES_AT_REST | STATE_BIT(STATE_STOP_POST)))
                listener_close(s);
        s->has_rested |= service_is_at_rest(s) && before != STATE_FAILED;
        manager_changed(s);
}

/* One that was on its way to a restart has not failed: it would have been back. */
static void ask_to_stop(struct service *s) {
        bool was_leaving = STATE_IN(s->state, STATES_STOPPING | STATE_BIT(STATE_AUTO_RESTART));

        if (!s->was_asked && was_leaving && decide(s).restart)
                s->result = RESULT_SUCCESS;
        s->was_asked = true;
}

static void take_step(struct service *s, enum event e) {
        enum state before = s->state;

        if (e == EVENT_STOP_ASKED || e == EVENT_HURRY)
                ask_to_stop(s);
        struct facts facts = look(s);
        const struct rule *rule = state_next(before, e, &facts);
        if (!rule)
                return;
        set_state(s, rule->to);
        for (unsigned i = 0; i < EFFECT_COUNT; i++)
                if (rule->effects & 1ULL << i)
                        carry_out(s, (enum effect)(1ULL << i));
        report_step(s, before, e);
        if (s->state != before && STATE_IN(s->state, STATES_AT_REST | STATE_BIT(STATE_AUTO_RESTART)) &&
            !STATE_IN(before, STATES_AT_REST | STATE_BIT(STATE_AUTO_RESTART)))
                past_note(s);
        if (s->manager->bus && s->state != before)
                s->manager->options->hooks->stepped(s->manager->bus, s, before, e);
        if (s->manager->alarms.list)
                alarm_heed(s, before);
        if (s->manager->listeners.list)
                listener_heed(s, before);
        if (s->manager->lookouts.list)
                lookout_heed(s, before);
        job_follow(s);
        tie_follow(s, before);
}

/* A start that its conditions or assertions do not allow becomes another event. */
static enum event check_start(const struct service *s, enum event e) {
        bool starts = e == EVENT_START_ASKED
                              ? STATE_IN(s->state, STATES_AT_REST | STATE_BIT(STATE_AUTO_RESTART))
                              : e == EVENT_TIME_OUT && s->state == STATE_AUTO_RESTART;
        const struct check *list = starts && s->unit->setup ? s->unit->setup->checks : NULL, *failed;
        char text[512];

        if (starts && e == EVENT_START_ASKED && s->heeds_limit &&
            policy_limit_ends(&s->restarts.window, s->unit->start_limit_interval) > manager_now(s->manager)) {
                log_error(s->unit->name, "not started: it was started %u times within StartLimitIntervalSec=",
                          s->restarts.window.size);
                return EVENT_LIMIT_HIT;
        }
        if (list && !judge_checks(list, false, condition_ask, s->manager->launcher.environment, &failed)) {
                log_info(s->unit->name, "skipped: %s", condition_text(failed, false, text, sizeof(text)));
                return EVENT_CONDITION_UNMET;
        }
        if (list && !judge_checks(list, true, condition_ask, s->manager->launcher.environment, &failed)) {
                log_error(s->unit->name, "not started: %s", condition_text(failed, true, text, sizeof(text)));
                return EVENT_ASSERTION_FAILED;
        }
        return e;
}

/* An effect leads to one event more at the most (a process that could not be made, a command that there is
 * none of): taken up when the effects are through, so that the table is always asked from a settled state. */
void service_dispatch(struct service *s, enum event e) {
        while (e != EVENT_COUNT) {
                s->posted = EVENT_COUNT;
                take_step(s, check_start(s, e));
                e = s->posted;
        }
}
