#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "prepare/lists.h"
#include "prepare/tmpfiles.h"

/* NOLINTBEGIN(misc-no-recursion): as deep as the path has parts */

#define LINES_MOST 100000

struct lines {
        struct tmpfile *list; /* owned; in the order in which they were read */
        size_t n, room;
        struct diags *diags;
};

/* The first that says something else of the same path wins. */
static bool is_one_too_many(const struct lines *l, const struct tmpfile *t) {
        for (size_t i = 0; i < l->n; i++)
                if (strcmp(l->list[i].path, t->path) == 0 && l->list[i].kind->has_glob == t->kind->has_glob &&
                    !tmpfile_agrees(&l->list[i], t) && !t->plus) {
                        (void) diag(l->diags, t->file, t->line, 0,
                                    "%s: %s:%u has said it differently; ignored", t->path, l->list[i].file,
                                    l->list[i].line);
                        return true;
                }
        return false;
}

static int take_line(void *context, const char *file, unsigned line, char *text) {
        struct lines *l = context;
        struct tmpfile t = {};
        int r = tmpfile_parse(file, line, text, l->diags, &t);

        if (r <= 0)
                return r;
        if (l->n == l->room) {
                size_t room = l->room == 0 ? 64 : 2 * l->room;
                struct tmpfile *longer =
                        l->n < LINES_MOST ? reallocarray(l->list, room, sizeof(*longer)) : NULL;

                if (!longer) {
                        tmpfile_done(&t);
                        return -ENOMEM;
                }
                l->list = longer;
                l->room = room;
        }
        if (is_one_too_many(l, &t))
                tmpfile_done(&t);
        else
                l->list[l->n++] = t;
        return 0;
}

/* "/a" is above "/a/b". */
static bool is_above(const char *path, const char *below) {
        size_t n = strlen(path);

        return strncmp(path, below, n) == 0 && (below[n] == '/' || (n == 1 && below[n] != '\0'));
}

/* What comes first of the line and those that are not done yet: what is above it, and of the same path what
 * makes it. */
static bool comes_first(const struct tmpfile *other, const struct tmpfile *t) {
        if (other->is_done)
                return false;
        return is_above(other->path, t->path) ||
               (other->kind->has_glob == t->kind->has_glob && other->kind->owns && !t->kind->owns &&
                strcmp(other->path, t->path) == 0);
}

static int create(struct lines *l, struct deeds *d, struct tmpfile *t) {
        int r = 0;

        if (t->is_done)
                return 0;
        t->is_done = true;
        for (size_t i = 0; r == 0 && i < l->n; i++)
                if (comes_first(&l->list[i], t))
                        r = create(l, d, &l->list[i]);
        return r == 0 ? deed_create(d, t) : r;
}

/* Those that take patterns change what the others have made. */
static int create_all(struct lines *l, struct deeds *d) {
        int r = 0;

        for (int globs = 0; globs < 2; globs++)
                for (size_t i = 0; r == 0 && i < l->n; i++)
                        if (l->list[i].kind->has_glob == (globs == 1))
                                r = create(l, d, &l->list[i]);
        return r;
}

static int by_path_backwards(const void *a, const void *b) {
        return strcmp((*(const struct tmpfile *const *) b)->path, (*(const struct tmpfile *const *) a)->path);
}

/* What is below something else is removed before it. */
static int remove_all(const struct lines *l, struct deeds *d) {
        autofree const struct tmpfile **order = reallocarray(NULL, l->n + 1, sizeof(*order));
        int r = order ? 0 : -ENOMEM;

        for (size_t i = 0; order && i < l->n; i++)
                order[i] = &l->list[i];
        if (order)
                qsort(order, l->n, sizeof(*order), by_path_backwards);
        for (size_t i = 0; r == 0 && i < l->n; i++)
                r = deed_remove(d, order[i]);
        return r;
}

int tmpfiles_run(struct deeds *d, bool clears) {
        struct lines l = { .diags = d->diags };
        int r = lists_read("tmpfiles.d", d->diags, take_line, &l);

        if (r == 0 && clears)
                r = remove_all(&l, d);
        if (r == 0)
                r = create_all(&l, d);
        for (size_t i = 0; i < l.n; i++)
                tmpfile_done(&l.list[i]);
        free(l.list);
        return r;
}

/* NOLINTEND(misc-no-recursion) */
