#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "image/digest.h"

static const char digits[] = "0123456789abcdef";

int digest_parse_hex(const char *text, struct digest *ret) {
        struct digest d;

        if (strlen(text) != DIGEST_HEX_MAX - 1 || strspn(text, digits) != DIGEST_HEX_MAX - 1)
                return -EINVAL;
        for (size_t i = 0; i < sizeof(d.bytes); i++) {
                size_t high = (size_t) (strchr(digits, text[2 * i]) - digits);
                size_t low = (size_t) (strchr(digits, text[2 * i + 1]) - digits);
                d.bytes[i] = (uint8_t) (high << 4 | low);
        }
        *ret = d;
        return 0;
}

int digest_parse(const char *text, struct digest *ret) {
        if (text_starts(text, "sha256:"))
                return digest_parse_hex(text + strlen("sha256:"), ret);
        return strchr(text, ':') ? -EPROTONOSUPPORT : -EINVAL;
}

const char *digest_print_hex(const struct digest *d, char buffer[DIGEST_HEX_MAX]) {
        for (size_t i = 0; i < sizeof(d->bytes); i++) {
                buffer[2 * i] = digits[d->bytes[i] >> 4];
                buffer[2 * i + 1] = digits[d->bytes[i] & 0xf];
        }
        buffer[DIGEST_HEX_MAX - 1] = '\0';
        return buffer;
}

const char *digest_print(const struct digest *d, char buffer[DIGEST_TEXT_MAX]) {
        char hex[DIGEST_HEX_MAX];

        (void) snprintf(buffer, DIGEST_TEXT_MAX, "sha256:%s", digest_print_hex(d, hex));
        return buffer;
}

bool digest_equal(const struct digest *a, const struct digest *b) {
        return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

void hash_init(struct hash *h) {
        sha256_init(&h->state);
        h->size = 0;
}

void hash_take(struct hash *h, const void *data, size_t size) {
        sha256_update(&h->state, size, data);
        h->size += size;
}

struct digest hash_end(struct hash *h) {
        struct digest d;

        sha256_digest(&h->state, sizeof(d.bytes), d.bytes);
        return d;
}

struct digest digest_of(const void *data, size_t size) {
        struct hash h;

        hash_init(&h);
        hash_take(&h, data, size);
        return hash_end(&h);
}

struct digest digest_chain(const struct digest *below, const struct digest *layer) {
        char lower[DIGEST_TEXT_MAX], upper[DIGEST_TEXT_MAX], both[2 * DIGEST_TEXT_MAX];

        if (!below)
                return *layer;
        int n = snprintf(both, sizeof(both), "%s %s", digest_print(below, lower), digest_print(layer, upper));
        return digest_of(both, (size_t) n);
}
