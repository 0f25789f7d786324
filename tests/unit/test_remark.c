/* Settings that are read and not enforced, without meaning in a container, or a reason to refuse the unit. */
#include "config/remark.h"
#include "config/setting.h"
#include "tests/unit/ini.h"
#include "tests/unit/test.h"

#define HEAD "tend.ini:1: warning: a.service: "

static const struct {
        const char *text, *words; /* all that is said of it; of an error a part */
} rows[] = {
        { "PrivateTmp=yes", HEAD "not enforced: PrivateTmp=\n" },
        { "PrivateTmp=no\nProtectSystem=false\nProtectHome=off\nDefaultDependencies=no", "" },
        { "PrivateTmp=yes\nPrivateTmp=no", "" },
        { "ProtectSystem=strict\nPrivateTmp=1\nSyslogIdentifier=x\nBlockIOAccounting=yes",
          HEAD "not enforced: PrivateTmp= ProtectSystem=; without meaning in a container: "
               "BlockIOAccounting= SyslogIdentifier=\n" },
        { "SyslogIdentifier=x\nSyslogIdentifier=", "" },
        { "ProtectSystem=half", "not full strict" },
        { "ProtectHome=tmpfs", HEAD "not enforced: ProtectHome=\n" },
        { "ProtectProc=default\nProcSubset=all\nDevicePolicy=auto", "" },
        { "ProtectProc=invisible", HEAD "not enforced: ProtectProc=\n" },
        { "ProtectProc=invisble", "not one of: default noaccess invisible ptraceable" },
        { "ReadWritePaths=-/a +/b -+/c %S/d", HEAD "not enforced: ReadWritePaths=\n" },
        { "ReadWritePaths=/a b", "'b' is not an absolute path" },
        { "ReadWritePaths=/a\nReadWritePaths=", "" },
        { "RestrictNamespaces=~user pid", HEAD "not enforced: RestrictNamespaces=\n" },
        { "RestrictNamespaces=usr", "'usr' is not" },
        { "RestrictAddressFamilies=~AF_INET AF_INET6", HEAD "not enforced: RestrictAddressFamilies=\n" },
        { "RestrictAddressFamilies=none", HEAD "not enforced: RestrictAddressFamilies=\n" },
        { "RestrictAddressFamilies=INET", "'INET' is not an address family" },
        { "SystemCallFilter=~ @clock read:EPERM\nSystemCallFilter=@system-service",
          HEAD "not enforced: SystemCallFilter=\n" },
        { "SystemCallFilter=@sistem", "'@sistem' is not the name of a system call" },
        { "LockPersonality=perhaps", "neither yes nor no" },
        { "LogLevelMax=info", HEAD "without meaning in a container: LogLevelMax=\n" },
        { "LogLevelMax=loud", "not one of: emerg" },
        { "BindPaths=/a:/b", "error: a.service: BindPaths=: the service would need a view of its own" },
        { "BindReadOnlyPaths=/a\nBindReadOnlyPaths=", "" },
        { "TemporaryFileSystem=/a:ro", "error: a.service: TemporaryFileSystem=: the service" },
        { "BindPaths=a", "not an absolute path" },
        { "RootDirectory=/srv", "reset it: an empty RootDirectory= in a drop-in" },
        { "DynamicUser=yes\nUser=root", HEAD "not enforced: DynamicUser=\n" },
        { "DynamicUser=yes", "error: a.service: DynamicUser=: there is no user a, and tend makes none up" },
        { "DynamicUser=no", "" },
};

TEST(remark_words) {
        for (size_t i = 0; i < countof(rows); i++) {
                char text[512];
                struct ini ini;

                (void) snprintf(text, sizeof(text), "[a]\nExecStart=true\n%s\n", rows[i].text);
                ini_load(&ini, text, NULL, NULL);
                autofree char *words = ini_words(&ini);
                bool is_whole = strncmp(rows[i].words, "tend.ini", 8) == 0 || *rows[i].words == '\0';

                if (is_whole)
                        CHECK_STRING(words, rows[i].words, "row %zu: %s", i, rows[i].text);
                else
                        CHECK(ini.error < 0 && words && strstr(words, rows[i].words), "row %zu: %s", i,
                              words);
                ini_done(&ini);
        }
}

