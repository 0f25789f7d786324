/* `tend show`: every value, where it came from, and what it comes to here. */
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "config/kind.h"
#include "config/load.h"
#include "config/setting.h"
#include "config/suggest.h"
#include "config/value.h"
#include "control/conditions.h"
#include "control/json.h"
#include "control/kept.h"
#include "control/verb.h"

#define TEND_SECTION "tend"

/* All that is shown, and how. */
struct showing {
        const struct config *config;
        struct cgroups here; /* what budgets are kept by */
        bool changed, as_json;
        size_t n; /* so much was shown so far */
};

/* A unit, or the container. */
struct shown {
        const struct showing *all;
        enum setting_owner owner;
        const void *object;
        const struct origin *origins;
        size_t n_origins;
        bool from_tend_ini;
        const char *main_file;
        const struct unit_kind *kind; /* of a unit: whose settings it can have */
        bool is_slice;                /* a budget is all it has */
        size_t n;                     /* so many lines of settings so far */
};

/* Settings that another one sets as well. */
static const struct {
        const char *key, *set_by;
} also_set_by[] = {
        { "TimeoutStartSec", "TimeoutSec" },
        { "TimeoutStopSec", "TimeoutSec" },
};

/* The one that was last, since origins are kept in the order of the files. */
static const struct origin *find_origin(const struct shown *w, const struct setting *s) {
        const struct origin *last = setting_origin(s, w->origins, w->n_origins);

        for (size_t i = 0; i < countof(also_set_by); i++) {
                if (strcmp(also_set_by[i].key, s->key) != 0)
                        continue;
                const struct setting *other = setting_find(w->owner, also_set_by[i].set_by);
                const struct origin *o = other ? setting_origin(other, w->origins, w->n_origins) : NULL;
                if (o && (!last || o > last))
                        last = o;
        }
        return last;
}

/* A row that has no value of its own has nothing to show. */
static bool is_shown(const struct shown *w, const struct setting *s) {
        bool is_its = w->owner != OWNER_UNIT || unit_kind_has(w->kind, s->section) ||
                      unit_kind_shares(w->kind, s->section, s->key);

        if (w->is_slice ? !setting_is_of_slice(s) : !is_its)
                return false;
        return s->owner == w->owner && setting_is_carried_out(s) && s->print != value_print_nothing;
}

static bool is_drop_in(const struct shown *w, const char *file) {
        if (strcmp(file, w->main_file) == 0)
                return false;
        return text_ends(file, ".ini") || text_ends(file, ".conf");
}

/* "shop.ini:12", "shop.ini.d/local.ini:3 (drop-in)", or whose default it is. */
static void print_origin(const struct shown *w, const struct setting *s, const struct origin *o,
                         const char *note) {
        bool two_defaults = strcmp(setting_fallback(s, true), setting_fallback(s, false)) != 0;

        if (o && o->file)
                printf("%s:%u%s%s\n", o->file, o->line, is_drop_in(w, o->file) ? " (drop-in)" : "", note);
        else if (w->owner == OWNER_UNIT && two_defaults)
                printf("default %s\n", w->from_tend_ini ? "of tend.ini" : "of a unit file");
        else
                puts("default");
}

/* What it comes to where the command is called. A default asks for nothing. */
static const char *word_here(const struct shown *w, const struct setting *s, size_t nth,
                             char buffer[KEPT_WORD_MAX]) {
        if (w->owner != OWNER_UNIT || !find_origin(w, s))
                return "";
        return s->part == PART_BUDGET ? kept_word(&w->all->here, s, w->object, buffer)
                                      : conditions_word(s, w->object, nth);
}

static void print_words(const struct shown *w, const struct setting *s, const struct origin *o,
                        const char *value, const char *note) {
        int width = 48 - (int) MIN(strlen(s->key) + strlen(value), (size_t) 48);

        printf("  %s=%s%*s  ", s->key, value, width, "");
        print_origin(w, s, o, note);
}

static void print_json(const struct shown *w, const struct setting *s, const struct origin *o,
                       const char *value, const char *note) {
        json_member(stdout, w->n > 0 ? ",\n{" : "\n{", "key", s->key);
        json_member(stdout, ",", "value", value);
        json_member(stdout, ",", "file", o ? o->file : NULL);
        printf(",\"line\":%u,\"drop_in\":%s", o ? o->line : 0,
               o && o->file && is_drop_in(w, o->file) ? "true" : "false");
        json_member(stdout, ",", "here", note + strspn(note, ", "));
        putchar('}');
}

/* One line for each line of the value; a setting that has none is shown empty. */
static int print_setting(struct shown *w, const struct setting *s) {
        const struct origin *o = find_origin(w, s);
        autofree char *text = NULL;
        char word[KEPT_WORD_MAX];
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return -1;
        setting_print(s, w->object, out);
        if (fclose(out) != 0)
                return -1;

        char *at = text;
        for (size_t nth = 0; nth == 0 || *at != '\0'; nth++) {
                size_t length = strcspn(at, "\n"), next = length + (at[length] == '\n');
                at[length] = '\0';
                (w->all->as_json ? print_json : print_words)(w, s, o, at, word_here(w, s, nth, word));
                w->n++;
                at += next;
        }
        return 0;
}

