/* The layers of an image in the store, in a form that overlayfs puts one over the other; or, where that would
 * not be the same, as one. */
#pragma once

#include "image/layer.h"
#include "image/pick.h"
#include "image/store.h"

#define LOWER_MAX 60 /* layers that are mounted over each other */

struct unpacking_options {
        struct limits limits; /* of the whole image */
        bool flat;            /* as one in any case */
        bool own_owners;
        bool trusted; /* we may mount with trusted.overlay.*, and need no userxattr */
};

struct unpacked {
        char **places; /* owned; below the store, the uppermost first */
        bool flat;     /* one place, which is the whole image */
        const char *
                mark; /* the option that overlayfs needs to see opaque directories: "userxattr"; NULL: none */
        uint64_t bytes; /* of what was unpacked now */
        struct left_out left_out;
};

int unpack_image(struct store *s, struct source *source, const struct picked *p,
                 const struct unpacking_options *o, struct unpacked *ret, struct fault *f) must_check;
void unpacked_done(struct unpacked *u);
