/* The status of an HTTP/1 answer, out of the bytes as they come. Pure: nothing is kept but a few of them,
 * however the peer cuts its answer up, and however long it goes on. */
#pragma once

#include "base/def.h"

/* What may come before the status that counts: interim answers (100 to 199), with their headers. */
#define HTTP_INTERIM_MOST ((size_t) 16 << 10)

struct http_status {
        char line[sizeof("HTTP/1.1 200")]; /* its begin, as far as it has come */
        uint8_t n;
        uint8_t breaks; /* line ends in a row, behind an interim answer */
        bool in_headers;
        size_t taken; /* bytes in all */
};

/* Takes what was read, for a struct that was all zero at the begin. The code (200 to 999, or 101, which is no
 * interim answer); 0: it takes more; -EPROTO: that is not HTTP/1; -EMSGSIZE: too much of it before a status
 * that counts. */
int http_status_take(struct http_status *s, const char *data, size_t size) must_check;
