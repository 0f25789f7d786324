#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "control/bus-call.h"
#include "control/bus.h"
#include "init/letgo.h"

/* How much one may make us keep for it. */
#define SIGNALS_MOST 256
#define OUT_PAUSE    (64 * 1024)       /* not taken yet: it is not listened to until that is less */
#define OUT_MOST     (4 * 1024 * 1024) /* of signals; answers are as large as what was asked for */
#define READ_SIZE    4096
#define KEEP_SIZE    4096                /* larger buffers go when they are empty */
#define TURN         (2 * USEC_PER_MSEC) /* then the rest of the loop has its own */

struct peer *peer_free(struct peer *p) {
        if (!p)
                return NULL;
        sd_event_source_unref(p->io);
        sd_event_source_unref(p->limit);
        letgo_hang_up(p->fd);
        free(p->in);
        wire_done(&p->out);
        free(p);
        return NULL;
}

struct peer *peer_new(struct bus *b, int fd) {
        struct peer *p = calloc(1, sizeof(*p));

        if (!p) {
                letgo_hang_up(fd);
                return NULL;
        }
        p->bus = b;
        p->fd = fd;
        return p;
}

/* --- Out. */

static size_t queued(const struct peer *p) {
        return p->out.n - p->out_at;
}

/* It has all of it. */
static void forget_out(struct peer *p) {
        p->out.n = p->out.start = p->out_at = 0;
        p->n_signals = 0;
        if (p->out.room > KEEP_SIZE)
                wire_done(&p->out);
}

/* One who reads slowly, but never to the end, has no more kept for it than it has not read. */
static void forget_sent(struct peer *p) {
        if (p->out_at < OUT_PAUSE)
                return;
        memmove(p->out.data, p->out.data + p->out_at, queued(p));
        p->out.n -= p->out_at;
        p->out.start = p->out.n;
        p->out_at = 0;
}

static bool arm(struct peer *p) {
        uint32_t events =
                (queued(p) > 0 || p->has_more ? EPOLLOUT : 0U) | (queued(p) < OUT_PAUSE ? EPOLLIN : 0U);

        return sd_event_source_set_io_events(p->io, events) >= 0;
}

static bool send_queued(struct peer *p) {
        while (queued(p) > 0) {
                ssize_t n = send(p->fd, p->out.data + p->out_at, queued(p), MSG_DONTWAIT | MSG_NOSIGNAL);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno != EAGAIN)
                        return false;
                if (n < 0) {
                        forget_sent(p);
                        return true;
                }
                p->out_at += (size_t) n;
        }
        forget_out(p);
        return true;
}

bool peer_flush(struct peer *p) {
        return send_queued(p) && arm(p);
}

static void put(struct peer *p, const char *data, size_t n) {
        p->is_lost |= wire_append(&p->out, data, n) < 0;
}

void peer_signal(struct peer *p, const char *data, size_t size) {
        if (p->n_signals >= SIGNALS_MOST || queued(p) + size > OUT_MOST) {
                p->is_lost = true;
                return;
        }
        put(p, data, size);
        p->n_signals++;
}

/* --- In. */

/* Takes the first `n` bytes off what has come. */
static void shift(struct peer *p, size_t n) {
        p->in_n -= n;
        memmove(p->in, p->in + n, p->in_n);
}

/* One line, or the NUL before them: 1, 0 where it is not there yet, or a negative errno. */
static int take_line(struct peer *p) {
        char reply[SASL_REPLY_MAX];
        ssize_t n = sasl_take(&p->sasl, p->in, p->in_n, reply);

        if (n <= 0)
                return (int) n;
        put(p, reply, strlen(reply));
        shift(p, (size_t) n);
        if (p->sasl.state == SASL_DONE)
                p->limit = sd_event_source_unref(p->limit);
        return 1;
}

static int take_message(struct peer *p) {
        struct wire_head head;
        struct wire_in body;

        if (p->in_n < WIRE_HEADER_MIN)
                return 0;
        ssize_t size = wire_size(p->in);
        if (size < 0)
                return (int) size;
        if (p->in_n < (size_t) size)
                return 0;
        int r = wire_read_head(p->in, (size_t) size, &head, &body);
        if (r < 0)
                return r;
        if (head.type == WIRE_CALL)
                bus_call(p, &head, &body);
        shift(p, (size_t) size);
        return 1;
}

static int take(struct peer *p) {
        if (p->is_lost || p->in_n == 0 || queued(p) >= OUT_PAUSE)
                return 0;
        return p->sasl.state == SASL_DONE ? take_message(p) : take_line(p);
}

/* Room for the rest of the message that has begun, or for a little. */
static int make_room(struct peer *p) {
        size_t room = p->in_n + READ_SIZE;

        if (p->sasl.state == SASL_DONE && p->in_n >= WIRE_HEADER_MIN) {
                ssize_t size = wire_size(p->in);
                if (size < 0)
                        return (int) size;
                room = MAX((size_t) size, p->in_n + 1);
        }
        if (p->in_room >= room)
                return 0;
        /* Only as it comes: a header is no reason to set a megabyte aside. */
        size_t step = MAX(2 * p->in_room, (size_t) (2 * READ_SIZE));
        room = MIN(room, step);
        room = MAX(room, p->in_n + 1);
        if (p->in_room >= room)
                return 0;
        char *larger = realloc(p->in, room);
        if (!larger)
                return -ENOMEM;
        p->in = larger;
        p->in_room = room;
        return 0;
}

/* Descriptors are for those who may do everything: systemctl sends one of a process, which is nothing to wait
 * for when the kernel closes it. Whoever else sends any is left. */
static ssize_t receive(const struct peer *p, char *data, size_t size) {
        if (!p->may_change)
                return letgo_read(p->fd, data, size);
        ssize_t n = recv(p->fd, data, size, MSG_DONTWAIT);
        return n < 0 ? -errno : n;
}

/* How many bytes have come; 0 where there is nothing now, -EPIPE at the end. */
static ssize_t fill(struct peer *p) {
        int r = make_room(p);
        if (r < 0)
                return r;
        ssize_t n = receive(p, p->in + p->in_n, p->in_room - p->in_n);
        if (n == 0)
                return -EPIPE;
        if (n < 0)
                return n == -EAGAIN || n == -EINTR ? 0 : n;
        p->in_n += (size_t) n;
        return n;
}

static bool take_all(struct peer *p, usec_t until) {
        int r;

        while ((r = take(p)) > 0 && clock_monotonic() < until)
                ;
        return r >= 0;
}

static bool exchange(struct peer *p) {
        usec_t until = clock_monotonic() + TURN;
        bool again, is_over;
        ssize_t n;

        do { /* what came before it was made to wait is looked at first */
                if (!take_all(p, until) || p->is_lost)
                        return false;
                bool was_full = queued(p) >= OUT_PAUSE;
                if (!send_queued(p))
                        return false;
                again = was_full && queued(p) < OUT_PAUSE;
                is_over = clock_monotonic() >= until;
                n = !again && !is_over && queued(p) < OUT_PAUSE ? fill(p) : 0;
        } while ((again || n > 0) && !is_over);
        p->has_more = is_over && p->in_n > 0;
        return n >= 0;
}

bool peer_serve(struct peer *p, uint32_t events) {
        if (!send_queued(p) || !exchange(p))
                return false;
        if (p->in_n == 0 && p->in_room > KEEP_SIZE) {
                free(TAKE(p->in));
                p->in_room = 0;
        }
        /* Nothing more can be said to one who has hung up. */
        return (p->has_more || !(events & EPOLLHUP)) && arm(p);
}
