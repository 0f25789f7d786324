#include "tests/unit/world.h"

#include <stdarg.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/text.h"
#include "supervisor/order.h"
#include "tests/unit/test.h"

#define NO_SUCH_PROCESS INT32_MAX /* is sent signals, and hears none */

static void printf_like(2, 3) note(struct world *w, const char *format, ...) {
        size_t left = sizeof(w->trail) - w->length;
        va_list ap;

        if (w->length > 0 && left > 1) {
                w->trail[w->length++] = ' ';
                left--;
        }
        va_start(ap, format);
        int n = vsnprintf(w->trail + w->length, left, format, ap);
        va_end(ap);
        w->length += MIN((size_t) n, left - 1);
}

static int short_length(const struct unit *u) {
        return (int) (strlen(u->name) - (text_ends(u->name, ".service") ? strlen(".service") : 0));
}

static void on_added(void *context, const struct job *j) {
        const struct unit *u = j->service->unit;

        note(context, "+%.*s:%s", short_length(u), u->name, job_type_word(j->type));
}

static void on_removed(void *context, const struct job *j, enum job_result result) {
        const struct unit *u = j->service->unit;

        note(context, "-%.*s:%s=%s", short_length(u), u->name, job_type_word(j->type),
             job_result_word(result));
}

void world_init(struct world *w, const char *text, size_t row) {
        struct manager *m = &w->manager;

        *w = (struct world){ .row = row, .options.stop_budget = USEC_INFINITY };
        log_set_level((enum log_level) 0); /* what is said is not what is tested */
        ini_load(&w->ini, text, NULL, NULL);
        autofree char *words = ini_words(&w->ini);
        m->config = w->ini.config;
        m->options = &w->options;
        m->todo_end = &m->todo;
        m->budget.slot = m->retry.slot = TIMER_IDLE;
        alarms_init(&m->alarms, 1);
        lookouts_init(&m->lookouts);
        if (!CHECK(w->ini.error == 0, "row %zu: %s", row, words) ||
            !CHECK(plan_build(&m->plan, m->config, NULL) == 0, "row %zu", row))
                return;
        uint32_t n = m->plan.after.n;
        m->services = calloc((size_t) n + 1, sizeof(struct service *));
        CHECK(m->services && manager_reserve(m, n) == 0);
        for (uint32_t i = 0; i < n; i++) {
                struct unit *u = m->config->units[i];
                u->exec[EXEC_START] = command_free(u->exec[EXEC_START]);
                m->services[i] = service_new(m, u);
                m->services[i]->index = i;
        }
        w->hook = (struct job_hook){ .added = on_added, .removed = on_removed, .context = w };
        job_hook_add(m, &w->hook);
}

void world_done(struct world *w) {
        struct manager *m = &w->manager;

        job_hook_remove(m, &w->hook);
        for (uint32_t i = 0; m->services && i < m->plan.after.n; i++)
                service_free(m->services[i]);
        free(m->services);
        free(m->waiting);
        jobs_done(&m->jobs);
        timers_done(&m->timers);
        pids_done(&m->pids);
        alarms_done(&m->alarms);
        lookouts_done(&m->lookouts);
        plan_done(&m->plan);
        diags_done(&w->said);
        ini_done(&w->ini);
        log_set_level(LOG_LEVEL_INFO);
}

static struct service *take_todo(struct manager *m) {
        struct service *s = m->todo;

        if (!s)
                return NULL;
        m->todo = s->next_todo;
        if (!m->todo)
                m->todo_end = &m->todo;
        s->on_todo = false;
        return s;
}

/* Nothing of it is left, once its stop has come to that. */
static bool leave_one(struct manager *m) {
        for (uint32_t i = 0; i < m->plan.after.n; i++) {
                struct service *s = m->services[i];
                if (!s->waits_for_empty || s->control != 0)
                        continue;
                s->waits_for_empty = false;
                s->main = 0;
                service_dispatch(s, EVENT_EMPTY);
                return true;
        }
        return false;
}

static void settle(struct world *w) {
        struct manager *m = &w->manager;
        unsigned rounds = 0;
        bool more = true;

        while (more && CHECK(rounds++ < 10000, "row %zu: it never ends: %s", w->row, w->trail)) {
                struct service *s = take_todo(m);

                if (s)
                        order_look_after(s);
                else
                        more = leave_one(m);
        }
}

static struct service *find(const struct world *w, const char *name) {
        autofree char *full = unit_full_name(name);

        for (uint32_t i = 0; full && i < w->manager.plan.after.n; i++)
                if (strcmp(w->manager.services[i]->unit->name, full) == 0)
                        return w->manager.services[i];
        return NULL;
}

