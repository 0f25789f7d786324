/* Whether layers that were unpacked each by itself are, put one over the other by overlayfs, what they would
 * be had they been unpacked one after the other. */
#pragma once

#include "image/record.h"

/* `places` are where the layers are, below the store, the lowest first, with their records. 1: they are;
 * *ret_lowest is the first of them that is seen at all. 0: they are not. */
int overlay_fits(const struct store *s, const char *const *places, const struct record *records, size_t n,
                 size_t *ret_lowest, struct fault *f) must_check;
