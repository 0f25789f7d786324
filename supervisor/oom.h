/* News from the kernel that it has ended processes for want of memory: who that was, and by whose limit. */
#pragma once

#include "supervisor/service.h"

/* From here on what happens to the service's cgroup at `path` is heard of, where the container divides its
 * memory at all. */
void oom_watch(struct service *s, const char *path);
void oom_unwatch(struct service *s);

/* A process of the service's was killed by a SIGKILL that tend has not sent: dispatches EVENT_OOM where that
 * was the kernel. */
void oom_check(struct service *s);

/* Opens and closes what oom_watch() hears by. Without it only the end of a main process tells. */
void oom_open(struct manager *m);
void oom_close(struct manager *m);