static void ask(struct world *w, struct service *s, const char *word) {
        struct job_request q = { .mode = JOB_MODE_REPLACE, .by_hand = true };
        const char *slash = strchr(word, '/');
        const struct job *j = NULL;
        char mode[32];

        if (slash) {
                (void) snprintf(mode, sizeof(mode), "%.*s", (int) (slash - word), word);
                q.by_hand = strcmp(mode, "again") != 0;
                if (q.by_hand)
                        q.mode = (enum job_mode) job_mode_of_word(mode);
                word = slash + 1;
        }
        int verb = job_verb_of_word(word);
        if (!CHECK(verb >= 0 && (int) q.mode >= 0, "row %zu: what is %s?", w->row, word))
                return;
        q.verb = (enum job_verb) verb;
        int r = job_ask(s, &q, &w->said, &j);
        if (r < 0)
                note(w, "!%d", r);
        else
                CHECK(j && j == s->job && job_find(s->manager, j->id) == j, "row %zu: %s", w->row, word);
}

static void end_main(struct service *s, int code) {
        s->main = 0;
        s->main_ending = (struct ending){ CLD_EXITED, (uint8_t) code };
        service_dispatch(s, EVENT_MAIN_ENDED);
}

static void ring(struct service *s) {
        timers_disarm(&s->manager->timers, &s->timer);
        service_dispatch(s, EVENT_TIME_OUT);
        if (service_is_at_rest(s))
                manager_touch(s);
}

static bool tell(struct service *s, const char *word) {
        if (strcmp(word, "run") == 0) {
                s->state = STATE_RUNNING; /* which no process has ever made of it */
                s->main = NO_SUCH_PROCESS;
        } else if (strcmp(word, "die") == 0)
                end_main(s, 1);
        else if (strcmp(word, "end") == 0)
                end_main(s, 0);
        else if (strcmp(word, "hold") == 0)
                s->control = 1; /* settle() does not take it for empty */
        else if (strcmp(word, "gone") == 0)
                s->control = 0;
        else if (strcmp(word, "ring") == 0)
                ring(s);
        else if (strcmp(word, "reloading") == 0)
                service_dispatch(s, EVENT_RELOADING);
        else if (strcmp(word, "ready") == 0)
                service_dispatch(s, EVENT_UP);
        else if (strcmp(word, "reset") == 0)
                job_reset_failed(s);
        else if (strcmp(word, "cancel") == 0)
                job_cancel(s);
        else
                return false;
        return true;
}

static void boot(struct world *w) {
        struct manager *m = &w->manager;
        autofree bool *starts = calloc(m->plan.after.n + 1, sizeof(bool));

        if (!CHECK(starts) || !starts)
                return;
        plan_mark_starting(&m->plan, starts);
        for (uint32_t i = 0; i < m->plan.after.n; i++) {
                m->services[i]->waits_to_start = starts[i];
                manager_touch(m->services[i]);
        }
}

void world_play(struct world *w, const char *script) {
        char word[64];
        int n = 0;

        while (sscanf(script, " %63s%n", word, &n) == 1) {
                char *colon = strchr(word, ':');

                script += n;
                if (strcmp(word, "boot") == 0)
                        boot(w);
                else if (CHECK(colon, "row %zu: %s", w->row, word) && colon) {
                        *colon = '\0';
                        struct service *s = find(w, colon + 1);
                        if (CHECK(s, "row %zu: no %s", w->row, colon + 1) && s && !tell(s, word))
                                ask(w, s, word);
                }
                settle(w);
        }
}

/* "a=exited b=dead", of all units in the order of the file, without their suffix where that is .service. The
 * caller frees. */
static char *print_states(const struct world *w) {
        const struct manager *m = &w->manager;
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return NULL;
        for (uint32_t i = 0; i < m->plan.after.n; i++) {
                const struct service *s = m->services[i];
                (void) fprintf(out, "%s%.*s=%s", i > 0 ? " " : "", short_length(s->unit), s->unit->name,
                               state_word(s->state));
        }
        (void) fclose(out);
        return text;
}

void world_check_rows(const struct world_row *rows, size_t n) {
        struct world *w = calloc(1, sizeof(*w));

        for (size_t i = 0; CHECK(w) && i < n; i++) {
                world_init(w, rows[i].units, i);
                if (w->manager.services) {
                        world_play(w, rows[i].script);
                        autofree char *states = print_states(w);
                        CHECK_STRING(w->trail, rows[i].trail, "row %zu: %s", i, rows[i].script);
                        CHECK_STRING(states, rows[i].states, "row %zu: %s", i, rows[i].script);
                }
                world_done(w);
        }
        free(w);
}
