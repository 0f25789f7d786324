/* The root of an isolated run: a directory, or layers of an image, with what is written to it in memory or
 * kept elsewhere; and what is put into it from outside. */
#pragma once

#include <limits.h>

#include "base/def.h"

struct root {
        char *const *layers; /* borrowed; directories, the uppermost first; NULL: the machine's own root */
        const char *keep;    /* borrowed; the directory for what is written; NULL: it is thrown away */
        bool read_only;
        bool as_user;        /* in a user namespace of our own */
        char *const *binds;  /* borrowed; "SRC:DST[:ro]", each right; NULL: none */
        char *const *memory; /* borrowed; "DIR[:SIZE]", each right; NULL: none */
};

struct root_bind {
        char from[PATH_MAX], to[PATH_MAX];
        bool read_only;
};

/* "SRC:DST[:ro]", where DST is absolute and has no "..". 0 or -EINVAL. */
int root_split_bind(const char *word, struct root_bind *ret) must_check;

/* "DIR[:SIZE]" becomes the directory and what tmpfs(5) takes as options. 0 or -EINVAL. */
int root_split_memory(const char *word, char directory[PATH_MAX], char options[64]) must_check;

/* What root_fill() puts in is found while the machine's root is still there: the caller frees, NULL for none.
 * 0, or a negative errno with *ret_what, the word that it is about. */
int root_gather(const struct root *r, int **ret, const char **ret_what) must_check;

/* Whether the kernel lays an overlay for us where these two directories are. It is asked, in a child. */
bool root_can_stack(const char *upper, const char *lower);

/* Goes there; nothing of the machine's files is in reach any more. In a mount namespace of our own alone. 0;
 * 1 where the kernel has no overlay for us and the root is read-only instead; or a negative errno, as above.
 */
int root_enter(const struct root *r, const char **ret_what) must_check;

/* Binds, tmpfs, and then no more writing, where that was asked for. */
int root_fill(const struct root *r, int *gathered, const char **ret_what) must_check;

/* When all has ended, outside: what is kept is what was written, and nothing besides. */
void root_tidy(const struct root *r);
