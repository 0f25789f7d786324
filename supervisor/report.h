/* What tend says about a service's life, in words: one line for each turn that a person wants to know of. */
#pragma once

#include "supervisor/past.h"
#include "supervisor/service.h"

/* Why it is in its state, where there is more to say than the state: "exited with code 1", "waits for
 * db.service". A static word, or `buffer`; "" where there is nothing. */
#define REPORT_WHY_MAX 320
const char *report_why(const struct service *s, char buffer[REPORT_WHY_MAX]);

/* How a run of that unit ended. A static word, or `buffer`. */
const char *report_exit(const struct unit *u, const struct past_run *e, char buffer[ENDING_TEXT_MAX]);

/* After a transition from `before` that `e` has led to; says nothing where the state is the same. */
void report_step(const struct service *s, enum state before, enum event e);
