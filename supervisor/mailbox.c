#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "supervisor/mailbox.h"

#define PARENT    "/run/tend"
#define DIRECTORY PARENT "/notify"

/* In a /run where everybody may write it might be another's, who would then hear in our place. */
static bool have_directory(const char *path) {
        struct stat st;

        (void) mkdir(path, 0755);
        if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
            (st.st_mode & 0022) != 0)
                return false;
        return (st.st_mode & 0111) == 0111 || chmod(path, 0755) == 0; /* whatever our umask is */
}

/* Named by the number of the socket, which no other has: a file that is there already was left behind. */
static bool bind_to_path(int fd) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        struct stat st;

        if (geteuid() != 0 || !have_directory(PARENT) || !have_directory(DIRECTORY) || fstat(fd, &st) < 0)
                return false;
        (void) snprintf(address.sun_path, sizeof(address.sun_path), DIRECTORY "/%llu",
                        (unsigned long long) st.st_ino);
        (void) unlink(address.sun_path);
        if (bind(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return false;
        (void) chmod(address.sun_path, 0666); /* NotifyAccess= says whom tend hears */
        return true;
}

/* No name: the kernel gives one that is free, see unix(7), autobind. */
static int bind_to_abstract(int fd) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        return bind(fd, (const struct sockaddr *) &address, sizeof(sa_family_t)) < 0 ? -errno : 0;
}

static int tell_name(int fd, char ret_name[MAILBOX_NAME_MAX]) {
        struct sockaddr_un address = { 0 };
        socklen_t size = sizeof(address);

        if (getsockname(fd, (struct sockaddr *) &address, &size) < 0)
                return -errno;
        int length = (int) (size - offsetof(struct sockaddr_un, sun_path));
        if (address.sun_path[0] == '\0')
                address.sun_path[0] = '@';
        (void) snprintf(ret_name, MAILBOX_NAME_MAX, "%.*s", length, address.sun_path);
        return 0;
}

int mailbox_open(char ret_name[MAILBOX_NAME_MAX]) {
        int on = 1;

        autoclose int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
                return -errno;
        int r = bind_to_path(fd) ? 0 : bind_to_abstract(fd);
        if (r == 0)
                r = tell_name(fd, ret_name);
        return r < 0 ? r : TAKE_FD(fd);
}

void mailbox_remove(const char *name) {
        if (name[0] == '/')
                (void) unlink(name);
}
