#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>

#include "base/io.h"
#include "control/bus-call.h"
#include "control/errand.h"

#define ERRANDS_MOST      8                   /* of those who may do everything */
#define ERRANDS_OF_OTHERS 2                   /* who must not have what they need */
#define LIMIT             (20 * USEC_PER_SEC) /* systemctl waits for 25 s */
#define TEXT_MOST         (4 * 1024 * 1024)
#define READ_SIZE         4096
#define WHOLE             "\nwhole\n" /* at the end of what has been written to the end */

struct errand {
        struct errand *next; /* owned; the bus's list */
        struct bus *bus;     /* borrowed */
        uint32_t peer, serial;
        uint8_t flags;   /* of the call */
        bool may_change; /* the client */
        const struct method *method;
        errand_answer answer;
        pid_t pid; /* of the child, and of the group that it makes */
        int pidfd; /* owned; -1: the child is left to itself */
        int fd;
        sd_event_source *io, *limit; /* owned */
        char *text;                  /* owned */
        size_t n, room;
};

static struct errand *errand_free(struct errand *e) {
        sd_event_source_unref(e->io);
        sd_event_source_unref(e->limit);
        if (e->fd >= 0)
                (void) close(e->fd);
        if (e->pidfd >= 0)
                (void) close(e->pidfd);
        free(e->text);
        free(e);
        return NULL;
}

static void take_out(struct errand *e) {
        struct errand **at = &e->bus->errands;

        while (*at && *at != e)
                at = &(*at)->next;
        if (*at)
                *at = e->next;
}

/* --- The answer, if there is still somebody to hear it. */

static bool is_whole(struct errand *e) {
        size_t n = strlen(WHOLE);

        if (e->n < n || memcmp(e->text + e->n - n, WHOLE, n) != 0)
                return false;
        e->n -= n;
        e->text[e->n] = '\0';
        return true;
}

static void finish(struct errand *e, bool in_time) {
        struct peer *p = bus_find_peer(e->bus, e->peer);
        const struct wire_head head = { .serial = e->serial, .flags = e->flags };

        take_out(e);
        if (p && !p->is_lost) {
                struct call c = {
                        .bus = e->bus, .peer = p, .head = &head, .out = &p->out, .method = e->method
                };
                e->bus->is_busy = true;
                object_find(&c.object, e->bus, OBJECT_ROOT);
                if (in_time && is_whole(e))
                        e->answer(&c, e->text, e->n);
                else
                        call_fail(&c, ERROR_FAILED, "%s() %s", e->method->name,
                                  in_time ? "came to nothing" : "takes too long");
                bus_served(p, call_end(&c) && peer_flush(p));
        }
        errand_free(e);
}

/* While the child is there its number is nobody else's. What it waits for goes with it. */
static void end_child(const struct errand *e) {
        if (e->pidfd >= 0 && pidfd_send_signal(e->pidfd, SIGKILL, NULL, 0) == 0)
                (void) kill(-e->pid, SIGKILL);
}

static int on_limit(sd_event_source *source maybe_unused, uint64_t at maybe_unused, void *context) {
        end_child(context);
        finish(context, false);
        return 0;
}

static bool make_room(struct errand *e) {
        if (e->n + READ_SIZE < e->room)
                return true;
        size_t room = MAX(2 * e->room, (size_t) (2 * READ_SIZE));
        char *text = e->n < TEXT_MOST ? realloc(e->text, room) : NULL;
        if (!text)
                return false;
        e->text = text;
        e->room = room;
        return true;
}

static int on_text(sd_event_source *source maybe_unused, int fd, uint32_t events maybe_unused,
                   void *context) {
        struct errand *e = context;
        ssize_t n = make_room(e) ? read(fd, e->text + e->n, READ_SIZE) : 0;

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n > 0)
                e->n += (size_t) n;
        else
                finish(e, true);
        return 0;
}

/* --- The child. */

static _Noreturn void work_in_child(const struct init *init, int fd, errand_work work, void *context) {
        (void) setpgid(0, 0);
        init_restore_signals(init, false);
        FILE *out = fdopen(fd, "w");
        int r = out ? work(context, out) : -ENOMEM;

        if (r >= 0)
                (void) fputs(WHOLE, out);
        _exit(out && fclose(out) == 0 && r >= 0 ? 0 : 1);
}

static int start(struct errand *e, errand_work work, void *context) {
        struct manager *m = e->bus->manager;
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        pid_t pid = fork();
        if (pid == 0)
                work_in_child(m->init, ends[1], work, context);
        int r = pid < 0 ? -errno : 0;
        e->pid = pid;
        e->pidfd = pid < 0 ? -1 : pidfd_open(pid, 0);
        (void) close(ends[1]);
        e->fd = ends[0];
        if (r == 0 && fcntl(e->fd, F_SETFL, O_NONBLOCK) < 0)
                r = -errno;
        if (r >= 0)
                r = sd_event_add_io(m->event, &e->io, e->fd, EPOLLIN, on_text, e);
        if (r >= 0)
                r = sd_event_add_time_relative(m->event, &e->limit, CLOCK_MONOTONIC, LIMIT, 0, on_limit, e);
        return r;
}

void errand_run(struct call *c, errand_work work, void *context, errand_answer answer) {
        unsigned n = 0, most = c->peer->may_change ? ERRANDS_MOST : ERRANDS_OF_OTHERS;

        for (const struct errand *other = c->bus->errands; other; other = other->next)
                n += other->may_change == c->peer->may_change;
        struct errand *e = n < most ? calloc(1, sizeof(*e)) : NULL;
        int r = e ? 0 : n < most ? -ENOMEM : -EBUSY;
        if (e) {
                *e = (struct errand){
                        .bus = c->bus,
                        .peer = c->peer->id,
                        .serial = c->head->serial,
                        .flags = c->head->flags,
                        .may_change = c->peer->may_change,
                        .method = c->method,
                        .answer = answer,
                        .pidfd = -1,
                        .fd = -1,
                };
                r = start(e, work, context);
        }
        if (r < 0) {
                if (e)
                        errand_free(e);
                call_fail_errno(c, r, "making a process");
                return;
        }
        e->next = c->bus->errands;
        c->bus->errands = e;
        c->is_later = true;
}

void errands_done(struct bus *b) {
        while (b->errands) {
                struct errand *e = b->errands;
                b->errands = e->next;
                errand_free(e);
        }
}
