/* Removing what an image left, however deep it goes. */
#pragma once

#include "base/def.h"

/* Removes the file or directory, with all that is in it; no link is followed. 0, also where it was not there,
 * or a negative errno. */
int remove_tree(int directory, const char *name) must_check;
/* All that is in it; `fd` is borrowed. */
int remove_inside(int fd) must_check;
