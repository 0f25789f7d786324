#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>

#include "base/text.h"
#include "config/calendar.h"
#include "config/loader.h"
#include "config/override.h"
#include "config/path.h"
#include "config/setup.h"
#include "config/socket.h"
#include "config/value.h"
#include "config/verify.h"

#define DEFAULT_PATH   "/etc/tend.ini"
#define COMMAND_UNIT   "command.service"
#define INSTANCES_MOST 10000

static bool is_instances(const struct setting *s) {
        return s->owner == OWNER_UNIT && strcmp(s->key, "Instances") == 0;
}

/* systemd ignores a value of a unit file that it cannot read, unless the service would then be another one:
 * run something else, elsewhere, or as root. */
static bool is_passed_over(const struct setting *s) {
        static const char *const vital[] = { "Group", "SupplementaryGroups", "User", "WorkingDirectory" };

        for (size_t i = 0; i < countof(vital); i++)
                if (strcmp(vital[i], s->key) == 0)
                        return false;
        return !s->at_spawn;
}

/* Carries one assignment out. It speaks up once: what is wrong with a template is wrong with all that is made
 * of it. */
static int apply_line(struct loader *l, struct draft_line *line, struct unit *u, void *object) {
        struct diags said = {};
        struct assignment a = {
                .setting = line->setting,
                .object = object,
                .value = line->value,
                .file = line->file,
                .line = line->line,
                .diags = line->told ? NULL : &said,
                .unit = u,
                .hostname = l->config->container.hostname,
        };
        int r = setting_parse(&a);
        bool passed_over = r == -EINVAL && l->is_file && is_passed_over(line->setting);

        line->told |= said.errors + said.warnings > 0;
        line->refused |= r < 0;
        diags_move(l->said, &said, passed_over);
        return r == -ENOMEM ? r : 0;
}

/* Carries out either a section's Instances= or all the rest of it. */
static int apply_section(struct loader *l, uint32_t section, struct unit *u, bool instances) {
        struct draft *d = &l->draft;
        int r = 0;

        if (section == DRAFT_NONE)
                return 0;
        l->is_file = d->sections[section].is_file;
        for (uint32_t i = d->sections[section].first; i != DRAFT_NONE && r >= 0; i = d->lines[i].next)
                if (is_instances(d->lines[i].setting) == instances)
                        r = apply_line(l, &d->lines[i], u, u ? (void *) u : &l->config->container);
        return r;
}

static int add_origins(struct loader *l, uint32_t section) {
        const struct draft *d = &l->draft;

        if (section == DRAFT_NONE)
                return 0;
        for (uint32_t i = d->sections[section].first; i != DRAFT_NONE; i = d->lines[i].next) {
                if (l->n_origins == l->room) {
                        size_t room = l->room == 0 ? 16 : 2 * l->room;
                        struct origin *longer = reallocarray(l->origins, room, sizeof(*longer));

                        if (!longer)
                                return -ENOMEM;
                        l->origins = longer;
                        l->room = room;
                }
                l->has_errors |= d->lines[i].refused;
                l->origins[l->n_origins++] = (struct origin){
                        .setting = d->lines[i].setting,
                        .file = d->lines[i].file,
                        .line = d->lines[i].line,
                };
        }
        return 0;
}

static int keep_origins(const struct loader *l, struct origin **ret, size_t *ret_n) {
        if (!l->options->keep_origins || l->n_origins == 0)
                return 0;

        struct origin *copy = reallocarray(NULL, l->n_origins, sizeof(*copy));
        if (!copy)
                return -ENOMEM;
        memcpy(copy, l->origins, l->n_origins * sizeof(*copy));
        *ret = copy;
        *ret_n = l->n_origins;
        return 0;
}

int loader_find_origins(struct loader *l, const struct source *s) {
        int r;

        l->n_origins = 0;
        l->has_errors = false;
        r = add_origins(l, s->sections[0]);
        if (r == 0)
                r = add_origins(l, s->sections[1]);
        return r < 0 ? r : add_origins(l, s->control);
}

