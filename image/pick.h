/* Finding the image that is meant in a layout or an archive, and reading what describes it; everything is
 * checked against the digest that it is called by. */
#pragma once

#include "image/manifest.h"
#include "image/source.h"

struct picked {
        struct digest id; /* of the configuration: what engines call the image's ID */
        char *name;       /* owned; NULL: has none */
        struct image_config config;
        struct manifest manifest; /* as many layers as config.n */
};

/* `name` is NULL where there is only one; `wanted` is the platform. */
int pick_image(struct source *s, const char *name, const struct platform *wanted, struct picked *ret,
               struct fault *f) must_check;
void picked_done(struct picked *p);
