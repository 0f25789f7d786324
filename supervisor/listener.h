/* What tend holds for a .socket unit while it is up: the descriptors, and who looks at them. With Accept=no
 * that is tend while the service is down, and the service alone while it runs; with Accept=yes always tend.
 */
#pragma once

#include <systemd/sd-event.h>

#include "config/socket.h"
#include "supervisor/inherited.h"
#include "supervisor/state.h"
#include "supervisor/throttle.h"

struct service;
struct connection;

/* One descriptor. */
struct port {
        struct listener *listener; /* borrowed */
        int fd;
        bool is_inherited;      /* it is not ours to close */
        sd_event_source *watch; /* owned; NULL until it was looked at for the first time */
};

struct listener {
        struct listener *next;   /* owned */
        struct service *service; /* borrowed; the socket unit's */
        struct port *ports;      /* owned; in the order of the files */
        unsigned n_ports;        /* 0: not up */
        struct throttle triggers;
        struct connection *connections; /* borrowed; their services own them */
        unsigned n_connections;
        uint64_t n_accepted; /* since it came up */
        usec_t refused_told; /* when a refusal was told last */
        bool pauses;         /* out of descriptors or memory: looks again at its deadline */
};

struct listeners {
        struct listener *list; /* owned; of every socket unit */
        struct inherited inherited;
};

/* Gives a .socket its listener, and takes it, with all that is open. 0 or -ENOMEM. */
int listener_new(struct service *s) must_check;
void listener_free(struct service *s);

/* Makes and binds all that the unit listens on; false where that failed, which has been said: nothing is open
 * then. */
bool listener_open(struct service *s);
void listener_close(struct service *s);

/* A service, a socket or what one starts, has taken a step from `before`. */
void listener_heed(struct service *s, enum state before);

/* The deadline of a socket that is up is over. */
void listener_due(struct service *s);

/* Nothing is looked at for a moment. */
void listener_pause(struct listener *l);
