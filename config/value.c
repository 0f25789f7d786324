#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "config/expand.h"
#include "config/suggest.h"
#include "config/value.h"

#define SHOWN_MOST 80 /* bytes of a value in a message */

static void *field_of(const struct assignment *a) {
        return (char *) a->object + a->setting->field;
}

static const void *field_in(const struct setting *s, const void *object) {
        return (const char *) object + s->field;
}

static bool seems_to_hold_comment(const char *value) {
        return strstr(value, " ;") || strstr(value, " #") || strstr(value, "\t;") || strstr(value, "\t#");
}

static int say(const struct assignment *a, int error, const char *words) {
        size_t n = strlen(a->value);

        diag(a->diags, a->file, a->line, error, "%s=%.*s%s: %s", a->setting->key, SHOWN_MOST, a->value,
             n > SHOWN_MOST ? "…" : "", words);
        if (seems_to_hold_comment(a->value))
                diag_hint(a->diags, "%s", "a comment needs a line of its own; here it is part of the value");
        return error;
}

int value_reject(const struct assignment *a, const char *format, ...) {
        autofree char *words = NULL;
        va_list arguments;

        va_start(arguments, format);
        if (vasprintf(&words, format, arguments) < 0)
                words = NULL;
        va_end(arguments);
        return say(a, -EINVAL, words ? words : "not a value it takes");
}

int value_warn(const struct assignment *a, const char *format, ...) {
        autofree char *words = NULL;
        va_list arguments;

        va_start(arguments, format);
        if (vasprintf(&words, format, arguments) < 0)
                words = NULL;
        va_end(arguments);
        return say(a, 0, words ? words : "not all of it is carried out");
}

int value_out_of_memory(const struct assignment *a) {
        return diag(a->diags, a->file, a->line, -ENOMEM, "%s=: out of memory", a->setting->key);
}

int value_expand(const struct assignment *a, const char *text, char **ret) {
        int r = 0;

        if (a->unit && strchr(text, '%'))
                r = expand_specifiers(text, a->unit, a->hostname, ret);
        else {
                char *copy = strdup(text);

                if (!copy)
                        return value_out_of_memory(a);
                *ret = copy;
        }
        if (r == -ENOMEM)
                return value_out_of_memory(a);
        if (r == -EINVAL) {
                char letter = expand_unknown(text);

                if (letter != '\0' && strchr("cdDrRyY", letter))
                        value_reject(a, "%%%c is a specifier of systemd that has no meaning here", letter);
                else
                        value_reject(a, "%%%c is no specifier that tend knows", letter);
                diag_hint(a->diags, "%s", "a plain % is written %%");
        } else if (r < 0)
                value_reject(a, "putting in its specifiers: %s", strerror(-r));
        return r;
}

/* "not a span of time": a parser's answer as words. */
static int reject_number(const struct assignment *a, int error) {
        return value_reject(a, "%s %s", error == -ERANGE ? "out of range, it takes" : "not",
                            a->setting->values);
}

int value_span(const struct assignment *a) {
        int r = parse_span(a->value, field_of(a));

        return r < 0 ? reject_number(a, r) : 0;
}

void value_print_span(const struct setting *s, const void *object, FILE *out) {
        const usec_t *span = field_in(s, object);
        char buffer[PARSE_PRINT_MAX];

        if (*span != TIMEOUT_UNSETTLED)
                (void) fprintf(out, "%s\n", print_span(*span, buffer));
}

int value_timeout(const struct assignment *a) {
        usec_t *field = field_of(a);
        int r = value_span(a);

        if (r >= 0 && *field == 0)
                *field = USEC_INFINITY;
        return r;
}

void value_print_timeout(const struct setting *s, const void *object, FILE *out) {
        value_print_span(s, object, out);
}

int value_optional_timeout(const struct assignment *a) {
        usec_t *field = field_of(a);

        if (*a->value != '\0')
                return value_timeout(a);
        *field = 0;
        return 0;
}

void value_print_optional_timeout(const struct setting *s, const void *object, FILE *out) {
        const usec_t *span = field_in(s, object);

        if (*span != 0)
                value_print_span(s, object, out);
}

int value_timeouts(const struct assignment *a) {
        usec_t span;

        if (*a->value == '\0')
                return 0;

        int r = parse_span(a->value, &span);

        if (r < 0)
                return reject_number(a, r);
        a->unit->timeout_start = a->unit->timeout_stop = span == 0 ? USEC_INFINITY : span;
        return 0;
}

int value_bool(const struct assignment *a) {
        if (parse_bool(a->value, field_of(a)) < 0)
                return value_reject(a, "neither yes nor no");
        return 0;
}

void value_print_bool(const struct setting *s, const void *object, FILE *out) {
        const bool *on = field_in(s, object);

        (void) fprintf(out, "%s\n", *on ? "yes" : "no");
}

