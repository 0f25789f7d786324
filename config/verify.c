#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "base/glob.h"
#include "base/parse.h"
#include "base/text.h"
#include "config/bond.h"
#include "config/expand.h"
#include "config/setup.h"
#include "config/suggest.h"
#include "config/user.h"
#include "config/verify.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* --- What a unit may ask for. */

static bool has_nothing_to_run(const struct unit *u) {
        return !u->exec[EXEC_START] && !u->exec[EXEC_STOP] && u->success_action == ACTION_NONE;
}

static bool lacks_start(const struct unit *u) {
        return !u->exec[EXEC_START] && u->type != SERVICE_ONESHOT && !has_nothing_to_run(u);
}

static bool ends_before_it_began(const struct unit *u) {
        return !u->exec[EXEC_START] && u->exec[EXEC_STOP] && u->type == SERVICE_ONESHOT &&
               !u->remain_after_exit && u->success_action == ACTION_NONE;
}

static bool has_several_starts(const struct unit *u) {
        return u->type != SERVICE_ONESHOT && u->exec[EXEC_START] && u->exec[EXEC_START]->next;
}

static bool restarts_oneshot_after_success(const struct unit *u) {
        return u->type == SERVICE_ONESHOT &&
               (u->restart == RESTART_ALWAYS || u->restart == RESTART_ON_SUCCESS);
}

static bool forces_oneshot(const struct unit *u) {
        return u->type == SERVICE_ONESHOT && unit_exits(u)->restart_force;
}

static bool empties_oneshot(const struct unit *u) {
        return u->type == SERVICE_ONESHOT && unit_readiness(u)->exits_empty;
}

static bool hears_no_readiness(const struct unit *u) {
        return unit_says_ready(u) && u->notify_access == NOTIFY_ACCESS_NONE;
}

static bool hears_no_watchdog(const struct unit *u) {
        return unit_readiness(u)->watchdog != USEC_INFINITY && u->notify_access == NOTIFY_ACCESS_NONE;
}

static bool hears_no_descriptors(const struct unit *u) {
        return unit_readiness(u)->fd_store_max > 0 && u->notify_access == NOTIFY_ACCESS_NONE;
}

static bool leaves_no_main(const struct unit *u) {
        return u->type == SERVICE_FORKING && !unit_readiness(u)->pid_file &&
               !unit_readiness(u)->guess_main_pid;
}

static bool asks_oneshot(const struct unit *u) {
        return u->type == SERVICE_ONESHOT && unit_readiness(u)->ready_when;
}

static bool checks_oneshot(const struct unit *u) {
        return u->type == SERVICE_ONESHOT && unit_readiness(u)->health_check;
}

static bool acts_on_nothing(const struct unit *u) {
        const struct readiness *r = unit_readiness(u);

        return r->health_action != HEALTH_ACTION_NONE && !r->health_check;
}

static bool is_behind_itself(const struct unit *u) {
        return strv_contains(u->after, u->name);
}

static bool is_ahead_of_itself(const struct unit *u) {
        return strv_contains(u->before, u->name);
}

static bool requires_itself(const struct unit *u) {
        return strv_contains(u->requires, u->name);
}

static bool wants_itself(const struct unit *u) {
        return strv_contains(u->wants, u->name);
}

static bool conflicts_with_itself(const struct unit *u) {
        return strv_contains(unit_bond(u, BOND_CONFLICTS), u->name);
}

static bool is_bound_to_itself(const struct unit *u) {
        return strv_contains(unit_bond(u, BOND_BINDS_TO), u->name) ||
               strv_contains(unit_bond(u, BOND_REQUISITE), u->name);
}

static bool handles_itself(const struct unit *u) {
        return strv_contains(unit_bond(u, BOND_ON_FAILURE), u->name) ||
               strv_contains(unit_bond(u, BOND_ON_SUCCESS), u->name);
}

