/* What of a unit depends on more than one of its settings, or on other units. */
#pragma once

#include "config/loader.h"

/* `timeout_start`: the default of TimeoutStartSec=. 0 or -ENOMEM. */
int settle_unit(struct unit *u, usec_t timeout_start) must_check;

/* A socket unit: what it starts, or how it makes its services. What is wrong goes to `said`. 0 or -ENOMEM. */
int settle_socket(struct loader *l, struct unit *u, struct diags *said) must_check;

/* Sockets=: the service comes behind them, and wants them. 0 or -ENOMEM. */
int settle_sockets_of(struct unit *u) must_check;
