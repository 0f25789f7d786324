/* `tend status`: all units in a table, or all that there is to know of some. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "client/detail-ask.h"
#include "client/processes.h"
#include "client/table.h"
#include "client/units.h"
#include "control/json.h"
#include "control/verb.h"

/* --- JSON. */

static void begin_json(const struct live_container *c) {
        (void) fputs("{\"container\":", stdout);
        json_fields(stdout, &live_container_fields, c, false);
        (void) fputs(",\"units\":[\n", stdout);
}

static void print_names(const char *key, char *const *names) {
        (void) printf(",\"%s\":[", key);
        for (char *const *name = names; name && *name; name++) {
                (void) fputs(name > names ? "," : "", stdout);
                json_text(stdout, *name);
        }
        (void) putchar(']');
}

static void print_json(const struct live_status *u, const struct detail_asked *d) {
        json_unit(stdout, u, true);
        print_names("triggers", d->triggers);
        print_names("triggered_by", d->triggered_by);
        (void) fputs(",\"processes\":[", stdout);
        for (size_t i = 0; i < d->n; i++) {
                (void) printf("%s{\"pid\":%" PRIu32 ",\"parent\":%" PRIu32 ",\"command\":", i > 0 ? "," : "",
                              d->list[i].pid, d->list[i].parent);
                json_text(stdout, d->list[i].command);
                (void) putchar('}');
        }
        (void) fputs("]}", stdout);
}

/* --- All of them. */

static int show_all(struct link *l, const struct request *r) {
        struct screen screen = screen_of(STDOUT_FILENO);
        autosnapshot struct snapshot s = {};

        int e = snapshot_take(&s, l, NULL, 0);
        if (e < 0)
                return link_complain(l, "status", NULL, e);
        processes_measure(&s, l);
        if (!r->json) {
                table_print_head(&screen, stdout, &s.container);
                table_print(&screen, stdout, &s.container, s.units, s.n);
                return EXIT_FINE;
        }
        begin_json(&s.container);
        for (size_t i = 0; i < s.n; i++) {
                json_unit(stdout, &s.units[i], false);
                (void) fputs(i + 1 < s.n ? ",\n" : "\n", stdout);
        }
        (void) fputs("]}\n", stdout);
        return EXIT_FINE;
}

/* --- Some of them. */

static int exit_code_of(const struct live_status *u) {
        if (u->up)
                return EXIT_FINE;
        return strcmp(u->active, "failed") == 0 ? EXIT_FAILED : EXIT_NOT_RUNNING;
}

struct showing {
        struct link *link;
        struct screen screen;
        bool as_json;
        size_t n; /* shown so far */
};

static char *join(char *const *words) {
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        for (char *const *word = words; out && word && *word; word++)
                (void) fprintf(out, "%s%s", word > words ? " " : "", *word);
        if (out)
                (void) fclose(out);
        return text;
}

static void print_unit(struct showing *w, const struct snapshot *s, const struct detail_asked *d) {
        autofree char *triggers = join(d->triggers), *triggered_by = join(d->triggered_by);
        const struct detail detail = {
                .container = &s->container,
                .unit = &s->units[0],
                .triggers = triggers ? triggers : "",
                .triggered_by = triggered_by ? triggered_by : "",
                .processes = d->list,
                .n_processes = d->n,
        };

        if (w->as_json && w->n == 0)
                begin_json(&s->container);
        else if (w->n > 0)
                (void) fputs(w->as_json ? ",\n" : "\n", stdout);
        if (w->as_json)
                print_json(&s->units[0], d);
        else
                detail_print(&w->screen, stdout, &detail);
        w->n++;
}

/* The exit code, or a negative errno. Its status is asked for last, as an answer lives until the next one. */
static int show_unit(struct showing *w, const char *name) {
        const char *const patterns[] = { name };
        autosnapshot struct snapshot s = {};
        struct detail_asked d = {};

        int r = snapshot_take(&s, w->link, patterns, 1);
        if (r < 0)
                return r;
        if (s.n == 0)
                return units_complain_unknown(w->link, "status", name, "no such unit is loaded");
        autofree char *own = strdup(s.units[0].name); /* it may be known by another */
        const char *const owns[] = { own };
        r = own ? detail_ask(w->link, own, &d) : -ENOMEM;
        if (r == 0)
                r = snapshot_take(&s, w->link, owns, 1);
        if (r == 0 && processes_are_ours(&s, w->link))
                detail_find_parents(&d);
        if (r == 0 && s.n > 0) {
                processes_measure(&s, w->link);
                print_unit(w, &s, &d);
                r = exit_code_of(&s.units[0]);
        }
        detail_asked_done(&d);
        return r;
}

static int show_some(struct link *l, const struct request *r) {
        struct showing w = { .link = l, .screen = screen_of(STDOUT_FILENO), .as_json = r->json };
        autostrv char **names = NULL;
        int code = EXIT_FINE;

        int e = units_resolve(l, "status", r->words, &names);
        if (e == -ENOENT)
                return EXIT_UNKNOWN;
        for (char **name = names; e >= 0 && *name; name++) {
                e = show_unit(&w, *name);
                if (e >= 0)
                        code = units_worse(code, e);
        }
        if (w.as_json && w.n > 0)
                (void) fputs("\n]}\n", stdout);
        return e < 0 ? link_complain(l, "status", NULL, e) : code;
}

int status_main(const struct request *r) {
        autolink struct link l = LINK_CLOSED;

        int e = link_open(&l, r->socket);
        if (e < 0)
                return link_complain(&l, "status", NULL, e);
        return r->n_words > 0 ? show_some(&l, r) : show_all(&l, r);
}
