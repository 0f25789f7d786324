/* The settings of path units. A unit of another kind has no place for them. */

#include <limits.h>
#include <string.h>

#include "base/text.h"
#include "config/path.h"
#include "config/value.h"

static const struct path_spec *path_of(const void *object) {
        return ((const struct unit *) object)->path;
}

/* Without slashes that say nothing, and parts that are "."; false where one is "..". */
static bool simplify(char *path) {
        char *to = path;

        for (const char *from = path; *(from += strspn(from, "/")) != '\0';) {
                size_t n = strcspn(from, "/");

                if (n == 2 && from[0] == '.' && from[1] == '.')
                        return false;
                if (n != 1 || *from != '.') {
                        *to++ = '/';
                        memmove(to, from, n);
                        to += n;
                }
                from += n;
        }
        if (to == path)
                *to++ = '/';
        *to = '\0';
        return true;
}

int value_path_line(const struct assignment *a) {
        const struct path_row *row = a->setting->table;
        autofree char *text = NULL;

        if (!a->unit->path)
                return 0;
        if (*a->value == '\0') {
                path_spec_reset(a->unit->path);
                return 0;
        }
        int r = value_expand(a, a->value, &text);
        if (r < 0)
                return r;
        if (*text != '/')
                return value_reject(a, "not an absolute path");
        if (strlen(text) >= PATH_MAX)
                return value_reject(a, "too long for a path");
        if (!simplify(text))
                return value_reject(a, "a path that is watched may not have \"..\" in it");

        struct path_line *l = malloc(sizeof(*l) + strlen(text) + 1);
        if (!l)
                return value_out_of_memory(a);
        *l = (struct path_line){ .kind = (uint8_t) row->kind };
        memcpy(l->text, text, strlen(text) + 1);
        struct path_line **end = &a->unit->path->lines;
        while (*end)
                end = &(*end)->next;
        *end = l;
        return 0;
}

void value_print_path_line(const struct setting *s, const void *object, FILE *out) {
        const struct path_row *row = s->table;

        for (const struct path_line *l = path_of(object) ? path_of(object)->lines : NULL; l; l = l->next)
                if (l->kind == row->kind)
                        (void) fprintf(out, "%s\n", l->text);
}
