/* What is kept in struct setup, as a file says it and as it is shown. */
#include "config/setup.h"
#include "config/value.h"
#include "tests/unit/ini.h"
#include "tests/unit/test.h"

#define ROW "[a]\nExecStart=true\n"

static const struct {
        const char *text, *key, *value; /* NULL: refused */
} rows[] = {
        { "", "RuntimeDirectoryMode", "0755" },
        { "", "RuntimeDirectoryPreserve", "no" },
        { "", "FinalKillSignal", "SIGKILL" },
        { "", "SendSIGHUP", "no" },
        { "ConditionPathExists=/x\nConditionPathExists=|!/y", "ConditionPathExists", "/x\n|!/y" },
        { "ConditionPathExists= | ! /y", "ConditionPathExists", "|!/y" },
        { "ConditionPathExists=/x\nAssertPathExists=/y", "AssertPathExists", "/y" },
        { "ConditionPathExists=/x\nConditionUser=root\nConditionHost=", "ConditionPathExists", "" },
        { "AssertPathExists=/x\nConditionHost=", "AssertPathExists", "/x" },
        { "ConditionPathExists=/x/%N", "ConditionPathExists", "/x/a" },
        { "ConditionPathExists=x", "ConditionPathExists", NULL },
        { "ConditionPathExists=!", "ConditionPathExists", NULL },
        { "ConditionFirstBoot=maybe", "ConditionFirstBoot", NULL },
        { "RuntimeDirectory=a b/c\nRuntimeDirectory=d:e", "RuntimeDirectory", "a\nb/c\nd:e" },
        { "RuntimeDirectory=a\nRuntimeDirectory=", "RuntimeDirectory", "" },
        { "RuntimeDirectory=%N", "RuntimeDirectory", "a" },
        { "RuntimeDirectory=/a", "RuntimeDirectory", NULL },
        { "StateDirectory=../a", "StateDirectory", NULL },
        { "StateDirectory=a/./b", "StateDirectory", NULL },
        { "StateDirectory=a:/b", "StateDirectory", NULL },
        { "StateDirectory=a:b:c", "StateDirectory", NULL },
        { "ConfigurationDirectory=a:b", "ConfigurationDirectory", NULL },
        { "ConfigurationDirectory=a", "ConfigurationDirectory", "a" },
        { "LogsDirectoryMode=750", "LogsDirectoryMode", "0750" },
        { "CacheDirectoryMode=999", "CacheDirectoryMode", NULL },
        { "RuntimeDirectoryPreserve=restart", "RuntimeDirectoryPreserve", "restart" },
        { "RuntimeDirectoryPreserve=often", "RuntimeDirectoryPreserve", NULL },
        { "CPUAffinity=0-2,4 7", "CPUAffinity", "0-2 4 7" },
        { "CPUAffinity=1\nCPUAffinity=0", "CPUAffinity", "0-1" },
        { "CPUAffinity=1\nCPUAffinity=", "CPUAffinity", "" },
        { "CPUAffinity=3-1", "CPUAffinity", NULL },
        { "CPUAffinity=99999", "CPUAffinity", NULL },
        { "CPUAffinity=one", "CPUAffinity", NULL },
        { "CPUSchedulingPolicy=fifo", "CPUSchedulingPolicy", "fifo" },
        { "CPUSchedulingPolicy=best", "CPUSchedulingPolicy", NULL },
        { "CPUSchedulingPriority=99", "CPUSchedulingPriority", "99" },
        { "CPUSchedulingPriority=100", "CPUSchedulingPriority", NULL },
        { "IOSchedulingClass=2", "IOSchedulingClass", "best-effort" },
        { "IOSchedulingPriority=8", "IOSchedulingPriority", NULL },
        { "ExecSearchPath=/a:/b\nExecSearchPath=/c", "ExecSearchPath", "/a\n/b\n/c" },
        { "ExecSearchPath=a", "ExecSearchPath", NULL },
        { "Personality=vax", "Personality", NULL },
        { "TimeoutAbortSec=5\nTimeoutStopSec=1", "TimeoutAbortSec", "5s" },
        { "TimeoutAbortSec=0", "TimeoutAbortSec", "infinity" },
        { "TimeoutAbortSec=5\nTimeoutAbortSec=", "TimeoutAbortSec", "" },
        { "TimeoutAbortSec=soon", "TimeoutAbortSec", NULL },
        { "RestartKillSignal=USR1", "RestartKillSignal", "SIGUSR1" },
        { "RestartKillSignal=USR1\nRestartKillSignal=", "RestartKillSignal", "" },
        { "TTYPath=tty1", "TTYPath", NULL },
        { "TTYReset=yes", "TTYReset", "yes" },
        { "TTYVHangup=perhaps", "TTYVHangup", NULL },
        { "TTYRows=24\nTTYColumns=80", "TTYColumns", "80" },
        { "TTYRows=24\nTTYRows=", "TTYRows", "" },
        { "TTYRows=0", "TTYRows", NULL },
        { "TTYColumns=65536", "TTYColumns", NULL },
        { "", "TimeoutStartFailureMode", "terminate" },
        { "TimeoutStartFailureMode=abort", "TimeoutStartFailureMode", "abort" },
        { "TimeoutStopFailureMode=kill", "TimeoutStopFailureMode", "kill" },
        { "TimeoutStopFailureMode=wait", "TimeoutStopFailureMode", NULL },
        { "CoredumpFilter=default private-dax shared-dax", "CoredumpFilter", "0x1b3" },
        { "CoredumpFilter=elf-headers\nCoredumpFilter=0x1 20", "CoredumpFilter", "0x31" },
        { "CoredumpFilter=all", "CoredumpFilter", "0x1ff" },
        { "CoredumpFilter=all\nCoredumpFilter=", "CoredumpFilter", "" },
        { "CoredumpFilter=stack", "CoredumpFilter", NULL },
        { "CoredumpFilter=-1", "CoredumpFilter", NULL },
        { "CoredumpFilter=ffffffffff", "CoredumpFilter", NULL },
        { "TimerSlackNSec=50", "TimerSlackNSec", "50ns" },
        { "TimerSlackNSec=1us 5ns", "TimerSlackNSec", "1005ns" },
        { "TimerSlackNSec=2ms\nTimerSlackNSec=", "TimerSlackNSec", "infinity" },
        { "TimerSlackNSec=late", "TimerSlackNSec", NULL },
        { "NUMAPolicy=interleave", "NUMAPolicy", "interleave" },
        { "NUMAPolicy=near", "NUMAPolicy", NULL },
        { "NUMAMask=0-1 3", "NUMAMask", "0-1 3" },
        { "NUMAMask=all", "NUMAMask", "all" },
        { "NUMAMask=5\nNUMAMask=all", "NUMAMask", "all" },
        { "NUMAMask=every", "NUMAMask", NULL },
        { "StandardInput=data\nStandardInputText=x", "StandardInput", "data" },
        { "StandardInputText=x", "StandardInput", "data" },
        { "StandardInputText=x\nStandardInput=null", "StandardInput", "null" },
        { "StandardInputText=a\\tb\\x41\nStandardInputText=\"c\" 'd'  e", "StandardInputData",
          "YQliQQoiYyIgJ2QnICBlCg==" },
        { "StandardInputData=aGVs bG8=", "StandardInputData", "aGVsbG8=" },
        { "StandardInputData=aGk=\nStandardInputText=", "StandardInputData", "" },
        { "StandardInputData=aGk", "StandardInputData", NULL },
        { "StandardInputData=a*==", "StandardInputData", NULL },
        { "StandardInput=fd:x", "StandardInput", NULL },
        { "StandardOutput=socket", "StandardOutput", "socket" },
        { "StandardOutput=fd:x", "StandardOutput", NULL },
};

