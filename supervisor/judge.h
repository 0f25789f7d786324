/* What a list of conditions comes to. Pure: it is told how each one is. */
#pragma once

#include "config/setup.h"

/* How a condition is, "!" not yet looked at: 0 no, positive yes, a negative errno where that cannot be known:
 * then it is not met, with "!" or without. */
typedef int (*judge_ask)(const struct check *c, void *context);

/* Whether the conditions (`assert` false) or the assertions of a list hold: each that is written without "|"
 * and, where there are any with it, one of these. Those behind the first that decides are not asked. An empty
 * list holds. *ret_failed: which one it was where they do not; NULL: all of those with "|". */
bool judge_checks(const struct check *list, bool assert, judge_ask ask, void *context,
                  const struct check **ret_failed);
