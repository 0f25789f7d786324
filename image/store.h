/* Where unpacked layers are kept, by what they hash to:
 *
 *     layers/sha256/HEX/root   a layer by itself, by the digest of its contents, with HEX/record about it
 *     flat/sha256/HEX/root     layers one over the other, by their chain's
 *     images/HEX               what an image said and which of those it needs, by its configuration's digest
 *     tmp/                     what is being made; each is locked by who makes it
 *
 * Owners that are not the real ones are another layer: HEX-FIRST of a user namespace over the users lent from
 * FIRST on, HEX-own where all of it is ours. What is in use is locked shared (flock(2) on the directory HEX).
 */
#pragma once

#include "image/digest.h"
#include "image/fault.h"

enum shelf { SHELF_LAYERS, SHELF_FLAT };

struct store {
        char *path;      /* owned; absolute */
        int fd;          /* owned */
        int lock;        /* owned; shared while things are looked up and made, alone while they are removed */
        char owners[24]; /* what follows the digits: "", "-100000" or "-own" */
};

/* Something that is being made: a directory under tmp/. */
struct draft {
        struct store *store; /* borrowed */
        int fd;              /* owned; locked */
        char name[40];       /* "" where there is none */
};

/* Opens the store, made where it is not there: `path`, or the user's own (NULL). A directory that others
 * could write to is refused. */
int store_open(const char *path, struct store *ret, struct fault *f) must_check;
void store_close(struct store *s);

/* Waits until nobody is against it: `alone` for those who remove. */
int store_lock(struct store *s, bool alone, struct fault *f) must_check;

/* "layers/sha256/HEX-own", below the store. The caller frees; NULL: out of memory. */
char *store_place(const struct store *s, enum shelf shelf, const struct digest *d) must_check;
/* Whether it is there, whole. */
bool store_has(const struct store *s, const char *place);

int draft_begin(struct store *s, struct draft *ret, struct fault *f) must_check;
/* Puts it in its place. Somebody else may have been faster: then theirs stays. */
int draft_commit(struct draft *d, const char *place, struct fault *f) must_check;
/* Removes what there is of it; nothing to do after a commit. */
void draft_end(struct draft *d);

/* Removes the drafts that nobody holds any more. How many those were. */
int store_clean(struct store *s, struct fault *f) must_check;

/* Writes a file anew, all of it at once. */
int store_write(struct store *s, const char *place, const char *text, size_t size,
                struct fault *f) must_check;

/* Removes what is in that place. 1; 0: somebody uses it. */
int store_remove(struct store *s, const char *place, struct fault *f) must_check;

/* Calls the hook for each name in a directory below the store, until it returns less than 0. */
int store_each(struct store *s, const char *directory, int (*hook)(void *context, const char *name),
               void *context, struct fault *f) must_check;
