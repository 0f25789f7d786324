/* org.freedesktop.systemd1.Service: what a service has besides. */
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/text.h"
#include "config/setup.h"
#include "control/bus-call.h"
#include "control/bus-unit.h"
#include "supervisor/notify.h"
#include "supervisor/processes.h"
#include "supervisor/vigil.h"
#include "supervisor/watchdog.h"

#define UNSET UINT64_MAX

static bool has_ended(const struct service *s) {
        return s->main == 0 && s->main_ending.code != 0;
}

/* Also of the one that was: its session has its number. */
static pid_t last_main_pid(const struct service *s) {
        return s->main != 0 ? s->main : has_ended(s) ? MAX(s->session, 0) : 0;
}

#define TEXT(name, expression)                                                                               \
        static const char *name(struct object *o) {                                                          \
                return (expression);                                                                         \
        }
#define NUMBER(name, expression)                                                                             \
        static uint64_t name(struct object *o) {                                                             \
                return (uint64_t) (expression);                                                              \
        }
#define UNIT    o->service->unit
#define SERVICE o->service

/* Without a type, which is settled when a file is loaded, there is nothing behind the name. */
TEXT(type, UNIT->type < SERVICE_TYPE_COUNT ? service_type_word(UNIT->type) : "")
TEXT(restart, restart_word(UNIT->restart))
TEXT(kill_mode, kill_mode_word(UNIT->kill_mode))
TEXT(result, result_word(SERVICE->result))
TEXT(pid_file, unit_readiness(UNIT)->pid_file)
TEXT(user, UNIT->user)
TEXT(group, UNIT->group)
TEXT(working_directory, UNIT->working_directory)
TEXT(status_text, SERVICE->notify ? notify_status(SERVICE->notify) : NULL)

NUMBER(main_pid, SERVICE->main)
NUMBER(control_pid, SERVICE->control)
NUMBER(n_restarts, SERVICE->restarts.count)
NUMBER(remain_after_exit, UNIT->remain_after_exit)
NUMBER(guess_main_pid, unit_readiness(UNIT)->guess_main_pid)
NUMBER(restart_usec, UNIT->restart_delay)
NUMBER(restart_max_usec, UNIT->restart_max_delay)
NUMBER(restart_steps, UNIT->restart_steps)
NUMBER(timeout_start, UNIT->timeout_start)
NUMBER(timeout_stop, UNIT->timeout_stop)
NUMBER(runtime_max, UNIT->runtime_max)
NUMBER(watchdog, o->is_loaded ? watchdog_span(SERVICE) : USEC_INFINITY)
NUMBER(start_limit_interval, UNIT->start_limit_interval)
NUMBER(start_limit_burst, UNIT->start_limit_burst)
NUMBER(n_stored, SERVICE->vigil ? SERVICE->vigil->n_stored : 0)
NUMBER(store_max, unit_readiness(UNIT)->fd_store_max)
NUMBER(kill_signal, UNIT->kill_signal)
NUMBER(final_signal, unit_final_signal(UNIT))
NUMBER(send_sigkill, UNIT->send_sigkill)
NUMBER(nice_value, UNIT->nice == INT32_MIN ? 0 : UNIT->nice)
NUMBER(oom_score, UNIT->oom_score_adjust == INT32_MIN ? 0 : UNIT->oom_score_adjust)
NUMBER(umask_value, UNIT->umask == UINT32_MAX ? 0022 : UNIT->umask)

NUMBER(exec_main_pid, last_main_pid(SERVICE))
NUMBER(exec_main_code, has_ended(SERVICE) ? SERVICE->main_ending.code : 0)
NUMBER(exec_main_status, has_ended(SERVICE) ? SERVICE->main_ending.status : 0)
NUMBER(exec_main_start, unit_real_time(o, unit_started(o)))
NUMBER(exec_main_start_monotonic, unit_started(o))
NUMBER(exec_main_exit, has_ended(SERVICE) ? unit_real_time(o, SERVICE->since) : 0)
NUMBER(exec_main_exit_monotonic, has_ended(SERVICE) ? SERVICE->since : 0)

/* Only text to systemctl, which asks GetUnitProcesses() where there is one. */
static const char *control_group(struct object *o) {
        const struct service *s = o->service;
        pid_t some[2];

        if (!o->is_loaded || service_is_at_rest(s) ||
            (s->state == STATE_EXITED && processes_of(s, some, countof(some)) == 0))
                return "";
        return unit_group(s->unit, o->text, sizeof(o->text));
}

static void write_command(const struct object *o, const struct command *c, struct wire_out *out) {
        struct service *s = o->service;
        bool is_main = c == s->main_command, is_over = is_main && has_ended(s);

        wire_struct(out);
        wire_string(out, c->path);
        wire_strings(out, c->argv);
        wire_u32(out, (c->flags & COMMAND_IGNORE_FAILURE) != 0);
        wire_u64(out, is_main ? unit_real_time(o, unit_started(o)) : 0);
        wire_u64(out, is_main ? unit_started(o) : 0);
        wire_u64(out, is_over ? unit_real_time(o, s->since) : 0);
        wire_u64(out, is_over ? s->since : 0);
        wire_u32(out, is_main ? (uint32_t) last_main_pid(s) : 0);
        wire_u32(out, is_over ? (uint32_t) s->main_ending.code : 0);
        wire_u32(out, is_over ? (uint32_t) s->main_ending.status : 0);
}

