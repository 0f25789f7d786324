/* Which descriptors the main process of a service is handed, in which order and by which names: its
 * connection, or those of its socket units; then what it has in store. */
#pragma once

#include "supervisor/service.h"

struct passing {
        const int *fds;
        unsigned n;         /* all of them */
        unsigned n_sockets; /* the first of them */
        const char *names;  /* "LISTEN_FDNAMES=…"; NULL where there are none */
        int *owned_fds;     /* owned; where sockets are among them */
        char *owned_names;  /* owned; likewise */
};

/* 0, or -ENOMEM with nothing to free. Allocates only for a service that is handed sockets. */
int passing_collect(const struct service *s, struct passing *ret) must_check;
void passing_done(struct passing *p);
