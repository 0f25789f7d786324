#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/log.h"
#include "supervisor/job.h"
#include "supervisor/manager.h"
#include "supervisor/order.h"
#include "supervisor/roundup.h"

#define PLAIN_WORD(name, word) word,
static const char *const type_words[] = { JOB_TYPES(PLAIN_WORD) };
static const char *const result_words[] = { JOB_RESULTS(PLAIN_WORD) };
static const char *const verb_words[] = { JOB_VERBS(PLAIN_WORD) };
static const char *const mode_words[] = { JOB_MODES(PLAIN_WORD) };

const char *job_type_word(enum job_type t) {
        return type_words[t];
}

const char *job_result_word(enum job_result r) {
        return result_words[r];
}

static int find_word(const char *const *words, size_t n, const char *word) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(words[i], word) == 0)
                        return (int) i;
        return -EINVAL;
}

int job_verb_of_word(const char *word) {
        return find_word(verb_words, countof(verb_words), word);
}

int job_mode_of_word(const char *word) {
        return find_word(mode_words, countof(mode_words), word);
}

void job_hook_add(struct manager *m, struct job_hook *h) {
        h->next = m->jobs.hooks;
        m->jobs.hooks = h;
}

void job_hook_remove(struct manager *m, struct job_hook *h) {
        for (struct job_hook **at = &m->jobs.hooks; *at; at = &(*at)->next)
                if (*at == h) {
                        *at = h->next;
                        return;
                }
}

struct job *job_find(const struct manager *m, uint32_t id) {
        struct job *j = m->jobs.list;

        while (j && j->id != id)
                j = j->next;
        return j;
}

int jobs_reserve(struct jobs *j, uint32_t n) {
        struct transaction *t = &j->transaction;
        uint32_t *list = reallocarray(t->list, (size_t) n + 1, sizeof(*list));

        if (list)
                t->list = list;
        uint8_t *types = reallocarray(t->types, (size_t) n + 1, sizeof(*types));
        if (types)
                t->types = types;
        return list && types ? 0 : -ENOMEM;
}

void jobs_done(struct jobs *j) {
        free(TAKE(j->transaction.list));
        free(TAKE(j->transaction.types));
}

/* --- The receipts. */

static void install(struct job *j, struct service *s) {
        struct jobs *all = &s->manager->jobs;

        j->service = s;
        j->id = ++all->last_id;
        j->next = all->list;
        all->list = j;
        s->job = j;
        log_debug(s->unit->name, "job %u: %s", j->id, job_type_word(j->type));
        for (const struct job_hook *h = all->hooks; h; h = h->next)
                h->added(h->context, j);
}

void job_finish(struct service *s, enum job_result result) {
        struct jobs *all = &s->manager->jobs;
        struct job **at = &all->list, *j = s->job;

        if (!j)
                return;
        while (*at != j)
                at = &(*at)->next;
        *at = j->next;
        s->job = NULL;
        log_debug(s->unit->name, "job %u: %s", j->id, job_result_word(result));
        for (const struct job_hook *h = all->hooks; h; h = h->next)
                h->removed(h->context, j, result);
        free(j);
}

/* --- How they end. */

/* A start that has come to rest, or waits to come back. */
static enum job_result result_of_rest(const struct service *s) {
        if (s->result == RESULT_DEPENDENCY)
                return JOB_RESULT_DEPENDENCY;
        if (s->result == RESULT_ASSERTION)
                return JOB_RESULT_ASSERT;
        return result_is_failure(s->result) ? JOB_RESULT_FAILED : JOB_RESULT_DONE;
}

static void follow_start(struct service *s) {
        bool is_asked = s->waits_to_start || s->starts_again || s->wants_down;

        if (STATE_IN(s->state, STATES_STARTING))
                s->job->running = true;
        else if (STATE_IN(s->state, STATES_UP) && !is_asked)
                job_finish(s, JOB_RESULT_DONE);
        else if ((service_is_at_rest(s) && !is_asked) || (s->state == STATE_AUTO_RESTART && s->job->running))
                job_finish(s, result_of_rest(s));
}