TEST(setup_values) {
        for (size_t i = 0; i < countof(rows); i++) {
                char text[512];
                struct ini ini;

                (void) snprintf(text, sizeof(text), ROW "%s\n", rows[i].text);
                ini_load(&ini, text, NULL, NULL);
                autofree char *value = ini_value(&ini, "a.service", rows[i].key);
                CHECK((ini.error == 0) == (rows[i].value != NULL), "row %zu: %s", i, rows[i].text);
                if (rows[i].value)
                        CHECK_STRING(value, rows[i].value, "row %zu: %s", i, rows[i].text);
                ini_done(&ini);
        }
}

TEST(setup_is_made_only_where_it_is_needed) {
        static const char text[] = ROW "RuntimeDirectoryMode=0755\nSendSIGHUP=no\nConditionHost=\n"
                                       "[b]\nExecStart=true\nStateDirectory=b\n";
        struct ini ini;

        ini_load(&ini, text, NULL, NULL);
        CHECK(ini.error == 0 && ini.config->n_units == 2);
        if (ini.error == 0) {
                CHECK(!ini.config->units[0]->setup);
                CHECK(ini.config->units[1]->setup);
                CHECK(unit_final_signal(ini.config->units[0]) == 9 &&
                      unit_final_signal(ini.config->units[1]) == 9);
        }
        ini_done(&ini);
}

