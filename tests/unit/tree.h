/* Files and links in a directory of their own, for tests. */
#pragma once

#include "base/def.h"

/* One of them; a path ends the list. */
struct leaf {
        const char *path; /* "etc/web.service"; NULL: the end of the list */
        const char *text; /* what the file says; "-> x": a link to x */
};

/* Makes them in a new directory and goes there. False where that failed; tree_leave() is to be called even
 * then. */
struct tree {
        int home; /* the working directory before it */
        char directory[64];
};
bool tree_enter(struct tree *t, const struct leaf *leaves);

/* Goes back, and takes all of it away. */
void tree_leave(struct tree *t);
