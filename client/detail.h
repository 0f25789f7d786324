/* All that there is to know of one unit. Pure, but for what it is given. */
#pragma once

#include "client/screen.h"
#include "control/live-status.h"

/* A process of it, parents before their children. */
struct detail_process {
        uint32_t pid, parent; /* 0: not known, or not one of them */
        unsigned depth;
        char *command; /* owned by whoever asked for it */
};

struct detail {
        const struct live_container *container;
        const struct live_status *unit;
        const char *triggers, *triggered_by; /* units with blanks between them; "" */
        const struct detail_process *processes;
        size_t n_processes;
};

void detail_print(const struct screen *s, FILE *out, const struct detail *d);
