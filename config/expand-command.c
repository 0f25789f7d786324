/* The $VARIABLES of Exec lines, put into an arena: this runs between a service's death and its next life. */

#include <errno.h>
#include <string.h>

#include "config/expand.h"
#include "config/reference.h"

void *arena_take(struct arena *a, size_t size) {
        size_t start = (a->used + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1), end;

        if (__builtin_add_overflow(start, size, &end) || end > a->size)
                return NULL;
        a->used = end;
        return a->base + start;
}

#define WHITE_SPACE " \t\n\r"

/* One run over a command's words. */
struct expansion {
        char *const *environment;
        struct arena *arena;
        char **argv; /* NULL while the words are only counted */
        size_t n;
        const char *missing;
        bool full;
};

/* A word that grows at the arena's end. */
static void put(struct expansion *x, const char *text, size_t n) {
        struct arena *a = x->arena;

        /* There is always room left for the NUL. */
        if (a->used + n >= a->size) {
                x->full = true;
                return;
        }
        memcpy(a->base + a->used, text, n);
        a->used += n;
}

static char *begin_word(struct expansion *x) {
        return x->arena->base + x->arena->used;
}

static void end_word(struct expansion *x, char *word) {
        if (x->arena->used >= x->arena->size) {
                x->full = true;
                return;
        }
        x->arena->base[x->arena->used++] = '\0';
        x->argv[x->n++] = word;
}

static void note_missing(struct expansion *x, const char *name, size_t n) {
        if (x->missing || !x->argv)
                return;

        char *copy = arena_take(x->arena, n + 1);
        if (!copy) {
                x->full = true;
                return;
        }
        memcpy(copy, name, n);
        copy[n] = '\0';
        x->missing = copy;
}

/* A word that is nothing but "$NAME". */
static bool is_lone_variable(const char *word) {
        size_t n = *word == '$' ? expand_name_length(word + 1) : 0;

        return n > 0 && word[1 + n] == '\0';
}

/* One more word of a variable's value: quotes hold it together, a backslash keeps what follows it. It may
 * lack its end. */
static bool take_split(const char **at, struct expansion *x) {
        const char *p = *at + strspn(*at, WHITE_SPACE);
        char *word = begin_word(x), quote = '\0';

        if (*p == '\0')
                return false;
        for (; *p != '\0' && (quote != '\0' || !strchr(WHITE_SPACE, *p)); p++) {
                if (*p == '\\' && p[1] == '\0')
                        continue;
                if (*p == '\\')
                        p++;
                else if (*p == quote) {
                        quote = '\0';
                        continue;
                } else if (quote == '\0' && (*p == '"' || *p == '\'')) {
                        quote = *p;
                        continue;
                }
                if (x->argv)
                        put(x, p, 1);
        }
        *at = p;
        if (x->argv)
                end_word(x, word);
        else
                x->n++;
        return true;
}

static void split_variable(struct expansion *x, const char *name) {
        const char *value = expand_variable(x->environment, name, strlen(name));

        if (!value) {
                note_missing(x, name, strlen(name));
                return;
        }
        while (take_split(&value, x))
                ;
}

/* Puts what stands at *at, which begins with a $, and moves on. */
static void put_dollar(struct expansion *x, const char **at) {
        struct reference f;
        size_t n;

        if ((*at)[1] == '{' && reference_find(*at, &f)) {
                const char *value = reference_resolve(&f, x->environment, &n);

                if (value)
                        put(x, value, n);
                *at = f.end;
                return;
        }
        put(x, "$", 1);
        *at += (*at)[1] == '$' ? 2 : 1;
}

/* The first variable of a word that has no value, before the word is begun: its name goes into the
 * arena too. */
static void look_for_missing(struct expansion *x, const char *word) {
        struct reference f;
        size_t n;

        for (const char *p = strchr(word, '$'); p && !x->missing; p = strchr(p, '$'))
                if (p[1] == '{' && reference_find(p, &f)) {
                        if (!reference_resolve(&f, x->environment, &n))
                                note_missing(x, f.name, f.name_length);
                        p = f.end;
                } else
                        p += p[1] == '$' ? 2 : 1;
}

static void put_word(struct expansion *x, char *source) {
        if (!strchr(source, '$')) {
                x->argv[x->n++] = source;
                return;
        }

        look_for_missing(x, source);
        char *word = begin_word(x);
        for (const char *p = source; *p != '\0';)
                if (*p == '$')
                        put_dollar(x, &p);
                else {
                        size_t n = strcspn(p, "$");

                        put(x, p, n);
                        p += n;
                }
        end_word(x, word);
}

static void expand_words(struct expansion *x, const struct command *c) {
        for (size_t i = 0; i < c->n && !x->full; i++)
                if (!(c->flags & COMMAND_NO_EXPAND) && is_lone_variable(c->argv[i]))
                        split_variable(x, c->argv[i] + 1);
                else if (!x->argv)
                        x->n++;
                else if (c->flags & COMMAND_NO_EXPAND)
                        x->argv[x->n++] = c->argv[i];
                else
                        put_word(x, c->argv[i]);
}

int expand_command(const struct command *c, char *const *environment, struct arena *arena, char ***ret_argv,
                   const char **ret_missing) {
        struct expansion counted = { .environment = environment, .arena = arena };
        expand_words(&counted, c);

        /* One more for argv[0], which is there even where its variable is empty, and one for the NULL. */
        char **argv = arena_take(arena, (counted.n + 2) * sizeof(*argv));
        if (!argv)
                return -E2BIG;

        struct expansion x = { .environment = environment, .arena = arena, .argv = argv };
        expand_words(&x, c);
        if (x.full)
                return -E2BIG;
        if (x.n == 0)
                argv[x.n++] = c->path;
        argv[x.n] = NULL;
        *ret_argv = argv;
        if (ret_missing)
                *ret_missing = x.missing;
        return 0;
}
