/* A client of the bus while memory runs out: wherever that is, it costs the client its answer or its
 * connection, and nobody anything else. */
#include <dirent.h>
#include <malloc.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "config/override.h"
#include "control/bus-call.h"
#include "control/live-status.h"

#include "tests/unit/scarce.h"
#include "tests/unit/test.h"
#include "tests/unit/world.h"

#define ROUNDS      8
#define ROUNDS_MOST 200 /* more allocations than all that is asked takes */
#define SERIAL_LAST 99

static const char hello[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";

static void add_call(struct wire_out *out, const char *path, const char *interface, const char *member,
                     const char *signature, const char *word) {
        static uint32_t serial;
        const struct wire_head head = {
                .type = WIRE_CALL,
                .serial =
                        strcmp(member, "Ping") == 0 ? SERIAL_LAST : ++serial % SERIAL_LAST + SERIAL_LAST + 1,
                .path = path,
                .interface = interface,
                .member = member,
                .signature = signature,
        };

        wire_begin(out, &head);
        if (strcmp(signature, "s") == 0)
                wire_string(out, word);
        else if (strcmp(signature, "as") == 0)
                wire_strings(out, NULL);
        else if (strcmp(signature, "sba(sv)") == 0) {
                wire_string(out, word);
                wire_u32(out, true);
                struct wire_mark mark = wire_array(out, 8);
                wire_struct(out);
                wire_string(out, "AllowedCPUs");
                wire_variant(out, "s");
                wire_string(out, "0 1");
                wire_array_end(out, mark);
        }
        CHECK(wire_end(out) == 0);
}

static void add_all(struct wire_out *out) {
        static const char unit[] = OBJECT_ROOT "/unit/a_2eservice";

        CHECK(wire_append(out, hello, sizeof(hello) - 1) == 0);
        add_call(out, OBJECT_ROOT, MANAGER_INTERFACE, "Subscribe", "", NULL);
        add_call(out, OBJECT_ROOT, MANAGER_INTERFACE, "ListUnits", "", NULL);
        add_call(out, unit, PROPERTIES_INTERFACE, "GetAll", "s", "");
        add_call(out, unit, "org.freedesktop.DBus.Introspectable", "Introspect", "", NULL);
        add_call(out, OBJECT_ROOT, MANAGER_INTERFACE, "SetUnitProperties", "sba(sv)", "a.service");
        add_call(out, OBJECT_ROOT, MANAGER_INTERFACE, "ResetFailedUnit", "s", "a.service");
        add_call(out, LIVE_PATH, LIVE_INTERFACE, "GetStatus", "as", NULL);
        add_call(out, "/nothing/here", "a.b", "NoSuchMethod", "", NULL);
        add_call(out, OBJECT_ROOT, "org.freedesktop.DBus.Peer", "Ping", "", NULL);
}

/* Whether the answer to the last call is among what has come. */
static bool has_last(const char *data, size_t n) {
        struct wire_head head;
        struct wire_in body;

        for (ssize_t size; n >= WIRE_HEADER_MIN; data += size, n -= (size_t) size) {
                size = wire_size(data);
                if (size < 0 || (size_t) size > n || wire_read_head(data, (size_t) size, &head, &body) < 0)
                        return false;
                if (head.reply_serial == SERIAL_LAST)
                        return true;
        }
        return false;
}

/* Serves a client that says all that; `after`: where memory runs out. Whether it has all answers. */
static bool converse(struct bus *b, const struct wire_out *said, unsigned after) {
        static char got[256 * 1024];
        size_t n = 0;
        int ends[2];

        if (!CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0))
                return false;
        CHECK(send(ends[1], said->data, said->n, MSG_NOSIGNAL) == (ssize_t) said->n);
        scarce_after(after);
        struct peer *p = peer_new(b, ends[0]);
        if (p && sd_event_add_io(b->manager->event, &p->io, ends[0], EPOLLIN, NULL, p) >= 0) {
                p->sasl.uid = geteuid();
                p->may_change = true;
                b->peers = p;
                for (int i = 0; i < ROUNDS_MOST && peer_serve(p, EPOLLIN) && !p->is_lost; i++) {
                        ssize_t more = recv(ends[1], got + n, sizeof(got) - n, MSG_DONTWAIT);
                        if (more <= 0)
                                break;
                        n += (size_t) more;
                }
                b->n_subscribed -= p->subscribed;
                b->peers = NULL;
        }
        peer_free(p);
        scarce_after(SCARCE_NEVER);
        for (ssize_t more; (more = recv(ends[1], got + n, sizeof(got) - n, MSG_DONTWAIT)) > 0;)
                n += (size_t) more;
        (void) close(ends[1]);
        const char *messages = n > 0 ? memmem(got, n, "OK ", 3) : NULL;
        messages = messages ? memchr(messages, '\n', n - (size_t) (messages - got)) : NULL;
        return messages && has_last(messages + 1, n - (size_t) (messages + 1 - got));
}

static unsigned count_descriptors(void) {
        DIR *list = opendir("/proc/self/fd");
        unsigned n = 0;

        while (list && readdir(list))
                n++;
        if (list)
                (void) closedir(list);
        return n;
}

TEST(bus_serves_on_where_memory_was_lacking) {
        struct world w;
        struct wire_out said = {};

        world_init(&w, "[a]\nExecStart=x\nAllowedCPUs=0\n[b]\nExecStart=x\n", 0);
        w.manager.cgroups.root = -1;
        if (!CHECK(sd_event_new(&w.manager.event) >= 0))
                return;
        struct bus b = { .manager = &w.manager, .doors = { { .fd = -1 }, { .fd = -1 } } };
        add_all(&said);
        /* All but the last make what is made once, and fill what malloc() keeps back for each thread. */
        for (int round = 0; round < ROUNDS; round++) {
                unsigned descriptors = count_descriptors(), n_failed = 0;
                size_t memory = mallinfo2().uordblks;
                for (unsigned after = 0; after < ROUNDS_MOST; after++) {
                        n_failed += !converse(&b, &said, after);
                        CHECK(b.n_subscribed == 0 && !b.peers, "after %u", after);
                        wire_done(&b.signal);
                        w.manager.overrides = override_free(w.manager.overrides);
                }
                /* It ran out, and at last it did not. */
                CHECK(n_failed > 5 && n_failed < ROUNDS_MOST, "%u", n_failed);
                CHECK(count_descriptors() == descriptors);
                size_t more = mallinfo2().uordblks - memory;
                CHECK(round < ROUNDS - 1 || more == 0, "%zu bytes more", more);
        }
        CHECK(converse(&b, &said, SCARCE_NEVER));
        w.manager.overrides = override_free(w.manager.overrides);
        wire_done(&said);
        wire_done(&b.signal);
        sd_event_unref(TAKE(w.manager.event));
        world_done(&w);
}