static void follow_stop(struct service *s) {
        if (service_is_at_rest(s))
                job_finish(s, JOB_RESULT_DONE);
        else if (STATE_IN(s->state, STATES_STOPPING))
                s->job->running = true;
}

/* The stop is half of it. */
static void follow_restart(struct service *s) {
        bool is_down = service_is_at_rest(s) && !s->starts_again;

        if (is_down || s->waits_to_start || STATE_IN(s->state, STATES_STARTING)) {
                s->job->type = JOB_START;
                s->job->running = false;
                follow_start(s);
        } else if (STATE_IN(s->state, STATES_STOPPING))
                s->job->running = true;
}

static void follow_reload(struct service *s) {
        if (STATE_IN(s->state, STATES_RELOADING))
                return;
        if (STATE_IN(s->state, STATES_UP)) {
                if (s->job->running)
                        job_finish(s, s->job->has_failed ? JOB_RESULT_FAILED : JOB_RESULT_DONE);
        } else if (s->job->running)
                job_finish(s, JOB_RESULT_FAILED);
        else if (!STATE_IN(s->state, STATES_STARTING) && !s->waits_to_start)
                job_finish(s, JOB_RESULT_INVALID);
}

void job_follow(struct service *s) {
        if (!s->job)
                return;
        switch ((enum job_type) s->job->type) {
        case JOB_START:
                follow_start(s);
                break;
        case JOB_STOP:
                follow_stop(s);
                break;
        case JOB_RELOAD:
                follow_reload(s);
                break;
        case JOB_RESTART:
                follow_restart(s);
                break;
        case JOB_NOP:
                job_finish(s, JOB_RESULT_DONE);
                break;
        case JOB_TYPE_COUNT:
                break;
        }
}

void job_push(struct service *s) {
        bool is_due = s->job && s->job->type == JOB_RELOAD && !s->job->running &&
                      STATE_IN(s->state, STATES_UP & ~STATES_RELOADING) && !s->wants_down;

        if (!is_due || !order_has_turn(s))
                return;
        s->job->running = true;
        service_dispatch(s, EVENT_RELOAD_ASKED);
}

/* --- What a transaction does to each unit. */

static unsigned stand_of(void *context, uint32_t unit) {
        const struct service *s = ((const struct manager *) context)->services[unit];
        bool is_down = service_is_at_rest(s) || STATE_IN(s->state, STATES_STOPPING);
        bool reloads = s->unit->exec[EXEC_RELOAD] || s->unit->type == SERVICE_NOTIFY_RELOAD;

        return (is_down ? 0 : STAND_UP) | (reloads ? STAND_RELOADS : 0);
}

static void start(struct service *s, bool by_hand) {
        s->goes_with = false;
        if (s->waits_to_start || s->starts_again)
                return;
        if (service_is_at_rest(s)) {
                service_ask(s);
                if (by_hand)
                        s->restarts = (struct restarts){ .window = s->restarts.window };
        } else if (STATE_IN(s->state, STATES_STOPPING))
                s->starts_again = true;
        s->wants_down = s->is_held = false;
}

static void stop(struct service *s, bool by_hand) {
        s->goes_with = false;
        s->waits_to_start = s->starts_again = false;
        s->wants_down = !service_is_at_rest(s);
        s->is_held = by_hand;
        order_touch_neighbours(s); /* who waits for it need not any more */
}

static void apply(struct service *s, enum job_type type, const struct job_request *q) {
        if (type == JOB_START)
                start(s, q->by_hand);
        else if (type == JOB_STOP)
                stop(s, q->by_hand);
        else if (type == JOB_RESTART)
                order_restart(s);
        s->heeds_limit |= !q->unlimited && (type == JOB_START || type == JOB_RESTART);
        manager_touch(s);
}

