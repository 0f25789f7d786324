/* The processes of services that are being ended: found by the census, signalled, and the news brought when
 * the last one has gone. */
#pragma once

#include "supervisor/manager.h"

void roundup_run(struct manager *m);

/* The one process of the service that has been handed to us; 0 where there is none, or more than one. */
pid_t roundup_only_orphan(struct service *s);

/* As kill(2) does, or with a value as sigqueue(3). */
bool roundup_send(pid_t pid, int signal, const int *value);

/* Sends it to all processes of the service but those that tend has started; returns how many those were. */
unsigned roundup_kill(struct service *s, int signal, const int *value);

/* Whether it is certain that nothing of it runs any more: all its commands have ended, and nobody has been
 * handed to us who is the service's or may be. */
bool roundup_left_nobody(struct service *s);
