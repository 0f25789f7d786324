#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/text.h"
#include "config/setup.h"
#include "config/socket.h"
#include "config/suggest.h"
#include "config/verify.h"

static void printf_like(4, 5)
        say(const struct verify *v, const char *key, int error, const char *format, ...) {
        const struct origin *at =
                setting_origin(setting_find_in(OWNER_UNIT, "Socket", key), v->origins, v->n_origins);
        autofree char *words = NULL;
        va_list arguments;

        va_start(arguments, format);
        if (vasprintf(&words, format, arguments) < 0)
                words = NULL;
        va_end(arguments);
        diag(v->diags, at ? at->file : v->unit->file, at ? at->line : v->unit->line, error, "%s: %s",
             v->unit->name, words ? words : "out of memory");
}

static void check_service(const struct verify *v) {
        const char *name = unit_triggers(v->unit);
        struct suggest near;

        if (!v->config || !v->unit->from_tend_ini || !name || config_find(v->config, name))
                return;
        say(v, "Service", -ENOENT, "it starts %s, and there is no such unit", name);
        suggest_init(&near, name);
        for (size_t i = 0; i < v->config->n_units; i++)
                if (!v->config->units[i]->socket && !v->config->units[i]->timer)
                        suggest_offer(&near, v->config->units[i]->name);
        if (near.best)
                diag_hint(v->diags, "did you mean Service=%s?", near.best);
}

static void check_accept(const struct verify *v) {
        const struct socket_spec *s = v->unit->socket;

        for (const struct listen *l = s->listens; l; l = l->next)
                if (l->kind == LISTEN_DATAGRAM || l->kind == LISTEN_FIFO) {
                        say(v, listen_kind_word(l->kind), -EINVAL,
                            "Accept=yes takes connections, and %s=%s has none", listen_kind_word(l->kind),
                            l->text);
                        return;
                }
        if (!strstr(s->service, "@.")) {
                say(v, "Service", -EINVAL, "with Accept=yes Service= names a template: NAME@, not %s",
                    s->service);
                return;
        }
        if (s->max_connections == 0)
                say(v, "MaxConnections", -EINVAL, "MaxConnections=0 would take no connection at all");
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
                say(v, "ListenStream", -EINVAL,
                    "there is nothing to listen on: ListenStream= or one of its kin is missing");
                diag_hint(v->diags, "%s",
                          "FileDescriptorName= alone takes what tend itself was started with by that name");
        }
        if (s->symlinks && count_paths(s) != 1)
                say(v, "Symlinks", -EINVAL,
                    "Symlinks= is for exactly one path that it listens on, and here are %u", count_paths(s));
        if (s->accept)
                check_accept(v);
        else
                check_service(v);
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
                        say(v, "Sockets", -EINVAL, "Sockets=%s: not a socket unit", *name);
        if (wants_one && count_sockets(v) == 0)
                say(v, "StandardInput", 0, "it is to read or write a socket, and no socket unit starts it");
}
