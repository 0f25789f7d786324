/* `tend start`, stop, restart, reload: what is asked for becomes a job of each unit, and its end is waited
 * for.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "client/preview.h"
#include "client/snapshot.h"
#include "client/table.h"
#include "client/units.h"
#include "control/json.h"
#include "control/verb.h"

#define MANAGER_PATH      "/org/freedesktop/systemd1"
#define MANAGER_INTERFACE "org.freedesktop.systemd1.Manager"
#define RESULT_MAX        32

/* A job that is over. Its signal may come before the answer that names it. */
struct over {
        uint32_t id;
        char result[RESULT_MAX];
};

struct asked {
        const char *name; /* borrowed */
        uint32_t id;      /* 0: refused */
        char result[RESULT_MAX];
        char words[LINK_WORDS_MAX]; /* of what went wrong; "" */
        int code;
};

struct errand_list {
        struct over *over; /* owned */
        size_t n_over, room;
        bool is_lost; /* there was no memory for one of them */
};

static void note_over(void *context, const struct wire_head *head, struct wire_in *body) {
        struct errand_list *e = context;

        if (!head->member || strcmp(head->member, "JobRemoved") != 0 || strcmp(head->signature, "uoss") != 0)
                return;
        if (e->n_over == e->room) {
                size_t room = MAX(2 * e->room, (size_t) 8);
                struct over *over = realloc(e->over, room * sizeof(*over));
                e->is_lost |= !over;
                if (!over)
                        return;
                e->over = over;
                e->room = room;
        }
        struct over *o = &e->over[e->n_over++];
        o->id = wire_read_u32(body);
        (void) wire_read_string(body);
        (void) wire_read_string(body);
        (void) snprintf(o->result, sizeof(o->result), "%s", wire_read_string(body));
}

static const struct over *find_over(const struct errand_list *e, uint32_t id) {
        for (size_t i = 0; i < e->n_over; i++)
                if (e->over[i].id == id)
                        return &e->over[i];
        return NULL;
}

/* --- Asking. */

/* 0, also where it is refused; a negative errno where nobody can be asked any more. */
static int ask(struct link *l, const char *method, struct asked *a) {
        struct wire_out *out = link_begin(l, MANAGER_PATH, MANAGER_INTERFACE, method, "ss");
        struct wire_in in;
        unsigned id = 0;

        wire_string(out, a->name);
        wire_string(out, "replace");
        int r = link_finish(l, "o", &in);
        if (r == -EREMOTEIO) {
                (void) snprintf(a->words, sizeof(a->words), "%s", l->words);
                (void) snprintf(a->result, sizeof(a->result), "refused");
                a->code = link_exit_code(l, r);
                return 0;
        }
        if (r < 0)
                return r;
        const char *slash = strrchr(wire_read_string(&in), '/');
        a->code = EXIT_FINE;
        if (slash && parse_unsigned(slash + 1, UINT32_MAX, &id) == 0)
                a->id = id;
        return 0;
}

static const struct ending_words {
        const char *result, *words;
        int code;
} endings[] = {
        { "done", "", EXIT_FINE },
        { "canceled", "something else was asked for meanwhile", EXIT_FAILED },
        { "failed", "it has failed", EXIT_FAILED },
        { "dependency", "what it requires has failed", EXIT_FAILED },
        { "invalid", "it does not run", EXIT_NOT_RUNNING },
        { "assert", "what it asserts does not hold", EXIT_FAILED },
};

static void conclude(struct asked *a, const char *result) {
        const char *words = result;

        a->code = EXIT_FAILED;
        for (size_t i = 0; i < countof(endings); i++)
                if (strcmp(endings[i].result, result) == 0) {
                        words = endings[i].words;
                        a->code = endings[i].code;
                }
        (void) snprintf(a->result, sizeof(a->result), "%s", result);
        (void) snprintf(a->words, sizeof(a->words), "%s", words);
}

static int await_all(struct link *l, struct errand_list *e, struct asked *list, size_t n) {
        for (size_t i = 0; i < n; i++) {
                const struct over *o = NULL;
                while (list[i].id != 0 && !(o = find_over(e, list[i].id))) {
                        int r = e->is_lost ? -ENOMEM : link_wait(l, USEC_INFINITY);
                        if (r < 0)
                                return r;
                }
                if (o)
                        conclude(&list[i], o->result);
        }
        return 0;
}

