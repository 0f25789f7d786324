/* Descriptors that a service has given tend to keep over its restarts (FDSTORE=1): handed back to its next
 * main process as LISTEN_FDS, closed when it comes to rest. */
#pragma once

#include "supervisor/vigil.h"

/* Takes `fd`, whatever comes of it. `name` may be anything: what is no name becomes "stored". `watched`: goes
 * when its other end does. */
void fdstore_add(struct service *s, int fd, const char *name, bool watched);

/* All of that name. */
void fdstore_remove(struct service *s, const char *name);

/* All. */
void fdstore_clear(struct vigil *v);
