#include "supervisor/state.h"

#define WORD_OF_STATE(name, word) [STATE_##name] = (word),
#define WORD_OF_EVENT(name, word) [EVENT_##name] = (word),
static const char *const state_words[] = { STATES(WORD_OF_STATE) };
static const char *const event_words[] = { EVENTS(WORD_OF_EVENT) };

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

static bool is_oneshot(const struct facts *f) {
        return f->unit->type == SERVICE_ONESHOT;
}

static bool main_lives(const struct facts *f) {
        return f->main_alive;
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

static bool will_restart(const struct facts *f) {
        return f->will_restart;
}

static bool has_failed(const struct facts *f) {
        return f->failed;
}

#define S(name)     STATE_BIT(STATE_##name)
#define ALL         (STATE_BIT(STATE_COUNT) - 1)
#define RESTING     (S(DEAD) | S(FAILED) | S(AUTO_RESTART))
#define ENDING      (S(STOP_SIGTERM) | S(STOP_SIGKILL))
#define FINAL       (S(FINAL_SIGTERM) | S(FINAL_SIGKILL))
#define WHEN(guard) guard, #guard
#define ALWAYS      NULL, ""

/* Read from the top: the first rule whose guard holds is taken. The last block names what is heard and means
 * nothing. */
/* clang-format off */
const struct rule state_rules[] = {
        /* from                  on                 when                     to             effects */
        { RESTING,               EVENT_START_ASKED, WHEN(has_pre),           STATE_START_PRE,     DO_BEGIN | DO_ARM_START | DO_RUN_PRE },
        { RESTING,               EVENT_START_ASKED, ALWAYS,                  STATE_START,         DO_BEGIN | DO_ARM_START | DO_RUN_MAIN },
        { S(AUTO_RESTART),       EVENT_TIME_OUT,    WHEN(has_pre),           STATE_START_PRE,     DO_BEGIN | DO_ARM_START | DO_RUN_PRE },
        { S(AUTO_RESTART),       EVENT_TIME_OUT,    ALWAYS,                  STATE_START,         DO_BEGIN | DO_ARM_START | DO_RUN_MAIN },
        { S(AUTO_RESTART),       EVENT_STOP_ASKED,  ALWAYS,                  STATE_DEAD,          DO_DISARM },
        { S(AUTO_RESTART),       EVENT_HURRY,       ALWAYS,                  STATE_DEAD,          DO_DISARM },
        { S(DEAD),        EVENT_DEPENDENCY_FAILED,  ALWAYS,                  STATE_FAILED,        DO_BLAME_DEPENDENCY },

        { S(START_PRE),          EVENT_CONTROL_DONE,   ALWAYS,               STATE_START,         DO_RUN_MAIN },
        { S(START_PRE),          EVENT_CONTROL_FAILED, ALWAYS,               STATE_STOP_SIGTERM,  DO_BLAME_CONTROL | DO_ARM_STOP | DO_TERM },

        { S(START),              EVENT_UP,          WHEN(has_post),          STATE_START_POST,    DO_RUN_POST },
        { S(START),              EVENT_UP,          ALWAYS,                  STATE_RUNNING,       DO_DISARM | DO_ARM_RUNTIME | DO_GO_UP },
        { S(START),              EVENT_MAIN_ENDED,  WHEN(has_more),          STATE_START,         DO_RUN_NEXT },
        { S(START),              EVENT_MAIN_ENDED,  WHEN(oneshot_then_post), STATE_START_POST,    DO_RUN_POST },
        { S(START),              EVENT_MAIN_ENDED,  WHEN(oneshot_stays),     STATE_EXITED,        DO_DISARM | DO_GO_UP },
        { S(START),              EVENT_MAIN_ENDED,  WHEN(oneshot_then_stop), STATE_STOP,          DO_ARM_STOP | DO_RUN_STOP | DO_GO_UP },
        { S(START),              EVENT_MAIN_ENDED,  WHEN(oneshot_done),      STATE_STOP_SIGTERM,  DO_ARM_STOP | DO_TERM | DO_GO_UP },
        { S(START),              EVENT_MAIN_ENDED,  WHEN(ended_unready),     STATE_STOP_SIGTERM,  DO_BLAME_PROTOCOL | DO_ARM_STOP | DO_TERM },
        { S(START),              EVENT_MAIN_ENDED,  ALWAYS,                  STATE_STOP_SIGTERM,  DO_BLAME_MAIN | DO_ARM_STOP | DO_TERM },

        { S(START_POST),         EVENT_CONTROL_DONE, WHEN(main_lives),       STATE_RUNNING,       DO_DISARM | DO_ARM_RUNTIME | DO_GO_UP },
        { S(START_POST),         EVENT_CONTROL_DONE, WHEN(stays_exited),     STATE_EXITED,        DO_DISARM | DO_GO_UP },
        { S(START_POST),         EVENT_CONTROL_DONE, WHEN(ended_badly),      STATE_STOP_SIGTERM,  DO_BLAME_MAIN | DO_ARM_STOP | DO_TERM },
        { S(START_POST),         EVENT_CONTROL_DONE, WHEN(has_stop),         STATE_STOP,          DO_ARM_STOP | DO_RUN_STOP | DO_GO_UP },
        { S(START_POST),         EVENT_CONTROL_DONE, ALWAYS,                 STATE_STOP_SIGTERM,  DO_ARM_STOP | DO_TERM | DO_GO_UP },
        { S(START_POST),         EVENT_CONTROL_FAILED, ALWAYS,               STATE_STOP_SIGTERM,  DO_BLAME_CONTROL | DO_ARM_STOP | DO_TERM },

        { STATES_STARTING,       EVENT_SPAWN_FAILED, ALWAYS,                 STATE_STOP_SIGTERM,  DO_BLAME_RESOURCES | DO_ARM_STOP | DO_TERM },
        { STATES_STARTING,       EVENT_TIME_OUT,    ALWAYS,                  STATE_STOP_SIGTERM,  DO_BLAME_TIMEOUT | DO_ARM_STOP | DO_TERM },
        { STATES_STARTING,       EVENT_STOP_ASKED,  ALWAYS,                  STATE_STOP_SIGTERM,  DO_ARM_STOP | DO_TERM },

        { S(RUNNING),            EVENT_RELOAD_ASKED, WHEN(has_reload),       STATE_RELOAD,        DO_ARM_START | DO_RUN_RELOAD },
        { S(RELOAD),             EVENT_CONTROL_DONE, ALWAYS,                 STATE_RUNNING,       DO_DISARM | DO_ARM_RUNTIME },
        { S(RELOAD),             EVENT_CONTROL_FAILED, ALWAYS,               STATE_RUNNING,       DO_DISARM | DO_ARM_RUNTIME | DO_WARN_RELOAD },
        { S(RELOAD),             EVENT_SPAWN_FAILED, ALWAYS,                 STATE_RUNNING,       DO_DISARM | DO_ARM_RUNTIME | DO_WARN_RELOAD },
        { S(RELOAD),             EVENT_TIME_OUT,    ALWAYS,                  STATE_RUNNING,       DO_DROP_CONTROL | DO_DISARM | DO_ARM_RUNTIME | DO_WARN_RELOAD },

        { S(RUNNING) | S(RELOAD), EVENT_MAIN_ENDED, WHEN(ended_badly),       STATE_STOP_SIGTERM,  DO_BLAME_MAIN | DO_ARM_STOP | DO_TERM },
        { S(RUNNING) | S(RELOAD), EVENT_MAIN_ENDED, WHEN(stays_exited),      STATE_EXITED,        DO_DROP_CONTROL | DO_DISARM },
        { S(RUNNING) | S(RELOAD), EVENT_MAIN_ENDED, WHEN(has_stop),          STATE_STOP,          DO_DROP_CONTROL | DO_ARM_STOP | DO_RUN_STOP },
        { S(RUNNING) | S(RELOAD), EVENT_MAIN_ENDED, ALWAYS,                  STATE_STOP_SIGTERM,  DO_ARM_STOP | DO_TERM },
        { S(RUNNING),            EVENT_TIME_OUT,    WHEN(has_stop),          STATE_STOP,          DO_BLAME_TIMEOUT | DO_ARM_STOP | DO_RUN_STOP },
        { S(RUNNING),            EVENT_TIME_OUT,    ALWAYS,                  STATE_STOP_SIGTERM,  DO_BLAME_TIMEOUT | DO_ARM_STOP | DO_TERM },
        { STATES_UP,             EVENT_STOP_ASKED,  WHEN(has_stop),          STATE_STOP,          DO_DROP_CONTROL | DO_ARM_STOP | DO_RUN_STOP },
        { STATES_UP,             EVENT_STOP_ASKED,  ALWAYS,                  STATE_STOP_SIGTERM,  DO_ARM_STOP | DO_TERM },

        { S(STOP),               EVENT_CONTROL_DONE, ALWAYS,                 STATE_STOP_SIGTERM,  DO_ARM_STOP | DO_TERM },
        { S(STOP),               EVENT_CONTROL_FAILED, ALWAYS,               STATE_STOP_SIGTERM,  DO_BLAME_CONTROL | DO_ARM_STOP | DO_TERM },
        { S(STOP),               EVENT_SPAWN_FAILED, ALWAYS,                 STATE_STOP_SIGTERM,  DO_ARM_STOP | DO_TERM },
        { S(STOP),               EVENT_TIME_OUT,    ALWAYS,                  STATE_STOP_SIGTERM,  DO_BLAME_TIMEOUT | DO_ARM_STOP | DO_TERM },

        { ENDING,                EVENT_EMPTY,       WHEN(has_stop_post),     STATE_STOP_POST,     DO_ARM_STOP | DO_RUN_STOP_POST },
        { S(STOP_SIGTERM),       EVENT_TIME_OUT,    WHEN(may_kill),          STATE_STOP_SIGKILL,  DO_BLAME_TIMEOUT | DO_ARM_STOP | DO_KILL },
        { ENDING,                EVENT_TIME_OUT,    WHEN(has_stop_post),     STATE_STOP_POST,     DO_BLAME_TIMEOUT | DO_ARM_STOP | DO_RUN_STOP_POST },
        { S(START_POST) | S(STOP) | ENDING | S(STOP_POST) | FINAL, EVENT_MAIN_ENDED, ALWAYS, STATE_SAME, DO_BLAME_MAIN },

        { S(STOP_POST),          EVENT_CONTROL_DONE, ALWAYS,                 STATE_FINAL_SIGTERM, DO_ARM_STOP | DO_TERM },
        { S(STOP_POST),          EVENT_CONTROL_FAILED, ALWAYS,               STATE_FINAL_SIGTERM, DO_BLAME_CONTROL | DO_ARM_STOP | DO_TERM },
        { S(STOP_POST),          EVENT_SPAWN_FAILED, ALWAYS,                 STATE_FINAL_SIGTERM, DO_ARM_STOP | DO_TERM },
        { S(STOP_POST),          EVENT_TIME_OUT,    ALWAYS,                  STATE_FINAL_SIGTERM, DO_BLAME_TIMEOUT | DO_ARM_STOP | DO_TERM },
        { S(FINAL_SIGTERM),      EVENT_TIME_OUT,    WHEN(may_kill),          STATE_FINAL_SIGKILL, DO_BLAME_TIMEOUT | DO_ARM_STOP | DO_KILL },

        /* The ways to rest. A TIME_OUT that comes as far as here is one of what even SIGKILL does not end, or of what must not be killed. */
        { ENDING | FINAL,        EVENT_EMPTY,       WHEN(will_restart),      STATE_AUTO_RESTART,  DO_DISARM | DO_ARM_DELAY },
        { ENDING | FINAL,        EVENT_EMPTY,       WHEN(has_failed),        STATE_FAILED,        DO_DISARM },
        { ENDING | FINAL,        EVENT_EMPTY,       ALWAYS,                  STATE_DEAD,          DO_DISARM },
        { ENDING | FINAL,        EVENT_TIME_OUT,    ALWAYS,                  STATE_FAILED,        DO_BLAME_TIMEOUT | DO_DISARM },

        { STATES_STARTING | STATES_UP | S(STOP) | S(STOP_SIGTERM), EVENT_HURRY, ALWAYS, STATE_STOP_SIGKILL, DO_BLAME_TIMEOUT | DO_ARM_STOP | DO_KILL },
        { S(STOP_POST) | S(FINAL_SIGTERM), EVENT_HURRY, ALWAYS,              STATE_FINAL_SIGKILL, DO_BLAME_TIMEOUT | DO_ARM_STOP | DO_KILL },

        /* Heard, and nothing to do: what is asked is the case already, cannot be now, or will be looked at later. */
        { ALL,                   EVENT_START_ASKED, ALWAYS,                  STATE_SAME,          0 },
        { ALL,                   EVENT_STOP_ASKED,  ALWAYS,                  STATE_SAME,          0 },
        { ALL,                   EVENT_RELOAD_ASKED, ALWAYS,                 STATE_SAME,          0 },
        { ALL,             EVENT_DEPENDENCY_FAILED, ALWAYS,                  STATE_SAME,          0 },
        { ALL,                   EVENT_HURRY,       ALWAYS,                  STATE_SAME,          0 },
        { ALL,                   EVENT_UP,          ALWAYS,                  STATE_SAME,          0 },
        { ALL,                   EVENT_MAIN_ENDED,  ALWAYS,                  STATE_SAME,          0 },
        { ALL,                   EVENT_CONTROL_DONE, ALWAYS,                 STATE_SAME,          0 },
        { ALL,                   EVENT_CONTROL_FAILED, ALWAYS,               STATE_SAME,          0 },
        { ALL,                   EVENT_SPAWN_FAILED, ALWAYS,                 STATE_SAME,          0 },
        { ALL,                   EVENT_EMPTY,       ALWAYS,                  STATE_SAME,          0 },
        { ALL,                   EVENT_TIME_OUT,    ALWAYS,                  STATE_SAME,          0 },
};
/* clang-format on */

const size_t n_state_rules = countof(state_rules);

const struct rule *state_next(enum state from, enum event on, const struct facts *f) {
        for (size_t i = 0; i < countof(state_rules); i++) {
                const struct rule *r = &state_rules[i];
                if (r->on == on && (r->from & STATE_BIT(from)) && (!r->when || r->when(f)))
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
        if (s == STATE_RELOAD)
                return "reloading";
        if (STATE_IN(s, STATES_UP))
                return "active";
        if (STATE_IN(s, STATES_STARTING) || s == STATE_AUTO_RESTART)
                return "activating";
        return STATE_IN(s, STATES_STOPPING) ? "deactivating" : "inactive";
}