/* --- Telling. */

static const struct live_status *find_unit(const struct snapshot *s, const char *name) {
        for (size_t i = 0; i < s->n; i++)
                if (strcmp(s->units[i].name, name) == 0)
                        return &s->units[i];
        return NULL;
}

static void print_json(const struct asked *a, const struct live_status *u, bool is_first) {
        (void) fputs(is_first ? "{\"jobs\":[\n" : ",\n", stdout);
        (void) fputs("{\"unit\":", stdout);
        json_text(stdout, a->name);
        (void) printf(",\"job\":%" PRIu32 ",\"result\":", a->id);
        json_text(stdout, a->result);
        (void) fputs(",\"error\":", stdout);
        json_text(stdout, a->words);
        (void) fputs(",\"state\":", stdout);
        json_text(stdout, u ? u->state : "");
        (void) printf(",\"main_pid\":%" PRIu32 "}", u ? u->main_pid : 0);
}

/* What became of it: "web.service: running, pid 12". Failures go to stderr, with what the unit says. */
static void print_words(const char *verb, const struct asked *a, const struct live_container *c,
                        const struct live_status *u) {
        char why[TABLE_WHY_MAX] = "", words[LINK_WORDS_MAX + TABLE_WHY_MAX];

        if (u)
                (void) table_why(c, u, why);
        if (a->code != EXIT_FINE) {
                bool tells = *why && strcmp(a->result, "failed") == 0;
                (void) snprintf(words, sizeof(words), "%s%s%s", a->words, tells ? ": " : "",
                                tells ? why : "");
                (void) verb_complain(verb, words, text_starts(words, a->name) ? NULL : a->name, NULL);
        } else if (*a->result == '\0')
                (void) printf("%s: %s is asked for\n", a->name, verb);
        else if (u && u->main_pid > 0)
                (void) printf("%s: %s, pid %" PRIu32 "\n", a->name, u->state, u->main_pid);
        else
                (void) printf("%s: %s\n", a->name, u ? u->state : "gone");
}

static int tell(struct link *l, const char *verb, const struct asked *list, size_t n, char *const *names,
                bool as_json) {
        autosnapshot struct snapshot s = {};
        const char *const *patterns;
        int code = EXIT_FINE;

        for (size_t i = 0; i < n && !as_json; i++)
                if (list[i].code == EXIT_UNKNOWN)
                        (void) units_complain_unknown(l, verb, list[i].name, list[i].words);
        memcpy(&patterns, &names, sizeof(patterns)); /* nobody writes to them */
        int r = snapshot_take(&s, l, patterns, n);
        if (r < 0)
                s.n = 0; /* tend has gone since, as it was told to maybe: what it said counts */
        for (size_t i = 0; i < n; i++) {
                const struct live_status *u = find_unit(&s, list[i].name);
                if (as_json)
                        print_json(&list[i], u, i == 0);
                else if (list[i].code != EXIT_UNKNOWN)
                        print_words(verb, &list[i], &s.container, u);
                code = units_worse(code, list[i].code);
        }
        if (as_json)
                (void) fputs("\n]}\n", stdout);
        return code;
}

static int carry_out(struct link *l, struct errand_list *e, const struct request *r, const char *verb,
                     const char *method) {
        autostrv char **names = NULL;
        int code = EXIT_FAILED;

        int error = units_resolve(l, verb, r->words, &names);
        if (error == -ENOENT)
                return EXIT_UNKNOWN;
        size_t n = strv_length(names);
        autofree struct asked *list = calloc(n + 1, sizeof(*list));
        if (!list)
                error = -ENOMEM;
        for (size_t i = 0; error == 0 && i < n; i++) {
                list[i].name = names[i];
                error = ask(l, method, &list[i]);
        }
        if (error == 0 && !r->no_block)
                error = await_all(l, e, list, n);
        if (error == 0)
                code = tell(l, verb, list, n, names, r->json);
        return error < 0 ? link_complain(l, verb, NULL, error) : code;
}

