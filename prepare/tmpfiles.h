/* tmpfiles.d: what packages want to be there before their programs run. The order is systemd-tmpfiles'. */
#pragma once

#include "prepare/deed.h"

/* Reads all lines and carries them out: what makes things, and with `clears` before that what removes them
 * ("r", "R", "D"). Everything that goes wrong is told to d->diags. 0 or -ENOMEM. */
int tmpfiles_run(struct deeds *d, bool clears) must_check;
