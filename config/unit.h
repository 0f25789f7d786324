/* What the files ask for: units and the container they are in. Read-only once loaded; a unit does not outlive
 * its config. Every name is systemd's and means what systemd's manual says; the fields' defaults are in the
 * table of settings (config/setting.h), in words.
 *
 * A unit is kept small on purpose: PID 1 may hold a thousand. What few units set is a pointer. */
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include "base/def.h"

#define SERVICE_TYPES(X)                                                                                     \
        X(SIMPLE, "simple")                                                                                  \
        X(EXEC, "exec")                                                                                      \
        X(ONESHOT, "oneshot")                                                                                \
        X(NOTIFY, "notify")                                                                                  \
        X(NOTIFY_RELOAD, "notify-reload")                                                                    \
        X(FORKING, "forking")                                                                                \
        X(IDLE, "idle")
#define RESTARTS(X)                                                                                          \
        X(NO, "no")                                                                                          \
        X(ON_SUCCESS, "on-success")                                                                          \
        X(ON_FAILURE, "on-failure")                                                                          \
        X(ON_ABNORMAL, "on-abnormal")                                                                        \
        X(ON_WATCHDOG, "on-watchdog")                                                                        \
        X(ON_ABORT, "on-abort")                                                                              \
        X(ALWAYS, "always")
#define KILL_MODES(X)                                                                                        \
        X(CONTROL_GROUP, "control-group")                                                                    \
        X(MIXED, "mixed")                                                                                    \
        X(PROCESS, "process")                                                                                \
        X(NONE, "none")
/* What becomes of the container when the unit is done (SuccessAction=) or given up (FailureAction=). In a
 * container every way to end a machine is the end of the container: `exit` in order, `exit-force` at once. */
#define ACTIONS(X)                                                                                           \
        X(NONE, "none")                                                                                      \
        X(EXIT, "exit")                                                                                      \
        X(EXIT_FORCE, "exit-force")
/* Who may use the control socket besides root and tend's own user. */
#define CONTROLS(X)                                                                                          \
        X(SHARED, "shared")                                                                                  \
        X(PRIVATE, "private")                                                                                \
        X(NO, "no")
#define NOTIFY_ACCESSES(X)                                                                                   \
        X(NONE, "none")                                                                                      \
        X(MAIN, "main")                                                                                      \
        X(EXEC, "exec")                                                                                      \
        X(ALL, "all")
#define STDIO_KINDS(X)                                                                                       \
        X(INHERIT, "inherit")                                                                                \
        X(NULL, "null")                                                                                      \
        X(TTY, "tty")                                                                                        \
        X(FILE, "file")                                                                                      \
        X(APPEND, "append")                                                                                  \
        X(TRUNCATE, "truncate")                                                                              \
        X(DATA, "data")                                                                                      \
        X(SOCKET, "socket")
#define EXEC_KINDS(X)                                                                                        \
        X(CONDITION, "ExecCondition")                                                                        \
        X(START_PRE, "ExecStartPre")                                                                         \
        X(START, "ExecStart")                                                                                \
        X(START_POST, "ExecStartPost")                                                                       \
        X(RELOAD, "ExecReload")                                                                              \
        X(STOP, "ExecStop")                                                                                  \
        X(STOP_POST, "ExecStopPost")

#define HEALTH_ACTIONS(X)                                                                                    \
        X(NONE, "none")                                                                                      \
        X(RESTART, "restart")                                                                                \
        X(STOP, "stop")                                                                                      \
        X(FAIL, "fail")

#define ENUM_SERVICE(name, word) SERVICE_##name,
#define ENUM_RESTART(name, word) RESTART_##name,
#define ENUM_KILL(name, word)    KILL_##name,
#define ENUM_ACTION(name, word)  ACTION_##name,
#define ENUM_ACCESS(name, word)  NOTIFY_ACCESS_##name,
#define ENUM_STDIO(name, word)   STDIO_##name,
#define ENUM_EXEC(name, word)    EXEC_##name,
#define ENUM_CONTROL(name, word) CONTROL_##name,
#define ENUM_HEALTH(name, word)  HEALTH_ACTION_##name,