static bool prevents_nothing(const struct unit *u) {
        const struct exits *e = unit_exits(u);
        return e->restart_prevent && u->restart == RESTART_NO && !e->restart_force;
}

static bool prevents_what_it_forces(const struct unit *u) {
        const struct status_set *a = unit_exits(u)->restart_prevent, *b = unit_exits(u)->restart_force;

        if (!a || !b)
                return false;
        for (size_t i = 0; i < countof(a->codes); i++)
                if (a->codes[i] & b->codes[i])
                        return true;
        return a->signals & b->signals;
}

static bool delay_shrinks(const struct unit *u) {
        return u->restart_steps > 0 && u->restart_max_delay < u->restart_delay;
}

/* The number whose `steps`-th power is `ratio`, near enough. */
static double find_factor(double ratio, unsigned steps) {
        double low = 1, high = ratio;

        for (int i = 0; i < 60; i++) {
                double middle = (low + high) / 2, power = 1;

                for (unsigned k = 0; k < steps && power <= ratio; k++)
                        power *= middle;
                if (power > ratio)
                        high = middle;
                else
                        low = middle;
        }
        return low;
}

/* A service that fails at once is started `burst` times in this time, at best; the next start would be
 * refused. */
static double shortest_burst(const struct unit *u) {
        bool grows = u->restart_steps > 0 && u->restart_max_delay != USEC_INFINITY && u->restart_delay > 0 &&
                     u->restart_max_delay > u->restart_delay;
        double delay = (double) u->restart_delay, most = (double) u->restart_max_delay, sum = 0;
        double factor = grows ? find_factor(most / delay, MIN(u->restart_steps, 1000u)) : 1;

        for (unsigned i = 0; i < MIN(u->start_limit_burst, 100000u); i++) {
                sum += delay;
                if (grows)
                        delay = MIN(delay * factor, most);
        }
        return sum;
}

static bool never_gives_up(const struct unit *u) {
        /* The defaults of unit files are like that. */
        if (!u->from_tend_ini)
                return false;
        if (u->restart == RESTART_NO || u->start_limit_burst == 0 || u->start_limit_interval == 0 ||
            u->start_limit_interval == USEC_INFINITY)
                return false;

        /* What is true of most is found out without a loop. */
        usec_t longest = MAX(u->restart_delay, u->restart_steps > 0 ? u->restart_max_delay : 0), sum;
        if (!__builtin_mul_overflow(longest, u->start_limit_burst, &sum) && sum <= u->start_limit_interval)
                return false;
        return shortest_burst(u) > (double) u->start_limit_interval;
}

static bool kills_nothing(const struct unit *u) {
        return u->kill_mode == KILL_NONE;
}

static bool limits_oneshot(const struct unit *u) {
        return u->type == SERVICE_ONESHOT && u->runtime_max != USEC_INFINITY;
}

static bool succeeds_without_action(const struct unit *u) {
        return unit_exits(u)->success_code >= 0 && u->success_action == ACTION_NONE;
}

static bool fails_without_action(const struct unit *u) {
        return unit_exits(u)->failure_code >= 0 && u->failure_action == ACTION_NONE;
}

enum occasion {
        ALWAYS,
        WRITTEN,   /* not where it is only a default that does not fit */
        OF_ITSELF, /* in a unit file it is a warning: such a line says nothing */
        SOUND,     /* not where a value that was refused may be what is missing */
};