static int order(const struct request *r, const char *verb, const char *method) {
        autolink struct link l = LINK_CLOSED;
        struct errand_list e = {};

        if (r->n_words == 0)
                return verb_complain(verb, "of which unit?", NULL, "`tend status` lists them");
        int error = link_open(&l, r->socket);
        if (error < 0)
                return link_complain(&l, verb, NULL, error);
        l.on_signal = note_over;
        l.context = &e;
        int code = carry_out(&l, &e, r, verb, method);
        free(e.over);
        return code;
}

int start_main(const struct request *r) {
        return order(r, "start", "StartUnit");
}

int stop_main(const struct request *r) {
        return order(r, "stop", "StopUnit");
}

int restart_main(const struct request *r) {
        return order(r, "restart", "RestartUnit");
}

/* Without a unit the files are meant: they are read anew, as by SIGHUP. */
static int reload_files(const struct request *r) {
        struct wire_in in;
        autolink struct link l = LINK_CLOSED;

        int error = link_open(&l, r->socket);
        if (error == 0) {
                (void) link_begin(&l, MANAGER_PATH, MANAGER_INTERFACE, "Reload", "");
                error = link_finish(&l, "", &in);
        }
        if (error < 0)
                return link_complain(&l, "reload", NULL, error);
        (void) puts(r->json ? "{\"jobs\":[]}" : "the files have been read anew");
        return EXIT_FINE;
}

int reload_main(const struct request *r) {
        if (r->dry_run && r->n_words > 0)
                return verb_complain("reload", "only of the files, without a UNIT", "--dry-run", NULL);
        if (r->dry_run)
                return preview_print(r);
        return r->n_words == 0 ? reload_files(r) : order(r, "reload", "ReloadUnit");
}

/* --- What needs no job. */

static int call_each(struct link *l, const struct request *r, const char *verb, const char *method) {
        autostrv char **names = NULL;
        bool is_kill = strcmp(method, "KillUnit") == 0;
        const char *whom = r->kill_whom ? r->kill_whom : "all";
        char whom_or_fail[32];
        struct wire_in in;
        int code = EXIT_FINE;

        int error = units_resolve(l, verb, r->words, &names);
        if (error == -ENOENT)
                return EXIT_UNKNOWN;
        (void) snprintf(whom_or_fail, sizeof(whom_or_fail), "%.16s-fail", whom);
        for (char **name = names; error == 0 && *name; name++) {
                struct wire_out *out =
                        link_begin(l, MANAGER_PATH, MANAGER_INTERFACE, method, is_kill ? "ssi" : "s");
                wire_string(out, *name);
                if (is_kill) {
                        wire_string(out, whom_or_fail);
                        wire_u32(out, (uint32_t) (r->signal > 0 ? r->signal : 15));
                }
                error = link_finish(l, "", &in);
                if (error != -EREMOTEIO)
                        continue;
                code = units_worse(code, units_complain(l, verb, *name, error));
                error = 0;
        }
        return error < 0 ? link_complain(l, verb, NULL, error) : code;
}

static bool is_somebody(const char *word) {
        return strcmp(word, "main") == 0 || strcmp(word, "control") == 0 || strcmp(word, "all") == 0;
}

int kill_main(const struct request *r) {
        autolink struct link l = LINK_CLOSED;

        if (r->n_words == 0)
                return verb_complain("kill", "of which unit?", NULL, "`tend status` lists them");
        if (r->kill_whom && !is_somebody(r->kill_whom))
                return verb_complain("kill", "not somebody to kill", r->kill_whom, "main, control or all");
        int error = link_open(&l, r->socket);
        return error < 0 ? link_complain(&l, "kill", NULL, error) : call_each(&l, r, "kill", "KillUnit");
}

int reset_main(const struct request *r) {
        struct wire_in in;
        autolink struct link l = LINK_CLOSED;

        int error = link_open(&l, r->socket);
        if (error == 0 && r->n_words > 0)
                return call_each(&l, r, "reset", "ResetFailedUnit");
        if (error == 0) {
                (void) link_begin(&l, MANAGER_PATH, MANAGER_INTERFACE, "ResetFailed", "");
                error = link_finish(&l, "", &in);
        }
        return error < 0 ? link_complain(&l, "reset", NULL, error) : EXIT_FINE;
}
