/* How the conditions and assertions of units are where the command is called: what a start would find. */
#pragma once

#include "base/diag.h"
#include "config/unit.h"

/* ", met here" of the nth line of a row that is a condition or an assertion; "" of other rows. */
const char *conditions_word(const struct setting *s, const struct unit *u, size_t nth);

/* A note for each unit whose start would be skipped or fail, with the line that decides. */
void conditions_check(const struct config *c, struct diags *d);
