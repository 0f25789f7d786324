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

static void print_verdict(const struct unit *u, bool assert, FILE *out) {
        const struct check *failed;
        char text[512];

        if (judge_checks(u->setup->checks, assert, condition_ask, environ, &failed))
                return;
        (void) fprintf(out, "%s:%u: note: %s: here its start would %s: %s\n", u->file, u->line, u->name,
                       assert ? "fail" : "be skipped", condition_text(failed, assert, text, sizeof(text)));
}

void conditions_print(const struct config *c, FILE *out) {
        for (size_t i = 0; i < c->n_units; i++) {
                const struct unit *u = c->units[i];

                if (!u->setup || !u->setup->checks)
                        continue;
                print_verdict(u, false, out);
                print_verdict(u, true, out);
        }
}
