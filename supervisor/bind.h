/* One descriptor to listen on: made, bound, given to its owner. */
#pragma once

#include "config/socket.h"

/* The descriptor, close-on-exec and non-blocking, or a negative errno with what failed in *ret_doing (a
 * static string). What it has made in the file system by then stays. */
int bind_open(const struct unit *u, const struct listen *l, const char **ret_doing) must_check;

/* Symlinks= to the one path that it listens on; what cannot be made is told and gone without. */
void bind_make_links(const struct unit *u);

/* RemoveOnStop=: the paths and the links to them. */
void bind_remove(const struct unit *u);
