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

enum oom_policy budget_oom_policy(const struct budget *b) {
        if (b && b->oom_policy != OOM_UNSET)
                return (enum oom_policy) b->oom_policy;
        return b && b->delegate ? OOM_CONTINUE : OOM_STOP;
}

const char *controller_word(enum controller c) {
        return controller_words[c];
}
