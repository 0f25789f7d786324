/* Who may go: a start waits for what it is ordered after, a stop for what is ordered after it. */
#pragma once

#include "supervisor/manager.h"

/* Looks at a service that has been touched: comes back, starts, stops or leaves, as it wishes and the order
 * allows, and decides what its rest means for the container. May free `s`. */
void order_look_after(struct service *s);

/* Touches whoever may go on now that `s` has changed. */
void order_touch_neighbours(struct service *s);

/* One that it is ordered after and has to wait for, or the one of its own name that is still leaving; NULL:
 * nobody is. */
const struct service *order_awaits(const struct service *s);

/* Whatever it is ordered after has come to where it need not wait. */
bool order_has_turn(const struct service *s);

/* It goes down, in its turn, and then up again; where it is at rest, just up. */
void order_restart(struct service *s);

/* Shares the stop budget out: how many stops still follow one another from each service on. Kept until the
 * next call. Where memory is lacking everybody has the whole of what is left. */
void order_count_levels(struct manager *m);
