#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/parse.h"
#include "base/text.h"
#include "supervisor/environment.h"
#include "supervisor/inherited.h"

#define FIRST   3
#define MOST    4096
#define NO_NAME "unknown" /* as sd_listen_fds_with_names(3) calls them */

static unsigned count_of(char *const *environment) {
        const char *count = environment_get(environment, "LISTEN_FDS");
        unsigned n;

        return count && parse_unsigned(count, MOST, &n) == 0 ? n : 0;
}

unsigned inherited_count(char *const *environment) {
        const char *pid = environment_get(environment, "LISTEN_PID");

        return pid && strtol(pid, NULL, 10) == getpid() ? count_of(environment) : 0;
}

static void look(struct inherited_fd *f) {
        socklen_t size = sizeof(f->type);

        if (getsockopt(f->fd, SOL_SOCKET, SO_TYPE, &f->type, &size) < 0) {
                f->type = 0;
                return;
        }
        size = sizeof(f->address.un);
        if (getsockname(f->fd, &f->address.any, &size) == 0)
                f->address.size = size;
}

/* The names are parted by colons, in the order of the descriptors. */
static char *take_name(const char **names) {
        const char *from = *names;
        size_t n = from ? strcspn(from, ":") : 0;

        if (from)
                *names = from[n] == ':' ? from + n + 1 : NULL;
        return n > 0 ? strndup(from, n) : strdup(NO_NAME);
}

int inherited_open(struct inherited *i, char *const *environment) {
        const char *names = environment_get(environment, "LISTEN_FDNAMES");
        unsigned n = count_of(environment);

        if (n == 0)
                return 0;
        i->list = calloc(n, sizeof(*i->list));
        if (!i->list)
                return -ENOMEM;
        for (unsigned k = 0; k < n; k++) {
                struct inherited_fd *f = &i->list[i->n];
                autofree char *name = take_name(&names);

                if (!name)
                        return -ENOMEM;
                f->fd = FIRST + (int) k;
                if (fcntl(f->fd, F_SETFD, FD_CLOEXEC) < 0)
                        continue;
                f->name = TAKE(name);
                look(f);
                i->n++;
        }
        return 0;
}

void inherited_close(struct inherited *i) {
        for (unsigned k = 0; k < i->n; k++) {
                (void) close(i->list[k].fd);
                free(i->list[k].name);
        }
        free(i->list);
        *i = (struct inherited){};
}

static bool is_of_kind(const struct inherited_fd *f, enum listen_kind kind) {
        static const int types[LISTEN_KIND_COUNT] = {
                [LISTEN_STREAM] = SOCK_STREAM,
                [LISTEN_DATAGRAM] = SOCK_DGRAM,
                [LISTEN_SEQUENTIAL] = SOCK_SEQPACKET,
                [LISTEN_FIFO] = 0,
        };
        return f->type == types[kind];
}

static bool is_bound_there(const struct inherited_fd *f, const struct listen *l) {
        struct stat a, b;

        if (!is_of_kind(f, l->kind))
                return false;
        if (l->kind == LISTEN_FIFO)
                return fstat(f->fd, &a) == 0 && stat(l->text, &b) == 0 && a.st_dev == b.st_dev &&
                       a.st_ino == b.st_ino;
        return f->address.size > 0 && address_serves(&f->address, &l->address);
}

static bool is_named(const struct inherited_fd *f, const struct unit *u) {
        return strcmp(f->name, u->socket->fd_name ? u->socket->fd_name : u->name) == 0;
}

static struct inherited_fd *take(struct inherited_fd *f, const struct service *taker) {
        f->taker = taker;
        return f;
}

struct inherited_fd *inherited_take(struct inherited *i, const struct service *taker, const struct unit *u,
                                    const struct listen *l) {
        for (unsigned k = 0; k < i->n; k++)
                if (!i->list[k].taker && is_bound_there(&i->list[k], l))
                        return take(&i->list[k], taker);
        for (unsigned k = 0; k < i->n; k++)
                if (!i->list[k].taker && is_named(&i->list[k], u) && is_of_kind(&i->list[k], l->kind))
                        return take(&i->list[k], taker);
        return NULL;
}

struct inherited_fd *inherited_take_more(struct inherited *i, const struct service *taker,
                                         const struct unit *u) {
        for (unsigned k = 0; k < i->n; k++)
                if (!i->list[k].taker && is_named(&i->list[k], u))
                        return take(&i->list[k], taker);
        return NULL;
}

void inherited_give_back(struct inherited *i, const struct service *taker) {
        for (unsigned k = 0; k < i->n; k++)
                if (i->list[k].taker == taker)
                        i->list[k].taker = NULL;
}

static bool could_take(const struct unit *u, const struct inherited_fd *f) {
        if (!u->socket)
                return false;
        if (is_named(f, u))
                return true;
        for (const struct listen *l = u->socket->listens; l; l = l->next)
                if (is_bound_there(f, l))
                        return true;
        return false;
}

void inherited_report(const struct inherited *i, const struct config *c) {
        char address[ADDRESS_PRINT_MAX];

        for (unsigned k = 0; k < i->n; k++) {
                const struct inherited_fd *f = &i->list[k];
                bool is_taken = f->taker;

                for (size_t u = 0; u < c->n_units && !is_taken; u++)
                        is_taken = could_take(c->units[u], f);
                if (!is_taken)
                        log_warning(
                                NULL,
                                "descriptor %d (%s, %s), which tend was started with, is nobody's: a section "
                                "[NAME.socket] with FileDescriptorName=%s takes it",
                                f->fd, f->name,
                                f->address.size > 0 ? address_print(&f->address, address) : "no socket",
                                f->name);
        }
}
