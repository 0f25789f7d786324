#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-event.h>

#include "base/log.h"
#include "base/parse.h"
#include "base/text.h"
#include "init/letgo.h"
#include "supervisor/fdstore.h"
#include "supervisor/mailbox.h"
#include "supervisor/mainpid.h"
#include "supervisor/manager.h"
#include "supervisor/notify.h"
#include "supervisor/watchdog.h"

#define VARIABLE    "NOTIFY_SOCKET="
#define MESSAGE_MAX 4096
#define DESCRIPTORS_MAX                                                                                      \
        253 /* that a message may bring, see unix(7); what is not stored is closed again: that is what a     \
               barrier waits for */

struct notify {
        sd_event_source *source; /* owned; and with it the descriptor */
        int fd;
        char variable[sizeof(VARIABLE) + MAILBOX_NAME_MAX];
        char status[128]; /* "" until there is one */
};

/* One message: lines, each with a NUL behind it, and what came with them. */
struct message {
        char *text;
        size_t n;
        int *fds; /* -1: taken */
        size_t n_fds;
};

/* The value of the first line that begins with `name`, or NULL. */
static const char *find(const struct message *m, const char *name) {
        for (const char *line = m->text; line < m->text + m->n; line += strlen(line) + 1)
                if (text_starts(line, name))
                        return line + strlen(name);
        return NULL;
}

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

/* Of a service that reloads READY=1 says that it is through, whatever its type. */
static void on_ready(struct service *s, const char *value, const struct message *m maybe_unused) {
        if (strcmp(value, "1") != 0)
                return;
        s->reloading = false;
        if (unit_says_ready(s->unit) || s->state == STATE_RELOAD_NOTIFY)
                service_dispatch(s, EVENT_UP);
}

static void on_status(struct service *s, const char *value, const struct message *m maybe_unused) {
        (void) snprintf(s->notify->status, sizeof(s->notify->status), "%s", value);
        log_debug(s->unit->name, "says: %s", value);
}

static void on_stopping(struct service *s, const char *value, const struct message *m maybe_unused) {
        if (strcmp(value, "1") != 0)
                return;
        log_debug(s->unit->name, "says that it is stopping");
        s->reloading = false;
        s->stops_itself |= s->state == STATE_RUNNING;
        service_dispatch(s, EVENT_STOPPING);
}

static void on_errno(struct service *s, const char *value, const struct message *m maybe_unused) {
        int error;

        if (parse_int(value, 1, 4095, &error) == 0)
                log_warning(s->unit->name, "says that it has failed: %s", strerror(error));
}

/* The service has handed its work over to another of its processes. */
static void on_main_pid(struct service *s, const char *value, const struct message *m maybe_unused) {
        int pid;

        if (parse_int(value, 2, INT32_MAX, &pid) < 0 || pid == s->main)
                return;
        if (mainpid_is_suitable(s, pid))
                mainpid_adopt(s, pid);
        else
                log_warning(s->unit->name,
                            "says that pid %d is its main process, which is none of its own: not heard", pid);
}

/* Microseconds; 0 where it is no such number. */
static usec_t parse_usec(const char *value) {
        char *end;

        if (*value < '0' || *value > '9')
                return 0;
        errno = 0;
        unsigned long long usec = strtoull(value, &end, 10);
        return errno == 0 && *end == '\0' ? usec : 0;
}

static void on_extend(struct service *s, const char *value, const struct message *m maybe_unused) {
        usec_t span = parse_usec(value);

        if (span > 0)
                service_extend(s, span);
}

static void on_watchdog(struct service *s, const char *value, const struct message *m maybe_unused) {
        if (strcmp(value, "1") == 0)
                watchdog_heard(s);
        else if (strcmp(value, "trigger") == 0) {
                log_warning(s->unit->name, "says WATCHDOG=trigger: it takes itself for broken");
                service_dispatch(s, EVENT_SILENT);
        }
}

static void on_watchdog_span(struct service *s, const char *value, const struct message *m maybe_unused) {
        if (parse_usec(value) > 0 || strcmp(value, "0") == 0)
                watchdog_set_span(s, parse_usec(value));
}

/* After ReloadSignal= only a reload that began later is the one that was asked for. */
static void on_reloading(struct service *s, const char *value, const struct message *m) {
        const char *at = find(m, "MONOTONIC_USEC=");

        if (strcmp(value, "1") != 0)
                return;
        s->reloading = true;
        if (s->state == STATE_RELOAD_SIGNAL &&
            (!at || !s->vigil || parse_usec(at) < s->vigil->reload_asked)) {
                log_debug(s->unit->name, "says RELOADING=1, but not since it was asked (MONOTONIC_USEC=)");
                return;
        }
        service_dispatch(s, EVENT_RELOADING);
}

