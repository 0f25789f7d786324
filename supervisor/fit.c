#include "supervisor/fit.h"

#include <limits.h>
#include <string.h>

#define UNLIMITED UINT64_MAX

#define FIT_WORD(name, word) [FIT_##name] = (word),
static const char *const words[] = { FITS(FIT_WORD) };

const char *fit_word(enum fit_kind kind) {
        return words[kind];
}

static bool is_asked_for(struct amount a, uint64_t whole, uint64_t *ret) {
        if (a.kind == AMOUNT_UNSET)
                return false;
        *ret = budget_exact(a, whole);
        return true;
}

/* False where it says nothing of it. */
static bool value_of(const struct unit *u, enum fit_kind kind, const struct budget_whole *w, uint64_t *ret) {
        const struct budget *b = u->budget;

        if (!b)
                return false;
        switch (kind) {
        case FIT_MEMORY_MIN:
                return is_asked_for(b->memory_min, w->memory, ret);
        case FIT_MEMORY_MAX:
                return is_asked_for(b->memory_max, w->memory, ret) && *ret != UNLIMITED;
        case FIT_TASKS_MAX:
                return is_asked_for(b->tasks_max, w->tasks, ret) && *ret != UNLIMITED;
        case FIT_CPU_QUOTA:
                *ret = b->cpu_quota;
                return b->cpu_quota > 0;
        case FIT_COUNT:
                break;
        }
        return false;
}

static uint64_t whole_of(enum fit_kind kind, const struct budget_whole *w) {
        return kind == FIT_TASKS_MAX ? w->tasks : kind == FIT_CPU_QUOTA ? w->cpu : w->memory;
}

static uint64_t add(uint64_t a, uint64_t b) {
        return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* "a-b.slice" lies in "a.slice" and in itself. */
/* The innermost slice around it that has a value: of a slice, around it, and not itself. NULL: none. */
static const struct unit *around(const struct config *c, const char *slice, const struct unit *self,
                                 enum fit_kind kind, const struct budget_whole *w) {
        const struct unit *best = NULL;
        uint64_t value;

        for (size_t i = 0; slice && i < c->n_slices; i++) {
                const struct unit *s = c->slices[i];
                if (s == self || !budget_lies_in(slice, s->name) || !value_of(s, kind, w, &value))
                        continue;
                if (!best || strlen(s->name) > strlen(best->name))
                        best = s;
        }
        return best;
}

/* A target or a timer has no process. */
static bool has_processes(const struct unit *u) {
        return u->exec[EXEC_START] || u->budget;
}

/* A question about a config: what is right below `outer`, when the parts of deeper slices are known. */
struct question {
        const struct config *c;
        const struct budget_whole *w;
        const uint64_t *parts; /* of the slices */
        enum fit_kind kind;
};

/* UNLIMITED where a service there is not limited and `outer` is a slice. */
static uint64_t sum_below(const struct question *q, const struct unit *outer, struct fit *f) {
        uint64_t sum = 0, value;

        for (size_t i = 0; i < q->c->n_units + q->c->n_slices; i++) {
                bool is_slice = i >= q->c->n_units;
                const struct unit *u = is_slice ? q->c->slices[i - q->c->n_units] : q->c->units[i];
                const char *slice = is_slice ? u->name : u->budget ? u->budget->slice : NULL;
                bool is_limited = value_of(u, q->kind, q->w, &value);

                if ((!is_limited && (is_slice || !has_processes(u))) ||
                    around(q->c, slice, is_slice ? u : NULL, q->kind, q->w) != outer)
                        continue;
                if (!is_limited)
                        value = outer ? UNLIMITED : 0;
                else if (is_slice)
                        value = q->parts[i - q->c->n_units];
                sum = add(sum, value);
                f->n += value > 0;
                if (value > f->part) {
                        f->part = value;
                        f->most = u;
                }
        }
        return sum;
}

/* What lies in a slice has the longer name. */
static void find_parts(const struct question *q, uint64_t *parts) {
        const struct config *c = q->c;

        for (size_t length = NAME_MAX; length > 0; length--)
                for (size_t i = 0; i < c->n_slices; i++) {
                        struct fit unused = {};

                        if (strlen(c->slices[i]->name) != length ||
                            !value_of(c->slices[i], q->kind, q->w, &parts[i]))
                                continue;
                        uint64_t inside = sum_below(q, c->slices[i], &unused);
                        if (q->kind != FIT_MEMORY_MIN && inside < parts[i])
                                parts[i] = inside;
                }
}

struct fit fit_sum(const struct config *c, enum fit_kind kind, const struct budget_whole *w,
                   uint64_t *scratch) {
        const struct question q = { .c = c, .w = w, .parts = scratch, .kind = kind };
        struct fit f = { .whole = whole_of(kind, w) };

        find_parts(&q, scratch);
        f.sum = sum_below(&q, NULL, &f);
        return f;
}
