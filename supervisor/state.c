#include "supervisor/state.h"

#include "config/setup.h"

#define WORD_OF_STATE(name, word) [STATE_##name] = (word),
#define WORD_OF_EVENT(name, word) [EVENT_##name] = (word),
static const char *const state_words[] = { STATES(WORD_OF_STATE) };
static const char *const event_words[] = { EVENTS(WORD_OF_EVENT) };

static bool always(const struct facts *f maybe_unused) {
        return true;
}

static bool has_condition(const struct facts *f) {
        return f->unit->exec[EXEC_CONDITION];
}

static bool has_pre(const struct facts *f) {
        return f->unit->exec[EXEC_START_PRE];
}

static bool has_post(const struct facts *f) {
        return f->unit->exec[EXEC_START_POST];
}

static bool has_reload(const struct facts *f) {
        return f->unit->exec[EXEC_RELOAD];
}

static bool has_stop(const struct facts *f) {
        return f->unit->exec[EXEC_STOP];
}

static bool has_stop_post(const struct facts *f) {
        return f->unit->exec[EXEC_STOP_POST];
}

static bool may_kill(const struct facts *f) {
        return f->unit->send_sigkill;
}

/* TimeoutStartFailureMode= and TimeoutStopFailureMode=. Where nothing may be killed, kill is terminate. */
static bool start_aborts(const struct facts *f) {
        return f->unit->setup && f->unit->setup->timeout_start_mode == TIMEOUT_ABORT;
}

static bool start_kills(const struct facts *f) {
        return may_kill(f) && f->unit->setup && f->unit->setup->timeout_start_mode == TIMEOUT_KILL;
}

static bool stop_aborts(const struct facts *f) {
        return f->unit->setup && f->unit->setup->timeout_stop_mode == TIMEOUT_ABORT;
}

static bool stop_kills(const struct facts *f) {
        return may_kill(f) && f->unit->setup && f->unit->setup->timeout_stop_mode == TIMEOUT_KILL;
}

static bool is_oneshot(const struct facts *f) {
        return f->unit->type == SERVICE_ONESHOT;
}

static bool reloads_by_both(const struct facts *f) {
        return f->unit->type == SERVICE_NOTIFY_RELOAD && f->main_alive && has_reload(f);
}

static bool reloads_by_signal(const struct facts *f) {
        return f->unit->type == SERVICE_NOTIFY_RELOAD && f->main_alive;
}

static bool is_reloading(const struct facts *f) {
        return f->reloading;
}

static bool stops_itself(const struct facts *f) {
        return f->stops_itself;
}

static bool main_awaited(const struct facts *f) {
        return f->main_awaited;
}

static bool probe_awaited(const struct facts *f) {
        return f->probe_awaited;
}

static bool main_serves(const struct facts *f) {
        return f->main_alive || f->main_unknown;
}

static bool ended_badly(const struct facts *f) {
        return !f->main_alive && !f->main_clean;
}

static bool has_more(const struct facts *f) {
        return is_oneshot(f) && f->main_clean && f->more_to_run;
}

static bool oneshot_then_post(const struct facts *f) {
        return is_oneshot(f) && f->main_clean && has_post(f);
}

static bool oneshot_stays(const struct facts *f) {
        return is_oneshot(f) && f->main_clean && f->unit->remain_after_exit;
}

static bool oneshot_then_stop(const struct facts *f) {
        return is_oneshot(f) && f->main_clean && has_stop(f);
}

static bool oneshot_done(const struct facts *f) {
        return is_oneshot(f) && f->main_clean;
}

static bool ended_unready(const struct facts *f) {
        return f->main_clean;
}

static bool stays_exited(const struct facts *f) {
        return f->main_clean && f->unit->remain_after_exit;
}

/* Of a service that reloads. */
static bool was_exited(const struct facts *f) {
        return !main_serves(f) && f->unit->remain_after_exit;
}

static bool will_restart(const struct facts *f) {
        return f->will_restart;
}

static bool has_failed(const struct facts *f) {
        return f->failed;
}

