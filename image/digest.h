/* SHA-256: what an image calls its parts by, and what they are checked with. */
#pragma once

#include <nettle/sha2.h>

#include "base/def.h"

struct digest {
        uint8_t bytes[SHA256_DIGEST_SIZE];
};

#define DIGEST_HEX_MAX  (2 * SHA256_DIGEST_SIZE + 1)
#define DIGEST_TEXT_MAX (sizeof("sha256:") - 1 + DIGEST_HEX_MAX)

/* "sha256:" and 64 lower-case digits; -EPROTONOSUPPORT for another algorithm, -EINVAL for anything else. */
int digest_parse(const char *text, struct digest *ret) must_check;
/* The digits alone. */
int digest_parse_hex(const char *text, struct digest *ret) must_check;

/* They return `buffer`. */
const char *digest_print(const struct digest *d, char buffer[DIGEST_TEXT_MAX]);
const char *digest_print_hex(const struct digest *d, char buffer[DIGEST_HEX_MAX]);

bool digest_equal(const struct digest *a, const struct digest *b);

/* Of bytes as they come. */
struct hash {
        struct sha256_ctx state;
        uint64_t size; /* bytes taken */
};

void hash_init(struct hash *h);
void hash_take(struct hash *h, const void *data, size_t size);
struct digest hash_end(struct hash *h);

struct digest digest_of(const void *data, size_t size);
/* The name of layers one above the other, of which `below` are all but the uppermost: ChainID in OCI's
 * image-spec. */
struct digest digest_chain(const struct digest *below, const struct digest *layer);
