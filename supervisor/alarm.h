/* The run-time side of timers. A .timer is a service without a process, active while it waits; what it has
 * besides is an alarm. It uses the service's own deadline, so that the loop holds one timer for all; what the
 * real-time clock decides is laid on the monotonic one, and anew whenever the former is set. */
#pragma once

#include <systemd/sd-event.h>

#include "supervisor/elapse.h"
#include "supervisor/state.h"

struct manager;
struct service;
struct alarm;

struct alarms {
        struct alarm *list;     /* owned, and those that follow */
        usec_t started;         /* tend */
        char *directory;        /* owned; of the stamps, NULL until one is needed */
        sd_event_source *watch; /* owned; of the real-time clock; NULL until it is needed */
        int watch_fd;           /* -1: none */
        int64_t offset;         /* of the real-time clock to the monotonic one, as last said; microseconds */
        bool told_directory;    /* that it cannot be used has been said */
};

void alarms_init(struct alarms *a, usec_t now);
void alarms_done(struct alarms *a);

/* Gives a .timer its alarm, and takes it. 0 or -ENOMEM. */
int alarm_new(struct service *s) must_check;
void alarm_free(struct service *s);

/* A service, a timer or what one starts, has taken a step from `before`. */
void alarm_heed(struct service *s, enum state before);

/* The deadline of an active timer is over. */
void alarm_due(struct service *s);

/* For whoever shows them: of CLOCK_MONOTONIC, those called real of CLOCK_REALTIME. */
struct alarm_times {
        usec_t next;            /* USEC_INFINITY: none, as things are */
        usec_t next_real;       /* the same where the real-time clock decides; else 0 */
        usec_t last, last_real; /* 0: never */
};
void alarm_times(const struct service *s, struct alarm_times *ret);

/* It is a timer that is active and will not elapse any more, as things are: the container need not stay for
 * it. */
bool alarm_is_idle(const struct service *s);
