#include "metrics/serve.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include "config/address.h"

#define CONNECTIONS_MOST 32
#define PATIENCE         10                  /* seconds for a client that says nothing */
#define MEMORY_MOST      ((size_t) 16 << 10) /* of a connection, its headers included */
#define BACKLOG          128

struct server {
        const struct site *sites;
        const void *context;
};

/* --- What is asked. */

static void say(struct page *p, unsigned status, const char *text) {
        *p = (struct page){ .status = status, .type = "text/plain; charset=utf-8", .text = strdup(text) };
        p->size = p->text ? strlen(p->text) : 0;
}

static void make_page(const struct server *s, const char *method, const char *path, struct page *p) {
        const struct site *site = s->sites;

        while (site->path && strcmp(site->path, path) != 0)
                site++;
        if (!site->path)
                say(p, MHD_HTTP_NOT_FOUND, "no such page\n");
        else if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
                say(p, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
        else
                site->make(s->context, p);
}

/* Without memory the connection is closed without an answer. The parameters are libmicrohttpd's.
 * NOLINTNEXTLINE(readability-function-size) */
static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version maybe_unused,
                              const char *upload maybe_unused, size_t *upload_size, void **state) {
        static const char begun;
        struct page p = {};

        /* The first call has only the headers, and what a client uploads is passed over. */
        if (!*state || *upload_size > 0) {
                *upload_size = 0;
                memcpy(state, &(const void *){ &begun }, sizeof(*state));
                return MHD_YES;
        }
        make_page(context, method, path, &p);
        if (!p.text)
                return MHD_NO;
        struct MHD_Response *r = MHD_create_response_from_buffer(p.size, p.text, MHD_RESPMEM_MUST_FREE);
        if (!r) {
                free(p.text);
                return MHD_NO;
        }
        enum MHD_Result done = MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, p.type);
        if (done == MHD_YES && p.status == MHD_HTTP_METHOD_NOT_ALLOWED)
                done = MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
        if (done == MHD_YES)
                done = MHD_queue_response(connection, p.status, r);
        MHD_destroy_response(r);
        return done;
}

/* --- The socket. */

/* A socket that nobody listens on any more is in the way. */
static void remove_stale(const struct address *a) {
        struct stat st;
        autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (a->any.sa_family == AF_UNIX && a->un.sun_path[0] != '\0' && stat(a->un.sun_path, &st) == 0 &&
            S_ISSOCK(st.st_mode) && connect(fd, &a->any, a->size) < 0 && errno == ECONNREFUSED)
                (void) unlink(a->un.sun_path);
}

static int bind_to(const struct address *a) {
        autoclose int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0)
                return -errno;
        (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
        remove_stale(a);
        if (bind(fd, &a->any, a->size) < 0 || listen(fd, BACKLOG) < 0)
                return -errno;
        return TAKE_FD(fd);
}

static int open_socket(const char *text, const char **doing) {
        struct address a;

        *doing = "reading the address";
        int r = address_parse(text, &a);
        if (r < 0)
                return r;
        *doing = "listening";
        r = bind_to(&a);
        if (r == -EAFNOSUPPORT && a.is_port) { /* no IPv6 in this kernel */
                a.in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = a.in.sin_port };
                a.size = sizeof(a.in);
                r = bind_to(&a);
        }
        return r;
}

/* --- The loop. */

static int catch_signals(void) {
        sigset_t set;

        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGTERM);
        (void) sigaddset(&set, SIGINT);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;
        int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        return fd < 0 ? -errno : fd;
}

static int loop(struct MHD_Daemon *d, int signals) {
        const union MHD_DaemonInfo *info = MHD_get_daemon_info(d, MHD_DAEMON_INFO_EPOLL_FD);
        struct pollfd wait[] = { { .fd = signals, .events = POLLIN },
                                 { .fd = info ? info->epoll_fd : -1, .events = POLLIN } };

        while (wait[0].revents == 0) {
                MHD_UNSIGNED_LONG_LONG left;
                bool limited = MHD_get_timeout(d, &left) == MHD_YES;
                if (poll(wait, countof(wait), limited ? (int) MIN(left, 1000U * PATIENCE) : -1) < 0 &&
                    errno != EINTR)
                        return -errno;
                if (MHD_run(d) != MHD_YES)
                        return -EIO;
        }
        return 0;
}

int serve(int listening, const char *address, const struct site *sites, const void *context,
          const char **doing) {
        struct server s = { .sites = sites, .context = context };
        int fd = listening >= 0 ? listening : open_socket(address, doing);

        if (fd < 0)
                return fd;
        *doing = "waiting for signals";
        autoclose int signals = catch_signals();
        if (signals < 0)
                return signals;
        *doing = "serving";
        struct MHD_Daemon *d =
                MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, answer, &s, MHD_OPTION_LISTEN_SOCKET, fd,
                                 MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MOST, MHD_OPTION_CONNECTION_TIMEOUT,
                                 PATIENCE, MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY_MOST, MHD_OPTION_END);
        if (!d)
                return -EIO;
        (void) sd_notify(0, "READY=1");
        int r = loop(d, signals);
        MHD_stop_daemon(d);
        return r;
}
