#include <stdarg.h>
#include <string.h>

#include "base/diag.h"

static struct diag *add_place(struct diags *d) {
        struct diag *list = d->list;

        /* The list doubles: it is full whenever its length is nought or a power of two. */
        if ((d->n & (d->n - 1)) == 0) {
                list = reallocarray(d->list, d->n == 0 ? 1 : 2 * d->n, sizeof(*list));
                if (!list)
                        return NULL;
                d->list = list;
        }
        return &list[d->n];
}

static void add(struct diags *d, const struct diag *new) {
        struct diag *place = new->text && d->n < DIAGS_MOST ? add_place(d) : NULL;

        if (!place) {
                free(new->file);
                free(new->text);
                free(new->hint);
                return;
        }
        *place = *new;
        d->n++;
}

int diag(struct diags *d, const char *file, unsigned line, int error, const char *format, ...) {
        struct diag new = { .line = line, .error = error };
        va_list arguments;

        if (!d)
                return error;

        if (error == 0)
                d->warnings++;
        else if (error == DIAG_NOTE)
                d->notes++;
        else
                d->errors++;

        va_start(arguments, format);
        if (vasprintf(&new.text, format, arguments) < 0)
                new.text = NULL;
        va_end(arguments);

        new.file = file ? strdup(file) : NULL;
        add(d, &new);
        return error;
}

/* Also those that are not in the list. */
static size_t count(const struct diags *d) {
        return d->errors + d->warnings + d->notes;
}

void diag_hint(struct diags *d, const char *format, ...) {
        va_list arguments;

        /* Where the memory for a message was lacking, the last one in the list is not the one that
         * is meant. */
        if (!d || d->n == 0 || d->n != count(d))
                return;

        struct diag *last = &d->list[d->n - 1];
        free(last->hint);
        va_start(arguments, format);
        if (vasprintf(&last->hint, format, arguments) < 0)
                last->hint = NULL;
        va_end(arguments);
}

const char *diag_word(const struct diag *m) {
        return m->error == 0 ? "warning" : m->error == DIAG_NOTE ? "note" : "error";
}

void diags_print(const struct diags *d, FILE *out) {
        for (size_t i = 0; i < d->n; i++) {
                const struct diag *m = &d->list[i];

                if (m->file && m->line > 0)
                        (void) fprintf(out, "%s:%u: ", m->file, m->line);
                else if (m->file)
                        (void) fprintf(out, "%s: ", m->file);
                (void) fprintf(out, "%s: %s\n", diag_word(m), m->text);
                if (m->hint)
                        (void) fprintf(out, "        %s\n", m->hint);
        }
        if (count(d) > d->n)
                (void) fprintf(out, "and %zu more\n", count(d) - d->n);
}

static bool is_same_file(const struct diag *a, const struct diag *b) {
        if (!a->file || !b->file)
                return a->file == b->file;
        return strcmp(a->file, b->file) == 0;
}

/* Where the message at `i` belongs among those from `from` to it. */
static size_t find_place(const struct diags *d, size_t from, size_t i) {
        size_t place = i;

        for (size_t k = i; k-- > from;) {
                if (!is_same_file(&d->list[k], &d->list[i]))
                        continue;
                if (d->list[k].line <= d->list[i].line)
                        return place == i ? k + 1 : place;
                place = k;
        }
        return place;
}

void diags_sort(struct diags *d, size_t from) {
        for (size_t i = from; i < d->n; i++) {
                size_t place = find_place(d, from, i);
                struct diag moved = d->list[i];

                memmove(&d->list[place + 1], &d->list[place], (i - place) * sizeof(moved));
                d->list[place] = moved;
        }
}

void diags_move(struct diags *to, struct diags *from, bool as_warnings) {
        to->errors += as_warnings ? 0 : from->errors;
        to->warnings += from->warnings + (as_warnings ? from->errors : 0);
        to->notes += from->notes;
        for (size_t i = 0; i < from->n; i++) {
                struct diag *m = &from->list[i];

                if (as_warnings && m->error < 0)
                        m->error = 0;
                add(to, m);
        }
        free(from->list);
        *from = (struct diags){};
}

const char *diags_first_error(const struct diags *d, const char *otherwise) {
        for (size_t i = 0; i < d->n; i++)
                if (d->list[i].error < 0 && d->list[i].text)
                        return d->list[i].text;
        return otherwise;
}

bool diags_blame(const struct diags *d, const char *file) {
        for (size_t i = 0; i < d->n; i++)
                if (d->list[i].error < 0 && d->list[i].file && strcmp(d->list[i].file, file) == 0)
                        return true;
        return false;
}

void diags_done(struct diags *d) {
        for (size_t i = 0; i < d->n; i++) {
                free(d->list[i].file);
                free(d->list[i].text);
                free(d->list[i].hint);
        }
        free(d->list);
        *d = (struct diags){};
}
