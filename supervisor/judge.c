#include "supervisor/judge.h"

bool judge_checks(const struct check *list, bool assert, judge_ask ask, void *context,
                  const struct check **ret_failed) {
        bool has_trigger = false, is_triggered = false;

        for (const struct check *c = list; c; c = c->next) {
                if (c->assert != assert)
                        continue;

                int answer = ask(c, context);
                bool met = answer >= 0 && (answer > 0) != c->negate;
                if (!met && !c->trigger) {
                        *ret_failed = c;
                        return false;
                }
                has_trigger |= c->trigger;
                is_triggered |= c->trigger && met;
        }
        if (!has_trigger || is_triggered)
                return true;
        *ret_failed = NULL;
        return false;
}
