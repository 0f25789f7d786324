/* The interfaces that every object of a D-Bus has, and the bus's own, as some clients want to say hello. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "config/system.h"
#include "control/bus-call.h"
#include "control/live-status.h"

static bool is_any(const struct object *o) {
        return o->kind != OBJECT_NONE;
}

/* --- org.freedesktop.DBus.Properties */

const struct property *property_find(const struct interface *i, const char *name) {
        for (size_t n = 0; n < i->n_properties; n++)
                if (strcmp(i->properties[n].name, name) == 0)
                        return &i->properties[n];
        return NULL;
}

static void write_number(const struct property *p, uint64_t value, struct wire_out *out) {
        if (*p->type == 'y')
                wire_byte(out, (uint8_t) value);
        else if (*p->type == 't' || *p->type == 'x')
                wire_u64(out, value);
        else
                wire_u32(out, (uint32_t) value);
}

void property_write(const struct property *p, struct object *o, struct wire_out *out, bool as_variant) {
        if (as_variant)
                wire_variant(out, p->type);
        if (p->write)
                p->write(o, out);
        else if (strcmp(p->type, "s") == 0 || strcmp(p->type, "o") == 0)
                wire_string(out, p->text ? p->text(o) : p->fixed_text);
        else if (strcmp(p->type, "as") == 0)
                wire_strings(out, NULL);
        else
                write_number(p, p->number ? p->number(o) : p->fixed_number, out);
}

/* The interface that a call is about; "" is all of them. */
static bool is_meant(const struct interface *i, const struct object *o, const char *name) {
        return i->is_of(o) && (*name == '\0' || strcmp(i->name, name) == 0);
}

static void get(struct call *c) {
        const char *interface = wire_read_string(c->in), *name = wire_read_string(c->in);

        for (size_t n = 0; n < n_interfaces; n++) {
                const struct property *p = is_meant(interfaces[n], &c->object, interface)
                                                   ? property_find(interfaces[n], name)
                                                   : NULL;
                if (p) {
                        property_write(p, &c->object, call_reply(c), true);
                        return;
                }
        }
        call_fail(c, ERROR_NO_PROPERTY, "Unknown interface %.255s or property %.255s.", interface, name);
}

static void get_all(struct call *c) {
        const char *interface = wire_read_string(c->in);
        bool is_known = *interface == '\0';
        struct wire_out *out = call_reply(c);
        struct wire_mark all = wire_array(out, 8);

        for (size_t n = 0; n < n_interfaces; n++) {
                const struct interface *i = interfaces[n];
                if (!is_meant(i, &c->object, interface))
                        continue;
                is_known = true;
                for (size_t k = 0; k < i->n_properties; k++) {
                        wire_struct(out);
                        wire_string(out, i->properties[k].name);
                        property_write(&i->properties[k], &c->object, out, true);
                }
        }
        wire_array_end(out, all);
        if (!is_known)
                call_fail(c, ERROR_NO_INTERFACE, "Unknown interface '%.255s'.", interface);
}

static void set(struct call *c) {
        call_fail(c, ERROR_READ_ONLY, "no property can be set here");
}

static const struct method properties_methods[] = {
        { .name = "Get", .takes = "ss", .gives = "v", .run = get },
        { .name = "GetAll", .takes = "s", .gives = "a{sv}", .run = get_all },
        { .name = "Set", .takes = "ssv", .gives = "", .changes = true, .run = set },
};

static const struct signal_row properties_signals[] = { { "PropertiesChanged", "sa{sv}as" } };

const struct interface interface_properties = {
        .name = PROPERTIES_INTERFACE,
        .is_of = is_any,
        .methods = properties_methods,
        .n_methods = countof(properties_methods),
        .signals = properties_signals,
        .n_signals = countof(properties_signals),
};

/* --- org.freedesktop.DBus.Introspectable */

/* Each complete type of a signature by itself: "a(ss)" and "u" of "a(ss)u". */
static size_t length_of_type(const char *type) {
        size_t n = strspn(type, "a");
        int depth = 0;

        for (;; n++) {
                depth += type[n] == '(' || type[n] == '{';
                depth -= type[n] == ')' || type[n] == '}';
                if (depth == 0 || type[n] == '\0')
                        break;
        }
        return type[n] == '\0' ? n : n + 1;
}

static void print_arguments(FILE *out, const char *types, const char *direction) {
        for (size_t n; *types; types += n) {
                n = length_of_type(types);
                (void) fprintf(out, "   <arg type=\"%.*s\"%s/>\n", (int) n, types, direction);
        }
}

static void print_interface(FILE *out, const struct interface *i) {
        for (size_t n = 0; n < i->n_methods; n++) {
                (void) fprintf(out, "  <method name=\"%s\">\n", i->methods[n].name);
                print_arguments(out, i->methods[n].takes, " direction=\"in\"");
                print_arguments(out, i->methods[n].gives, " direction=\"out\"");
                (void) fputs("  </method>\n", out);
        }
        for (size_t n = 0; n < i->n_properties; n++)
                (void) fprintf(out, "  <property name=\"%s\" type=\"%s\" access=\"read\"/>\n",
                               i->properties[n].name, i->properties[n].type);
        for (size_t n = 0; n < i->n_signals; n++) {
                (void) fprintf(out, "  <signal name=\"%s\">\n", i->signals[n].name);
                print_arguments(out, i->signals[n].type, "");
                (void) fputs("  </signal>\n", out);
        }
}