/* clang-format off */
static const struct rule {
        const char *key; /* whose line is at fault */
        bool (*is_broken)(const struct unit *u);
        int error; /* 0: a warning */
        const char *words, *hint;
        enum occasion occasion;
} rules[] = {
        { "ExecStart", has_nothing_to_run, -EINVAL,
          "there is nothing to run: ExecStart= is missing", NULL, SOUND },
        { "ExecStart", lacks_start, -EINVAL,
          "ExecStart= is missing, which only Type=oneshot may do without", NULL, SOUND },
        { "RemainAfterExit", ends_before_it_began, -EINVAL,
          "without ExecStart= it is over before it has begun",
          "RemainAfterExit=yes keeps it until it is stopped", SOUND },
        { "ExecStart", has_several_starts, -EINVAL,
          "several commands in ExecStart=, which only Type=oneshot may have",
          "an empty ExecStart= takes the earlier ones away", ALWAYS },
        { "Restart", restarts_oneshot_after_success, -EINVAL,
          "Restart=always and on-success are not for Type=oneshot, whose success is its end",
          "Type=simple is for what shall run on", ALWAYS },
        { "RestartForceExitStatus", forces_oneshot, -EINVAL,
          "RestartForceExitStatus= is not for Type=oneshot", NULL, ALWAYS },
        { "ExitType", empties_oneshot, -EINVAL, "ExitType=cgroup is not for Type=oneshot", NULL, ALWAYS },
        { "NotifyAccess", hears_no_readiness, -EINVAL,
          "Type=notify with NotifyAccess=none: its readiness could never be heard", NULL, ALWAYS },
        { "NotifyAccess", hears_no_watchdog, -EINVAL,
          "WatchdogSec= with NotifyAccess=none: WATCHDOG=1 could never be heard", NULL, ALWAYS },
        { "NotifyAccess", hears_no_descriptors, 0,
          "FileDescriptorStoreMax= changes nothing with NotifyAccess=none", NULL, ALWAYS },
        { "GuessMainPID", leaves_no_main, 0,
          "Type=forking with neither PIDFile= nor GuessMainPID=: how its main process ends is never known",
          NULL, ALWAYS },
        { "ReadyWhen", asks_oneshot, -EINVAL,
          "ReadyWhen= is not for Type=oneshot, which is ready when its last command has ended", NULL,
          ALWAYS },
        { "HealthCheck", checks_oneshot, -EINVAL,
          "HealthCheck= is not for Type=oneshot, which does not run on", NULL, ALWAYS },
        { "HealthAction", acts_on_nothing, 0, "HealthAction= changes nothing without HealthCheck=", NULL,
          ALWAYS },
        { "After", is_behind_itself, -EINVAL, "it is ordered behind itself (After=)", NULL, OF_ITSELF },
        { "Before", is_ahead_of_itself, -EINVAL, "it is ordered ahead of itself (Before=)", NULL, OF_ITSELF },
        { "Requires", requires_itself, -EINVAL, "it requires itself (Requires=)", NULL, OF_ITSELF },
        { "Wants", wants_itself, -EINVAL, "it wants itself (Wants=)", NULL, OF_ITSELF },
        { "Conflicts", conflicts_with_itself, -EINVAL, "it conflicts with itself (Conflicts=)", NULL,
          OF_ITSELF },
        { "BindsTo", is_bound_to_itself, -EINVAL, "it requires itself (BindsTo=, Requisite=)", NULL,
          OF_ITSELF },
        { "OnFailure", handles_itself, -EINVAL, "it is started by its own end (OnFailure=, OnSuccess=)",
          "Restart= starts it again", OF_ITSELF },
        { "RestartPreventExitStatus", prevents_nothing, 0,
          "RestartPreventExitStatus= changes nothing where Restart=no", NULL, ALWAYS },
        { "RestartPreventExitStatus", prevents_what_it_forces, 0,
          "RestartPreventExitStatus= and RestartForceExitStatus= name the same status: it is not restarted",
          NULL, ALWAYS },
        { "RestartMaxDelaySec", delay_shrinks, 0,
          "RestartMaxDelaySec= is shorter than RestartSec=: the delay does not grow", NULL, WRITTEN },
        { "StartLimitIntervalSec", never_gives_up, 0,
          "it is never given up: StartLimitBurst= restarts take longer than StartLimitIntervalSec=",
          "with StartLimitIntervalSec=infinity every start counts, StartLimitBurst=0 says that it is meant",
          ALWAYS },
        { "KillMode", kills_nothing, 0,
          "KillMode=none: its processes are left until the container ends", NULL, ALWAYS },
        { "RuntimeMaxSec", limits_oneshot, 0, "RuntimeMaxSec= changes nothing for Type=oneshot",
          "TimeoutStartSec= limits it", ALWAYS },
        { "SuccessActionExitStatus", succeeds_without_action, 0,
          "SuccessActionExitStatus= changes nothing without SuccessAction=", NULL, ALWAYS },
        { "FailureActionExitStatus", fails_without_action, 0,
          "FailureActionExitStatus= changes nothing where FailureAction=none", NULL, ALWAYS },
};
/* clang-format on */

