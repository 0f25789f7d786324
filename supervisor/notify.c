#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>

#include "base/log.h"
#include "base/parse.h"
#include "base/text.h"
#include "supervisor/manager.h"
#include "supervisor/notify.h"

#define MESSAGE_MAX 4096
#define DESCRIPTORS_MAX                                                                                      \
        16 /* that a message may bring; all are closed again: that is what a barrier waits for */

struct notify {
        sd_event_source *source; /* owned; and with it the descriptor */
        int fd;
        sd_event_source *watch; /* owned; on the pidfd of a main process that may not be our child */
        pid_t watched;
        char variable[sizeof("NOTIFY_SOCKET=@") + sizeof(((struct sockaddr_un *) 0)->sun_path)];
        char status[128]; /* "" until there is one */
};

const char *notify_variable(const struct notify *n) {
        return n->variable;
}

const char *notify_status(const struct notify *n) {
        return n && n->status[0] != '\0' ? n->status : NULL;
}

/* NotifyAccess=. The kernel has written the sender's pid, as we see it: 0 for one outside of
 * our namespace. */
static bool is_allowed(const struct service *s, const struct ucred *from) {
        switch ((enum notify_access) s->unit->notify_access) {
        case NOTIFY_ACCESS_MAIN:
                return from->pid == s->main;
        case NOTIFY_ACCESS_EXEC:
                return from->pid == s->main || from->pid == s->control;
        case NOTIFY_ACCESS_ALL: {
                /* One that is gone can no longer be asked; only this service was told the socket's name. */
                const struct service *owner = census_owner(s->manager, from->pid);
                return from->pid > 0 && (!owner || owner == s);
        }
        case NOTIFY_ACCESS_NONE:
        case NOTIFY_ACCESS_COUNT:
                break;
        }
        return false;
}

static void on_ready(struct service *s, const char *value) {
        if (strcmp(value, "1") == 0 && s->unit->type == SERVICE_NOTIFY)
                service_dispatch(s, EVENT_UP);
}

static void on_status(struct service *s, const char *value) {
        (void) snprintf(s->notify->status, sizeof(s->notify->status), "%s", value);
        log_debug(s->unit->name, "says: %s", value);
}

static void on_stopping(struct service *s, const char *value maybe_unused) {
        log_debug(s->unit->name, "says that it is stopping");
}

static void on_errno(struct service *s, const char *value) {
        int error;

        if (parse_int(value, 1, 4095, &error) == 0)
                log_warning(s->unit->name, "says that it has failed: %s", strerror(error));
}

/* A main process that is not our child ends without a SIGCHLD for us; and how it ended only its parent is
 * told. If it has been handed to us meanwhile, the SIGCHLD has the better news. */