static void write_commands(const struct object *o, enum exec_kind kind, struct wire_out *out) {
        struct wire_mark mark = wire_array(out, 8);

        for (const struct command *c = o->service->unit->exec[kind]; c; c = c->next)
                write_command(o, c, out);
        wire_array_end(out, mark);
}

#define COMMANDS(name, kind)                                                                                 \
        static void name(struct object *o, struct wire_out *out) {                                           \
                write_commands(o, kind, out);                                                                \
        }
COMMANDS(exec_condition, EXEC_CONDITION)
COMMANDS(exec_start_pre, EXEC_START_PRE)
COMMANDS(exec_start, EXEC_START)
COMMANDS(exec_start_post, EXEC_START_POST)
COMMANDS(exec_reload, EXEC_RELOAD)
COMMANDS(exec_stop, EXEC_STOP)
COMMANDS(exec_stop_post, EXEC_STOP_POST)

static uint64_t limit_of(const struct object *o, int resource) {
        struct rlimit own;

        for (uint8_t i = 0; i < o->service->unit->n_limits; i++)
                if (o->service->unit->limits[i].resource == resource)
                        return o->service->unit->limits[i].hard;
        return getrlimit((unsigned) resource, &own) < 0 ? UNSET : own.rlim_max;
}
NUMBER(limit_nofile, limit_of(o, RLIMIT_NOFILE))
NUMBER(limit_nproc, limit_of(o, RLIMIT_NPROC))
NUMBER(limit_core, limit_of(o, RLIMIT_CORE))

#define COMMANDS_TYPE "a(sasbttttuii)"

/* MainPID before ExecMainPID: systemctl takes them in that order. */
/* clang-format off */
static const struct property properties[] = {
        { "Type",                       "s", .text = type },
        { "Restart",                    "s", .text = restart },
        { "PIDFile",                    "s", .text = pid_file },
        { "RestartUSec",                "t", .number = restart_usec },
        { "RestartSteps",               "u", .number = restart_steps },
        { "RestartMaxDelayUSec",        "t", .number = restart_max_usec },
        { "TimeoutStartUSec",           "t", .number = timeout_start },
        { "TimeoutStopUSec",            "t", .number = timeout_stop },
        { "RuntimeMaxUSec",             "t", .number = runtime_max },
        { "WatchdogUSec",               "t", .number = watchdog },
        { "StartLimitIntervalUSec",     "t", .number = start_limit_interval },
        { "StartLimitBurst",            "u", .number = start_limit_burst },
        { "RemainAfterExit",            "b", .number = remain_after_exit },
        { "GuessMainPID",               "b", .number = guess_main_pid },
        { "MainPID",                    "u", .number = main_pid },
        { "ControlPID",                 "u", .number = control_pid },
        { "FileDescriptorStoreMax",     "u", .number = store_max },
        { "NFileDescriptorStore",       "u", .number = n_stored },
        { "StatusText",                 "s", .text = status_text },
        { "StatusErrno",                "i", .fixed_number = 0 },
        { "Result",                     "s", .text = result },
        { "ReloadResult",               "s", .fixed_text = "success" },
        { "CleanResult",                "s", .fixed_text = "success" },
        { "NRestarts",                  "u", .number = n_restarts },
        { "ExecMainStartTimestamp",     "t", .number = exec_main_start },
        { "ExecMainStartTimestampMonotonic", "t", .number = exec_main_start_monotonic },
        { "ExecMainExitTimestamp",      "t", .number = exec_main_exit },
        { "ExecMainExitTimestampMonotonic", "t", .number = exec_main_exit_monotonic },
        { "ExecMainPID",                "u", .number = exec_main_pid },
        { "ExecMainCode",               "i", .number = exec_main_code },
        { "ExecMainStatus",             "i", .number = exec_main_status },
        { "ExecCondition",              COMMANDS_TYPE, .write = exec_condition },
        { "ExecStartPre",               COMMANDS_TYPE, .write = exec_start_pre },
        { "ExecStart",                  COMMANDS_TYPE, .write = exec_start },
        { "ExecStartPost",              COMMANDS_TYPE, .write = exec_start_post },
        { "ExecReload",                 COMMANDS_TYPE, .write = exec_reload },
        { "ExecStop",                   COMMANDS_TYPE, .write = exec_stop },
        { "ExecStopPost",               COMMANDS_TYPE, .write = exec_stop_post },
        { "ControlGroup",               "s", .text = control_group },
        { "User",                       "s", .text = user },
        { "Group",                      "s", .text = group },
        { "WorkingDirectory",           "s", .text = working_directory },
        { "UMask",                      "u", .number = umask_value },
        { "Nice",                       "i", .number = nice_value },
        { "OOMScoreAdjust",             "i", .number = oom_score },
        { "LimitNOFILE",                "t", .number = limit_nofile },
        { "LimitNPROC",                 "t", .number = limit_nproc },
        { "LimitCORE",                  "t", .number = limit_core },
        { "KillMode",                   "s", .text = kill_mode },
        { "KillSignal",                 "i", .number = kill_signal },
        { "FinalKillSignal",            "i", .number = final_signal },
        { "SendSIGKILL",                "b", .number = send_sigkill },
};
/* clang-format on */

static bool is_of(const struct object *o) {
        return o->kind == OBJECT_UNIT && text_ends(o->name, ".service");
}

const struct interface interface_service = {
        .name = "org.freedesktop.systemd1.Service",
        .is_of = is_of,
        .properties = properties,
        .n_properties = countof(properties),
};
