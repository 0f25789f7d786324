/* WatchdogSec=: a service that does not say WATCHDOG=1 in time hangs. Heard lazily: a message only moves a
 * point in time, the timer looks at it when it rings. */
#pragma once

#include "supervisor/service.h"

/* A new main process: the unit's span counts again. 0 or a negative errno. */
int watchdog_prepare(struct service *s) must_check;

/* What the service is to be told as WATCHDOG_USEC=; USEC_INFINITY: it has no watchdog. */
usec_t watchdog_span(const struct service *s);

/* Its state has changed: the watchdog counts in STATES_WATCHED only. */
void watchdog_follow(struct service *s, enum state before);

/* WATCHDOG=1, WATCHDOG_USEC=, and EXTEND_TIMEOUT_USEC= up to `until`. */
void watchdog_heard(struct service *s);
void watchdog_set_span(struct service *s, usec_t span);
void watchdog_extend(struct service *s, usec_t until);
