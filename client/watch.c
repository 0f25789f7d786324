/* `tend events` and `tend wait`: what comes to pass while one looks. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/glyph.h"
#include "base/text.h"
#include "client/human.h"
#include "client/screen.h"
#include "client/snapshot.h"
#include "client/table.h"
#include "client/units.h"
#include "config/unit.h"
#include "control/json.h"
#include "control/verb.h"

#define MANAGER_PATH      "/org/freedesktop/systemd1"
#define MANAGER_INTERFACE "org.freedesktop.systemd1.Manager"

static int subscribe(struct link *l) {
        struct wire_in in;

        (void) link_begin(l, MANAGER_PATH, MANAGER_INTERFACE, "Subscribe", "");
        return link_finish(l, "", &in);
}

static bool is_step(const struct wire_head *head) {
        return head->interface && strcmp(head->interface, LIVE_INTERFACE) == 0 && head->member &&
               strcmp(head->member, LIVE_STEP_SIGNAL) == 0 &&
               strcmp(head->signature, LIVE_STEP_SIGNATURE) == 0;
}

/* The full names of words; NULL without memory, or without words. */
static char **full_names(char *const *words, size_t n) {
        char **names = NULL;

        for (size_t i = 0; i < n; i++)
                if (strv_take(&names, unit_full_name(words[i])) < 0)
                        return strv_free(names);
        return names;
}

static int take_snapshot(struct snapshot *s, struct link *l, char **names) {
        const char *const *patterns;
        char *const *list = names;

        memcpy(&patterns, &list, sizeof(patterns)); /* nobody writes to them */
        return snapshot_take(s, l, patterns, strv_length(names));
}

/* --- tend events. */

struct watch {
        struct screen screen;
        char **names; /* owned; NULL: all units */
        bool json;
};

static void print_step(const struct watch *w, const struct live_step *s) {
        char time[HUMAN_MAX], span[HUMAN_MAX], text[600];
        struct live_status like = {
                .name = s->unit,
                .active = s->active,
                .up = strcmp(s->active, "active") == 0,
                .health = "",
        };
        char name[TABLE_NAME_MAX];

        if (w->json) {
                json_fields(stdout, &live_step_fields, s, false);
                (void) fputc('\n', stdout);
                return;
        }
        (void) printf("%s.%03u  ", human_time(s->at, time),
                      (unsigned) (s->at % USEC_PER_SEC / USEC_PER_MSEC));
        (void) printf("%-14s ", table_name(&like, name));
        screen_colour(&w->screen, stdout, table_colour(&like));
        (void) printf("%-14s", s->state);
        screen_colour(&w->screen, stdout, COLOUR_PLAIN);
        (void) snprintf(text, sizeof(text), "%s%s%s", s->why,
                        s->next_restart > s->at ? "; starts again in " : "",
                        s->next_restart > s->at ? human_span(s->next_restart - s->at, span) : "");
        if (*text == '\0' && s->main_pid > 0)
                (void) snprintf(text, sizeof(text), "pid %u", s->main_pid);
        if (*text)
                (void) fputc(' ', stdout);
        (void) glyph_print(stdout, text, SIZE_MAX);
        (void) fputc('\n', stdout);
}

static void on_step(void *context, const struct wire_head *head, struct wire_in *body) {
        const struct watch *w = context;
        struct live_step s;

        if (!is_step(head))
                return;
        live_read_step(body, &s);
        if (body->bad || (w->names && !strv_contains(w->names, s.unit)))
                return;
        print_step(w, &s);
        (void) fflush(stdout);
}

static int by_time(const void *a, const void *b) {
        const struct live_status *first = a, *second = b;

        return (first->since > second->since) - (first->since < second->since);
}

