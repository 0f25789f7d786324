/* The lines by which a client says who it is before it sends messages (the specification's "Authentication
 * Protocol"), of which there is one way here: EXTERNAL, that is whom the kernel says it to be. Pure. */
#pragma once

#include <sys/types.h>

#include "base/def.h"

#define SASL_MOST      1024 /* bytes of a line */
#define SASL_REPLY_MAX 64   /* of an answer */

/* The server's id: no one asks twice for the same, so it is always this one, and tells tend from systemd. */
#define SASL_GUID "74656e6474656e6474656e6474656e64"

enum sasl_state { SASL_NUL, SASL_WAITS, SASL_DATA, SASL_KNOWN, SASL_DONE };

struct sasl {
        enum sasl_state state;
        uid_t uid;      /* by the kernel */
        bool takes_fds; /* from that client */
};

/* Takes the first line off `data` (or the NUL before all of them). Returns how many bytes that were, 0 where
 * the line has not come whole, -EPERM where the client is to be left. `reply` is what it is to be told, maybe
 * "". Once the state is SASL_DONE messages follow. */
ssize_t sasl_take(struct sasl *s, const char *data, size_t size, char reply[SASL_REPLY_MAX]) must_check;
