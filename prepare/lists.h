/* The files of a directory like tmpfiles.d, wherever they are: /etc, /run, /usr/local/lib, /usr/lib; the
 * first that has a name wins, a link to /dev/null or an empty file masks it, and their names are their order.
 */
#pragma once

#include "base/diag.h"

/* One line that says something; `text` may be changed, and goes when the call is over. */
typedef int (*lists_line)(void *context, const char *file, unsigned line, char *text);

/* Calls `take` for each line of all files of that `kind` ("tmpfiles.d"), but for comments and empty ones.
 * A file that cannot be read is told to `d`. 0, or the first negative answer of `take`, or -ENOMEM. */
int lists_read(const char *kind, struct diags *d, lists_line take, void *context) must_check;
