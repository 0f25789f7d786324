#include "config/bond.h"
#include "base/text.h"

#define WORD_OF_BOND(name, key, is_needed) [BOND_##name] = (key),
#define NEED_OF_BOND(name, key, is_needed) [BOND_##name] = (is_needed),
static const char *const words[] = { BONDS(WORD_OF_BOND) };
static const bool needs[] = { BONDS(NEED_OF_BOND) };

const char *bond_word(enum bond b) {
        return words[b];
}

bool bond_is_needed(enum bond b) {
        return needs[b];
}

const struct bonds *unit_bonds(const struct unit *u) {
        static const struct bonds none = {};

        return u->bonds ? u->bonds : &none;
}

char *const *unit_bond(const struct unit *u, enum bond b) {
        char *const *const usual[] = {
                [BOND_AFTER] = u->after,
                [BOND_BEFORE] = u->before,
                [BOND_WANTS] = u->wants,
                [BOND_REQUIRES] = u->requires,
        };

        return b < countof(usual) ? usual[b] : unit_bonds(u)->names[b];
}

struct bonds *bonds_free(struct bonds *b) {
        if (!b)
                return NULL;
        for (size_t i = 0; i < countof(b->names); i++)
                strv_free(b->names[i]);
        free(b);
        return NULL;
}
