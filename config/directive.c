/* The table of settings. A row that systemd knows and tend does not carry out yet is there too, so that the
 * warning is exact. */

#include <limits.h>

#include "config/setup.h"
#include "config/value.h"

#define IS(type, x)              __builtin_types_compatible_p(type, typeof(x))
#define PLACE(owner, type, f)    (offsetof(owner, f) + 0 * sizeof(char[IS(type, ((owner *) 0)->f) ? 1 : -1]))
#define FIELD(type, f)           PLACE(struct unit, type, f)
#define CONTAINER_FIELD(type, f) PLACE(struct container, type, f)

#define UNIT(name)    .section = "Unit", .key = name, .owner = OWNER_UNIT
#define SERVICE(name) .section = "Service", .key = name, .owner = OWNER_UNIT
#define INSTALL(name) .section = "Install", .key = name, .owner = OWNER_UNIT
#define TIMER(name)   .section = "Timer", .key = name, .owner = OWNER_UNIT
#define TEND(name)    .section = "tend", .key = name, .owner = OWNER_CONTAINER

/* The field's type, its parser and its printer belong together. */
#define ROW(type, f, kind, words)                                                                            \
        .parse = value_##kind, .print = value_print_##kind, .field = FIELD(type, f), .values = words
#define SPAN(f)     ROW(usec_t, f, span, "a span of time")
#define TIMEOUT(f)  ROW(usec_t, f, timeout, "a span of time")
#define BOOL(f)     ROW(bool, f, bool, "yes or no")
#define UNSIGNED(f) ROW(unsigned, f, unsigned, "a number")
#define SIGNAL(f)   ROW(int, f, signal, "a signal")
#define STRING(f)   ROW(char *, f, string, "text")
#define ACCOUNT(f)  ROW(char *, f, account, "a name or a number")
#define LIST(f)     ROW(char **, f, words, "words")
#define NAMES(f)    ROW(char **, f, unit_names, "units")
#define STATUSES(f) ROW(struct status_set *, f, status_set, "exit codes and signals")
#define STATUS(f)   ROW(int, f, int, "a number from 0 to 255"), .table = &status_range
#define ACTION(f)   ROW(uint8_t, f, action, "none exit exit-force, or poweroff reboot halt and their kin")
#define OUTPUT(f)                                                                                            \
        ROW(struct stdio, f, stdio, "inherit null tty file:path append:path truncate:path"),                 \
                .table = &output_row
#define EXEC(kind) ROW(struct command *, exec[EXEC_##kind], command, "a command line"), .at_spawn = true
#define LIMIT(resource, kind)                                                                                \
        .parse = value_limit, .print = value_print_limit, .values = LIMIT_##kind##_WORDS,                    \
        .table = &(const struct limit_row) {                                                                 \
                RLIMIT_##resource, LIMIT_##kind                                                              \
        }

/* Kept in unit->readiness, for the few units that set it. */
#define READINESS(type, f, kind, words)                                                                      \
        .parse = value_readiness, .print = value_print_readiness, .values = words,                           \
        .table = &(const struct readiness_row) {                                                             \
                value_##kind, value_print_##kind, PLACE(struct readiness, type, f)                           \
        }

#define LIMIT_SIZE_WORDS    "a size, \"infinity\", or two of them as soft:hard"
#define LIMIT_COUNT_WORDS   "a number, \"infinity\", or two of them as soft:hard"
#define LIMIT_SECONDS_WORDS "a span of time, \"infinity\", or two of them as soft:hard"
#define LIMIT_MICROSECONDS_WORDS                                                                             \
        "a span of time (plain numbers are microseconds), or two of them as soft:hard"
#define LIMIT_NICE_WORDS "a nice value with its sign, a number from 0 to 40, or two of them as soft:hard"

/* A field of struct setup. */
#define IN_SETUP(type, f, kind, words, also)                                                                 \
        .parse = value_setup, .print = value_print_setup, .field = PLACE(struct setup, type, f),             \
        .values = (words), .table = &(const struct setup_row) {                                              \
                value_##kind, value_print_##kind, also                                                       \
        }
