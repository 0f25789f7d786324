/* The files and the order of their units, with all that is wrong: how run and check begin, both in the
 * same way. */
#pragma once

#include "base/diag.h"
#include "config/load.h"
#include "supervisor/plan.h"

struct loaded {
        struct config *config; /* owned; NULL where there were errors */
        struct plan plan;
        struct diags diags;
};

/* 0, also with warnings; a negative errno where there are errors, and then `diags` has at least one. */
int loaded_open(struct loaded *l, const struct load_options *o) must_check;
void loaded_close(struct loaded *l);
