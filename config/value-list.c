/* Lists: words are added, an empty value empties. */

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "config/expand.h"
#include "config/value.h"

static char ***list_of(const struct assignment *a) {
        return (char ***) (void *) ((char *) a->object + a->setting->field);
}

void value_print_list(char *const *list, FILE *out) {
        for (size_t i = 0; list && list[i]; i++) {
                text_print_word(out, list[i]);
                (void) fputc('\n', out);
        }
}

static void print_field(const struct setting *s, const void *object, FILE *out) {
        value_print_list(*(char *const *const *) (const void *) ((const char *) object + s->field), out);
}

static int add_word(const struct assignment *a, char ***list, const char *raw,
                    int (*check)(const struct assignment *a, const char *word)) {
        autofree char *word = NULL;
        int r = value_expand(a, raw, &word);

        if (r >= 0 && check)
                r = check(a, word);
        if (r < 0)
                return r;
        if (strv_take(list, TAKE(word)) < 0)
                return value_out_of_memory(a);
        return 0;
}

int value_add_words(const struct assignment *a, char ***list,
                    int (*check)(const struct assignment *a, const char *word)) {
        autostrv char **words = NULL;
        int worst = 0;

        if (*a->value == '\0') {
                *list = strv_free(*list);
                return 0;
        }

        int r = text_split(a->value, &words);
        if (r == -ENOMEM)
                return value_out_of_memory(a);
        if (r < 0)
                return value_reject(a, "a quote that is not closed, or an escape that does not exist");
        for (size_t i = 0; words && words[i]; i++) {
                r = add_word(a, list, words[i], check);
                if (r < 0)
                        worst = r;
        }
        return worst;
}

int value_words(const struct assignment *a) {
        return value_add_words(a, list_of(a), NULL);
}

void value_print_words(const struct setting *s, const void *object, FILE *out) {
        print_field(s, object, out);
}

static int add_unit_name(const struct assignment *a, const char *raw) {
        autofree char *name = NULL;
        int r = value_expand(a, raw, &name);

        if (r < 0)
                return r;
        if (!unit_is_name(name))
                return value_reject(a, "'%.64s' is not the name of a unit", name);

        autofree char *full = unit_full_name(name);
        if (!full)
                return value_out_of_memory(a);
        if (strv_contains(*list_of(a), full))
                return 0;
        return strv_take(list_of(a), TAKE(full)) < 0 ? value_out_of_memory(a) : 0;
}

int value_unit_names(const struct assignment *a) {
        autostrv char **words = NULL;
        int worst = 0;

        if (*a->value == '\0') {
                *list_of(a) = strv_free(*list_of(a));
                return 0;
        }

        int r = text_split(a->value, &words);
        if (r < 0)
                return r == -ENOMEM ? value_out_of_memory(a)
                                    : value_reject(a, "a quote or an escape that is not closed");
        for (size_t i = 0; words && words[i]; i++) {
                r = add_unit_name(a, words[i]);
                if (r < 0)
                        worst = r;
        }
        return worst;
}

void value_print_unit_names(const struct setting *s, const void *object, FILE *out) {
        print_field(s, object, out);
}

static int check_variable(const struct assignment *a, const char *word) {
        size_t n = expand_name_length(word);

        if (n > 0 && word[n] == '\0')
                return 0;
        return value_reject(a, "'%.64s' is not the name of a variable", word);
}

static int check_environment(const struct assignment *a, const char *word) {
        size_t n = expand_name_length(word);

        if (n > 0 && word[n] == '=')
                return 0;

        value_reject(a, "'%.64s' is not of the form NAME=value", word);
        if (!strchr(word, '='))
                diag_hint(a->diags,
                          "quotes go round the whole of it where the value holds blanks: %s=\"NAME=a b\"",
                          a->setting->key);
        return -EINVAL;
}

