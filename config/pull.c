/* Unit files: who is asked for, whom they pull in, and what becomes of those that cannot be loaded. One that
 * was asked for, or that such a one requires, must be there and right. What is only wanted is left out where
 * it is not: unit files want much that no container has. */

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "config/bond.h"
#include "config/budget.h"
#include "config/kind.h"
#include "config/settle.h"
#include "config/suggest.h"
#include "config/value.h"

#define UNITS_MOST 10000

static bool is_of_files(const char *name) {
        const struct unit_kind *kind = unit_kind(name);

        return kind && kind->of_files;
}

static bool is_template(const char *name) {
        const char *at = strchr(name, '@');

        return at && strrchr(name, '.') == at + 1;
}

bool pull_is_asked(const struct loader *l) {
        return l->options->enabled || (l->options->units && l->options->units[0]) ||
               l->config->container.units;
}

const char *pull_word(const struct load_options *o, const char *usual) {
        if (o->units && o->units[0])
                return o->units[0];
        return o->enabled ? "default.target" : usual;
}

/* --- One unit. */

/* Adds what `suffix` links to, as if the file said so. */
static int add_links(const struct loader *l, char *const *names, const char *suffix, char ***list) {
        autostrv char **units = NULL;
        int r = search_links(&l->search, names, suffix, false, &units);

        for (size_t i = 0; r == 0 && units && units[i]; i++)
                if (!strv_contains(*list, units[i]))
                        r = strv_add(list, units[i]);
        return r;
}

static int add_aliases(struct config *c, char *const *names) {
        int r = 0;

        for (size_t i = 1; r == 0 && names[i]; i++) {
                r = strv_add(&c->aliases, names[i]);
                if (r == 0)
                        r = strv_add(&c->aliases, names[0]);
        }
        return r;
}

static int read_parts(struct loader *l, const struct found *f, char *const *names, struct diags *said) {
        autostrv char **drop_ins = NULL;
        int r = search_drop_ins(&l->search, names, &drop_ins);

        if (r == 0)
                r = draft_add_file(&l->draft, f->name);
        if (r == 0)
                r = draft_read_unit(&l->draft, f->file->path, said);
        for (size_t i = 0; r == 0 && drop_ins && drop_ins[i]; i++)
                r = draft_read_unit(&l->draft, drop_ins[i], said);
        return r;
}

/* A target is reached when what it pulls in has been started. */
static int order_target(struct unit *u) {
        static const enum bond pulls[] = { BOND_WANTS, BOND_REQUIRES, BOND_BINDS_TO, BOND_UPHOLDS };
        int r = 0;

        for (size_t k = 0; u->is_target && k < countof(pulls); k++)
                for (char *const *name = unit_bond(u, pulls[k]); r == 0 && name && *name; name++)
                        if (!strv_contains(u->after, *name) && !strv_contains(u->before, *name))
                                r = strv_add(&u->after, *name);
        return r;
}

static int load_unit(struct loader *l, const struct found *f, bool is_asked, bool is_needed) {
        autostrv char **names = NULL;
        struct source s = { .is_file = true, .is_asked = is_asked, .is_needed = is_needed };
        struct unit *u = NULL;
        int r = search_names(&l->search, f->name, &names);

        if (r == 0)
                r = read_parts(l, f, names, &s.said);
        if (r == 0) {
                s.sections[0] = l->draft.at;
                s.sections[1] = draft_find(&l->draft, f->name);
                r = loader_make_unit(l, f->name, &s, &u);
        }
        if (r == 0)
                r = add_links(l, names, ".wants", &u->wants);
        if (r == 0)
                r = add_links(l, names, ".requires", &u->requires);
        if (r == 0)
                r = order_target(u);
        if (r == 0)
                r = add_aliases(l->config, names);
        diags_done(&s.said);
        return r;
}

/* --- Those that are asked for. */

/* Who asks: a line of a file, or the command line. */
struct asker {
        const char *file; /* NULL: the command line */
        unsigned line;
};

static const struct asker command_line = {};

static int open_search(struct loader *l) {
        if (l->has_search)
                return 0;
        l->has_search = true;
        return search_init(&l->search, l->options->unit_path);
}