/* How each unit came to where it is now: what PID 1 knows without a record of all that has been. */
static void print_past(const struct watch *w, struct snapshot *s) {
        if (s->n > 0)
                qsort(s->units, s->n, sizeof(*s->units), by_time);
        for (size_t i = 0; i < s->n; i++) {
                const struct live_status *u = &s->units[i];
                const struct live_step step = {
                        .at = u->since,
                        .unit = u->name,
                        .before = "",
                        .state = u->state,
                        .active = u->active,
                        .event = "",
                        .why = u->why,
                        .result = u->result,
                        .main_pid = u->main_pid,
                        .restarts = u->restarts,
                        .next_restart = u->next_restart,
                };
                if (u->since > 0)
                        print_step(w, &step);
        }
        (void) fflush(stdout);
}

/* EXIT_FINE where all of them are there. */
static int find_all(struct link *l, const char *verb, const struct snapshot *s, char *const *names) {
        for (; names && *names; names++) {
                size_t i = 0;
                while (i < s->n && strcmp(s->units[i].name, *names) != 0)
                        i++;
                if (i == s->n)
                        return units_complain_unknown(l, verb, *names, "no such unit is loaded");
        }
        return EXIT_FINE;
}

int events_main(const struct request *r) {
        struct watch w = { .screen = screen_of(STDOUT_FILENO), .json = r->json };
        autostrv char **names = full_names(r->words, r->n_words);
        autosnapshot struct snapshot s = {};
        autolink struct link l;

        int e = link_open(&l, r->socket);
        if (e == 0 && r->follow)
                e = subscribe(&l);
        if (e == 0 && r->n_words > 0 && !names)
                e = -ENOMEM;
        /* Whatever comes before this answer is in it already. */
        if (e == 0)
                e = take_snapshot(&s, &l, names);
        if (e < 0)
                return link_complain(&l, "events", NULL, e);
        int code = find_all(&l, "events", &s, names);
        if (code != EXIT_FINE)
                return code;
        w.names = names;
        print_past(&w, &s);
        l.on_signal = on_step;
        l.context = &w;
        while (r->follow && e >= 0)
                e = link_wait(&l, USEC_INFINITY);
        return r->follow ? link_complain(&l, "events", NULL, e) : EXIT_FINE;
}

/* --- tend wait. */

enum verdict { VERDICT_NOT_YET, VERDICT_REACHED, VERDICT_NEVER };

/* What is up has come that far, and so has what had nothing more to do. */
static enum verdict judge_ready(const struct live_status *u) {
        if (u->up || u->finished)
                return VERDICT_REACHED;
        return strcmp(u->active, "failed") == 0 ? VERDICT_NEVER : VERDICT_NOT_YET;
}

static enum verdict judge_stopped(const struct live_status *u) {
        return strcmp(u->active, "inactive") == 0 || strcmp(u->active, "failed") == 0 ? VERDICT_REACHED
                                                                                      : VERDICT_NOT_YET;
}

static enum verdict judge_failed(const struct live_status *u) {
        return strcmp(u->active, "failed") == 0 ? VERDICT_REACHED : VERDICT_NOT_YET;
}

static const struct goal {
        const char *word;
        enum verdict (*judge)(const struct live_status *u);
} goals[] = {
        { "ready", judge_ready },
        { "stopped", judge_stopped },
        { "failed", judge_failed },
};

static const struct goal *find_goal(const char *word) {
        for (size_t i = 0; i < countof(goals); i++)
                if (strcmp(goals[i].word, word) == 0)
                        return &goals[i];
        return NULL;
}

static void note_step(void *context, const struct wire_head *head, struct wire_in *body maybe_unused) {
        *(bool *) context |= is_step(head);
}

/* The worst of them: one that never will counts more than one that is not there yet. */
static enum verdict judge_all(const struct snapshot *s, const struct goal *g) {
        enum verdict all = VERDICT_REACHED;

