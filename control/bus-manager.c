/* org.freedesktop.systemd1.Manager. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include "base/text.h"
#include "config/search.h"
#include "config/system.h"
#include "control/bus-call.h"
#include "control/bus-files.h"
#include "control/bus-manager.h"
#include "control/bus-property.h"
#include "control/bus-unit.h"
#include "control/bus-verb.h"
#include "control/unit-file.h"
#include "supervisor/processes.h"
#include "supervisor/reload.h"

#define PROCESSES_MOST 512

/* --- Properties. */

static bool has_failed(const struct service *s) {
        return s->state == STATE_FAILED;
}

static uint64_t n_names(struct object *o) {
        return o->manager->plan.after.n;
}

static uint64_t count_failed(const struct manager *m) {
        uint64_t n = 0;

        for (uint32_t i = 0; i < m->plan.after.n; i++)
                n += has_failed(m->services[i]);
        return n;
}

static uint64_t n_failed(struct object *o) {
        return count_failed(o->manager);
}

static uint64_t n_jobs(struct object *o) {
        uint64_t n = 0;

        for (const struct job *j = o->manager->jobs.list; j; j = j->next)
                n++;
        return n;
}

const char *manager_state_word(const struct manager *m) {
        if (m->phase != PHASE_RUNNING)
                return "stopping";
        if (!m->told_ready)
                return "starting";
        return count_failed(m) > 0 ? "degraded" : "running";
}

static const char *system_state(struct object *o) {
        return manager_state_word(o->manager);
}

static const char *architecture(struct object *o maybe_unused) {
        return system_architecture();
}

static uint64_t started(struct object *o) {
        return unit_real_time(o, o->manager->alarms.started);
}

static uint64_t started_monotonic(struct object *o) {
        return o->manager->alarms.started;
}

static uint64_t exit_code(struct object *o) {
        return o->bus->exit_code;
}

static void unit_path(struct object *o, struct wire_out *out) {
        struct search s;

        if (search_open(&s, o->manager->options->load.unit_path) < 0)
                out->failed = true;
        wire_strings(out, s.directories);
        search_done(&s);
}

/* clang-format off */
static const struct property properties[] = {
        { "Version",                     "s",  .fixed_text = "tend " TEND_VERSION },
        { "Features",                    "s",  .fixed_text = "" },
        { "Virtualization",              "s",  .fixed_text = "container" },
        { "Architecture",                "s",  .text = architecture },
        { "Tainted",                     "s",  .fixed_text = "not-systemd" },
        { "UserspaceTimestamp",          "t",  .number = started },
        { "UserspaceTimestampMonotonic", "t",  .number = started_monotonic },
        { "NNames",                      "u",  .number = n_names },
        { "NFailedUnits",                "u",  .number = n_failed },
        { "NJobs",                       "u",  .number = n_jobs },
        { "UnitPath",                    "as", .write = unit_path },
        { "ServiceWatchdogs",            "b",  .fixed_number = true },
        { "ControlGroup",                "s",  .fixed_text = "/" },
        { "SystemState",                 "s",  .text = system_state },
        { "ExitCode",                    "y",  .number = exit_code },
};
/* clang-format on */

/* --- Units. */

static bool is_in_state(struct object *o, const struct words *states) {
        return words_have(states, unit_load_state(o)) || words_have(states, unit_active_state(o)) ||
               words_have(states, unit_sub_state(o));
}

static void write_unit(struct object *o, struct wire_out *out) {
        const struct job *j = o->service->job;
        const char *name = o->service->unit->name;

        wire_struct(out);
        wire_string(out, name);
        wire_string(out, unit_description(o));
        wire_string(out, unit_load_state(o));
        wire_string(out, unit_active_state(o));
        wire_string(out, unit_sub_state(o));
        wire_string(out, "");
        wire_string(out, object_unit_path(name, o->text));
        wire_u32(out, j ? j->id : 0);
        wire_string(out, j ? job_type_word(j->type) : "");
        wire_string(out, j ? object_job_path(j->id, o->text) : "/");
}

/* Which units a list is about. */
struct wanted {
        struct words states, patterns;
};

/* `s` is NULL of a slice. */
static void write_fitting(struct call *c, const char *name, struct service *s, const struct wanted *w,
                          struct wire_out *out) {
        if (!words_fit(&w->patterns, name))
                return;
        if (s)
                object_of_service(&c->object, c->bus, s);
        else
                object_of_unit(&c->object, c->bus, name);
        if (is_in_state(&c->object, &w->states))
                write_unit(&c->object, out);
}

