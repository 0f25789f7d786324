#include <string.h>

#include "base/log.h"
#include "base/parse.h"
#include "supervisor/tie.h"

#define UPHOLD_LEAST (100 * USEC_PER_MSEC) /* so that RestartSec=0 does not spin */

static bool is_pending(const struct service *s) {
        return s->waits_to_start || s->starts_again;
}

static bool is_up(const struct service *s) {
        return STATE_IN(s->state, STATES_UP);
}

static void ask(struct service *s, enum job_verb verb, enum job_mode mode) {
        const struct job_request request = { .verb = verb, .mode = mode };
        struct diags d = {};
        int r = job_ask(s, &request, &d, NULL);

        if (r < 0)
                log_warning(s->unit->name, "not done: %s",
                            d.n > 0 && d.list[0].text ? d.list[0].text : strerror(-r));
        diags_done(&d);
}

/* --- Down. */

/* Its stop is no end of its own: should the other one come back by itself, it comes back with it. */
static void pull_down(struct service *s, const struct service *by) {
        bool runs = STATE_IN(s->state, STATES_UP | STATES_STARTING | STATE_BIT(STATE_AUTO_RESTART));

        if (!runs || s->wants_down || s->starts_again)
                return;
        log_info(s->unit->name, "stopping: %s, which it is bound to, is not up", by->unit->name);
        ask(s, ASK_STOP, JOB_MODE_REPLACE);
        s->goes_with = true;
}

static void went_down(const struct service *s) {
        const struct manager *m = s->manager;

        plan_each(&m->plan, s->index, v, LINK_DOWN) pull_down(m->services[v], s);
}

static void comes_back(const struct service *s) {
        const struct manager *m = s->manager;

        plan_each(&m->plan, s->index, v, LINK_DOWN) if (m->services[v]->goes_with)
                ask(m->services[v], ASK_START, JOB_MODE_REPLACE);
}

/* --- Up. */

static void came_up(struct service *s) {
        const struct manager *m = s->manager;

        plan_each(&m->plan, s->index, v, LINK_STOP_OTHER | LINK_STOP_OTHER_SOFT) {
                struct service *other = m->services[v];
                if (!STATE_IN(other->state, STATES_UP | STATES_STARTING | STATE_BIT(STATE_AUTO_RESTART)) ||
                    other->wants_down)
                        continue;
                log_info(other->unit->name, "stopping: it conflicts with %s", s->unit->name);
                ask(other, ASK_STOP, JOB_MODE_REPLACE);
        }
        plan_each(&m->plan, s->index, v, LINK_UPHOLD) manager_touch(m->services[v]);
}

/* --- At rest. */

static void start_handlers(struct service *s, enum link link, enum job_mode mode) {
        const struct manager *m = s->manager;

        plan_each(&m->plan, s->index, v, link) {
                log_info(m->services[v]->unit->name, "starting: %s has %s", s->unit->name,
                         link == LINK_FAILURE ? "failed" : "ended well");
                ask(m->services[v], ASK_START, mode);
        }
}

static void came_to_rest(struct service *s) {
        const struct manager *m = s->manager;

        s->timer.at = 0; /* nothing waits for it yet: see below */
        if (s->state == STATE_FAILED)
                start_handlers(s, LINK_FAILURE, JOB_MODE_REPLACE);
        else
                start_handlers(s, LINK_SUCCESS, JOB_MODE_FAIL);
        plan_each(&m->plan, s->index, v, LINK_START | LINK_START_SOFT | LINK_VERIFY | LINK_HANDLES)
                manager_touch(m->services[v]); /* may not be needed any more, or may have waited for this */
}

void tie_follow(struct service *s, enum state before) {
        const struct manager *m = s->manager;
        bool has_run = STATE_IN(before, STATES_UP | STATES_STARTING);
        bool has_rested = STATE_IN(before, STATES_AT_REST);

        if (s->state == before || m->phase != PHASE_RUNNING || s->index == SERVICE_NO_INDEX ||
            !plan_has(&m->plan, s->index, UINT16_MAX))
                return;
        if (is_up(s) && !STATE_IN(before, STATES_UP))
                came_up(s);
        if (has_run && !STATE_IN(s->state, STATES_UP | STATES_STARTING))
                went_down(s);
        if (s->state == STATE_AUTO_RESTART)
                comes_back(s);
        if (service_is_at_rest(s) && (!has_rested || s->state == STATE_FAILED))
                came_to_rest(s);
}

/* --- A time that a service at rest waits for: kept on its own deadline, which nothing else needs then. */

enum pause { PAUSE_NEW, PAUSE_ON, PAUSE_OVER };

static enum pause pause_of(const struct service *s) {
        if (s->timer.slot != TIMER_IDLE)
                return PAUSE_ON;
        return s->timer.at == 0 ? PAUSE_NEW : PAUSE_OVER;
}

/* --- Upholds=. */