#define CHECK_ROW(name, word, is_assertion, takes, about)                                                    \
        {                                                                                                    \
                UNIT(word), .parse = value_check, .print = value_print_check, .values = (takes),             \
                            .table = &(const struct check_row){ CHECK_##name, is_assertion },                \
                            .help = (about)                                                                  \
        }
#define CONDITION_ROW(name, word, takes, about)                                                              \
        CHECK_ROW(name, "Condition" word, false, takes, "Skip the start unless " about "."),
#define ASSERT_ROW(name, word, takes, about)                                                                 \
        CHECK_ROW(name, "Assert" word, true, takes, "Fail the start unless " about "."),
#define CONDITION_REFUSED(word) REFUSED("Unit", "Condition" word),
#define ASSERT_REFUSED(word)    REFUSED("Unit", "Assert" word),

/* Taken, and what that means. */
#define NOTED(words, note)                                                                                   \
        .parse = value_noted, .print = value_print_nothing, .values = (words), .table = (note)
#define NO_JOURNAL  "it changes nothing: there is no journal in a container"
#define NO_TERMINAL "it changes nothing: the terminal is left as the container's runtime made it"
#define NO_PAM      "tend has no PAM (a static binary loads no modules): the service starts without a session"

#define EVENT(base)                                                                                          \
        .parse = value_timer_event, .print = value_print_timer_event, .values = "a span of time",            \
        .table = &(const struct timer_row) {                                                                 \
                TIMER_##base                                                                                 \
        }
#define TIMER_FIELD(kind, type, f)                                                                           \
        .parse = value_timer_##kind, .print = value_print_timer_##kind,                                      \
        .table = &(const struct timer_field) {                                                               \
                PLACE(struct timer_spec, type, f)                                                            \
        }
#define TIMER_SPAN(f)   TIMER_FIELD(span, usec_t, f), .values = "a span of time"
#define TIMER_SWITCH(f) TIMER_FIELD(switch, bool, f), .values = "yes or no"

#define WANTED  .parse = value_wanted_by, .print = value_print_nothing, .values = "targets"
#define IGNORED .parse = value_ignored, .print = value_print_nothing, .values = "units"
#define REFUSED(part, name)                                                                                  \
        {                                                                                                    \
                .section = part, .key = name, .owner = OWNER_UNIT, .parse = value_refused,                   \
                .print = value_print_nothing, .values = "as in systemd",                                     \
                .help = "A setting of systemd that tend does not carry out yet."                             \
        }
#define LATER(name) REFUSED("Service", name)

#define WORD(name, word) word,
#define WORDS(list)                                                                                          \
        { (const char *const[]){ list(WORD) }, countof(((const char *const[]){ list(WORD) })) }

static const struct words restarts = WORDS(RESTARTS);
static const struct words kill_modes = WORDS(KILL_MODES);
static const struct words notify_accesses = WORDS(NOTIFY_ACCESSES);
static const struct range nice_range = { -20, 19, INT_MIN };
static const struct words preserves = WORDS(PRESERVES);
static const struct range priority_range = { 1, 99, -1 };
static const struct range io_range = { 0, 7, -1 };
static const struct range oom_range = { -1000, 1000, INT_MIN };
static const struct range status_range = { 0, 255, -1 };
static const struct stdio_row input_row = { true };
static const struct stdio_row output_row = { false };

/* Sorted by key. */
/* clang-format off */
const struct setting settings[] = {
        REFUSED("Socket", "Accept"),
        { TIMER("AccuracySec"), TIMER_SPAN(accuracy), .fallback = "1min",
          .help = "How late an elapse may be; tend elapses at the very time, so that this changes nothing." },
        { UNIT("After"), NAMES(after),
          .help = "Start behind these units; behind a unit that must be ready, wait for that." },
        { INSTALL("Alias"), IGNORED,
          .help = "Other names that systemctl enable gives the unit." },
        REFUSED("Unit", "AllowIsolate"), LATER("AllowedCPUs"), LATER("AllowedMemoryNodes"),
        { INSTALL("Also"), IGNORED,
          .help = "Units that systemctl enable takes along." },
        LATER("AmbientCapabilities"), LATER("AppArmorProfile"),
        CHECKS(ASSERT_ROW, ASSERT_REFUSED)
        LATER("BPFProgram"), REFUSED("Socket", "Backlog"),
        { UNIT("Before"), NAMES(before),
          .help = "Start ahead of these units." },
        REFUSED("Socket", "BindIPv6Only"), LATER("BindPaths"), LATER("BindReadOnlyPaths"),
        REFUSED("Socket", "BindToDevice"), REFUSED("Unit", "BindsTo"), LATER("BlockIOAccounting"),
        LATER("BlockIODeviceWeight"), LATER("BlockIOReadBandwidth"), LATER("BlockIOWeight"),
        LATER("BlockIOWriteBandwidth"), REFUSED("Socket", "Broadcast"),
        LATER("BusName"), LATER("CPUAccounting"),
        { SERVICE("CPUAffinity"), IN_SETUP(cpu_set_t *, affinity, affinity, "processors: 0-3 5", NULL),
          .help = "The processors that its processes may run on." },
        LATER("CPUQuota"), LATER("CPUQuotaPeriodSec"),
        { SERVICE("CPUSchedulingPolicy"),
          IN_SETUP(int, scheduling_policy, policy, "other batch idle fifo rr", NULL),
          .help = "How the kernel schedules its processes." },
        { SERVICE("CPUSchedulingPriority"),
          IN_SETUP(int, scheduling_priority, int, "a number from 1 to 99", &priority_range),
          .help = "Their priority with CPUSchedulingPolicy=fifo and rr." },
        { SERVICE("CPUSchedulingResetOnFork"),
          IN_SETUP(bool, reset_on_fork, bool, "yes or no", NULL), .fallback = "no",
          .help = "Children do not inherit the scheduling policy." },
        LATER("CPUShares"), LATER("CPUWeight"),
        { SERVICE("CacheDirectory"),
          IN_SETUP(char **, directories[DIRECTORY_CACHE].names, directories, "NAME or NAME:LINK …", NULL),
          .help = "Directories below /var/cache, made at the start." },
        { SERVICE("CacheDirectoryMode"),
          IN_SETUP(unsigned, directories[DIRECTORY_CACHE].mode, mode, "an octal mode", NULL),
          .fallback = "0755",
          .help = "Their permissions." },
        LATER("CapabilityBoundingSet"), REFUSED("Unit", "CollectMode"),
        CHECKS(CONDITION_ROW, CONDITION_REFUSED)
        { SERVICE("ConfigurationDirectory"),
          IN_SETUP(char **, directories[DIRECTORY_CONFIGURATION].names, directories, "NAME …", NULL),
          .help = "Directories below /etc, made at the start." },
        { SERVICE("ConfigurationDirectoryMode"),
          IN_SETUP(unsigned, directories[DIRECTORY_CONFIGURATION].mode, mode, "an octal mode", NULL),
          .fallback = "0755",
          .help = "Their permissions." },
        REFUSED("Unit", "Conflicts"), LATER("CoredumpFilter"), REFUSED("Unit", "DefaultDependencies"),
        { INSTALL("DefaultInstance"), IGNORED,
          .help = "The instance that systemctl enable takes for a template." },
        LATER("DefaultMemoryLow"), LATER("DefaultMemoryMin"), REFUSED("Socket", "DeferAcceptSec"),
        LATER("Delegate"),
        { UNIT("Description"), STRING(description),
          .help = "What the unit is, for people." },
        LATER("DeviceAllow"), LATER("DevicePolicy"), REFUSED("Automount", "DirectoryMode"),
        REFUSED("Path", "DirectoryNotEmpty"), LATER("DisableControllers"),
        { UNIT("Documentation"), LIST(documentation),
          .help = "Where to read about it." },
        LATER("DynamicUser"),
        { SERVICE("Environment"), .parse = value_environment, .print = value_print_environment,
          .field = FIELD(char **, environment), .values = "NAME=value …",
          .help = "Variables for the commands; later ones win." },
        { SERVICE("EnvironmentFile"), .parse = value_environment_files,
          .print = value_print_environment_files,
          .field = FIELD(struct environment_file *, environment_files),
          .values = "an absolute path, with - before it where it may be absent",
          .help = "A file of variables, read at each start." },
        { SERVICE("ExecCondition"), EXEC(CONDITION),
          .help = "Commands that are asked before the start: exit codes 1 to 254 skip it." },
        LATER("ExecPaths"),
        { SERVICE("ExecReload"), EXEC(RELOAD),
          .help = "Commands that make the service read its settings again; one that fails ends the reload." },
        { SERVICE("ExecSearchPath"),
          IN_SETUP(char **, search_path, search_path, "absolute paths with colons between", NULL),
          .help = "Where programs are looked for, in place of PATH." },
        { SERVICE("ExecStart"), EXEC(START),
          .help = "The service's command; several with Type=oneshot." },
        { SERVICE("ExecStartPost"), EXEC(START_POST),
          .help = "Commands that run once the service has started." },
        { SERVICE("ExecStartPre"), EXEC(START_PRE),
          .help = "Commands that run before the service starts; one that fails ends the start." },
        { SERVICE("ExecStop"), EXEC(STOP),
          .help = "Commands that stop the service; what is left of it then gets KillSignal=." },
        { SERVICE("ExecStopPost"), EXEC(STOP_POST),
          .help = "Commands that run when the service has ended, however it did." },
        REFUSED("Socket", "ExecStopPre"), LATER("ExitType"), LATER("ExtensionDirectories"),
        LATER("ExtensionImages"), REFUSED("Automount", "ExtraOptions"),
        { UNIT("FailureAction"), ACTION(failure_action), .fallback = "none", .fallback_tend = "exit",
          .help = "What becomes of the container when the unit is given up." },
        { UNIT("FailureActionExitStatus"), STATUS(failure_exit_status),
          .help = "The container's exit code when FailureAction= ends it; else it is the process's own." },
        REFUSED("Socket", "FileDescriptorName"),
        { SERVICE("FileDescriptorStoreMax"), READINESS(unsigned, fd_store_max, unsigned, "a number"),
          .fallback = "0",
          .help = "How many descriptors tend keeps for the service over its restarts (FDSTORE=1)." },
        { SERVICE("FinalKillSignal"),
          IN_SETUP(int, final_signal, signal, "a signal", NULL), .fallback = "SIGKILL",
          .help = "The signal for what is left when the time to stop is over." },
        { TIMER("FixedRandomDelay"), TIMER_SWITCH(fixed_random_delay), .fallback = "no",
          .help = "RandomizedDelaySec= is the same each time, made of the host name and the timer's." },
        REFUSED("Socket", "FlushPending"),
        REFUSED("Mount", "ForceUnmount"),
        { SERVICE("ForwardSignals"), .parse = value_signals, .print = value_print_signals,
          .field = FIELD(uint64_t, forward_signals), .values = "signals", .extension = true,
          .help = "Signals to tend that are passed on to this service's main process." },
        REFUSED("Socket", "FreeBind"),
        { SERVICE("Group"), ACCOUNT(group),
          .help = "The group to run as; else the user's own." },
        { SERVICE("GuessMainPID"), READINESS(bool, guess_main_pid, bool, "yes or no"), .fallback = "yes",
          .help = "With Type=forking and no PIDFile=: the one process left behind is the main process." },
        { TEND("Hostname"), .parse = value_hostname, .print = value_print_hostname,
          .field = CONTAINER_FIELD(char *, hostname), .values = "a host name", .extension = true,
          .help = "The container's host name, where tend may set it." },
        LATER("IOAccounting"), LATER("IODeviceLatencyTargetSec"), LATER("IODeviceWeight"),
        LATER("IOReadBandwidthMax"), LATER("IOReadIOPSMax"),
        { SERVICE("IOSchedulingClass"),
          IN_SETUP(int, io_class, io_class, "realtime best-effort idle none", NULL),
          .help = "How its reads and writes are scheduled." },
        { SERVICE("IOSchedulingPriority"),
          IN_SETUP(int, io_priority, int, "a number from 0 to 7", &io_range),
          .help = "Their priority: the lower, the sooner." },
        LATER("IOWeight"), LATER("IOWriteBandwidthMax"), LATER("IOWriteIOPSMax"), LATER("IPAccounting"),
        LATER("IPAddressAllow"), LATER("IPAddressDeny"), LATER("IPCNamespacePath"),
        LATER("IPEgressFilterPath"), LATER("IPIngressFilterPath"), REFUSED("Socket", "IPTOS"),
        REFUSED("Socket", "IPTTL"), REFUSED("Unit", "IgnoreOnIsolate"),
        { SERVICE("IgnoreSIGPIPE"), BOOL(ignore_sigpipe), .fallback = "yes",
          .help = "Start the commands with SIGPIPE ignored." },
        LATER("InaccessiblePaths"),
        { SERVICE("Instances"), .parse = value_unsigned, .print = value_print_nothing,
          .field = FIELD(unsigned, instances), .values = "a number", .extension = true, .fallback = "0",
          .help = "In a template [x@]: make x@1 to x@N." },
        REFUSED("Unit", "JobRunningTimeoutSec"), REFUSED("Unit", "JobTimeoutAction"),
        REFUSED("Unit", "JobTimeoutRebootArgument"), REFUSED("Unit", "JobTimeoutSec"),
        REFUSED("Unit", "JoinsNamespaceOf"), REFUSED("Socket", "KeepAlive"),
        REFUSED("Socket", "KeepAliveIntervalSec"), REFUSED("Socket", "KeepAliveProbes"),
        REFUSED("Socket", "KeepAliveTimeSec"), LATER("KeyringMode"),
        { SERVICE("KillMode"), .parse = value_word, .print = value_print_word,
          .field = FIELD(uint8_t, kill_mode), .table = &kill_modes,
          .values = "control-group mixed process none", .fallback = "control-group",
          .help = "Which processes get the signals of a stop." },
        { SERVICE("KillSignal"), SIGNAL(kill_signal), .fallback = "SIGTERM",
          .help = "The signal that asks the service to stop." },
        REFUSED("Mount", "LazyUnmount"),
        { SERVICE("LimitAS"), LIMIT(AS, SIZE),
          .help = "The size of each process's address space." },
        { SERVICE("LimitCORE"), LIMIT(CORE, SIZE),
          .help = "The size of core files." },
        { SERVICE("LimitCPU"), LIMIT(CPU, SECONDS),
          .help = "The time on a processor that each process may use." },
        { SERVICE("LimitDATA"), LIMIT(DATA, SIZE),
          .help = "The size of each process's data." },
        { SERVICE("LimitFSIZE"), LIMIT(FSIZE, SIZE),
          .help = "The size of files that are written." },
        { SERVICE("LimitLOCKS"), LIMIT(LOCKS, COUNT),
          .help = "The number of file locks." },
        { SERVICE("LimitMEMLOCK"), LIMIT(MEMLOCK, SIZE),
          .help = "The memory that may be locked." },
        { SERVICE("LimitMSGQUEUE"), LIMIT(MSGQUEUE, SIZE),
          .help = "The size of message queues." },
        { SERVICE("LimitNICE"), LIMIT(NICE, NICE),
          .help = "How far the nice value may be lowered." },
        { SERVICE("LimitNOFILE"), LIMIT(NOFILE, COUNT),
          .help = "The number of descriptors of each process." },
        { SERVICE("LimitNPROC"), LIMIT(NPROC, COUNT),
          .help = "The number of processes of the user." },
        { SERVICE("LimitRSS"), LIMIT(RSS, SIZE),
          .help = "Without effect on Linux." },
        { SERVICE("LimitRTPRIO"), LIMIT(RTPRIO, COUNT),
          .help = "The highest real-time priority." },
        { SERVICE("LimitRTTIME"), LIMIT(RTTIME, MICROSECONDS),
          .help = "The time that real-time processes may run without a pause." },
        { SERVICE("LimitSIGPENDING"), LIMIT(SIGPENDING, COUNT),
          .help = "The number of signals that wait." },
        { SERVICE("LimitSTACK"), LIMIT(STACK, SIZE),
          .help = "The size of the stack." },
        REFUSED("Socket", "ListenDatagram"), REFUSED("Socket", "ListenFIFO"),
        REFUSED("Socket", "ListenMessageQueue"), REFUSED("Socket", "ListenNetlink"),
        REFUSED("Socket", "ListenSequentialPacket"), REFUSED("Socket", "ListenSpecial"),
        REFUSED("Socket", "ListenStream"), REFUSED("Socket", "ListenUSBFunction"), LATER("LoadCredential"),
        LATER("LoadCredentialEncrypted"), LATER("LockPersonality"),
        { SERVICE("LogExtraFields"), NOTED("as in systemd", NO_JOURNAL),
          .help = "What the journal does with the output; a container has none." },
        { TEND("LogLevel"), .parse = value_log_level, .print = value_print_log_level,
          .field = CONTAINER_FIELD(uint8_t, log_level), .values = "error warning info debug",
          .extension = true, .fallback = "info",
          .help = "How much tend itself says." },
        { SERVICE("LogLevelMax"), NOTED("as in systemd", NO_JOURNAL),
          .help = "What the journal does with the output; a container has none." },
        { SERVICE("LogNamespace"), NOTED("as in systemd", NO_JOURNAL),
          .help = "What the journal does with the output; a container has none." },
        { SERVICE("LogRateLimitBurst"), NOTED("as in systemd", NO_JOURNAL),
          .help = "What the journal does with the output; a container has none." },
        { SERVICE("LogRateLimitIntervalSec"), NOTED("as in systemd", NO_JOURNAL),
          .help = "What the journal does with the output; a container has none." },
        { SERVICE("LogsDirectory"),
          IN_SETUP(char **, directories[DIRECTORY_LOGS].names, directories, "NAME or NAME:LINK …", NULL),
          .help = "Directories below /var/log, made at the start." },
        { SERVICE("LogsDirectoryMode"),
          IN_SETUP(unsigned, directories[DIRECTORY_LOGS].mode, mode, "an octal mode", NULL),
          .fallback = "0755",
          .help = "Their permissions." },
        REFUSED("Path", "MakeDirectory"), LATER("ManagedOOMMemoryPressure"),
        LATER("ManagedOOMMemoryPressureLimit"), LATER("ManagedOOMPreference"), LATER("ManagedOOMSwap"),
        REFUSED("Socket", "Mark"), REFUSED("Socket", "MaxConnections"),
        REFUSED("Socket", "MaxConnectionsPerSource"), LATER("MemoryAccounting"),
        LATER("MemoryDenyWriteExecute"), LATER("MemoryHigh"), LATER("MemoryLow"), LATER("MemoryMax"),
        LATER("MemoryMin"), LATER("MemorySwapMax"), REFUSED("Socket", "MessageQueueMaxMessages"),
        REFUSED("Socket", "MessageQueueMessageSize"), LATER("MountAPIVFS"), LATER("MountFlags"),
        LATER("MountImages"), LATER("NUMAMask"), LATER("NUMAPolicy"), LATER("NetworkNamespacePath"),
        { SERVICE("Nice"), .parse = value_int, .print = value_print_int, .field = FIELD(int, nice),
          .table = &nice_range, .values = "a number from -20 to 19",
          .help = "The priority of the processes: the higher, the later." },
        REFUSED("Socket", "NoDelay"), LATER("NoExecPaths"), LATER("NoNewPrivileges"), LATER("NonBlocking"),
        { SERVICE("NotifyAccess"), .parse = value_word, .print = value_print_word,
          .field = FIELD(uint8_t, notify_access), .table = &notify_accesses, .values = "none main exec all",
          .help = "Whose notifications are heard; main with Type=notify and notify-reload, WatchdogSec= and "
                  "FileDescriptorStoreMax=, else none." },
        REFUSED("Scope", "OOMPolicy"),
        { SERVICE("OOMScoreAdjust"), .parse = value_int, .print = value_print_int,
          .field = FIELD(int, oom_score_adjust), .table = &oom_range, .values = "a number from -1000 to 1000",
          .help = "How soon the kernel kills it when memory runs out." },
        { TIMER("OnActiveSec"), EVENT(ACTIVE),
          .help = "Elapses so long after the timer itself has started." },
        { TIMER("OnBootSec"), EVENT(BOOT),
          .help = "Elapses so long after the container, that is tend, has started." },
        { TIMER("OnCalendar"), .parse = value_calendar, .print = value_print_calendar,
          .values = "a calendar expression of systemd.time(7)",
          .help = "Elapses at the times that it names; `tend calendar` prints them." },
        REFUSED("Timer", "OnClockChange"), REFUSED("Unit", "OnFailure"), REFUSED("Unit", "OnFailureJobMode"),
        { TIMER("OnStartupSec"), EVENT(STARTUP),
          .help = "The same as OnBootSec=." },
        REFUSED("Unit", "OnSuccess"), REFUSED("Unit", "OnSuccessJobMode"),
        REFUSED("Timer", "OnTimezoneChange"),
        { TIMER("OnUnitActiveSec"), EVENT(UNIT_ACTIVE),
          .help = "Elapses so long after the unit was started last." },
        { TIMER("OnUnitInactiveSec"), EVENT(UNIT_INACTIVE),
          .help = "Elapses so long after the unit has ended last." },
        REFUSED("Mount", "Options"),
        { SERVICE("PAMName"), NOTED("a PAM service", NO_PAM),
          .help = "The PAM session of systemd; tend has no PAM and starts the service without." },
        { SERVICE("PIDFile"), READINESS(char *, pid_file, pid_file, "a path; a relative one is below /run"),
          .help = "The file in which the service leaves the number of its main process." },
        REFUSED("Unit", "PartOf"), REFUSED("Socket", "PassCredentials"),
        { SERVICE("PassEnvironment"), .parse = value_variables, .print = value_print_variables,
          .field = FIELD(char **, pass_environment), .values = "names of variables",
          .help = "Variables passed on from tend; a section of tend.ini gets all of them anyway." },
        REFUSED("Socket", "PassPacketInfo"), REFUSED("Socket", "PassSecurity"),
        REFUSED("Path", "PathChanged"), REFUSED("Path", "PathExists"), REFUSED("Path", "PathExistsGlob"),
        REFUSED("Path", "PathModified"), LATER("PermissionsStartOnly"),
        { TIMER("Persistent"), TIMER_SWITCH(persistent), .fallback = "no",
          .help = "An OnCalendar= that came while the container was down is made up for at its start." },
        { SERVICE("Personality"),
          IN_SETUP(int, personality, personality, "an architecture of this machine", NULL),
          .help = "The machine that uname(2) tells its processes of." },
        REFUSED("Socket", "PipeSize"), REFUSED("Socket", "Priority"), LATER("PrivateDevices"),
        LATER("PrivateIPC"), LATER("PrivateMounts"), LATER("PrivateNetwork"), LATER("PrivateTmp"),
        LATER("PrivateUsers"), LATER("ProcSubset"), REFUSED("Unit", "PropagatesReloadTo"),
        REFUSED("Unit", "PropagatesStopTo"), LATER("ProtectClock"), LATER("ProtectControlGroups"),
        LATER("ProtectHome"), LATER("ProtectHostname"), LATER("ProtectKernelLogs"),
        LATER("ProtectKernelModules"), LATER("ProtectKernelTunables"), LATER("ProtectProc"),
        LATER("ProtectSystem"),
        { TIMER("RandomizedDelaySec"), TIMER_SPAN(random_delay), .fallback = "0",
          .help = "Each elapse comes later, by chance, by this at most." },
        LATER("ReadOnlyPaths"),
        REFUSED("Mount", "ReadWriteOnly"), LATER("ReadWritePaths"), REFUSED("Unit", "RebootArgument"),
        REFUSED("Socket", "ReceiveBuffer"), REFUSED("Unit", "RefuseManualStart"),
        REFUSED("Unit", "RefuseManualStop"), REFUSED("Unit", "ReloadPropagatedFrom"),
        { SERVICE("ReloadSignal"), READINESS(int, reload_signal, signal, "a signal"), .fallback = "SIGHUP",
          .help = "What asks a service of Type=notify-reload to read its settings again." },
        { TIMER("RemainAfterElapse"), TIMER_SWITCH(remain_after_elapse), .fallback = "yes",
          .help = "The timer counts as active when it will not elapse again." },
        { SERVICE("RemainAfterExit"), BOOL(remain_after_exit), .fallback = "no",
          .help = "The service counts as active when its command has ended well." },
        LATER("RemoveIPC"), REFUSED("Socket", "RemoveOnStop"),
        { INSTALL("RequiredBy"), WANTED,
          .help = "Which unit pulls it in by Requires=; write Requires= there." },
        { UNIT("Requires"), NAMES(requires),
          .help = "Start these units too, and do not start where one of them fails." },
        REFUSED("Unit", "RequiresMountsFor"), REFUSED("Unit", "Requisite"),
        { SERVICE("Restart"), .parse = value_word, .print = value_print_word,
          .field = FIELD(uint8_t, restart), .table = &restarts,
          .values = "no on-success on-failure on-abnormal on-watchdog on-abort always", .fallback = "no",
          .fallback_tend = "on-failure",
          .help = "After which ends the service is started again." },
        { SERVICE("RestartForceExitStatus"), STATUSES(restart_force_status),
          .help = "Exit codes and signals after which it is restarted whatever Restart= says." },
        { SERVICE("RestartKillSignal"), IN_SETUP(int, restart_signal, restart_signal, "a signal", NULL),
          .help = "The signal of a stop that a start follows; else it is KillSignal=." },
        { SERVICE("RestartMaxDelaySec"), SPAN(restart_max_delay), .fallback = "infinity",
          .fallback_tend = "10s",
          .help = "How far the delay between restarts grows." },
        { SERVICE("RestartPreventExitStatus"), STATUSES(restart_prevent_status),
          .help = "Exit codes and signals after which it is not restarted whatever Restart= says." },
        { SERVICE("RestartSec"), SPAN(restart_delay), .fallback = "100ms",
          .help = "How long to wait before a restart." },
        { SERVICE("RestartSteps"), UNSIGNED(restart_steps), .fallback = "0", .fallback_tend = "7",
          .help = "In how many steps the delay grows from RestartSec= to RestartMaxDelaySec=; 0: it stays." },
        LATER("RestrictAddressFamilies"), LATER("RestrictFileSystems"), LATER("RestrictNamespaces"),
        LATER("RestrictNetworkInterfaces"), LATER("RestrictRealtime"), LATER("RestrictSUIDSGID"),
        REFUSED("Socket", "ReusePort"), LATER("RootDirectory"), LATER("RootDirectoryStartOnly"),
        LATER("RootHash"), LATER("RootHashSignature"), LATER("RootImage"), LATER("RootImageOptions"),
        LATER("RootVerity"),
        { SERVICE("RuntimeDirectory"),
          IN_SETUP(char **, directories[DIRECTORY_RUNTIME].names, directories, "NAME or NAME:LINK …", NULL),
          .help = "Directories below /run, made at the start and removed at the stop." },
        { SERVICE("RuntimeDirectoryMode"),
          IN_SETUP(unsigned, directories[DIRECTORY_RUNTIME].mode, mode, "an octal mode", NULL),
          .fallback = "0755",
          .help = "Their permissions." },
        { SERVICE("RuntimeDirectoryPreserve"),
          IN_SETUP(uint8_t, preserve, word, "no yes restart", &preserves), .fallback = "no",
          .help = "Whether they stay when the service has stopped, or only over its restarts." },
        { SERVICE("RuntimeMaxSec"), TIMEOUT(runtime_max), .fallback = "infinity",
          .help = "How long the service may run before it is ended as failed." },
        REFUSED("Scope", "RuntimeRandomizedExtraSec"), LATER("SELinuxContext"),
        REFUSED("Socket", "SELinuxContextFromNet"), LATER("SecureBits"), REFUSED("Socket", "SendBuffer"),
        { SERVICE("SendSIGHUP"), IN_SETUP(bool, send_sighup, bool, "yes or no", NULL), .fallback = "no",
          .help = "Send SIGHUP behind KillSignal=, as shells want it." },
        { SERVICE("SendSIGKILL"), BOOL(send_sigkill), .fallback = "yes",
          .help = "Kill what is left when the time to stop is over." },
        REFUSED("Socket", "Service"), LATER("SetCredential"), LATER("SetCredentialEncrypted"), LATER("Slice"),
        REFUSED("Mount", "SloppyOptions"), REFUSED("Socket", "SmackLabel"),
        REFUSED("Socket", "SmackLabelIPIn"), REFUSED("Socket", "SmackLabelIPOut"), LATER("SmackProcessLabel"),
        LATER("SocketBindAllow"), LATER("SocketBindDeny"), REFUSED("Socket", "SocketGroup"),
        REFUSED("Socket", "SocketMode"), REFUSED("Socket", "SocketProtocol"), REFUSED("Socket", "SocketUser"),
        LATER("Sockets"), REFUSED("Unit", "SourcePath"),
        { SERVICE("StandardError"), OUTPUT(error), .fallback = "inherit",
          .help = "Where standard error goes." },
        { SERVICE("StandardInput"), .parse = value_stdio, .print = value_print_stdio,
          .field = FIELD(struct stdio, input), .table = &input_row,
          .values = "inherit null tty data file:path", .fallback = "null",
          .help = "Where standard input comes from." },
        { SERVICE("StandardInputData"), IN_SETUP(char *, input_data, input_data, "base64", NULL),
          .help = "Bytes that the main process reads with StandardInput=data." },
        { SERVICE("StandardInputText"), IN_SETUP(char *, input_data, input_text, "text", NULL),
          .help = "A line that the main process reads with StandardInput=data, which it makes the default." },
        { SERVICE("StandardOutput"), OUTPUT(output), .fallback = "inherit",
          .help = "Where standard output goes." },
        REFUSED("Unit", "StartLimitAction"),
        { UNIT("StartLimitBurst"), UNSIGNED(start_limit_burst), .fallback = "5", .fallback_tend = "10",
          .help = "How many starts within StartLimitIntervalSec= are allowed; 0: any number." },
        { UNIT("StartLimitIntervalSec"), SPAN(start_limit_interval), .fallback = "10s",
          .fallback_tend = "5min",
          .help = "The time in which starts are counted; 0: never given up." },
        LATER("StartupAllowedCPUs"), LATER("StartupAllowedMemoryNodes"), LATER("StartupBlockIOWeight"),
        LATER("StartupCPUShares"), LATER("StartupCPUWeight"), LATER("StartupIOWeight"),
        { SERVICE("StateDirectory"),
          IN_SETUP(char **, directories[DIRECTORY_STATE].names, directories, "NAME or NAME:LINK …", NULL),
          .help = "Directories below /var/lib, made at the start." },
        { SERVICE("StateDirectoryMode"),
          IN_SETUP(unsigned, directories[DIRECTORY_STATE].mode, mode, "an octal mode", NULL),
          .fallback = "0755",
          .help = "Their permissions." },
        { TEND("StopBudget"), .parse = value_span, .print = value_print_span,
          .field = CONTAINER_FIELD(usec_t, stop_budget), .values = "a span of time", .extension = true,
          .fallback = "9s",
          .help = "How long the stop of the whole container may take." },
        REFUSED("Unit", "StopPropagatedFrom"), REFUSED("Unit", "StopWhenUnneeded"),
        { UNIT("SuccessAction"), ACTION(success_action), .fallback = "none",
          .help = "What becomes of the container when the unit has ended well." },
        { UNIT("SuccessActionExitStatus"), STATUS(success_exit_status),
          .help = "The container's exit code when SuccessAction= ends it; else it is the process's own." },
        { SERVICE("SuccessExitStatus"), STATUSES(success_status),
          .help = "Exit codes and signals that count as success besides 0, HUP, INT, TERM and PIPE." },
        { SERVICE("SupplementaryGroups"), .parse = value_accounts, .print = value_print_accounts,
          .field = FIELD(char **, supplementary_groups), .values = "groups",
          .help = "Groups besides the user's own." },
        REFUSED("Socket", "Symlinks"),
        { SERVICE("SyslogFacility"), NOTED("as in systemd", NO_JOURNAL),
          .help = "What the journal does with the output; a container has none." },
        { SERVICE("SyslogIdentifier"), NOTED("as in systemd", NO_JOURNAL),
          .help = "What the journal does with the output; a container has none." },
        { SERVICE("SyslogLevel"), NOTED("as in systemd", NO_JOURNAL),
          .help = "What the journal does with the output; a container has none." },
        { SERVICE("SyslogLevelPrefix"), NOTED("as in systemd", NO_JOURNAL),
          .help = "What the journal does with the output; a container has none." },
        LATER("SystemCallArchitectures"), LATER("SystemCallErrorNumber"), LATER("SystemCallFilter"),
        LATER("SystemCallLog"), REFUSED("Socket", "TCPCongestion"), LATER("TTYColumns"),
        { SERVICE("TTYPath"), IN_SETUP(char *, tty_path, path, "an absolute path", NULL),
          .help = "The terminal of StandardInput=tty and its kin; /dev/console unless set." },
        { SERVICE("TTYReset"), NOTED("yes or no", NO_TERMINAL),
          .help = "What is done to the terminal; here that is the container runtime's." },
        LATER("TTYRows"),
        { SERVICE("TTYVHangup"), NOTED("yes or no", NO_TERMINAL),
          .help = "What is done to the terminal; here that is the container runtime's." },
        { SERVICE("TTYVTDisallocate"), NOTED("yes or no", NO_TERMINAL),
          .help = "What is done to the terminal; here that is the container runtime's." },
        LATER("TasksAccounting"), LATER("TasksMax"), LATER("TemporaryFileSystem"),
        { SERVICE("TimeoutAbortSec"),
          NOTED("a span of time", "an abort has the time of TimeoutStopSec= here"),
          .help = "How long an abort may take; here that is TimeoutStopSec=." },
        LATER("TimeoutCleanSec"), REFUSED("Automount", "TimeoutIdleSec"),
        { SERVICE("TimeoutSec"), .parse = value_timeouts, .print = value_print_nothing,
          .values = "a span of time",
          .help = "Sets TimeoutStartSec= and TimeoutStopSec= at once." },
        LATER("TimeoutStartFailureMode"),
        { SERVICE("TimeoutStartSec"), TIMEOUT(timeout_start), .fallback = "90s",
          .help = "How long the start may take; with Type=oneshot there is no limit unless it is set." },
        LATER("TimeoutStopFailureMode"),
        { SERVICE("TimeoutStopSec"), TIMEOUT(timeout_stop), .fallback = "90s",
          .help = "How long each stage of the stop may take; the stop budget cuts it." },
        LATER("TimerSlackNSec"), REFUSED("Socket", "Timestamping"), REFUSED("Socket", "Transparent"),
        REFUSED("Path", "TriggerLimitBurst"), REFUSED("Path", "TriggerLimitIntervalSec"),
        { SERVICE("Type"), .parse = value_type, .print = value_print_type, .field = FIELD(uint8_t, type),
          .values = "simple exec oneshot notify notify-reload forking idle",
          .help = "When the service counts as started; simple, or oneshot where there is no ExecStart=." },
        { SERVICE("UMask"), .parse = value_mode, .print = value_print_mode,
          .field = FIELD(unsigned, umask), .values = "an octal mode", .fallback = "0022", .fallback_tend = "",
          .help = "Which permissions new files are not given." },
        LATER("USBFunctionDescriptors"), LATER("USBFunctionStrings"),
        { TIMER("Unit"), .parse = value_timer_unit, .print = value_print_timer_unit, .values = "a unit",
          .help = "What the timer starts; the service of its own name unless said otherwise." },
        { TEND("Units"), .parse = value_words, .print = value_print_words,
          .field = CONTAINER_FIELD(char **, units), .values = "units, or paths of unit files",
          .extension = true,
          .help = "Unit files that are loaded and started too, with what they want and require." },
        { SERVICE("UnsetEnvironment"), .parse = value_unset_environment,
          .print = value_print_unset_environment, .field = FIELD(char **, unset_environment),
          .values = "NAME or NAME=value …",
          .help = "Variables taken out in the end." },
        REFUSED("Unit", "Upholds"),
        { SERVICE("User"), ACCOUNT(user),
          .help = "The user to run as." },
        { SERVICE("UtmpIdentifier"), NOTED("as in systemd", "a container keeps no record of logins"),
          .help = "How a login is recorded; a container keeps no such record." },
        { SERVICE("UtmpMode"), NOTED("as in systemd", "a container keeps no record of logins"),
          .help = "How a login is recorded; a container keeps no such record." },
        REFUSED("Timer", "WakeSystem"),
        { INSTALL("WantedBy"), WANTED,
          .help = "Which target pulls it in; a section of tend.ini is started anyway." },
        { UNIT("Wants"), NAMES(wants),
          .help = "Start these units too, whatever becomes of them." },
        { SERVICE("WatchdogSec"), READINESS(usec_t, watchdog, timeout, "a span of time"),
          .fallback = "infinity",
          .help = "How long the service may go without WATCHDOG=1; 0: as long as it likes." },
        { SERVICE("WatchdogSignal"), READINESS(int, watchdog_signal, signal, "a signal"),
          .fallback = "SIGABRT",
          .help = "What the service is sent when its watchdog has fallen silent." },
        REFUSED("Mount", "What"),
        REFUSED("Automount", "Where"),
        { SERVICE("WorkingDirectory"), .parse = value_working_directory,
          .print = value_print_working_directory,
          .values = "an absolute path or ~, with - before it where it may be absent",
          .help = "The directory the commands start in; ~ is the user's home." },
        REFUSED("Socket", "Writable"),
};
/* clang-format on */

const size_t n_settings = countof(settings);
