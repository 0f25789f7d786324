#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "base/io.h"
#include "base/text.h"
#include "config/draft.h"
#include "config/expand.h"
#include "config/kind.h"
#include "config/reader.h"
#include "config/suggest.h"
#include "config/value.h"

#define FILE_MOST     (16u << 20) /* bytes */
#define SECTIONS_MOST 10000

/* Makes room for one more in an array that doubles. */
static void *grow(void *array, uint32_t n, size_t size) {
        if ((n & (n - 1)) != 0)
                return array;
        return reallocarray(array, n == 0 ? 1 : 2 * (size_t) n, size);
}

static uint32_t hash_name(const char *text) {
        uint32_t h = 2166136261u;

        for (; *text != '\0'; text++)
                h = (h ^ (unsigned char) *text) * 16777619u;
        return h;
}

uint32_t draft_find(const struct draft *d, const char *name) {
        uint32_t hash = hash_name(name);

        /* From the end: a section that goes on is most often the last one. */
        for (uint32_t i = d->n_sections; i-- > DRAFT_CONTAINER + 1;)
                if (d->sections[i].hash == hash && !d->sections[i].is_file &&
                    strcmp(d->sections[i].name, name) == 0)
                        return i;
        return DRAFT_NONE;
}

/* Takes `name` in any case. */
static int add_section(struct draft *d, char *name, unsigned line) {
        autofree char *owned = name;

        if (!name)
                return -ENOMEM;

        struct draft_section *sections = grow(d->sections, d->n_sections, sizeof(*sections));
        if (!sections)
                return -ENOMEM;
        d->sections = sections;
        d->at = d->n_sections;
        sections[d->n_sections++] = (struct draft_section){
                .name = TAKE(owned),
                .file = d->file,
                .line = line,
                .hash = hash_name(name),
                .first = DRAFT_NONE,
                .last = DRAFT_NONE,
                .is_template = text_ends(name, "@.service"),
        };
        return 0;
}

int draft_add_file(struct draft *d, const char *name) {
        int r = add_section(d, strdup(name), 0);

        if (r < 0)
                return r;
        d->sections[d->at].file = NULL;
        d->sections[d->at].is_file = d->sections[d->at].is_made = true;
        return 0;
}

int draft_init(struct draft *d, char *const *environment, struct diags *diags, struct config *config) {
        *d = (struct draft){ .environment = environment, .diags = diags, .config = config };
        return add_section(d, strdup("tend"), 0);
}

void draft_done(struct draft *d) {
        for (uint32_t i = 0; i < d->n_lines; i++)
                free(d->lines[i].expanded);
        for (uint32_t i = 0; i < d->n_sections; i++)
                free(d->sections[i].name);
        free(d->lines);
        free(d->sections);
        strv_free(d->texts);
}

static bool is_part_of_unit_file(const char *section) {
        for (const struct unit_kind *k = unit_kinds; k->suffix; k++)
                if (unit_kind_has(k, section))
                        return true;
        return false;
}

/* What keeps [section] from being a unit; NULL: nothing. */
static const char *find_fault(const char *section, const char *full) {
        const struct unit_kind *kind = unit_kind(full);

        if (is_part_of_unit_file(section))
                return "a section is a unit here, and bears its name";
        if (!unit_is_name(section))
                return "not the name of a unit: letters, digits and :-_.\\@, and not too many";
        if (text_ends(full, ".slice"))
                return value_is_slice(full) && strcmp(full, "-.slice") != 0
                               ? NULL
                               : "not the name of a slice: a-b.slice lies in a.slice";
        if (!kind || !kind->of_tend_ini)
                return "units of this kind are not carried out yet";
        if (strstr(full, "@.") && !text_ends(full, "@.service"))
                return "only services have templates here: give each instance a section of its own";
        return NULL;
}

