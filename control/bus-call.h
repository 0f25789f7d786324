/* What clients of the bus can ask for: methods and properties are rows of tables, this reads a call by them
 * and writes its answer. */
#pragma once

#include "control/bus.h"
#include "control/object.h"
#include "control/words.h"

struct call {
        struct bus *bus; /* borrowed, as all here */
        struct peer *peer;
        const struct wire_head *head;
        struct wire_in *in; /* the arguments, of the types that the method's row says */
        struct wire_out *out;
        struct object object;
        const struct method *method;
        bool is_answered; /* begun, or refused */
        bool is_later;    /* by an errand */
};

/* What a method changes: not for everybody. */
enum changes {
        CHANGES_NOTHING = false,
        CHANGES_SOMETHING = true,
        CHANGES_UNIT, /* the object's, or that of the name that comes first */
};

struct method {
        const char *name;
        const char *takes, *gives; /* signatures */
        uint8_t changes;           /* enum changes */
        void (*run)(struct call *c);
};

struct property {
        const char *name;
        const char *type;
        /* One of them, by the type: s, o; y, b, i, u, x, t; all others. None: what is fixed. */
        const char *(*text)(struct object *o); /* NULL is "" */
        uint64_t (*number)(struct object *o);
        void (*write)(struct object *o, struct wire_out *out);
        uint64_t fixed_number;
        const char *fixed_text;
};

struct signal_row {
        const char *name, *type;
};

struct interface {
        const char *name;
        bool (*is_of)(const struct object *o);
        const struct method *methods;
        const struct property *properties;
        const struct signal_row *signals;
        size_t n_methods, n_properties, n_signals;
};

/* Answers it, or refuses: always something, unless the client wants to hear nothing. */
void bus_call(struct peer *p, const struct wire_head *head, struct wire_in *in);

/* The answer is whole; where the client wants to hear nothing it is taken back. False: it cannot be had. */
bool call_end(struct call *c);

/* For methods: the answer, whose body follows; and a refusal. A method that does neither answers with nothing
 * in it. */
struct wire_out *call_reply(struct call *c);
void call_fail(struct call *c, const char *error, const char *format, ...) printf_like(3, 4);
void call_fail_errno(struct call *c, int error, const char *what);

/* The list of words that is the next argument; false: it is refused. */
bool call_words(struct call *c, struct words *ret);

/* A value as the row says, behind its signature or without. */
void property_write(const struct property *p, struct object *o, struct wire_out *out, bool as_variant);
const struct property *property_find(const struct interface *i, const char *name);

#define ERROR_FAILED             "org.freedesktop.DBus.Error.Failed"
#define ERROR_ACCESS             "org.freedesktop.DBus.Error.AccessDenied"
#define ERROR_INVALID            "org.freedesktop.DBus.Error.InvalidArgs"
#define ERROR_NO_METHOD          "org.freedesktop.DBus.Error.UnknownMethod"
#define ERROR_NO_OBJECT          "org.freedesktop.DBus.Error.UnknownObject"
#define ERROR_NO_INTERFACE       "org.freedesktop.DBus.Error.UnknownInterface"
#define ERROR_NO_PROPERTY        "org.freedesktop.DBus.Error.UnknownProperty"
#define ERROR_READ_ONLY          "org.freedesktop.DBus.Error.PropertyReadOnly"
#define ERROR_NOT_SUPPORTED      "org.freedesktop.DBus.Error.NotSupported"
#define ERROR_NO_SERVICE         "org.freedesktop.DBus.Error.ServiceUnknown"
#define ERROR_NO_MEMORY          "org.freedesktop.DBus.Error.NoMemory"
#define ERROR_NO_FILE            "org.freedesktop.DBus.Error.FileNotFound"
#define ERROR_NO_NAME_OWNER      "org.freedesktop.DBus.Error.NameHasNoOwner"
#define ERROR_NO_UNIT            "org.freedesktop.systemd1.NoSuchUnit"
#define ERROR_NO_UNIT_FOR_PID    "org.freedesktop.systemd1.NoUnitForPID"
#define ERROR_NO_PROCESS         "org.freedesktop.systemd1.NoSuchProcess"
#define ERROR_NO_JOB             "org.freedesktop.systemd1.NoSuchJob"
#define ERROR_LOAD               "org.freedesktop.systemd1.LoadFailed"
#define ERROR_BAD_SETTING        "org.freedesktop.systemd1.BadUnitSetting"
#define ERROR_MASKED             "org.freedesktop.systemd1.UnitMasked"
#define ERROR_SHUTTING_DOWN      "org.freedesktop.systemd1.ShuttingDown"
#define ERROR_ISOLATION          "org.freedesktop.systemd1.NoIsolation"
#define ERROR_NOT_APPLICABLE     "org.freedesktop.systemd1.JobTypeNotApplicable"
#define ERROR_DESTRUCTIVE        "org.freedesktop.systemd1.TransactionIsDestructive"
#define ERROR_ONLY_BY_DEPENDENCY "org.freedesktop.systemd1.OnlyByDependency"

#define MANAGER_INTERFACE    "org.freedesktop.systemd1.Manager"
#define UNIT_INTERFACE       "org.freedesktop.systemd1.Unit"
#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"

/* The tables, each in a file of its own. One that goes on in a second file is of the same name, and follows.
 */
extern const struct interface interface_manager, interface_unit, interface_service, interface_budget,
        interface_slice, interface_slice_budget, interface_socket, interface_path, interface_timer,
        interface_job, interface_properties, interface_introspectable, interface_peer, interface_dbus,
        interface_tend;
extern const struct interface *const interfaces[];
extern const size_t n_interfaces;