static int add_unit(struct loader *l, struct unit *u, const struct source *s) {
        struct config *c = l->config;

        /* Both double: they are full whenever their length is nought or a power of two. */
        if ((c->n_units & (c->n_units - 1)) == 0) {
                size_t room = c->n_units == 0 ? 1 : 2 * c->n_units;
                struct unit **units = reallocarray(c->units, room, sizeof(*units));

                if (!units)
                        return -ENOMEM;
                c->units = units;

                struct source *sources = reallocarray(l->sources, room, sizeof(*sources));
                if (!sources)
                        return -ENOMEM;
                l->sources = sources;
        }
        l->sources[c->n_units] = *s;
        c->units[c->n_units++] = u;
        return 0;
}

/* What it triggers is the service of its own name, unless it says otherwise. */
static int name_trigger(struct unit *u) {
        char **name = unit_trigger_field(u);

        const char *at = u->socket && u->socket->accept ? "@" : "";

        if (name && !*name)
                *name = text_format("%.*s%s.service", (int) (strrchr(u->name, '.') - u->name), u->name, at);
        return name && !*name ? -ENOMEM : 0;
}

/* What a unit of its kind has besides. */
static int make_spec(struct unit *u) {
        if (text_ends(u->name, ".timer"))
                return (u->timer = timer_spec_new()) ? 0 : -ENOMEM;
        if (text_ends(u->name, ".socket"))
                return (u->socket = socket_spec_new()) ? 0 : -ENOMEM;
        if (text_ends(u->name, ".path"))
                return (u->path = path_spec_new()) ? 0 : -ENOMEM;
        return 0;
}

/* Drop-ins that systemctl set-property has left for a unit of tend.ini, as a section of their own. */
static int read_control(struct loader *l, const char *name, uint32_t *ret) {
        autostrv char **files = NULL;
        struct diags said = {};
        int r = l->has_control ? search_control(name, &files) : 0;

        if (r == 0 && files)
                r = draft_add_file(&l->draft, name);
        if (r == 0 && files)
                *ret = l->draft.at;
        for (size_t i = 0; r == 0 && files && files[i]; i++)
                r = draft_read_unit(&l->draft, files[i], &said);
        diags_move(l->diags, &said, true);
        return r;
}

int loader_make_unit(struct loader *l, const char *name, struct source *s, struct unit **ret) {
        bool is_own = s->sections[1] != DRAFT_NONE && !s->is_file;
        uint32_t place = is_own ? s->sections[1] : s->sections[0];
        struct unit *u = unit_new(s->is_file ? &l->fresh_file : &l->fresh, name);

        if (!u)
                return -ENOMEM;
        u->file = place != DRAFT_NONE ? l->draft.sections[place].file : NULL;
        u->line = place != DRAFT_NONE ? l->draft.sections[place].line : 0;

        int r = make_spec(u);
        s->control = DRAFT_NONE;
        if (r == 0 && !s->is_file)
                r = read_control(l, u->name, &s->control);
        if (r == 0)
                r = add_unit(l, u, s);
        if (r < 0) {
                unit_free(u);
                return r;
        }
        s->said = (struct diags){};
        u->is_target = s->is_file && text_ends(u->name, ".target");
        u->is_asked = s->is_asked;
        l->said = s->is_file ? &l->sources[l->config->n_units - 1].said : l->diags;
        for (size_t i = 0; r >= 0 && i < countof(s->sections); i++) {
                if (s->sections[i] == DRAFT_NONE)
                        continue;
                l->draft.sections[s->sections[i]].is_made = true;
                r = apply_section(l, s->sections[i], u, false);
        }
        if (r >= 0)
                r = apply_section(l, s->control, u, false);
        if (r >= 0)
                r = override_apply(l->options->overrides, u->name, u, l->said);
        l->said = l->diags;
        if (r >= 0)
                r = name_trigger(u);
        if (r >= 0 && ret)
                *ret = u;
        return r;
}