static int open_section(struct draft *d, const struct entry *e) {
        d->at = DRAFT_NONE;
        if (text_starts(e->section, "X-"))
                return 0;
        if (strcmp(e->section, "tend") == 0) {
                d->at = DRAFT_CONTAINER;
                if (!d->sections[d->at].file) {
                        d->sections[d->at].file = d->file;
                        d->sections[d->at].line = e->line;
                }
                return 0;
        }

        autofree char *full = unit_full_name(e->section);
        if (!full)
                return -ENOMEM;

        const char *fault = find_fault(e->section, full);
        if (fault) {
                diag(d->diags, d->file, e->line, -EINVAL, "[%.64s]: %s", e->section, fault);
                if (is_part_of_unit_file(e->section))
                        diag_hint(d->diags, "%s",
                                  "[web] holds what [Unit], [Service] and [Install] of web.service would");
                return 0;
        }

        d->at = draft_find(d, full);
        if (d->at != DRAFT_NONE)
                return 0;
        if (d->n_sections > SECTIONS_MOST)
                return diag(d->diags, d->file, e->line, -E2BIG, "more than %d sections", SECTIONS_MOST);
        return add_section(d, TAKE(full), e->line);
}

/* An unknown setting: the nearest one, or the section where it belongs. */
static void refuse_key(const struct draft *d, enum setting_owner owner, const struct entry *e) {
        enum setting_owner other = owner == OWNER_UNIT ? OWNER_CONTAINER : OWNER_UNIT;
        struct suggest near;

        diag(d->diags, d->file, e->line, -EINVAL, "%s=: no such setting in [%.64s]", e->key, e->section);
        if (setting_find(other, e->key)) {
                diag_hint(d->diags,
                          other == OWNER_UNIT ? "%s= is a setting of a service, in a section of its name"
                                              : "%s= is a setting of the container, in [tend]",
                          e->key);
                return;
        }

        suggest_init(&near, e->key);
        for (size_t i = 0; i < n_settings; i++)
                if (settings[i].owner == owner)
                        suggest_offer(&near, settings[i].key);
        if (near.best)
                diag_hint(d->diags, "did you mean %s=?", near.best);
}

/* Puts ${NAME} in. 0 and *ret, NULL where there is nothing to put in; -EINVAL where it has been told what is
 * wrong. */
static int expand_value(const struct draft *d, const struct setting *s, const struct entry *e, char **ret) {
        autofree char *bad = NULL;

        *ret = NULL;
        if (s->at_spawn || !setting_is_carried_out(s) || !strstr(e->value, "${"))
                return 0;

        int r = expand_load_time(e->value, d->environment, ret, &bad);
        if (r >= 0 || r == -ENOMEM)
                return r;
        if (r == -ENOENT) {
                diag(d->diags, d->file, e->line, -EINVAL, "%s=: the variable %s is not set", e->key,
                     bad ? bad : "");
                diag_hint(d->diags, "${%s:-word} gives it a default", bad ? bad : "NAME");
        } else {
                diag(d->diags, d->file, e->line, -EINVAL, "%s=: '%.64s' is neither ${NAME} nor ${NAME:-word}",
                     e->key, bad ? bad : "");
                diag_hint(d->diags, "%s", "a plain ${ is written $${");
        }
        return -EINVAL;
}

int draft_add_line(struct draft *d, const struct draft_line *line) {
        struct draft_line *lines = grow(d->lines, d->n_lines, sizeof(*lines));

        if (!lines)
                return -ENOMEM;
        d->lines = lines;
        lines[d->n_lines] = *line;

        struct draft_section *section = &d->sections[d->at];
        if (section->last == DRAFT_NONE)
                section->first = d->n_lines;
        else
                lines[section->last].next = d->n_lines;
        section->last = d->n_lines++;
        return 0;
}

static const struct unit_kind *kind_at(const struct draft *d) {
        return d->at == DRAFT_CONTAINER ? NULL : unit_kind(d->sections[d->at].name);
}

/* The kind that a section of unit files belongs to. */
static const struct unit_kind *kind_with(const char *section) {
        const struct unit_kind *k = unit_kinds;

        while (k->suffix && (!k->section || strcmp(k->section, section) != 0))
                k++;
        return k->suffix ? k : NULL;
}

/* A timer's setting in a service, or the other way round. */
static bool is_misplaced(const struct draft *d, const struct setting *s, const struct entry *e) {
        const struct unit_kind *kind = kind_at(d), *its = kind_with(s->section);

        if (kind && strcmp(kind->suffix, ".slice") == 0 && setting_is_carried_out(s)) {
                if (setting_is_of_slice(s))
                        return false;
                diag(d->diags, d->file, e->line, -EINVAL, "%s=: no such setting in [%.64s]", e->key,
                     e->section);
                diag_hint(d->diags, "%s", "a slice has a budget, and what is in it says so by Slice=");
                return true;
        }
        if (!kind || !its || its == kind || !setting_is_carried_out(s) ||
            unit_kind_shares(kind, s->section, s->key))
                return false;
        diag(d->diags, d->file, e->line, -EINVAL, "%s=: no such setting in [%.64s]", e->key, e->section);
        if (strcmp(its->suffix, ".service") == 0)
                diag_hint(d->diags, "%s= is a setting of a service, in its own section", e->key);
        else
                diag_hint(d->diags, "%s= is a setting of a %s, in a section that is called [NAME%s]", e->key,
                          its->suffix + 1, its->suffix);
        return true;
}