static int check_unset(const struct assignment *a, const char *word) {
        size_t n = expand_name_length(word);

        if (n > 0 && (word[n] == '\0' || word[n] == '='))
                return 0;
        return value_reject(a, "'%.64s' is neither NAME nor NAME=value", word);
}

/* The name that came last wins: the earlier one goes, so that a list that is added to again and again does
 * not grow. */
static void drop_earlier(char **list) {
        size_t n = strv_length(list);

        for (size_t i = 0; n > 0 && i < n - 1; i++) {
                size_t name = expand_name_length(list[n - 1]) + 1;

                if (strncmp(list[i], list[n - 1], name) != 0)
                        continue;
                free(list[i]);
                memmove(&list[i], &list[i + 1], (n - i) * sizeof(*list));
                return;
        }
}

int value_environment(const struct assignment *a) {
        char ***list = list_of(a);
        autostrv char **words = NULL;
        int r = value_add_words(a, &words, check_environment);

        if (*a->value == '\0')
                *list = strv_free(*list);
        for (size_t i = 0; words && words[i]; i++) {
                if (strv_add(list, words[i]) < 0)
                        return value_out_of_memory(a);
                drop_earlier(*list);
        }
        return r;
}

void value_print_environment(const struct setting *s, const void *object, FILE *out) {
        print_field(s, object, out);
}

int value_variables(const struct assignment *a) {
        return value_add_words(a, list_of(a), check_variable);
}

void value_print_variables(const struct setting *s, const void *object, FILE *out) {
        print_field(s, object, out);
}

int value_unset_environment(const struct assignment *a) {
        return value_add_words(a, list_of(a), check_unset);
}

void value_print_unset_environment(const struct setting *s, const void *object, FILE *out) {
        print_field(s, object, out);
}

int value_accounts(const struct assignment *a) {
        return value_add_words(a, list_of(a), value_check_account);
}

void value_print_accounts(const struct setting *s, const void *object, FILE *out) {
        print_field(s, object, out);
}

static struct environment_file *free_files(struct environment_file *f) {
        while (f) {
                struct environment_file *next = f->next;

                free(f);
                f = next;
        }
        return NULL;
}

int value_environment_files(const struct assignment *a) {
        struct environment_file **at = &a->unit->environment_files;
        bool optional = *a->value == '-';
        autofree char *path = NULL;

        if (*a->value == '\0') {
                *at = free_files(*at);
                return 0;
        }

        int r = value_expand(a, a->value + optional, &path);
        if (r < 0)
                return r;
        if (*path != '/')
                return value_reject(a, "not an absolute path");

        size_t n = strlen(path) + 1;
        struct environment_file *f = malloc(sizeof(*f) + n);
        if (!f)
                return value_out_of_memory(a);
        *f = (struct environment_file){ .optional = optional };
        memcpy(f->path, path, n);
        while (*at)
                at = &(*at)->next;
        *at = f;
        return 0;
}

void value_print_environment_files(const struct setting *s, const void *object, FILE *out) {
        const struct unit *u = object;

        (void) s;
        for (const struct environment_file *f = u->environment_files; f; f = f->next)
                (void) fprintf(out, "%s%s\n", f->optional ? "-" : "", f->path);
}

int value_started(const struct assignment *a) {
        char **field = (char **) (void *) ((char *) a->object + a->setting->field);
        autofree char *name = NULL;

        int r = value_expand(a, a->value, &name);
        if (r < 0)
                return r;
        if (*name != '\0' && !unit_is_name(name))
                return value_reject(a, "not the name of a unit");
        autofree char *full = *name != '\0' ? unit_full_name(name) : NULL;
        if (*name != '\0' && !full)
                return value_out_of_memory(a);
        if (full && !text_ends(full, ".service"))
                return value_reject(a, "a %s starts services; units of other kinds it does not",
                                    (const char *) a->setting->table);
        free(*field);
        *field = TAKE(full);
        return 0;
}

void value_print_started(const struct setting *s, const void *object, FILE *out) {
        value_print_string(s, object, out);
}
