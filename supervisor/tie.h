/* What becomes of units when another one comes up, goes down or fails, without anybody having asked: the part
 * of the links (link.h) that is not in a transaction. */
#pragma once

#include "supervisor/manager.h"

/* The service has taken a step from `before`. */
void tie_follow(struct service *s, enum state before);

/* Looked at because of what it is tied to: it is upheld and down, or up and not needed any more. */
void tie_look_after(struct service *s);

/* Somebody who is up wants it to be up, and its start limit does not forbid that: that it has come to rest
 * means nothing. */
bool tie_is_upheld(const struct service *s);

/* Whether those that its end has started (OnFailure=, OnSuccess=) are still at work: what its rest means for
 * the container waits for them, for the time of the stop budget at most. */
bool tie_waits_for_handlers(struct service *s);

/* The one service whose end has started this one, if so; NULL also where there are several. */
const struct service *tie_trigger(const struct service *s);
