/* `tend set`: budgets of units that run. */
#include <string.h>

#include "client/units.h"
#include "config/setting.h"
#include "config/suggest.h"
#include "config/unit.h"
#include "control/verb.h"

#define MANAGER_PATH      "/org/freedesktop/systemd1"
#define MANAGER_INTERFACE "org.freedesktop.systemd1.Manager"

/* Values are words, as a file would have them: tend reads them as it reads files. */
static void write_assignment(struct wire_out *out, const char *word) {
        const char *value = strchr(word, '=');
        char name[128];

        (void) snprintf(name, sizeof(name), "%.*s", (int) (value - word), word);
        wire_struct(out);
        wire_string(out, name);
        wire_variant(out, "s");
        wire_string(out, value + 1);
}

/* Whether it is a budget; where it is none, what may have been meant is said. */
static bool is_budget(const char *word) {
        char name[128], hint[160] = "`tend check --explain` lists the settings; budgets can be set";
        struct suggest s;

        (void) snprintf(name, sizeof(name), "%.*s", (int) strcspn(word, "="), word);
        suggest_init(&s, name);
        for (size_t i = 0; i < n_settings; i++)
                if (settings[i].part == PART_BUDGET)
                        suggest_offer(&s, settings[i].key);
        if (s.best && strcmp(s.best, name) == 0)
                return true;
        if (s.best)
                (void) snprintf(hint, sizeof(hint), "did you mean %s=?", s.best);
        (void) verb_complain("set", "not a budget that can be set", word, hint);
        return false;
}

int set_main(const struct request *r) {
        struct wire_in in;

        for (size_t i = 1; i < r->n_words; i++)
                if (!strchr(r->words[i], '='))
                        return verb_complain("set", "not NAME=VALUE", r->words[i],
                                             "for example MemoryMax=300M");
                else if (!is_budget(r->words[i]))
                        return EXIT_WRONG;
        if (r->n_words < 2)
                return verb_complain("set", "what of which unit?", NULL, "tend set UNIT NAME=VALUE...");

        autofree char *name = unit_full_name(r->words[0]);
        autolink struct link l;
        int e = link_open(&l, r->socket);
        if (e == 0) {
                struct wire_out *out =
                        link_begin(&l, MANAGER_PATH, MANAGER_INTERFACE, "SetUnitProperties", "sba(sv)");
                wire_string(out, name ? name : r->words[0]);
                wire_u32(out, !r->lasting);
                struct wire_mark mark = wire_array(out, 8);
                for (size_t i = 1; i < r->n_words; i++)
                        write_assignment(out, r->words[i]);
                wire_array_end(out, mark);
                e = link_finish(&l, "", &in);
        }
        return e < 0 ? units_complain(&l, "set", name ? name : r->words[0], e) : EXIT_FINE;
}
