/* org.freedesktop.systemd1.Unit: what every unit has. */
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/text.h"
#include "config/bond.h"
#include "config/socket.h"
#include "control/bus-call.h"
#include "control/bus-property.h"
#include "control/bus-unit.h"
#include "control/bus-verb.h"
#include "control/unit-file.h"

/* --- Words. */

static bool is_built_in(const struct object *o) {
        return !o->is_loaded && unit_is_built_in(o->name);
}

/* Two of them are for the way down; a slice is there while something is meant to lie in it. */
static bool is_reached(const struct object *o) {
        return is_built_in(o) && (o->is_slice || !text_ends(o->name, ".slice")) &&
               strcmp(o->name, "shutdown.target") != 0 && strcmp(o->name, "umount.target") != 0;
}

const char *unit_load_state(struct object *o) {
        if (o->is_loaded || is_built_in(o))
                return "loaded";
        auto_on_disk struct unit_on_disk found;
        unit_on_disk_find(o->manager, o->name, &found);
        return !found.path ? "not-found" : found.masked ? "masked" : "loaded";
}

const char *unit_active_state(struct object *o) {
        return is_reached(o) ? "active" : state_active_word(o->service->state);
}

/* "running" while its service has the descriptors, and nobody looks at them here. */
static const char *socket_sub_state(const struct service *s) {
        const struct service *user =
                s->unit->socket->accept ? NULL : object_find_service(s->manager, s->unit->socket->service);
        return user && STATE_IN(user->state, STATES_UP | STATES_STARTING) ? "running" : "listening";
}

const char *unit_sub_state(struct object *o) {
        const struct service *s = o->service;

        if (!o->is_loaded)
                return is_reached(o) ? "active" : "dead";
        if (s->unit->timer && s->state == STATE_EXITED)
                return alarm_is_idle(s) ? "elapsed" : "waiting";
        if (s->unit->socket && s->state == STATE_EXITED)
                return socket_sub_state(s);
        if (s->unit->path && s->state == STATE_EXITED)
                return lookout_is_running(s) ? "running" : "waiting";
        if (s->unit->is_target && s->state == STATE_EXITED)
                return "active";
        return state_word(s->state);
}

/* "Slice /a/b" is what systemd calls a-b.slice. */
static const char *describe_slice(struct object *o) {
        size_t n = strlen(o->name) - strlen(".slice");

        (void) snprintf(o->text, sizeof(o->text), "Slice /%.*s", (int) n, o->name);
        for (char *at = o->text; (at = strchr(at, '-'));)
                *at = '/';
        return strcmp(o->name, ROOT_SLICE) == 0 ? "Root Slice" : o->text;
}

const char *unit_description(struct object *o) {
        const char *text = o->service->unit->description;
        return text ? text : text_ends(o->name, ".slice") ? describe_slice(o) : o->service->unit->name;
}

const char *unit_group(const struct unit *u, char *buffer, size_t size) {
        bool is_slice = text_ends(u->name, ".slice");
        const char *slice = is_slice ? u->name : u->budget ? u->budget->slice : NULL;

        *buffer = '/';
        if (budget_path(slice, is_slice ? "" : u->name, buffer + 1, size - 1) < 0)
                buffer[1] = '\0';
        if (is_slice && buffer[1]) /* the slash behind it */
                buffer[strlen(buffer) - 1] = '\0';
        return buffer;
}

static const char *id(struct object *o) {
        return o->service->unit->name;
}

static void names(struct object *o, struct wire_out *out) {
        const char *own = o->service->unit->name;
        struct wire_mark mark = wire_array(out, 4);

        wire_string(out, own);
        for (char *const *a = o->manager->config->aliases; a && *a; a += 2)
                if (strcmp(a[1], own) == 0)
                        wire_string(out, a[0]);
        wire_array_end(out, mark);
}

static const char *fragment_path(struct object *o) {
        if (o->is_loaded || o->service->unit->file)
                return o->service->unit->file;
        auto_on_disk struct unit_on_disk found;
        unit_on_disk_find(o->manager, o->name, &found);
        (void) snprintf(o->text, sizeof(o->text), "%s", found.path && !found.masked ? found.path : "");
        return o->text;
}

