#include <string.h>

#include "base/log.h"
#include "supervisor/order.h"
#include "supervisor/reload.h"
#include "supervisor/tie.h"

/* It has come to where those behind it need not wait any longer: up, or at rest for good. */
static bool is_settled(const struct service *s) {
        if (s->waits_to_start || s->starts_again || s->wants_down)
                return false;
        return STATE_IN(s->state, STATES_UP | STATES_AT_REST);
}

static bool is_asked_down(const struct service *s) {
        return s->wants_down || (s->was_asked && STATE_IN(s->state, STATES_STOPPING));
}

/* What it was before its unit was gone from the files, and came back: files, sockets and cgroups are both's.
 */
static const struct service *find_former(const struct service *s) {
        for (const struct service *l = s->manager->leaving; l; l = l->next_leaving)
                if (strcmp(l->unit->name, s->unit->name) == 0)
                        return l;
        return NULL;
}

const struct service *order_awaits(const struct service *s) {
        const struct manager *m = s->manager;
        const struct service *former;

        if (s->index == SERVICE_NO_INDEX)
                return NULL;
        if ((former = find_former(s)))
                return former;
        graph_each(&m->plan.after, s->index, v)
                if (!is_settled(m->services[v]))
                        return m->services[v];
        return NULL;
}

bool order_has_turn(const struct service *s) {
        const struct manager *m = s->manager;

        if (order_awaits(s))
                return false;
        /* Between a stop and a start the stop comes first, whichever way they are ordered. */
        graph_each(&m->plan.before, s->index, w)
                if (is_asked_down(m->services[w]))
                        return false;
        plan_each(&m->plan, s->index, bound,
                  LINK_BOUND) if (m->services[bound]->state == STATE_AUTO_RESTART) return false;
        plan_each(&m->plan, s->index, verified,
                  LINK_VERIFY) if (STATE_IN(m->services[verified]->state,
                                            STATES_STARTING | STATE_BIT(STATE_AUTO_RESTART))) return false;
        return true;
}

/* Somebody is starting, or will with nothing in between. */
static bool is_busy(const struct manager *m) {
        for (uint32_t i = 0; i < m->plan.after.n; i++) {
                const struct service *s = m->services[i];
                if (s->unit->type == SERVICE_IDLE)
                        continue;
                if (STATE_IN(s->state, STATES_STARTING) || (s->waits_to_start && order_has_turn(s)))
                        return true;
        }
        return false;
}

/* Type=idle lets the others go first, for 5 s at the most, as systemd does. */
#define IDLE_MOST (5 * USEC_PER_SEC)

static bool stands_back(struct service *s) {
        struct manager *m = s->manager;
        bool has_waited = s->timer.slot == TIMER_IDLE && s->timer.at != 0;

        if (s->unit->type != SERVICE_IDLE || has_waited || !is_busy(m)) {
                timers_disarm(&m->timers, &s->timer);
                return false;
        }
        if (s->timer.slot == TIMER_IDLE)
                timers_arm(&m->timers, &s->timer, usec_add(manager_now(m), IDLE_MOST));
        m->idle_waits = true;
        return true;
}

static bool may_start(struct service *s) {
        return s->manager->groundwork.pid == 0 && order_has_turn(s) && !stands_back(s);
}

static bool is_behind(const struct service *s, uint32_t other) {
        graph_each(&s->manager->plan.after, s->index, v)
                if (v == other)
                        return true;
        return false;
}

/* What it cannot start without: NULL where all is as it has to be. */
static const struct service *failed_requirement(const struct service *s, const char **ret_why) {
        const struct manager *m = s->manager;

        *ret_why = "has failed";
        plan_each(&m->plan, s->index, v, LINK_START) {
                const struct service *needed = m->services[v];
                if (is_settled(needed) && service_is_at_rest(needed) && result_is_failure(needed->result))
                        return needed;
        }
        *ret_why = "is not up";
        plan_each(&m->plan, s->index, v,
                  LINK_VERIFY) if (!STATE_IN(m->services[v]->state, STATES_UP)) return m->services[v];
        plan_each(&m->plan, s->index, v, LINK_BOUND) if (!STATE_IN(m->services[v]->state, STATES_UP) &&
                                                         is_behind(s, v)) return m->services[v];
        return NULL;
}

/* Those that are ordered after it, and go down too, have gone. In a hurry there is no order. */
static bool may_stop(const struct service *s) {
        const struct manager *m = s->manager;

        if (s->index == SERVICE_NO_INDEX || m->phase > PHASE_STOPPING)
                return true;
        graph_each(&m->plan.before, s->index, v) {
                const struct service *later = m->services[v];
                if (!service_is_at_rest(later) &&
                    (later->wants_down || STATE_IN(later->state, STATES_STOPPING)))
                        return false;
        }
        return true;
}

/* Without the foreground command the container has done what it is there for. */
static void end_wait(struct service *s) {
        s->has_rested |= s->unit->foreground;
        manager_touch(s);
        order_touch_neighbours(s);
}

