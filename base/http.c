#include <errno.h>

#include "base/http.h"
#include "base/text.h"

#define LINE_LENGTH (sizeof("HTTP/1.1 200") - 1)
#define SWITCHING   101

/* RFC 9112, "Status Line": a digit stands for any digit, the first of the code is not 0. */
static bool fits(size_t at, char c) {
        static const char form[] = "HTTP/1.0 100";

        return text_is_digit(form[at]) && at > 5 ? text_is_digit(c) && !(at == 9 && c == '0') : c == form[at];
}

static int code_of(const char *line) {
        return (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
}

/* The code has an end: a blank and words, or the line's. */
static int end_code(struct http_status *s, char c) {
        int code = code_of(s->line);

        if (c != ' ' && c != '\r' && c != '\n')
                return -EPROTO;
        if (code >= 200 || code == SWITCHING)
                return code;
        s->in_headers = true;
        s->breaks = c == '\n';
        return 0;
}

/* Up to the empty line, which ends the headers of an interim answer. */
static int skip_header(struct http_status *s, char c) {
        if (c == '\n')
                s->breaks++;
        else if (c != '\r')
                s->breaks = 0;
        if (s->breaks == 2) {
                s->in_headers = false;
                s->n = 0;
        }
        return 0;
}

static int take(struct http_status *s, char c) {
        if (s->in_headers)
                return skip_header(s, c);
        if (s->n == LINE_LENGTH)
                return end_code(s, c);
        if (!fits(s->n, c))
                return -EPROTO;
        s->line[s->n++] = c;
        return 0;
}

int http_status_take(struct http_status *s, const char *data, size_t size) {
        for (size_t i = 0; i < size; i++) {
                int r = take(s, data[i]);

                if (r != 0)
                        return r;
                if (++s->taken > HTTP_INTERIM_MOST)
                        return -EMSGSIZE;
        }
        return 0;
}