/* Without their suffix, which makes all names look alike. */
static char *short_name(const char *name) {
        return strndup(name, (size_t) (strrchr(name, '.') - name)); /* each has one */
}

static void suggest_file(const struct loader *l, const char *name) {
        autostrv char **names = NULL;
        autofree char *word = short_name(name);
        struct suggest near;

        if (!word)
                return;
        suggest_init(&near, word);
        for (uint32_t i = 0; i < l->search.n_files; i++)
                if (is_of_files(l->search.files[i].name) &&
                    strv_take(&names, short_name(l->search.files[i].name)) == 0)
                        suggest_offer(&near, names[strv_length(names) - 1]);
        if (near.best)
                diag_hint(l->diags, "did you mean %s?", near.best);
}

static int refuse(const struct loader *l, const struct asker *by, const char *name, const char *what) {
        return diag(l->diags, by->file, by->line, -ENOENT, "%s: %s", name, what);
}

static void say_absent(const struct loader *l, const struct asker *by, const char *name,
                       const struct found *f, int error) {
        if (error == -ERFKILL)
                (void) diag(l->diags, by->file, by->line, error, "%s: it is masked by %s", name,
                            f->file->path);
        else if (error == -ELOOP)
                (void) refuse(l, by, name, "its links go round in a circle");
        else {
                (void) refuse(l, by, name, "there is no such unit file");
                suggest_file(l, name);
        }
}

/* The program that would make instances of that unit, found beside the directories of units; NULL. */
static char *find_generator(const struct search *s, const char *name) {
        autofree char *prefix = text_format("%.*s-", (int) (strrchr(name, '.') - name), name);
        char *found = NULL;

        for (char *const *d = s->directories; prefix && d && *d && !found; d++) {
                autofree char *path = text_format("%s-generators", *d);
                DIR *directory = path ? opendir(path) : NULL;
                const struct dirent *e;

                while (directory && !found && (e = readdir(directory)))
                        if (text_starts(e->d_name, prefix) && text_ends(e->d_name, "-generator"))
                                found = text_format("%s/%s", path, e->d_name);
                if (directory)
                        (void) closedir(directory);
        }
        return found;
}

/* A unit that stands for what a generator makes of its template does nothing by itself. */
static void look_for_generator(const struct loader *l, const struct asker *by, const char *name) {
        autofound struct found f = {};
        int n = (int) (strrchr(name, '.') - name);
        autofree char *instance = strchr(name, '@') ? NULL : text_format("%.*s@x%s", n, name, name + n);
        autofree char *generator = instance && search_find(&l->search, instance, &f) == 0
                                           ? find_generator(&l->search, name)
                                           : NULL;

        if (!generator)
                return;
        (void) diag(l->diags, by->file, by->line, 0,
                    "%s: what it starts is made by %s, and generators are not run", name, generator);
        diag_hint(l->diags, "name its instances: %.*s@NAME%s", n, name, name + n);
}

static int ask_name(struct loader *l, const struct asker *by, const char *name, bool is_needed) {
        autofound struct found f = {};

        if (!is_of_files(name)) {
                (void) diag(l->diags, by->file, by->line, is_needed ? -EOPNOTSUPP : 0,
                            "%s: units of this kind are not carried out yet", name);
                return 0;
        }
        if (is_template(name)) {
                (void) refuse(l, by, name, "a template: name one of its instances");
                diag_hint(l->diags, "%.*sNAME%s", (int) (strchr(name, '@') + 1 - name), name,
                          strchr(name, '@') + 1);
                return 0;
        }

        int r = search_find(&l->search, name, &f);
        if (r == -ENOMEM)
                return r;
        if (r < 0 && is_needed)
                say_absent(l, by, name, &f, r);
        if (r < 0 || config_find(l->config, f.name))
                return 0;
        look_for_generator(l, by, f.name);
        return load_unit(l, &f, true, is_needed);
}

