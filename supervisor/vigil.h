/* What tend keeps of a service that needs more than being started and reaped: a main process that is not our
 * child or that PIDFile= has yet to name, a watchdog, probes, descriptors in store. Most services have none
 * of it. */
#pragma once

#include <systemd/sd-event.h>

#include "supervisor/service.h"

struct prober; /* prober.c */
struct stored; /* fdstore.c */

struct vigil {
        sd_event_source *main; /* owned; on the pidfd of a main process that is not our child */
        pid_t watched;
        sd_event_source *search; /* owned; the next look at PIDFile= */
        usec_t pause;            /* before it */

        sd_event_source *watchdog; /* owned; the timer, never later than `deadline` */
        usec_t span;               /* WatchdogSec=, or WATCHDOG_USEC= of this run; USEC_INFINITY: none */
        usec_t deadline;           /* by which WATCHDOG=1 has to come */

        struct prober *prober; /* owned; of ReadyWhen= and HealthCheck= */

        char **trigger; /* owned; see trigger.h; NULL: none */

        usec_t reload_asked; /* when ReloadSignal= was sent */

        /* The store. */
        int *fds;               /* owned, and each of them; n of them */
        struct stored **stored; /* owned; in the order of `fds` */
        char *names;            /* owned; "LISTEN_FDNAMES=…", as they are passed on */
        unsigned n_stored;
};

/* Made at its first use; NULL without memory. */
struct vigil *vigil_of(struct service *s);
struct vigil *vigil_free(struct vigil *v);
