/* What a .socket has to have, what it starts, and the sockets that a service names. */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "config/setup.h"
#include "config/socket.h"
#include "config/verify.h"

static void check_accept(const struct verify *v) {
        const struct socket_spec *s = v->unit->socket;

        for (const struct listen *l = s->listens; l; l = l->next)
                if (l->kind == LISTEN_DATAGRAM || l->kind == LISTEN_FIFO) {
                        verify_say(v, "Socket", listen_kind_word(l->kind), -EINVAL,
                                   "Accept=yes takes connections, and %s=%s has none",
                                   listen_kind_word(l->kind), l->text);
                        return;
                }
        if (!strstr(s->service, "@.")) {
                verify_say(v, "Socket", "Service", -EINVAL,
                           "with Accept=yes Service= names a template: NAME@, not %s", s->service);
                return;
        }
        if (s->max_connections == 0)
                verify_say(v, "Socket", "MaxConnections", -EINVAL,
                           "MaxConnections=0 would take no connection at all");
}

static unsigned count_paths(const struct socket_spec *s) {
        unsigned n = 0;

        for (const struct listen *l = s->listens; l; l = l->next)
                n += listen_path(l) != NULL;
        return n;
}

void verify_socket(const struct verify *v) {
        const struct socket_spec *s = v->unit->socket;

        if (!s->listens && !s->fd_name && !v->has_errors) {
                verify_say(v, "Socket", "ListenStream", -EINVAL,
                           "there is nothing to listen on: ListenStream= or one of its kin is missing");
                diag_hint(v->diags, "%s",
                          "FileDescriptorName= alone takes what tend itself was started with by that name");
        }
        if (s->symlinks && count_paths(s) != 1)
                verify_say(v, "Socket", "Symlinks", -EINVAL,
                           "Symlinks= is for exactly one path that it listens on, and here are %u",
                           count_paths(s));
        if (s->accept)
                check_accept(v);
        else
                verify_started(v, "Socket", "Service", -ENOENT);
}

static unsigned count_sockets(const struct verify *v) {
        unsigned n = 0;

        for (size_t i = 0; i < v->config->n_units; i++)
                n += socket_is_for(v->config->units[i], v->unit);
        return n;
}

void verify_sockets_of(const struct verify *v) {
        const struct unit *u = v->unit;
        bool wants_one = u->input.kind == STDIO_SOCKET || u->output.kind == STDIO_SOCKET ||
                         u->error.kind == STDIO_SOCKET;

        if (!v->config)
                return; /* an instance: its connection is the one */
        for (char *const *name = u->setup ? u->setup->sockets : NULL; name && *name; name++)
                if (!text_ends(*name, ".socket"))
                        verify_say(v, "Socket", "Sockets", -EINVAL, "Sockets=%s: not a socket unit", *name);
        if (wants_one && count_sockets(v) == 0)
                verify_say(v, "Socket", "StandardInput", 0,
                           "it is to read or write a socket, and no socket unit starts it");
}
