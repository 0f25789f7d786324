/* Descriptors in which others have a hand. To close the last one of a file may be to wait: for the other end
 * of a TCP connection with SO_LINGER, for the server of a file system. A socket has in it what is on its way
 * to us, and the kernel closes that with the socket, or when we read past it: so whoever may send to us could
 * choose what we wait for. PID 1 waits for nobody. */
#pragma once

#include <sys/types.h>

#include "base/def.h"

/* Closes them, a little later: a child does, which has our table of descriptors, and which may wait, but for
 * none of them long. */
void letgo_close(const int *fds, size_t n);

/* Closes a socket of which we have the only descriptor. The child is made only where it is needed. */
void letgo_hang_up(int fd);

/* As recv(2), without waiting, from a stream that is to bring bytes alone: -EPERM where descriptors have come
 * with them, which are still in the socket then. 0 at its end, or a negative errno. */
ssize_t letgo_read(int fd, char *data, size_t size) must_check;
