/* Exec lines: systemd.service(5), "Command lines". */

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/text.h"
#include "config/value.h"

#define WHITE_SPACE " \t\n\r"

static const struct {
        char letter;
        uint8_t flag;
} prefixes[] = {
        { '-', COMMAND_IGNORE_FAILURE }, { ':', COMMAND_NO_EXPAND }, { '+', COMMAND_PRIVILEGED },
        { '!', COMMAND_KEEP_USER },      { '@', COMMAND_ARGV0 },
};

/* One command while it is taken apart. */
struct parts {
        uint8_t flags;
        char *path;   /* owned */
        char **words; /* owned */
};

static void parts_done(struct parts *d) {
        free(d->path);
        strv_free(d->words);
}

static uint8_t prefix_flag(char letter) {
        for (size_t i = 0; i < countof(prefixes); i++)
                if (prefixes[i].letter == letter)
                        return prefixes[i].flag;
        return 0;
}

/* Each prefix counts once, and only one of + and !; what comes then is the path. "!!" is for kernels without
 * ambient capabilities, and changes nothing on others. */
static const char *take_prefixes(const char *word, uint8_t *flags) {
        for (; *word != '\0'; word++) {
                uint8_t flag = prefix_flag(*word);
                uint8_t taken = flag & (COMMAND_PRIVILEGED | COMMAND_KEEP_USER)
                                        ? COMMAND_PRIVILEGED | COMMAND_KEEP_USER
                                        : flag;

                if (text_starts(word, "!!") && !(*flags & taken))
                        word++;
                else if (flag == 0 || *flags & taken)
                        return word;
                else
                        *flags |= flag;
        }
        return word;
}

static int take_word(const struct assignment *a, const char **at, char **ret) {
        unsigned unknown = 0;
        int r = text_next_word_lax(at, ret, &unknown);

        if (r == -ENOMEM)
                return value_out_of_memory(a);
        if (r < 0)
                return value_reject(a, "a quote that is not closed");
        if (unknown > 0) {
                value_warn(a, "an escape that does not exist stays as it is written");
                diag_hint(a->diags, "%s", "a plain backslash is written \\\\");
        }
        return r;
}

static bool is_alone(const char *at, size_t n) {
        return at[n] == '\0' || strchr(WHITE_SPACE, at[n]);
}

static int check_path(const struct assignment *a, const char *path) {
        if (*path == '\0')
                return value_reject(a, "there is no program");
        for (const char *p = path; *p != '\0'; p++)
                if (iscntrl((unsigned char) *p))
                        return value_reject(a, "the program's name holds a control character");
        if (strpbrk(path, "\"'\\"))
                return value_reject(a, "the program's name holds a quote or a backslash");
        if (prefix_flag(*path))
                return value_reject(a, "a prefix is there twice, or + and ! at once");
        if (text_ends(path, "/"))
                return value_reject(a, "the program is a directory");
        if (strcmp(path, ".") == 0 || strcmp(path, "..") == 0)
                return value_reject(a, "the program is a directory");
        if (*path != '/' && strchr(path, '/')) {
                value_reject(a, "the program is neither an absolute path nor a plain name");
                diag_hint(a->diags, "%s", "a plain name is looked for in PATH");
                return -EINVAL;
        }
        return 0;
}

static int take_path(const struct assignment *a, const char **at, struct parts *d) {
        autofree char *word = NULL;
        int r = take_word(a, at, &word);

        if (r < 0)
                return r;
        r = value_expand(a, r > 0 ? take_prefixes(word, &d->flags) : "", &d->path);
        if (r >= 0)
                r = check_path(a, d->path);
        if (r < 0 || d->flags & COMMAND_ARGV0)
                return r;
        return strv_add(&d->words, d->path) < 0 ? value_out_of_memory(a) : 0;
}

static int add_expanded(const struct assignment *a, struct parts *d, const char *word) {
        char *expanded;
        int r = value_expand(a, word, &expanded);

        if (r >= 0 && strv_take(&d->words, expanded) < 0)
                r = value_out_of_memory(a);
        return r;
}

