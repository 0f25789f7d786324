#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "control/bus-call.h"
#include "control/trust.h"

#define OWN_NAME "org.freedesktop.systemd1"
#define BUS_NAME "org.freedesktop.DBus"

/* In the order in which systemd's own introspection has them; the next to last four belong to every
 * object. */
const struct interface *const interfaces[] = {
        &interface_manager,        &interface_service, &interface_budget,     &interface_slice,
        &interface_slice_budget,   &interface_socket,  &interface_timer,      &interface_path,
        &interface_unit,           &interface_job,     &interface_properties, &interface_peer,
        &interface_introspectable, &interface_dbus,    &interface_tend,
};
const size_t n_interfaces = countof(interfaces);

/* --- Answers. */

static void begin(struct call *c, struct wire_head *head) {
        if (c->is_answered)
                wire_cancel(c->out);
        c->is_answered = true;
        head->flags = WIRE_NO_REPLY;
        head->serial = ++c->bus->serial;
        head->reply_serial = c->head->serial;
        head->destination = c->head->sender;
        head->sender = c->object.kind == OBJECT_DBUS ? BUS_NAME : OWN_NAME;
        wire_begin(c->out, head);
}

struct wire_out *call_reply(struct call *c) {
        struct wire_head head = { .type = WIRE_RETURN, .signature = c->method->gives };

        begin(c, &head);
        return c->out;
}

void call_fail(struct call *c, const char *error, const char *format, ...) {
        struct wire_head head = { .type = WIRE_ERROR, .error = error, .signature = "s" };
        char text[512];
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        begin(c, &head);
        wire_string(c->out, text);
}

void call_fail_errno(struct call *c, int error, const char *what) {
        static const struct {
                int error;
                const char *name;
        } names[] = {
                { EACCES, ERROR_ACCESS },        { EPERM, ERROR_ACCESS },
                { ENOENT, ERROR_NO_FILE },       { EINVAL, ERROR_INVALID },
                { ENOMEM, ERROR_NO_MEMORY },     { EOPNOTSUPP, ERROR_NOT_SUPPORTED },
                { EROFS, "System.Error.EROFS" }, { EEXIST, "System.Error.EEXIST" },
        };
        const char *name = ERROR_FAILED;

        for (size_t i = 0; i < countof(names); i++)
                if (names[i].error == abs(error))
                        name = names[i].name;
        call_fail(c, name, "%s: %s", what, strerror(abs(error)));
}

bool call_words(struct call *c, struct words *ret) {
        int r = words_read(c->in, ret);

        if (r < 0)
                call_fail(c, ERROR_INVALID, r == -E2BIG ? "too many words" : "no list of words");
        return r == 0;
}

/* --- Which method it is. */

static const struct method *find_method(const struct interface *i, const char *name) {
        for (size_t n = 0; n < i->n_methods; n++)
                if (strcmp(i->methods[n].name, name) == 0)
                        return &i->methods[n];
        return NULL;
}

static bool is_known_interface(const struct object *o, const char *name) {
        for (size_t n = 0; n < n_interfaces; n++)
                if (interfaces[n]->is_of(o) && strcmp(interfaces[n]->name, name) == 0)
                        return true;
        return false;
}

/* Without an interface in the call it is the first method of that name. */
static const struct method *look_up(const struct call *c) {
        for (size_t n = 0; n < n_interfaces; n++) {
                const struct interface *i = interfaces[n];
                if (!i->is_of(&c->object) || (c->head->interface && strcmp(i->name, c->head->interface) != 0))
                        continue;
                const struct method *m = find_method(i, c->head->member);
                if (m)
                        return m;
        }
        return NULL;
}

static bool is_for_us(const char *destination) {
        return !destination || strcmp(destination, OWN_NAME) == 0 || strcmp(destination, BUS_NAME) == 0 ||
               destination[0] == ':';
}

static void refuse_unknown(struct call *c) {
        const struct wire_head *h = c->head;

        if (!is_for_us(h->destination))
                call_fail(c, ERROR_NO_SERVICE, "Nobody is called %.255s here: this is tend's control socket",
                          h->destination);
        else if (c->object.kind == OBJECT_NONE)
                call_fail(c, ERROR_NO_OBJECT, "Unknown object '%.255s'.", h->path);
        else if (h->interface && !is_known_interface(&c->object, h->interface))
                call_fail(c, ERROR_NO_INTERFACE, "Unknown interface %.255s.", h->interface);
        else
                call_fail(c, ERROR_NO_METHOD, "Unknown method %.255s or interface %.255s.", h->member,
                          h->interface ? h->interface : "(none)");
}

static bool is_allowed(const struct call *c) {
        const struct service *s = c->object.service;
        struct wire_in in = *c->in;

        if (c->object.kind == OBJECT_MANAGER)
                s = object_find_service(c->bus->manager, wire_read_string(&in));
        return s && trust_is_allowed(s->unit, c->peer->sasl.uid, c->peer->user);
}

static bool may_call(const struct call *c) {
        return c->method->changes == CHANGES_NOTHING || c->peer->may_change ||
               (c->method->changes == CHANGES_UNIT && is_allowed(c));
}

static void carry_out(struct call *c) {
        c->method = is_for_us(c->head->destination) ? look_up(c) : NULL;
        if (!c->method)
                refuse_unknown(c);
        else if (strcmp(c->method->takes, c->head->signature) != 0)
                call_fail(c, ERROR_INVALID, "%s() takes \"%s\", not \"%.255s\"", c->method->name,
                          c->method->takes, c->head->signature);
        else if (!may_call(c))
                call_fail(c, ERROR_ACCESS,
                          "%s() is for root, the user that tend runs as, and whom ControlGroup=%s name",
                          c->method->name,
                          c->method->changes == CHANGES_UNIT ? " or the unit's AllowUsers=" : "");
        else
                c->method->run(c);
}

bool call_end(struct call *c) {
        if (!c->is_answered)
                (void) call_reply(c);
        if (!(c->head->flags & WIRE_NO_REPLY))
                return wire_end(c->out) >= 0;
        wire_cancel(c->out);
        return true;
}

void bus_call(struct peer *p, const struct wire_head *head, struct wire_in *in) {
        struct call c = { .bus = p->bus, .peer = p, .head = head, .in = in, .out = &p->out };

        object_find(&c.object, p->bus, head->path);
        carry_out(&c);
        if (!c.is_later)
                p->is_lost |= !call_end(&c);
}