        for (size_t i = 0; i < s->n; i++) {
                enum verdict one = g->judge(&s->units[i]);
                if (one == VERDICT_NEVER || (one == VERDICT_NOT_YET && all == VERDICT_REACHED))
                        all = one;
        }
        return all;
}

static void print_all(const struct snapshot *s, const struct goal *g) {
        (void) fputs("{\"units\":[", stdout);
        for (size_t i = 0; i < s->n; i++) {
                (void) fputs(i > 0 ? ",\n{\"reached\":" : "\n{\"reached\":", stdout);
                (void) fputs(g->judge(&s->units[i]) == VERDICT_REACHED ? "true" : "false", stdout);
                (void) fputs(",\"status\":", stdout);
                json_unit(stdout, &s->units[i], false);
                (void) fputc('}', stdout);
        }
        (void) fputs("]}\n", stdout);
}

/* Each of those that are not where they should be. */
static void complain_all(const struct snapshot *s, const struct goal *g, const char *when) {
        char why[TABLE_WHY_MAX], words[TABLE_WHY_MAX + 128];

        for (size_t i = 0; i < s->n; i++) {
                const struct live_status *u = &s->units[i];
                enum verdict v = g->judge(u);
                if (v == VERDICT_REACHED)
                        continue;
                (void) table_why(&s->container, u, why);
                (void) snprintf(words, sizeof(words), "not %s%s: %s%s%s", g->word,
                                v == VERDICT_NEVER ? "" : when, u->state, *why ? ", " : "", why);
                (void) verb_complain("wait", words, u->name, NULL);
        }
}

/* For the next step of any unit: 1, 0 where time is over, or as link_wait(). */
static int await_step(struct link *l, usec_t until, bool *stepped) {
        while (!*stepped) {
                if (clock_monotonic() >= until)
                        return 0;
                int r = link_wait(l, until);
                if (r < 0)
                        return r;
        }
        return 1;
}

static int await_goal(struct link *l, struct snapshot *s, char **names, const struct request *r,
                      bool *stepped) {
        const struct goal *g = find_goal(r->goal ? r->goal : "ready");
        usec_t until = r->timeout > 0 ? usec_add(clock_monotonic(), r->timeout) : USEC_INFINITY;
        enum verdict v = VERDICT_NOT_YET;
        int e = 1;

        while (v == VERDICT_NOT_YET && (e = await_step(l, until, stepped)) > 0) {
                *stepped = false;
                e = take_snapshot(s, l, names);
                if (e < 0)
                        break;
                int code = find_all(l, "wait", s, names);
                if (code != EXIT_FINE)
                        return code;
                v = judge_all(s, g);
        }
        if (e < 0)
                return link_complain(l, "wait", NULL, e);
        if (r->json)
                print_all(s, g);
        else if (v != VERDICT_REACHED)
                complain_all(s, g, " in time");
        return v == VERDICT_REACHED ? EXIT_FINE : EXIT_FAILED;
}

static int await(struct link *l, struct snapshot *s, char **names, const struct request *r) {
        bool stepped = true;

        l->on_signal = note_step;
        l->context = &stepped;
        int code = await_goal(l, s, names, r, &stepped);
        l->on_signal = NULL;
        l->context = NULL;
        return code;
}

int wait_main(const struct request *r) {
        autostrv char **names = full_names(r->words, r->n_words);
        autosnapshot struct snapshot s = {};
        autolink struct link l = { .fd = -1 };

        if (r->n_words == 0)
                return verb_complain("wait", "for which units?", NULL,
                                     "tend wait UNIT... --for ready|stopped|failed");
        if (r->goal && !find_goal(r->goal))
                return verb_complain("wait", "not ready, stopped or failed", r->goal,
                                     "tend wait UNIT... --for ready");
        int e = link_open(&l, r->socket);
        if (e == 0)
                e = names ? subscribe(&l) : -ENOMEM;
        return e < 0 ? link_complain(&l, "wait", NULL, e) : await(&l, &s, names, r);
}
