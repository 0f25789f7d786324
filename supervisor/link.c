#include "supervisor/link.h"

_Static_assert(LINK_KINDS <= 16, "the links of an edge are kept in 16 bits");

#define NEEDED (LINK_STOP | LINK_NEEDED)

/* clang-format off */
const struct bond_links bond_links[BOND_COUNT] = {
        /*                              forward: this unit → the other   back: the other → this unit */
        [BOND_WANTS]                  = { LINK_START_SOFT,                LINK_NEEDED },
        [BOND_REQUIRES]               = { LINK_START,                     NEEDED },
        [BOND_REQUISITE]              = { LINK_VERIFY,                    NEEDED },
        [BOND_BINDS_TO]               = { LINK_START | LINK_BOUND,        NEEDED | LINK_DOWN },
        [BOND_PART_OF]                = { 0,                              LINK_STOP },
        [BOND_UPHOLDS]                = { LINK_START_SOFT | LINK_UPHOLD,  LINK_UPHELD | LINK_NEEDED },
        [BOND_CONFLICTS]              = { LINK_STOP_OTHER,                LINK_STOP_OTHER_SOFT },
        [BOND_ON_FAILURE]             = { LINK_FAILURE,                   LINK_HANDLES },
        [BOND_ON_SUCCESS]             = { LINK_SUCCESS,                   LINK_HANDLES },
        [BOND_PROPAGATES_RELOAD_TO]   = { LINK_RELOAD,                    0 },
        [BOND_RELOAD_PROPAGATED_FROM] = { 0,                              LINK_RELOAD },
        [BOND_PROPAGATES_STOP_TO]     = { LINK_STOP | LINK_DOWN,          0 },
        [BOND_STOP_PROPAGATED_FROM]   = { 0,                              LINK_STOP | LINK_DOWN },
};
/* clang-format on */

static const char *const sentences[LINK_KINDS] = {
        [LINK_NUMBER_START] = "when it is started, %s is started and must not fail",
        [LINK_NUMBER_START_SOFT] = "when it is started, %s is started too",
        [LINK_NUMBER_VERIFY] = "it starts only while %s is up",
        [LINK_NUMBER_STOP_OTHER] = "when it is started, %s is stopped",
        [LINK_NUMBER_STOP_OTHER_SOFT] = "when it is started, %s is stopped where that can be",
        [LINK_NUMBER_STOP] = "when it is stopped or restarted, so is %s",
        [LINK_NUMBER_RELOAD] = "when it is reloaded, so is %s",
        [LINK_NUMBER_DOWN] = "when it is not up any more, for whatever reason, %s is stopped",
        [LINK_NUMBER_BOUND] = "it cannot be up without %s",
        [LINK_NUMBER_UPHOLD] = "while it is up, %s is started whenever it is down",
        [LINK_NUMBER_UPHELD] = "it is upheld by %s",
        [LINK_NUMBER_NEEDED] = "it is needed by %s",
        [LINK_NUMBER_FAILURE] = "when it has failed, %s is started",
        [LINK_NUMBER_SUCCESS] = "when it has ended well, %s is started",
        [LINK_NUMBER_HANDLES] = "it is started by the end of %s, not with the container",
};

const char *link_words(unsigned kind) {
        return sentences[kind];
}
