/* What is known of a layer that was unpacked by itself, kept beside it. */
#pragma once

#include "image/store.h"
#include "image/tree.h"

struct record {
        uint64_t bytes, entries; /* of its tar */
        bool opaque_root;        /* nothing of the layers below it is seen */
        bool has_opaque;         /* there are directories that overlayfs has to see as opaque */
        bool no_user,
                no_trusted; /* which could not be said as user.overlay.opaque, as trusted.overlay.opaque */
        char **implicit;    /* owned; directories that it does not describe */
        char **whiteouts;   /* owned; what it says to be gone */
};

/* Into the draft. */
int record_write(const struct draft *d, const struct record *r, struct fault *f) must_check;
int record_read(const struct store *s, const char *place, struct record *ret, struct fault *f) must_check;
void record_done(struct record *r);
