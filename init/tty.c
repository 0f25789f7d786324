#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/ttydefaults.h>
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

/* The kernel tells the session of a terminal to those alone whose controlling one it is. */
bool tty_is_own(int fd) {
        struct stat st, own;

        if (tcgetsid(fd) >= 0 || fstat(fd, &st) < 0)
                return true;
        for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
                if (fstat(i, &own) == 0 && S_ISCHR(own.st_mode) && own.st_rdev == st.st_rdev)
                        return true;
        return false;
}

int tty_hang_up(int fd) {
        return ioctl(fd, TIOCVHANGUP) < 0 ? -errno : 0;
}

int tty_reset(int fd) {
        static const struct {
                unsigned char at, key;
        } keys[] = {
                { VINTR, CINTR },     { VQUIT, CQUIT }, { VERASE, CERASE }, { VKILL, CKILL },
                { VEOF, CEOF },       { VEOL, 0 },      { VEOL2, 0 },       { VSTART, CSTART },
                { VSTOP, CSTOP },     { VSUSP, CSUSP }, { VLNEXT, CLNEXT }, { VWERASE, CWERASE },
                { VREPRINT, CRPRNT }, { VMIN, 1 },      { VTIME, 0 },
        };
        struct termios t;

        if (tcgetattr(fd, &t) < 0)
                return -errno;
        (void) ioctl(fd, TIOCNXCL);
        t.c_iflag &= ~(tcflag_t) (IGNBRK | BRKINT | ISTRIP | INLCR | IGNCR | IUCLC | IXOFF);
        t.c_iflag |= ICRNL | IMAXBEL | IUTF8 | IXON;
        t.c_oflag |= ONLCR | OPOST;
        t.c_cflag |= CREAD;
        t.c_lflag = ISIG | ICANON | IEXTEN | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE;
        for (size_t i = 0; i < countof(keys); i++)
                t.c_cc[keys[i].at] = keys[i].key;
        if (tcsetattr(fd, TCSANOW, &t) < 0)
                return -errno;
        (void) tcflush(fd, TCIFLUSH);
        return 0;
}

int tty_resize(int fd, unsigned rows, unsigned columns) {
        struct winsize size;

        if (ioctl(fd, TIOCGWINSZ, &size) < 0)
                return -errno;
        size.ws_row = rows > 0 ? (unsigned short) rows : size.ws_row;
        size.ws_col = columns > 0 ? (unsigned short) columns : size.ws_col;
        return ioctl(fd, TIOCSWINSZ, &size) < 0 ? -errno : 0;
}

void tty_take_back(int fd, pid_t group) {
        pid_t own = getpgrp(), now = fd >= 0 ? tty_foreground(fd) : -1;

        if (own <= 0 || now <= 0 || now == own)
                return;
        if (now == group || (kill(-now, 0) < 0 && errno == ESRCH))
                (void) tty_set_foreground(fd, own);
}