/* Those of one name that follow one another are one. */
static void print_interfaces(FILE *out, const struct object *o) {
        const char *open = NULL;

        for (size_t n = 0; n < n_interfaces; n++) {
                if (!interfaces[n]->is_of(o))
                        continue;
                if (open && strcmp(open, interfaces[n]->name) != 0)
                        (void) fputs(" </interface>\n", out);
                if (!open || strcmp(open, interfaces[n]->name) != 0)
                        (void) fprintf(out, " <interface name=\"%s\">\n", interfaces[n]->name);
                open = interfaces[n]->name;
                print_interface(out, interfaces[n]);
        }
        if (open)
                (void) fputs(" </interface>\n", out);
}

static void print_child(FILE *out, const char *path) {
        (void) fprintf(out, " <node name=\"%s\"/>\n", strrchr(path, '/') + 1);
}

static void print_children(FILE *out, const struct object *o) {
        static const char *const fixed[][2] = {
                { "/", "/org" },
                { "/org", "/org/freedesktop" },
                { "/org", LIVE_PATH },
                { "/org/freedesktop", OBJECT_ROOT },
                { "/org/freedesktop", "/org/freedesktop/DBus" },
                { OBJECT_ROOT, OBJECT_ROOT "/unit" },
                { OBJECT_ROOT, OBJECT_ROOT "/job" },
        };
        char path[OBJECT_PATH_MAX];

        for (size_t i = 0; i < countof(fixed); i++)
                if (strcmp(fixed[i][0], o->path) == 0)
                        print_child(out, fixed[i][1]);
        for (uint32_t i = 0; strcmp(o->path, OBJECT_ROOT "/unit") == 0 && i < o->manager->plan.after.n; i++)
                print_child(out, object_unit_path(o->manager->services[i]->unit->name, path));
        for (const struct job *j = o->manager->jobs.list; strcmp(o->path, OBJECT_ROOT "/job") == 0 && j;
             j = j->next)
                print_child(out, object_job_path(j->id, path));
}

static void introspect(struct call *c) {
        autofree char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        if (!out) {
                call_fail_errno(c, ENOMEM, "describing it");
                return;
        }
        (void) fputs("<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\"\n"
                     "\"https://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">\n<node>\n",
                     out);
        print_interfaces(out, &c->object);
        print_children(out, &c->object);
        (void) fputs("</node>\n", out);
        if (fclose(out) == 0)
                wire_string(call_reply(c), text);
        else
                call_fail_errno(c, ENOMEM, "describing it");
}

static const struct method introspectable_methods[] = {
        { .name = "Introspect", .takes = "", .gives = "s", .run = introspect },
};

const struct interface interface_introspectable = {
        .name = "org.freedesktop.DBus.Introspectable",
        .is_of = is_any,
        .methods = introspectable_methods,
        .n_methods = countof(introspectable_methods),
};

/* --- org.freedesktop.DBus.Peer */

static void nothing(struct call *c maybe_unused) {
}

static void get_machine_id(struct call *c) {
        char id[SYSTEM_TEXT_MAX];
        int r = system_machine_id(id);

        if (r < 0)
                call_fail_errno(c, r, "reading /etc/machine-id");
        else
                wire_string(call_reply(c), id);
}

static const struct method peer_methods[] = {
        { .name = "Ping", .takes = "", .gives = "", .run = nothing },
        { .name = "GetMachineId", .takes = "", .gives = "s", .run = get_machine_id },
};

const struct interface interface_peer = {
        .name = "org.freedesktop.DBus.Peer",
        .is_of = is_any,
        .methods = peer_methods,
        .n_methods = countof(peer_methods),
};

/* --- org.freedesktop.DBus: there is no bus, but the questions have answers. */

static bool is_dbus(const struct object *o) {
        return o->kind == OBJECT_DBUS;
}

static bool is_owned(const char *name) {
        return strcmp(name, "org.freedesktop.systemd1") == 0 || strcmp(name, "org.freedesktop.DBus") == 0;
}

static void hello(struct call *c) {
        char name[32];

        (void) snprintf(name, sizeof(name), ":1.%" PRIu32, c->peer->id);
        wire_string(call_reply(c), name);
}

static void name_has_owner(struct call *c) {
        bool is_ours = is_owned(wire_read_string(c->in));

        wire_u32(call_reply(c), is_ours);
}

static void get_name_owner(struct call *c) {
        const char *name = wire_read_string(c->in);

        if (is_owned(name))
                wire_string(call_reply(c), name);
        else
                call_fail(c, ERROR_NO_NAME_OWNER, "Nobody is called %.255s here", name);
}

static void list_names(struct call *c) {
        static char bus[] = "org.freedesktop.DBus", own[] = "org.freedesktop.systemd1";
        static char *const names[] = { bus, own, NULL };

        wire_strings(call_reply(c), names);
}

static void list_activatable(struct call *c) {
        wire_strings(call_reply(c), NULL);
}

static const struct method dbus_methods[] = {
        { .name = "Hello", .takes = "", .gives = "s", .run = hello },
        { .name = "AddMatch", .takes = "s", .gives = "", .run = nothing },
        { .name = "RemoveMatch", .takes = "s", .gives = "", .run = nothing },
        { .name = "NameHasOwner", .takes = "s", .gives = "b", .run = name_has_owner },
        { .name = "GetNameOwner", .takes = "s", .gives = "s", .run = get_name_owner },
        { .name = "ListNames", .takes = "", .gives = "as", .run = list_names },
        { .name = "ListActivatableNames", .takes = "", .gives = "as", .run = list_activatable },
};

const struct interface interface_dbus = {
        .name = "org.freedesktop.DBus",
        .is_of = is_dbus,
        .methods = dbus_methods,
        .n_methods = countof(dbus_methods),
};
