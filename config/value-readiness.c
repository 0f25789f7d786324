/* Settings whose fields are in unit->readiness, which is made when the first of them is set. */

#include <string.h>

#include "base/text.h"
#include "config/setup.h"
#include "config/value.h"

int value_readiness(const struct assignment *a) {
        const struct readiness_row *row = a->setting->table;
        struct unit *u = a->object;
        struct setting inner = *a->setting;
        struct assignment same = *a;

        if (!u->readiness && strcmp(a->value, setting_fallback(a->setting, u->from_tend_ini)) == 0)
                return 0;
        if (!u->readiness) {
                struct readiness *made = malloc(sizeof(*made));

                if (!made)
                        return value_out_of_memory(a);
                *made = *unit_readiness(u);
                u->readiness = made;
        }
        inner.field = row->field;
        inner.table = row->table;
        same.setting = &inner;
        same.object = u->readiness;
        return row->parse(&same);
}

void value_print_readiness(const struct setting *s, const void *object, FILE *out) {
        const struct readiness_row *row = s->table;
        struct setting inner = *s;

        inner.field = row->field;
        inner.table = row->table;
        row->print(&inner, unit_readiness(object), out);
}

static void *field_of(const struct assignment *a) {
        return (char *) a->object + a->setting->field;
}

int value_pid_file(const struct assignment *a) {
        char **field = field_of(a);
        autofree char *path = NULL, *whole = NULL;

        if (*a->value != '\0') {
                int r = value_expand(a, a->value, &path);

                if (r < 0)
                        return r;
                whole = *path == '/' ? TAKE(path)
                                     : text_format("%s/%s", directory_base(DIRECTORY_RUNTIME), path);
                if (!whole)
                        return value_out_of_memory(a);
        }
        free(*field);
        *field = TAKE(whole);
        return 0;
}

void value_print_pid_file(const struct setting *s, const void *object, FILE *out) {
        value_print_string(s, object, out);
}

int value_exit_type(const struct assignment *a) {
        bool *field = field_of(a);

        if (strcmp(a->value, "main") != 0 && strcmp(a->value, "cgroup") != 0)
                return value_reject(a, "not a value it takes (%s)", a->setting->values);
        *field = *a->value == 'c';
        return 0;
}

void value_print_exit_type(const struct setting *s, const void *object, FILE *out) {
        const bool *exits_empty = (const void *) ((const char *) object + s->field);

        (void) fprintf(out, "%s\n", *exits_empty ? "cgroup" : "main");
}
