/* JSON as strangers wrote it, by jansson: look-ups that say what is wrong with which key. */
#pragma once

#include <jansson.h>

#include "image/fault.h"

/* Manifests and configurations are a few kilobytes; registries take 4 MiB, and no more. */
#define JSON_MOST ((size_t) 4 << 20)

static inline void cleanup_json(json_t **j) {
        json_decref(*j);
}
#define autojson __attribute__((cleanup(cleanup_json)))

/* An object or an array, with no key twice. `what` ("its manifest") is for the reason. NULL: see `f`. The
 * caller owns it. */
json_t *json_read(const char *text, size_t size, const char *what, struct fault *f);

/* Of an object: -EINVAL where it is of another type, else 0 with NULL (or 0) where it is not there or null.
 * The value is borrowed, or with _copy() the caller's. */
int json_get(const json_t *object, const char *key, json_type type, json_t **ret, struct fault *f) must_check;
int json_get_text(const json_t *object, const char *key, const char **ret, struct fault *f) must_check;
int json_copy_text(const json_t *object, const char *key, char **ret, struct fault *f) must_check;
/* An array of strings, `most` of them at most. */
int json_copy_list(const json_t *object, const char *key, size_t most, char ***ret,
                   struct fault *f) must_check;
/* A whole number that is not negative. */
int json_get_size(const json_t *object, const char *key, uint64_t *ret, struct fault *f) must_check;
