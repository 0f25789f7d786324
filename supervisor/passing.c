#include <errno.h>
#include <string.h>

#include "supervisor/connection.h"
#include "supervisor/manager.h"
#include "supervisor/passing.h"
#include "supervisor/vigil.h"

#define VARIABLE "LISTEN_FDNAMES="

/* What goes in, one after another. With no room yet it is only counted. */
struct writer {
        int *fds;
        char *names;
        unsigned n;
        size_t length;
};

static void put(struct writer *w, int fd, const char *name, size_t length) {
        if (w->fds) {
                w->fds[w->n] = fd;
                if (w->n > 0)
                        w->names[w->length - 1] = ':';
                memcpy(w->names + w->length, name, length);
                w->names[w->length + length] = '\0';
        }
        w->n++;
        w->length += length + 1;
}

static void put_sockets(struct writer *w, const struct service *s) {
        const struct connection *c = s->connection;

        if (c && c->fd >= 0) {
                const char *name = c->listener ? socket_fd_name(c->listener->service->unit) : "connection";
                put(w, c->fd, name, strlen(name));
        }
        for (const struct listener *l = s->manager->listeners.list; l && !c; l = l->next) {
                if (!socket_is_for(l->service->unit, s->unit))
                        continue;
                const char *name = socket_fd_name(l->service->unit);
                for (unsigned i = 0; i < l->n_ports; i++)
                        put(w, l->ports[i].fd, name, strlen(name));
        }
}

/* Those in store have their names in one list already, behind the same word. */
static void put_stored(struct writer *w, const struct vigil *v) {
        const char *name = v ? v->names : NULL;

        if (!name || v->n_stored == 0)
                return;
        name += strlen(VARIABLE);
        for (unsigned i = 0; i < v->n_stored; i++) {
                size_t n = strcspn(name, ":");

                put(w, v->fds[i], name, n);
                name += n + (name[n] == ':');
        }
}

int passing_collect(const struct service *s, struct passing *ret) {
        const struct vigil *v = s->vigil;
        struct writer count = {};

        *ret = (struct passing){};
        if (s->connection || s->manager->listeners.list)
                put_sockets(&count, s);
        if (count.n == 0) {
                if (v && v->n_stored > 0)
                        *ret = (struct passing){ .fds = v->fds, .n = v->n_stored, .names = v->names };
                return 0;
        }
        unsigned n_sockets = count.n;
        put_stored(&count, v);
        struct passing p = {
                .owned_fds = calloc(count.n, sizeof(int)),
                .owned_names = malloc(strlen(VARIABLE) + count.length + 1),
                .n = count.n,
                .n_sockets = n_sockets,
        };
        if (!p.owned_fds || !p.owned_names) {
                passing_done(&p);
                return -ENOMEM;
        }
        memcpy(p.owned_names, VARIABLE, sizeof(VARIABLE));
        struct writer w = { .fds = p.owned_fds, .names = p.owned_names + strlen(VARIABLE) };
        put_sockets(&w, s);
        put_stored(&w, v);
        p.fds = p.owned_fds;
        p.names = p.owned_names;
        *ret = p;
        return 0;
}

void passing_done(struct passing *p) {
        free(p->owned_fds);
        free(p->owned_names);
}
