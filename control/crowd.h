/* `tend check`: budgets that add up to more than the container has. */
#pragma once

#include "base/diag.h"
#include "config/unit.h"

/* A warning to `d` for each kind of budget that is too large in sum, with the line of the largest. */
void crowd_check(const struct config *c, struct diags *d);
