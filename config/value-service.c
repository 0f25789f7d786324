/* Values with a grammar of their own: actions, directories, descriptors, limits. */

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/parse.h"
#include "base/text.h"
#include "config/suggest.h"
#include "config/value.h"

#define WORD(name, word) word,

/* What a word of systemd's becomes here, and what is to be said about it. */
struct meaning {
        const char *word;
        uint8_t value;
        const char *warning; /* NULL: nothing */
};

static const struct meaning actions[] = {
        { "none", ACTION_NONE, NULL },
        { "exit", ACTION_EXIT, NULL },
        { "exit-force", ACTION_EXIT_FORCE, NULL },
        { "poweroff", ACTION_EXIT, NULL },
        { "poweroff-force", ACTION_EXIT_FORCE, NULL },
        { "poweroff-immediate", ACTION_EXIT_FORCE, NULL },
        { "reboot", ACTION_EXIT, NULL },
        { "reboot-force", ACTION_EXIT_FORCE, NULL },
        { "reboot-immediate", ACTION_EXIT_FORCE, NULL },
        { "halt", ACTION_EXIT, NULL },
        { "halt-force", ACTION_EXIT_FORCE, NULL },
        { "halt-immediate", ACTION_EXIT_FORCE, NULL },
        { "kexec", ACTION_EXIT, NULL },
        { "kexec-force", ACTION_EXIT_FORCE, NULL },
        { "soft-reboot", ACTION_EXIT, NULL },
        { "soft-reboot-force", ACTION_EXIT_FORCE, NULL },
};

static const struct meaning log_levels[] = {
        { "error", LOG_LEVEL_ERROR, NULL },
        { "warning", LOG_LEVEL_WARNING, NULL },
        { "info", LOG_LEVEL_INFO, NULL },
        { "debug", LOG_LEVEL_DEBUG, NULL },
};

#define NO_JOURNAL "there is no journal in a container: it goes where tend's own output goes"

/* Those with a path behind a colon stand with their colon. */
static const struct meaning inputs[] = {
        { "inherit", STDIO_INHERIT, NULL },
        { "null", STDIO_NULL, NULL },
        { "tty", STDIO_TTY, NULL },
        { "tty-force", STDIO_TTY, "carried out as tty" },
        { "tty-fail", STDIO_TTY, "carried out as tty" },
        { "file:", STDIO_FILE, NULL },
        { "data", STDIO_DATA, NULL },
        { "socket", STDIO_SOCKET, NULL },
};

static const struct meaning outputs[] = {
        { "inherit", STDIO_INHERIT, NULL },
        { "null", STDIO_NULL, NULL },
        { "tty", STDIO_TTY, NULL },
        { "file:", STDIO_FILE, NULL },
        { "append:", STDIO_APPEND, NULL },
        { "truncate:", STDIO_TRUNCATE, NULL },
        { "socket", STDIO_SOCKET, NULL },
        { "journal", STDIO_INHERIT, NO_JOURNAL },
        { "journal+console", STDIO_INHERIT, NO_JOURNAL },
        { "syslog", STDIO_INHERIT, NO_JOURNAL },
        { "syslog+console", STDIO_INHERIT, NO_JOURNAL },
        { "kmsg", STDIO_INHERIT, NO_JOURNAL },
        { "kmsg+console", STDIO_INHERIT, NO_JOURNAL },
};

static const char *const types[] = { SERVICE_TYPES(WORD) };

static void *field_of(const struct assignment *a) {
        return (char *) a->object + a->setting->field;
}

static const void *field_in(const struct setting *s, const void *object) {
        return (const char *) object + s->field;
}

static const struct meaning *find_meaning(const struct assignment *a, const struct meaning *list, size_t n) {
        struct suggest near;

        for (size_t i = 0; i < n; i++) {
                bool prefix = text_ends(list[i].word, ":");

                if (prefix ? text_starts(a->value, list[i].word) : strcmp(a->value, list[i].word) == 0)
                        return &list[i];
        }

        value_reject(a, "not a value it takes (%s)", a->setting->values);
        suggest_init(&near, a->value);
        for (size_t i = 0; i < n; i++)
                suggest_offer(&near, list[i].word);
        if (near.best)
                diag_hint(a->diags, "did you mean %s=%s?", a->setting->key, near.best);
        return NULL;
}

static void print_meaning(const struct meaning *list, size_t n, uint8_t value, FILE *out) {
        for (size_t i = 0; i < n; i++)
                if (list[i].value == value) {
                        (void) fprintf(out, "%s\n", list[i].word);
                        return;
                }
}

int value_action(const struct assignment *a) {
        const struct meaning *m = find_meaning(a, actions, countof(actions));

        if (!m)
                return -EINVAL;
        *(uint8_t *) field_of(a) = m->value;
        return 0;
}