static void drop_in_paths(struct object *o, struct wire_out *out) {
        autostrv char **list = NULL;

        if (!o->service->unit->from_tend_ini && unit_file_drop_ins(o->manager, o->name, &list) < 0)
                out->failed = true;
        wire_strings(out, list);
}

/* What tend.ini has is no file that could be enabled, as with what systemd's generators make. */
static const char *file_state(struct object *o) {
        const struct unit *u = o->service->unit;
        bool is_written = o->is_loaded || u->file; /* a slice may be nothing but a name */

        return u->from_tend_ini && is_written ? "generated" : unit_file_state(o->manager, o->name);
}

static const char *file_preset(struct object *o maybe_unused) {
        return o->service->unit->from_tend_ini ? "" : "enabled";
}

static void load_error(struct object *o, struct wire_out *out) {
        const char *state = unit_load_state(o);
        bool is_missing = strcmp(state, "not-found") == 0, is_masked = strcmp(state, "masked") == 0;

        (void) snprintf(o->text, sizeof(o->text), is_missing ? "Unit %s not found." : "Unit %s is masked.",
                        o->name);
        wire_struct(out);
        wire_string(out, is_missing ? ERROR_NO_UNIT : is_masked ? ERROR_MASKED : "");
        wire_string(out, is_missing || is_masked ? o->text : "");
}

/* Its file has changed since it was read. */
static uint64_t need_daemon_reload(struct object *o) {
        struct stat st;

        if (!o->is_loaded || !o->service->unit->file || stat(o->service->unit->file, &st) < 0)
                return false;
        return (usec_t) st.st_mtim.tv_sec * USEC_PER_SEC + (usec_t) st.st_mtim.tv_nsec / 1000 >
               o->bus->loaded;
}

/* --- Dependencies: those that the unit names, and those that name it. */

#define LIST(name, field)                                                                                    \
        static void name(struct object *o, struct wire_out *out) {                                           \
                wire_strings(out, o->service->unit->field);                                                  \
        }
LIST(documentation, documentation)

static void write_naming(struct object *o, struct wire_out *out, enum bond bond) {
        struct wire_mark mark = wire_array(out, 4);

        for (uint32_t i = 0; i < o->manager->plan.after.n; i++)
                if (strv_contains(unit_bond(o->manager->services[i]->unit, bond), o->service->unit->name))
                        wire_string(out, o->manager->services[i]->unit->name);
        wire_array_end(out, mark);
}

/* The units that it names; with _of behind it, those that name it. */
#define NAMED(name, bond)                                                                                    \
        static void name(struct object *o, struct wire_out *out) {                                           \
                wire_strings(out, unit_bond(o->service->unit, bond));                                        \
        }
#define TIE(name, bond)                                                                                      \
        NAMED(name, bond)                                                                                    \
        static void name##_of(struct object *o, struct wire_out *out) {                                      \
                write_naming(o, out, bond);                                                                  \
        }
TIE(requires, BOND_REQUIRES)
TIE(requisite, BOND_REQUISITE)
TIE(wants, BOND_WANTS)
TIE(binds_to, BOND_BINDS_TO)
TIE(part, BOND_PART_OF)
TIE(upholds, BOND_UPHOLDS)
TIE(conflicts, BOND_CONFLICTS)
TIE(on_failure, BOND_ON_FAILURE)
TIE(on_success, BOND_ON_SUCCESS)
NAMED(before, BOND_BEFORE)
NAMED(after, BOND_AFTER)
NAMED(propagates_reload, BOND_PROPAGATES_RELOAD_TO)
NAMED(reload_propagated, BOND_RELOAD_PROPAGATED_FROM)
NAMED(propagates_stop, BOND_PROPAGATES_STOP_TO)
NAMED(stop_propagated, BOND_STOP_PROPAGATED_FROM)

static void triggers(struct object *o, struct wire_out *out) {
        const char *unit = unit_triggers(o->service->unit);
        struct wire_mark mark = wire_array(out, 4);

        if (unit)
                wire_string(out, unit);
        wire_array_end(out, mark);
}

static void triggered_by(struct object *o, struct wire_out *out) {
        struct wire_mark mark = wire_array(out, 4);

        for (uint32_t i = 0; i < o->manager->plan.after.n; i++) {
                const struct unit *u = o->manager->services[i]->unit;
                const char *unit = unit_triggers(u);
                if (unit && strcmp(unit, o->service->unit->name) == 0)
                        wire_string(out, u->name);
        }
        wire_array_end(out, mark);
}

