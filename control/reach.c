#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/clock.h"
#include "base/http.h"
#include "base/parse.h"
#include "control/reach.h"
#include "control/resolve.h"

static bool fail(char why[REACH_TEXT_MAX], const char *words) {
        (void) snprintf(why, REACH_TEXT_MAX, "%s", words);
        return false;
}

static bool fail_with(char why[REACH_TEXT_MAX], int error) {
        return fail(why, error == ETIMEDOUT ? "no answer in time" : strerror(error));
}

/* 0, or a positive errno: ETIMEDOUT where the time is over. */
static int wait_for(int fd, short events, usec_t until) {
        struct pollfd p = { .fd = fd, .events = events };
        int n;

        do
                n = clock_poll(&p, 1, until);
        while (n < 0 && errno == EINTR);
        return n < 0 ? errno : n == 0 ? ETIMEDOUT : 0;
}

/* A connected socket that does not block, or a negative errno. A unix socket whose queue is full has nobody
 * who would wake us: it is tried again. */
static int connect_to(const void *address, socklen_t size, usec_t until) {
        const struct sockaddr *to = address;
        autoclose int fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0)
                return -errno;
        while (connect(fd, to, size) < 0) {
                int error = errno;
                if (error == EINPROGRESS)
                        break;
                if (error != EAGAIN && error != EINTR)
                        return -error;
                if (clock_monotonic() >= until)
                        return -ETIMEDOUT;
                (void) usleep(5000);
        }
        int error = wait_for(fd, POLLOUT, until);
        socklen_t length = sizeof(error);
        if (error == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
                error = errno;
        return error != 0 ? -error : TAKE_FD(fd);
}

/* The first of its addresses that takes us. */
static int connect_to_host(const struct reach *r, char why[REACH_TEXT_MAX]) {
        const struct probe *p = r->probe;
        char digits[6], buffer[RESOLVE_TEXT_MAX];
        struct resolved resolved;
        unsigned port;

        (void) snprintf(digits, sizeof(digits), "%.*s", p->port_length, p->port);
        if (parse_unsigned(digits, UINT16_MAX, &port) < 0)
                return -EINVAL;
        const char *wrong = resolve(p->host, (uint16_t) port, &resolved, buffer);
        if (wrong)
                return fail(why, wrong) ? 0 : -1;
        for (size_t i = 0; i < resolved.n; i++) {
                int fd = connect_to(&resolved.list[i], sizeof(resolved.list[i]), r->until);
                if (fd >= 0)
                        return fd;
                /* What the first one says: of localhost the other family may not even be there. */
                if (i == 0)
                        (void) fail_with(why, -fd);
        }
        return -1;
}

static bool reach_tcp(const struct reach *r, char why[REACH_TEXT_MAX]) {
        autoclose int fd = connect_to_host(r, why);
        return fd >= 0;
}

static bool reach_unix(const struct reach *r, char why[REACH_TEXT_MAX]) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        size_t n = (size_t) r->probe->path_length;

        memcpy(address.sun_path, r->probe->path, n);
        if (address.sun_path[0] == '@')
                address.sun_path[0] = '\0';
        autoclose int fd =
                connect_to(&address, (socklen_t) (offsetof(struct sockaddr_un, sun_path) + n), r->until);
        /* A listener of datagrams or packets is one too: it is there, and only speaks otherwise. */
        return fd >= 0 || fd == -EPROTOTYPE || fail_with(why, -fd);
}

static bool reach_file(const struct reach *r, char why[REACH_TEXT_MAX]) {
        struct stat st;

        return stat(r->probe->path, &st) == 0 || fail_with(why, errno);
}

static int send_request(int fd, const struct probe *p, usec_t until) {
        bool has_slash = p->path_length > 0 && *p->path == '/';
        char *request = NULL;
        int error = 0;

        int size = asprintf(&request,
                            "GET %s%.*s HTTP/1.1\r\nHost: %.*s\r\nUser-Agent: tend/" TEND_VERSION
                            "\r\nAccept: */*\r\nConnection: close\r\n\r\n",
                            has_slash ? "" : "/", p->path_length, p->path, p->authority_length, p->authority);
        if (size < 0)
                return ENOMEM;
        for (int sent = 0; sent < size && error == 0;) {
                ssize_t n = send(fd, request + sent, (size_t) (size - sent), MSG_NOSIGNAL);
                if (n > 0)
                        sent += (int) n;
                else
                        error = errno == EAGAIN ? wait_for(fd, POLLOUT, until) : errno == EINTR ? 0 : errno;
        }
        free(request);
        return error;
}

static bool judge(int code, char why[REACH_TEXT_MAX]) {
        if (code == -EPROTO)
                return fail(why, "what answers is not HTTP");
        if (code == -EMSGSIZE)
                return fail(why, "no status in all that it answers");
        (void) snprintf(why, REACH_TEXT_MAX, "status %d", code);
        return code >= 200 && code < 400;
}

static bool read_answer(int fd, usec_t until, char why[REACH_TEXT_MAX]) {
        struct http_status status = {};
        char piece[1024];

        for (;;) {
                int error = wait_for(fd, POLLIN, until);
                if (error != 0)
                        return fail_with(why, error);
                ssize_t n = recv(fd, piece, sizeof(piece), 0);
                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        continue;
                if (n < 0)
                        return fail_with(why, errno);
                if (n == 0)
                        return fail(why, "it has closed the connection without an answer");
                int code = http_status_take(&status, piece, (size_t) n);
                if (code != 0)
                        return judge(code, why);
        }
}

/* One that has answered before it has taken the request counts too. */
static bool reach_http(const struct reach *r, char why[REACH_TEXT_MAX]) {
        autoclose int fd = connect_to_host(r, why);
        if (fd < 0)
                return false;
        int error = send_request(fd, r->probe, r->until);
        if (error != 0 && error != EPIPE && error != ECONNRESET)
                return fail_with(why, error);
        return read_answer(fd, r->until, why);
}

static bool reach_nothing(const struct reach *r maybe_unused, char why[REACH_TEXT_MAX]) {
        return fail(why, "a descriptor is the service's own: it is for ReadyWhen= alone");
}

static bool (*const ways[PROBE_KIND_COUNT])(const struct reach *r, char why[REACH_TEXT_MAX]) = {
        [PROBE_TCP] = reach_tcp,   [PROBE_UNIX] = reach_unix,    [PROBE_HTTP] = reach_http,
        [PROBE_FILE] = reach_file, [PROBE_EXEC] = reach_command, [PROBE_FD] = reach_nothing,
};

bool reach(const struct reach *r, char why[REACH_TEXT_MAX]) {
        *why = '\0';
        return ways[r->probe->kind](r, why);
}
