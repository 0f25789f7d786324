/* The control bus: the socket on which the supervisor answers in the words of org.freedesktop.systemd1, so
 * that the real systemctl works. This file is about its clients: who they are, what they may, and that none
 * of them, however it behaves, costs more than its own connection. What they can ask for is in bus-call.h. */
#pragma once

#include <sys/un.h>

#include "control/errand.h"
#include "control/peer.h"
#include "supervisor/job.h"
#include "supervisor/manager.h"

/* A socket that listens. */
struct door {
        int fd;                  /* -1: none */
        sd_event_source *listen; /* owned */
        char path[sizeof(((struct sockaddr_un *) 0)->sun_path)];
};

struct bus {
        struct manager *manager; /* borrowed */
        struct door doors[2];    /* systemd's private socket, and the system bus's */
        sd_event_source *pause;  /* owned; over: clients are taken again; NULL: they are */
        struct peer *peers;      /* owned, and those that follow */
        struct errand *errands;  /* owned, and those that follow */
        uint32_t last_peer;
        uint32_t serial; /* of what is sent */
        unsigned n_subscribed;
        struct wire_out signal; /* owned; the one that is being made */
        bool is_for_subscribed; /* that one */
        bool is_busy;           /* a client is being served: nobody is closed meanwhile */
        bool has_news;          /* signals have been queued meanwhile */
        uint8_t exit_code;      /* SetExitCode() */
        usec_t loaded;          /* CLOCK_REALTIME; when the files were read last */
        struct job_hook jobs;
};

/* What manager_run() calls at its start, its end, and when something has happened in between. */
extern const struct manager_hooks bus_hooks;

/* A client has been served, while `is_busy` was set. What that was news for the others is sent, and those who
 * are lost are closed: maybe this one. */
void bus_served(struct peer *p, bool stays);

/* A client by its number; NULL where it has gone. */
struct peer *bus_find_peer(const struct bus *b, uint32_t id);

/* A signal of the Manager or of a unit to all, `subscribed`: to those who have asked. Begins it in a queue
 * of the bus; NULL where nobody would hear it. bus_signal_send() sends what was written since. */
struct wire_out *bus_signal(struct bus *b, bool subscribed, const struct wire_head *head);
void bus_signal_send(struct bus *b);
