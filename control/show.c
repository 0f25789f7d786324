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
#include "control/kept.h"
#include "control/verb.h"

#define TEND_SECTION "tend"

/* What is shown: a unit, or the container. */
struct shown {
        enum setting_owner owner;
        const void *object;
        const struct origin *origins;
        size_t n_origins;
        bool from_tend_ini;
        const char *main_file;
        const struct unit_kind *kind; /* of a unit: whose settings it can have */
        bool is_slice;                /* a budget is all it has */
        const struct cgroups *here;   /* what its budget is kept by */
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
static void print_origin(const struct shown *w, const struct setting *s, const char *note) {
        const struct origin *o = find_origin(w, s);
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
        return s->part == PART_BUDGET ? kept_word(w->here, s, w->object, buffer)
                                      : conditions_word(s, w->object, nth);
}

/* One line of the screen for each line of the value; a setting that has none is shown empty. */
static int print_setting(const struct shown *w, const struct setting *s) {
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
                size_t length = strcspn(at, "\n");
                int width = 48 - (int) MIN(strlen(s->key) + length, (size_t) 48);

                printf("  %s=%.*s%*s  ", s->key, (int) length, at, width, "");
                print_origin(w, s, word_here(w, s, nth, word));
                at += length + (at[length] == '\n');
        }
        return 0;
}

static int print_all(const struct shown *w, bool changed) {
        for (size_t i = 0; i < n_settings; i++) {
                const struct setting *s = &settings[i];

                if (!is_shown(w, s) || (changed && !find_origin(w, s)))
                        continue;
                if (print_setting(w, s) < 0)
                        return verb_complain("show", "out of memory", s->key, NULL);
        }
        return EXIT_FINE;
}

static int show_container(const struct config *c, bool changed) {
        const struct shown w = {
                .owner = OWNER_CONTAINER,
                .object = &c->container,
                .origins = c->container.origins,
                .n_origins = c->container.n_origins,
                .from_tend_ini = true,
                .main_file = c->path,
        };

        printf("[%s] (%s)\n", TEND_SECTION, c->path);
        return print_all(&w, changed);
}

static int show_unit(const struct config *c, const struct cgroups *here, const struct unit *u, bool changed) {
        const struct shown w = {
                .owner = OWNER_UNIT,
                .object = u,
                .origins = u->origins,
                .n_origins = u->n_origins,
                .from_tend_ini = u->from_tend_ini,
                .main_file = c->path,
                .kind = unit_kind(u->name),
                .is_slice = text_ends(u->name, ".slice"),
                .here = here,
        };

        if (u->file)
                printf("%s (%s:%u)\n", u->name, u->file, u->line);
        else
                printf("%s\n", u->name);
        int code = print_all(&w, changed);
        if (code == EXIT_FINE)
                kept_print(here, u, stdout);
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

static int show_named(const struct config *c, const struct cgroups *here, const char *word, bool changed) {
        if (strcmp(word, TEND_SECTION) == 0)
                return show_container(c, changed);

        autofree char *name = unit_full_name(word);
        const struct unit *u = name ? config_find(c, name) : NULL;
        if (!u && name)
                u = config_find_slice(c, name);
        return u ? show_unit(c, here, u, changed) : complain(c, name ? name : word);
}

static int show_all(const struct config *c, const struct cgroups *here, bool has_file, bool changed) {
        int code = has_file ? show_container(c, changed) : EXIT_FINE;

        for (size_t i = 0; i < c->n_units && code == EXIT_FINE; i++) {
                if (has_file || i > 0)
                        putchar('\n');
                code = show_unit(c, here, c->units[i], changed);
        }
        for (size_t i = 0; i < c->n_slices && code == EXIT_FINE; i++) {
                putchar('\n');
                code = show_unit(c, here, c->slices[i], changed);
        }
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

        struct cgroups here;
        cgroup_survey(&here, environ);
        bool has_file = first == 1 || (!r->units && !r->enabled);
        int code = first == r->n_words ? show_all(c, &here, has_file, r->changed) : EXIT_FINE;
        for (size_t i = first; i < r->n_words && code == EXIT_FINE; i++) {
                if (i > first)
                        putchar('\n');
                code = show_named(c, &here, r->words[i], r->changed);
        }
        config_free(c);
        return code;
}