void value_print_action(const struct setting *s, const void *object, FILE *out) {
        print_meaning(actions, countof(actions), *(const uint8_t *) field_in(s, object), out);
}

int value_log_level(const struct assignment *a) {
        const struct meaning *m = find_meaning(a, log_levels, countof(log_levels));

        if (!m)
                return -EINVAL;
        *(uint8_t *) field_of(a) = m->value;
        return 0;
}

void value_print_log_level(const struct setting *s, const void *object, FILE *out) {
        print_meaning(log_levels, countof(log_levels), *(const uint8_t *) field_in(s, object), out);
}

int value_type(const struct assignment *a) {
        static const struct words words = { types, countof(types) };
        struct setting plain = *a->setting;
        struct assignment named = *a;

        if (strcmp(a->value, "dbus") == 0) {
                (void) value_reject(a, "it is ready when it has its name on the system bus, and a container "
                                       "that tend runs has no system bus (dbus-daemon)");

                diag_hint(a->diags, "Type=notify where it knows sd_notify(3), else Type=exec, and "
                                    "its own dbus-daemon where it needs one");
                return -EOPNOTSUPP;
        }
        plain.table = &words;
        named.setting = &plain;
        return value_word(&named);
}

void value_print_type(const struct setting *s, const void *object, FILE *out) {
        const uint8_t *type = field_in(s, object);

        if (*type < countof(types))
                (void) fprintf(out, "%s\n", types[*type]);
}

static bool is_plain_path(const char *path) {
        if (*path != '/')
                return false;
        for (const char *p = path; *p != '\0'; p++)
                if (iscntrl((unsigned char) *p))
                        return false;
        return true;
}

int value_working_directory(const struct assignment *a) {
        bool optional = *a->value == '-';
        autofree char *path = NULL;

        if (*a->value != '\0') {
                int r = value_expand(a, a->value + optional, &path);

                if (r < 0)
                        return r;
                if (strcmp(path, "~") != 0 && !is_plain_path(path))
                        return value_reject(a, "not an absolute path (nor ~)");
        }
        free(a->unit->working_directory);
        a->unit->working_directory = TAKE(path);
        a->unit->working_directory_optional = optional;
        return 0;
}

void value_print_working_directory(const struct setting *s, const void *object, FILE *out) {
        const struct unit *u = object;

        (void) s;
        if (u->working_directory)
                (void) fprintf(out, "%s%s\n", u->working_directory_optional ? "-" : "", u->working_directory);
}

int value_stdio(const struct assignment *a) {
        const struct stdio_row *row = a->setting->table;
        struct stdio *field = field_of(a);
        autofree char *path = NULL;

        if (strcmp(a->value, "fd") == 0 || text_starts(a->value, "fd:"))
                return value_reject(
                        a, "descriptors by name are not carried out yet; socket is the only one there is");

        const struct meaning *m = row->is_input ? find_meaning(a, inputs, countof(inputs))
                                                : find_meaning(a, outputs, countof(outputs));
        if (!m)
                return -EINVAL;
        if (text_ends(m->word, ":")) {
                int r = value_expand(a, a->value + strlen(m->word), &path);

                if (r < 0)
                        return r;
                if (!is_plain_path(path))
                        return value_reject(a, "the path is not absolute");
        }
        if (m->warning)
                value_warn(a, "%s", m->warning);
        free(field->path);
        *field = (struct stdio){ .kind = m->value, .path = TAKE(path), .is_written = a->file };
        return 0;
}

void value_print_stdio(const struct setting *s, const void *object, FILE *out) {
        const struct stdio *io = field_in(s, object);

        /* Every other kind is among the outputs, and stands first under its own name. */
        if (io->kind == STDIO_DATA)
                (void) fputs("data\n", out);
        for (size_t i = 0; i < countof(outputs); i++)
                if (outputs[i].value == io->kind) {
                        (void) fprintf(out, "%s%s\n", outputs[i].word, io->path ? io->path : "");
                        return;
                }
}

/* "-5" and "+5" are nice values, which the kernel counts down from 20; a number without a sign is the
 * kernel's. */
static int parse_nice_limit(const char *text, rlim_t *ret) {
        int number;
        int r = *text == '-' || *text == '+' ? parse_int(text, -20, 19, &number)
                                             : parse_int(text, 0, 40, &number);

        if (r < 0)
                return r;
        *ret = (rlim_t) (*text == '-' || *text == '+' ? 20 - number : number);
        return 0;
}