TEST(remark_costs_nothing_where_nothing_is_asked) {
        struct ini ini;

        ini_load(&ini, "[a]\nExecStart=true\nPrivateTmp=no\nProtectHome=\n", NULL, NULL);
        CHECK(ini.error == 0 && !ini.config->units[0]->setup);
        ini_done(&ini);
}

/* Every remark has its row in the table of settings, and is not taken for one that is carried out. */
TEST(remark_rows) {
        for (enum remark r = 0; r < REMARK_COUNT; r++) {
                const struct setting *s = setting_find(OWNER_UNIT, remark_key(r));

                CHECK(s && !setting_is_carried_out(s) && !setting_is_later(s), "%s", remark_key(r));
        }
}

/* What 178 unit files of 120 server packages ask for, hardening left out: none of it may be put off. */
static const char *const asked_for[] = {
        "ExecStart",
        "Type",
        "After",
        "Wants",
        "Requires",
        "Before",
        "RemainAfterExit",
        "User",
        "Group",
        "UMask",
        "WorkingDirectory",
        "EnvironmentFile",
        "Environment",
        "PIDFile",
        "NotifyAccess",
        "GuessMainPID",
        "Restart",
        "RestartSec",
        "StartLimitIntervalSec",
        "StartLimitBurst",
        "SuccessExitStatus",
        "RestartPreventExitStatus",
        "RestartForceExitStatus",
        "ExecReload",
        "ExecStartPre",
        "ExecStop",
        "ExecStartPost",
        "ExecStopPost",
        "ExecCondition",
        "PermissionsStartOnly",
        "KillMode",
        "TimeoutStopSec",
        "TimeoutStartSec",
        "KillSignal",
        "SendSIGKILL",
        "TimeoutSec",
        "RuntimeDirectory",
        "RuntimeDirectoryMode",
        "RuntimeDirectoryPreserve",
        "LogsDirectory",
        "LogsDirectoryMode",
        "StateDirectory",
        "StateDirectoryMode",
        "ConfigurationDirectory",
        "CacheDirectory",
        "LimitNOFILE",
        "LimitNPROC",
        "LimitCORE",
        "LimitMEMLOCK",
        "OOMScoreAdjust",
        "Nice",
        "IOSchedulingClass",
        "IOSchedulingPriority",
        "LimitRTPRIO",
        "LimitRTTIME",
        "ConditionPathExists",
        "AssertPathExists",
        "ConditionCapability",
        "ConditionFileIsExecutable",
        "ConditionFileNotEmpty",
        "ConditionPathExistsGlob",
        "ConditionPathIsDirectory",
        "ConditionVirtualization",
        "ConditionKernelCommandLine",
        "ConditionACPower",
        "PartOf",
        "Conflicts",
        "BindsTo",
        "ReloadPropagatedFrom",
        "Requisite",
        "OnFailure",
        "StandardOutput",
        "StandardError",
        "StandardInput",
        "WatchdogSec",
        "IgnoreSIGPIPE",
        "OOMPolicy",
        "NoNewPrivileges",
        "CapabilityBoundingSet",
        "AmbientCapabilities",
        "SecureBits",
        "TasksMax",
        "MemoryMax",
        "Alias",
        "Also",
        "Description",
        "Documentation",
        "WantedBy",
        "AppArmorProfile",
        "DefaultDependencies",
        "Delegate",
        "IgnoreOnIsolate",
        "NonBlocking",
        "RequiresMountsFor",
        "Slice",
        "SyslogFacility",
        "SyslogIdentifier",
        "ReadWritePaths",
        "ReadOnlyPaths",
        "InaccessiblePaths",
        "BusName",
};

TEST(remark_nothing_that_is_asked_for_is_put_off) {
        for (size_t i = 0; i < countof(asked_for); i++) {
                const struct setting *s = setting_find(OWNER_UNIT, asked_for[i]);

                CHECK(s && !setting_is_later(s), "%s", asked_for[i]);
        }
}