/* A word with a slash is a path, which takes part in the search from then on; all others are names. */
static int ask_word(struct loader *l, const struct asker *by, const char *word) {
        const char *slash = strrchr(word, '/');
        autofree char *full = unit_full_name(slash ? slash + 1 : word);

        if (!full)
                return -ENOMEM;
        if (!unit_is_name(full)) {
                (void) refuse(l, by, word, "not the name of a unit");
                return 0;
        }
        if (slash) {
                int r = search_add(&l->search, word);

                if (r == -EINVAL)
                        (void) refuse(l, by, word, "not the name of a unit: it lacks its .service");
                else if (r < 0 && r != -ENOMEM)
                        (void) refuse(l, by, word, strerror(-r));
                if (r < 0)
                        return r == -ENOMEM ? r : 0;
        }
        return ask_name(l, by, full, true);
}

static int ask_words(struct loader *l, const struct asker *by, char *const *words) {
        int r = 0;

        for (; words && *words && r == 0; words++)
                r = ask_word(l, by, *words);
        return r;
}

/* What links in .wants/ and .requires/ say, and not what the vendor's own directories hold: those units are
 * there for a machine. */
static int ask_links_of(struct loader *l, const char *target) {
        static const char *const suffixes[] = { ".wants", ".requires" };
        autostrv char **names = NULL;
        int r = search_names(&l->search, target, &names);

        for (size_t k = 0; k < countof(suffixes) && r == 0; k++) {
                autostrv char **units = NULL;

                r = search_links(&l->search, names, suffixes[k], true, &units);
                for (size_t i = 0; r == 0 && units && units[i]; i++)
                        if (!unit_is_built_in(units[i]))
                                r = ask_name(l, &command_line, units[i], false);
        }
        return r;
}

/* What default.target wants, and multi-user.target, which it is or comes behind. */
static int ask_services(struct loader *l) {
        autofound struct found f = {};
        int r = search_find(&l->search, "default.target", &f);

        if (r == -ENOMEM)
                return r;
        if (r == 0 && !unit_is_built_in(f.name))
                return ask_name(l, &command_line, f.name, true);
        if (r == 0 && strcmp(f.name, "multi-user.target") != 0)
                r = ask_links_of(l, f.name);
        return r == -ENOMEM ? r : ask_links_of(l, "multi-user.target");
}

/* The links of the targets that are there for one kind of units alone, as timers.target. */
static int ask_kinds(struct loader *l) {
        int r = 0;

        for (const struct unit_kind *k = unit_kinds; k->suffix && r == 0; k++)
                if (k->target && k->of_files)
                        r = ask_links_of(l, k->target);
        return r;
}

/* The enabled units: what default.target wants, and multi-user.target, which it is or comes behind; besides
 * timers and their kin, which every boot begins with. */
static int ask_enabled(struct loader *l) {
        int r = ask_kinds(l);

        return r == 0 ? ask_services(l) : r;
}

int pull_asked(struct loader *l) {
        const struct container *c = &l->config->container;
        const struct origin *at =
                setting_origin(setting_find(OWNER_CONTAINER, "Units"), l->origins, l->n_origins);
        const struct asker by = { .file = at ? at->file : NULL, .line = at ? at->line : 0 };

        if (!pull_is_asked(l))
                return 0;

        int r = open_search(l);
        if (r == 0)
                r = ask_words(l, &by, c->units);
        if (r == 0)
                r = ask_words(l, &command_line, l->options->units);
        if (r == 0 && l->options->enabled)
                r = ask_enabled(l);
        if (r == 0 && l->config->n_units == 0 && l->draft.n_sections == 1 && l->diags->errors == 0)
                (void) diag(l->diags, l->config->path, 0, -ENODATA, "no unit is enabled that could be run");
        return r;
}

/* --- Those that they pull in. */

/* tend.ini has a word of its own on it. */
static bool is_in_tend_ini(const struct loader *l, const char *name) {
        autofree char *template = unit_template_name(name);

        return draft_find(&l->draft, name) != DRAFT_NONE ||
               (template && draft_find(&l->draft, template) != DRAFT_NONE);
}

static int pull_name(struct loader *l, const char *name) {
        autofound struct found f = {};

        if (unit_is_built_in(name) || !is_of_files(name) || is_template(name) ||
            config_find(l->config, name) || is_in_tend_ini(l, name))
                return 0;

        int r = search_find(&l->search, name, &f);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        if (config_find(l->config, f.name) || is_in_tend_ini(l, f.name))
                return 0;
        return load_unit(l, &f, false, false);
}

