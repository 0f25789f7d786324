/* Who may do what at the bus: by who the kernel says is at the other end of a connection. */
#pragma once

#include <sys/socket.h>

#include "supervisor/manager.h"

enum trust {
        TRUST_NONE,   /* is not let in */
        TRUST_READER, /* and what the AllowUsers= of a unit gives */
        TRUST_ALL,    /* root, tend's own user, the ControlGroup= */
};

/* Those who share their places at the socket. */
enum standing {
        STANDING_OWNER,  /* root, tend's own user */
        STANDING_MEMBER, /* of the ControlGroup= */
        STANDING_OTHER,
        STANDING_COUNT
};

/* Of whom is at the other end of `fd`. `user` is its name, "" without one; it is looked up only where a unit
 * asks for names. */
enum trust trust_of(const struct manager *m, int fd, const struct ucred *who, char user[64]);

/* Whether the unit's AllowUsers= names that user. */
bool trust_is_allowed(const struct unit *u, uid_t uid, const char *user);

/* Whether others than root and tend's own user may have to be let in: then the socket's mode lets all try. */
bool trust_is_shared(const struct manager *m);
