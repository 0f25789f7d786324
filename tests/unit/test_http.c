#include <errno.h>

#include "base/http.h"
#include "tests/unit/test.h"

/* In one piece, and byte by byte: the answer must be the same. */
static int take(const char *text, size_t size, size_t piece) {
        struct http_status s = {};
        int r = 0;

        for (size_t at = 0; at < size && r == 0; at += piece)
                r = http_status_take(&s, text + at, MIN(piece, size - at));
        return r;
}

TEST(http_status) {
        static const struct {
                const char *text;
                int code;
        } rows[] = {
                { "HTTP/1.1 200 OK\r\nServer: x\r\n\r\nbody", 200 },
                { "HTTP/1.0 204 No Content\r\n", 204 },
                { "HTTP/1.1 301\r\n", 301 },
                { "HTTP/1.1 503 \n", 503 },
                { "HTTP/1.1 404\n", 404 },
                { "HTTP/1.9 999 what", 999 },
                { "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", 200 },
                { "HTTP/1.1 100\n\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 500 no\r\n", 500 },
                { "HTTP/1.1 101 Switching Protocols\r\n", 101 },
                { "HTTP/1.1 100 Continue\r\nHTTP/1.1 200 OK\r\n", 0 }, /* still a header */
                { "", 0 },
                { "HTTP/1.1 20", 0 },
                { "HTTP/1.1 200", 0 }, /* a fourth digit may come */
                { "HTTP/1.1 2000 OK\r\n", -EPROTO },
                { "HTTP/1.1 099 x\r\n", -EPROTO },
                { "HTTP/1.1  200 OK\r\n", -EPROTO },
                { "HTTP/1.1 2x0 OK\r\n", -EPROTO },
                { "HTTP/2 200 OK\r\n", -EPROTO },
                { "HTTP/x.1 200 OK\r\n", -EPROTO },
                { "http/1.1 200 OK\r\n", -EPROTO },
                { "SSH-2.0-OpenSSH_9.2\r\n", -EPROTO },
                { "\r\nHTTP/1.1 200 OK\r\n", -EPROTO },
                { "<html>", -EPROTO },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                size_t size = strlen(rows[i].text);

                CHECK(take(rows[i].text, size, size + 1) == rows[i].code, "row %zu", i);
                CHECK(take(rows[i].text, size, 1) == rows[i].code, "row %zu, byte by byte", i);
                CHECK(take(rows[i].text, size, 7) == rows[i].code, "row %zu, in pieces", i);
        }
        CHECK(take("HTTP/1.1\0 200 OK\r\n", 18, 5) == -EPROTO);
}

/* Interim answers, or their headers, without an end. */
TEST(http_status_is_bounded) {
        static const struct {
                const char *begin, *more;
        } rows[] = {
                { "HTTP/1.1 100 Continue\r\n", "X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" },
                { "HTTP/1.1 100 Continue\r\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
                { "", "HTTP/1.1 102 Processing\r\n\r\n" },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                struct http_status s = {};
                int r = http_status_take(&s, rows[i].begin, strlen(rows[i].begin));
                size_t taken = 0;

                for (; r == 0 && taken < 2 * HTTP_INTERIM_MOST; taken += strlen(rows[i].more))
                        r = http_status_take(&s, rows[i].more, strlen(rows[i].more));
                CHECK(r == -EMSGSIZE, "row %zu: %d", i, r);
                CHECK(taken <= HTTP_INTERIM_MOST + 64, "row %zu: %zu", i, taken);
        }
}
