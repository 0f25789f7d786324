#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "init/tty.h"

int tty_set_foreground(int fd, pid_t group) {
        sigset_t stop, before;
        int error = 0;

        (void) sigemptyset(&stop);
        (void) sigaddset(&stop, SIGTTOU);
        (void) sigprocmask(SIG_BLOCK, &stop, &before);
        while (tcsetpgrp(fd, group) < 0) {
                error = errno;
                if (error != EINTR)
                        break;
                error = 0;
        }
        (void) sigprocmask(SIG_SETMASK, &before, NULL);
        return error == ENOTTY || error == ENXIO ? 0 : -error;
}

pid_t tty_foreground(int fd) {
        pid_t group = tcgetpgrp(fd);
        return group < 0 ? -errno : group;
}

/* In a PID namespace whose PID 1 was not put in a group of its own both numbers are 0, "somebody outside",
 * and so they are equal. */
int tty_find_owned(void) {
        pid_t own = getpgrp();

        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                if (tty_foreground(fd) == own)
                        return fd;
        return -1;
}

int tty_take(int fd) {
        return ioctl(fd, TIOCSCTTY, 0) < 0 ? -errno : 0;
}

int tty_give_up(int fd) {
        bool was_leader = getsid(0) == getpid();
        return ioctl(fd, TIOCNOTTY) < 0 ? -errno : was_leader;
}

void tty_take_back(int fd, pid_t group) {
        pid_t own = getpgrp(), now = fd >= 0 ? tty_foreground(fd) : -1;

        if (own <= 0 || now <= 0 || now == own)
                return;
        if (now == group || (kill(-now, 0) < 0 && errno == ESRCH))
                (void) tty_set_foreground(fd, own);
}
