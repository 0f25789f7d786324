#include <errno.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "image/json.h"
#include "image/report.h"

/* How the owners of the files are: tend has to map users in the same way. */
static const char *owners_of(const struct store *s) {
        return s->owners[0] == '\0' ? "real" : s->owners + 1;
}

/* ---- records ------------------------------------------------------------------------------------------- */

struct printer {
        FILE *out;
        enum report_form form;
};

static void print(const struct printer *p, const char *key, const char *value) {
        if (!value)
                return;
        (void) fprintf(p->out, "%s=", key);
        if (p->form == REPORT_NUL) {
                (void) fputs(value, p->out);
                (void) fputc('\0', p->out);
        } else {
                text_print_word(p->out, value);
                (void) fputc('\n', p->out);
        }
}

static void print_all(const struct printer *p, const char *key, char *const *values) {
        for (size_t i = 0; values && values[i]; i++)
                print(p, key, values[i]);
}

static int print_records(const struct printer *p, const struct store *s, const struct picked *image,
                         const struct unpacked *u) {
        const struct image_config *c = &image->config;
        char id[DIGEST_TEXT_MAX];

        print(p, "id", digest_print(&image->id, id));
        print(p, "name", image->name);
        print(p, "owners", owners_of(s));
        for (size_t i = 0; u->places && u->places[i]; i++) {
                autofree char *path = text_format("%s/%s/root", s->path, u->places[i]);
                if (!path)
                        return -ENOMEM;
                print(p, "lower", path);
        }
        print(p, "mount", u->mark);
        print_all(p, "env", c->environment);
        print(p, "directory", c->directory);
        print(p, "user", c->user);
        print(p, "stop-signal", c->stop_signal);
        print_all(p, "entrypoint", c->entrypoint);
        print_all(p, "cmd", c->command);
        print(p, "end", "");
        return 0;
}

/* ---- JSON ---------------------------------------------------------------------------------------------- */

static json_t *list_of(char *const *words) {
        json_t *list = json_array();

        for (size_t i = 0; words && words[i]; i++)
                (void) json_array_append_new(list, json_string(words[i]));
        return list;
}

static int print_json(FILE *out, json_t *j) {
        int r = j ? json_dumpf(j, out, JSON_INDENT(2)) : -1;

        json_decref(j);
        (void) fputc('\n', out);
        return r < 0 ? -ENOMEM : 0;
}

static int print_object(FILE *out, const struct store *s, const struct picked *image,
                        const struct unpacked *u) {
        const struct image_config *c = &image->config;
        json_t *lower = json_array();
        char id[DIGEST_TEXT_MAX];

        for (size_t i = 0; u->places && u->places[i]; i++) {
                autofree char *path = text_format("%s/%s/root", s->path, u->places[i]);
                (void) json_array_append_new(lower, path ? json_string(path) : NULL);
        }
        return print_json(out,
                          json_pack("{s:s, s:s?, s:s, s:o, s:s?, s:o, s:s?, s:s?, s:s?, s:o, s:o}", "id",
                                    digest_print(&image->id, id), "name", image->name, "owners", owners_of(s),
                                    "lower", lower, "mount", u->mark, "env", list_of(c->environment),
                                    "directory", c->directory, "user", c->user, "stop-signal", c->stop_signal,
                                    "entrypoint", list_of(c->entrypoint), "cmd", list_of(c->command)));
}

static int arrive(FILE *out) {
        return fflush(out) != 0 || ferror(out) ? -EIO : 0;
}

int report_image(FILE *out, enum report_form form, const struct store *s, const struct picked *p,
                 const struct unpacked *u) {
        const struct printer printer = { out, form };
        int r = form == REPORT_JSON ? print_object(out, s, p, u) : print_records(&printer, s, p, u);

        return r < 0 ? r : arrive(out);
}

static int list_json(FILE *out, const struct shelf_list *l) {
        json_t *list = json_array();

        for (size_t i = 0; i < l->n; i++) {
                const struct shelved *image = &l->images[i];
                (void) json_array_append_new(list,
                                             json_pack("{s:s, s:s?, s:s?, s:i, s:I, s:b}", "id", image->id,
                                                       "name", image->name, "source", image->source, "layers",
                                                       (int) strv_length(image->places), "bytes",
                                                       (json_int_t) image->bytes, "flat", image->flat));
        }
        return print_json(out, list);
}

/* A stranger's word, without what a terminal would obey. */
static void print_cell(FILE *out, const char *text, int width) {
        int n = 0;

        for (const char *at = text ? text : "-"; *at != '\0'; at++, n++)
                (void) fputc((unsigned char) *at < ' ' || *at == 127 ? '?' : *at, out);
        (void) fprintf(out, "%*s ", n < width ? width - n : 0, "");
}

int report_list(FILE *out, bool json, const struct shelf_list *l) {
        if (json) {
                int r = list_json(out, l);
                return r < 0 ? r : arrive(out);
        }
        if (l->n > 0)
                (void) fprintf(out, "%-32s %-12s %6s %10s  %s\n", "NAME", "ID", "LAYERS", "MIB", "SOURCE");
        for (size_t i = 0; i < l->n; i++) {
                const struct shelved *image = &l->images[i];

                print_cell(out, image->name, 32);
                (void) fprintf(out, "%.12s %6zu %10.1f  ", image->id + strlen("sha256:"),
                               strv_length(image->places), (double) image->bytes / (1 << 20));
                text_print_word(out, image->source ? image->source : "-");
                (void) fputc('\n', out);
        }
        return arrive(out);
}

int report_pruned(FILE *out, bool json, const struct pruned *p) {
        if (json) {
                int r = print_json(out, json_pack("{s:i, s:i, s:i}", "removed", (int) p->removed, "in_use",
                                                  (int) p->in_use, "drafts", (int) p->drafts));
                return r < 0 ? r : arrive(out);
        }
        (void) fprintf(out, "removed %zu layers", p->removed);
        if (p->drafts > 0)
                (void) fprintf(out, ", and %zu that were left half made", p->drafts);
        if (p->in_use > 0)
                (void) fprintf(out, "; %zu are in use and stay", p->in_use);
        (void) fputc('\n', out);
        return arrive(out);
}
