/* Carrying out one line of tmpfiles.d: what it makes, adjusts, writes, copies or removes. */
#pragma once

#include "prepare/tmpfile.h"

/* What kept lines from being carried out where that is nobody's mistake; they are told together. */
struct deeds {
        struct diags *diags; /* borrowed */
        unsigned read_only;  /* lines whose file system cannot be written */
        unsigned forbidden;  /* lines that only root can carry out, and tend is not */
        unsigned depth;      /* below the path that is adjusted */
        bool counted;        /* the line that is carried out is one of these already */
};

/* Makes, adjusts, writes or copies what it is about. What goes wrong is told to d->diags, with its file and
 * line. 0 or -ENOMEM. */
int deed_create(struct deeds *d, const struct tmpfile *t) must_check;

/* "r", "R", and what "D" empties. */
int deed_remove(struct deeds *d, const struct tmpfile *t) must_check;
