/* Any calls of a client of the control socket, with whatever arguments, as PID 1 serves them: a manager with
 * units, and no processes. The input, behind a byte that says what it is and who the client, are records of a
 * byte that says which method, one that says of which object, one of flags, two of the length of the
 * arguments, and these; or the bytes of messages themselves. What comes back is whole messages.
 *
 * No process is made: the Makefile has fork() fail. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/text.h"
#include "config/override.h"
#include "control/bus-call.h"
#include "control/bus-signal.h"
#include "control/live-status.h"
#include "tests/unit/test.h"
#include "tests/unit/world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
pid_t __wrap_fork(void);

#define ROUNDS_MOST 100

pid_t __wrap_fork(void) {
        errno = EAGAIN;
        return -1;
}

/* Of the unit tests' tools, which are used here without them. */
bool test_check(bool ok, const char *file maybe_unused, int line maybe_unused, const char *words maybe_unused,
                const char *format maybe_unused, ...) {
        if (!ok)
                abort();
        return ok;
}

bool test_check_string(const char *got maybe_unused, const char *wanted maybe_unused,
                       const char *file maybe_unused, int line maybe_unused, const char *format maybe_unused,
                       ...) {
        abort(); /* of scripts, which are not played here */
}

static const char *const objects[] = {
        OBJECT_ROOT,
        LIVE_PATH,
        "/",
        "/org/freedesktop/DBus",
        OBJECT_ROOT "/unit",
        OBJECT_ROOT "/unit/a_2eservice",
        OBJECT_ROOT "/unit/b_2eservice",
        OBJECT_ROOT "/unit/c_2eservice",
        OBJECT_ROOT "/unit/nothing_2eservice",
        OBJECT_ROOT "/job/1",
        "/nothing",
};

static const struct method *pick(uint8_t n, const struct interface **ret) {
        for (size_t i = 0; i < n_interfaces; i++) {
                if (n < interfaces[i]->n_methods) {
                        *ret = interfaces[i];
                        return &interfaces[i]->methods[n];
                }
                n = (uint8_t) (n - interfaces[i]->n_methods);
        }
        *ret = &interface_peer;
        return interface_peer.methods;
}

/* Those that read files of this machine. */
static bool is_left_out(const struct method *m) {
        return text_starts(m->name, "Reload") && m->takes[0] == '\0';
}

/* One record as a message. Returns what is left of the input. */
static size_t add_call(struct wire_out *out, const uint8_t *data, size_t size, uint32_t serial) {
        const struct interface *interface;
        const struct method *m = pick(data[0], &interface);
        size_t n = MIN((size_t) (data[3] | data[4] << 8), size - 5);
        const struct wire_head head = {
                .type = WIRE_CALL,
                .flags = data[2] & WIRE_NO_REPLY,
                .serial = serial,
                .path = objects[data[1] % countof(objects)],
                .interface = data[2] & 2 ? NULL : interface->name,
                .member = m->name,
                .signature = data[2] & 4 ? "s" : m->takes,
        };

        if (!is_left_out(m)) {
                wire_begin(out, &head);
                for (size_t i = 0; i < n; i++)
                        wire_byte(out, data[5 + i]);
                CHECK(wire_end(out) == 0);
        }
        return size - 5 - n;
}

static void look_at_answers(const char *data, size_t n) {
        struct wire_head head;
        struct wire_in body;

        for (ssize_t size; n >= WIRE_HEADER_MIN; data += size, n -= (size_t) size) {
                size = wire_size_within(data, WIRE_ANSWER_MOST);
                CHECK(size > 0);
                if ((size_t) size > n)
                        return; /* the rest was not taken */
                CHECK(wire_read_head(data, (size_t) size, &head, &body) == 0);
        }
}

static void converse(struct bus *b, const struct wire_out *said, bool may_change) {
        static char got[1024 * 1024];
        size_t n = 0, told = 0;
        int ends[2];

        CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
        struct peer *p = peer_new(b, ends[0]);
        CHECK(p && sd_event_add_io(b->manager->event, &p->io, ends[0], EPOLLIN, NULL, p) >= 0);
        p->sasl.state = SASL_DONE;
        p->may_change = may_change;
        b->peers = p;
        b->is_busy = true;
        for (int i = 0; i < ROUNDS_MOST; i++) {
                ssize_t more = send(ends[1], said->data + told, said->n - told, MSG_NOSIGNAL | MSG_DONTWAIT);
                told += more > 0 ? (size_t) more : 0;
                bool stays = peer_serve(p, EPOLLIN) && !p->is_lost;
                more = recv(ends[1], got + n, sizeof(got) - n, MSG_DONTWAIT);
                n += more > 0 ? (size_t) more : 0;
                if (!stays || (more <= 0 && told == said->n))
                        break;
        }
        look_at_answers(got, n);
        b->n_subscribed -= p->subscribed;
        b->peers = peer_free(p);
        (void) close(ends[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const char units[] = "[a]\nExecStart=x\nAllowUsers=12\n"
                                    "[b]\nExecStart=x\nAfter=a\nRequires=a\nMemoryMax=1M\n"
                                    "[c]\nType=oneshot\nRemainAfterExit=yes\nExecStart=x\nWants=a\n";
        static char nowhere[] = "/nonexistent";
        static struct init init = { .signal_fd = -1 };
        struct wire_out said = {};
        struct world w;

        if (size < 2)
                return -1;
        world_init(&w, units, 0);
        w.options.load.path = w.options.load.unit_path = nowhere;
        w.manager.init = &init;
        w.manager.cgroups.root = -1;
        CHECK(sd_event_new(&w.manager.event) >= 0);
        struct bus b = { .manager = &w.manager, .doors = { { .fd = -1 }, { .fd = -1 } } };
        bus_signal_open(&b);
        if (data[0] & 1)
                CHECK(wire_append(&said, (const char *) data + 1, size - 1) == 0);
        else {
                size_t left = size - 1;
                for (uint32_t serial = 1; left > 5; serial++)
                        left = add_call(&said, data + size - left, left, serial);
        }
        if (said.n > 0)
                converse(&b, &said, !(data[0] & 2));
        job_hook_remove(&w.manager, &b.jobs);
        wire_done(&said);
        wire_done(&b.signal);
        w.manager.overrides = override_free(w.manager.overrides);
        sd_event_unref(TAKE(w.manager.event));
        world_done(&w);
        return 0;
}