static int parse_limit_value(enum limit_kind kind, const char *text, rlim_t *ret) {
        uint64_t value = 0;
        int r = 0;

        if (strcmp(text, "infinity") == 0) {
                *ret = RLIM_INFINITY;
                return 0;
        }
        switch (kind) {
        case LIMIT_NICE:
                return parse_nice_limit(text, ret);
        case LIMIT_COUNT:
                if (text[strspn(text, "0123456789")] != '\0')
                        return -EINVAL;
                r = parse_size(text, &value);
                break;
        case LIMIT_SIZE:
                r = parse_size(text, &value);
                break;
        case LIMIT_SECONDS:
                r = parse_span(text, &value);
                value = r < 0 ? 0 : value / USEC_PER_SEC + (value % USEC_PER_SEC > 0);
                break;
        case LIMIT_MICROSECONDS:
                r = parse_span(text, &value);
                if (r >= 0 && text[strspn(text, "0123456789")] == '\0')
                        value /= USEC_PER_SEC;
                break;
        }
        if (r < 0)
                return r;
        *ret = value;
        return 0;
}

static struct limit *find_limit(const struct unit *u, int resource) {
        for (size_t i = 0; i < u->n_limits; i++)
                if (u->limits[i].resource == resource)
                        return &u->limits[i];
        return NULL;
}

static int set_limit(struct unit *u, const struct limit *limit) {
        struct limit *place = find_limit(u, limit->resource);

        if (!place) {
                struct limit *longer = reallocarray(u->limits, u->n_limits + 1u, sizeof(*longer));

                if (!longer)
                        return -ENOMEM;
                u->limits = longer;
                place = &longer[u->n_limits++];
        }
        *place = *limit;
        return 0;
}

static void drop_limit(struct unit *u, int resource) {
        struct limit *place = find_limit(u, resource);

        if (place)
                *place = u->limits[--u->n_limits];
}

int value_limit(const struct assignment *a) {
        const struct limit_row *row = a->setting->table;
        struct limit limit = { .resource = row->resource };
        const char *colon = strchr(a->value, ':');

        if (*a->value == '\0') {
                drop_limit(a->unit, row->resource);
                return 0;
        }

        autofree char *soft = strndup(a->value, colon ? (size_t) (colon - a->value) : strlen(a->value));
        if (!soft)
                return value_out_of_memory(a);
        int r = parse_limit_value(row->kind, soft, &limit.soft);
        if (r >= 0)
                r = parse_limit_value(row->kind, colon ? colon + 1 : soft, &limit.hard);
        if (r < 0)
                return value_reject(a, "not %s", a->setting->values);
        if (limit.soft > limit.hard)
                return value_reject(a, "the soft limit is over the hard one");
        if (set_limit(a->unit, &limit) < 0)
                return value_out_of_memory(a);
        return 0;
}

static void print_limit_value(rlim_t value, enum limit_kind kind, FILE *out) {
        char buffer[PARSE_PRINT_MAX];

        if (value == RLIM_INFINITY)
                (void) fputs("infinity", out);
        else if (kind == LIMIT_SIZE)
                (void) fputs(print_size(value, buffer), out);
        else
                (void) fprintf(out, "%ju", (uintmax_t) value);
}

void value_print_limit(const struct setting *s, const void *object, FILE *out) {
        const struct limit_row *row = s->table;
        const struct limit *limit = find_limit(object, row->resource);

        if (!limit)
                return;
        print_limit_value(limit->soft, row->kind, out);
        if (limit->hard != limit->soft) {
                (void) fputc(':', out);
                print_limit_value(limit->hard, row->kind, out);
        }
        (void) fputc('\n', out);
}

int value_hostname(const struct assignment *a) {
        char **field = field_of(a);
        size_t n = strlen(a->value);

        if (n > 64 ||
            strspn(a->value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") != n ||
            *a->value == '-' || *a->value == '.')
                return value_reject(a, "not a host name: at most 64 letters, digits, '-' and '.'");

        char *copy = n > 0 ? strdup(a->value) : NULL;
        if (n > 0 && !copy)
                return value_out_of_memory(a);
        free(*field);
        *field = copy;
        return 0;
}

void value_print_hostname(const struct setting *s, const void *object, FILE *out) {
        value_print_string(s, object, out);
}

/* Anything that the files of users and groups can hold: no ":" and no white space. */
static bool is_account(const char *name) {
        return *name != '\0' && *name != '-' && name[strcspn(name, ":/, \t\n")] == '\0' && strlen(name) < 64;
}

int value_check_account(const struct assignment *a, const char *name) {
        return is_account(name) ? 0 : value_reject(a, "not the name or the number of an account");
}

int value_account(const struct assignment *a) {
        char **field = field_of(a);
        autofree char *name = NULL;

        if (*a->value != '\0') {
                int r = value_expand(a, a->value, &name);

                if (r >= 0)
                        r = value_check_account(a, name);
                if (r < 0)
                        return r;
        }
        free(*field);
        *field = TAKE(name);
        return 0;
}

void value_print_account(const struct setting *s, const void *object, FILE *out) {
        value_print_string(s, object, out);
}
