/* What of a unit depends on more than one of its settings, or on other units. */
#pragma once

#include "config/loader.h"

/* `timeout_start`: the default of TimeoutStartSec=. 0 or -ENOMEM. */
int settle_unit(struct unit *u, usec_t timeout_start) must_check;

/* A socket unit: what its settings leave open. */
void settle_socket(struct unit *u);

/* How the services of its connections are made, where it has such: done while units are still pulled in,
 * since it wants what they want. What is wrong goes to `said`. 0 or -ENOMEM. */
int settle_recipe(struct loader *l, struct unit *u, struct diags *said) must_check;

/* Sockets=: the service comes behind them, and wants them. 0 or -ENOMEM. */
int settle_sockets_of(struct unit *u) must_check;