/* The words behind the path, up to the end or a lone ";". */
static int take_arguments(const struct assignment *a, const char **at, struct parts *d) {
        for (;;) {
                autofree char *word = NULL;

                *at += strspn(*at, WHITE_SPACE);
                if (**at == ';' && is_alone(*at, 1)) {
                        ++*at;
                        return 0;
                }

                /* Only here is a semicolon escaped so; as part of a word, or in quotes, it needs
                 * no escape. */
                bool semicolon = text_starts(*at, "\\;") && is_alone(*at, 2);
                int r = semicolon ? 1 : take_word(a, at, &word);
                if (r <= 0)
                        return r;
                if (semicolon)
                        *at += 2;
                r = add_expanded(a, d, semicolon ? ";" : word);
                if (r < 0)
                        return r;
        }
}

/* All in one block: the pointers, then the words. */
struct command *value_make_command(uint8_t flags, const char *path, char *const *words) {
        size_t n = strv_length(words), size = flags & COMMAND_ARGV0 ? strlen(path) + 1 : 0;

        for (size_t i = 0; i < n; i++)
                size += strlen(words[i]) + 1;

        struct command *c = malloc(sizeof(*c) + (n + 1) * sizeof(char *) + size);
        if (!c)
                return NULL;
        *c = (struct command){ .flags = flags, .n = (uint32_t) n };

        char *at = (char *) &c->argv[n + 1];
        for (size_t i = 0; i < n; i++) {
                c->argv[i] = at;
                at = stpcpy(at, words[i]) + 1;
        }
        c->argv[n] = NULL;
        c->path = c->argv[0];
        if (flags & COMMAND_ARGV0) {
                c->path = at;
                memcpy(at, path, strlen(path) + 1);
        }
        return c;
}

static int finish(const struct assignment *a, const struct parts *d, struct command ***end) {
        if (!d->words)
                return value_reject(a, "with @ the second word is argv[0], and there is none");
        if (strv_length(d->words) > UINT32_MAX)
                return value_reject(a, "too many words");

        struct command *c = value_make_command(d->flags, d->path, d->words);
        if (!c)
                return value_out_of_memory(a);
        **end = c;
        *end = &c->next;
        return 0;
}

int value_command(const struct assignment *a) {
        struct command **end = (struct command **) (void *) ((char *) a->object + a->setting->field);
        const char *at = a->value;

        if (*at == '\0') {
                *end = command_free(*end);
                return 0;
        }
        while (*end)
                end = &(*end)->next;

        for (at += strspn(at, WHITE_SPACE); *at != '\0'; at += strspn(at, WHITE_SPACE)) {
                struct parts d = {};

                if (*at == ';' && is_alone(at, 1)) { /* nothing between two of them */
                        at++;
                        continue;
                }
                int r = take_path(a, &at, &d);

                if (r >= 0)
                        r = take_arguments(a, &at, &d);
                if (r >= 0)
                        r = finish(a, &d, &end);
                parts_done(&d);
                if (r < 0)
                        return r;
        }
        return 0;
}

static void print_command(const struct command *c, FILE *out) {
        for (size_t i = 0; i < countof(prefixes); i++)
                if (c->flags & prefixes[i].flag)
                        (void) fputc(prefixes[i].letter, out);
        if (c->flags & COMMAND_ARGV0) {
                text_print_word(out, c->path);
                (void) fputc(' ', out);
        }
        for (size_t i = 0; i < c->n; i++) {
                if (i > 0)
                        (void) fputc(' ', out);
                text_print_word(out, c->argv[i]);
        }
        (void) fputc('\n', out);
}

void value_print_command(const struct setting *s, const void *object, FILE *out) {
        const struct command *first =
                *(struct command *const *) (const void *) ((const char *) object + s->field);

        for (const struct command *c = first; c; c = c->next)
                print_command(c, out);
}
