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

/* Where some service is to be spared when memory runs out (a negative OOMScoreAdjust=), PID 1 itself is
 * spared before all: the container would end with it. What it may not do no service of it may, either. */
void oom_spare(struct manager *m, const struct config *c);

/* Opens and closes what oom_watch() hears by. Without it only the end of a main process tells. */
void oom_open(struct manager *m);
void oom_close(struct manager *m);
