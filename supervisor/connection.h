/* Accept=yes: a service for each connection, made of the template. It is in no plan: it lives among those
 * that the manager lets go (manager->leaving), and is freed when it has come to rest. */
#pragma once

#include "config/address.h"
#include "supervisor/listener.h"

struct connection {
        struct connection *next;   /* borrowed; of the same listener */
        struct listener *listener; /* borrowed; NULL: the socket unit is gone */
        struct unit *unit;         /* owned; the service's */
        int fd;                    /* -1: the service has it, and tend has not */
        struct address peer;
        bool has_peer_id; /* a local one: who it is, in `peer_uid` */
        uid_t peer_uid;
};

/* Takes what waits at that port, one at the most, and starts a service for it, or closes it where there are
 * too many. */
void connection_accept(struct listener *l, const struct port *p);

/* REMOTE_ADDR= and REMOTE_PORT= of the peer, where it has such; else "". */
void connection_variables(const struct connection *c, char *address, char *port, size_t address_size,
                          size_t port_size);

/* The main process has it. */
void connection_handed_over(struct connection *c);

/* The service is freed. Returns NULL. */
struct connection *connection_free(struct connection *c);

/* The socket unit is. */
void connection_orphan_all(struct listener *l);
