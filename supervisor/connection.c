#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/io.h"
#include "base/log.h"
#include "base/text.h"
#include "config/recipe.h"
#include "init/letgo.h"
#include "supervisor/connection.h"
#include "supervisor/manager.h"

#define TELL_PAUSE USEC_PER_SEC /* between two lines about refusals */

static const struct socket_spec *spec_of(const struct listener *l) {
        return l->service->unit->socket;
}

/* --- Who it is. */

static bool is_same_source(const struct connection *a, const struct connection *b) {
        char x[ADDRESS_PRINT_MAX], y[ADDRESS_PRINT_MAX];

        if (a->peer.any.sa_family != b->peer.any.sa_family)
                return false;
        if (a->peer.any.sa_family == AF_UNIX)
                return a->has_peer_id && b->has_peer_id && a->peer_uid == b->peer_uid;
        return strcmp(address_print_host(&a->peer, x), address_print_host(&b->peer, y)) == 0;
}

static unsigned count_of_source(const struct listener *l, const struct connection *c) {
        unsigned n = 0;

        for (const struct connection *other = l->connections; other; other = other->next)
                n += is_same_source(other, c);
        return n;
}

/* An IPv4 peer of an IPv6 socket is what it is. */
static void unmap(struct address *a) {
        in_port_t port = a->in6.sin6_port;
        struct in_addr host;

        if (a->any.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr))
                return;
        memcpy(&host, &a->in6.sin6_addr.s6_addr[12], sizeof(host));
        memset(&a->in6, 0, sizeof(a->in6));
        a->in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = port, .sin_addr = host };
        a->size = sizeof(a->in);
}

static void ask(int fd, bool peer, struct address *ret) {
        struct address a;
        socklen_t size = sizeof(a.un);

        memset(&a, 0, sizeof(a));
        int r = peer ? getpeername(fd, &a.any, &size) : getsockname(fd, &a.any, &size);
        if (r == 0)
                a.size = size;
        unmap(&a);
        *ret = a;
}

/* "3-10.0.0.1:80-10.0.0.2:4711", or with the peer's PID and user of a local one: as systemd names them. */
static char *make_instance(const struct connection *c, uint64_t number, pid_t peer) {
        char local[INET6_ADDRSTRLEN + 8] = "", remote[INET6_ADDRSTRLEN + 8] = "";
        struct address own;
        unsigned long long n = number;

        ask(c->fd, false, &own);
        if (c->peer.any.sa_family == AF_UNIX)
                return c->has_peer_id ? text_format("%llu-%d-%u", n, peer, c->peer_uid)
                                      : text_format("%llu-unknown", n);
        if (c->peer.any.sa_family == AF_INET) {
                char x[ADDRESS_PRINT_MAX], y[ADDRESS_PRINT_MAX];

                return text_format("%llu-%s-%s", n, address_print(&own, x), address_print(&c->peer, y));
        }
        if (c->peer.any.sa_family != AF_INET6)
                return text_format("%llu", n);
        (void) inet_ntop(AF_INET6, &own.in6.sin6_addr, local, sizeof(local));
        (void) inet_ntop(AF_INET6, &c->peer.in6.sin6_addr, remote, sizeof(remote));
        return text_format("%llu-%s:%u-%s:%u", n, local, ntohs(own.in6.sin6_port), remote,
                           ntohs(c->peer.in6.sin6_port));
}

/* --- One connection. */

static void say_refused(struct listener *l, const char *key, unsigned most, const struct connection *c) {
        usec_t now = manager_now(l->service->manager);
        char from[ADDRESS_PRINT_MAX];

        if (l->refused_told != 0 && now - l->refused_told < TELL_PAUSE)
                return;
        l->refused_told = now;
        log_warning(l->service->unit->name, "a connection of %s is closed: %s=%u of them are served already",
                    address_print(&c->peer, from), key, most);
}

static bool is_one_too_many(struct listener *l, const struct connection *c) {
        const struct socket_spec *s = spec_of(l);

        if (l->n_connections >= s->max_connections) {
                say_refused(l, "MaxConnections", s->max_connections, c);
                return true;
        }
        if (s->max_per_source != 0 && count_of_source(l, c) >= s->max_per_source) {
                say_refused(l, "MaxConnectionsPerSource", s->max_per_source, c);
                return true;
        }
        return false;
}

