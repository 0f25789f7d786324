#include "init/letgo.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>

#define PATIENCE  (50 * USEC_PER_MSEC) /* then the kernel goes on with one alone */
#define PIECE_MAX 4096

/* A signal is what ends a wait. */
static void wake(int number maybe_unused) {
}

static _Noreturn void close_in_child(const int *fds, size_t n) {
        const struct itimerval often = { .it_value.tv_usec = PATIENCE, .it_interval.tv_usec = PATIENCE };
        const struct sigaction heard = { .sa_handler = wake };
        sigset_t none;

        (void) sigemptyset(&none);
        (void) sigaction(SIGALRM, &heard, NULL);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        (void) setitimer(ITIMER_REAL, &often, NULL);
        for (size_t i = 0; i < n; i++)
                (void) close(fds[i]);
        _exit(0);
}

/* The C library's clone(2) wants a stack, and its fork() shares no table. */
void letgo_close(const int *fds, size_t n) {
        static const struct linger at_once = {};
        long pid = n == 0 ? 1 : syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);

        if (pid == 0)
                close_in_child(fds, n);
        for (size_t i = 0; pid < 0 && i < n; i++) {
                /* No process can be had: they shall at least not wait themselves, if what is in them might.
                 */
                (void) setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
                (void) close(fds[i]);
        }
}

/* Looks before it takes, and takes no more than it has seen: a stream shows nothing beyond descriptors. */
ssize_t letgo_read(int fd, char *data, size_t size) {
        struct iovec part = { .iov_base = data, .iov_len = size };
        struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
        ssize_t n = recvmsg(fd, &header, MSG_PEEK | MSG_DONTWAIT);

        if (n >= 0 && header.msg_flags & MSG_CTRUNC)
                return -EPERM;
        if (n > 0)
                n = recv(fd, data, (size_t) n, MSG_DONTWAIT);
        return n < 0 ? -errno : n;
}

void letgo_hang_up(int fd) {
        char piece[PIECE_MAX];
        ssize_t n;

        (void) shutdown(fd, SHUT_RD); /* nothing more can come */
        while ((n = letgo_read(fd, piece, sizeof(piece))) > 0)
                ;
        if (n == -EPERM)
                letgo_close(&fd, 1);
        else
                (void) close(fd);
}