int loader_try(struct loader *l, uint32_t section, struct diags *said) {
        const struct draft_section *s = &l->draft.sections[section];
        autofree char *name =
                text_format("%.*s0.service", (int) (strchr(s->name, '@') + 1 - s->name), s->name);
        struct unit *u = name ? unit_new(s->is_file ? &l->fresh_file : &l->fresh, name) : NULL;

        if (!u)
                return -ENOMEM;
        l->said = said;
        int r = apply_section(l, section, u, false);
        l->said = l->diags;
        unit_free(u);
        return r;
}

static int make_instance(struct loader *l, uint32_t template, unsigned number) {
        const char *name = l->draft.sections[template].name;
        size_t prefix = strlen(name) - strlen(".service");
        autofree char *full = text_format("%.*s%u.service", (int) prefix, name, number);

        if (!full)
                return -ENOMEM;

        struct source s = { .sections = { template, draft_find(&l->draft, full) } };
        if (s.sections[1] == DRAFT_NONE || !l->draft.sections[s.sections[1]].is_made)
                return loader_make_unit(l, full, &s, NULL);
        return 0;
}

static int make_instances(struct loader *l, uint32_t template) {
        struct unit counted = l->fresh;

        counted.name = l->draft.sections[template].name;
        int r = apply_section(l, template, &counted, true);
        if (counted.instances > INSTANCES_MOST)
                return diag(l->diags, l->draft.sections[template].file, l->draft.sections[template].line,
                            -ERANGE, "Instances=%u: more than %d", counted.instances, INSTANCES_MOST);
        for (unsigned i = 1; r >= 0 && i <= counted.instances; i++)
                r = make_instance(l, template, i);
        return r;
}

/* The template that "worker@2.service" is an instance of, or DRAFT_NONE. */
static uint32_t find_template(const struct loader *l, const char *name) {
        char template[512]; /* a unit's name has at most 255 */
        const char *at = strchr(name, '@');

        if (!at)
                return DRAFT_NONE;
        (void) snprintf(template, sizeof(template), "%.*s@.service", (int) (at - name), name);
        return draft_find(&l->draft, template);
}

static int make_units(struct loader *l) {
        const struct draft *d = &l->draft;
        int r = 0;

        for (uint32_t i = DRAFT_CONTAINER + 1; i < d->n_sections && r >= 0; i++) {
                const struct draft_section *section = &d->sections[i];

                if (section->is_template)
                        r = make_instances(l, i);
                else if (!section->is_made && strcmp(section->name, COMMAND_UNIT) != 0) {
                        struct source s = { .sections = { find_template(l, section->name), i } };

                        r = loader_make_unit(l, section->name, &s, NULL);
                }
        }
        return r;
}

static bool has_instances_row(const struct draft *d, uint32_t section) {
        for (uint32_t i = d->sections[section].first; i != DRAFT_NONE; i = d->lines[i].next)
                if (is_instances(d->lines[i].setting))
                        return true;
        return false;
}

static void warn_of_idle_templates(const struct loader *l) {
        const struct draft *d = &l->draft;

        for (uint32_t i = DRAFT_CONTAINER + 1; i < d->n_sections; i++) {
                const struct draft_section *s = &d->sections[i];

                if (!s->is_template || s->is_made || has_instances_row(d, i))
                        continue;
                diag(l->diags, s->file, s->line, 0,
                     "%s: a template without Instances=: no unit is made of it", s->name);
        }
}

/* The command's words as they are, whatever they hold. */
static struct command *make_command(char *const *words) {
        size_t n = strv_length(words), size = 0;

        for (size_t i = 0; i < n; i++)
                size += strlen(words[i]) + 1;

        struct command *c = malloc(sizeof(*c) + (n + 1) * sizeof(char *) + size);
        if (!c)
                return NULL;
        *c = (struct command){ .flags = COMMAND_NO_EXPAND, .n = (uint32_t) n };