/* By whom a unit is started, or without whom it is not. */
static const enum bond pulling[] = { BOND_WANTS,   BOND_REQUIRES,   BOND_REQUISITE, BOND_BINDS_TO,
                                     BOND_UPHOLDS, BOND_ON_FAILURE, BOND_ON_SUCCESS };

/* An instance that only the unit names, of a template in tend.ini. */
static int make_named(struct loader *l, const char *name) {
        autofree char *template = unit_template_name(name);
        uint32_t section = template ? draft_find(&l->draft, template) : DRAFT_NONE;
        struct source s = { .sections = { section, DRAFT_NONE } };

        if (section == DRAFT_NONE || config_find(l->config, name))
                return 0;
        return loader_make_unit(l, name, &s, NULL);
}

static int pull_list(struct loader *l, size_t unit, enum bond b) {
        int r = 0;

        /* The list of units moves when it grows, the units do not. */
        const struct unit *u = l->config->units[unit];
        for (char *const *name = unit_bond(u, b); r == 0 && name && *name; name++) {
                r = make_named(l, *name);
                if (r == 0 && l->sources[unit].is_file)
                        r = pull_name(l, *name);
        }
        return r;
}

/* What a timer starts is there for it also where tend.ini has the timer and an image the service. */
static int pull_trigger(struct loader *l, const char *name) {
        int r = open_search(l);

        return r == 0 ? pull_name(l, name) : r;
}

int pull_template(struct loader *l, const char *name, struct diags *said, uint32_t *ret) {
        autofound struct found f = {};
        autostrv char **names = NULL;

        *ret = draft_find(&l->draft, name);
        if (*ret != DRAFT_NONE)
                return 0;
        int r = open_search(l);
        if (r == 0)
                r = search_find(&l->search, name, &f);
        if (r < 0)
                return r == -ENOMEM ? r : -ENOENT;
        r = search_names(&l->search, f.name, &names);
        if (r == 0)
                r = read_parts(l, &f, names, said);
        *ret = l->draft.at;
        return r;
}

/* It is there as soon as something lies in it; a file may say what its budget is. */
static int pull_slice(struct loader *l, const struct unit *u) {
        struct source s = { .sections = { DRAFT_NONE, DRAFT_NONE } };
        autofound struct found f = {};
        autofree char *name = NULL;

        int r = budget_slice(u, &name);
        if (r < 0 || !name || config_find(l->config, name))
                return r;
        r = open_search(l);
        if (r == 0)
                r = search_find(&l->search, name, &f);
        if (r == -ENOMEM)
                return r;
        return r == 0 ? load_unit(l, &f, false, false) : loader_make_unit(l, name, &s, NULL);
}

int pull_more(struct loader *l) {
        int r = 0;

        for (size_t i = 0; i < l->config->n_units && r == 0; i++) {
                const char *triggers = unit_triggers(l->config->units[i]);

                if (triggers && !config_find(l->config, triggers))
                        r = pull_trigger(l, triggers);
                if (r == 0)
                        r = pull_slice(l, l->config->units[i]);
                if (r == 0)
                        r = settle_recipe(l, l->config->units[i],
                                          l->sources[i].is_file ? &l->sources[i].said : l->diags);
                if (i > UNITS_MOST && l->sources[i].is_file)
                        return diag(l->diags, NULL, 0, -E2BIG, "more than %d unit files", UNITS_MOST);
                for (size_t k = 0; k < countof(pulling) && r == 0; k++)
                        r = pull_list(l, i, pulling[k]);
        }
        return r;
}

/* --- Which of them stay. */

static struct source *source_of(const struct loader *l, const char *name) {
        const struct unit *u = config_find(l->config, name);

        for (size_t i = 0; u && i < l->config->n_units; i++)
                if (l->config->units[i] == u)
                        return &l->sources[i];
        return NULL;
}

/* What the unit cannot be without: the next name of Requires= and its kin, and in the end what it
 * triggers. */
static const char *next_needed(const struct unit *u, size_t *at, const char **ret_key) {
        size_t i = (*at)++;

        for (enum bond b = 0; b < BOND_COUNT; b++) {
                char *const *names = bond_is_needed(b) ? unit_bond(u, b) : NULL;
                size_t n = strv_length(names);

                *ret_key = bond_word(b);
                if (names && i < n)
                        return names[i];
                i -= n;
        }
        *ret_key = "Unit";
        return i == 0 ? unit_triggers(u) : NULL;
}

