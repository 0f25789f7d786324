/* What a probe asks: the grammar of ReadyWhen=, HealthCheck= and `tend probe`. Pure. */
#pragma once

#include "base/def.h"

#define PROBE_KINDS(X)                                                                                       \
        X(TCP, "tcp:")                                                                                       \
        X(UNIX, "unix:")                                                                                     \
        X(HTTP, "http:")                                                                                     \
        X(FILE, "file:")                                                                                     \
        X(EXEC, "exec:")                                                                                     \
        X(FD, "fd:")
#define ENUM_PROBE(name, word) PROBE_##name,
enum probe_kind { PROBE_KINDS(ENUM_PROBE) PROBE_KIND_COUNT };

#define PROBE_TARGETS "tcp:HOST:PORT unix:PATH http://HOST[:PORT]/PATH file:PATH exec:CMD"
#define PROBE_FD_MOST 1023 /* LimitNOFILE= as it usually is */

/* A probe, taken apart. */
struct probe {
        enum probe_kind kind;
        char host[256];   /* of tcp and http; an IPv6 address without its brackets */
        const char *port; /* borrowed from the text, port_length of it; "80" where a URL has none */
        int port_length;
        const char *authority; /* borrowed; HOST[:PORT] of a URL, authority_length of it */
        int authority_length;
        const char *path; /* borrowed; of unix and file; of a URL what follows the authority, up to a "#" */
        int path_length;
        const char *command; /* borrowed; what stands behind exec: */
        int fd;
};

/* What is wrong with it, in words (a static string); NULL: nothing, and *ret is written. `text` outlives it.
 */
const char *probe_parse(const char *text, struct probe *ret) must_check;
