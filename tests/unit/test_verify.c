#include "base/text.h"
#include "tests/unit/ini.h"
#include "tests/unit/test.h"

#define START "ExecStart=x\n"

struct row {
        const char *lines;
        unsigned line; /* 0: nothing is said */
        bool error;
        const char *words;
};

static void check_rows(const struct row *rows, size_t n) {
        for (size_t i = 0; i < n; i++) {
                autofree char *text = text_format("[a]\n%s", rows[i].lines);
                struct ini ini;

                ini_load(&ini, text, NULL, NULL);
                autofree char *words = ini_words(&ini);
                CHECK(ini.diags.n == (rows[i].line > 0), "row %zu: %s", i, words);
                CHECK((ini.error < 0) == rows[i].error, "row %zu: %s", i, words);
                if (rows[i].words && ini.diags.n > 0) {
                        CHECK(strstr(words, rows[i].words), "row %zu: %s", i, words);
                        CHECK(ini.diags.list[0].line == rows[i].line, "row %zu: %s", i, words);
                }
                ini_done(&ini);
        }
}

TEST(verify_rules) {
        static const struct row rows[] = {
                { START, 0, false, NULL },
                { "Nice=1\n", 1, true, "there is nothing to run" },
                { "Type=simple\nExecStop=x\n", 1, true, "ExecStart= is missing" },
                { "ExecStop=x\n", 1, true, "over before it has begun" },
                { "ExecStop=x\nRemainAfterExit=yes\n", 0, false, NULL },
                { "SuccessAction=exit\n", 0, false, NULL },
                { START START, 3, true, "several commands" },
                { "Type=oneshot\n" START START, 0, false, NULL },
                { START "ExecStart=\n" START, 0, false, NULL },
                { "Type=oneshot\n" START "Restart=always\n", 4, true, "not for Type=oneshot" },
                { "Type=oneshot\n" START "Restart=on-failure\n", 0, false, NULL },
                { "Type=oneshot\n" START "RestartForceExitStatus=1\n", 4, true, "not for Type=oneshot" },
                { "Type=notify\n" START "NotifyAccess=none\n", 4, true, "could never be heard" },
                { START "After=a\n", 3, true, "behind itself" },
                { START "Before=%n\n", 3, true, "ahead of itself" },
                { START "Requires=a.service\n", 3, true, "requires itself" },
                { START "Wants=a\n", 3, true, "wants itself" },
                { START "Restart=no\nRestartPreventExitStatus=1\n", 4, false, "changes nothing" },
                { START "RestartPreventExitStatus=1 2\nRestartForceExitStatus=2\n", 3, false,
                  "the same status" },
                { START "RestartPreventExitStatus=1\nRestartForceExitStatus=2\n", 0, false, NULL },
                { START "RestartSec=5s\nRestartMaxDelaySec=1s\n", 4, false, "shorter than RestartSec=" },
                { START "RestartSec=11s\n", 0, false, NULL },
                { START "RestartSec=31s\n", 1, false, "never given up" },
                { START "RestartSec=31s\nRestart=no\n", 0, false, NULL },
                { START "RestartSec=31s\nStartLimitBurst=0\n", 0, false, NULL },
                { START "RestartSec=31s\nStartLimitIntervalSec=infinity\n", 0, false, NULL },
                { START "RestartMaxDelaySec=5min\nStartLimitIntervalSec=1min\n", 4, false, "never given up" },
                { START "RestartSteps=10\nRestartMaxDelaySec=20s\n", 0, false, NULL },
                { START "KillMode=none\n", 3, false, "left until the container ends" },
                { "Type=oneshot\n" START "RuntimeMaxSec=5\n", 4, false, "TimeoutStartSec= limits it" },
                { START "SuccessActionExitStatus=1\n", 3, false, "without SuccessAction=" },
                { START "FailureAction=none\nFailureActionExitStatus=1\n", 4, false,
                  "where FailureAction=none" },
                { START "FailureActionExitStatus=1\n", 0, false, NULL },
        };

        check_rows(rows, countof(rows));
}