/* What it is about to do, asked by somebody or not; JOB_NOP: nothing. */
static enum job_type pending(const struct service *s) {
        if (s->job)
                return s->job->type;
        if (s->starts_again)
                return JOB_RESTART;
        return s->waits_to_start ? JOB_START : s->wants_down ? JOB_STOP : JOB_NOP;
}

/* It is so already, and nothing is about to change that. */
static bool is_redundant(const struct service *s, enum job_type type) {
        if (s->job || pending(s) != JOB_NOP)
                return false;
        return (type == JOB_START && STATE_IN(s->state, STATES_UP)) ||
               (type == JOB_STOP && service_is_at_rest(s));
}

/* One unit's part. Without memory for the receipt it is done without one. */
static void take_part(struct service *s, enum job_type type, const struct job_request *q,
                      struct job **receipt) {
        struct job *j = s->job;

        if (j && transaction_is_conflict(j->type, type))
                job_finish(s, JOB_RESULT_CANCELED);
        if (s->job) {
                enum job_type both = transaction_merge(s->job->type, type, stand_of(s->manager, s->index));

                /* What runs is as good as what is asked, or has to begin anew. */
                s->job->running &= both == s->job->type && both != JOB_RELOAD;
                s->job->type = (uint8_t) both;
        } else if (!s->job && *receipt) {
                j = TAKE(*receipt);
                j->type = (uint8_t) type;
                install(j, s);
        }
        if (s->job)
                s->job->irreversible |= q->mode == JOB_MODE_REPLACE_IRREVERSIBLY;
        apply(s, type, q);
}

static bool is_in_the_way(const struct service *s, enum job_type type, enum job_mode mode) {
        enum job_type there = pending(s);

        return transaction_is_conflict(there, type) &&
               (mode == JOB_MODE_FAIL || (s->job && s->job->irreversible));
}

/* --- Asking. */

/* Itself, or others with it. */
static bool can_reload(const struct service *s) {
        return plan_has(&s->manager->plan, s->index, LINK_RELOAD) ||
               stand_of(s->manager, s->index) & STAND_RELOADS;
}

/* The verb as it is for this unit: a type and whether it is only for what runs. */
static int choose(const struct service *s, enum job_verb verb, struct diags *d,
                  struct transaction_want *ret) {
        bool tries = verb == ASK_TRY_RESTART || verb == ASK_TRY_RELOAD_OR_RESTART;
        bool or_restart = verb == ASK_RELOAD_OR_RESTART || verb == ASK_TRY_RELOAD_OR_RESTART;

        *ret = (struct transaction_want){ .type = JOB_RESTART, .tries = tries };
        if (verb == ASK_START || verb == ASK_STOP)
                ret->type = verb == ASK_START ? JOB_START : JOB_STOP;
        else if (or_restart && can_reload(s)) {
                bool is_up = stand_of(s->manager, s->index) & STAND_UP;
                ret->type = is_up ? JOB_RELOAD : JOB_START;
        } else if (verb == ASK_RELOAD) {
                ret->type = JOB_RELOAD;
                if (!can_reload(s))
                        return diag(d, NULL, 0, -EINVAL,
                                    "%s cannot be reloaded: it has no ExecReload=", s->unit->name);
        }
        return 0;
}

/* Reloads are nobody's business. */
static int check_hand(const struct service *s, enum job_verb verb, struct diags *d) {
        const struct bonds *b = unit_bonds(s->unit);
        bool reloads =
                verb == ASK_RELOAD ||
                ((verb == ASK_RELOAD_OR_RESTART || verb == ASK_TRY_RELOAD_OR_RESTART) && can_reload(s));

        if (b->refuse_manual_start && verb != ASK_STOP && !reloads)
                return diag(d, NULL, 0, -EPERM, "%s is started by other units alone (RefuseManualStart=)",
                            s->unit->name);
        if (b->refuse_manual_stop && verb != ASK_START && !reloads)
                return diag(d, NULL, 0, -EPERM, "%s is stopped by other units alone (RefuseManualStop=)",
                            s->unit->name);
        return 0;
}

