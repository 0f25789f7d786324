/* sysusers.d: the accounts that packages want. */
#pragma once

#include "base/diag.h"

/* Makes those that are not there. Nothing is locked or written where none is lacking. What is wrong is told
 * to `d`, also what keeps them from being made. 0 or -ENOMEM. */
int sysusers_run(struct diags *d) must_check;
