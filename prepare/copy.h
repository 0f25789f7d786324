/* Copies of files and trees, as "C" of tmpfiles.d makes them. */
#pragma once

#include "prepare/place.h"

/* Copies `source` to the place, with owners, modes and times; links stay links, and it stays on one file
 * system. Where a directory is there and empty it is filled. -EEXIST: something is there already. */
int copy_tree(const char *source, const struct place *to) must_check;
