#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/text.h"
#include "control/place.h"

#define PATH_SIZE sizeof(((struct sockaddr_un *) 0)->sun_path)
#define BACKLOG   64

int place_path(const struct place_owner *o, unsigned place, char ret[PATH_SIZE]) {
        const char *xdg =
                o->runtime_directory && o->runtime_directory[0] == '/' ? o->runtime_directory : NULL;
        int n = -1;

        if (place == 0 && o->uid == 0 && !o->is_guest)
                n = snprintf(ret, PATH_SIZE, "/run/systemd/private");
        else if (place == 1 && xdg)
                n = snprintf(ret, PATH_SIZE, "%s/systemd/private", xdg);
        else if (place == 2)
                n = snprintf(ret, PATH_SIZE, "/run/tend/private");
        else if (place == 3)
                n = snprintf(ret, PATH_SIZE, "/tmp/tend-%u/private", (unsigned) o->uid);
        if (n < 0)
                return -ENOENT;
        return (size_t) n < PATH_SIZE ? 0 : -ENAMETOOLONG;
}

/* Nobody else may put a socket of his own in its place. In /tmp anybody may have made the directory first. */
static int check_directory(const char *path, uid_t uid) {
        struct stat st;

        if (lstat(path, &st) < 0)
                return -errno;
        if (!S_ISDIR(st.st_mode))
                return -ENOTDIR;
        bool is_safe = (st.st_uid == uid || (st.st_uid == 0 && !text_starts(path, "/tmp/"))) &&
                       (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
        return is_safe ? 0 : -EPERM;
}

static int make_directory(const char *socket, uid_t uid) {
        char path[PATH_SIZE];

        (void) snprintf(path, sizeof(path), "%s", socket);
        *strrchr(path, '/') = '\0';
        int r = io_make_dirs(path, text_starts(path, "/tmp/") ? 0700 : 0755);
        return r < 0 ? r : check_directory(path, uid);
}

/* Whether somebody listens there, or it is no socket; where nobody does the name may go. */
static bool is_taken(const struct sockaddr_un *address) {
        autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct stat st;

        if (fd < 0 || lstat(address->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
                return true;
        return connect(fd, (const struct sockaddr *) address, sizeof(*address)) == 0 || errno != ECONNREFUSED;
}

static int bind_to(int fd, const struct sockaddr_un *address) {
        if (bind(fd, (const struct sockaddr *) address, sizeof(*address)) == 0)
                return 0;
        if (errno != EADDRINUSE || is_taken(address))
                return -errno;
        if (unlink(address->sun_path) < 0)
                return -errno;
        return bind(fd, (const struct sockaddr *) address, sizeof(*address)) < 0 ? -errno : 0;
}

int place_listen_at(const char *path, mode_t mode, uid_t uid) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        int r = make_directory(path, uid);
        if (r < 0)
                return r;
        autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        r = bind_to(fd, &address);
        if (r < 0)
                return r;
        if (chmod(path, mode) < 0 || listen(fd, BACKLOG) < 0) {
                r = -errno;
                (void) unlink(path);
                return r;
        }
        return TAKE_FD(fd);
}

int place_listen(const struct place_owner *o, mode_t mode, char ret[PATH_SIZE]) {
        int error = -ENOENT;

        for (unsigned place = 0; place < PLACE_COUNT; place++) {
                int r = place_path(o, place, ret);
                if (r < 0)
                        continue;
                r = place_listen_at(ret, mode, o->uid);
                if (r >= 0)
                        return r;
                error = r;
        }
        return error;
}
