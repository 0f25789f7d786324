/* Verbs on units at run time, for whoever asks: the bus, a timer, a dependency. To ask is to start a
 * transaction: what the unit requires and wants is started with it, what requires it stops and restarts with
 * it. Each unit that takes part has a job, the receipt of what was asked, until that has come about or
 * cannot; the order (order.h) says when. What starts with the container is asked by nobody and has no jobs.
 */
#pragma once

#include "base/diag.h"
#include "supervisor/service.h"
#include "supervisor/transaction.h"

#define JOB_RESULTS(X)                                                                                       \
        X(DONE, "done")                                                                                      \
        X(CANCELED, "canceled")                                                                              \
        X(TIMEOUT, "timeout")                                                                                \
        X(FAILED, "failed")                                                                                  \
        X(DEPENDENCY, "dependency")                                                                          \
        X(SKIPPED, "skipped")                                                                                \
        X(INVALID, "invalid") /* a reload of what is not up */                                               \
        X(ASSERT, "assert")                                                                                  \
        X(UNSUPPORTED, "unsupported")                                                                        \
        X(COLLECTED, "collected")                                                                            \
        X(ONCE, "once")
#define ENUM_JOB_RESULT(name, word) JOB_RESULT_##name,
enum job_result { JOB_RESULTS(ENUM_JOB_RESULT) JOB_RESULT_COUNT };

/* What can be asked, in systemctl's words. */
#define JOB_VERBS(X)                                                                                         \
        X(START, "start")                                                                                    \
        X(STOP, "stop")                                                                                      \
        X(RELOAD, "reload")                                                                                  \
        X(RESTART, "restart")                                                                                \
        X(TRY_RESTART, "try-restart")                                                                        \
        X(RELOAD_OR_RESTART, "reload-or-restart")                                                            \
        X(TRY_RELOAD_OR_RESTART, "try-reload-or-restart")
#define ENUM_JOB_VERB(name, word) ASK_##name,
enum job_verb { JOB_VERBS(ENUM_JOB_VERB) JOB_VERB_COUNT };

/* What becomes of jobs that are in the way, and how far it reaches. */
#define JOB_MODES(X)                                                                                         \
        X(REPLACE, "replace")                                                                                \
        X(FAIL, "fail") /* refused where a job would have to go that wants the opposite */                   \
        X(REPLACE_IRREVERSIBLY, "replace-irreversibly")                                                      \
        X(FLUSH, "flush") /* all other jobs go */                                                            \
        X(IGNORE_DEPENDENCIES, "ignore-dependencies")                                                        \
        X(IGNORE_REQUIREMENTS, "ignore-requirements")                                                        \
        X(ISOLATE, "isolate") /* refused */
#define ENUM_JOB_MODE(name, word) JOB_MODE_##name,
enum job_mode { JOB_MODES(ENUM_JOB_MODE) JOB_MODE_COUNT };

struct job {
        struct job *next;        /* owned; the manager's list, the latest first */
        struct service *service; /* borrowed; whose ->job it is */
        uint32_t id;             /* from 1 on, never used twice */
        uint8_t type;            /* enum job_type */
        bool running;            /* "running", else "waiting" */
        bool irreversible;       /* nothing but its end takes it away */
        bool has_failed;         /* a reload that came to nothing */
};

/* Whoever wants to hear of jobs; owned by the caller, who takes it out before it goes. Called in the middle
 * of things: note it down, ask nothing. */
struct job_hook {
        void (*added)(void *context, const struct job *j);
        void (*removed)(void *context, const struct job *j, enum job_result result);
        void *context;
        struct job_hook *next; /* borrowed */
};

struct jobs {
        struct job *list; /* owned, and each of them */
        struct job_hook *hooks;
        uint32_t last_id;
        struct transaction transaction; /* owned; the one that is being made */
};

struct job_request {
        enum job_verb verb;
        enum job_mode mode;
        bool by_hand;   /* a person asks, not a dependency: what that stops does not end the container as the
                           last that ran */
        bool unlimited; /* not counted against the start limit */
};

/* Asks. 0, and the unit's job in *ret (may be NULL), good until the hooks tell of its end, which they do not
 * before this returns. Where there was one that goes well with it, it is that one. Says why not to `d` (may
 * be NULL): -ESHUTDOWN the container is stopping, -EINVAL the verb does not apply to that unit, -EBUSY a job
 * is in the way, -EOPNOTSUPP the mode; -ENOMEM. Nothing has changed then. */
int job_ask(struct service *s, const struct job_request *q, struct diags *d,
            const struct job **ret) must_check;

/* CancelJob(): what waits does not happen, what runs goes on without a job. */
void job_cancel(struct service *s);

struct job *job_find(const struct manager *m, uint32_t id);

void job_hook_add(struct manager *m, struct job_hook *h);
void job_hook_remove(struct manager *m, struct job_hook *h);

/* Forgets that it has failed, and how often it was started. Not what it is about to do. */
void job_reset_failed(struct service *s);

/* Whom `systemctl kill` means. */
enum job_whom { JOB_WHOM_ALL, JOB_WHOM_MAIN, JOB_WHOM_CONTROL };
/* 0, or -ESRCH where there is nobody to be sent the signal. `value` goes with it, as in sigqueue(3); NULL:
 * none.
 */
int job_kill(struct service *s, enum job_whom whom, int signal, const int *value) must_check;

const char *job_type_word(enum job_type t);
const char *job_result_word(enum job_result r);
/* The enum's value of systemd's word, or -EINVAL. */
int job_verb_of_word(const char *word);
int job_mode_of_word(const char *word);

/* For the files beside job.c. */

/* Room for transactions among n units. 0 or -ENOMEM (then it is as before). */
int jobs_reserve(struct jobs *j, uint32_t n) must_check;
void jobs_done(struct jobs *j);

/* The service has taken a step, or was looked at: its job goes on or ends with it. */
void job_follow(struct service *s);
/* A reload that waits is begun where that can be. */
void job_push(struct service *s);
void job_finish(struct service *s, enum job_result result);
