/* What tend says about a service's life, in words: one line for each turn that a person wants to know of. */
#pragma once

#include "supervisor/service.h"

/* After a transition from `before` that `e` has led to; says nothing where the state is the same. */
void report_step(const struct service *s, enum state before, enum event e);
