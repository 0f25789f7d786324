/* Making the files of a layer, below a directory and nowhere else: every path is resolved as if that were the
 * root, so that no link in it leads out. */
#pragma once

#include <sys/stat.h>

#include "image/fault.h"
#include "image/name.h"

struct tree {
        int root;   /* borrowed; the directory */
        bool alone; /* a layer by itself: whiteouts become overlayfs' own; else they remove what is there */
        bool own_owners;          /* everything belongs to us: owners are passed over */
        bool opaque_root;         /* nothing of the layers below this one is seen */
        bool has_opaque;          /* some directory is marked so, for overlayfs */
        bool no_user, no_trusted; /* but not as user.overlay.opaque, or not as trusted.overlay.opaque */
        void *implicit;           /* owned, of tsearch(3): paths of directories that no entry describes */
        void *whiteouts;          /* the same: paths of what is said to be gone */
        int parent;               /* owned; the directory that was needed last; -1: none */
        char parent_path[PATH_MAX];
};

/* What an entry says of itself, but for what is in it. */
struct attributes {
        mode_t mode; /* permissions alone */
        uid_t uid;
        gid_t gid;
        struct timespec time;
};

void tree_init(struct tree *t, int root);
void tree_done(struct tree *t);

/* In all of the following -EXDEV means, without a reason: what is asked for takes the layers below this one,
 * or cannot be said to overlayfs here. It is never returned where the tree is not alone. */

/* Each makes what n names, in place of what is there; a directory in place of a directory stays. Directories
 * on the way are made. */
int tree_make_directory(struct tree *t, const struct name *n, const struct attributes *a,
                        struct fault *f) must_check;
/* A descriptor to write to, for tree_finish(); the caller closes it. */
int tree_make_file(struct tree *t, const struct name *n, struct fault *f) must_check;
int tree_make_symlink(struct tree *t, const struct name *n, const char *to, const struct attributes *a,
                      struct fault *f) must_check;
int tree_make_fifo(struct tree *t, const struct name *n, const struct attributes *a,
                   struct fault *f) must_check;
int tree_make_link(struct tree *t, const struct name *n, const struct name *to, struct fault *f) must_check;

/* Owner and mode of an open file or directory. */
int tree_set_owner(const struct tree *t, int fd, const struct attributes *a, struct fault *f) must_check;

/* What whiteouts do: of a name, and of all that the layers below have in a directory. */
int tree_whiteout(struct tree *t, const struct name *n, struct fault *f) must_check;
int tree_make_opaque(struct tree *t, const struct name *n, struct fault *f) must_check;

/* A directory that was made; -ENOENT or -ENOTDIR where it is none any more. The caller closes it. */
int tree_open_directory(const struct tree *t, const char *path) must_check;

/* Where nothing of the layers below is seen, overlayfs would show whiteouts as files: takes those away. At
 * the end. */
void tree_settle(struct tree *t);

/* The directories on the way to entries that the layer does not describe: how they look the layers below
 * know. 0, or what the hook returned. */
int tree_each_implicit(const struct tree *t, int (*hook)(void *context, const char *path), void *context);
/* The same of what it says to be gone, without ".wh.". */
int tree_each_whiteout(const struct tree *t, int (*hook)(void *context, const char *path), void *context);