enum service_type { SERVICE_TYPES(ENUM_SERVICE) SERVICE_TYPE_COUNT };
enum restart { RESTARTS(ENUM_RESTART) RESTART_COUNT };
enum kill_mode { KILL_MODES(ENUM_KILL) KILL_MODE_COUNT };
enum action { ACTIONS(ENUM_ACTION) ACTION_COUNT };
enum notify_access { NOTIFY_ACCESSES(ENUM_ACCESS) NOTIFY_ACCESS_COUNT };
enum stdio_kind { STDIO_KINDS(ENUM_STDIO) STDIO_KIND_COUNT };
enum control { CONTROLS(ENUM_CONTROL) };
enum exec_kind { EXEC_KINDS(ENUM_EXEC) EXEC_KIND_COUNT };
enum health_action { HEALTH_ACTIONS(ENUM_HEALTH) HEALTH_ACTION_COUNT };

enum command_flags {
        COMMAND_IGNORE_FAILURE = 1 << 0, /* "-" */
        COMMAND_NO_EXPAND = 1 << 1,      /* ":": no $VARIABLES */
        COMMAND_PRIVILEGED = 1 << 2,     /* "+": User=, Group= and what limits it are left out */
        COMMAND_KEEP_USER = 1 << 3,      /* "!": User= and Group= are left out */
        COMMAND_ARGV0 = 1 << 4,          /* "@": the second word is argv[0] */
};

/* One command line: its words with specifiers expanded and quotes resolved, variables not yet (that is at the
 * spawn). */
struct command {
        struct command *next; /* owned; the next line of the same setting */
        uint8_t flags;
        uint32_t n;   /* words, argv[0] included */
        char *path;   /* inside `words`: the program, a path or a name to look for in PATH */
        char *argv[]; /* n pointers into one block behind them, then NULL */
};

/* Which exit codes and signals: SuccessExitStatus= and its kin. */
struct status_set {
        uint64_t codes[4]; /* bit N of 256 */
        uint64_t signals;  /* bit N for signal N, 1 to 64 (64 as bit 0) */
};

struct limit {
        int resource; /* RLIMIT_* */
        rlim_t soft, hard;
};

struct stdio {
        enum stdio_kind kind;
        bool is_written; /* not the default */
        char *path;      /* owned; for the kinds that name a file */
};

/* Where a value came from, for `tend show`; kept only when config_load() was asked to. */
struct origin {
        const struct setting *setting; /* borrowed, static */
        const char *file;              /* borrowed from the config */
        unsigned line;
};

struct environment_file {
        struct environment_file *next; /* owned */
        bool optional;                 /* "-" */
        char path[];
};

struct bonds;
struct budget;
struct setup;
struct socket_spec;
struct path_spec;
/* What an elapse is counted from. */
#define TIMER_BASES(X)                                                                                       \
        X(ACTIVE, "OnActiveSec")                                                                             \
        X(BOOT, "OnBootSec")                                                                                 \
        X(STARTUP, "OnStartupSec")                                                                           \
        X(UNIT_ACTIVE, "OnUnitActiveSec")                                                                    \
        X(UNIT_INACTIVE, "OnUnitInactiveSec")                                                                \
        X(CALENDAR, "OnCalendar")
#define ENUM_BASE(name, word) TIMER_##name,
enum timer_base { TIMER_BASES(ENUM_BASE) TIMER_BASE_COUNT };

/* One line of OnCalendar= and its kin. */
struct timer_event {
        struct timer_event *next;  /* owned */
        struct calendar *calendar; /* owned; NULL but for TIMER_CALENDAR */
        const struct zone *zone;   /* borrowed from the config; of the calendar, once loaded */
        usec_t span;
        uint8_t base; /* enum timer_base */
};

/* What a unit of type .timer has besides. */
struct timer_spec {
        struct timer_event *events; /* owned; in the order of the files */
        char *unit;                 /* owned; what it starts, the full name; NULL until load settles it */
        usec_t random_delay, accuracy;
        bool persistent, fixed_random_delay, remain_after_elapse;
};

