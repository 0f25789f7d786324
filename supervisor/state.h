/* The life of a service: states, events, and the one table of rules that says what happens next. Pure: it
 * decides, service.c does. */
#pragma once

#include "supervisor/ending.h"

/* systemd's words for SubState=. */
#define STATES(X)                                                                                            \
        X(DEAD, "dead")                                                                                      \
        X(CONDITION, "condition")                                                                            \
        X(START_PRE, "start-pre")                                                                            \
        X(START, "start")                                                                                    \
        X(START_POST, "start-post")                                                                          \
        X(RUNNING, "running")                                                                                \
        X(EXITED, "exited")                                                                                  \
        X(RELOAD, "reload")                                                                                  \
        X(STOP, "stop")                                                                                      \
        X(STOP_SIGTERM, "stop-sigterm")                                                                      \
        X(STOP_SIGKILL, "stop-sigkill")                                                                      \
        X(STOP_POST, "stop-post")                                                                            \
        X(FINAL_SIGTERM, "final-sigterm")                                                                    \
        X(FINAL_SIGKILL, "final-sigkill")                                                                    \
        X(AUTO_RESTART, "auto-restart")                                                                      \
        X(FAILED, "failed")
#define ENUM_STATE(name, word) STATE_##name,
enum state { STATES(ENUM_STATE) STATE_COUNT, STATE_SAME /* in a rule: stay */ };

#define EVENTS(X)                                                                                            \
        X(START_ASKED, "start asked")                                                                        \
        X(STOP_ASKED, "stop asked")                                                                          \
        X(RELOAD_ASKED, "reload asked")                                                                      \
        X(DEPENDENCY_FAILED, "dependency failed")                                                            \
        X(CONDITION_UNMET, "condition not met") /* in place of START_ASKED */                                \
        X(ASSERTION_FAILED, "assertion failed") /* likewise */                                               \
        X(HURRY, "no time left")                                                                             \
        X(UP, "ready") /* executed, or READY=1, as Type= asks */                                             \
        X(MAIN_ENDED, "main process ended")                                                                  \
        X(CONTROL_DONE, "command done")                                                                      \
        X(CONTROL_FAILED, "command failed")                                                                  \
        X(CONTROL_SKIPS, "command says no") /* ExecCondition=, with a code from 1 to 254 */                  \
        X(SPAWN_FAILED, "process not made")                                                                  \
        X(EMPTY, "no process left")                                                                          \
        X(TIME_OUT, "time out")
#define ENUM_EVENT(name, word) EVENT_##name,
enum event { EVENTS(ENUM_EVENT) EVENT_COUNT };

/* Carried out in the order of the bits. */
enum effect {
        DO_BLAME_TIMEOUT = 1 << 0, /* results: the first one that is not success stays */
        DO_BLAME_PROTOCOL = 1 << 1,
        DO_BLAME_MAIN = 1 << 2,    /* by how the main process ended */
        DO_BLAME_CONTROL = 1 << 3, /* by how the command ended */
        DO_BLAME_RESOURCES = 1 << 4,
        DO_BLAME_DEPENDENCY = 1 << 5,
        DO_BLAME_CONDITION = 1 << 6, /* by what ExecCondition= says: no failure */
        DO_BLAME_ASSERTION = 1 << 7, /* whatever was blamed before: a start that does not come about */
        DO_FORGIVE = 1 << 8,         /* nothing is blamed: the start is skipped */
        DO_BEGIN = 1 << 9,           /* a new invocation: nothing is blamed, a new id, the start is counted */
        DO_DROP_CONTROL = 1 << 10,   /* end the command that runs */
        DO_DISARM = 1 << 11,
        DO_GO_UP = 1 << 12,         /* the run counts as one: it has come up */
        DO_ARM_START = 1 << 13,     /* TimeoutStartSec= */
        DO_ARM_STOP = 1 << 14,      /* TimeoutStopSec= */
        DO_ARM_RUNTIME = 1 << 15,   /* RuntimeMaxSec= */
        DO_ARM_DELAY = 1 << 16,     /* the delay of the verdict */
        DO_REMOVE = 1 << 17,        /* the runtime directories, unless RuntimeDirectoryPreserve= keeps them */
        DO_RUN_CONDITION = 1 << 18, /* commands: the first of the list */
        DO_RUN_PRE = 1 << 19,
        DO_RUN_MAIN = 1 << 20,
        DO_RUN_NEXT = 1 << 21, /* the next ExecStart= of a oneshot */
        DO_RUN_POST = 1 << 22,
        DO_RUN_RELOAD = 1 << 23,
        DO_RUN_STOP = 1 << 24,
        DO_RUN_STOP_POST = 1 << 25,
        DO_TERM = 1 << 26, /* KillSignal= to whom KillMode= says; then EMPTY follows when nobody is left */
        DO_KILL = 1 << 27, /* SIGKILL likewise */
        DO_WARN_RELOAD = 1 << 28, /* the reload failed, the service goes on */
};
#define EFFECT_COUNT 29

/* What the guards look at. */
struct facts {
        const struct unit *unit;
        bool main_alive;
        bool main_clean;   /* its end was a clean one */
        bool more_to_run;  /* a oneshot's next ExecStart= */
        bool failed;       /* something is blamed */
        bool will_restart; /* the verdict; asked for only where EMPTY or TIME_OUT may bring the service to
                              rest */
};

struct rule {
        uint32_t from; /* bit N: state N */
        enum event on;
        bool (*when)(const struct facts *f);
        const char *when_word; /* for `tend check --explain states` */
        enum state to;
        uint32_t effects;
};

/* The first rule whose guard holds; never NULL for a pair that exists, as the tests prove. */
const struct rule *state_next(enum state from, enum event on, const struct facts *f);

extern const struct rule state_rules[];
extern const size_t n_state_rules;

const char *state_word(enum state s);
const char *event_word(enum event e);

/* systemd's ActiveState= of it: "active", "activating", "reloading", "deactivating", "inactive"
 * or "failed". */
const char *state_active_word(enum state s);

#define STATE_BIT(s)   (1U << (s))
#define STATES_AT_REST (STATE_BIT(STATE_DEAD) | STATE_BIT(STATE_FAILED))
#define STATES_UP      (STATE_BIT(STATE_RUNNING) | STATE_BIT(STATE_EXITED) | STATE_BIT(STATE_RELOAD))
#define STATES_STARTING                                                                                      \
        (STATE_BIT(STATE_CONDITION) | STATE_BIT(STATE_START_PRE) | STATE_BIT(STATE_START) |                  \
         STATE_BIT(STATE_START_POST))
#define STATES_STOPPING                                                                                      \
        (STATE_BIT(STATE_STOP) | STATE_BIT(STATE_STOP_SIGTERM) | STATE_BIT(STATE_STOP_SIGKILL) |             \
         STATE_BIT(STATE_STOP_POST) | STATE_BIT(STATE_FINAL_SIGTERM) | STATE_BIT(STATE_FINAL_SIGKILL))
#define STATE_IN(s, set) ((STATE_BIT(s) & (set)) != 0)
