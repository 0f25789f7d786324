#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "base/clock.h"
#include "base/text.h"
#include "client/link.h"
#include "control/place.h"
#include "control/sasl.h"
#include "control/verb.h"

#define LIMIT_SECONDS 25 /* as systemctl: what takes longer than that is a job */
#define READ_SIZE     4096
#define LINES_MOST    512 /* bytes of what is said before the first message */
#define OWN_NAME      "org.freedesktop.systemd1"

static int fail(struct link *l, int error, const char *format, ...) printf_like(3, 4);
static int fail(struct link *l, int error, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(l->words, sizeof(l->words), format, ap);
        va_end(ap);
        l->hint = NULL;
        return error;
}

/* --- Bytes. */

static int make_room(struct link *l, size_t n) {
        if (l->room - l->n >= n)
                return 0;
        size_t room = MAX(2 * l->room, l->n + n);
        char *in = realloc(l->in, room);
        if (!in)
                return fail(l, -ENOMEM, "out of memory");
        l->in = in;
        l->room = room;
        return 0;
}

static int receive(struct link *l) {
        int r = make_room(l, READ_SIZE);

        if (r < 0)
                return r;
        for (;;) {
                ssize_t n = recv(l->fd, l->in + l->n, l->room - l->n, 0);
                if (n > 0) {
                        l->n += (size_t) n;
                        return 0;
                }
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN)
                        return fail(l, -ETIMEDOUT, "tend has not answered within %d s", LIMIT_SECONDS);
                return fail(l, -ECONNRESET, "tend has closed the connection");
        }
}

static int send_all(struct link *l, const char *data, size_t n) {
        while (n > 0) {
                ssize_t sent = send(l->fd, data, n, MSG_NOSIGNAL);
                if (sent < 0 && errno == EINTR)
                        continue;
                if (sent < 0)
                        return fail(l, errno == EAGAIN ? -ETIMEDOUT : -ECONNRESET,
                                    errno == EAGAIN ? "tend does not read"
                                                    : "tend has closed the connection");
                data += sent;
                n -= (size_t) sent;
        }
        return 0;
}

static void shift(struct link *l, size_t n) {
        l->n -= n;
        memmove(l->in, l->in + n, l->n);
}

/* --- Finding it. */

/* Whoever can be root here, or us, or who the container's first process is, can do no more by a false answer
 * than it can anyway. */
static bool is_trusted(uid_t uid) {
        struct stat st;

        return uid == 0 || uid == geteuid() || (stat("/proc/1", &st) == 0 && st.st_uid == uid);
}

