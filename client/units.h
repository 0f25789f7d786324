/* The units that words of the command line mean. */
#pragma once

#include "client/link.h"

/* Full names into *ret, for strv_free(): "web" is web.service, a pattern stands for all units that fit it. 0;
 * -ENOENT where nothing fits a pattern, which is then complained of; or as link_finish(). */
int units_resolve(struct link *l, const char *verb, char *const *words, char ***ret) must_check;

/* The worse of two exit codes, where several units have come to different ones. */
int units_worse(int a, int b);
