/* One client of the bus: its authentication, its messages in, its answers out. */
#pragma once

#include <systemd/sd-event.h>

#include "control/sasl.h"
#include "control/wire.h"

struct bus;

struct peer {
        struct peer *next; /* owned; the bus's list */
        struct bus *bus;   /* borrowed */
        int fd;
        sd_event_source *io;    /* owned */
        sd_event_source *limit; /* owned; ends it, unless it has said who it is by then; NULL afterwards */
        uint32_t id;            /* never used twice */
        struct sasl sasl;

        char *in; /* owned; what has come of a message that is not whole */
        size_t in_n, in_room;
        struct wire_out out; /* answers and signals that it has not taken yet, behind the first `out_at` */
        size_t out_at;
        unsigned n_signals; /* of those since it has taken everything last */

        char user[64];   /* its name, where AllowUsers= may ask for it */
        bool may_change; /* everything: TRUST_ALL */
        bool subscribed;
        bool has_more; /* in `in` than there was time for */
        bool is_lost;  /* to be closed as soon as nobody is in the middle of it */
};

/* Takes over `fd`, whatever comes of it. NULL without memory. */
struct peer *peer_new(struct bus *b, int fd) must_check;
struct peer *peer_free(struct peer *p);

/* Takes what has come and answers, as far as the client takes its answers. False: it is to be closed. */
bool peer_serve(struct peer *p, uint32_t events);

/* Sends what is queued, as much as goes. False: it is to be closed. */
bool peer_flush(struct peer *p);

/* Adds a signal; one who has too many of them behind is lost. */
void peer_signal(struct peer *p, const char *data, size_t size);
