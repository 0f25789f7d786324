/* Pages over HTTP, by libmicrohttpd: one thread, a bound on everything that a client can ask for. */
#pragma once

#include "base/def.h"

/* An answer. */
struct page {
        unsigned status;  /* of HTTP */
        const char *type; /* static; its Content-Type */
        char *text;       /* owned by whoever takes the page */
        size_t size;
};

struct site {
        const char *path;                                    /* "/metrics" */
        void (*make)(const void *context, struct page *ret); /* writes all of *ret; without memory: no text */
};

/* Answers GET and HEAD on a listening socket, or on one of its own at an address as address_parse() takes it
 * ("9100", "127.0.0.1:9100", "[::1]:9100", "/run/metrics.sock"), until SIGTERM or SIGINT. Says READY=1 to
 * whoever started it. `sites` ends with one without a path. 0, or a negative errno with what failed in
 * *doing, a static string. */
int serve(int listening, const char *address, const struct site *sites, const void *context,
          const char **doing) must_check;
