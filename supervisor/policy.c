#include <math.h>
#include <sys/wait.h>

#include "config/setup.h"
#include "supervisor/policy.h"

#define AFTER(r) (1U << RESULT_##r)

/* systemd.service(5), "Exit causes and the effect of the Restart= settings": the results after which each
 * value restarts. */
static const unsigned restarts_after[RESTART_COUNT] = {
        [RESTART_NO] = 0,
        [RESTART_ON_SUCCESS] = AFTER(SUCCESS),
        [RESTART_ON_FAILURE] = AFTER(EXIT_CODE) | AFTER(SIGNAL) | AFTER(CORE_DUMP) | AFTER(TIMEOUT) |
                               AFTER(WATCHDOG) | AFTER(HEALTH) | AFTER(PROTOCOL) | AFTER(OOM_KILL),
        [RESTART_ON_ABNORMAL] = AFTER(SIGNAL) | AFTER(CORE_DUMP) | AFTER(TIMEOUT) | AFTER(WATCHDOG) |
                                AFTER(HEALTH) | AFTER(PROTOCOL) | AFTER(OOM_KILL),
        [RESTART_ON_WATCHDOG] = AFTER(WATCHDOG) | AFTER(HEALTH),
        [RESTART_ON_ABORT] = AFTER(SIGNAL) | AFTER(CORE_DUMP),
        [RESTART_ALWAYS] =
                ~(AFTER(START_LIMIT) | AFTER(DEPENDENCY) | AFTER(EXEC_CONDITION) | AFTER(ASSERTION)),
};

static const char *const reasons[RESULT_COUNT] = {
        [RESULT_SUCCESS] = "it ended cleanly",
        [RESULT_RESOURCES] = "its process could not be made",
        [RESULT_PROTOCOL] = "it ended before it was ready",
        [RESULT_TIMEOUT] = "it ran out of time",
        [RESULT_EXIT_CODE] = "it failed",
        [RESULT_SIGNAL] = "it was killed",
        [RESULT_CORE_DUMP] = "it crashed",
        [RESULT_WATCHDOG] = "its watchdog fell silent",
        [RESULT_HEALTH] = "it was unhealthy",
        [RESULT_START_LIMIT] = "it was started too often",
        [RESULT_DEPENDENCY] = "what it requires is not there",
        [RESULT_EXEC_CONDITION] = "its ExecCondition= says no",
        [RESULT_ASSERTION] = "what it asserts does not hold",
        [RESULT_OOM_KILL] = "it ran out of memory",
        [RESULT_SERVICE_START_LIMIT] = "its service was started too often",
        [RESULT_TRIGGER_LIMIT] = "it was triggered too often",
        [RESULT_UNIT_START_LIMIT] = "its unit was started too often",
};

static bool has_status(const struct status_set *s, struct ending e) {
        return e.code == CLD_EXITED ? status_set_has_code(s, e.status)
                                    : e.code != 0 && status_set_has_signal(s, e.status);
}

/* HealthAction=restart says so itself; how the main process took its stop is not what matters. */
static bool is_cure(const struct unit *u, enum result result) {
        return result == RESULT_HEALTH && unit_readiness(u)->health_action == HEALTH_ACTION_RESTART;
}

/* Not being able to make a process says nothing about the service: it is tried again whatever
 * Restart= says. */
static bool is_wanted(const struct unit *u, enum result result, struct ending e, const char **why) {
        *why = reasons[result];
        if (u->socket || u->path) /* has no Restart= */
                return false;
        if (is_cure(u, result))
                return true;
        if (has_status(unit_exits(u)->restart_prevent, e)) {
                *why = "RestartPreventExitStatus= names this end";
                return false;
        }
        if (has_status(unit_exits(u)->restart_force, e)) {
                *why = "RestartForceExitStatus= names this end";
                return true;
        }
        return result == RESULT_RESOURCES || (restarts_after[u->restart] >> result & 1U);
}