        char *at = (char *) &c->argv[n + 1];
        for (size_t i = 0; i < n; i++) {
                c->argv[i] = at;
                at = stpcpy(at, words[i]) + 1;
        }
        c->argv[n] = NULL;
        c->path = c->argv[0];
        return c;
}

/* Behind all units but those that are to come behind it. A name that stands there twice does no harm. */
static int order_last(const struct config *c, struct unit *u) {
        int r = 0;

        for (size_t i = 0; i < c->n_units && r >= 0; i++)
                if (c->units[i] != u && !strv_contains(c->units[i]->after, u->name))
                        r = strv_add(&u->after, c->units[i]->name);
        return r;
}

static int set_word(char **field, const char *word) {
        if (*field || !word)
                return 0;
        *field = strdup(word);
        return *field ? 0 : -ENOMEM;
}

static int apply_foreground(struct unit *u, const struct foreground *f) {
        bool has_user = u->user != NULL;
        int r = set_word(&u->working_directory, f->directory);

        if (r == 0 && !has_user)
                r = set_word(&u->user, f->user);
        if (r == 0 && !has_user)
                r = set_word(&u->group, f->group);
        if (f->stop_signal > 0 && u->kill_signal == SIGTERM)
                u->kill_signal = f->stop_signal;
        return r;
}

/* command.service: a [command] section may add to it, but not to what it runs and what its end means. */
static int make_foreground(struct loader *l) {
        struct source s = { .sections = { DRAFT_NONE, draft_find(&l->draft, COMMAND_UNIT) } };
        char *const *words = l->options->command;
        struct unit *u;

        if (!words || !words[0]) {
                if (s.sections[1] == DRAFT_NONE)
                        return 0;
                return loader_make_unit(l, COMMAND_UNIT, &s, NULL);
        }

        int r = loader_make_unit(l, COMMAND_UNIT, &s, &u);
        if (r < 0)
                return r;
        command_free(u->exec[EXEC_START]);
        u->exec[EXEC_START] = make_command(words);
        if (!u->exec[EXEC_START])
                return -ENOMEM;
        u->foreground = true;
        u->type = SERVICE_SIMPLE;
        u->restart = RESTART_NO;
        u->success_action = u->failure_action = ACTION_EXIT;
        u->input.kind = u->input.kind == STDIO_NULL ? STDIO_INHERIT : u->input.kind;
        if (l->options->foreground)
                r = apply_foreground(u, l->options->foreground);
        return r < 0 ? r : order_last(l->config, u);
}

static int make_container(struct loader *l) {
        struct container *c = &l->config->container;
        struct source s = { .sections = { DRAFT_NONE, DRAFT_CONTAINER }, .control = DRAFT_NONE };

        int r = setting_apply_defaults(OWNER_CONTAINER, c, true);
        if (r >= 0)
                r = apply_section(l, DRAFT_CONTAINER, NULL, false);
        if (r >= 0)
                r = loader_find_origins(l, &s);
        return r < 0 ? r : keep_origins(l, &c->origins, &c->n_origins);
}

static int make_fresh(struct loader *l) {
        l->fresh.from_tend_ini = true;

        int r = setting_apply_defaults(OWNER_UNIT, &l->fresh, true);
        if (r >= 0)
                r = setting_apply_defaults(OWNER_UNIT, &l->fresh_file, false);
        l->timeout_start = l->fresh.timeout_start;
        l->fresh.timeout_start = l->fresh_file.timeout_start = TIMEOUT_UNSETTLED;
        return r;
}

static int verify_units(struct loader *l) {
        for (size_t i = 0; i < l->config->n_units; i++) {
                struct unit *u = l->config->units[i];
                int r = loader_find_origins(l, &l->sources[i]);

                if (r < 0)
                        return r;

                struct verify v = {
                        .unit = u,
                        .origins = l->origins,
                        .n_origins = l->n_origins,
                        .environment = l->options->environment,
                        .has_errors = l->has_errors,
                        .look_at_system = l->options->look_at_system,
                        .diags = l->sources[i].is_file ? &l->sources[i].said : l->diags,
                        .config = l->config,
                };
                verify_unit(&v);
                r = keep_origins(l, &u->origins, &u->n_origins);
                if (r < 0)
                        return r;
        }
        if (l->config->n_units == 0 && l->draft.n_sections == 1 && l->diags->errors == 0 && !pull_is_asked(l))
                diag(l->diags, l->config->path, 0, -ENODATA, "there is no service in it");
        return 0;
}

