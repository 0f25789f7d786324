/* The bytes of a layer: read, checked against the digests that the image promises, and decompressed (gzip,
 * zstd, or as they are). */
#pragma once

#include "image/manifest.h"
#include "image/source.h"

struct unzip;

/* `blob` says where it is and, if it has a digest, what it must be; `left` is how many bytes may still come
 * out, and is counted down. All are borrowed. */
int unzip_open(struct source *s, const struct blob *blob, uint64_t *left, struct unzip **ret,
               struct fault *f) must_check;
/* As stream_next(). -EFBIG where there is more than may be. */
ssize_t unzip_next(struct unzip *u, const void **ret, struct fault *f) must_check;
/* Reads what is left, and then says whether the blob and what came out of it are what they should be. */
int unzip_verify(struct unzip *u, const struct digest *diff_id, struct fault *f) must_check;
struct unzip *unzip_close(struct unzip *u);