/* --- What there is. */

static const struct origin *find_origin(const struct verify *v, const char *key) {
        return setting_origin(setting_find(OWNER_UNIT, key), v->origins, v->n_origins);
}

void verify_say(const struct verify *v, const char *section, const char *key, int error, const char *format,
                ...) {
        const struct origin *at =
                setting_origin(setting_find_in(OWNER_UNIT, section, key), v->origins, v->n_origins);
        autofree char *words = NULL;
        va_list arguments;

        va_start(arguments, format);
        if (vasprintf(&words, format, arguments) < 0)
                words = NULL;
        va_end(arguments);
        diag(v->diags, at ? at->file : v->unit->file, at ? at->line : v->unit->line, error, "%s: %s",
             v->unit->name, words ? words : "out of memory");
}

static void warn(const struct verify *v, const char *key, const char *what, const char *name, int error) {
        verify_say(v, NULL, key, 0, "%s= %s %s: %s", key, what, name, strerror(error));
}

static const char *search_path(const struct verify *v) {
        const char *path = expand_variable(v->unit->environment, "PATH", 4);

        if (!path)
                path = expand_variable(v->environment, "PATH", 4);
        return path ? path : DEFAULT_PATH;
}

static bool is_program(const char *path) {
        struct stat st;

        return stat(path, &st) >= 0 && S_ISREG(st.st_mode) && access(path, X_OK) >= 0;
}

static bool is_in_path(const char *name, const char *path) {
        while (*path != '\0') {
                size_t n = strcspn(path, ":");
                autofree char *file = text_format("%.*s/%s", (int) n, path, name);

                if (file && is_program(file))
                        return true;
                path += n + (path[n] == ':');
        }
        return false;
}

static bool is_found(const struct verify *v, const char *name) {
        char **paths = v->unit->setup ? v->unit->setup->search_path : NULL;

        /* Where both are there, Environment= may have the last word: that the spawn will see. */
        for (; paths && *paths; paths++)
                if (is_in_path(name, *paths))
                        return true;
        return is_in_path(name, search_path(v));
}

static void check_command(const struct verify *v, const struct command *c, const char *key) {
        if (c->path[0] == '/') {
                if (!is_program(c->path))
                        warn(v, key, "names the program", c->path,
                             access(c->path, F_OK) < 0 ? ENOENT : EACCES);
        } else if (!v->unit->environment_files && !is_found(v, c->path))
                verify_say(v, NULL, key, 0, "%s= names the program %s, which is not in PATH (%s)", key,
                           c->path, search_path(v));
}

static void check_commands(const struct verify *v) {
        for (unsigned i = 0; i < EXEC_KIND_COUNT; i++)
                for (const struct command *c = v->unit->exec[i]; c; c = c->next)
                        check_command(v, c, exec_kind_word(i));
}

static void check_account(const struct verify *v, const char *key, const char *name, bool is_user) {
        struct user user;
        gid_t gid;
        int r = is_user ? user_find(name, &user) : group_find(name, &gid);

        if (r == -ESRCH)
                verify_say(v, NULL, key, 0, "%s=%s: there is no such %s", key, name,
                           is_user ? "user" : "group");
        else if (r < 0)
                warn(v, key, "cannot look up", name, -r);
}

