/* From a host's name to its addresses. Asks the container's /etc/hosts itself, since the static binary has no
 * resolver; what is not there the resolver is asked for, where there is one. */
#pragma once

#include <sys/socket.h>

#include "base/def.h"

#define RESOLVE_MOST 8

struct resolved {
        struct sockaddr_storage list[RESOLVE_MOST];
        size_t n;
};

/* All that `host` stands for, with the port put in. NULL, or why there is none in words, in `buffer` or
 * static. The resolver of the C library takes its time: it may outlast any limit. */
#define RESOLVE_TEXT_MAX 192
const char *resolve(const char *host, uint16_t port, struct resolved *ret, char buffer[RESOLVE_TEXT_MAX]);
