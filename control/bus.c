#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/log.h"
#include "control/bus-signal.h"
#include "control/bus.h"
#include "control/place.h"
#include "control/trust.h"

/* How many connections there may be: so that nobody, trusted or not, keeps out root or tend's own user. */
static const struct {
        unsigned each; /* user */
        unsigned all;
} rooms[STANDING_COUNT] = {
        [STANDING_OWNER] = { 64, 80 },
        [STANDING_MEMBER] = { 8, 32 },
        [STANDING_OTHER] = { 4, 16 },
};

/* How long one may say nothing of who it is. */
#define LIMIT          (10 * USEC_PER_SEC)
#define ACCEPT_PAUSE   (200 * USEC_PER_MSEC) /* where descriptors are lacking */
#define ACCEPT_AT_ONCE 16

/* --- Clients come and go. */

struct peer *bus_find_peer(const struct bus *b, uint32_t id) {
        struct peer *p = b->peers;

        while (p && p->id != id)
                p = p->next;
        return p;
}

static void close_lost(struct bus *b) {
        for (struct peer **at = &b->peers; *at && !b->is_busy;) {
                struct peer *p = *at;
                if (!p->is_lost) {
                        at = &p->next;
                        continue;
                }
                *at = p->next;
                b->n_subscribed -= p->subscribed;
                peer_free(p);
        }
}

/* What one has asked for may be news for the others. */
static void flush_others(struct bus *b, const struct peer *served) {
        if (!b->has_news)
                return;
        b->has_news = false;
        for (struct peer *p = b->peers; p; p = p->next)
                p->is_lost |= p != served && !p->is_lost && !peer_flush(p);
}

void bus_served(struct peer *p, bool stays) {
        struct bus *b = p->bus;

        b->is_busy = false;
        p->is_lost |= !stays;
        flush_others(b, p);
        close_lost(b);
}

static int on_peer(sd_event_source *source maybe_unused, int fd maybe_unused, uint32_t events,
                   void *context) {
        struct peer *p = context;

        p->bus->is_busy = true;
        bus_served(p, peer_serve(p, events));
        return 0;
}

static int on_limit(sd_event_source *source maybe_unused, uint64_t at maybe_unused, void *context) {
        struct peer *p = context;

        p->is_lost = true;
        close_lost(p->bus);
        return 0;
}

static enum standing standing_of(const struct peer *p) {
        if (p->may_change)
                return p->sasl.uid == 0 || p->sasl.uid == geteuid() ? STANDING_OWNER : STANDING_MEMBER;
        return STANDING_OTHER;
}

static bool has_room(const struct bus *b, const struct peer *who) {
        enum standing standing = standing_of(who);
        unsigned n = 0, n_own = 0;

        for (const struct peer *p = b->peers; p; p = p->next)
                if (standing_of(p) == standing) {
                        n++;
                        n_own += p->sasl.uid == who->sasl.uid;
                }
        return n < rooms[standing].all && n_own < rooms[standing].each;
}