/* --- Times. */

usec_t unit_real_time(const struct object *o, usec_t at) {
        if (at == 0 || at == USEC_INFINITY)
                return at;
        usec_t now = manager_now(o->manager);
        return at <= now ? usec_sub(clock_real(), now - at) : usec_add(clock_real(), at - now);
}

static bool is_in(const struct object *o, uint32_t states) {
        return STATE_IN(o->service->state, states);
}

static usec_t changed(const struct object *o) {
        return o->service->since;
}

/* When its present run, or the last one, came up. */
static usec_t entered_active(const struct object *o) {
        return o->service->restarts.up_since;
}

static usec_t entered_inactive(const struct object *o) {
        return is_in(o, STATES_AT_REST) ? o->service->since : 0;
}

static usec_t left_active(const struct object *o) {
        return entered_active(o) != 0 && is_in(o, STATES_STOPPING | STATES_AT_REST) ? o->service->since : 0;
}

usec_t unit_started(const struct object *o) {
        return o->service->restarts.window.last;
}

#define TIMESTAMP(name, get)                                                                                 \
        static uint64_t name(struct object *o) {                                                             \
                return unit_real_time(o, get(o));                                                            \
        }                                                                                                    \
        static uint64_t name##_monotonic(struct object *o) {                                                 \
                return get(o);                                                                               \
        }
TIMESTAMP(state_change, changed)
TIMESTAMP(inactive_exit, unit_started)
TIMESTAMP(active_enter, entered_active)
TIMESTAMP(active_exit, left_active)
TIMESTAMP(inactive_enter, entered_inactive)

/* --- The rest. */

static uint64_t can_reload(struct object *o) {
        const struct unit *u = o->service->unit;
        return u->exec[EXEC_RELOAD] != NULL || (o->is_loaded && u->type == SERVICE_NOTIFY_RELOAD);
}

static uint64_t can_start(struct object *o) {
        return o->is_loaded || strcmp(unit_load_state(o), "loaded") == 0;
}

static void job(struct object *o, struct wire_out *out) {
        const struct job *j = o->service->job;

        wire_struct(out);
        wire_u32(out, j ? j->id : 0);
        wire_string(out, j ? object_job_path(j->id, o->text) : "/");
}

static void invocation(struct object *o, struct wire_out *out) {
        struct wire_mark mark = wire_array(out, 1);

        for (size_t i = 0; o->service->since != 0 && i < sizeof(o->service->invocation); i++)
                wire_byte(out, o->service->invocation[i]);
        wire_array_end(out, mark);
}

void unit_write_changes(struct object *o, struct wire_out *out) {
        static const char *const changing[] = {
                "ActiveState",
                "SubState",
                "StateChangeTimestamp",
                "InactiveExitTimestamp",
                "ActiveEnterTimestamp",
                "ActiveExitTimestamp",
                "InactiveEnterTimestamp",
                "Job",
                "InvocationID",
        };

        for (size_t i = 0; i < countof(changing); i++) {
                wire_struct(out);
                wire_string(out, changing[i]);
                property_write(property_find(&interface_unit, changing[i]), o, out, true);
        }
}

