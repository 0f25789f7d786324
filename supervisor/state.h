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
        X(RELOAD_SIGNAL, "reload-signal")                                                                    \
        X(RELOAD_NOTIFY, "reload-notify")                                                                    \
        X(STOP, "stop")                                                                                      \
        X(STOP_WATCHDOG, "stop-watchdog")                                                                    \
        X(STOP_SIGTERM, "stop-sigterm")                                                                      \
        X(STOP_SIGKILL, "stop-sigkill")                                                                      \
        X(STOP_POST, "stop-post")                                                                            \
        X(FINAL_WATCHDOG, "final-watchdog")                                                                  \
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
        X(LIMIT_HIT, "started too often")       /* likewise */                                               \
        X(RESET_ASKED, "reset asked")           /* reset-failed */                                           \
        X(HURRY, "no time left")                                                                             \
        X(UP, "ready")                       /* executed, or READY=1, as Type= asks */                       \
        X(RELOADING, "says that it reloads") /* RELOADING=1 */                                               \
        X(STOPPING, "says that it stops")    /* STOPPING=1 */                                                \
        X(SILENT, "watchdog silent")         /* or WATCHDOG=trigger */                                       \
        X(UNHEALTHY, "unhealthy")            /* and HealthAction= is restart or fail */                      \
        X(OOM, "out of memory")              /* the kernel has killed one of its processes */                \
        X(MAIN_ENDED, "main process ended")                                                                  \
        X(CONTROL_DONE, "command done")                                                                      \
        X(CONTROL_FAILED, "command failed")                                                                  \
        X(CONTROL_SKIPS, "command says no") /* ExecCondition=, with a code from 1 to 254 */                  \
        X(BROKEN, "cannot go on") /* a socket that cannot listen, or not any more; what is blamed is said */ \
        X(SPAWN_FAILED, "process not made")                                                                  \
        X(EMPTY, "no process left")                                                                          \
        X(TIME_OUT, "time out")
#define ENUM_EVENT(name, word) EVENT_##name,
enum event { EVENTS(ENUM_EVENT) EVENT_COUNT };

/* Carried out in the order of the bits. */
enum effect {
        DO_BLAME_TIMEOUT = 1ULL << 0, /* results: the first one that is not success stays */
        DO_BLAME_PROTOCOL = 1ULL << 1,
        DO_BLAME_MAIN = 1ULL << 2,    /* by how the main process ended */
        DO_BLAME_CONTROL = 1ULL << 3, /* by how the command ended */
        DO_BLAME_RESOURCES = 1ULL << 4,
        DO_BLAME_DEPENDENCY = 1ULL << 5,
        DO_BLAME_WATCHDOG = 1ULL << 6,
        DO_BLAME_HEALTH = 1ULL << 7,
        DO_BLAME_CONDITION = 1ULL << 8, /* by what ExecCondition= says: no failure */
        DO_BLAME_ASSERTION = 1ULL << 9, /* whatever was blamed before: a start that does not come about */
        DO_FORGIVE = 1ULL << 10,        /* nothing is blamed: the start is skipped */
        DO_BEGIN = 1ULL << 11, /* a new invocation: nothing is blamed, a new id, the start is counted */
        DO_DROP_CONTROL = 1ULL << 12, /* end the command that runs */
        DO_DISARM = 1ULL << 13,
        DO_GO_UP = 1ULL << 14,       /* the run counts as one: it has come up */
        DO_ARM_START = 1ULL << 15,   /* TimeoutStartSec= */
        DO_ARM_STOP = 1ULL << 16,    /* TimeoutStopSec= */
        DO_ARM_RUNTIME = 1ULL << 17, /* RuntimeMaxSec= */
        DO_ARM_DELAY = 1ULL << 18,   /* the delay of the verdict */
        DO_REMOVE = 1ULL << 19, /* the runtime directories, unless RuntimeDirectoryPreserve= keeps them */
        DO_RUN_CONDITION = 1ULL << 20, /* commands: the first of the list */
        DO_RUN_PRE = 1ULL << 21,
        DO_RUN_MAIN = 1ULL << 22,
        DO_RUN_NEXT = 1ULL << 23, /* the next ExecStart= of a oneshot */
        DO_RUN_POST = 1ULL << 24,
        DO_RUN_RELOAD = 1ULL << 25,
        DO_RUN_STOP = 1ULL << 26,
        DO_RUN_STOP_POST = 1ULL << 27,
        DO_TERM = 1ULL << 28, /* KillSignal= to whom KillMode= says; then EMPTY follows when nobody is left */
        DO_KILL = 1ULL << 29, /* FinalKillSignal= likewise */
        DO_ABORT = 1ULL << 30,         /* WatchdogSignal= to whom DO_TERM goes */
        DO_SIGNAL_RELOAD = 1ULL << 31, /* ReloadSignal= to the main process */
        DO_AWAIT_MAIN = 1ULL << 32,    /* look for PIDFile= until it names the main process: UP follows */
        DO_AWAIT_READY = 1ULL << 33,   /* ask ReadyWhen= until it answers: UP follows */
        DO_AWAIT_EMPTY = 1ULL << 34,   /* EMPTY follows when nobody is left, without a signal to anybody; of a
                                          service that is up: only where its main process is not known */
        DO_WARN_RELOAD = 1ULL << 35,   /* the reload failed, the service goes on */
        DO_BLAME_LIMIT = 1ULL << 36,   /* as DO_BLAME_ASSERTION */
        DO_BLAME_OOM = 1ULL << 37,
};
#define EFFECT_COUNT 38

