#include "control/conditions.h"

#include <unistd.h>

#include "config/setup.h"
#include "config/value.h"
#include "supervisor/condition.h"

const char *conditions_word(const struct setting *s, const struct unit *u, size_t nth) {
        const struct check_row *row = s->table;
        const struct check *c = s->parse == value_check && u->setup ? u->setup->checks : NULL;

        for (; c; c = c->next)
                if (c->kind == row->kind && c->assert == row->assert &&nth-- == 0)
                        break;
        if (!c)
                return "";
        int answer = condition_ask(c, environ);
        if (answer < 0)
                return ", cannot be told here: not met";
        return (answer > 0) != c->negate ? ", met here" : ", not met here";
}

static void check(const struct unit *u, bool assert, struct diags *d) {
        const struct check *failed;
        char text[512];

        if (judge_checks(u->setup->checks, assert, condition_ask, environ, &failed))
                return;
        (void) diag(d, u->file, u->line, DIAG_NOTE, "%s: here its start would %s: %s", u->name,
                    assert ? "fail" : "be skipped", condition_text(failed, assert, text, sizeof(text)));
}

void conditions_check(const struct config *c, struct diags *d) {
        for (size_t i = 0; i < c->n_units; i++) {
                const struct unit *u = c->units[i];

                if (!u->setup || !u->setup->checks)
                        continue;
                check(u, false, d);
                check(u, true, d);
        }
}
