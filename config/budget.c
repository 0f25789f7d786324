#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "config/budget.h"

#define WORD(name, word) word,
static const char *const controller_words[] = { CONTROLLERS(WORD) };

struct budget *budget_free(struct budget *b) {
        if (!b)
                return NULL;
        for (struct device_limit *d = b->devices; d;) {
                struct device_limit *next = d->next;

                free(d);
                d = next;
        }
        free(b->cpus);
        free(b->nodes);
        free(b->startup_cpus);
        free(b->startup_nodes);
        free(b->slice);
        free(b);
        return NULL;
}

static bool copy_set(cpu_set_t **set) {
        const cpu_set_t *from = *set;

        *set = from ? malloc(sizeof(**set)) : NULL;
        if (*set)
                **set = *from;
        return !from || *set;
}

static bool copy_devices(struct device_limit **list) {
        const struct device_limit *from = *list;

        for (*list = NULL; from; from = from->next, list = &(*list)->next) {
                size_t size = sizeof(*from) + strlen(from->path) + 1;
                *list = malloc(size);
                if (!*list)
                        return false;
                memcpy(*list, from, size);
                (*list)->next = NULL;
        }
        return true;
}

struct budget *budget_copy(const struct budget *b) {
        struct budget *copy = calloc(1, sizeof(*copy));

        if (!copy || !b)
                return copy;
        *copy = *b;
        copy->slice = b->slice ? strdup(b->slice) : NULL;
        /* All of them, so that none is the other's any more. */
        bool whole = !b->slice || copy->slice;
        whole &= copy_set(&copy->cpus);
        whole &= copy_set(&copy->nodes);
        whole &= copy_set(&copy->startup_cpus);
        whole &= copy_set(&copy->startup_nodes);
        whole &= copy_devices(&copy->devices);
        return whole ? copy : budget_free(copy);
}

int budget_slice(const struct unit *u, char **ret) {
        const char *end = text_ends(u->name, ".slice") ? strrchr(u->name, '-') : NULL;
        const char *slice = u->budget ? u->budget->slice : NULL;

        *ret = NULL;
        if (!end && !slice)
                return 0;
        *ret = end ? text_format("%.*s.slice", (int) (end - u->name), u->name) : strdup(slice);
        return *ret ? 0 : -ENOMEM;
}

enum oom_policy budget_oom_policy(const struct budget *b) {
        if (b && b->oom_policy != OOM_UNSET)
                return (enum oom_policy) b->oom_policy;
        return b && b->delegate ? OOM_CONTINUE : OOM_STOP;
}

const char *controller_word(enum controller c) {
        return controller_words[c];
}
