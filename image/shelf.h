/* The images that the store knows of: what `tend image list`, `remove` and `prune` work on. */
#pragma once

#include "image/pick.h"
#include "image/unpack.h"

struct shelved {
        char *file; /* owned; its name under images/ */
        char id[DIGEST_TEXT_MAX];
        char *name;    /* owned; NULL: has none */
        char *source;  /* owned; where it came from */
        char **places; /* owned; all that it needs, below the store */
        bool flat;
        uint64_t bytes, entries; /* what its layers have; 0 of a flat one */
};

struct shelf_list {
        struct shelved *images; /* owned */
        size_t n;
};

/* Notes that the image is there. */
int shelf_put(struct store *s, const char *source, const struct picked *p, const struct unpacked *u,
              struct fault *f) must_check;

/* All of them; a file that cannot be read is passed over. */
int shelf_list(struct store *s, struct shelf_list *ret, struct fault *f) must_check;
void shelf_list_done(struct shelf_list *l);

/* The one that is meant by a name, or by the first digits of its ID. */
int shelf_find(const struct shelf_list *l, const char *wanted, const struct shelved **ret,
               struct fault *f) must_check;

/* Forgets an image; its layers stay until the next shelf_prune(). */
int shelf_drop(struct store *s, const struct shelved *image, struct fault *f) must_check;

struct pruned {
        size_t removed, in_use, drafts;
};

/* Removes what no image needs: layers, what was left half made, and images whose layers are gone. What
 * somebody uses stays, and is counted. */
int shelf_prune(struct store *s, struct pruned *ret, struct fault *f) must_check;
