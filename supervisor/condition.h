/* Conditions and assertions, looked at before each start. */
#pragma once

#include "supervisor/judge.h"

/* How one is, as judge_ask: asks the kernel. `environment` is the container's, for ConditionEnvironment=. */
int condition_ask(const struct check *c, void *environment);

/* "ConditionPathExists=!/x is not met", of one that judge_checks() has named or of NULL. Returns `buffer`. */
const char *condition_text(const struct check *failed, bool assert, char *buffer, size_t size);
