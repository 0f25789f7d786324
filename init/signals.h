/* Which signals can be forwarded, and what is sent in their place. */
#pragma once

#include "base/def.h"

/* What arrives to what is sent: to[N] = N as it is, 0 to drop it. */
struct signal_map {
        uint8_t to[65];
};

void signal_map_init(struct signal_map *m);

/* "SIG:SIG", names or numbers; 0 on the right drops it. 0 or -EINVAL. */
int signal_map_parse(struct signal_map *m, const char *text) must_check;

/* False for what says something to tend alone: SIGCHLD, faults (SEGV BUS FPE ILL TRAP ABRT SYS), KILL and
 * STOP. */
bool signal_is_forwarded(int signal);