static int check(const struct service *s, const struct job_request *q, struct diags *d) {
        if (s->manager->phase != PHASE_RUNNING)
                return diag(d, NULL, 0, -ESHUTDOWN, "the container is stopping");
        if (q->mode == JOB_MODE_ISOLATE)
                return diag(d, NULL, 0, -EOPNOTSUPP, "units are not isolated in a container");
        if (s->index == SERVICE_NO_INDEX)
                return diag(d, NULL, 0, -ENOENT, "%s is gone from the files", s->unit->name);
        return q->by_hand ? check_hand(s, q->verb, d) : 0;
}

static int look_for_obstacles(const struct manager *m, const struct transaction *t, enum job_mode mode,
                              struct diags *d) {
        for (uint32_t i = 0; i < t->n; i++) {
                const struct service *s = m->services[t->list[i]];
                if (is_in_the_way(s, t->types[t->list[i]], mode))
                        return diag(d, NULL, 0, -EBUSY, "%s has a job that is in the way: %s", s->unit->name,
                                    job_type_word(pending(s)));
        }
        return 0;
}

static void flush(struct manager *m, const struct transaction *t) {
        for (struct job *j = m->jobs.list, *next; j; j = next) {
                next = j->next;
                if (t->types[j->service->index] == TRANSACTION_NOTHING)
                        job_cancel(j->service);
        }
}

int job_ask(struct service *s, const struct job_request *q, struct diags *d, const struct job **ret) {
        struct manager *m = s->manager;
        struct transaction *t = &m->jobs.transaction;
        struct transaction_want want;

        int r = check(s, q, d);
        if (r == 0)
                r = choose(s, q->verb, d, &want);
        if (r < 0)
                return r;
        want.unit = s->index;
        want.alone = q->mode == JOB_MODE_IGNORE_DEPENDENCIES || q->mode == JOB_MODE_IGNORE_REQUIREMENTS;
        if (!transaction_make(t, &m->plan, &want, stand_of, m))
                return diag(d, NULL, 0, -EDEADLK, "%s would have to be started and stopped at once",
                            m->services[t->contradiction]->unit->name);
        r = look_for_obstacles(m, t, q->mode, d);
        struct job *receipt = r == 0 ? calloc(1, sizeof(*receipt)) : NULL;
        if (r < 0 || (!receipt && ret))
                return r < 0 ? r : -ENOMEM;
        if (q->mode == JOB_MODE_FLUSH)
                flush(m, t);
        for (uint32_t i = 0; i < t->n; i++) {
                struct service *other = m->services[t->list[i]];
                if (i > 0 && is_redundant(other, t->types[t->list[i]]))
                        continue;
                if (!receipt)
                        receipt = calloc(1, sizeof(*receipt));
                take_part(other, t->types[t->list[i]], q, &receipt);
        }
        free(receipt);
        if (ret)
                *ret = s->job;
        return 0;
}

void job_cancel(struct service *s) {
        if (!s->job)
                return;
        s->waits_to_start = s->starts_again = s->wants_down = false;
        order_touch_neighbours(s);
        manager_touch(s);
        job_finish(s, JOB_RESULT_CANCELED);
}

/* --- What needs no job. */

void job_reset_failed(struct service *s) {
        s->restarts.window.used = s->restarts.window.next = 0;
        s->restarts.count = s->restarts.step = 0;
        service_dispatch(s, EVENT_RESET_ASKED);
}

int job_kill(struct service *s, enum job_whom whom, int signal, const int *value) {
        unsigned reached = 0;

        if (whom != JOB_WHOM_CONTROL && s->main > 0)
                reached += roundup_send(s->main, signal, value);
        if (whom != JOB_WHOM_MAIN && s->control > 0)
                reached += roundup_send(s->control, signal, value);
        if (whom == JOB_WHOM_ALL)
                reached += roundup_kill(s, signal, value);
        return reached > 0 ? 0 : -ESRCH;
}
