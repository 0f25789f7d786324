/* What is kept in struct setup: conditions, directories, input data. */

#include <errno.h>
#include <string.h>

#include "base/base64.h"
#include "base/parse.h"
#include "base/text.h"
#include "config/setup.h"
#include "config/value.h"

#define INPUT_MOST ((size_t) 1 << 20)

static void *field_of(const struct assignment *a) {
        return (char *) a->object + a->setting->field;
}

static const void *field_in(const struct setting *s, const void *object) {
        return (const char *) object + s->field;
}

static struct setup *get_setup(const struct assignment *a) {
        if (!a->unit->setup)
                a->unit->setup = setup_new();
        return a->unit->setup;
}

static bool takes_path(enum check_kind kind) {
        static const uint64_t kinds =
                UINT64_C(1) << CHECK_PATH_EXISTS | UINT64_C(1) << CHECK_PATH_EXISTS_GLOB |
                UINT64_C(1) << CHECK_PATH_IS_DIRECTORY | UINT64_C(1) << CHECK_PATH_IS_MOUNT_POINT |
                UINT64_C(1) << CHECK_PATH_IS_READ_WRITE | UINT64_C(1) << CHECK_PATH_IS_SYMBOLIC_LINK |
                UINT64_C(1) << CHECK_FILE_NOT_EMPTY | UINT64_C(1) << CHECK_FILE_IS_EXECUTABLE |
                UINT64_C(1) << CHECK_DIRECTORY_NOT_EMPTY | UINT64_C(1) << CHECK_NEEDS_UPDATE;
        return kinds >> kind & 1;
}

static bool takes_bool(enum check_kind kind) {
        return kind == CHECK_AC_POWER || kind == CHECK_FIRST_BOOT;
}

/* An empty one takes all of them back, of whatever kind: conditions those, assertions these. */
static void drop_checks(struct setup *s, bool assert) {
        struct check **at = s ? &s->checks : NULL;

        while (at && *at) {
                struct check *c = *at;

                if (c->assert != assert) {
                        at = &c->next;
                        continue;
                }
                *at = c->next;
                free(c);
        }
}

static int add_check(const struct assignment *a, const struct check *like, const char *parameter) {
        struct setup *setup = get_setup(a);
        size_t n = strlen(parameter) + 1;
        struct check *c = setup ? malloc(sizeof(*c) + n) : NULL;

        if (!c)
                return value_out_of_memory(a);
        *c = *like;
        memcpy(c->parameter, parameter, n);

        struct check **at = &setup->checks;
        while (*at)
                at = &(*at)->next;
        *at = c;
        return 0;
}

int value_check(const struct assignment *a) {
        const struct check_row *row = a->setting->table;
        struct check like = { .kind = row->kind, .assert = row->assert };
        autofree char *parameter = NULL;
        const char *at = a->value;
        bool yes;

        if (*at == '\0') {
                drop_checks(a->unit->setup, row->assert);
                return 0;
        }
        like.trigger = *at == '|';
        at += like.trigger ? 1 + strspn(at + 1, " \t") : 0;
        like.negate = *at == '!';
        at += like.negate ? 1 + strspn(at + 1, " \t") : 0;

        int r = value_expand(a, at, &parameter);
        if (r < 0)
                return r;
        if (*parameter == '\0')
                return value_reject(a, "there is nothing to look at");
        if (takes_path(row->kind) && *parameter != '/')
                return value_reject(a, "not an absolute path");
        if (takes_bool(row->kind) && parse_bool(parameter, &yes) < 0)
                return value_reject(a, "neither yes nor no");
        return add_check(a, &like, parameter);
}

void value_print_check(const struct setting *s, const void *object, FILE *out) {
        const struct check_row *row = s->table;
        const struct unit *u = object;

        for (const struct check *c = u->setup ? u->setup->checks : NULL; c; c = c->next)
                if (c->kind == row->kind && c->assert == row->assert)
                        (void) fprintf(out, "%s%s%s\n", c->trigger ? "|" : "", c->negate ? "!" : "",
                                       c->parameter);
}

/* A path below the base: no slash first, no "." or ".." in it. */
static bool is_below(const char *path) {
        if (*path == '\0' || *path == '/')
                return false;
        for (const char *p = path; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL) {
                size_t n = strcspn(p, "/");

                if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
                        return false;
        }
        return true;
}

static int check_directory(const struct assignment *a, const char *word) {
        autofree char *name = strndup(word, strcspn(word, ":"));
        const char *link = strchr(word, ':');
        bool is_configuration = text_starts(a->setting->key, "Configuration");

        if (!name)
                return value_out_of_memory(a);
        if (link && is_configuration)
                return value_reject(a, "this one takes no symbolic links");
        if (!is_below(name) || (link && (!is_below(link + 1) || strchr(link + 1, ':'))))
                return value_reject(a, "'%.64s' is not NAME or NAME:LINK, paths without . and ..", word);
        return 0;
}

