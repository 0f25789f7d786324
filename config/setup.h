/* What few units ask for around their processes: conditions, directories, scheduling, input data. A unit has
 * one only where something of it is set: unit->setup is NULL elsewhere, and then every default holds. */
#pragma once

#include <sched.h>

#include "config/remark.h"
#include "config/unit.h"

/* clang-format off */
/* ConditionX= and AssertX=, in the order of their keys. X: word, what it takes, what it asks. R: a condition
 * of systemd's that is not looked at here. */
#define CHECKS(X, R)                                                                                         \
        X(AC_POWER, "ACPower", "yes or no", "the machine has mains power, or no battery")                    \
        X(ARCHITECTURE, "Architecture", "an architecture, or native", "the machine is of that kind")         \
        R("CPUFeature")                                                                                      \
        R("CPUPressure")                                                                                     \
        X(CPUS, "CPUs", "a number, with < <= = != >= > before it", "tend may use that many processors")      \
        X(CAPABILITY, "Capability", "a capability", "it is in the bounding set of tend")                     \
        R("ControlGroupController")                                                                          \
        R("Credential")                                                                                      \
        X(DIRECTORY_NOT_EMPTY, "DirectoryNotEmpty", "a path", "it is a directory with something in it")      \
        X(ENVIRONMENT, "Environment", "NAME or NAME=value", "tend's own environment has it")                 \
        X(FILE_IS_EXECUTABLE, "FileIsExecutable", "a path", "it is a file that may be executed")             \
        X(FILE_NOT_EMPTY, "FileNotEmpty", "a path", "it is a file with something in it")                     \
        R("Firmware")                                                                                        \
        X(FIRST_BOOT, "FirstBoot", "yes or no", "/run/systemd/first-boot is there")                          \
        X(GROUP, "Group", "a group", "tend runs in it")                                                      \
        X(HOST, "Host", "a host name, a pattern for one, or a machine id", "it is this one's")               \
        R("IOPressure")                                                                                      \
        X(KERNEL_COMMAND_LINE, "KernelCommandLine", "a word, or NAME=value", "tend was started with it")     \
        X(KERNEL_VERSION, "KernelVersion", "patterns or comparisons", "the kernel's release fits them all")  \
        X(MEMORY, "Memory", "a size, with < <= = != >= > before it", "the container has that much memory")   \
        R("MemoryPressure")                                                                                  \
        X(NEEDS_UPDATE, "NeedsUpdate", "/etc or /var", "it is older than /usr")                              \
        X(OS_RELEASE, "OSRelease", "NAME, a comparison, and a value", "os-release(5) says so")               \
        X(PATH_EXISTS, "PathExists", "a path", "it is there")                                                \
        X(PATH_EXISTS_GLOB, "PathExistsGlob", "a pattern", "a path that fits it is there")                   \
        X(PATH_IS_DIRECTORY, "PathIsDirectory", "a path", "it is a directory")                               \
        R("PathIsEncrypted")                                                                                 \
        X(PATH_IS_MOUNT_POINT, "PathIsMountPoint", "a path", "something is mounted there")                   \
        X(PATH_IS_READ_WRITE, "PathIsReadWrite", "a path", "its file system may be written to")              \
        X(PATH_IS_SYMBOLIC_LINK, "PathIsSymbolicLink", "a path", "it is a symbolic link")                    \
        X(SECURITY, "Security", "selinux apparmor smack tomoyo ima audit uefi-secureboot tpm2",              \
          "the container has it")                                                                            \
        X(USER, "User", "a user, a number, or @system", "tend runs as it")                                   \
        X(VIRTUALIZATION, "Virtualization", "yes, no, container, vm, or one's name", "tend runs in it")

#define ENUM_CHECK(name, word, takes, about) CHECK_##name,
#define NO_CHECK(word)
enum check_kind { CHECKS(ENUM_CHECK, NO_CHECK) CHECK_KIND_COUNT };

/* The directories of systemd.exec(5): name, what its keys begin with, where it is, its variable. */
#define DIRECTORIES(X)                                                                                       \
        X(RUNTIME, "Runtime", "/run", "RUNTIME_DIRECTORY")                                                   \
        X(STATE, "State", "/var/lib", "STATE_DIRECTORY")                                                     \
        X(CACHE, "Cache", "/var/cache", "CACHE_DIRECTORY")                                                   \
        X(LOGS, "Logs", "/var/log", "LOGS_DIRECTORY")                                                        \
        X(CONFIGURATION, "Configuration", "/etc", "CONFIGURATION_DIRECTORY")
#define ENUM_DIRECTORY(name, word, base, variable) DIRECTORY_##name,
enum directory_kind { DIRECTORIES(ENUM_DIRECTORY) DIRECTORY_KIND_COUNT };

#define PRESERVES(X)                                                                                         \
        X(NO, "no")                                                                                          \
        X(YES, "yes")                                                                                        \
        X(RESTART, "restart")
/* What is done where a time is over: TimeoutStartFailureMode= and TimeoutStopFailureMode=. */
#define TIMEOUT_MODES(X)                                                                                     \
        X(TERMINATE, "terminate")                                                                            \
        X(ABORT, "abort")                                                                                    \
        X(KILL, "kill")
