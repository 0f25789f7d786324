/* The run-time record of a service. service_dispatch() is the one way in: it asks the table of rules
 * (state.h) what comes next and carries the effects out. Only service.c writes a state. */
#pragma once

#include "supervisor/policy.h"
#include "supervisor/state.h"
#include "supervisor/timers.h"

struct box;
struct connection;
struct job;
struct manager;
struct notify;
struct past;
struct vigil;

#define SERVICE_NO_INDEX UINT32_MAX

struct service {
        struct timer timer;      /* first, so that timers_take_due() gives the service */
        struct manager *manager; /* borrowed */
        const struct unit
                *unit; /* borrowed from the config, or from an older one that the manager keeps for it */
        const struct unit *
                new_unit; /* borrowed; what it becomes when it has come to rest; NULL where nothing changes */
        struct service *next_leaving; /* borrowed; the manager's list of those whose unit is gone */
        struct service *next_todo;    /* borrowed; the manager's list of who has to be looked at */
        struct notify *notify;        /* owned; its notification socket; NULL until it is needed */
        struct vigil *vigil;          /* owned; see vigil.h; NULL until it is needed */
        struct connection
                *connection; /* owned; what it was made for (Accept=yes); NULL: a unit of the plan */
        struct job *job;     /* owned by the manager's jobs; NULL unless something is asked of it */
        struct box *box;     /* owned; its cgroup, see box.h; NULL: it has none */
        struct past *past;   /* owned; of its last runs; NULL until one has ended */

        const struct command *main_command;    /* the ExecStart= line that runs, or ran last */
        const struct command *control_command; /* the line that runs beside it; NULL: none */
        pid_t main, control;                   /* 0: none */
        pid_t session; /* of the last main process: who is in it belongs to the service */
        struct ending main_ending, control_ending;

        struct restarts restarts;
        usec_t since;         /* when it entered its state */
        usec_t asked;         /* when its present or next run was asked for; 0: by nobody, see past.h */
        usec_t stop_deadline; /* its share of the stop budget; USEC_INFINITY: none */
        uint32_t left;        /* processes besides its own that the last census has found */
        uint32_t level; /* how many stops follow one another from it on, as counted when the container's stop
                           began */
        uint32_t index; /* in the plan; SERVICE_NO_INDEX: the unit is gone from the files */
        uint8_t invocation[16];

        uint8_t state;        /* enum state */
        uint8_t result;       /* enum result */
        uint8_t control_kind; /* enum exec_kind */
        uint8_t posted;       /* enum event; EVENT_COUNT: none. What an effect leads to, taken up when all are
                                 carried out */
        uint8_t kill_signal;  /* for whom the census finds; 0: none */
        bool on_todo : 1;
        bool waits_to_start : 1; /* for what it is ordered after */
        bool wants_down : 1;     /* it is to stop, when what is ordered after it has */
        bool starts_again : 1;   /* when it has come to rest */
        bool has_rested : 1;     /* it has come to rest, and what that means has not been looked at */
        bool was_asked : 1;      /* to stop; so it does not restart, and KillSignal= is a clean end */
        bool was_killed : 1;     /* by our SIGKILL */
        bool waits_for_empty : 1;
        bool reloading : 1;    /* it has said RELOADING=1 and not READY=1 since */
        bool stops_itself : 1; /* it has said STOPPING=1, and no signal was sent since */
        bool told_losses : 1;  /* what it goes without has been said */
        bool settled_once : 1; /* its first start has come to an end, good or bad */
        bool goes_with : 1;    /* it was stopped since what it is bound to went down */
        bool heeds_limit : 1;  /* the start that is asked for is refused where the start limit is hit */
        bool is_held : 1;      /* somebody has stopped it by hand: the container waits for what comes next */
};

/* A service at rest; NULL where memory is lacking. */
struct service *service_new(struct manager *m, const struct unit *u) must_check;
struct service *service_free(struct service *s);

void service_dispatch(struct service *s, enum event e);

/* A process of its own has ended: takes it over, and dispatches what that means. */
void service_process_ended(struct service *s, pid_t pid, struct ending e);

/* EXTEND_TIMEOUT_USEC=: the time that it is given now lasts at least that much longer. */
void service_extend(struct service *s, usec_t span);

/* It is to start, when what it is ordered after allows. */
void service_ask(struct service *s);

/* Its unit is `u` from now on; while it is at rest. */
void service_set_unit(struct service *s, const struct unit *u);

/* The end that its result is about: the main process's, or that of a command beside it. */
struct ending service_end(const struct service *s);

static inline bool service_is_at_rest(const struct service *s) {
        return STATE_IN(s->state, STATES_AT_REST);
}