static int on_main_gone(sd_event_source *source, int fd maybe_unused, uint32_t events maybe_unused,
                        void *context) {
        struct service *s = context;
        pid_t pid = s->notify->watched;
        siginfo_t info;

        (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
        s->notify->watched = 0;
        if (pid == s->main && waitid(P_PID, (id_t) pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
                service_process_ended(s, pid, (struct ending){ .code = CLD_EXITED });
        return 0;
}

static int watch_main(struct service *s, pid_t pid) {
        struct notify *n = s->notify;
        int fd = pidfd_open(pid, 0);

        if (fd < 0)
                return -errno;
        n->watch = sd_event_source_unref(n->watch);
        int r = sd_event_add_io(s->manager->event, &n->watch, fd, EPOLLIN, on_main_gone, s);
        if (r >= 0)
                r = sd_event_source_set_io_fd_own(n->watch, true);
        else
                (void) close(fd);
        n->watched = r < 0 ? 0 : pid;
        return r;
}

/* The service has handed its work over to another of its processes. */
static void on_main_pid(struct service *s, const char *value) {
        struct pids *pids = &s->manager->pids;
        int pid;

        if (parse_int(value, 2, INT32_MAX, &pid) < 0 || pid == s->main)
                return;
        /* Where the process that says so has ended meanwhile, the new one has been handed to us: its marks
         * are left. */
        const struct service *owner = census_owner(s->manager, pid);
        if (owner != s && (owner || !census_is_marked(s, pid))) {
                log_warning(s->unit->name,
                            "says that pid %d is its main process, which is none of its own: not heard", pid);
                return;
        }
        int r = watch_main(s, pid);
        if (r < 0) {
                log_warning(s->unit->name, "cannot watch its new main process %d: %s", pid, strerror(-r));
                return;
        }
        pids_remove(pids, s->main);
        pids_add(pids, pid, s);
        s->main = pid;
        log_info(s->unit->name, "its main process is now pid %d", pid);
}

static const struct {
        const char *name;
        void (*take)(struct service *s, const char *value);
} assignments[] = {
        { "MAINPID=", on_main_pid }, { "READY=", on_ready },       { "STATUS=", on_status },
        { "ERRNO=", on_errno },      { "STOPPING=", on_stopping },
};

/* In the order of the table, not of the message: MAINPID= and READY=1 in one message belong together. */
static void take_message(struct service *s, char *text, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (text[i] == '\n')
                        text[i] = '\0';
        for (size_t i = 0; i < countof(assignments); i++)
                for (const char *line = text; line < text + n; line += strlen(line) + 1)
                        if (text_starts(line, assignments[i].name))
                                assignments[i].take(s, line + strlen(assignments[i].name));
}

static void close_descriptors(struct cmsghdr *c) {
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        for (size_t i = 0; i < n; i++) {
                int fd;
                memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
                (void) close(fd);
        }
}

/* One message. 1, 0 when there is none, or a negative errno. */
static int receive(struct service *s) {
        char text[MESSAGE_MAX + 1];
        char control[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int) * DESCRIPTORS_MAX)]
                __attribute__((aligned(sizeof(struct cmsghdr))));
        struct iovec part = { .iov_base = text, .iov_len = MESSAGE_MAX };
        struct msghdr message = {
                .msg_iov = &part,
                .msg_iovlen = 1,
                .msg_control = control,
                .msg_controllen = sizeof(control),
        };
        struct ucred from = {};

        ssize_t n = recvmsg(s->notify->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
                if (c->cmsg_level != SOL_SOCKET)
                        continue;
                if (c->cmsg_type == SCM_RIGHTS)
                        close_descriptors(c);
                if (c->cmsg_type == SCM_CREDENTIALS)
                        memcpy(&from, CMSG_DATA(c), sizeof(from));
        }
        text[n] = '\0';
        if (strlen(text) < (size_t) n || message.msg_flags & MSG_TRUNC)
                log_warning(s->unit->name, "a notification that is no text, or too long: not heard");
        else if (!is_allowed(s, &from))
                log_warning(s->unit->name,
                            "a notification of pid %d: not heard, see NotifyAccess=", from.pid);
        else
                take_message(s, text, (size_t) n);
        return 1;
}

void notify_drain(struct service *s) {
        for (unsigned i = 0; i < 64 && s->notify && receive(s) > 0; i++)
                ;
}

static int on_message(sd_event_source *source maybe_unused, int fd maybe_unused, uint32_t events maybe_unused,
                      void *context) {
        notify_drain(context);
        return 0;
}

static int open_socket(struct notify *n) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        socklen_t size =
                sizeof(sa_family_t); /* no name: the kernel gives one that is free, see unix(7), autobind */
        int on = 1;

        n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (n->fd < 0)
                return -errno;
        if (bind(n->fd, (const struct sockaddr *) &address, size) < 0 ||
            setsockopt(n->fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
                return -errno;
        size = sizeof(address);
        if (getsockname(n->fd, (struct sockaddr *) &address, &size) < 0)
                return -errno;
        int length = (int) (size - offsetof(struct sockaddr_un, sun_path) - 1);
        (void) snprintf(n->variable, sizeof(n->variable), "NOTIFY_SOCKET=@%.*s", length,
                        address.sun_path + 1);
        return 0;
}

int notify_open(struct service *s) {
        struct notify *n = calloc(1, sizeof(*n));

        if (!n)
                return -ENOMEM;
        int r = open_socket(n);
        if (r >= 0)
                r = sd_event_add_io(s->manager->event, &n->source, n->fd, EPOLLIN, on_message, s);
        if (r >= 0) /* before SIGCHLD: what a process has said counts, even if it has ended meanwhile */
                r = sd_event_source_set_priority(n->source, SD_EVENT_PRIORITY_IMPORTANT);
        if (r < 0) {
                notify_close(n);
                return r;
        }
        s->notify = n;
        return 0;
}

struct notify *notify_close(struct notify *n) {
        if (!n)
                return NULL;
        sd_event_source_unref(n->watch);
        sd_event_source_unref(n->source);
        cleanup_close(&n->fd);
        free(n);
        return NULL;
}

void notify_tell(const char *socket_name, const char *format, ...) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        char text[512];
        va_list ap;

        size_t length = socket_name ? strlen(socket_name) : 0;
        if (length < 2 || length >= sizeof(address.sun_path) ||
            (socket_name[0] != '/' && socket_name[0] != '@'))
                return;
        memcpy(address.sun_path, socket_name, length);
        if (address.sun_path[0] == '@')
                address.sun_path[0] = '\0';
        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        autoclose int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 &&
            sendto(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *) &address,
                   (socklen_t) (offsetof(struct sockaddr_un, sun_path) + length)) < 0)
                log_debug(NULL, "telling %s: %s", socket_name, strerror(errno));
}
