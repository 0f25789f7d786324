/* Paths that fit a pattern, glob(7). By ourselves, since glob(3) would bring NSS along for its "~". */
#pragma once

#include "base/def.h"

/* Adds the absolute paths that fit to *list, in order, `most` of them at most: 1 tells whether there is any.
 * What cannot be looked into has nothing that fits. Braces are letters like others. How many it has found, or
 * -ENOMEM. */
int glob_find(const char *pattern, size_t most, char ***list) must_check;

/* Some character of it stands for others. */
bool glob_is_pattern(const char *text);
