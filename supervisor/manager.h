/* The supervisor: the event loop, the services, and who goes when. `tend run` is this. */
#pragma once

#include <systemd/sd-event.h>

#include "config/load.h"
#include "init/init.h"
#include "supervisor/alarm.h"
#include "supervisor/census.h"
#include "supervisor/cgroup.h"
#include "supervisor/fate.h"
#include "supervisor/groundwork.h"
#include "supervisor/job.h"
#include "supervisor/launch.h"
#include "supervisor/listener.h"
#include "supervisor/lookout.h"
#include "supervisor/pids.h"
#include "supervisor/plan.h"
#include "supervisor/sampling.h"
#include "supervisor/service.h"

/* Whoever stands above the supervisor and wants to hear of it: the bus. Called in the middle of things; what
 * open() returns is the context of the others, and none of them is called where that is NULL. */
struct manager_hooks {
        void *(*open)(struct manager *m); /* before the first service starts */
        void (*close)(void *context);
        /* It has taken a step from that state to another. */
        void (*stepped)(void *context, struct service *s, enum state before, enum event e);
        void (*listed)(void *context, struct service *s,
                       bool comes); /* by a reload; it goes when it is at rest */
        void (*reloading)(void *context, bool begins);
        void (*ready)(void *context); /* everything that starts with the container is up, or has failed */
};

struct run_options {
        struct load_options load;          /* as the config was loaded, and will be at a reload */
        usec_t stop_budget;                /* --stop-budget; USEC_INFINITY: what [tend] says */
        const char *notify_socket;         /* borrowed; NOTIFY_SOCKET of tend's own environment, or NULL */
        int log_level;                     /* --log-level; -1: what [tend] says */
        bool isolated;                     /* --isolate, with the machine's own files around us */
        bool walled;                       /* --isolate: what a bare namespace lacks is made */
        unsigned descriptors;              /* how many whoever started tend handed to it, see inherited.h */
        const struct manager_hooks *hooks; /* borrowed; NULL: nobody listens */
};

/* How far the end of the container has come. */
enum phase {
        PHASE_RUNNING,
        PHASE_STOPPING, /* in order, shares of the budget */
        PHASE_HURRYING, /* no order, a second for everybody */
        PHASE_KILLING,  /* SIGKILL */
};

struct manager {
        struct init *init;                 /* borrowed */
        const struct run_options *options; /* borrowed */
        struct config *config;             /* owned */
        struct config *
                *older; /* owned, and each of them; what reloads have replaced and services still run by */
        uint32_t n_older;
        char **asked; /* owned; unit files that were asked for while it ran, besides those of the options */
        struct override *overrides; /* owned; what was set while it ran, see adjust.h */
        void *bus;                  /* of options->hooks; NULL: nobody listens */
        struct plan plan;
        struct service **services; /* owned, and each of them; by index in the plan */
        struct service *leaving; /* owned; a list by next_leaving of those without a place in the plan: their
                                    unit is gone, or they serve a connection */
        struct service *todo, **todo_end;

        uint32_t n_reserved; /* services that there is room for */
        uint32_t n_probers;  /* each with a timer and a process besides */

        struct pids pids;
        struct timers timers;
        struct alarms alarms;
        struct jobs jobs;
        struct listeners listeners;
        struct lookouts lookouts;
        struct sampling sampling;
        struct groundwork groundwork;
        struct timer budget; /* the end of the stop budget */
        struct timer retry;  /* of a census that could not be taken, or has found somebody */
        usec_t signalled;    /* when the census has led to a signal last */
        struct cgroups cgroups;
        int oom_fd; /* an inotify, see oom.h; -1: none */
        struct launcher launcher;
        struct census census;
        struct service **waiting; /* owned; who waits for its last process to go, as the census needs it */
        uint32_t n_waiting;

        sd_event *event; /* owned, as the sources are */
        sd_event_source *signals, *timer, *turn, *more, *oom_source;
        usec_t armed; /* what `timer` is set to */

        enum phase phase;
        usec_t deadline; /* of the whole stop */
        usec_t came_up;  /* when all that starts with the container was up, or had failed, for the first time;
                            0: not yet */
        int code;        /* the container's */
        bool code_is_fixed; /* by the foreground command or a service's action; else a failed stop may change
                               it */
        unsigned unread_looks; /* see roundup.c */
        bool census_due;       /* somebody has to be killed, or may be gone */
        bool reap_more;        /* children have ended and are not reaped yet */
        bool told_ready;
        bool looks_at_dead; /* a daemon's session may not be known before it ends */
        bool idle_waits;    /* a service of Type=idle, for a change of any other */
        bool census_broken; /* /proc cannot be read, and that has been said */
};

/* Runs the services of a loaded config to the end and returns the container's exit code. Takes the config. */
int manager_run(struct init *init, struct config *config, const struct run_options *o);

/* For the files beside manager.c. */
usec_t manager_now(const struct manager *m);
/* This service, or what it waits for, has changed: it is looked at again before the loop sleeps. */
void manager_touch(struct service *s);
/* The state has changed: whoever waits for it is touched. */
void manager_changed(struct service *s);

/* The ordered stop of everything begins. `fixed`: the code is the container's, whatever still goes wrong. */
void manager_stop(struct manager *m, int code, bool fixed, const char *why);

/* How long the stop of everything may take. */
usec_t manager_budget(const struct manager *m);

/* One step faster: no order any more, then SIGKILL. */
void manager_hurry(struct manager *m);

/* Room for all that the life of n services can need, so that nothing that happens later fails for lack of it.
 * 0 or -ENOMEM (then it is as before). */
int manager_reserve(struct manager *m, uint32_t n) must_check;