/* What systemd says there too; but its id is another one. */
static int say_hello(struct link *l) {
        static const char hello[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
        const char *ok = NULL, *end = NULL;

        int r = send_all(l, hello, sizeof(hello) - 1);
        while (r == 0 && !end) {
                r = l->n < LINES_MOST ? receive(l)
                                      : fail(l, -EPROTO, "what listens there does not speak as tend does");
                if (r == 0 && make_room(l, 1) == 0) {
                        l->in[l->n] = '\0';
                        ok = strstr(l->in, "OK ");
                        end = ok ? strstr(ok, "\r\n") : NULL;
                        if (!ok && strstr(l->in, "REJECTED"))
                                return fail(l, -EACCES, "tend does not believe who we are");
                }
        }
        if (r < 0)
                return r;
        if (!text_starts(ok + strlen("OK "), SASL_GUID))
                return fail(l, -ENOENT, "it is not tend that listens there");
        shift(l, (size_t) (end + 2 - l->in));
        return 0;
}

static int connect_to(struct link *l, const char *path, bool must_trust) {
        const struct timeval limit = { .tv_sec = LIMIT_SECONDS };
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        struct ucred who;
        socklen_t size = sizeof(who);

        if (strlen(path) >= sizeof(address.sun_path))
                return fail(l, -ENAMETOOLONG, "the path of a socket has %zu bytes at most",
                            sizeof(address.sun_path) - 1);
        memcpy(address.sun_path, path, strlen(path) + 1);
        if (path != l->path)
                memcpy(l->path, path, strlen(path) + 1);
        l->n = 0;
        l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (l->fd < 0)
                return fail(l, -errno, "making a socket: %s", strerror(errno));
        (void) setsockopt(l->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        (void) setsockopt(l->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
        if (connect(l->fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return fail(l, -errno, "%s: %s", path, strerror(errno));
        if (getsockopt(l->fd, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0 ||
            (must_trust && !is_trusted(who.uid)))
                return fail(l, -EPERM, "%s: it is neither root's, ours, nor PID 1's", path);
        l->server = who.pid;
        return say_hello(l);
}

/* tend may run as another user than we, in the same container. */
static size_t list_owners(struct place_owner owners[3]) {
        const char *directory = getenv("XDG_RUNTIME_DIR");
        struct stat st;
        size_t n = 0;

        owners[n++] = (struct place_owner){ .uid = 0, .runtime_directory = directory };
        if (geteuid() != 0)
                owners[n++] = (struct place_owner){ .uid = geteuid() };
        if (stat("/proc/1", &st) == 0 && st.st_uid != 0 && st.st_uid != geteuid())
                owners[n++] = (struct place_owner){ .uid = st.st_uid };
        return n;
}

static void close_socket(struct link *l) {
        if (l->fd >= 0)
                (void) close(TAKE_FD(l->fd));
}

/* Where somebody may be who does not let us in, that is what is said in the end. */
static int find(struct link *l) {
        char path[sizeof(l->path)], words[LINK_WORDS_MAX];
        struct place_owner owners[3];
        size_t n = list_owners(owners);
        int refused = 0;

        for (unsigned place = 0; place < PLACE_COUNT; place++)
                for (size_t i = 0; i < n; i++) {
                        if (place_path(&owners[i], place, path) < 0 || (place == 2 && i > 0))
                                continue;
                        int r = connect_to(l, path, true);
                        if (r == 0)
                                return 0;
                        close_socket(l);
                        if (r == -ENOENT || r == -ECONNREFUSED || r == -ENOTDIR)
                                continue;
                        refused = r;
                        memcpy(words, l->words, sizeof(words));
                }
        if (refused < 0) {
                int r = fail(l, refused, "%s", words);
                if (refused == -EACCES || refused == -ECONNRESET)
                        l->hint = "with Control=private in [tend] only root and tend's own user are let in";
                return r;
        }
        return fail(l, -ENOENT, "no tend is running here");
}

int link_open(struct link *l, const char *path) {
        *l = (struct link) LINK_CLOSED;
        int r = path ? connect_to(l, path, false) : find(l);

        if (r == -ENOENT || r == -ECONNREFUSED)
                l->hint = path ? NULL
                               : "inside of a container: docker exec CONTAINER tend …; `tend run` starts one";
        return r;
}

void link_close(struct link *l) {
        close_socket(l);
        wire_done(&l->out);
        free(TAKE(l->in));
}

/* --- Messages. */

struct wire_out *link_begin(struct link *l, const char *path, const char *interface, const char *member,
                            const char *signature) {
        const struct wire_head head = {
                .type = WIRE_CALL,
                .serial = ++l->serial,
                .path = path,
                .interface = interface,
                .member = member,
                .destination = OWN_NAME,
                .signature = signature,
        };

        l->out.n = l->out.start = 0;
        wire_begin(&l->out, &head);
        return &l->out;
}

/* The next message, where it has come whole: 1, or 0. The one before it goes. */
static int take(struct link *l, struct wire_head *head, struct wire_in *body) {
        shift(l, l->taken);
        l->taken = 0;
        if (l->n < WIRE_HEADER_MIN)
                return 0;
        ssize_t size = wire_size_within(l->in, WIRE_ANSWER_MOST);
        if (size < 0)
                return fail(l, (int) size, "what has come is no message");
        if (l->n < (size_t) size) {
                int r = make_room(l, (size_t) size - l->n);
                return r;
        }
        if (wire_read_head(l->in, (size_t) size, head, body) < 0)
                return fail(l, -EBADMSG, "what has come is no message");
        l->taken = (size_t) size;
        if (head->type == WIRE_SIGNAL && l->on_signal)
                l->on_signal(l->context, head, body);
        return 1;
}

static int refuse(struct link *l, const struct wire_head *head, struct wire_in *body) {
        (void) snprintf(l->error, sizeof(l->error), "%s", head->error);
        (void) fail(l, 0, "%s", strcmp(head->signature, "s") == 0 ? wire_read_string(body) : head->error);
        if (text_ends(head->error, ".UnknownMethod") || text_ends(head->error, ".UnknownObject"))
                l->hint = "the tend that runs here is of another version than this one";
        return -EREMOTEIO;
}

int link_finish(struct link *l, const char *gives, struct wire_in *ret) {
        struct wire_head head;
        int r;

        l->error[0] = '\0';
        if (wire_end(&l->out) < 0)
                return fail(l, -ENOMEM, "out of memory");
        r = send_all(l, l->out.data, l->out.n);
        while (r >= 0) {
                r = take(l, &head, ret);
                if (r == 0)
                        r = receive(l);
                else if (r > 0 && head.reply_serial == l->serial)
                        break;
        }
        if (r < 0)
                return r;
        if (head.type == WIRE_ERROR)
                return refuse(l, &head, ret);
        if (strcmp(head.signature, gives) == 0)
                return 0;
        return fail(l, -EPROTO, "the tend that runs here is of another version than this one");
}

static int take_all(struct link *l) {
        struct wire_head head;
        struct wire_in body;
        int r, some = 0;

        while ((r = take(l, &head, &body)) > 0)
                some = 1;
        return r < 0 ? r : some;
}

int link_wait(struct link *l, usec_t until) {
        struct pollfd p = { .fd = l->fd, .events = POLLIN };

        int r = take_all(l); /* what has come behind an answer */
        if (r != 0)
                return r;
        int n = clock_poll(&p, 1, until);
        if (n <= 0)
                return n < 0 && errno != EINTR ? fail(l, -errno, "waiting: %s", strerror(errno)) : 0;
        r = receive(l);
        if (r == 0)
                r = take_all(l);
        return r < 0 ? r : 1;
}

int link_exit_code(const struct link *l, int error) {
        if (error == -ENOENT || error == -ECONNREFUSED)
                return EXIT_NO_TEND;
        if (text_ends(l->error, ".NoSuchUnit"))
                return EXIT_UNKNOWN;
        return text_ends(l->error, ".NoSuchProcess") ? EXIT_NOT_RUNNING : EXIT_FAILED;
}

int link_complain(const struct link *l, const char *verb, const char *unit, int error) {
        bool is_named = unit && text_starts(l->words, unit);

        (void) verb_complain(verb, *l->words ? l->words : strerror(-error), is_named ? NULL : unit, l->hint);
        return link_exit_code(l, error);
}
