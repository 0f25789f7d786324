/* Settings of systemd that are read and change nothing, or keep a unit from being started: what a unit sets
 * of them is remembered as one bit each, and told in one line for each kind of them. */
#pragma once

#include "base/def.h"

/* Hardening takes rights away from a service that it need not have: where there is no sandbox to be had,
 * systemd goes on without. What is idle has no meaning in a container. What is vital gives the service
 * something that it cannot be right without: its start is refused. */
#define REMARK_KINDS(X)                                                                                      \
        X(HARDENING)                                                                                         \
        X(IDLE)                                                                                              \
        X(VITAL)
#define ENUM_REMARK_KIND(name) REMARK_KIND_##name,
enum remark_kind { REMARK_KINDS(ENUM_REMARK_KIND) REMARK_KIND_COUNT };

/* clang-format off */
/* Key, kind, how it is read (see remark.c), the words that it takes besides; of a WORD the first is what
 * holds anyway. */
#define REMARKS(X)                                                                                           \
        X(AllowIsolate,                 IDLE,      BOOL,     "")                                             \
        X(AppArmorProfile,              HARDENING, TEXT,     "")                                             \
        X(BindPaths,                    VITAL,     BINDS,    "")                                             \
        X(BindReadOnlyPaths,            VITAL,     BINDS,    "")                                             \
        X(BlockIOAccounting,            IDLE,      BOOL,     "")                                             \
        X(BusName,                      IDLE,      TEXT,     "")                                             \
        X(CollectMode,                  IDLE,      WORD,     "inactive inactive-or-failed")                  \
        X(DefaultDependencies,          IDLE,      BOOL,     "")                                             \
        X(DeviceAllow,                  HARDENING, TEXT,     "")                                             \
        X(DevicePolicy,                 HARDENING, WORD,     "auto closed strict")                           \
        X(DynamicUser,                  HARDENING, BOOL,     "")                                             \
        X(ExecPaths,                    HARDENING, PATHS,    "")                                             \
        X(ExtensionDirectories,         VITAL,     PATHS,    "")                                             \
        X(ExtensionImages,              VITAL,     TEXT,     "")                                             \
        X(IPAccounting,                 IDLE,      BOOL,     "")                                             \
        X(IPAddressAllow,               HARDENING, TEXT,     "")                                             \
        X(IPAddressDeny,                HARDENING, TEXT,     "")                                             \
        X(IPCNamespacePath,             VITAL,     PATHS,    "")                                             \
        X(IgnoreOnIsolate,              IDLE,      BOOL,     "")                                             \
        X(InaccessiblePaths,            HARDENING, PATHS,    "")                                             \
        X(JoinsNamespaceOf,             IDLE,      TEXT,     "")                                             \
        X(KeyringMode,                  HARDENING, WORD,     "inherit private shared")                       \
        X(LockPersonality,              HARDENING, BOOL,     "")                                             \
        X(LogExtraFields,               IDLE,      TEXT,     "")                                             \
        X(LogLevelMax,                  IDLE,      LEVEL,    "")                                             \
        X(LogNamespace,                 IDLE,      TEXT,     "")                                             \
        X(LogRateLimitBurst,            IDLE,      TEXT,     "")                                             \
        X(LogRateLimitIntervalSec,      IDLE,      TEXT,     "")                                             \
        X(ManagedOOMMemoryPressure,     IDLE,      WORD,     "auto kill")                                    \
        X(ManagedOOMMemoryPressureLimit, IDLE,      TEXT,     "")                                            \
        X(ManagedOOMPreference,         IDLE,      WORD,     "none avoid omit")                              \
        X(ManagedOOMSwap,               IDLE,      WORD,     "auto kill")                                    \
        X(MemoryDenyWriteExecute,       HARDENING, BOOL,     "")                                             \
        X(MountAPIVFS,                  IDLE,      BOOL,     "")                                             \
        X(MountFlags,                   HARDENING, WORD,     "shared slave private")                         \
        X(MountImages,                  VITAL,     TEXT,     "")                                             \
        X(NetworkNamespacePath,         VITAL,     PATHS,    "")                                             \
        X(NoExecPaths,                  HARDENING, PATHS,    "")                                             \
        X(PrivateDevices,               HARDENING, BOOL,     "")                                             \
        X(PrivateIPC,                   HARDENING, BOOL,     "")                                             \
        X(PrivateMounts,                HARDENING, BOOL,     "")                                             \
        X(PrivateNetwork,               HARDENING, BOOL,     "")                                             \
        X(PrivateTmp,                   HARDENING, BOOL,     "")                                             \
        X(PrivateUsers,                 HARDENING, BOOL,     "")                                             \
        X(ProcSubset,                   HARDENING, WORD,     "all pid")                                      \
        X(ProtectClock,                 HARDENING, BOOL,     "")                                             \
        X(ProtectControlGroups,         HARDENING, BOOL,     "")                                             \
        X(ProtectHome,                  HARDENING, BOOL,     "read-only tmpfs")                              \
        X(ProtectHostname,              HARDENING, BOOL,     "")                                             \
        X(ProtectKernelLogs,            HARDENING, BOOL,     "")                                             \
        X(ProtectKernelModules,         HARDENING, BOOL,     "")                                             \
        X(ProtectKernelTunables,        HARDENING, BOOL,     "")                                             \
        X(ProtectProc,                  HARDENING, WORD,     "default noaccess invisible ptraceable")        \
        X(ProtectSystem,                HARDENING, BOOL,     "full strict")                                  \
        X(ReadOnlyPaths,                HARDENING, PATHS,    "")                                             \
        X(ReadWritePaths,               HARDENING, PATHS,    "")                                             \
        X(RemoveIPC,                    HARDENING, BOOL,     "")                                             \
        X(RequiresMountsFor,            IDLE,      PATHS,    "")                                             \
        X(RestrictAddressFamilies,      HARDENING, FAMILIES, "")                                             \
        X(RestrictFileSystems,          HARDENING, TEXT,     "")                                             \
        X(RestrictNamespaces,           HARDENING, BOOL,     "~ cgroup ipc net mnt pid user uts")            \
        X(RestrictNetworkInterfaces,    HARDENING, TEXT,     "")                                             \
        X(RestrictRealtime,             HARDENING, BOOL,     "")                                             \
        X(RestrictSUIDSGID,             HARDENING, BOOL,     "")                                             \
        X(RootDirectory,                VITAL,     PATHS,    "")                                             \
        X(RootImage,                    VITAL,     PATHS,    "")                                             \
        X(SELinuxContext,               HARDENING, TEXT,     "")                                             \
        X(SmackProcessLabel,            HARDENING, TEXT,     "")                                             \
        X(SocketBindAllow,              HARDENING, TEXT,     "")                                             \
        X(SocketBindDeny,               HARDENING, TEXT,     "")                                             \
        X(SyslogFacility,               IDLE,      TEXT,     "")                                             \
        X(SyslogIdentifier,             IDLE,      TEXT,     "")                                             \
        X(SyslogLevel,                  IDLE,      LEVEL,    "")                                             \
        X(SyslogLevelPrefix,            IDLE,      BOOL,     "")                                             \
        X(SystemCallArchitectures,      HARDENING, TEXT,     "")                                             \
        X(SystemCallErrorNumber,        HARDENING, TEXT,     "")                                             \
        X(SystemCallFilter,             HARDENING, CALLS,    "")                                             \
        X(SystemCallLog,                HARDENING, CALLS,    "")                                             \
        X(TTYVTDisallocate,             IDLE,      BOOL,     "")                                             \
        X(TemporaryFileSystem,          VITAL,     BINDS,    "")                                             \
        X(UtmpIdentifier,               IDLE,      TEXT,     "")                                             \
        X(UtmpMode,                     IDLE,      WORD,     "init login user")
/* clang-format on */

#define ENUM_REMARK(key, kind, form, words) REMARK_##key,
enum remark { REMARKS(ENUM_REMARK) REMARK_COUNT };

#define REMARK_WORDS ((REMARK_COUNT + 63) / 64)

struct unit;
struct diags;

/* "PrivateTmp" */
const char *remark_key(enum remark r);
enum remark_kind remark_kind(enum remark r);

bool remark_is_set(const struct unit *u, enum remark r);

/* Says in one line each what of a unit is not enforced, what is idle, and what it is refused for. 0, or
 * -EOPNOTSUPP where it must not be started. */
int remark_report(const struct unit *u, struct diags *d);