/* By the configuration as it is now. False: it is not to be let in. */
static bool recognize(const struct bus *b, struct peer *p) {
        struct ucred who;
        socklen_t size = sizeof(who);

        if (getsockopt(p->fd, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0)
                return false;
        enum trust trust = trust_of(b->manager, p->fd, &who, p->user);
        p->sasl.uid = who.uid;
        p->sasl.takes_fds = p->may_change = trust == TRUST_ALL;
        return trust != TRUST_NONE;
}

static void admit(struct bus *b, int fd) {
        struct peer *p = peer_new(b, fd);

        if (!p)
                return;
        if (!recognize(b, p) || !has_room(b, p)) {
                peer_free(p);
                return;
        }
        p->id = ++b->last_peer;
        int r = sd_event_add_io(b->manager->event, &p->io, fd, EPOLLIN, on_peer, p);
        if (r >= 0)
                r = sd_event_add_time_relative(b->manager->event, &p->limit, CLOCK_MONOTONIC, LIMIT,
                                               USEC_PER_SEC, on_limit, p);
        if (r < 0) {
                peer_free(p);
                return;
        }
        p->next = b->peers;
        b->peers = p;
}

static void set_accepting(const struct bus *b, int enabled) {
        for (size_t i = 0; i < countof(b->doors); i++)
                if (b->doors[i].listen)
                        (void) sd_event_source_set_enabled(b->doors[i].listen, enabled);
}

static int on_pause_over(sd_event_source *source maybe_unused, uint64_t at maybe_unused, void *context) {
        struct bus *b = context;

        b->pause = sd_event_source_unref(b->pause);
        set_accepting(b, SD_EVENT_ON);
        return 0;
}

/* No descriptor is left for it, and it goes on asking: not to be looked at for a while. */
static void pause_accepting(struct bus *b) {
        int r = sd_event_add_time_relative(b->manager->event, &b->pause, CLOCK_MONOTONIC, ACCEPT_PAUSE, 0,
                                           on_pause_over, b);
        if (r >= 0)
                set_accepting(b, SD_EVENT_OFF);
}

static int on_listen(sd_event_source *source maybe_unused, int fd, uint32_t events maybe_unused,
                     void *context) {
        struct bus *b = context;

        for (unsigned n = 0; n < ACCEPT_AT_ONCE; n++) {
                int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
                if (client >= 0) {
                        admit(b, client);
                        continue;
                }
                if (errno != EAGAIN && io_is_shortage(errno))
                        pause_accepting(b);
                if (errno != EINTR && errno != ECONNABORTED)
                        break;
        }
        return 0;
}

/* --- Signals. */

struct wire_out *bus_signal(struct bus *b, bool subscribed, const struct wire_head *head) {
        struct wire_head h = *head;

        if (!b->peers || (subscribed && b->n_subscribed == 0))
                return NULL;
        h.type = WIRE_SIGNAL;
        h.flags = WIRE_NO_REPLY;
        h.serial = ++b->serial;
        h.sender = "org.freedesktop.systemd1";
        b->is_for_subscribed = subscribed;
        wire_begin(&b->signal, &h);
        return &b->signal;
}

/* One that could not be made is one that is not heard, as if there were no memory for the client's queue. */
static bool hears(const struct bus *b, const struct peer *p) {
        return p->sasl.state == SASL_DONE && (p->subscribed || !b->is_for_subscribed);
}

void bus_signal_send(struct bus *b) {
        int r = wire_end(&b->signal);

        for (struct peer *p = b->peers; p; p = p->next) {
                if (!hears(b, p))
                        continue;
                if (r >= 0)
                        peer_signal(p, b->signal.data, b->signal.n);
                p->is_lost |= r < 0 || (!b->is_busy && !peer_flush(p));
                b->has_news |= b->is_busy;
        }
        wire_done(&b->signal);
        close_lost(b);
}

/* --- From start to end. */

/* libsystemd's sd_booted(3) and what Debian's scripts look at. Without a systemctl they had better not see
 * it. */
static void say_booted(void) {
        if (access("/usr/bin/systemctl", X_OK) < 0 && access("/bin/systemctl", X_OK) < 0)
                return;
        (void) !io_make_dirs("/run/systemd/system", 0755);
        (void) !io_make_dirs("/run/systemd/ask-password", 0755);
}

static mode_t socket_mode(const struct manager *m) {
        return trust_is_shared(m) ? 0666 : 0600;
}

static int open_door(struct bus *b, struct door *d, int fd) {
        if (fd < 0)
                return fd;
        d->fd = fd;
        return sd_event_add_io(b->manager->event, &d->listen, fd, EPOLLIN, on_listen, b);
}

static void close_door(struct door *d) {
        sd_event_source_unref(d->listen);
        if (d->fd < 0)
                return;
        (void) close(d->fd);
        (void) unlink(d->path);
}

/* Where those look who are not root, and `systemctl start --wait`. It is no bus: clients do not meet there.
 */
static void open_system_bus(struct bus *b) {
        struct door *d = &b->doors[1];

        (void) snprintf(d->path, sizeof(d->path), "/run/dbus/system_bus_socket");
        int r = open_door(b, d, place_listen_at(d->path, socket_mode(b->manager), geteuid()));
        if (r < 0)
                log_warning(NULL, "SystemBus=yes: no socket can be made at %s: %s", d->path, strerror(-r));
}

static int listen_for_clients(struct bus *b) {
        const struct manager *m = b->manager;
        struct door *d = &b->doors[0];
        struct place_owner owner = {
                .uid = geteuid(),
                .runtime_directory = getenv("XDG_RUNTIME_DIR"),
                .is_guest = !m->init->is_pid1,
        };

        int r = open_door(b, d, place_listen(&owner, socket_mode(m), d->path));
        if (r < 0)
                return r;
        if (strcmp(d->path, "/run/systemd/private") == 0)
                say_booted();
        if (m->config->container.system_bus)
                open_system_bus(b);
        return 0;
}

static void close_bus(void *context) {
        struct bus *b = context;

        job_hook_remove(b->manager, &b->jobs);
        errands_done(b);
        for (struct peer *p = b->peers; p; p = p->next)
                p->is_lost = true;
        close_lost(b);
        sd_event_source_unref(b->pause);
        for (size_t i = 0; i < countof(b->doors); i++)
                close_door(&b->doors[i]);
        wire_done(&b->signal);
        free(b);
}

/* An answer about a thousand units is half a megabyte. As it is a mapping of its own all of that goes back to
 * the system; but the C library would keep such memory once one has been freed, unless told not to. */
#define MAPPED_FROM (128 * 1024)

static void *open_bus(struct manager *m) {
        if (m->config->container.control == CONTROL_NO)
                return NULL;
        struct bus *b = calloc(1, sizeof(*b));
        int r = -ENOMEM;

        (void) mallopt(M_MMAP_THRESHOLD, MAPPED_FROM);
        if (b) {
                b->manager = m;
                b->doors[0].fd = b->doors[1].fd = -1;
                bus_signal_open(b);
                r = listen_for_clients(b);
        }
        if (r >= 0)
                return b;
        log_warning(NULL,
                    "no control socket can be made: %s%s%s; the services run, but nobody can ask about them "
                    "(Control=no says that this is meant)",
                    b ? b->doors[0].path : "", b ? ": " : "", strerror(-r));
        if (b)
                close_bus(b);
        return NULL;
}

static void reloading(void *context, bool begins) {
        struct bus *b = context;

        for (size_t i = 0; i < countof(b->doors) && !begins; i++)
                if (b->doors[i].fd >= 0)
                        (void) chmod(b->doors[i].path, socket_mode(b->manager));
        for (struct peer *p = begins ? NULL : b->peers; p; p = p->next)
                p->is_lost |= !recognize(b, p);
        close_lost(b);
        bus_signal_reloading(b, begins);
}

const struct manager_hooks bus_hooks = {
        .open = open_bus,
        .close = close_bus,
        .stepped = bus_signal_stepped,
        .listed = bus_signal_listed,
        .reloading = reloading,
        .ready = bus_signal_ready,
};