static void try_start(struct service *s) {
        if (!may_start(s))
                return;
        s->waits_to_start = false;
        const char *why;
        const struct service *missing = failed_requirement(s, &why);
        if (!missing) {
                service_dispatch(s, EVENT_START_ASKED);
                if (service_is_at_rest(s)) /* skipped: it was at rest, and still those behind it may go on */
                        end_wait(s);
                return;
        }
        log_error(s->unit->name, "not started: it requires %s, which %s", missing->unit->name, why);
        s->was_asked = false;
        job_finish(s, JOB_RESULT_DEPENDENCY);
        service_dispatch(s, EVENT_DEPENDENCY_FAILED);
}

/* Evenly over the stops that follow one another, with a tenth kept back for the last sweep. What one leaves
 * unused is the next ones'. */
static usec_t share(const struct service *s) {
        const struct manager *m = s->manager;
        usec_t now = manager_now(m), left = usec_sub(m->deadline, now);

        return now + left * 9 / 10 / MAX(s->level, (uint32_t) 1);
}

static void try_stop(struct service *s) {
        if (!may_stop(s))
                return;
        s->wants_down = false;
        if (s->manager->phase != PHASE_RUNNING)
                s->stop_deadline = share(s);
        service_dispatch(s, EVENT_STOP_ASKED);
}

/* `late`: it has rested since before the container's stop, and only its handlers were waited for. */
static void meet_fate(struct service *s, bool late) {
        struct manager *m = s->manager;
        struct rest rest = {
                .unit = s->unit,
                .result = s->result,
                .main = service_end(s),
                .killed = s->was_killed,
                .asked = s->was_asked,
        };

        struct fate fate = fate_of_rest(&rest);
        if (m->phase != PHASE_RUNNING) {
                /* One that waited to come back is not there any more, but it has not failed. */
                if (!m->code_is_fixed && s->state == STATE_FAILED && (!late || fate.decided))
                        m->code = fate_join(m->code, fate_code_of(&rest));
                return;
        }
        if (!fate.decided)
                return;
        log_info(s->unit->name, "%s", fate.why);
        manager_stop(m, fate.code, true, NULL);
        if (fate.at_once)
                manager_hurry(m);
}

void order_restart(struct service *s) {
        s->starts_again = true;
        s->wants_down = !service_is_at_rest(s);
}

void order_look_after(struct service *s) {
        bool at_rest = service_is_at_rest(s), late = at_rest && s->timer.slot != TIMER_IDLE;

        if (at_rest && s->has_rested && !tie_waits_for_handlers(s)) {
                s->has_rested = false;
                if (!s->starts_again && !tie_is_upheld(s))
                        meet_fate(s, late);
        }
        if (at_rest && s->index == SERVICE_NO_INDEX) {
                reload_dismiss(s);
                return;
        }
        if (at_rest && (s->starts_again || s->new_unit))
                reload_renew(s);
        if (s->waits_to_start)
                try_start(s);
        if (s->wants_down)
                try_stop(s);
        job_push(s);
        job_follow(s);
        tie_look_after(s);
}

static void touch_idle(struct manager *m) {
        m->idle_waits = false;
        for (uint32_t i = 0; i < m->plan.after.n; i++)
                if (m->services[i]->unit->type == SERVICE_IDLE && m->services[i]->waits_to_start)
                        manager_touch(m->services[i]);
}

void order_touch_neighbours(struct service *s) {
        struct manager *m = s->manager;

        if (m->idle_waits)
                touch_idle(m);
        if (s->index == SERVICE_NO_INDEX)
                return;
        graph_each(&m->plan.before, s->index, v)
                if (m->services[v]->waits_to_start)
                        manager_touch(m->services[v]);
        plan_each(&m->plan, s->index, x,
                  LINK_DOWN | LINK_STOP) if (m->services[x]->waits_to_start || service_is_at_rest(s))
                manager_touch(m->services[x]);
        if (!service_is_at_rest(s))
                return;
        graph_each(&m->plan.after, s->index, w)
                if (m->services[w]->wants_down || m->services[w]->waits_to_start)
                        manager_touch(m->services[w]);
}

void order_count_levels(struct manager *m) {
        uint32_t n = m->plan.after.n;
        autofree uint32_t *order = reallocarray(NULL, 3 * (size_t) n + 1, sizeof(*order));
        autofree usec_t *weight = reallocarray(NULL, 2 * (size_t) n + 1, sizeof(*weight));

        for (uint32_t i = 0; i < n; i++) {
                m->services[i]->level = 1;
                if (weight)
                        weight[i] = service_is_at_rest(m->services[i]) ? 0 : 1;
        }
        if (!order || !weight || !graph_sort(&m->plan.after, order, order + n))
                return;
        (void) graph_longest(&m->plan.after, order, weight, weight + n);
        for (uint32_t i = 0; i < n; i++)
                m->services[i]->level = (uint32_t) weight[n + i];
}
