/* Taking from this process, before it reads what a stranger has written, whatever reading does not need. */
#pragma once

#include "base/def.h"

/* What there is of it: 0, or a negative errno where the kernel does not have it, or not for us. */
struct confinement {
        int files; /* Landlock: what is written is in the store, what is read there or in the source */
        int calls; /* seccomp: no program, process, socket, mount, device; no code but what is here already */
};

/* For good: there is no way back. `store` and `source` are directories; a source that is a file is open by
 * then, and is -1. Who owns a file, its mode and its times are no business of Landlock's: those alone could
 * be changed elsewhere. */
struct confinement confine(int store, int source);