#define S(name)      STATE_BIT(STATE_##name)
#define ALL          (STATE_BIT(STATE_COUNT) - 1)
#define RESTING      (S(DEAD) | S(FAILED) | S(AUTO_RESTART))
#define STARTING     STATES_STARTING
#define UP           STATES_UP
#define RELOADING    STATES_RELOADING
#define SERVING      (S(RUNNING) | RELOADING)
#define WATCHED      STATES_WATCHED
#define ENDING       (S(STOP_WATCHDOG) | S(STOP_SIGTERM) | S(STOP_SIGKILL))
#define FINAL        (S(FINAL_WATCHDOG) | S(FINAL_SIGTERM) | S(FINAL_SIGKILL))
#define LEAVING      (S(START_POST) | S(STOP) | ENDING | S(STOP_POST) | FINAL)
#define BEFORE_KILL  (STARTING | UP | S(STOP) | S(STOP_WATCHDOG) | S(STOP_SIGTERM))
#define BEFORE_FINAL (S(STOP_POST) | S(FINAL_WATCHDOG) | S(FINAL_SIGTERM))

/* Effects that go together. */
#define BEGIN         (DO_BEGIN | DO_ARM_START)
#define SERVE         (DO_DISARM | DO_ARM_RUNTIME | DO_AWAIT_EMPTY)
#define RUN_STOP      (DO_ARM_STOP | DO_RUN_STOP)
#define RUN_STOP_POST (DO_ARM_STOP | DO_RUN_STOP_POST)
#define TERM          (DO_ARM_STOP | DO_TERM)
#define ABORT         (DO_ARM_STOP | DO_ABORT)
#define KILL          (DO_ARM_STOP | DO_KILL)

#define RULE(states, event, guard, next, what)                                                               \
        {                                                                                                    \
                .from = (states), .on = EVENT_##event, .when = (guard), .when_word = #guard,                 \
                .to = STATE_##next, .effects = (what)                                                        \
        }

/* Read from the top: the first rule whose guard holds is taken. The last block names what is heard and means
 * nothing. */
