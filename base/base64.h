/* RFC 4648. */
#pragma once

#include "base/def.h"

/* The bytes that `text` stands for; white space in it is passed over. The caller frees *ret. -EINVAL,
 * -ENOMEM. */
int base64_decode(const char *text, char **ret, size_t *ret_size) must_check;
