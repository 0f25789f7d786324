/* org.freedesktop.systemd1.Socket: what a socket unit has besides. */
#include <string.h>

#include "base/text.h"
#include "config/socket.h"
#include "control/bus-call.h"

/* "Stream" of "ListenStream", as systemctl list-sockets shows it. */
static const char *kind_of(const struct listen *l) {
        return listen_kind_word(l->kind) + strlen("Listen");
}

static void listens(struct object *o, struct wire_out *out) {
        const struct socket_spec *s = o->service->unit->socket;
        struct wire_mark mark = wire_array(out, 8);

        for (const struct listen *l = s ? s->listens : NULL; l; l = l->next) {
                wire_struct(out);
                wire_string(out, kind_of(l));
                wire_string(out, l->text);
        }
        wire_array_end(out, mark);
}

static uint64_t accepts(struct object *o) {
        const struct socket_spec *s = o->service->unit->socket;
        return s && s->accept;
}

static const char *result(struct object *o) {
        return result_word(o->service->result);
}

static const struct listener *listener_of(const struct object *o) {
        const struct listener *l = o->manager->listeners.list;

        while (l && l->service != o->service)
                l = l->next;
        return l;
}

static uint64_t n_connections(struct object *o) {
        const struct listener *l = listener_of(o);
        return l ? l->n_connections : 0;
}

static uint64_t n_accepted(struct object *o) {
        const struct listener *l = listener_of(o);
        return l ? l->n_accepted : 0;
}

static const struct property properties[] = {
        { "Listen", "a(ss)", .write = listens },
        { "Accept", "b", .number = accepts },
        { "NConnections", "u", .number = n_connections },
        { "NAccepted", "u", .number = n_accepted },
        { "Result", "s", .text = result },
};

static bool is_of(const struct object *o) {
        return o->kind == OBJECT_UNIT && text_ends(o->name, ".socket");
}

const struct interface interface_socket = {
        .name = "org.freedesktop.systemd1.Socket",
        .is_of = is_of,
        .properties = properties,
        .n_properties = countof(properties),
};
