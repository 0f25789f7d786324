/* By which timer or path a service was started, for its environment: TRIGGER_UNIT= and its kin of
 * systemd.exec(5). Known from the start that it led to until the service comes to rest. */
#pragma once

#include "supervisor/service.h"

#define TRIGGER_VARIABLES_MAX 3

/* A path unit: `path` is the one that was the reason. Without memory it is not known. */
void trigger_note_path(struct service *target, const char *unit, const char *path);

/* A timer: when it has elapsed, by CLOCK_REALTIME and CLOCK_MONOTONIC. */
void trigger_note_timer(struct service *target, const char *unit, usec_t real, usec_t monotonic);

void trigger_forget(struct service *s);

/* "NAME=VALUE", TRIGGER_VARIABLES_MAX at most, borrowed; NULL: nothing has triggered it. */
char *const *trigger_variables(const struct service *s);
