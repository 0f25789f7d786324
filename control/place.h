/* Where the control socket is. tend makes it in the first of these places that it can have, its clients look
 * for it in the same order:
 *
 *     /run/systemd/private               root, as PID 1 of a container (where systemctl looks)
 *     $XDG_RUNTIME_DIR/systemd/private   (where systemctl --user looks)
 *     /run/tend/private
 *     /tmp/tend-UID/private
 */
#pragma once

#include <sys/types.h>
#include <sys/un.h>

#include "base/def.h"

#define PLACE_COUNT 4

struct place_owner {
        uid_t uid;
        const char *runtime_directory; /* borrowed; $XDG_RUNTIME_DIR, or NULL */
        bool is_guest; /* /run is a machine's, not the container's own: its systemd is left alone */
};

/* The path of one of them: 0, or -ENOENT where it is not for this owner, -ENAMETOOLONG. */
int place_path(const struct place_owner *o, unsigned place,
               char ret[sizeof(((struct sockaddr_un *) 0)->sun_path)]) must_check;

/* A socket that listens at that path, as below. */
int place_listen_at(const char *path, mode_t mode, uid_t uid) must_check;

/* A socket that listens in the first of them that can be had, with its path in `ret`; `mode` is its
 * permissions. A socket that nobody listens on any more is replaced, another's is left alone. A negative
 * errno, that of the place that came closest, where there is none. */
int place_listen(const struct place_owner *o, mode_t mode,
                 char ret[sizeof(((struct sockaddr_un *) 0)->sun_path)]) must_check;