/* Those without a place in the plan too: they are on their way out, or serve a connection. */
static void list(struct call *c, const struct wanted *w) {
        const struct manager *m = c->bus->manager;

        struct wire_out *out = call_reply(c);
        struct wire_mark mark = wire_array(out, 8);
        for (uint32_t i = 0; i < m->plan.after.n; i++)
                write_fitting(c, m->services[i]->unit->name, m->services[i], w, out);
        for (struct service *s = m->leaving; s; s = s->next_leaving)
                write_fitting(c, s->unit->name, s, w, out);
        for (size_t i = 0; i < m->config->n_slices; i++)
                write_fitting(c, m->config->slices[i]->name, NULL, w, out);
        wire_array_end(out, mark);
}

static void list_units(struct call *c) {
        list(c, &(struct wanted){});
}

static void list_units_filtered(struct call *c) {
        struct wanted w = {};

        if (call_words(c, &w.states))
                list(c, &w);
}

static void list_units_by_patterns(struct call *c) {
        struct wanted w = {};

        if (call_words(c, &w.states) && call_words(c, &w.patterns))
                list(c, &w);
}

static void list_units_by_names(struct call *c) {
        struct words names;

        if (!call_words(c, &names))
                return;
        struct wire_out *out = call_reply(c);
        struct wire_mark mark = wire_array(out, 8);
        for (size_t i = 0; i < names.n; i++)
                if (unit_is_name(names.list[i]) && unit_has_suffix(names.list[i])) {
                        object_of_unit(&c->object, c->bus, names.list[i]);
                        write_unit(&c->object, out);
                }
        wire_array_end(out, mark);
}

static void reply_unit(struct call *c, const char *name) {
        char path[OBJECT_PATH_MAX];

        wire_string(call_reply(c), object_unit_path(name, path));
}

/* Targets that are always there count as loaded. */
static void get_unit(struct call *c) {
        const char *name = wire_read_string(c->in);
        const struct service *s = object_find_service(c->bus->manager, name);

        if (s || unit_is_built_in(name))
                reply_unit(c, s ? s->unit->name : name);
        else
                call_fail(c, ERROR_NO_UNIT, "Unit %.255s not loaded.", name);
}

/* Every name is an object, so there is nothing to be read for it. */
static void load_unit(struct call *c) {
        const char *name = wire_read_string(c->in);

        if (unit_is_name(name) && unit_has_suffix(name))
                reply_unit(c, name);
        else
                call_fail(c, ERROR_INVALID, "Unit name %.255s is not valid.", name);
}

static const struct service *find_by_pid(struct manager *m, pid_t pid) {
        const struct service *s = pids_find(&m->pids, pid);

        if (!s)
                s = census_owner(m, pid);
        for (uint32_t i = 0; !s && i < m->plan.after.n; i++)
                if (!service_is_at_rest(m->services[i]) && census_is_marked(m->services[i], pid))
                        s = m->services[i];
        return s;
}

/* 0: it is of a PID namespace that we do not see. */
static uint32_t pid_of_caller(const struct call *c) {
        struct ucred who = {};
        socklen_t size = sizeof(who);

        (void) !getsockopt(c->peer->fd, SOL_SOCKET, SO_PEERCRED, &who, &size);
        return (uint32_t) who.pid;
}

/* PID 0 is the caller itself. */
static void get_unit_by_pid(struct call *c) {
        uint32_t pid = wire_read_u32(c->in);

        if (pid == 0)
                pid = pid_of_caller(c);
        const struct service *s =
                pid > 1 && pid <= INT32_MAX ? find_by_pid(c->bus->manager, (pid_t) pid) : NULL;

        if (s)
                reply_unit(c, s->unit->name);
        else
                call_fail(c, ERROR_NO_UNIT_FOR_PID, "PID %u does not belong to any loaded unit.", pid);
}

static void write_processes(const struct service *s, struct wire_out *out) {
        pid_t list[PROCESSES_MOST];
        size_t n = processes_of(s, list, countof(list));
        char group[PATH_MAX], line[2048];

        (void) unit_group(s->unit, group, sizeof(group));
        for (size_t i = 0; i < n; i++) {
                wire_struct(out);
                wire_string(out, group);
                wire_u32(out, (uint32_t) list[i]);
                wire_string(out, process_command_line(list[i], line, sizeof(line)));
        }
}