static int read_files(struct loader *l) {
        const struct load_options *o = l->options;
        const char *path = l->config->path;
        bool may_be_absent = !o->path && o->command && o->command[0];
        bool is_left_out = !o->path && (o->enabled || (o->units && o->units[0]));
        if (is_left_out)
                return 0;
        autofree char *directory = text_format("%s.d", path);

        if (!directory)
                return -ENOMEM;
        int r = draft_read(&l->draft, path, may_be_absent);
        return r < 0 ? r : draft_read_directory(&l->draft, directory);
}

/* From here on they are no units: nothing of them runs. */
static int part_slices(struct loader *l) {
        struct config *c = l->config;
        size_t kept = 0;

        c->slices = calloc(c->n_units + 1, sizeof(*c->slices));
        if (!c->slices)
                return -ENOMEM;
        for (size_t i = 0; i < c->n_units; i++)
                if (text_ends(c->units[i]->name, ".slice"))
                        c->slices[c->n_slices++] = c->units[i];
                else
                        c->units[kept++] = c->units[i];
        c->n_units = kept;
        return 0;
}

static int load(struct loader *l) {
        static int (*const steps[])(struct loader * l) = {
                read_files,      make_container, make_fresh,   pull_asked, make_units,  pull_more,
                make_foreground, loader_settle,  verify_units, pull_judge, part_slices,
        };
        const char *path = l->options->path ? l->options->path : pull_word(l->options, DEFAULT_PATH);

        l->said = l->diags;

        l->config->path = strdup(path);
        if (!l->config->path)
                return -ENOMEM;

        int r = draft_init(&l->draft, l->options->environment, l->diags, l->config);
        for (size_t i = 0; i < countof(steps) && r >= 0; i++)
                r = steps[i](l);
        if (r >= 0)
                warn_of_idle_templates(l);
        return r;
}

int config_load(const struct load_options *o, struct diags *d, struct config **ret) {
        struct loader l = {
                .options = o,
                .diags = d,
                .config = calloc(1, sizeof(*l.config)),
                .has_control = access(SEARCH_CONTROL, F_OK) == 0,
        };
        size_t errors = d->errors, first = d->n;

        directory_bases_find(geteuid(), getpid(), o->at_home, o->environment);
        int r = l.config ? load(&l) : -ENOMEM;

        draft_done(&l.draft);
        pull_done(&l);
        free(l.sources);
        free(l.origins);
        /* The pages between the units that stay were the draft's: they go back to the kernel. */
        (void) malloc_trim(0);
        diags_sort(d, first);
        if (r < 0 && d->errors == errors)
                diag(d, o->path, 0, r, "%s", strerror(-r));
        if (r < 0) {
                config_free(l.config);
                return r;
        }
        *ret = l.config;
        return d->errors > errors ? -EINVAL : 0;
}

struct config *config_free(struct config *c) {
        if (!c)
                return NULL;
        for (size_t i = 0; i < c->n_units; i++)
                unit_free(c->units[i]);
        for (size_t i = 0; i < c->n_slices; i++)
                unit_free(c->slices[i]);
        free(c->slices);
        for (size_t i = 0; i < c->n_zones; i++) {
                zone_close(c->zones[i]);
                free(c->zones[i]);
        }
        free(c->zones);
        strv_free(c->files);
        free(c->units);
        strv_free(c->aliases);
        strv_free(c->container.units);
        free(c->container.hostname);
        free(c->container.control_group);
        free(c->container.origins);
        free(c->path);
        free(c);
        return NULL;
}
