/* "Key=value" lines given to the rows of the table: no crash, and what a row printed it reads again to the
 * same. */

#include <string.h>

#include "config/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *print(const struct setting *s, const struct unit *u) {
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return NULL;
        setting_print(s, u, out);
        (void) fclose(out);
        return text;
}

static struct unit *make(const char *name) {
        struct unit fresh = {};

        if (setting_apply_defaults(OWNER_UNIT, &fresh, true) < 0)
                abort();
        struct unit *u = unit_new(&fresh, name);
        if (!u)
                abort();
        return u;
}

/* An assignment for each printed line. Specifiers are left out: a printed % is one that was put in. */
static void read_again(const struct setting *s, const char *printed) {
        autofree char *copy = strdup(printed);
        struct unit *u = make("again@1.service");
        char *rest = copy, *line;

        if (!copy)
                abort();
        while ((line = strsep(&rest, "\n")) && *line != '\0') {
                struct assignment a = {
                        .setting = s, .object = u, .value = line, .file = "again", .unit = u
                };

                if (setting_parse(&a) < 0)
                        abort();
        }

        autofree char *again = print(s, u);
        if (!again || strcmp(again, printed) != 0)
                abort();
        unit_free(u);
}

static void give(struct unit *u, char *line, struct diags *d) {
        char *value = strchr(line, '=');

        if (!value)
                return;
        *value++ = '\0';

        const struct setting *s = setting_find(OWNER_UNIT, line);
        struct assignment a = {
                .setting = s, .object = u, .value = value, .file = "fuzz", .diags = d, .unit = u
        };
        if (!s || setting_parse(&a) < 0 || strchr(value, '%') || s->print == value_print_nothing)
                return;

        autofree char *printed = print(s, u);
        if (printed && *printed != '\0' && !strchr(printed, '%'))
                read_again(s, printed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        autofree char *text = malloc(size + 1);
        struct unit *u = make("fuzz@1.service");
        struct diags d = {};
        char *rest = text, *line;

        if (!text)
                abort();
        memcpy(text, data, size);
        text[size] = '\0';
        while ((line = strsep(&rest, "\n")))
                give(u, line, &d);
        diags_done(&d);
        unit_free(u);
        return 0;
}