static bool lies_in(const struct service *s, const char *slice) {
        const struct budget *b = s->unit->budget;
        return b && b->slice && budget_lies_in(b->slice, slice);
}

static void get_unit_processes(struct call *c) {
        const struct manager *m = c->bus->manager;
        const char *name = wire_read_string(c->in);
        const struct service *s = object_find_service(m, name);
        bool all = strcmp(name, ROOT_SLICE) == 0, is_slice = config_find_slice(m->config, name);

        if (!s && !all && !is_slice) {
                call_fail(c, ERROR_NO_UNIT, "Unit %.255s not loaded.", name);
                return;
        }
        struct wire_out *out = call_reply(c);
        struct wire_mark mark = wire_array(out, 8);
        for (uint32_t i = 0; i < m->plan.after.n; i++)
                if (all || (s && m->services[i] == s) || (is_slice && lies_in(m->services[i], name)))
                        write_processes(m->services[i], out);
        wire_array_end(out, mark);
}

static void reset_failed(struct call *c) {
        const struct manager *m = c->bus->manager;

        for (uint32_t i = 0; i < m->plan.after.n; i++)
                job_reset_failed(m->services[i]);
}

/* --- Jobs. */

static void list_jobs(struct call *c) {
        struct wire_out *out = call_reply(c);
        struct wire_mark mark = wire_array(out, 8);
        char path[OBJECT_PATH_MAX];

        for (const struct job *j = c->bus->manager->jobs.list; j; j = j->next) {
                wire_struct(out);
                wire_u32(out, j->id);
                wire_string(out, j->service->unit->name);
                wire_string(out, job_type_word(j->type));
                wire_string(out, j->running ? "running" : "waiting");
                wire_string(out, object_job_path(j->id, path));
                wire_string(out, object_unit_path(j->service->unit->name, path));
        }
        wire_array_end(out, mark);
}

static const struct job *find_job(struct call *c) {
        uint32_t id = wire_read_u32(c->in);
        const struct job *j = job_find(c->bus->manager, id);

        if (!j)
                call_fail(c, ERROR_NO_JOB, "Job %u does not exist.", id);
        return j;
}

static void get_job(struct call *c) {
        const struct job *j = find_job(c);
        char path[OBJECT_PATH_MAX];

        if (j)
                wire_string(call_reply(c), object_job_path(j->id, path));
}

static void cancel_job(struct call *c) {
        const struct job *j = find_job(c);

        if (j)
                job_cancel(j->service);
}

static void clear_jobs(struct call *c) {
        while (c->bus->manager->jobs.list)
                job_cancel(c->bus->manager->jobs.list->service);
}

/* --- The manager itself. */

static void subscribe(struct call *c) {
        c->bus->n_subscribed += !c->peer->subscribed;
        c->peer->subscribed = true;
}

static void unsubscribe(struct call *c) {
        c->bus->n_subscribed -= c->peer->subscribed;
        c->peer->subscribed = false;
}

static void reload(struct call *c) {
        struct diags d = {};
        int r = reload_run(c->bus->manager, &d);

        if (r == -ESHUTDOWN)
                call_fail(c, ERROR_SHUTTING_DOWN, "the container is stopping");
        else if (r < 0)
                call_fail(c, ERROR_FAILED, "nothing is changed: %s", diags_first_error(&d, strerror(-r)));
        diags_done(&d);
}

static void not_done(struct call *c) {
        call_fail(c, ERROR_NOT_SUPPORTED, "%s() is not for a container", c->method->name);
}

