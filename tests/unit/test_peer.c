#include <sys/socket.h>

#include "control/peer.h"
#include "tests/unit/test.h"

/* Takes `n` bytes off the other end, and lets tend send more. */
static void read_on(struct peer *p, int fd, size_t n) {
        char piece[4096];

        while (n > 0) {
                ssize_t got = recv(fd, piece, MIN(n, sizeof(piece)), MSG_DONTWAIT);
                CHECK(got > 0);
                if (got <= 0)
                        break;
                n -= (size_t) got;
        }
        CHECK(peer_flush(p));
}

static int do_nothing(sd_event_source *source maybe_unused, int fd maybe_unused, uint32_t events maybe_unused,
                      void *context maybe_unused) {
        return 0;
}

/* One who reads as much as comes, but is never through, has no more kept for it than what it has not read. */
TEST(peer_keeps_what_was_not_read) {
        enum { PIECE = 300 * 1024 };
        static const char piece[PIECE];
        sd_event *event = NULL;
        int ends[2];

        CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
        struct peer *p = peer_new(NULL, ends[0]);
        CHECK(sd_event_new(&event) >= 0);
        CHECK(sd_event_add_io(event, &p->io, ends[0], EPOLLIN, do_nothing, NULL) >= 0);
        peer_signal(p, piece, PIECE);
        for (unsigned i = 0; i < 200; i++) {
                peer_signal(p, piece, PIECE);
                CHECK(peer_flush(p));
                for (unsigned part = 0; part < 10; part++)
                        read_on(p, ends[1], PIECE / 10);
        }
        CHECK(!p->is_lost);
        CHECK(p->out.room < (size_t) 8 * PIECE, "%zu bytes are kept", p->out.room);
        peer_free(p);
        sd_event_unref(event);
        (void) close(ends[1]);
}