static void blame(struct loader *l, size_t unit, const char *key, const char *required, const char *what) {
        const struct unit *u = l->config->units[unit];

        l->sources[unit].is_broken = true;
        (void) diag(&l->sources[unit].said, u->file, u->line, -ENOENT, "%s: %s=%s: %s", u->name, key,
                    required, what);
}

/* It is broken if what it requires is not there. */
static void look_for_needed(struct loader *l, size_t unit) {
        const char *name, *key;

        for (size_t i = 0; (name = next_needed(l->config->units[unit], &i, &key));) {
                autofound struct found f = {};

                if (unit_is_built_in(name) || config_find(l->config, name))
                        continue;
                if (!is_of_files(name))
                        blame(l, unit, key, name, "units of this kind are not carried out yet");
                else if (search_find(&l->search, name, &f) == -ERFKILL)
                        blame(l, unit, key, name, "it is masked");
                else
                        blame(l, unit, key, name, "there is no such unit");
        }
}

/* One step of what follows from what is known: true when something has changed. */
static bool spread(struct loader *l, size_t unit) {
        struct source *s = &l->sources[unit];
        bool is_needed = s->is_needed || !s->is_file, has_changed = false;
        const char *name, *key;

        for (size_t i = 0; (name = next_needed(l->config->units[unit], &i, &key));) {
                struct source *needed = source_of(l, name);

                if (!needed || !needed->is_file)
                        continue;
                if (is_needed && !needed->is_needed)
                        has_changed = needed->is_needed = true;
                if (needed->is_broken && s->is_file && !s->is_broken) {
                        blame(l, unit, key, name, "it cannot be loaded");
                        has_changed = true;
                }
        }
        return has_changed;
}

static void leave_out(struct loader *l, size_t unit) {
        struct source *s = &l->sources[unit];
        struct unit *u = l->config->units[unit];

        (void) diag(l->diags, u->file, u->line, 0, "%s: it is left out, since it cannot be loaded", u->name);
        for (size_t i = 0; i < s->said.n; i++)
                if (s->said.list[i].error < 0)
                        (void) diag(l->diags, s->said.list[i].file, s->said.list[i].line, 0, "%s",
                                    s->said.list[i].text);
        diags_done(&s->said);
        unit_free(u);
}

/* One unit alone is the container: it ends as the unit does. */
static void crown(const struct loader *l) {
        const struct load_options *o = l->options;
        bool is_alone = o->units && o->units[0] && !o->units[1] && !o->path && !o->enabled && !o->command;
        struct unit *u = is_alone && l->config->n_units > 0 ? l->config->units[0] : NULL;

        if (!u || u->is_target || unit_triggers(u))
                return;
        if (u->success_action == ACTION_NONE)
                u->success_action = ACTION_EXIT;
        if (u->failure_action == ACTION_NONE)
                u->failure_action = ACTION_EXIT;
}

int pull_judge(struct loader *l) {
        struct config *c = l->config;
        size_t kept = 0;

        if (!l->has_search)
                return 0;
        for (size_t i = 0; i < c->n_units; i++) {
                l->sources[i].is_broken = l->sources[i].said.errors > 0;
                if (l->sources[i].is_file)
                        look_for_needed(l, i);
        }
        for (bool again = true; again;) {
                again = false;
                for (size_t i = 0; i < c->n_units; i++)
                        again |= spread(l, i);
        }
        for (size_t i = 0; i < c->n_units; i++) {
                if (l->sources[i].is_broken && !l->sources[i].is_needed) {
                        leave_out(l, i);
                        continue;
                }
                diags_move(l->diags, &l->sources[i].said, false);
                c->units[kept] = c->units[i];
                l->sources[kept++] = l->sources[i];
        }
        c->n_units = kept;
        crown(l);
        return 0;
}

void pull_done(struct loader *l) {
        for (size_t i = 0; l->config && i < l->config->n_units; i++)
                diags_done(&l->sources[i].said);
        search_done(&l->search);
}
