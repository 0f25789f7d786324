/* Any bytes as the target of a probe, and as an HTTP answer that comes in pieces: the cuts change nothing,
 * and what was taken apart lies inside of the text. */

#include <string.h>

#include "base/http.h"
#include "config/probe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take(const char *data, size_t size, size_t piece) {
        struct http_status s = {};
        int r = 0;

        for (size_t at = 0; at < size && r == 0; at += piece)
                r = http_status_take(&s, data + at, MIN(piece, size - at));
        return r;
}

static void check_inside(const char *text, const char *part, int length) {
        size_t n = strlen(text);

        if (part && strcmp(part, "80") != 0 && (part < text || length < 0 || part + length > text + n))
                abort();
}

static void look_at_target(const char *text) {
        struct probe p = {};

        if (probe_parse(text, &p))
                return;
        check_inside(text, p.port, p.port_length);
        check_inside(text, p.authority, p.authority_length);
        check_inside(text, p.path, p.path_length);
        if (strpbrk(p.host, " \r\n/@"))
                abort();
        for (int i = 0; p.kind == PROBE_HTTP && i < p.authority_length; i++)
                if (p.authority[i] <= ' ')
                        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        if (size == 0)
                return 0;
        size_t piece = data[0] % 31 + 1U;
        autofree char *text = malloc(size);

        if (!text)
                return 0;
        memcpy(text, data + 1, size - 1);
        text[size - 1] = '\0';
        if (take(text, size - 1, piece) != take(text, size - 1, size))
                abort();
        look_at_target(text);
        return 0;
}
