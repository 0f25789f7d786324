/* Settings whose fields are in unit->readiness. */

#include <string.h>

#include "base/text.h"
#include "config/setup.h"
#include "config/value.h"

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
