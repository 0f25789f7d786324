#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/log.h"
#include "base/text.h"
#include "config/user.h"
#include "supervisor/bind.h"
#include "supervisor/sockopt.h"

struct binding {
        const struct unit *unit;
        const struct listen *listen;
        const char *doing;
        int family;
};

static int make_parents(struct binding *b, const char *path, unsigned mode) {
        const char *slash = strrchr(path, '/');
        autofree char *directory = strndup(path, (size_t) (slash - path));

        b->doing = "making its directory";
        if (!directory)
                return -ENOMEM;
        return *directory == '\0' ? 0 : io_make_dirs(directory, mode);
}

/* Names are looked up where the services' own are: in the container's files. */
static int give_away(struct binding *b, const char *path) {
        const struct socket_spec *s = b->unit->socket;
        struct user user = { .uid = (uid_t) -1, .gid = (gid_t) -1 };
        int r = 0;

        if (s->user) {
                b->doing = "finding SocketUser=";
                r = user_find(s->user, &user);
        }
        if (r == 0 && s->group) {
                b->doing = "finding SocketGroup=";
                r = group_find(s->group, &user.gid);
        }
        if (r < 0 || (!s->user && !s->group))
                return r;
        b->doing = "giving it to SocketUser= and SocketGroup=";
        return lchown(path, user.uid, user.gid) < 0 ? -errno : 0;
}

/* Read and write, so that it neither waits for a writer nor ends with the last of them. */
static int open_fifo(struct binding *b) {
        const char *path = b->listen->text;
        mode_t before = umask(0);
        struct stat st;

        b->doing = "making the FIFO";
        int r = mkfifo(path, b->unit->socket->mode) < 0 && errno != EEXIST ? -errno : 0;
        (void) umask(before);
        if (r < 0)
                return r;
        b->doing = "opening the FIFO";
        autoclose int fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISFIFO(st.st_mode))
                return -EEXIST;
        if ((st.st_mode & 07777) != b->unit->socket->mode && fchmod(fd, b->unit->socket->mode) < 0)
                return -errno;
        return TAKE_FD(fd);
}

static int socket_type(enum listen_kind kind) {
        return kind == LISTEN_STREAM ? SOCK_STREAM : kind == LISTEN_DATAGRAM ? SOCK_DGRAM : SOCK_SEQPACKET;
}

static int make_socket(struct binding *b, struct address *a) {
        static const int protocols[] = {
                [SOCKET_PROTOCOL_UDPLITE] = IPPROTO_UDPLITE,
                [SOCKET_PROTOCOL_SCTP] = IPPROTO_SCTP,
        };
        int type = socket_type(b->listen->kind) | SOCK_CLOEXEC | SOCK_NONBLOCK;
        uint8_t asked = b->unit->socket->protocol;
        int protocol = a->any.sa_family == AF_UNIX || asked >= countof(protocols) ? 0 : protocols[asked];

        b->doing = "making the socket";
        int fd = socket(a->any.sa_family, type, protocol);
        if (fd < 0 && errno == EAFNOSUPPORT && a->is_port) { /* a machine without IPv6 */
                in_port_t port = a->in6.sin6_port;

                memset(&a->in6, 0, sizeof(a->in6));
                a->in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = port };
                a->size = sizeof(a->in);
                fd = socket(AF_INET, type, protocol);
        }
        b->family = a->any.sa_family;
        return fd < 0 ? -errno : fd;
}

static int find_scope(struct binding *b, struct address *a) {
        unsigned number;

        if (*a->scope == '\0')
                return 0;
        b->doing = "finding its interface";
        number = if_nametoindex(a->scope);
        if (number == 0)
                number = (unsigned) strtoul(a->scope, NULL, 10);
        a->in6.sin6_scope_id = number;
        return number == 0 ? -ENODEV : 0;
}