static int take_setting(struct draft *d, const struct entry *e) {
        enum setting_owner owner = d->at == DRAFT_CONTAINER ? OWNER_CONTAINER : OWNER_UNIT;
        const struct unit_kind *kind = kind_at(d);
        const struct setting *s = setting_find_in(owner, kind ? kind->section : NULL, e->key);
        char *expanded;

        if (!s) {
                refuse_key(d, owner, e);
                return 0;
        }
        if (is_misplaced(d, s, e))
                return 0;
        if (strcmp(s->key, "Instances") == 0 && !d->sections[d->at].is_template) {
                diag(d->diags, d->file, e->line, -EINVAL, "Instances=: [%.64s] is not a template",
                     e->section);
                diag_hint(d->diags, "a template's name ends in @, as in [%.64s@]", e->section);
                return 0;
        }

        int r = expand_value(d, s, e, &expanded);
        if (r < 0)
                return r == -ENOMEM ? r : 0;

        struct draft_line line = {
                .setting = s,
                .value = expanded ? expanded : e->value,
                .expanded = expanded,
                .file = d->file,
                .line = e->line,
                .next = DRAFT_NONE,
        };
        r = draft_add_line(d, &line);
        if (r < 0)
                free(expanded);
        return r;
}

static int take_entry(void *context, const struct entry *e) {
        struct draft *d = context;

        if (!e->key)
                return open_section(d, e);
        if (d->at == DRAFT_NONE || text_starts(e->key, "X-"))
                return 0;
        return take_setting(d, e);
}

static int refuse_file(const struct draft *d, const char *path, int error) {
        if (error == -ENOMEM)
                return error;
        if (error == -EFBIG)
                diag(d->diags, path, 0, error, "the file is larger than %u MiB", FILE_MOST >> 20);
        else if (error == -EINVAL || error == -EISDIR)
                diag(d->diags, path, 0, error, "not a regular file");
        else
                diag(d->diags, path, 0, error, "%s", strerror(-error));
        if (error == -ENOENT)
                diag_hint(d->diags, "%s",
                          "write it, or name another: tend run FILE; `tend run -- CMD` needs none");
        return 0;
}

int draft_open(struct draft *d, const char *path, char **ret, size_t *ret_size) {
        char *text;
        int r = io_read_file(path, FILE_MOST, &text, ret_size);

        if (r < 0)
                return r;
        r = strv_take(&d->texts, text);
        if (r >= 0)
                r = strv_add(&d->config->files, path);
        if (r < 0)
                return r;
        d->file = d->config->files[strv_length(d->config->files) - 1];
        *ret = text;
        return 0;
}

int draft_read(struct draft *d, const char *path, bool may_be_absent) {
        char *text;
        size_t size;
        int r = draft_open(d, path, &text, &size);

        if (r == -ENOENT && may_be_absent)
                return 0;
        if (r < 0)
                return refuse_file(d, path, r);
        return reader_parse(text, size, d->file, d->diags, take_entry, d);
}

static int is_ini(const struct dirent *entry) {
        return *entry->d_name != '.' && text_ends(entry->d_name, ".ini");
}

static int by_name(const struct dirent **a, const struct dirent **b) {
        return strcmp((*a)->d_name, (*b)->d_name);
}

int draft_read_directory(struct draft *d, const char *path) {
        struct dirent **list;
        int n = scandir(path, &list, is_ini, by_name), r = 0;

        if (n < 0) {
                if (errno == ENOENT || errno == ENOTDIR)
                        return 0;
                return refuse_file(d, path, -errno);
        }
        for (int i = 0; i < n; i++) {
                autofree char *file = text_format("%s/%s", path, list[i]->d_name);

                if (!file)
                        r = -ENOMEM;
                if (r >= 0)
                        r = draft_read(d, file, false);
                free(list[i]);
        }
        free(list);
        return r;
}