TEST(verify_rules_of_readiness) {
        static const struct row rows[] = {
                { "Type=notify-reload\n" START "NotifyAccess=none\n", 4, true, "could never be heard" },
                { START "WatchdogSec=1\nNotifyAccess=none\n", 4, true, "WATCHDOG=1 could never be heard" },
                { START "WatchdogSec=0\nNotifyAccess=none\n", 0, false, NULL },
                { START "FileDescriptorStoreMax=1\nNotifyAccess=none\n", 4, false, "changes nothing" },
                { "Type=forking\n" START "GuessMainPID=no\n", 4, false, "never known" },
                { "Type=forking\n" START "GuessMainPID=no\nPIDFile=x\n", 0, false, NULL },
                { "Type=forking\n" START START, 4, true, "several commands" },
                { "Type=oneshot\n" START "ReadyWhen=file:/a\n", 4, true, "ready when its last command" },
                { "Type=notify\n" START "ReadyWhen=file:/a\n", 0, false, NULL },
                { "Type=oneshot\n" START "HealthCheck=file:/a\n", 4, true, "does not run on" },
                { START "HealthAction=restart\n", 3, false, "nothing without HealthCheck=" },
                { START "HealthAction=none\n", 0, false, NULL },
        };

        check_rows(rows, countof(rows));
}

TEST(verify_looks_at_the_system) {
        char *const environment[] = { (char[]){ "PATH=/usr/bin:/bin" }, NULL };
        static const struct {
                const char *lines;
                const char *words; /* NULL: nothing is said */
        } rows[] = {
                { "ExecStart=sh\n", NULL },
                { "ExecStart=/bin/sh\nUser=root\nGroup=0\nSupplementaryGroups=root 4711\n", NULL },
                { "ExecStart=no-such-program\n", "a.service: ExecStart= names the program no-such-program, "
                                                 "which is not in PATH (/usr/bin:/bin)" },
                { "ExecStart=sh\nEnvironment=PATH=/nonexistent\n", "not in PATH (/nonexistent)" },
                { "ExecStart=no-such-program\nEnvironmentFile=-/nonexistent\n", NULL },
                { "ExecStart=/nonexistent/x\n", "/nonexistent/x: No such file or directory" },
                { "ExecStart=/etc/passwd\n", "/etc/passwd: Permission denied" },
                { "ExecStart=sh\nExecStopPost=/nonexistent/x\n", "ExecStopPost= names the program" },
                { "ExecStart=sh\nUser=no-such-user\n", "User=no-such-user: there is no such user" },
                { "ExecStart=sh\nGroup=no-such-group\n", "there is no such group" },
                { "ExecStart=sh\nWorkingDirectory=/nonexistent\n",
                  "WorkingDirectory= names /nonexistent: No such file" },
                { "ExecStart=sh\nWorkingDirectory=-/nonexistent\n", NULL },
                { "ExecStart=sh\nWorkingDirectory=/etc/passwd\n", "Not a directory" },
                { "ExecStart=sh\nEnvironmentFile=/nonexistent\n", "EnvironmentFile= names /nonexistent" },
                { "ExecStart=sh\nEnvironmentFile=/nonexistent/*.env\n", NULL },
        };

        for (size_t i = 0; i < countof(rows); i++)
                for (int look = 0; look < 2; look++) {
                        const struct load_options o = { .environment = environment, .look_at_system = look };
                        autofree char *text = text_format("[a]\n%s", rows[i].lines);
                        struct ini ini;

                        ini_load(&ini, text, NULL, &o);
                        autofree char *words = ini_words(&ini);
                        CHECK(ini.error == 0, "row %zu: %s", i, words);
                        CHECK(ini.diags.warnings == (look && rows[i].words), "row %zu: %s", i, words);
                        CHECK(!look || !rows[i].words || strstr(words, rows[i].words), "row %zu: %s", i,
                              words);
                        ini_done(&ini);
                }
}

/* Some keys are in several sections: each has lines of its own. */
TEST(verify_names_the_line_of_its_section) {
        static const struct {
                const char *section, *setting;
        } rows[] = {
                { "timer", "OnBootSec=1\nUnit=gone.service" },
                { "path", "PathExists=/a\nUnit=gone.service" },
                { "socket", "ListenStream=/a\nService=gone.service" },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                autofree char *text =
                        text_format("[a]\nExecStart=x\n[a.%s]\n%s\n", rows[i].section, rows[i].setting);
                struct ini ini;

                ini_load(&ini, text, NULL, NULL);
                autofree char *words = ini_words(&ini);
                CHECK(ini.diags.n == 1 && ini.diags.list[0].line == 5, "row %zu: %s", i, words);
                CHECK(strstr(words, "starts gone.service, and there is no such unit"), "row %zu: %s", i,
                      words);
                ini_done(&ini);
        }
}
