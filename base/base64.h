/* RFC 4648. */
#pragma once

#include "base/def.h"

/* Room for what `n` bytes become, the end of the string included. */
#define BASE64_SIZE(n) (((n) + 2) / 3 * 4 + 1)

/* Writes the text that stands for those bytes. */
void base64_encode(const void *data, size_t n, char *text);

/* The bytes that `text` stands for; white space in it is passed over. The caller frees *ret. -EINVAL,
 * -ENOMEM. */
int base64_decode(const char *text, char **ret, size_t *ret_size) must_check;