/* What the guards look at. */
struct facts {
        const struct unit *unit;
        bool main_alive;
        bool main_clean;    /* its end was a clean one */
        bool more_to_run;   /* a oneshot's next ExecStart= */
        bool failed;        /* something is blamed */
        bool main_awaited;  /* a forking service's, which its PIDFile= does not name yet */
        bool probe_awaited; /* ReadyWhen= has not answered yet */
        bool main_unknown;  /* a forking service's, and it has not been found: who is left counts instead */
        bool reloading;     /* it has said RELOADING=1 and not READY=1 since */
        bool stops_itself;  /* it has said STOPPING=1, and we have sent no signal since */
        bool will_restart;  /* the verdict; asked for only where EMPTY or TIME_OUT may bring the service to
                               rest */
};

struct rule {
        uint32_t from; /* bit N: state N */
        enum event on;
        bool (*when)(const struct facts *f);
        const char *when_word; /* for `tend check --explain states` */
        enum state to;
        uint64_t effects; /* enum effect */
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
#define STATES_RELOADING                                                                                     \
        (STATE_BIT(STATE_RELOAD) | STATE_BIT(STATE_RELOAD_SIGNAL) | STATE_BIT(STATE_RELOAD_NOTIFY))
#define STATES_UP (STATE_BIT(STATE_RUNNING) | STATE_BIT(STATE_EXITED) | STATES_RELOADING)
#define STATES_STARTING                                                                                      \
        (STATE_BIT(STATE_CONDITION) | STATE_BIT(STATE_START_PRE) | STATE_BIT(STATE_START) |                  \
         STATE_BIT(STATE_START_POST))
#define STATES_STOPPING                                                                                      \
        (STATE_BIT(STATE_STOP) | STATE_BIT(STATE_STOP_WATCHDOG) | STATE_BIT(STATE_STOP_SIGTERM) |            \
         STATE_BIT(STATE_STOP_SIGKILL) | STATE_BIT(STATE_STOP_POST) | STATE_BIT(STATE_FINAL_WATCHDOG) |      \
         STATE_BIT(STATE_FINAL_SIGTERM) | STATE_BIT(STATE_FINAL_SIGKILL))
/* After WatchdogSignal=: there is time to write a core. */
#define STATES_ABORTING (STATE_BIT(STATE_STOP_WATCHDOG) | STATE_BIT(STATE_FINAL_WATCHDOG))
/* Where WatchdogSec= counts. */
#define STATES_WATCHED   (STATE_BIT(STATE_START_POST) | STATE_BIT(STATE_RUNNING) | STATES_RELOADING)
#define STATE_IN(s, set) ((STATE_BIT(s) & (set)) != 0)
