#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"

/* Reads until `size` bytes are there or the file ends. Returns how many, or a negative errno. */
static ssize_t read_up_to(int fd, char *buffer, size_t size) {
        size_t have = 0;

        while (have < size) {
                ssize_t n = read(fd, buffer + have, size - have);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                have += (size_t) n;
        }
        return (ssize_t) have;
}

/* The size is only a hint: files under /proc have none, and others may grow while they are read. */
static int read_whole(int fd, size_t hint, size_t most, char **ret, size_t *ret_size) {
        size_t room = MIN(hint, most) + 1, have = 0;
        autofree char *buffer = NULL;

        for (;;) {
                char *larger = realloc(buffer, room + 1);
                if (!larger)
                        return -ENOMEM;
                buffer = larger;

                ssize_t n = read_up_to(fd, buffer + have, room - have);
                if (n < 0)
                        return (int) n;
                have += (size_t) n;
                if (have > most)
                        return -EFBIG;
                if (have < room)
                        break;
                room = MIN(MAX(room * 2, (size_t) 4096), most + 1);
        }

        buffer[have] = '\0';
        *ret = TAKE(buffer);
        *ret_size = have;
        return 0;
}

int io_read_file(const char *path, size_t most, char **ret, size_t *ret_size) {
        autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return -errno;

        struct stat st;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                return -EISDIR;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        if (st.st_size > 0 && (uint64_t) st.st_size > most)
                return -EFBIG;

        /* Keeps most + 1 and twice the room from overflowing. */
        most = MIN(most, (size_t) SSIZE_MAX / 4);
        return read_whole(fd, (size_t) st.st_size, most, ret, ret_size);
}

ssize_t io_read_small(int dir_fd, const char *path, char *buffer, size_t size) {
        autoclose int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return -errno;

        ssize_t n = read_up_to(fd, buffer, size - 1);
        if (n >= 0)
                buffer[n] = '\0';
        return n;
}

int io_write_all(int fd, const void *data, size_t size) {
        const char *at = data;

        while (size > 0) {
                ssize_t n = write(fd, at, size);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return -EIO;
                at += n;
                size -= (size_t) n;
        }
        return 0;
}

int io_write_file(const char *path, const char *text) {
        autoclose int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return -errno;
        return io_write_all(fd, text, strlen(text));
}

/* A directory that is there is success whatever mkdir says of it: EROFS, EACCES and ENOSYS (automounts) may
 * come before EEXIST. */
static int make_dir(const char *path, unsigned mode) {
        if (mkdir(path, (mode_t) mode) == 0)
                return 0;
        int error = -errno;

        struct stat st;
        if (stat(path, &st) < 0)
                return error;
        return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int io_make_dirs(const char *path, unsigned mode) {
        char made[PATH_MAX];
        size_t length = strlen(path);

        if (length == 0)
                return -ENOENT;
        if (length >= sizeof(made))
                return -ENAMETOOLONG;
        memcpy(made, path, length + 1);

        for (char *slash = made + 1; (slash = strchr(slash, '/')); slash++) {
                *slash = '\0';
                int r = make_dir(made, mode);
                if (r < 0)
                        return r;
                *slash = '/';
        }
        return make_dir(made, mode);
}

void io_close_others(int first, const int *kept, size_t n) {
        for (;;) {
                int next = -1;

                for (size_t i = 0; i < n; i++)
                        if (kept[i] >= first && (next < 0 || kept[i] < next))
                                next = kept[i];
                if (next < 0)
                        break;
                if (next > first)
                        (void) close_range((unsigned) first, (unsigned) next - 1, 0);
                first = next + 1;
        }
        (void) close_range((unsigned) first, ~0U, 0);
}