/* clang-format off */
static const struct property properties[] = {
        { "Id",                               "s",     .text = id },
        { "Names",                            "as",    .write = names },
        { "Following",                        "s",     .fixed_text = "" },
        { "Requires",                           "as",    .write = requires },
        { "Requisite",                          "as",    .write = requisite },
        { "Wants",                              "as",    .write = wants },
        { "BindsTo",                            "as",    .write = binds_to },
        { "PartOf",                             "as",    .write = part },
        { "Upholds",                            "as",    .write = upholds },
        { "RequiredBy",                         "as",    .write = requires_of },
        { "RequisiteOf",                        "as",    .write = requisite_of },
        { "WantedBy",                           "as",    .write = wants_of },
        { "BoundBy",                            "as",    .write = binds_to_of },
        { "UpheldBy",                           "as",    .write = upholds_of },
        { "ConsistsOf",                         "as",    .write = part_of },
        { "Conflicts",                          "as",    .write = conflicts },
        { "ConflictedBy",                       "as",    .write = conflicts_of },
        { "Before",                             "as",    .write = before },
        { "After",                              "as",    .write = after },
        { "OnSuccess",                          "as",    .write = on_success },
        { "OnSuccessOf",                        "as",    .write = on_success_of },
        { "OnFailure",                          "as",    .write = on_failure },
        { "OnFailureOf",                        "as",    .write = on_failure_of },
        { "PropagatesReloadTo",                 "as",    .write = propagates_reload },
        { "ReloadPropagatedFrom",               "as",    .write = reload_propagated },
        { "PropagatesStopTo",                   "as",    .write = propagates_stop },
        { "StopPropagatedFrom",                 "as",    .write = stop_propagated },
        { "Triggers",                         "as",    .write = triggers },
        { "TriggeredBy",                      "as",    .write = triggered_by },
        { "Documentation",                    "as",    .write = documentation },
        { "Description",                      "s",     .text = unit_description },
        { "LoadState",                        "s",     .text = unit_load_state },
        { "ActiveState",                      "s",     .text = unit_active_state },
        { "FreezerState",                     "s",     .fixed_text = "running" },
        { "SubState",                         "s",     .text = unit_sub_state },
        { "FragmentPath",                     "s",     .text = fragment_path },
        { "SourcePath",                       "s",     .fixed_text = "" },
        { "DropInPaths",                      "as",    .write = drop_in_paths },
        { "UnitFileState",                    "s",     .text = file_state },
        { "UnitFilePreset",                   "s",     .text = file_preset },
        { "StateChangeTimestamp",             "t",     .number = state_change },
        { "StateChangeTimestampMonotonic",    "t",     .number = state_change_monotonic },
        { "InactiveExitTimestamp",            "t",     .number = inactive_exit },
        { "InactiveExitTimestampMonotonic",   "t",     .number = inactive_exit_monotonic },
        { "ActiveEnterTimestamp",             "t",     .number = active_enter },
        { "ActiveEnterTimestampMonotonic",    "t",     .number = active_enter_monotonic },
        { "ActiveExitTimestamp",              "t",     .number = active_exit },
        { "ActiveExitTimestampMonotonic",     "t",     .number = active_exit_monotonic },
        { "InactiveEnterTimestamp",           "t",     .number = inactive_enter },
        { "InactiveEnterTimestampMonotonic",  "t",     .number = inactive_enter_monotonic },
        { "CanStart",                         "b",     .number = can_start },
        { "CanStop",                          "b",     .number = can_start },
        { "CanReload",                        "b",     .number = can_reload },
        { "CanIsolate",                       "b",     .fixed_number = false },
        { "CanFreeze",                        "b",     .fixed_number = false },
        { "Job",                              "(uo)",  .write = job },
        { "NeedDaemonReload",                 "b",     .number = need_daemon_reload },
        { "Transient",                        "b",     .fixed_number = false },
        { "LoadError",                        "(ss)",  .write = load_error },
        { "InvocationID",                     "ay",    .write = invocation },
};

static const struct method methods[] = {
        { "Start",                "s",  "o", CHANGES_UNIT, verb_start },
        { "Stop",                 "s",  "o", CHANGES_UNIT, verb_stop },
        { "Reload",               "s",  "o", CHANGES_UNIT, verb_reload },
        { "Restart",              "s",  "o", CHANGES_UNIT, verb_restart },
        { "TryRestart",           "s",  "o", CHANGES_UNIT, verb_try_restart },
        { "ReloadOrRestart",      "s",  "o", CHANGES_UNIT, verb_reload_or_restart },
        { "ReloadOrTryRestart",   "s",  "o", CHANGES_UNIT, verb_try_reload_or_restart },
        { "Kill",                 "si", "",  CHANGES_UNIT, verb_kill },
        { "QueueSignal",          "sii", "", CHANGES_UNIT, verb_queue_signal },
        { "ResetFailed",          "",   "",  CHANGES_UNIT, verb_reset_failed },
        { "SetProperties",        "ba(sv)", "", true, property_set },
        { "Ref",                  "",   "",  false, verb_ref },
        { "Unref",                "",   "",  false, verb_unref },
};
/* clang-format on */

static bool is_of(const struct object *o) {
        return o->kind == OBJECT_UNIT;
}

const struct interface interface_unit = {
        .name = UNIT_INTERFACE,
        .is_of = is_of,
        .methods = methods,
        .n_methods = countof(methods),
        .properties = properties,
        .n_properties = countof(properties),
};