static int reject_word(const struct assignment *a, const struct words *words) {
        struct suggest near;

        value_reject(a, "not a value it takes (%s)", a->setting->values);
        suggest_init(&near, a->value);
        for (size_t i = 0; i < words->n; i++)
                suggest_offer(&near, words->list[i]);
        if (near.best)
                diag_hint(a->diags, "did you mean %s=%s?", a->setting->key, near.best);
        return -EINVAL;
}

int value_word(const struct assignment *a) {
        const struct words *words = a->setting->table;

        if (*a->value == '\0' && !a->setting->fallback) {
                *(uint8_t *) field_of(a) = UINT8_MAX;
                return 0;
        }
        for (size_t i = 0; i < words->n; i++)
                if (strcmp(a->value, words->list[i]) == 0) {
                        *(uint8_t *) field_of(a) = (uint8_t) i;
                        return 0;
                }
        return reject_word(a, words);
}

void value_print_word(const struct setting *s, const void *object, FILE *out) {
        const struct words *words = s->table;
        const uint8_t *i = field_in(s, object);

        if (*i < words->n)
                (void) fprintf(out, "%s\n", words->list[*i]);
}

int value_unsigned(const struct assignment *a) {
        int r = parse_unsigned(a->value, INT_MAX, field_of(a));

        return r < 0 ? reject_number(a, r) : 0;
}

void value_print_unsigned(const struct setting *s, const void *object, FILE *out) {
        (void) fprintf(out, "%u\n", *(const unsigned *) field_in(s, object));
}

int value_int(const struct assignment *a) {
        const struct range *range = a->setting->table;
        int *field = field_of(a);

        if (*a->value == '\0') {
                *field = range->unset;
                return 0;
        }

        int r = parse_int(a->value, range->least, range->most, field);
        return r < 0 ? reject_number(a, r) : 0;
}

void value_print_int(const struct setting *s, const void *object, FILE *out) {
        const struct range *range = s->table;
        const int *number = field_in(s, object);

        if (*number != range->unset)
                (void) fprintf(out, "%d\n", *number);
}

int value_mode(const struct assignment *a) {
        unsigned *field = field_of(a);

        if (*a->value == '\0') {
                *field = UINT_MAX;
                return 0;
        }

        int r = parse_mode(a->value, field);
        return r < 0 ? reject_number(a, r) : 0;
}

void value_print_mode(const struct setting *s, const void *object, FILE *out) {
        const unsigned *mode = field_in(s, object);

        if (*mode != UINT_MAX)
                (void) fprintf(out, "%04o\n", *mode);
}

int value_signal(const struct assignment *a) {
        int r = parse_signal(a->value, field_of(a));

        return r < 0 ? reject_number(a, r) : 0;
}

void value_print_signal(const struct setting *s, const void *object, FILE *out) {
        const int *signal = field_in(s, object);
        char buffer[PARSE_PRINT_MAX];

        (void) fprintf(out, "%s\n", print_signal(*signal, buffer));
}

int value_string(const struct assignment *a) {
        char **field = field_of(a), *expanded = NULL;
        int r = *a->value == '\0' ? 0 : value_expand(a, a->value, &expanded);

        if (r < 0)
                return r;
        free(*field);
        *field = expanded;
        return 0;
}

void value_print_string(const struct setting *s, const void *object, FILE *out) {
        const char *const *text = field_in(s, object);

        if (*text)
                (void) fprintf(out, "%s\n", *text);
}

int value_refused(const struct assignment *a) {
        diag(a->diags, a->file, a->line, 0,
             "%s: %s= is a setting of systemd that tend does not carry out yet",
             a->unit ? a->unit->name : "[tend]", a->setting->key);
        return 0;
}

int value_ignored(const struct assignment *a) {
        (void) a;
        return 0;
}

int value_noted(const struct assignment *a) {
        if (*a->value != '\0')
                diag(a->diags, a->file, a->line, 0, "%s: %s=: %s", a->unit ? a->unit->name : "[tend]",
                     a->setting->key, (const char *) a->setting->table);
        return 0;
}

int value_wanted_by(const struct assignment *a) {
        autostrv char **units = NULL;

        if (text_split(a->value, &units) < 0)
                return value_reject(a, "not a list of units");
        if (a->unit && !a->unit->from_tend_ini)
                return 0; /* what `systemctl enable` links, whatever that is */
        for (size_t i = 0; units && units[i]; i++) {
                if (text_ends(units[i], ".target"))
                        continue;
                value_warn(a, "only targets are wanted by; it changes nothing for %.64s", units[i]);
                diag_hint(a->diags, "write %s= in that unit's section",
                          text_starts(a->setting->key, "Required") ? "Requires" : "Wants");
        }
        return 0;
}

void value_print_nothing(const struct setting *s, const void *object, FILE *out) {
        (void) s;
        (void) object;
        (void) out;
}