int value_directories(const struct assignment *a) {
        return value_add_words(a, field_of(a), check_directory);
}

void value_print_directories(const struct setting *s, const void *object, FILE *out) {
        value_print_list(*(char *const *const *) field_in(s, object), out);
}

static int add_search_path(const struct assignment *a, char *list) {
        char *rest = NULL;

        for (char *path = strtok_r(list, ":", &rest); path; path = strtok_r(NULL, ":", &rest)) {
                if (*path != '/')
                        return value_reject(a, "'%.64s' is not an absolute path", path);
                if (strv_add(field_of(a), path) < 0)
                        return value_out_of_memory(a);
        }
        return 0;
}

int value_search_path(const struct assignment *a) {
        char ***list = field_of(a);
        autofree char *paths = NULL;

        if (*a->value == '\0') {
                *list = strv_free(*list);
                return 0;
        }
        int r = value_expand(a, a->value, &paths);
        return r < 0 ? r : add_search_path(a, paths);
}

/* As they are: what is read has no quotes. */
void value_print_search_path(const struct setting *s, const void *object, FILE *out) {
        char *const *path = *(char *const *const *) field_in(s, object);

        for (; path && *path; path++)
                (void) fprintf(out, "%s\n", *path);
}

int value_path(const struct assignment *a) {
        char **field = field_of(a);
        autofree char *path = NULL;

        if (*a->value != '\0') {
                int r = value_expand(a, a->value, &path);

                if (r < 0)
                        return r;
                if (*path != '/')
                        return value_reject(a, "not an absolute path");
        }
        free(*field);
        *field = TAKE(path);
        return 0;
}

void value_print_path(const struct setting *s, const void *object, FILE *out) {
        value_print_string(s, object, out);
}

/* What a service reads from StandardInput=data grows by these bytes. */
static int add_input(const struct assignment *a, const void *data, size_t n) {
        struct setup *s = a->object;

        if (n > INPUT_MOST - s->input_size)
                return value_reject(a, "more than 1 MiB of input");
        char *longer = realloc(s->input_data, s->input_size + n + 1);
        if (!longer)
                return value_out_of_memory(a);
        memcpy(longer + s->input_size, data, n);
        s->input_data = longer;
        s->input_size += n;
        return 0;
}

static void drop_input(const struct assignment *a) {
        struct setup *s = a->object;

        free(TAKE(s->input_data));
        s->input_size = 0;
}

/* One text, escapes and specifiers resolved, and a line's end behind it. White space is kept as it is. */
int value_input_text(const struct assignment *a) {
        autofree char *quoted = NULL, *plain = NULL, *text = NULL;
        size_t n = strlen(a->value), at = 0;

        if (n == 0) {
                drop_input(a);
                return 0;
        }
        /* In quotes it is one word; those that are in it are escaped. */
        quoted = malloc(2 * n + 3);
        if (!quoted)
                return value_out_of_memory(a);
        quoted[at++] = '"';
        for (const char *p = a->value; *p != '\0'; p++) {
                if (*p == '\\' && p[1] != '\0')
                        quoted[at++] = *p++;
                else if (*p == '"')
                        quoted[at++] = '\\';
                quoted[at++] = *p;
        }
        quoted[at++] = '"';
        quoted[at] = '\0';

        const char *rest = quoted;
        if (text_next_word(&rest, &plain) <= 0)
                return value_reject(a, "an escape that does not exist");
        int r = value_expand(a, plain, &text);
        if (r >= 0)
                r = add_input(a, text, strlen(text));
        return r < 0 ? r : add_input(a, "\n", 1);
}

int value_input_data(const struct assignment *a) {
        autofree char *data = NULL;
        size_t n;

        if (*a->value == '\0') {
                drop_input(a);
                return 0;
        }
        int r = base64_decode(a->value, &data, &n);
        if (r == -ENOMEM)
                return value_out_of_memory(a);
        return r < 0 ? value_reject(a, "not base64") : add_input(a, data, n);
}

/* Both are shown by the one row: the bytes, in base64 as they need not be text. */
void value_print_input_data(const struct setting *s, const void *object, FILE *out) {
        static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        const struct setup *setup = object;
        const unsigned char *d = (const unsigned char *) setup->input_data;

        (void) s;
        for (size_t i = 0; i < setup->input_size; i += 3) {
                size_t n = MIN(setup->input_size - i, (size_t) 3);
                unsigned bits = (unsigned) d[i] << 16 | (n > 1 ? (unsigned) d[i + 1] << 8 : 0) |
                                (n > 2 ? d[i + 2] : 0u);

                for (size_t k = 0; k < 4; k++)
                        (void) fputc(k <= n ? digits[bits >> (18 - 6 * k) & 63] : '=', out);
        }
        if (setup->input_size > 0)
                (void) fputc('\n', out);
}

void value_print_input_text(const struct setting *s, const void *object, FILE *out) {
        (void) s;
        (void) object;
        (void) out;
}