static uint32_t count_services(const struct manager *m) {
        uint32_t n = m->plan.after.n;

        for (const struct service *s = m->leaving; s; s = s->next_leaving)
                n++;
        return n;
}

/* The name that the instance bears: the template's, with the instance behind its "@". */
static char *make_name(const char *template, const char *instance) {
        int n = (int) (strchr(template, '@') + 1 - template);

        return instance ? text_format("%.*s%s.service", n, template, instance) : NULL;
}

static int make_service(struct listener *l, struct connection *c, struct service **ret) {
        struct manager *m = l->service->manager;
        struct ucred peer = {};
        socklen_t size = sizeof(peer);

        if (c->peer.any.sa_family == AF_UNIX)
                c->has_peer_id = getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
        c->peer_uid = peer.uid;
        if (is_one_too_many(l, c))
                return 0;
        autofree char *instance = make_instance(c, l->n_accepted, peer.pid);
        autofree char *name = make_name(spec_of(l)->service, instance);
        if (!name)
                return -ENOMEM;
        l->n_accepted++;
        int r = recipe_make(spec_of(l)->recipe, name, &c->unit);
        if (r == 0)
                c->unit->file = NULL; /* a reload may drop the name before the service has ended */
        if (r == 0)
                r = manager_reserve(m, count_services(m) + 1);
        if (r < 0)
                return r;
        struct service *s = service_new(m, c->unit);
        if (!s)
                return -ENOMEM;
        *ret = s;
        return 1;
}

static void start(struct listener *l, struct connection *c, struct service *s) {
        struct manager *m = l->service->manager;

        c->listener = l;
        c->next = l->connections;
        l->connections = c;
        l->n_connections++;
        s->connection = c;
        s->next_leaving = m->leaving;
        m->leaving = s;
        service_dispatch(s, EVENT_START_ASKED);
        manager_touch(s); /* one that is skipped is at rest, and goes */
}

/* With the table of descriptors full the connection stays where it is, in the queue. */
static int take(struct listener *l, const struct port *p) {
        int fd = accept4(p->fd, NULL, NULL, SOCK_CLOEXEC);

        if (fd >= 0 || errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
                return fd;
        if (io_is_shortage(errno)) {
                log_warning(l->service->unit->name, "taking a connection: %s; it waits", strerror(errno));
                listener_pause(l);
        } else
                log_debug(l->service->unit->name, "taking a connection: %s", strerror(errno));
        return -1;
}

void connection_accept(struct listener *l, const struct port *p) {
        int fd = take(l, p), r = -ENOMEM;
        struct service *s = NULL;

        if (fd < 0)
                return;
        struct connection *c = calloc(1, sizeof(*c));
        if (!c)
                (void) close(fd);
        else {
                c->fd = fd;
                ask(fd, true, &c->peer);
                r = make_service(l, c, &s);
        }
        if (r > 0) {
                start(l, c, s);
                return;
        }
        if (r < 0)
                log_error(l->service->unit->name, "making a service for a connection: %s; it is closed",
                          strerror(-r));
        connection_free(c);
}

void connection_variables(const struct connection *c, char *address, char *port, size_t address_size,
                          size_t port_size) {
        char text[ADDRESS_PRINT_MAX];
        sa_family_t family = c->peer.any.sa_family;

        *address = *port = '\0';
        if (family != AF_INET && family != AF_INET6)
                return;
        (void) snprintf(address, address_size, "%s", address_print_host(&c->peer, text));
        (void) snprintf(port, port_size, "%u",
                        ntohs(family == AF_INET ? c->peer.in.sin_port : c->peer.in6.sin6_port));
}

void connection_handed_over(struct connection *c) {
        if (c->fd >= 0)
                (void) close(TAKE_FD(c->fd));
}

struct connection *connection_free(struct connection *c) {
        if (!c)
                return NULL;
        for (struct connection **at = c->listener ? &c->listener->connections : NULL; at && *at;
             at = &(*at)->next)
                if (*at == c) {
                        *at = c->next;
                        c->listener->n_connections--;
                        break;
                }
        if (c->fd >= 0)
                letgo_hang_up(TAKE_FD(c->fd));
        unit_free(c->unit);
        free(c);
        return NULL;
}

void connection_orphan_all(struct listener *l) {
        for (struct connection *c = l->connections; c; c = c->next)
                c->listener = NULL;
        l->connections = NULL;
        l->n_connections = 0;
}
