/* Programs beside tend, found as git finds its own: `tend image` is `tend-image`, out of the directory that
 * tend itself is in, then out of PATH. One of them may have several names. They have what needs a bigger
 * library or is no business of a container. */
#pragma once

#include "base/def.h"

/* Becomes tend-NAME with these words (argv[0] is replaced, NULL at the end). Returns only where that did not
 * come about: -ENOENT where there is no such program (also for a name that none could have), else why the one
 * that is there cannot be executed. */
int companion_execute(const char *name, char *const *argv) must_check;

/* The same for somebody at the command line: what has gone wrong is told on stderr, with what helps, and the
 * exit code returned; -ENOENT, and nothing told, where nobody knows of such a program. */
int companion_main(const char *name, char *const *argv);

/* Tells in one line that tend-NAME is needed and why it does not run, and in another what helps. */
void companion_complain(const char *name, int error);

/* A line for each of those that come with tend, as verbs have them in the help. */
void companion_print_help(FILE *out);

/* The name of the one at `i` of those; NULL behind the last. */
const char *companion_name(size_t i);