/* clang-format off */
const struct rule state_rules[] = {
        /*   from              on                 when               to             effects */
        RULE(RESTING,          CONDITION_UNMET,   always,            DEAD,
             DO_FORGIVE | DO_DISARM | DO_REMOVE),
        RULE(RESTING,          ASSERTION_FAILED,  always,            FAILED,
             DO_BLAME_ASSERTION | DO_DISARM | DO_REMOVE),
        RULE(S(DEAD) | S(FAILED), LIMIT_HIT,      always,            FAILED,
             DO_BLAME_LIMIT | DO_DISARM),
        RULE(RESTING,          START_ASKED,       has_condition,     CONDITION,     BEGIN | DO_RUN_CONDITION),
        RULE(RESTING,          START_ASKED,       has_pre,           START_PRE,     BEGIN | DO_RUN_PRE),
        RULE(RESTING,          START_ASKED,       always,            START,         BEGIN | DO_RUN_MAIN),
        RULE(S(AUTO_RESTART),  TIME_OUT,          has_condition,     CONDITION,     BEGIN | DO_RUN_CONDITION),
        RULE(S(AUTO_RESTART),  TIME_OUT,          has_pre,           START_PRE,     BEGIN | DO_RUN_PRE),
        RULE(S(AUTO_RESTART),  TIME_OUT,          always,            START,         BEGIN | DO_RUN_MAIN),
        RULE(S(AUTO_RESTART),  STOP_ASKED,        always,            DEAD,          DO_DISARM | DO_REMOVE),
        RULE(S(AUTO_RESTART),  HURRY,             always,            DEAD,          DO_DISARM | DO_REMOVE),
        RULE(S(DEAD),          DEPENDENCY_FAILED, always,            FAILED,        DO_BLAME_DEPENDENCY),
        RULE(S(FAILED),        RESET_ASKED,       always,            DEAD,          DO_FORGIVE),

        RULE(S(CONDITION),     CONTROL_DONE,      has_pre,           START_PRE,     DO_RUN_PRE),
        RULE(S(CONDITION),     CONTROL_DONE,      always,            START,         DO_RUN_MAIN),
        RULE(S(CONDITION),     CONTROL_SKIPS,     always,            STOP_SIGTERM,
             DO_BLAME_CONDITION | TERM),
        RULE(S(CONDITION),     CONTROL_FAILED,    always,            STOP_SIGTERM,  DO_BLAME_CONTROL | TERM),

        RULE(S(START_PRE),     CONTROL_DONE,      always,            START,         DO_RUN_MAIN),
        RULE(S(START_PRE),     CONTROL_FAILED,    always,            STOP_SIGTERM,  DO_BLAME_CONTROL | TERM),

        RULE(S(START),         UP,                probe_awaited,     SAME,          DO_AWAIT_READY),
        RULE(S(START),         UP,                has_post,          START_POST,    DO_RUN_POST),
        RULE(S(START),         UP,                always,            RUNNING,       SERVE | DO_GO_UP),
        /* A forking service's own command, which leaves its main process behind. */
        RULE(S(START),         CONTROL_DONE,      main_awaited,      SAME,          DO_AWAIT_MAIN),
        RULE(S(START),         CONTROL_DONE,      probe_awaited,     SAME,          DO_AWAIT_READY),
        RULE(S(START),         CONTROL_DONE,      has_post,          START_POST,    DO_RUN_POST),
        RULE(S(START),         CONTROL_DONE,      always,            RUNNING,       SERVE | DO_GO_UP),
        RULE(S(START),         CONTROL_FAILED,    always,            STOP_SIGTERM,  DO_BLAME_CONTROL | TERM),
        RULE(S(START),         EMPTY,             main_awaited,      STOP_SIGTERM,  DO_BLAME_PROTOCOL | TERM),
        RULE(S(START),         MAIN_ENDED,        has_more,          START,         DO_RUN_NEXT),
        RULE(S(START),         MAIN_ENDED,        oneshot_then_post, START_POST,    DO_RUN_POST),
        RULE(S(START),         MAIN_ENDED,        oneshot_stays,     EXITED,        DO_DISARM | DO_GO_UP),
        RULE(S(START),         MAIN_ENDED,        oneshot_then_stop, STOP,          RUN_STOP | DO_GO_UP),
        RULE(S(START),         MAIN_ENDED,        oneshot_done,      STOP_SIGTERM,  TERM | DO_GO_UP),
        RULE(S(START),         MAIN_ENDED,        ended_unready,     STOP_SIGTERM,  DO_BLAME_PROTOCOL | TERM),
        RULE(S(START),         MAIN_ENDED,        always,            STOP_SIGTERM,  DO_BLAME_MAIN | TERM),

        RULE(S(START),         EMPTY,             ended_unready,     STOP_SIGTERM,  DO_BLAME_PROTOCOL | TERM),
        RULE(S(START),         EMPTY,             always,            STOP_SIGTERM,  DO_BLAME_MAIN | TERM),

        RULE(S(START_POST),    CONTROL_DONE,      main_serves,       RUNNING,       SERVE | DO_GO_UP),
        RULE(S(START_POST),    CONTROL_DONE,      stays_exited,      EXITED,        DO_DISARM | DO_GO_UP),
        RULE(S(START_POST),    CONTROL_DONE,      ended_badly,       STOP_SIGTERM,  DO_BLAME_MAIN | TERM),
        RULE(S(START_POST),    CONTROL_DONE,      has_stop,          STOP,          RUN_STOP | DO_GO_UP),
        RULE(S(START_POST),    CONTROL_DONE,      always,            STOP_SIGTERM,  TERM | DO_GO_UP),
        RULE(S(START_POST),    CONTROL_FAILED,    always,            STOP_SIGTERM,  DO_BLAME_CONTROL | TERM),

        RULE(STARTING,         SPAWN_FAILED,      always,            STOP_SIGTERM,
             DO_BLAME_RESOURCES | TERM),
        RULE(STARTING,         BROKEN,            always,            STOP_SIGTERM,  TERM),
        RULE(STARTING,         TIME_OUT,          start_aborts,      STOP_WATCHDOG, DO_BLAME_TIMEOUT | ABORT),
        RULE(STARTING,         TIME_OUT,          start_kills,       STOP_SIGKILL,  DO_BLAME_TIMEOUT | KILL),
        RULE(STARTING,         TIME_OUT,          always,            STOP_SIGTERM,  DO_BLAME_TIMEOUT | TERM),
        RULE(STARTING,         STOP_ASKED,        always,            STOP_SIGTERM,  TERM),

        RULE(STARTING,         OOM,               always,            STOP_SIGTERM,  DO_BLAME_OOM | TERM),
        RULE(UP,               OOM,               has_stop,          STOP,
             DO_DROP_CONTROL | DO_BLAME_OOM | RUN_STOP),
        RULE(UP,               OOM,               always,            STOP_SIGTERM,  DO_BLAME_OOM | TERM),

        RULE(S(START) | WATCHED, SILENT,          always,            STOP_WATCHDOG,
             DO_BLAME_WATCHDOG | ABORT),

        RULE(SERVING,          UNHEALTHY,         has_stop,          STOP,
             DO_BLAME_HEALTH | DO_DROP_CONTROL | RUN_STOP),
        RULE(SERVING,          UNHEALTHY,         always,            STOP_SIGTERM,  DO_BLAME_HEALTH | TERM),

        RULE(S(RUNNING),       RELOAD_ASKED,      reloads_by_both,   RELOAD,
             DO_ARM_START | DO_SIGNAL_RELOAD | DO_RUN_RELOAD),
        RULE(S(RUNNING),       RELOAD_ASKED,      has_reload,        RELOAD,
             DO_ARM_START | DO_RUN_RELOAD),
        RULE(S(RUNNING),       RELOAD_ASKED,      reloads_by_signal, RELOAD_SIGNAL,
             DO_ARM_START | DO_SIGNAL_RELOAD),
        RULE(S(EXITED),        RELOAD_ASKED,      has_reload,        RELOAD,
             DO_ARM_START | DO_RUN_RELOAD),
        RULE(S(RUNNING),       RELOADING,         always,            RELOAD_NOTIFY, DO_ARM_START),
        RULE(S(RELOAD_SIGNAL), RELOADING,         always,            RELOAD_NOTIFY, 0),
        RULE(S(RELOAD_NOTIFY), UP,                always,            RUNNING,       SERVE),
        RULE(S(RELOAD),        CONTROL_DONE,      was_exited,        EXITED,        DO_DISARM),
        RULE(S(RELOAD),        CONTROL_DONE,      is_reloading,      RELOAD_NOTIFY, 0),
        RULE(S(RELOAD),        CONTROL_DONE,      always,            RUNNING,       SERVE),
        RULE(S(RELOAD),        CONTROL_FAILED,    was_exited,        EXITED,
             DO_DISARM | DO_WARN_RELOAD),
        RULE(S(RELOAD),        CONTROL_FAILED,    always,            RUNNING,       SERVE | DO_WARN_RELOAD),
        RULE(S(RELOAD),        SPAWN_FAILED,      was_exited,        EXITED,
             DO_DISARM | DO_WARN_RELOAD),
        RULE(S(RELOAD),        SPAWN_FAILED,      always,            RUNNING,       SERVE | DO_WARN_RELOAD),
        RULE(S(RELOAD),        TIME_OUT,          was_exited,        EXITED,
             DO_DROP_CONTROL | DO_DISARM | DO_WARN_RELOAD),
        RULE(RELOADING,        TIME_OUT,          always,            RUNNING,
             DO_DROP_CONTROL | SERVE | DO_WARN_RELOAD),

        RULE(SERVING,          MAIN_ENDED,        ended_badly,       STOP_SIGTERM,  DO_BLAME_MAIN | TERM),
        RULE(SERVING,          MAIN_ENDED,        stays_exited,      EXITED,
             DO_DROP_CONTROL | DO_DISARM),
        RULE(SERVING,          MAIN_ENDED,        has_stop,          STOP,
             DO_DROP_CONTROL | RUN_STOP),
        RULE(SERVING,          MAIN_ENDED,        always,            STOP_SIGTERM,  TERM),
        RULE(S(RUNNING),       EMPTY,             ended_badly,       STOP_SIGTERM,  DO_BLAME_MAIN | TERM),
        RULE(S(RUNNING),       EMPTY,             stays_exited,      EXITED,        DO_DISARM),
        RULE(S(RUNNING),       EMPTY,             has_stop,          STOP,          RUN_STOP),
        RULE(S(RUNNING),       EMPTY,             always,            STOP_SIGTERM,  TERM),
        RULE(S(RUNNING),       STOPPING,          always,            STOP_SIGTERM,
             DO_ARM_STOP | DO_AWAIT_EMPTY),
        RULE(S(RUNNING),       TIME_OUT,          has_stop,          STOP,
             DO_BLAME_TIMEOUT | RUN_STOP),
        RULE(S(RUNNING),       TIME_OUT,          always,            STOP_SIGTERM,  DO_BLAME_TIMEOUT | TERM),
        RULE(UP,               BROKEN,            has_stop,          STOP,
             DO_DROP_CONTROL | RUN_STOP),
        RULE(UP,               BROKEN,            always,            STOP_SIGTERM,  TERM),
        RULE(UP,               STOP_ASKED,        has_stop,          STOP,
             DO_DROP_CONTROL | RUN_STOP),
        RULE(UP,               STOP_ASKED,        always,            STOP_SIGTERM,  TERM),

        RULE(S(STOP),          CONTROL_DONE,      always,            STOP_SIGTERM,  TERM),
        RULE(S(STOP),          CONTROL_FAILED,    always,            STOP_SIGTERM,  DO_BLAME_CONTROL | TERM),
        RULE(S(STOP),          SPAWN_FAILED,      always,            STOP_SIGTERM,  TERM),
        RULE(S(STOP) | S(STOP_SIGTERM), TIME_OUT, stop_aborts,       STOP_WATCHDOG, DO_BLAME_TIMEOUT | ABORT),
        RULE(S(STOP),          TIME_OUT,          stop_kills,        STOP_SIGKILL,  DO_BLAME_TIMEOUT | KILL),
        RULE(S(STOP),          TIME_OUT,          always,            STOP_SIGTERM,  DO_BLAME_TIMEOUT | TERM),

        RULE(ENDING,           EMPTY,             has_stop_post,     STOP_POST,     RUN_STOP_POST),
        RULE(S(STOP_WATCHDOG) | S(STOP_SIGTERM), TIME_OUT, may_kill, STOP_SIGKILL,  DO_BLAME_TIMEOUT | KILL),
        RULE(ENDING,           TIME_OUT,          has_stop_post,     STOP_POST,
             DO_BLAME_TIMEOUT | RUN_STOP_POST),
        RULE(S(STOP_SIGTERM),  MAIN_ENDED,        stops_itself,      SAME,          DO_BLAME_MAIN | TERM),
        RULE(LEAVING,          MAIN_ENDED,        always,            SAME,          DO_BLAME_MAIN),

        RULE(S(STOP_POST),     CONTROL_DONE,      always,            FINAL_SIGTERM, TERM),
        RULE(S(STOP_POST),     CONTROL_FAILED,    always,            FINAL_SIGTERM, DO_BLAME_CONTROL | TERM),
        RULE(S(STOP_POST),     SPAWN_FAILED,      always,            FINAL_SIGTERM, TERM),
        RULE(S(STOP_POST) | S(FINAL_SIGTERM), TIME_OUT, stop_aborts, FINAL_WATCHDOG,
             DO_BLAME_TIMEOUT | ABORT),
        RULE(S(STOP_POST),     TIME_OUT,          stop_kills,        FINAL_SIGKILL, DO_BLAME_TIMEOUT | KILL),
        RULE(S(STOP_POST),     TIME_OUT,          always,            FINAL_SIGTERM, DO_BLAME_TIMEOUT | TERM),
        RULE(S(FINAL_WATCHDOG) | S(FINAL_SIGTERM), TIME_OUT, may_kill, FINAL_SIGKILL,
             DO_BLAME_TIMEOUT | KILL),

        /* The ways to rest. A TIME_OUT that comes as far as here is one of what even SIGKILL does not end, or
         * of what must not be killed. */
        RULE(ENDING | FINAL,   EMPTY,             will_restart,      AUTO_RESTART,
             DO_DISARM | DO_ARM_DELAY | DO_REMOVE),
        RULE(ENDING | FINAL,   EMPTY,             has_failed,        FAILED,        DO_DISARM | DO_REMOVE),
        RULE(ENDING | FINAL,   EMPTY,             always,            DEAD,          DO_DISARM | DO_REMOVE),
        RULE(ENDING | FINAL,   TIME_OUT,          always,            FAILED,
             DO_BLAME_TIMEOUT | DO_DISARM | DO_REMOVE),

        RULE(BEFORE_KILL,      HURRY,             always,            STOP_SIGKILL,  DO_BLAME_TIMEOUT | KILL),
        RULE(BEFORE_FINAL,     HURRY,             always,            FINAL_SIGKILL, DO_BLAME_TIMEOUT | KILL),

        /* Heard, and nothing to do: what is asked is the case already, cannot be now, or will be looked at
         * later. */
        RULE(ALL,              START_ASKED,       always,            SAME,          0),
        RULE(ALL,              STOP_ASKED,        always,            SAME,          0),
        RULE(ALL,              RELOAD_ASKED,      always,            SAME,          0),
        RULE(ALL,              DEPENDENCY_FAILED, always,            SAME,          0),
        RULE(ALL,              CONDITION_UNMET,   always,            SAME,          0),
        RULE(ALL,              ASSERTION_FAILED,  always,            SAME,          0),
        RULE(ALL,              LIMIT_HIT,         always,            SAME,          0),
        RULE(ALL,              RESET_ASKED,       always,            SAME,          0),
        RULE(ALL,              HURRY,             always,            SAME,          0),
        RULE(ALL,              UP,                always,            SAME,          0),
        RULE(ALL,              RELOADING,         always,            SAME,          0),
        RULE(ALL,              STOPPING,          always,            SAME,          0),
        RULE(ALL,              SILENT,            always,            SAME,          0),
        RULE(ALL,              UNHEALTHY,         always,            SAME,          0),
        RULE(ALL,              OOM,               always,            SAME,          0),
        RULE(ALL,              MAIN_ENDED,        always,            SAME,          0),
        RULE(ALL,              CONTROL_DONE,      always,            SAME,          0),
        RULE(ALL,              CONTROL_FAILED,    always,            SAME,          0),
        RULE(ALL,              CONTROL_SKIPS,     always,            SAME,          0),
        RULE(ALL,              BROKEN,            always,            SAME,          0),
        RULE(ALL,              SPAWN_FAILED,      always,            SAME,          0),
        RULE(ALL,              EMPTY,             always,            SAME,          0),
        RULE(ALL,              TIME_OUT,          always,            SAME,          0),
};
/* clang-format on */

const size_t n_state_rules = countof(state_rules);

const struct rule *state_next(enum state from, enum event on, const struct facts *f) {
        for (size_t i = 0; i < countof(state_rules); i++) {
                const struct rule *r = &state_rules[i];
                if (r->on == on && (r->from & STATE_BIT(from)) && r->when(f))
                        return r;
        }
        return NULL;
}

const char *state_word(enum state s) {
        return state_words[s];
}

const char *event_word(enum event e) {
        return event_words[e];
}

const char *state_active_word(enum state s) {
        if (s == STATE_FAILED)
                return "failed";
        if (STATE_IN(s, STATES_RELOADING))
                return "reloading";
        if (STATE_IN(s, STATES_UP))
                return "active";
        if (STATE_IN(s, STATES_STARTING) || s == STATE_AUTO_RESTART)
                return "activating";
        return STATE_IN(s, STATES_STOPPING) ? "deactivating" : "inactive";
}
