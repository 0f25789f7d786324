/* Owner and permissions of a file, as a line of tmpfiles.d asks for them. */
#pragma once

#include "prepare/tmpfile.h"

/* To be called first, and before chroot(2): /proc has to be there. 0 or a negative errno. */
int mode_begin(void) must_check;

/* Of what `fd` is open on, also with O_PATH. `is_new`: it was made a moment ago. 0, -EMLINK for a file that
 * has other names and shall not be changed for that, or another negative errno. */
int mode_set(const struct tmpfile *t, int fd, bool is_new) must_check;

/* A regular file of which there are other names: changing it might change what somebody else has linked to.
 */
bool mode_is_shared(int fd);