#define ENUM_TIMEOUT_MODE(name, word) TIMEOUT_##name,
enum timeout_mode { TIMEOUT_MODES(ENUM_TIMEOUT_MODE) };
#define ENUM_PRESERVE(name, word) PRESERVE_##name,
enum preserve { PRESERVES(ENUM_PRESERVE) };
/* clang-format on */

/* One condition or assertion. */
struct check {
        struct check *next; /* owned; in the order of the files */
        uint8_t kind;       /* enum check_kind */
        bool assert;        /* AssertX=: what does not hold is a failure, not a skip */
        bool trigger;       /* "|": one of those that are written so must hold */
        bool negate;        /* "!" */
        char parameter[];
};

/* XDirectory= and XDirectoryMode=. */
struct directories {
        char **names; /* owned; paths below the kind's base: "name", or "name:link" for a symbolic link to it
                       */
        unsigned mode;
};

/* What the ends of its main process are, and come to, besides the usual. */
struct exits {
        struct status_set *success;         /* owned, as the others; NULL: none */
        struct status_set *restart_prevent; /* of RestartPreventExitStatus= */
        struct status_set *restart_force;   /* of RestartForceExitStatus= */
        int success_code, failure_code;     /* Success/FailureActionExitStatus=; -1: the process's own */
};

struct setup {
        struct check *checks; /* owned */
        struct directories directories[DIRECTORY_KIND_COUNT];
        uint8_t preserve;                              /* enum preserve; of the runtime directories */
        uint8_t timeout_start_mode, timeout_stop_mode; /* enum timeout_mode */

        cpu_set_t *affinity;            /* owned; NULL: leave alone */
        cpu_set_t *numa_mask;           /* owned; NUMAMask=, bit N: node N; all bits: "all"; NULL: none */
        int numa_policy;                /* MPOL_* of set_mempolicy(2); -1: leave alone */
        int coredump_filter;            /* the bits of core(5); -1: leave alone */
        uint64_t timer_slack;           /* nanoseconds; UINT64_MAX: leave alone */
        char **search_path;             /* owned; ExecSearchPath= */
        char **allow_users;             /* owned; AllowUsers=, names or numbers */
        char **sockets;                 /* owned; Sockets=, full names */
        char *tty_path;                 /* owned; NULL: /dev/console */
        unsigned tty_rows, tty_columns; /* 0: leave alone */
        bool tty_reset, tty_hang_up;    /* before its use and after */
        char *input_data;               /* owned; of StandardInputText= and StandardInputData= */
        size_t input_size;
        int scheduling_policy;   /* SCHED_*; -1: leave alone */
        int scheduling_priority; /* -1: the policy's usual one */
        bool reset_on_fork;
        int io_class;    /* 1 real-time, 2 best-effort, 3 idle; -1: leave alone */
        int io_priority; /* 0 to 7; -1: the class's usual one */
        int personality; /* PER_*; -1: leave alone */
        uint64_t
                bounding; /* CapabilityBoundingSet=, see config/capability.h; CAPABILITIES_ALL: leave alone */
        uint64_t ambient; /* AmbientCapabilities= */
        int secure_bits;  /* SecureBits=, of <linux/securebits.h>; 0: leave alone */
        bool no_new_privileges;
        bool permissions_start_only; /* User= and its kin are for ExecStart= alone */
        bool non_blocking;           /* NonBlocking=: of the descriptors that are passed on */
        usec_t timeout_abort;        /* TimeoutAbortSec=; 0: TimeoutStopSec=, see unit_abort_timeout() */
        bool send_sighup;
        uint64_t remarks[REMARK_WORDS]; /* see config/remark.h */
        int final_signal;               /* FinalKillSignal= */
        int restart_signal;             /* RestartKillSignal=; 0: KillSignal= */
        struct exits exits;
        uint64_t forward_signals;    /* bit N: signal N of tend goes to this service's main process */
        char **supplementary_groups; /* owned */
        char **pass_environment;     /* owned; names; everything is passed in tend.ini anyway */
        char **unset_environment;    /* owned; names or "NAME=value" */
};

/* With every default; NULL without memory. */
struct setup *setup_new(void) must_check;
struct setup *setup_free(struct setup *s);

static inline const struct exits *unit_exits(const struct unit *u) {
        static const struct exits usual = { .success_code = -1, .failure_code = -1 };
        return u->setup ? &u->setup->exits : &usual;
}

/* "PathExists" */
const char *check_word(enum check_kind kind);

struct directory_place {
        const char *word, *base, *variable;
};
const struct directory_place *directory_place(enum directory_kind kind);

/* Where directories of that kind are: as in the table, but below the home of an ordinary user, as with
 * `systemd --user`, who is not PID 1. Inside of a container the paths are the same whoever tend runs as. */
const char *directory_base(enum directory_kind kind);

/* Finds out what directory_base() says, once, for that user; where memory is lacking it stays as in the
 * table. `at_home` as in struct load_options. */
void directory_bases_find(uid_t uid, pid_t pid, bool at_home, char *const *environment);

static inline usec_t unit_abort_timeout(const struct unit *u) {
        return u->setup && u->setup->timeout_abort > 0 ? u->setup->timeout_abort : u->timeout_stop;
}

static inline int unit_final_signal(const struct unit *u) {
        return u->setup ? u->setup->final_signal : 9;
}

static inline int unit_restart_signal(const struct unit *u) {
        return u->setup && u->setup->restart_signal > 0 ? u->setup->restart_signal : u->kill_signal;
}