/* ReadyWhen= or HealthCheck=. */
struct probe_spec {
        char *text;              /* owned; as it is written, specifiers put in */
        struct command *command; /* owned; tend itself, which does it; NULL of fd:N */
        int fd;                  /* of fd:N; -1 */
};

/* What few units say about their main process, their messages and their probes. */
struct readiness {
        char *pid_file;  /* owned; an absolute path, or NULL */
        usec_t watchdog; /* WatchdogSec=; USEC_INFINITY: none */
        int watchdog_signal, reload_signal;
        unsigned fd_store_max; /* descriptors that are kept */
        bool guess_main_pid;
        bool exits_empty;        /* ExitType=cgroup: it is up until its last process has gone */
        uint8_t health_action;   /* enum health_action */
        unsigned health_retries; /* failures in a row */
        struct probe_spec *ready_when, *health_check; /* owned */
        usec_t health_interval, health_timeout, health_start_period;
};

struct unit {
        const char *name;  /* "web.service", "worker@1.service"; in the same block, see unit_new() */
        char *description; /* owned; NULL: the name serves */
        const char *file;  /* borrowed from the config; where its section begins */
        unsigned line;

        char **documentation;                        /* owned, as all lists here; NULL is empty */
        char **after, **before, **wants, **requires; /* full unit names, suffix included */
        struct bonds *bonds; /* owned; NULL where none of the rarer ties is set, see config/bond.h */

        struct command *exec[EXEC_KIND_COUNT]; /* owned */

        char **environment;                         /* "NAME=value" */
        struct environment_file *environment_files; /* owned */
        char *working_directory;                    /* owned; NULL: leave alone; "~": the user's home */
        char *user, *group;                         /* owned; names or numbers; NULL: stay who tend is */
        struct limit *limits;                       /* owned */
        struct stdio input, output, error;
        struct budget *budget;       /* owned; NULL where nothing of it is set, see config/budget.h */
        struct setup *setup;         /* owned; NULL where nothing of it is set, see config/setup.h */
        struct readiness *readiness; /* owned; NULL: nothing of it is set, see unit_readiness() */

        usec_t restart_delay;     /* RestartSec= */
        usec_t restart_max_delay; /* RestartMaxDelaySec=; USEC_INFINITY: does not grow */
        usec_t start_limit_interval;
        usec_t timeout_start, timeout_stop; /* USEC_INFINITY: none */
        usec_t runtime_max;
        unsigned restart_steps; /* 0: does not grow */
        unsigned start_limit_burst;

        int oom_score_adjust; /* INT_MIN: leave alone */
        int nice;             /* INT_MIN: leave alone */
        unsigned umask;       /* UINT_MAX: leave alone */
        int kill_signal;
        uint8_t n_limits;

        /* The enums, one byte each: see the macros above for their names. */
        uint8_t type;           /* enum service_type; UINT8_MAX until load settles it */
        uint8_t restart;        /* enum restart */
        uint8_t kill_mode;      /* enum kill_mode */
        uint8_t success_action; /* enum action */
        uint8_t failure_action; /* enum action */
        uint8_t notify_access;  /* enum notify_access; UINT8_MAX until load settles it: main for notify, else
                                   none */
        bool remain_after_exit;
        bool send_sigkill;
        bool ignore_sigpipe;
        bool working_directory_optional; /* "-" */
        bool from_tend_ini;              /* the defaults are those for a container, not a unit file's */
        bool is_target; /* a group without a process: up as soon as it is started, and keeps nothing running
                         */
        bool is_asked; /* a unit file that was asked for by name, or is enabled: started with the container */
        bool foreground;    /* the command of `tend run FILE -- CMD`: owns the terminal */
        unsigned instances; /* [x@] with Instances=: how many; 0 elsewhere */

        struct timer_spec *timer;   /* owned; NULL but for .timer */
        struct socket_spec *socket; /* owned; NULL but for .socket, see config/socket.h */
        struct path_spec *path;     /* owned; NULL but for .path, see config/path.h */