static int print_all(struct shown *w) {
        for (size_t i = 0; i < n_settings; i++) {
                const struct setting *s = &settings[i];

                if (!is_shown(w, s) || (w->all->changed && !find_origin(w, s)))
                        continue;
                if (print_setting(w, s) < 0)
                        return verb_complain("show", "out of memory", s->key, NULL);
        }
        return EXIT_FINE;
}

/* Its name; its settings follow. */
static void begin(struct showing *g, const char *name, const char *file, unsigned line) {
        bool is_first = g->n++ == 0;

        if (g->as_json) {
                json_member(stdout, is_first ? "{" : ",\n{", "name", name);
                json_member(stdout, ",", "file", file);
                printf(",\"line\":%u,\"settings\":[", line);
                return;
        }
        printf("%s%s", is_first ? "" : "\n", name);
        if (file)
                printf(" (%s", file);
        if (file && line > 0)
                printf(":%u", line);
        puts(file ? ")" : "");
}

static void end(const struct showing *g, const char *why) {
        if (g->as_json) {
                json_member(stdout, "],", "not_kept", why);
                putchar('}');
        } else if (*why)
                printf("  not kept by the kernel here: %s\n", why);
}

static int show_container(struct showing *g) {
        const struct config *c = g->config;
        struct shown w = {
                .all = g,
                .owner = OWNER_CONTAINER,
                .object = &c->container,
                .origins = c->container.origins,
                .n_origins = c->container.n_origins,
                .from_tend_ini = true,
                .main_file = c->path,
        };

        begin(g, "[" TEND_SECTION "]", c->path, 0);
        int code = print_all(&w);
        end(g, "");
        return code;
}

static int show_unit(struct showing *g, const struct unit *u) {
        char why[KEPT_WHY_MAX];
        struct shown w = {
                .all = g,
                .owner = OWNER_UNIT,
                .object = u,
                .origins = u->origins,
                .n_origins = u->n_origins,
                .from_tend_ini = u->from_tend_ini,
                .main_file = g->config->path,
                .kind = unit_kind(u->name),
                .is_slice = text_ends(u->name, ".slice"),
        };

        begin(g, u->name, u->file, u->line);
        int code = print_all(&w);
        end(g, kept_why(&g->here, u, why));
        return code;
}

static int complain(const struct config *c, const char *name) {
        struct suggest s;
        char hint[300];

        suggest_init(&s, name);
        for (size_t i = 0; i < c->n_units; i++)
                suggest_offer(&s, c->units[i]->name);

        if (s.best)
                (void) snprintf(hint, sizeof(hint), "did you mean %s?", s.best);
        (void) verb_complain("show", "no such unit", name, s.best ? hint : NULL);
        return EXIT_UNKNOWN;
}

static int show_named(struct showing *g, const char *word) {
        if (strcmp(word, TEND_SECTION) == 0)
                return show_container(g);

        autofree char *name = unit_full_name(word);
        const struct unit *u = name ? config_find(g->config, name) : NULL;
        if (!u && name)
                u = config_find_slice(g->config, name);
        return u ? show_unit(g, u) : complain(g->config, name ? name : word);
}

static int show_all(struct showing *g, bool has_file) {
        const struct config *c = g->config;
        int code = has_file ? show_container(g) : EXIT_FINE;

        for (size_t i = 0; i < c->n_units && code == EXIT_FINE; i++)
                code = show_unit(g, c->units[i]);
        for (size_t i = 0; i < c->n_slices && code == EXIT_FINE; i++)
                if (c->slices[i]->file) /* else there is nothing to be shown but its name */
                        code = show_unit(g, c->slices[i]);
        return code;
}

/* FILE may be left out, units may be named: a word with a slash, or with a dot that begins no suffix of
 * a unit, is the file. */
static bool is_file(const char *word) {
        if (strchr(word, '/'))
                return true;
        return !unit_kind(word) && strchr(word, '.') != NULL;
}

int show_main(const struct request *r) {
        size_t first = r->n_words > 0 && is_file(r->words[0]) ? 1 : 0;
        const struct load_options o = {
                .path = first == 1 ? r->words[0] : NULL,
                .environment = environ,
                .units = r->units,
                .unit_path = r->unit_path,
                .enabled = r->enabled,
                .keep_origins = true,
        };
        struct diags diags = {};
        struct config *c = NULL;

        int e = config_load(&o, &diags, &c);
        diags_print(&diags, stderr);
        diags_done(&diags);
        if (e < 0) {
                config_free(c);
                return EXIT_WRONG;
        }

        struct showing g = { .config = c, .changed = r->changed, .as_json = r->json };
        cgroup_survey(&g.here, environ);
        bool has_file = first == 1 || (!r->units && !r->enabled);
        if (r->json)
                (void) fputs("{\"units\":[\n", stdout);
        int code = first == r->n_words ? show_all(&g, has_file) : EXIT_FINE;
        for (size_t i = first; i < r->n_words && code == EXIT_FINE; i++)
                code = show_named(&g, r->words[i]);
        if (r->json)
                puts("\n]}");
        config_free(c);
        return code;
}
