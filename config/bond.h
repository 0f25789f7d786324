/* What ties units together, by the words of systemd.unit(5). The four that most units use are fields of
 * struct unit; the others are kept in a struct of their own, which a unit has only where something of it is
 * set. */
#pragma once

#include "config/unit.h"

/* name, key, and whether the unit cannot be loaded where the other one is not there. */
#define BONDS(X)                                                                                             \
        X(AFTER, "After", false)                                                                             \
        X(BEFORE, "Before", false)                                                                           \
        X(WANTS, "Wants", false)                                                                             \
        X(REQUIRES, "Requires", true)                                                                        \
        X(REQUISITE, "Requisite", true)                                                                      \
        X(BINDS_TO, "BindsTo", true)                                                                         \
        X(PART_OF, "PartOf", false)                                                                          \
        X(UPHOLDS, "Upholds", false)                                                                         \
        X(CONFLICTS, "Conflicts", false)                                                                     \
        X(ON_FAILURE, "OnFailure", false)                                                                    \
        X(ON_SUCCESS, "OnSuccess", false)                                                                    \
        X(PROPAGATES_RELOAD_TO, "PropagatesReloadTo", false)                                                 \
        X(RELOAD_PROPAGATED_FROM, "ReloadPropagatedFrom", false)                                             \
        X(PROPAGATES_STOP_TO, "PropagatesStopTo", false)                                                     \
        X(STOP_PROPAGATED_FROM, "StopPropagatedFrom", false)
#define ENUM_BOND(name, key, is_needed) BOND_##name,
enum bond { BONDS(ENUM_BOND) BOND_COUNT };

struct bonds {
        char **names[BOND_COUNT]; /* owned; full unit names; the first four stay empty, see unit_bond() */
        bool stop_when_unneeded, refuse_manual_start, refuse_manual_stop;
};

/* The units that it names so; NULL is empty. */
char *const *unit_bond(const struct unit *u, enum bond b);

/* What the unit says, or the defaults; never NULL. */
const struct bonds *unit_bonds(const struct unit *u);

struct bonds *bonds_free(struct bonds *b);

/* "Requires", and whether what is named has to be there. */
const char *bond_word(enum bond b);
bool bond_is_needed(enum bond b);