        struct origin *origins; /* owned; NULL unless asked for */
        size_t n_origins;
};

/* What is done of sysusers.d and tmpfiles.d before the first service. */
#define PREPARES(X)                                                                                          \
        X(AUTO, "auto")                                                                                      \
        X(NO, "no")                                                                                          \
        X(CREATE, "create")                                                                                  \
        X(BOOT, "boot")
#define ENUM_PREPARE(name, word) PREPARE_##name,
enum prepare_mode { PREPARES(ENUM_PREPARE) };

/* [tend]: the container as a whole. */
struct container {
        char *hostname;         /* owned; NULL: leave alone */
        char *control_group;    /* owned; ControlGroup=, a name or a number; NULL: none */
        char **units;           /* owned; Units=: unit files by name or path */
        usec_t stop_budget;     /* all of the shutdown */
        uint8_t log_level;      /* enum log_level */
        uint8_t control;        /* enum control */
        uint8_t prepare;        /* enum prepare_mode */
        bool system_bus;        /* a socket where the system bus would be */
        struct origin *origins; /* owned */
        size_t n_origins;
};

struct config {
        struct container container;
        struct unit **units; /* owned, and each of them; in the order of the files */
        size_t n_units;
        struct unit **slices; /* owned, and each of them; what [x.slice] says, budgets and no services */
        size_t n_slices;
        struct zone **zones; /* owned, and each of them; of the timers' calendars */
        size_t n_zones;
        char *path;     /* owned; the main file */
        char **files;   /* owned; the names that units and origins point to */
        char **aliases; /* owned; pairs: another name, and the unit's own */
};

/* A unit of that full name that is as `fresh`, which owns nothing. NULL without memory. */
struct unit *unit_new(const struct unit *fresh, const char *name) must_check;
void unit_free(struct unit *u);

/* What the unit says of it, or the defaults; never NULL. */
const struct readiness *unit_readiness(const struct unit *u);

struct probe_spec *probe_spec_free(struct probe_spec *p);

/* It says READY=1 when it is up. */
bool unit_says_ready(const struct unit *u);

/* Frees it and those that follow it; returns NULL. */
struct command *command_free(struct command *c);

/* All zero but for the defaults; NULL without memory. */
struct timer_spec *timer_spec_new(void);
struct timer_spec *timer_spec_free(struct timer_spec *t);
void timer_spec_reset(struct timer_spec *t); /* forgets the events */

/* The full name of the unit that this one starts, by a time or a path; NULL where it starts none. */
const char *unit_triggers(const struct unit *u);
char **unit_trigger_field(struct unit *u); /* where that name is kept, NULL likewise */

/* The unit of that full name, or that is also known by it; NULL. */
struct unit *config_find(const struct config *c, const char *name);

/* What [NAME.slice] says; NULL where there is no such section. */
struct unit *config_find_slice(const struct config *c, const char *name);

/* "web" becomes "web.service"; a name that has a unit suffix stays. The caller frees; NULL without memory. */
char *unit_full_name(const char *name) must_check;

/* Letters, digits and ":-_.\\@", and short enough; the suffix may lack. */
bool unit_is_name(const char *name);

/* A target that is always there and always reached, as in systemd.special(7), or what else there is on every
 * machine: naming one is right and changes nothing. */
bool unit_is_built_in(const char *name);

/* Ends in ".service" or another suffix of systemd.unit(5). */
bool unit_has_suffix(const char *name);

/* The words of the enums, as systemd writes them. */
const char *service_type_word(enum service_type t);
const char *restart_word(enum restart r);
const char *kill_mode_word(enum kill_mode k);
const char *exec_kind_word(enum exec_kind e);
const char *timer_base_word(enum timer_base b);

static inline bool status_set_has_code(const struct status_set *s, int code) {
        return s && code >= 0 && code < 256 && (s->codes[code / 64] >> (code % 64) & 1);
}

static inline bool status_set_has_signal(const struct status_set *s, int signal) {
        return s && signal > 0 && signal <= 64 && (s->signals >> (signal % 64) & 1);
}
