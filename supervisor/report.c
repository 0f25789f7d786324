#include "supervisor/report.h"
#include "base/log.h"
#include "base/parse.h"
#include "supervisor/mainpid.h"
#include "supervisor/manager.h"
#include "supervisor/notify.h"
#include "supervisor/order.h"
#include "supervisor/prober.h"

/* What came of it, in the words that say most: the process's own end where there was one. `end` is what the
 * result is about, `main_ended` whether there was a main process. */
static const char *cause_of(const struct unit *u, enum result result, struct ending end, bool main_ended,
                            char buffer[ENDING_TEXT_MAX]) {
        static const char *const words[RESULT_COUNT] = {
                [RESULT_PROTOCOL] = "ended before it was ready",
                [RESULT_HEALTH] = "was unhealthy",
                [RESULT_TIMEOUT] = "ran out of time",
                [RESULT_RESOURCES] = "got no process",
                [RESULT_DEPENDENCY] = "did not start: what it requires has failed",
                [RESULT_ASSERTION] = "did not start: what it asserts does not hold",
                [RESULT_WATCHDOG] = "lost its watchdog",
                [RESULT_SERVICE_START_LIMIT] = "was closed: its service was started too often",
                [RESULT_TRIGGER_LIMIT] = "was closed: it was triggered too often",
                [RESULT_OOM_KILL] = "ran out of memory",
                [RESULT_UNIT_START_LIMIT] = "watches no more: its unit was started too often",
        };

        bool was_asked = unit_readiness(u)->ready_when && main_ended;

        if (result == RESULT_PROTOCOL && u->type == SERVICE_FORKING && !was_asked)
                return "left nobody for PIDFile= to name";
        if (u->socket && result == RESULT_RESOURCES)
                return "cannot listen";
        if (u->path && result == RESULT_RESOURCES)
                return "cannot watch";
        if (u->path && result == RESULT_TRIGGER_LIMIT)
                return "watches no more: it was triggered too often";
        if (result == RESULT_PROTOCOL && !was_asked)
                return "ended without READY=1";
        return words[result] ? words[result] : ending_text(end, buffer);
}

static const char *cause(const struct service *s, char buffer[ENDING_TEXT_MAX]) {
        bool is_main =
                s->main_ending.code != 0 && ending_result(s->unit, s->main_ending, s->was_asked) == s->result;

        return cause_of(s->unit, s->result, is_main ? s->main_ending : s->control_ending,
                        s->main_ending.code != 0, buffer);
}

const char *report_exit(const struct unit *u, const struct past_run *e, char buffer[ENDING_TEXT_MAX]) {
        if (result_is_failure(e->result))
                return cause_of(u, e->result, e->end, e->pid != 0, buffer);
        if (e->was_asked)
                return "stopped";
        return e->end.code != 0 ? ending_text(e->end, buffer) : "finished";
}

/* Than that it runs. */
static bool awaits_more(const struct service *s) {
        return unit_says_ready(s->unit) || unit_readiness(s->unit)->ready_when;
}

static void say_up(const struct service *s) {
        if (s->unit->timer || s->unit->socket || s->unit->path)
                return; /* it says itself what it waits for */
        if (s->main != 0)
                log_info(s->unit->name, "%s, pid %d", awaits_more(s) ? "ready" : "started", s->main);
        else if (mainpid_is_unknown(s))
                log_info(s->unit->name, "started; its main process is not known");
        else
                log_info(s->unit->name, s->unit->is_target ? "reached" : "done");
}

static void say_restart(const struct service *s, const char *what, const struct verdict *v) {
        char span[PARSE_PRINT_MAX];

        if (s->timer.at > s->since)
                log_warning(s->unit->name, "%s; starts again in %s (%s, restart %u)", what,
                            print_span((s->timer.at - s->since) / USEC_PER_MSEC * USEC_PER_MSEC, span),
                            v->why, s->restarts.count);
        else
                log_warning(s->unit->name, "%s; starts again (%s, restart %u)", what, v->why,
                            s->restarts.count);
}

