/* What the time is, and waiting until it is what one waits for. */
#pragma once

#include <poll.h>

#include "base/def.h"

usec_t clock_monotonic(void);
usec_t clock_real(void);    /* since 1970 */
usec_t clock_process(void); /* of the processors, used by this process */

/* Waits until one of the descriptors is ready or it is `until`, by clock_monotonic(): USEC_INFINITY waits for
 * the descriptors alone, 0 not at all. As poll(2): how many are ready, or -1 with errno. */
int clock_poll(struct pollfd *list, size_t n, usec_t until);
