/* What the names in a layer mean. Pure. */
#pragma once

#include <limits.h>

#include "base/def.h"

#define NAME_DEPTH_MAX 256 /* directories in each other */

enum name_kind {
        NAME_PLAIN,
        NAME_WHITEOUT, /* .wh.NAME: what is called so in the layers below is gone */
        NAME_OPAQUE,   /* .wh..wh..opq: nothing of this directory in the layers below is seen */
        NAME_AUFS,     /* other names that begin with .wh..wh.: aufs' own, of no meaning here */
};

struct name {
        enum name_kind kind;
        const char *base;      /* in `path`; of a whiteout what it is about; of the root and NAME_OPAQUE "" */
        char parent[PATH_MAX]; /* without a slash at the end; "" is the root of the layer */
        char path[PATH_MAX];   /* both, normal; "" is the root itself */
};

/* Reads a path of an entry, or of a hard link's target. NULL, or why no layer may have it. */
const char *name_read(const char *text, struct name *ret) must_check;
