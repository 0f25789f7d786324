/* The cgroup of an isolated run, made outside of it: what all of it may use, and somebody who removes it
 * whatever becomes of tend. */
#pragma once

#include <sys/types.h>

#include "base/def.h"

/* 0: no limit. */
struct enclosure_limits {
        uint64_t memory; /* bytes */
        uint64_t tasks;
        unsigned cpus; /* thousandths of a processor */
};

struct enclosure {
        int inside;    /* owned; the directory that PID 1 is to be born in; -1: there is none */
        int alive;     /* owned; as long as any process has it open the cgroup is needed */
        pid_t janitor; /* removes it then */
};

/* Where cgroup v2 lets us. What of the limits is not held is said, with the reason. */
void enclosure_open(struct enclosure *e, const struct enclosure_limits *l);

/* Waits until it is gone, once nobody else has it open. */
void enclosure_close(struct enclosure *e);