static bool is_window_full(const struct start_window *w, usec_t interval, usec_t at) {
        if (w->size == 0 || w->used < w->size)
                return false;
        /* The ring is full: `next` is the oldest of the last `size` starts. */
        return usec_sub(at, w->at ? w->at[w->next] : w->last) < interval;
}

bool policy_is_limited(const struct unit *u, const struct restarts *r, usec_t now) {
        return is_window_full(&r->window, u->start_limit_interval, now);
}

usec_t policy_limit_ends(const struct start_window *w, usec_t interval) {
        if (w->size == 0 || w->used < w->size)
                return 0;
        return usec_add(w->at ? w->at[w->next] : w->last, interval);
}

bool policy_wants_room(const struct start_window *w) {
        return w->size > 1 && !w->at && w->used > 0;
}

void policy_take_room(struct start_window *w, usec_t *at) {
        w->at = at;
        w->at[0] = w->last;
        w->next = 1;
}

void policy_count_start(struct restarts *r, usec_t now) {
        struct start_window *w = &r->window;

        r->up_since = 0;
        w->last = now;
        if (!w->at) {
                w->used = MIN(1U, w->size);
                return;
        }
        w->at[w->next] = now;
        w->next = (w->next + 1) % w->size;
        w->used = MIN(w->used + 1, w->size);
}

/* How long a run must last for the delay and the count to start anew: RestartMaxDelaySec=, at least 10 s. */
static usec_t stable_after(const struct unit *u) {
        usec_t most = u->restart_max_delay == USEC_INFINITY ? 0 : u->restart_max_delay;
        return MAX(most, 10 * USEC_PER_SEC);
}

/* base to the power of part/whole, which is less than 1: a square root for each binary digit of it. pow(3)
 * would be a hundredth of the static binary. */
static double power(double base, uint64_t part, uint64_t whole) {
        double product = 1;

        while (part > 0 && base > 1) {
                base = sqrt(base);
                part *= 2;
                if (part >= whole) {
                        product *= base;
                        part -= whole;
                }
        }
        return product;
}

usec_t policy_delay(const struct unit *u, unsigned step) {
        bool grows = u->restart_steps > 0 && u->restart_max_delay != USEC_INFINITY && u->restart_delay > 0 &&
                     u->restart_delay < u->restart_max_delay;

        if (!grows || step == 0)
                return u->restart_delay;
        if (step >= u->restart_steps)
                return u->restart_max_delay;
        double ratio = (double) u->restart_max_delay / (double) u->restart_delay;
        return (usec_t) ((double) u->restart_delay * power(ratio, step, u->restart_steps) + 0.5);
}

/* Where no process can be made, trying at once would only make it worse: 100 ms, doubled up to 6.4 s. */
static usec_t resources_delay(unsigned count) {
        return 100 * USEC_PER_MSEC << MIN(count, 6U);
}

struct verdict policy_decide(const struct unit *u, const struct restarts *r, enum result result,
                             struct ending e, usec_t now) {
        bool was_stable = r->up_since != 0 && usec_sub(now, r->up_since) >= stable_after(u);
        unsigned step = was_stable ? 0 : r->step;
        struct verdict v = {};

        if (!is_wanted(u, result, e, &v.why))
                return v;
        usec_t delay = policy_delay(u, step);
        if (result == RESULT_RESOURCES)
                delay = MAX(delay, resources_delay(was_stable ? 0 : r->count));
        /* What counts is when it would start, not when it ended. */
        usec_t at = usec_add(now, delay);
        if (is_window_full(&r->window, u->start_limit_interval, at)) {
                v.why_not = RESULT_START_LIMIT;
                v.why = reasons[RESULT_START_LIMIT];
                return v;
        }
        v.restart = true;
        v.at = at;
        v.step = MIN(step + 1, u->restart_steps);
        v.count = (was_stable ? 0 : r->count) + 1;
        return v;
}
