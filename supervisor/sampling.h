/* Budgets where there are no cgroups for them, as PID 1 sees it: a process beside it (sampler.h) watches, and
 * whoever it finds over a limit is ended as by the kernel. It is made when the first service needs it. */
#pragma once

#include <systemd/sd-event.h>

#include "supervisor/ending.h"

struct manager;
struct sampler_mark;
struct service;

struct sampling {
        pid_t pid;                /* 0: there is none */
        int fd;                   /* to it, where there is one */
        sd_event_source *source;  /* owned */
        struct service **watched; /* owned; by the numbers that the sampler knows them by; NULL: free */
        uint32_t n;
        struct sampler_mark *mark; /* owned; a shared page; NULL where there is none */
        usec_t begun;
        bool is_given_up; /* it ends as soon as it is made, and that has been said */
};

/* A process of the service has been made: where its budget is to be watched it is from now on. */
void sampling_watch(struct service *s, pid_t pid);

/* One is about to be made: those of before may still have to end, this one not. */
void sampling_spare(struct service *s);

/* None of its processes is left. */
void sampling_forget(struct service *s);

/* Its budget has changed. */
void sampling_change(struct service *s);

/* Whether it was the sampler that has ended; then there is another one. */
bool sampling_ended(struct manager *m, pid_t pid, struct ending e);

/* At the end of the container, before its last processes are counted. */
void sampling_close(struct manager *m);
