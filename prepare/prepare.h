/* What an image's packages need before their programs run, and a machine's boot would have made: accounts
 * (sysusers.d) and files, mostly directories under /run (tmpfiles.d). Not for the process that is PID 1: it
 * waits for file systems. */
#pragma once

#include "base/diag.h"

struct prepare_result {
        struct diags diags;
        unsigned read_only; /* lines that could not be carried out: the file system cannot be written */
        unsigned forbidden; /* likewise: only root can */
};

/* What has to be held before chroot(2), where there is to be one. 0 or a negative errno: without /proc it
 * cannot be done. */
int prepare_begin(void) must_check;

/* Behind prepare_begin(). Changes umask(2). With `clears` also what a boot removes ("r", "R", "D" of
 * tmpfiles.d). 0 also where something went wrong, which ret->diags tell; -ENOMEM. prepare_done() in any case.
 */
int prepare_run(bool clears, struct prepare_result *ret) must_check;
void prepare_done(struct prepare_result *p);
