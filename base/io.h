/* Whole files and descriptors. */
#pragma once

#include <errno.h>

#include "base/def.h"

/* Reads a whole regular file, NUL-terminated. Never blocks on a FIFO (opens with O_NONBLOCK and refuses what
 * is not a regular file with -EINVAL, or -EISDIR); -EFBIG over `most` bytes. The caller frees *ret; *ret_size
 * does not count the NUL. */
int io_read_file(const char *path, size_t most, char **ret, size_t *ret_size) must_check;

/* Reads at most size - 1 bytes of a small file, as under /proc, into `buffer`, NUL-terminated; returns how
 * many. */
ssize_t io_read_small(int dir_fd, const char *path, char *buffer, size_t size) must_check;

/* Writes all of it, through EINTR and short writes. 0 or a negative errno. */
int io_write_all(int fd, const void *data, size_t size) must_check;

/* Opens `path`, which must be there, writes `text`, closes: for knobs under /proc and /sys. */
int io_write_file(const char *path, const char *text) must_check;

/* mkdir -p with `mode` for what it makes. 0, also where the directory was there. */
int io_make_dirs(const char *path, unsigned mode) must_check;

/* Closes all descriptors from `first` on but for the `n` in `kept`, where -1 is none. */
void io_close_others(int first, const int *kept, size_t n);

/* Something that is only lacking now, and may be there in a moment: descriptors, memory, processes. `error`
 * is positive. */
static inline bool io_is_shortage(int error) {
        return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS || error == EAGAIN;
}
