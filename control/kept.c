#include "control/kept.h"

#include <string.h>

#include "config/value.h"
#include "supervisor/box.h"

static const char *const words[] = {
        [TIER_UNASKED] = "",
        [TIER_KERNEL] = ", kept by the kernel",
        [TIER_SAMPLED] = ", kept by samples alone",
        [TIER_NONE] = ", not kept",
};

/* What a part of what the container has comes to. */
static void print_share(const struct cgroups *c, const struct setting *s, const struct budget *b,
                        char buffer[KEPT_WORD_MAX]) {
        struct amount a = {};

        if (s->parse == value_amount || s->parse == value_tasks)
                memcpy(&a, (const char *) b + s->field, sizeof(a));
        if (a.kind != AMOUNT_SHARE)
                return;
        if (strcmp(s->key, "TasksMax") == 0)
                (void) snprintf(buffer, KEPT_WORD_MAX, ", %llu here",
                                (unsigned long long) budget_exact(a, c->whole.tasks));
        else
                (void) snprintf(buffer, KEPT_WORD_MAX, ", %.1f MiB here",
                                (double) budget_exact(a, c->whole.memory) / 1048576);
}

const char *kept_word(const struct cgroups *c, const struct setting *s, const struct unit *u,
                      char buffer[KEPT_WORD_MAX]) {
        enum tier tier = s->part == PART_BUDGET ? box_kept(c, u, s->key).tier : TIER_UNASKED;

        buffer[0] = '\0';
        if (tier != TIER_UNASKED) {
                print_share(c, s, u->budget, buffer);
                size_t n = strlen(buffer);
                (void) snprintf(buffer + n, KEPT_WORD_MAX - n, "%s", words[tier]);
        }
        return buffer;
}

const char *kept_why(const struct cgroups *c, const struct unit *u, char buffer[KEPT_WHY_MAX]) {
        struct kept worst = {};

        buffer[0] = '\0';
        for (size_t i = 0; i < n_settings; i++) {
                struct kept k =
                        settings[i].part == PART_BUDGET ? box_kept(c, u, settings[i].key) : (struct kept){};
                if (k.tier > worst.tier)
                        worst = k;
        }
        if (worst.tier > TIER_KERNEL)
                (void) snprintf(buffer, KEPT_WHY_MAX, "%s%s%s%s", worst.why,
                                worst.hint ? "; what makes it so: " : "", worst.hint ? worst.hint : "",
                                u->budget->policy == BUDGET_REQUIRE
                                        ? "; with BudgetPolicy=require it does not start so"
                                        : "");
        return buffer;
}