/* clang-format off */
static const struct method methods[] = {
        { "GetUnit",                   "s",        "o",            false, get_unit },
        { "GetUnitByPID",              "u",        "o",            false, get_unit_by_pid },
        { "LoadUnit",                  "s",        "o",            false, load_unit },
        { "StartUnit",                 "ss",       "o",            CHANGES_UNIT,  verb_start_unit },
        { "StopUnit",                  "ss",       "o",            CHANGES_UNIT,  verb_stop_unit },
        { "ReloadUnit",                "ss",       "o",            CHANGES_UNIT,  verb_reload_unit },
        { "RestartUnit",               "ss",       "o",            CHANGES_UNIT,  verb_restart_unit },
        { "TryRestartUnit",            "ss",       "o",            CHANGES_UNIT,  verb_try_restart_unit },
        { "ReloadOrRestartUnit", "ss", "o", CHANGES_UNIT, verb_reload_or_restart_unit },
        { "ReloadOrTryRestartUnit", "ss", "o", CHANGES_UNIT, verb_try_reload_or_restart_unit },
        { "EnqueueUnitJob",            "sss",      "uososa(uosos)", CHANGES_UNIT, verb_enqueue_unit_job },
        { "KillUnit",                  "ssi",      "",             CHANGES_UNIT,  verb_kill_unit },
        { "QueueSignalUnit",           "ssii",     "",             CHANGES_UNIT,  verb_queue_signal_unit },
        { "ResetFailedUnit",           "s",        "",             CHANGES_UNIT,  verb_reset_failed_unit },
        { "ResetFailed",               "",         "",             true,  reset_failed },
        { "SetUnitProperties",         "sba(sv)",  "",             true,  property_set_of_unit },
        { "RefUnit",                   "s",        "",             false, verb_ref_unit },
        { "UnrefUnit",                 "s",        "",             false, verb_unref_unit },
        { "GetUnitProcesses",          "s",        "a(sus)",       false, get_unit_processes },
        { "GetJob",                    "u",        "o",            false, get_job },
        { "CancelJob",                 "u",        "",             true,  cancel_job },
        { "ClearJobs",                 "",         "",             true,  clear_jobs },
        { "ListUnits",                 "",         "a(ssssssouso)", false, list_units },
        { "ListUnitsFiltered",         "as",       "a(ssssssouso)", false, list_units_filtered },
        { "ListUnitsByPatterns",       "asas",     "a(ssssssouso)", false, list_units_by_patterns },
        { "ListUnitsByNames",          "as",       "a(ssssssouso)", false, list_units_by_names },
        { "ListJobs",                  "",         "a(usssoo)",    false, list_jobs },
        { "Subscribe",                 "",         "",             false, subscribe },
        { "Unsubscribe",               "",         "",             false, unsubscribe },
        { "Reload",                    "",         "",             true,  reload },
        { "Reexecute",                 "",         "",             true,  not_done },
        { "Exit",                      "",         "",             true,  verb_end_at_once },
        { "PowerOff",                  "",         "",             true,  verb_end_at_once },
        { "Reboot",                    "",         "",             true,  verb_end_at_once },
        { "Halt",                      "",         "",             true,  verb_end_at_once },
        { "KExec",                     "",         "",             true,  not_done },
        { "SetExitCode",               "y",        "",             true,  verb_set_exit_code },
        { "ListUnitFiles",             "",         "a(ss)",        false, files_list },
        { "ListUnitFilesByPatterns",   "asas",     "a(ss)",        false, files_list_by_patterns },
        { "GetUnitFileState",          "s",        "s",            false, files_get_state },
        { "GetUnitFileLinks",          "sb",       "as",           false, files_get_links },
        { "EnableUnitFiles",           "asbb",     "ba(sss)",      true,  files_enable },
        { "EnableUnitFilesWithFlags",  "ast",      "ba(sss)",      true,  files_enable_with_flags },
        { "ReenableUnitFiles",         "asbb",     "ba(sss)",      true,  files_reenable },
        { "DisableUnitFiles",          "asb",      "a(sss)",       true,  files_disable },
        { "DisableUnitFilesWithFlags", "ast",      "a(sss)",       true,  files_disable_with_flags },
        { "DisableUnitFilesWithFlagsAndInstallInfo", "ast", "ba(sss)", true, files_disable_with_flags },
        { "PresetUnitFiles",           "asbb",     "ba(sss)",      true,  files_preset },
        { "MaskUnitFiles",             "asbb",     "a(sss)",       true,  files_mask },
        { "UnmaskUnitFiles",           "asb",      "a(sss)",       true,  files_unmask },
        { "GetDefaultTarget",          "",         "s",            false, files_get_default_target },
};

static const struct signal_row signals[] = {
        { "UnitNew",          "so" },
        { "UnitRemoved",      "so" },
        { "JobNew",           "uos" },
        { "JobRemoved",       "uoss" },
        { "StartupFinished",  "tttttt" },
        { "UnitFilesChanged", "" },
        { "Reloading",        "b" },
};
/* clang-format on */

static bool is_of(const struct object *o) {
        return o->kind == OBJECT_MANAGER;
}

const struct interface interface_manager = {
        .name = MANAGER_INTERFACE,
        .is_of = is_of,
        .methods = methods,
        .n_methods = countof(methods),
        .properties = properties,
        .n_properties = countof(properties),
        .signals = signals,
        .n_signals = countof(signals),
};
