/* ReadyWhen= and HealthCheck=, as PID 1 sees them: a process that asks (`tend probe`, see
 * config/value-probe.c), one at a time for each service; or a descriptor that the service itself writes to. A
 * probe is of its service by user and environment, but nobody counts it among the service's processes: it has
 * an invocation of its own. */
#pragma once

#include "supervisor/health.h"
#include "supervisor/service.h"

struct prober;

/* Before a main process is made: nothing is ready. What fd:N needs is opened. 0 or a negative errno. */
int prober_prepare(struct service *s) must_check;

/* The end of fd:N that the main process is given; 0: there is none. */
int prober_descriptor(const struct service *s);

/* It has been given, or could not be. */
void prober_given(struct service *s);

/* Type= is content, and ReadyWhen= is not yet. */
bool prober_is_awaited(const struct service *s);

/* DO_AWAIT_READY: EVENT_UP follows when it answers. */
void prober_await(struct service *s);

/* What the service has said on fd:N and was not heard yet. */
void prober_drain(struct service *s);

/* The state has changed: HealthCheck= is asked while the service runs, ReadyWhen= while it starts. */
void prober_follow(struct service *s, enum state before);

/* A process of the service has ended: whether it was a probe, which then is taken up. */
bool prober_ended(struct service *s, pid_t pid, struct ending e);

/* Whether it is a probe: it, and whoever descends from it, is none of the service's processes. */
bool prober_is(const struct service *s, pid_t pid);

/* The time of a timer of kind TIMER_PROBER is over. */
void prober_due(struct timer *t);

/* Never NULL; HEALTH_NONE where nobody asks. */
const struct health *prober_health(const struct service *s);

struct prober *prober_free(struct prober *p);