/* Taken, with one word on what it means. */
TEST(setup_notes) {
        static const char *const keys[] = { "LogLevelMax=info", "SyslogIdentifier=x", "PAMName=login",
                                            "TTYVTDisallocate=yes", "UtmpMode=user" };

        for (size_t i = 0; i < countof(keys); i++) {
                char text[128];
                struct ini ini;

                (void) snprintf(text, sizeof(text), ROW "%s\n", keys[i]);
                ini_load(&ini, text, NULL, NULL);
                CHECK(ini.error == 0 && ini.diags.warnings == 1 && ini.diags.errors == 0, "%s", keys[i]);
                ini_done(&ini);
        }
}

/* As with `systemd --user` for an ordinary user, who is not PID 1. */
TEST(setup_directories_of_users) {
        static const struct {
                uid_t uid;
                pid_t pid;
                bool at_home;
                const char *environment[4];
                const char *bases[DIRECTORY_KIND_COUNT];
        } users[] = {
                { 0,
                  2,
                  false,
                  { "HOME=/h", NULL },
                  { "/run", "/var/lib", "/var/cache", "/var/log", "/etc" } },
                { 5,
                  1,
                  false,
                  { "HOME=/h", NULL },
                  { "/run", "/var/lib", "/var/cache", "/var/log", "/etc" } },
                { 5, 2, false, { NULL }, { "/run", "/var/lib", "/var/cache", "/var/log", "/etc" } },
                { 5,
                  2,
                  false,
                  { "HOME=h", "XDG_STATE_HOME=s", NULL },
                  { "/run", "/var/lib", "/var/cache", "/var/log", "/etc" } },
                { 5,
                  2,
                  false,
                  { "HOME=/h", NULL },
                  { "/run", "/h/.local/state", "/h/.cache", "/h/.local/state/log", "/h/.config" } },
                { 5,
                  2,
                  false,
                  { "HOME=/h", "XDG_RUNTIME_DIR=/r", "XDG_STATE_HOME=/s", NULL },
                  { "/r", "/s", "/h/.cache", "/s/log", "/h/.config" } },
                { 0,
                  1,
                  true,
                  { "HOME=/h", "XDG_RUNTIME_DIR=/r", "XDG_STATE_HOME=/s", NULL },
                  { "/run", "/s", "/h/.cache", "/s/log", "/h/.config" } },
        };

        for (size_t i = 0; i < countof(users); i++) {
                char *environment[4];

                memcpy(environment, users[i].environment, sizeof(environment));
                directory_bases_find(users[i].uid, users[i].pid, users[i].at_home, environment);
                for (enum directory_kind kind = 0; kind < DIRECTORY_KIND_COUNT; kind++)
                        CHECK_STRING(directory_base(kind), users[i].bases[kind], "row %zu, %d", i,
                                     (int) kind);
        }
        directory_bases_find(0, 1, false, (char *[]){ NULL });
}

/* A unit that has a struct setup for one setting is like one without in all others: else a reload that only
 * changes what may change while it runs would restart it. */
TEST(setup_defaults_are_as_without) {
        struct unit with = { .setup = setup_new() };
        const struct unit without = {};

        for (size_t i = 0; with.setup && i < n_settings; i++) {
                if (settings[i].part != PART_SETUP)
                        continue;
                autofree char *first = NULL, *second = NULL;
                size_t size;
                FILE *out = open_memstream(&first, &size);
                if (out) {
                        setting_print(&settings[i], &with, out);
                        (void) fclose(out);
                }
                out = open_memstream(&second, &size);
                if (out) {
                        setting_print(&settings[i], &without, out);
                        (void) fclose(out);
                }
                CHECK_STRING(first, second, "%s", settings[i].key);
        }
        setup_free(with.setup);
}
