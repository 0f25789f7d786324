/* Descriptors that whoever started tend handed to it (sd_listen_fds(3)): kept open until a socket unit takes
 * them, and again when that has stopped. */
#pragma once

#include "config/socket.h"

struct service;

struct inherited_fd {
        int fd;
        struct address address;      /* size 0: it has none that is known */
        int type;                    /* SOCK_*; 0: no socket */
        const struct service *taker; /* borrowed; whose it is now; NULL: nobody's */
        char *name;                  /* owned */
};

struct inherited {
        struct inherited_fd *list; /* owned, and the descriptors */
        unsigned n;
};

/* How many are meant for this very process: LISTEN_PID= is its own. */
unsigned inherited_count(char *const *environment);

/* Takes them over, as LISTEN_FDS= and LISTEN_FDNAMES= say; what is not open is left out. 0 or -ENOMEM. */
int inherited_open(struct inherited *i, char *const *environment) must_check;
void inherited_close(struct inherited *i);

/* One for this line of `u`, which is `taker`'s from then on; NULL where there is none. First one that is
 * bound where the line says, then one of the unit's FileDescriptorName= (or of its own name) and of the
 * line's kind. */
struct inherited_fd *inherited_take(struct inherited *i, const struct service *taker, const struct unit *u,
                                    const struct listen *l);

/* The next one of the unit's name that none of its lines has taken; NULL. */
struct inherited_fd *inherited_take_more(struct inherited *i, const struct service *taker,
                                         const struct unit *u);

/* All that `taker` has are free for others. */
void inherited_give_back(struct inherited *i, const struct service *taker);

/* Names those that no socket unit of the config could take. */
void inherited_report(const struct inherited *i, const struct config *c);