static int prepare(struct binding *b, int fd) {
        uint8_t only = b->unit->socket->bind_ipv6_only;

        b->doing = "BindIPv6Only=";
        if (b->family == AF_INET6 && only != BIND_IPV6_DEFAULT &&
            setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){ only == BIND_IPV6_IPV6_ONLY }, sizeof(int)) < 0)
                return -errno;
        b->doing = "SO_REUSEADDR";
        if ((b->family == AF_INET || b->family == AF_INET6) &&
            setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)) < 0)
                return -errno;
        return sockopt_apply(b->unit, b->listen, b->family, fd, SOCKOPT_BEFORE_BIND, &b->doing);
}

/* What an earlier life left behind is replaced; what is no socket is not ours to remove. */
static int bind_address(struct binding *b, int fd, const struct address *a, const char *path) {
        struct stat st;
        mode_t before = umask(~b->unit->socket->mode & 0777);

        b->doing = "binding";
        int r = bind(fd, &a->any, a->size) < 0 ? -errno : 0;
        if (r == -EADDRINUSE && path && lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && unlink(path) == 0)
                r = bind(fd, &a->any, a->size) < 0 ? -errno : 0;
        (void) umask(before);
        return r;
}

static int open_socket(struct binding *b, const char *path) {
        struct address a = b->listen->address;
        autoclose int fd = make_socket(b, &a);

        int r = fd < 0 ? fd : find_scope(b, &a);
        if (r == 0)
                r = prepare(b, fd);
        if (r == 0)
                r = bind_address(b, fd, &a, path);
        if (r == 0)
                r = sockopt_apply(b->unit, b->listen, b->family, fd, SOCKOPT_AFTER_BIND, &b->doing);
        if (r < 0)
                return r;
        b->doing = "listening";
        if (b->listen->kind != LISTEN_DATAGRAM &&
            listen(fd, (int) MIN(b->unit->socket->backlog, (unsigned) INT_MAX)) < 0)
                return -errno;
        return TAKE_FD(fd);
}

int bind_open(const struct unit *u, const struct listen *l, const char **ret_doing) {
        struct binding b = { .unit = u, .listen = l, .family = AF_UNSPEC };
        const char *path = listen_path(l);

        int r = path ? make_parents(&b, path, u->socket->directory_mode) : 0;
        if (r == 0)
                r = l->kind == LISTEN_FIFO ? open_fifo(&b) : open_socket(&b, path);
        autoclose int fd = r;
        if (r >= 0 && l->kind == LISTEN_FIFO)
                r = sockopt_apply(u, l, AF_UNSPEC, fd, SOCKOPT_AFTER_BIND, &b.doing);
        if (r >= 0 && path)
                r = give_away(&b, path);
        *ret_doing = b.doing;
        return r < 0 ? r : TAKE_FD(fd);
}

static const char *only_path(const struct unit *u) {
        const char *only = NULL;

        for (const struct listen *l = u->socket->listens; l; l = l->next) {
                const char *path = listen_path(l);

                if (path && only)
                        return NULL;
                only = path ? path : only;
        }
        return only;
}

void bind_make_links(const struct unit *u) {
        const char *path = only_path(u);

        for (char **link = u->socket->symlinks; path && link && *link; link++) {
                struct binding b = {};
                struct stat st;
                int r = make_parents(&b, *link, u->socket->directory_mode);

                if (r == 0 && lstat(*link, &st) == 0 && S_ISLNK(st.st_mode))
                        (void) unlink(*link);
                if (r == 0 && symlink(path, *link) < 0)
                        r = -errno;
                if (r < 0)
                        log_warning(u->name, "Symlinks=%s is not made: %s", *link, strerror(-r));
        }
}

void bind_remove(const struct unit *u) {
        if (!u->socket->remove_on_stop)
                return;
        for (const struct listen *l = u->socket->listens; l; l = l->next)
                if (listen_path(l))
                        (void) unlink(listen_path(l));
        for (char **link = u->socket->symlinks; link && *link; link++)
                (void) unlink(*link);
}
