/* Settings whose fields are in unit->bonds, which is made when the first of them is set. */

#include <string.h>

#include "config/bond.h"
#include "config/value.h"

int value_bond(const struct assignment *a) {
        const struct bond_row *row = a->setting->table;
        struct unit *u = a->object;
        struct setting inner = *a->setting;
        struct assignment same = *a;

        if (!u->bonds && strcmp(a->value, setting_fallback(a->setting, u->from_tend_ini)) == 0)
                return 0;
        if (!u->bonds)
                u->bonds = calloc(1, sizeof(*u->bonds));
        if (!u->bonds)
                return value_out_of_memory(a);
        inner.field = row->field;
        same.setting = &inner;
        same.object = u->bonds;
        return row->parse(&same);
}

void value_print_bond(const struct setting *s, const void *object, FILE *out) {
        const struct bond_row *row = s->table;
        struct setting inner = *s;

        inner.field = row->field;
        row->print(&inner, unit_bonds(object), out);
}