static void on_store(struct service *s, const char *value, const struct message *m) {
        const char *name = find(m, "FDNAME="), *poll = find(m, "FDPOLL=");

        if (strcmp(value, "1") != 0)
                return;
        for (size_t i = 0; i < m->n_fds; i++)
                if (m->fds[i] >= 0)
                        fdstore_add(s, TAKE_FD(m->fds[i]), name, !poll || strcmp(poll, "0") != 0);
}

static void on_store_remove(struct service *s, const char *value, const struct message *m) {
        const char *name = find(m, "FDNAME=");

        if (strcmp(value, "1") == 0 && name)
                fdstore_remove(s, name);
}

/* What is not here is not heard: BUSERROR=, and what others may add to the protocol. */
static const struct {
        const char *name;
        void (*take)(struct service *s, const char *value, const struct message *m);
} assignments[] = {
        { "MAINPID=", on_main_pid },
        { "FDSTOREREMOVE=", on_store_remove },
        { "FDSTORE=", on_store },
        { "WATCHDOG_USEC=", on_watchdog_span },
        { "RELOADING=", on_reloading },
        { "READY=", on_ready },
        { "STATUS=", on_status },
        { "ERRNO=", on_errno },
        { "STOPPING=", on_stopping },
        { "EXTEND_TIMEOUT_USEC=", on_extend }, /* of the state that the message leads to */
        { "WATCHDOG=", on_watchdog },
};

/* In the order of the table, not of the message: MAINPID= and READY=1 in one message belong together. */
static void take_message(struct service *s, const struct message *m) {
        for (size_t i = 0; i < countof(assignments); i++)
                for (const char *line = m->text; line < m->text + m->n; line += strlen(line) + 1)
                        if (text_starts(line, assignments[i].name))
                                assignments[i].take(s, line + strlen(assignments[i].name), m);
}

static void collect_descriptors(struct cmsghdr *c, struct message *m) {
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        for (size_t i = 0; i < n; i++) {
                int fd;
                memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
                if (m->n_fds < DESCRIPTORS_MAX)
                        m->fds[m->n_fds++] = fd;
                else
                        letgo_close(&fd, 1);
        }
}

static void close_descriptors(const struct message *m) {
        size_t n = 0;

        for (size_t i = 0; i < m->n_fds; i++)
                if (m->fds[i] >= 0)
                        m->fds[n++] = m->fds[i];
        letgo_close(m->fds, n);
}

static void split_lines(struct message *m) {
        m->text[m->n] = '\0';
        for (size_t i = 0; i < m->n; i++)
                if (m->text[i] == '\n')
                        m->text[i] = '\0';
}

static void take_up(struct service *s, struct message *m, const struct ucred *from, bool is_cut) {
        m->text[m->n] = '\0';
        if (strlen(m->text) < m->n || is_cut)
                log_warning(s->unit->name, "a notification that is no text, or too long: not heard");
        else if (!is_allowed(s, from))
                log_warning(s->unit->name,
                            "a notification of pid %d: not heard, see NotifyAccess=", from->pid);
        else {
                split_lines(m);
                take_message(s, m);
        }
}

/* One message. 1, 0 when there is none, or a negative errno. */
static int receive(struct service *s) {
        char text[MESSAGE_MAX + 1];
        int fds[DESCRIPTORS_MAX];
        char control[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int) * DESCRIPTORS_MAX)]
                __attribute__((aligned(sizeof(struct cmsghdr))));
        struct iovec part = { .iov_base = text, .iov_len = MESSAGE_MAX };
        struct msghdr header = {
                .msg_iov = &part,
                .msg_iovlen = 1,
                .msg_control = control,
                .msg_controllen = sizeof(control),
        };
        struct ucred from = {};

        ssize_t n = recvmsg(s->notify->fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        struct message m = { .text = text, .n = (size_t) n, .fds = fds };
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&header); c; c = CMSG_NXTHDR(&header, c)) {
                if (c->cmsg_level != SOL_SOCKET)
                        continue;
                if (c->cmsg_type == SCM_RIGHTS)
                        collect_descriptors(c, &m);
                if (c->cmsg_type == SCM_CREDENTIALS)
                        memcpy(&from, CMSG_DATA(c), sizeof(from));
        }
        take_up(s, &m, &from, header.msg_flags & MSG_TRUNC);
        close_descriptors(&m);
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

int notify_open(struct service *s) {
        struct notify *n = calloc(1, sizeof(*n));

        if (!n)
                return -ENOMEM;
        memcpy(n->variable, VARIABLE, sizeof(VARIABLE));
        int r = n->fd = mailbox_open(n->variable + strlen(VARIABLE));
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
        mailbox_remove(n->variable + strlen(VARIABLE));
        sd_event_source_unref(n->source);
        if (n->fd >= 0)
                letgo_hang_up(n->fd);
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