/* Asked: it is no failure that a restart was due to. */
static void say_failed(const struct service *s, const char *what, const struct verdict *v) {
        if (s->was_asked)
                log_warning(s->unit->name, "stopped, but it %s", what);
        else if (s->unit->foreground)
                log_info(s->unit->name, "%s", what);
        else if (s->unit->socket || s->unit->path)
                log_error(s->unit->name, "%s", what);
        else if (v->why_not == RESULT_START_LIMIT)
                log_error(s->unit->name, "%s; given up on: %u starts within StartLimitIntervalSec=", what,
                          s->restarts.window.size);
        else
                log_error(s->unit->name, "%s; given up on: Restart=%s", what, restart_word(s->unit->restart));
}

/* Of a start that takes its time. */
static const char *awaited(const struct service *s) {
        if (s->main == 0 && s->control != 0)
                return "a command is running";
        if (prober_is_awaited(s))
                return "waits for ReadyWhen=";
        if (unit_says_ready(s->unit))
                return "waits for READY=1";
        return unit_readiness(s->unit)->pid_file ? "waits for its PIDFile=" : "";
}

static const char *why_at_rest(const struct service *s, char buffer[REPORT_WHY_MAX]) {
        const struct service *first = s->waits_to_start ? order_awaits(s) : NULL;

        if (first && first->index == SERVICE_NO_INDEX)
                return "waits until it has stopped as it was before";
        if (first) {
                (void) snprintf(buffer, REPORT_WHY_MAX, "waits for %s", first->unit->name);
                return buffer;
        }
        if (s->waits_to_start)
                return "waits to start";
        if (s->state == STATE_FAILED)
                return s->result == RESULT_START_LIMIT ? "was started too often" : cause(s, buffer);
        if (s->since == 0)
                return "not started yet";
        if (s->result == RESULT_EXEC_CONDITION)
                return "skipped: ExecCondition=";
        return s->was_asked ? "stopped" : s->main_ending.code != 0 ? "finished" : "";
}

const char *report_why(const struct service *s, char buffer[REPORT_WHY_MAX]) {
        const struct health *h = prober_health(s);

        if (service_is_at_rest(s))
                return why_at_rest(s, buffer);
        if (s->state == STATE_AUTO_RESTART)
                return cause(s, buffer);
        if (STATE_IN(s->state, STATES_STARTING))
                return awaited(s);
        if (STATE_IN(s->state, STATES_STOPPING))
                return result_is_failure(s->result) ? cause(s, buffer) : "";
        if (h->state != HEALTH_UNHEALTHY)
                return "";
        (void) snprintf(buffer, REPORT_WHY_MAX, "unhealthy%s%s", *h->why ? ": " : "", h->why);
        return buffer;
}

void report_step(const struct service *s, enum state before, enum event e) {
        char buffer[ENDING_TEXT_MAX];

        if (s->state == before)
                return;
        log_debug(s->unit->name, "%s, %s: now %s", state_word(before), event_word(e), state_word(s->state));
        if (e == EVENT_RESET_ASKED || e == EVENT_LIMIT_HIT)
                return;
        if (s->state == STATE_RUNNING && STATE_IN(before, STATES_RELOADING))
                log_info(s->unit->name, "reloaded");
        else if (s->state == STATE_RUNNING || s->state == STATE_EXITED)
                say_up(s);
        else if (s->state == STATE_STOP_SIGKILL || s->state == STATE_FINAL_SIGKILL)
                log_warning(s->unit->name, "did not %s in time: SIGKILL",
                            STATE_IN(before, STATES_STARTING) && !s->was_asked ? "start" : "stop");
        else if (s->state == STATE_DEAD && s->result == RESULT_EXEC_CONDITION)
                log_info(s->unit->name, "skipped: ExecCondition= %s", ending_text(s->control_ending, buffer));
        else if (s->state == STATE_DEAD)
                log_info(s->unit->name, s->was_asked ? "stopped" : "finished");
        else if (s->state == STATE_AUTO_RESTART || s->state == STATE_FAILED) {
                struct verdict v = policy_decide(s->unit, &s->restarts, s->result, s->main_ending, s->since);
                if (s->state == STATE_FAILED)
                        say_failed(s, cause(s, buffer), &v);
                else
                        say_restart(s, cause(s, buffer), &v);
        }
}