static void check_accounts(const struct verify *v) {
        const struct unit *u = v->unit;

        if (u->user)
                check_account(v, "User", u->user, true);
        if (u->group)
                check_account(v, "Group", u->group, false);
        for (char *const *name = u->setup ? u->setup->supplementary_groups : NULL; name && *name; name++)
                check_account(v, "SupplementaryGroups", *name, false);
}

/* It is one of those that are made for the unit at each start. */
static bool is_made(const struct unit *u, const char *path) {
        for (enum directory_kind kind = 0; u->setup && kind < DIRECTORY_KIND_COUNT; kind++) {
                const char *base = directory_base(kind);
                char **name = u->setup->directories[kind].names;

                for (; name && *name; name++) {
                        size_t n = strlen(base), m = strcspn(*name, ":");

                        if (strncmp(path, base, n) == 0 && path[n] == '/' &&
                            strncmp(path + n + 1, *name, m) == 0 && path[n + 1 + m] == '\0')
                                return true;
                }
        }
        return false;
}

static void check_files(const struct verify *v) {
        const char *directory = v->unit->working_directory;
        struct stat st;

        if (directory && *directory == '/' && !v->unit->working_directory_optional &&
            !is_made(v->unit, directory)) {
                if (stat(directory, &st) < 0)
                        warn(v, "WorkingDirectory", "names", directory, errno);
                else if (!S_ISDIR(st.st_mode))
                        warn(v, "WorkingDirectory", "names", directory, ENOTDIR);
        }
        for (const struct environment_file *f = v->unit->environment_files; f; f = f->next)
                if (!f->optional && !glob_is_pattern(f->path) && access(f->path, R_OK) < 0)
                        warn(v, "EnvironmentFile", "names", f->path, errno);
}

static bool is_occasion(const struct verify *v, const struct rule *rule) {
        switch (rule->occasion) {
        case ALWAYS:
        case OF_ITSELF:
                return true;
        case WRITTEN:
                return find_origin(v, rule->key);
        case SOUND:
                return !v->has_errors;
        }
        return true;
}

static bool is_mild(const struct verify *v, const struct rule *rule) {
        return rule->occasion == OF_ITSELF && !v->unit->from_tend_ini;
}

void verify_started(const struct verify *v, const char *section, const char *key, int error) {
        const char *name = unit_triggers(v->unit);
        struct suggest near;

        if (!v->config || !name || !v->unit->from_tend_ini || config_find(v->config, name))
                return;
        verify_say(v, section, key, error, "it starts %s, and there is no such unit%s", name,
                   error < 0 ? "" : ": it does nothing");
        suggest_init(&near, name);
        for (size_t i = 0; i < v->config->n_units; i++)
                if (!unit_trigger_field(v->config->units[i]))
                        suggest_offer(&near, v->config->units[i]->name);
        if (near.best)
                diag_hint(v->diags, "did you mean %s=%s?", key, near.best);
}

void verify_unit(const struct verify *v) {
        (void) remark_report(v->unit, v->diags);
        if (v->unit->is_target || text_ends(v->unit->name, ".slice"))
                return;
        if (v->unit->timer) {
                verify_timer(v);
                return;
        }
        if (v->unit->path) {
                verify_path(v);
                return;
        }
        if (v->unit->socket)
                verify_socket(v);
        else
                verify_sockets_of(v);
        for (size_t i = 0; i < countof(rules) && !v->unit->socket; i++) {
                if (!rules[i].is_broken(v->unit) || !is_occasion(v, &rules[i]))
                        continue;
                verify_say(v, NULL, rules[i].key, is_mild(v, &rules[i]) ? 0 : rules[i].error, "%s",
                           rules[i].words);
                if (rules[i].hint)
                        diag_hint(v->diags, "%s", rules[i].hint);
        }
        if (!v->look_at_system)
                return;
        check_commands(v);
        check_accounts(v);
        check_files(v);
}
