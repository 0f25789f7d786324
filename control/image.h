/* A container image as the root of an isolated run, by way of tend-image. */
#pragma once

#include "config/load.h"

struct image {
        char **layers;      /* owned; directories, the uppermost first */
        char **environment; /* owned; NAME=VALUE */
        char **command; /* owned; its entry point, and behind it its arguments or those that were asked for;
                           NULL: none */
        struct foreground foreground;
        char *directory, *user, *group; /* owned; what `foreground` borrows */
};

/* Has the image unpacked, and holds its layers until the process ends, so that nobody removes them.
 * `arguments` stand in place of the image's own, NULL for those. 0; else what went wrong has been told, and
 * this is the exit code. */
int image_open(const char *path, char *const *arguments, struct image *ret) must_check;
void image_done(struct image *i);

/* The environment of a container: the image's, and what every program expects. 0 or -ENOMEM. */
int image_set_environment(const struct image *i) must_check;
