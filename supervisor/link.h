/* What one unit's fate means for another: each dependency of systemd.unit(5) is taken apart into links, from
 * the unit that it happens to towards the one that it matters for. Everybody who acts goes by the links
 * alone; which dependency makes which is one table. */
#pragma once

#include "config/bond.h"

/* What each means is in link.c, in words. */
#define LINKS(X)                                                                                             \
        X(START)                                                                                             \
        X(START_SOFT)                                                                                        \
        X(VERIFY)                                                                                            \
        X(STOP_OTHER)                                                                                        \
        X(STOP_OTHER_SOFT)                                                                                   \
        X(STOP)                                                                                              \
        X(RELOAD)                                                                                            \
        X(DOWN)                                                                                              \
        X(BOUND)                                                                                             \
        X(UPHOLD)                                                                                            \
        X(UPHELD)                                                                                            \
        X(NEEDED)                                                                                            \
        X(FAILURE)                                                                                           \
        X(SUCCESS)                                                                                           \
        X(HANDLES)
#define NUMBER_LINK(name) LINK_NUMBER_##name,
enum { LINKS(NUMBER_LINK) LINK_KINDS };
#define ENUM_LINK(name) LINK_##name = 1 << LINK_NUMBER_##name,
enum link { LINKS(ENUM_LINK) };

/* The links of a dependency: from the unit that says it to the one that it names, and the other way. */
struct bond_links {
        uint16_t forward, back; /* enum link */
};
extern const struct bond_links bond_links[BOND_COUNT];

/* What it means, with a %s in the place of the unit that it leads to. `kind` is a number, not a bit. */
const char *link_words(unsigned kind);
