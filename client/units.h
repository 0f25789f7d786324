/* The units that words of the command line mean. */
#pragma once

#include "client/link.h"

/* Full names into *ret, for strv_free(): "web" is web.service, a pattern stands for all units that fit it. 0;
 * -ENOENT where nothing fits a pattern, which is then complained of; or as link_finish(). */
int units_resolve(struct link *l, const char *verb, char *const *words, char ***ret) must_check;

/* Complains as link_complain() does; where there is no unit of that name, with the nearest that there is. */
int units_complain(struct link *l, const char *verb, const char *name, int error);

/* The same where the words are the caller's, and there is none. Returns the exit code. */
int units_complain_unknown(struct link *l, const char *verb, const char *name, const char *words);

/* The worse of two exit codes, where several units have come to different ones. */
int units_worse(int a, int b);