static const struct service *upholder(const struct service *s) {
        const struct manager *m = s->manager;

        if (s->index == SERVICE_NO_INDEX || m->phase != PHASE_RUNNING)
                return NULL;
        plan_each(&m->plan, s->index, v, LINK_UPHELD) if (is_up(m->services[v]) &&
                                                          !m->services[v]->wants_down) return m->services[v];
        return NULL;
}

static usec_t limit_ends(const struct service *s) {
        return policy_limit_ends(&s->restarts.window, s->unit->start_limit_interval);
}

bool tie_is_upheld(const struct service *s) {
        return upholder(s) && limit_ends(s) <= manager_now(s->manager);
}

static void uphold(struct service *s) {
        usec_t now = manager_now(s->manager);
        usec_t delay = MAX(policy_delay(s->unit, s->restarts.step), UPHOLD_LEAST);
        usec_t at = MAX(usec_add(now, delay), limit_ends(s));
        char span[PARSE_PRINT_MAX];

        switch (pause_of(s)) {
        case PAUSE_NEW:
                s->restarts.step = MIN(s->restarts.step + 1, s->unit->restart_steps);
                timers_arm(&s->manager->timers, &s->timer, at);
                if (at > usec_add(now, delay))
                        log_warning(s->unit->name,
                                    "not started, though %s upholds it, for %s: %u starts within "
                                    "StartLimitIntervalSec=",
                                    upholder(s)->unit->name,
                                    print_span((at - now) / USEC_PER_SEC * USEC_PER_SEC, span),
                                    s->restarts.window.size);
                break;
        case PAUSE_ON:
                break;
        case PAUSE_OVER:
                s->timer.at = 0;
                log_info(s->unit->name, "starting: %s upholds it", upholder(s)->unit->name);
                ask(s, ASK_START, JOB_MODE_FAIL);
                break;
        }
}

/* --- StopWhenUnneeded=. */

static bool is_needed(const struct service *s) {
        const struct manager *m = s->manager;

        plan_each(&m->plan, s->index, v, LINK_NEEDED) if (!service_is_at_rest(m->services[v]) ||
                                                          is_pending(m->services[v])) return true;
        return false;
}

static void look_at_needs(struct service *s) {
        if (s->job || !unit_bonds(s->unit)->stop_when_unneeded || is_needed(s))
                return;
        log_info(s->unit->name, "stopping: nobody needs it any more");
        ask(s, ASK_STOP, JOB_MODE_FAIL);
}

/* One that has not come about, and never was up, is not there either. */
static void look_at_bounds(struct service *s) {
        const struct manager *m = s->manager;

        plan_each(&m->plan, s->index, v,
                  LINK_BOUND) if (service_is_at_rest(m->services[v]) && !is_pending(m->services[v]))
                pull_down(s, m->services[v]);
}

void tie_look_after(struct service *s) {
        if (s->index == SERVICE_NO_INDEX || s->manager->phase != PHASE_RUNNING)
                return;
        if (is_up(s) && !s->wants_down) {
                look_at_bounds(s);
                look_at_needs(s);
        }
        if (service_is_at_rest(s) && !is_pending(s) && !s->has_rested && upholder(s))
                uphold(s);
}

/* --- OnFailure= and OnSuccess=. */

static const struct service *busy_handler(const struct service *s) {
        const struct manager *m = s->manager;
        enum link link = s->state == STATE_FAILED ? LINK_FAILURE : LINK_SUCCESS;

        plan_each(&m->plan, s->index, v, link) if (!service_is_at_rest(m->services[v]) ||
                                                   is_pending(m->services[v])) return m->services[v];
        return NULL;
}

bool tie_waits_for_handlers(struct service *s) {
        struct manager *m = s->manager;
        const struct service *handler = NULL;
        usec_t most = manager_budget(m);

        if (m->phase == PHASE_RUNNING && s->index != SERVICE_NO_INDEX)
                handler = busy_handler(s);
        if (!handler || pause_of(s) == PAUSE_OVER) {
                timers_disarm(&m->timers, &s->timer);
                s->timer.at = 0;
                return false;
        }
        if (pause_of(s) == PAUSE_NEW) {
                char span[PARSE_PRINT_MAX];

                log_debug(s->unit->name, "what its end means waits for %s, %s at most", handler->unit->name,
                          print_span(most, span));
                timers_arm(&m->timers, &s->timer, usec_add(manager_now(m), most));
        }
        return true;
}

const struct service *tie_trigger(const struct service *s) {
        const struct manager *m = s->manager;
        const struct service *found = NULL;

        if (s->index == SERVICE_NO_INDEX)
                return NULL;
        plan_each(&m->plan, s->index, v, LINK_HANDLES) {
                const struct service *other = m->services[v];
                enum link link = other->state == STATE_FAILED ? LINK_FAILURE : LINK_SUCCESS;
                bool has_triggered = false;

                plan_each(&m->plan, v, handler, link) has_triggered |= handler == s->index;
                if (!service_is_at_rest(other) || !has_triggered || other->since == 0)
                        continue;
                if (found)
                        return NULL;
                found = other;
        }
        return found;
}
