/* The process that watches budgets where there are no cgroups for it: beside PID 1, because reading how much
 * memory a process has may take long, and waits where that process's memory is locked. It is told whom to
 * watch, tells who is over a limit, and ends whom it is told to end. Who belongs to a service is found as the
 * census does it: by descent, session, and INVOCATION_ID in the environment. */
#pragma once

#include <sys/types.h>

#include "supervisor/sample.h"

enum sampler_order_kind {
        SAMPLER_WATCH,  /* or what is watched under that number has changed */
        SAMPLER_FORGET, /* and let go on what stands still */
        SAMPLER_END,    /* kill all of its processes, also those that are made meanwhile; it stays watched */
        SAMPLER_SPARE,  /* no longer: whoever is made from here on may live */
};

/* One message of a SOCK_SEQPACKET each way. */
struct sampler_order {
        uint32_t kind; /* enum sampler_order_kind */
        uint32_t number;
        pid_t main, session; /* 0: none */
        uint8_t invocation[16];
        struct sample_limits limits;
};

struct sampler_finding {
        uint32_t number;
        uint32_t verdict; /* enum sample_verdict */
        uint8_t invocation[16];
        pid_t largest; /* its process with the most memory */
        uint64_t value;
};

/* Whom it lets come before others for the moment of a read, so that whoever ends it in that moment can undo
 * it: in memory that it shares with PID 1. */
struct sampler_mark {
        _Atomic pid_t hurried; /* 0: nobody */
};

/* The whole life of that process: returns its exit code when the other end of `fd` is closed, or nothing can
 * be read any more. Without a mark nobody is hurried. */
int sampler_run(int fd, struct sampler_mark *mark);

/* Undoes what a sampler that has ended did not come to. */
void sampler_calm(struct sampler_mark *mark);
