#include "top/order.h"

#include <string.h>

#define WORD(name, key, word) word,
#define KEY(name, key, word)  key,
static const char *const words[] = { ORDERS(WORD) };
static const char keys[] = { ORDERS(KEY) };

const char *order_word(enum order o) {
        return words[o];
}

int order_of_key(char key) {
        for (int i = 0; i < ORDER_COUNT; i++)
                if (keys[i] == key)
                        return i;
        return -1;
}

int order_of_word(const char *word) {
        for (int i = 0; i < ORDER_COUNT; i++)
                if (strcmp(words[i], word) == 0)
                        return i;
        return -1;
}

/* One that was started anew has begun to count anew. */
static uint64_t share_of(const struct live_status *u, const struct moment *before, usec_t now) {
        if (u->cpu == UINT64_MAX || before->at == 0 || now <= before->at)
                return ORDER_UNKNOWN;
        for (size_t i = 0; i < before->n; i++)
                if (strcmp(before->list[i].name, u->name) == 0)
                        return before->list[i].cpu == UINT64_MAX
                                       ? ORDER_UNKNOWN
                                       : usec_sub(u->cpu, before->list[i].cpu) * 10000 / (now - before->at);
        return ORDER_UNKNOWN;
}

/* What is not known comes behind everything that is. */
static int larger_first(uint64_t a, uint64_t b) {
        a += 1;
        b += 1;
        return (a < b) - (a > b);
}

static int by_place(const void *a, const void *b) {
        const struct row *first = a, *second = b;
        return (first->place > second->place) - (first->place < second->place);
}

static int by_name(const void *a, const void *b) {
        return strcmp(((const struct row *) a)->unit->name, ((const struct row *) b)->unit->name);
}

/* What has failed first, then what is on its way. */
static int rank(const struct live_status *u) {
        static const char *const states[] = { "failed", "activating", "deactivating", "reloading", "active" };
        int i = 0;

        while (i < (int) countof(states) && strcmp(states[i], u->active) != 0)
                i++;
        return i;
}

static int by_state(const void *a, const void *b) {
        int r = rank(((const struct row *) a)->unit) - rank(((const struct row *) b)->unit);
        return r != 0 ? r : by_place(a, b);
}

static int by_restarts(const void *a, const void *b) {
        int r = larger_first(((const struct row *) a)->unit->restarts,
                             ((const struct row *) b)->unit->restarts);
        return r != 0 ? r : by_place(a, b);
}

static int by_cpu(const void *a, const void *b) {
        int r = larger_first(((const struct row *) a)->share, ((const struct row *) b)->share);
        return r != 0 ? r : by_place(a, b);
}

static int by_memory(const void *a, const void *b) {
        int r = larger_first(((const struct row *) a)->unit->memory, ((const struct row *) b)->unit->memory);
        return r != 0 ? r : by_place(a, b);
}

void order_rows(const struct snapshot *s, const struct moment *before, enum order by, struct row *rows) {
        static int (*const compare[ORDER_COUNT])(const void *a, const void *b) = {
                [ORDER_FILES] = by_place,       [ORDER_NAME] = by_name, [ORDER_STATE] = by_state,
                [ORDER_RESTARTS] = by_restarts, [ORDER_CPU] = by_cpu,   [ORDER_MEMORY] = by_memory,
        };

        for (size_t i = 0; i < s->n; i++)
                rows[i] = (struct row){ &s->units[i], share_of(&s->units[i], before, s->container.now), i };
        if (s->n > 0)
                qsort(rows, s->n, sizeof(*rows), compare[by]);
}

void moment_done(struct moment *p) {
        for (size_t i = 0; i < p->n; i++)
                free(p->list[i].name);
        free(p->list);
        *p = (struct moment){};
}

void moment_note(struct moment *p, const struct snapshot *s) {
        moment_done(p);
        p->list = calloc(s->n + 1, sizeof(*p->list));
        for (size_t i = 0; p->list && i < s->n; i++) {
                p->list[p->n] = (struct used){ strdup(s->units[i].name), s->units[i].cpu };
                p->n += p->list[p->n].name != NULL;
        }
        p->at = s->container.now;
}
