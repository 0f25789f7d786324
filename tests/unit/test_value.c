#include <errno.h>

#include "base/text.h"
#include "config/value.h"
#include "tests/unit/ini.h"
#include "tests/unit/test.h"

/* Each row: the lines of one section, the setting looked at, what it prints then. */
struct row {
        const char *lines, *key, *printed;
};

static void check_rows(const struct row *rows, size_t n) {
        for (size_t i = 0; i < n; i++) {
                autofree char *text = text_format("[a]\nExecStart=x\n%s\n", rows[i].lines), *printed = NULL;
                struct ini ini;

                ini_load(&ini, text, NULL, NULL);
                autofree char *words = ini_words(&ini);
                if (CHECK(ini.error == 0, "row %zu: %s", i, words)) {
                        printed = ini_value(&ini, "a.service", rows[i].key);
                        CHECK_STRING(printed, rows[i].printed, "row %zu", i);
                        CHECK_STRING(words, "", "row %zu", i);
                }
                ini_done(&ini);
        }
}

TEST(value_scalars) {
        static const struct row rows[] = {
                { "", "Restart", "on-failure" },
                { "Restart=always\nRestart=no", "Restart", "no" },
                { "RestartSec=5", "RestartSec", "5s" },
                { "RestartSec=1min 20s\nStartLimitBurst=2", "RestartSec", "1min 20s" },
                { "TimeoutStopSec=0", "TimeoutStopSec", "infinity" },
                { "WatchdogSec=30", "WatchdogSec", "30s" },
                { "WatchdogSec=30\nWatchdogSec=0", "WatchdogSec", "infinity" },
                { "WatchdogSec=30", "WatchdogSignal", "SIGABRT" },
                { "WatchdogSignal=KILL", "WatchdogSignal", "SIGKILL" },
                { "ReloadSignal=USR2", "ReloadSignal", "SIGUSR2" },
                { "FileDescriptorStoreMax=3", "FileDescriptorStoreMax", "3" },
                { "GuessMainPID=no", "GuessMainPID", "no" },
                { "WatchdogSec=1", "GuessMainPID", "yes" },
                { "PIDFile=/run/%n", "PIDFile", "/run/a.service" },
                { "PIDFile=a/b.pid", "PIDFile", "/run/a/b.pid" },
                { "PIDFile=/a\nPIDFile=", "PIDFile", "" },
                { "WatchdogSec=1", "NotifyAccess", "main" },
                { "FileDescriptorStoreMax=1", "NotifyAccess", "main" },
                { "Type=notify-reload", "NotifyAccess", "main" },
                { "Type=forking", "NotifyAccess", "none" },
                { "Type=idle", "Type", "idle" },
                { "TimeoutSec=7", "TimeoutStartSec", "7s" },
                { "TimeoutSec=7\nTimeoutStartSec=8", "TimeoutStopSec", "7s" },
                { "", "TimeoutStartSec", "1min 30s" },
                { "Type=oneshot", "TimeoutStartSec", "infinity" },
                { "Type=oneshot\nTimeoutStartSec=90s", "TimeoutStartSec", "1min 30s" },
                { "", "Type", "simple" },
                { "Type=notify", "NotifyAccess", "main" },
                { "", "NotifyAccess", "none" },
                { "NotifyAccess=all", "NotifyAccess", "all" },
                { "SendSIGKILL=False", "SendSIGKILL", "no" },
                { "KillSignal=RTMIN+3", "KillSignal", "SIGRTMIN+3" },
                { "KillMode=mixed", "KillMode", "mixed" },
                { "Nice=-5", "Nice", "-5" },
                { "Nice=-5\nNice=", "Nice", "" },
                { "UMask=27", "UMask", "0027" },
                { "", "UMask", "" },
                { "OOMScoreAdjust=-1000", "OOMScoreAdjust", "-1000" },
                { "FailureAction=reboot-force", "FailureAction", "exit-force" },
                { "SuccessAction=poweroff", "SuccessAction", "exit" },
                { "SuccessAction=exit\nSuccessActionExitStatus=7", "SuccessActionExitStatus", "7" },
                { "Description=The %p, all of it", "Description", "The a, all of it" },
                { "User=1000\nUser=", "User", "" },
                { "User=%p", "User", "a" },
                { "WorkingDirectory=-/srv/%N", "WorkingDirectory", "-/srv/a" },
                { "WorkingDirectory=~", "WorkingDirectory", "~" },
                { "StandardOutput=append:/var/log/%p.log", "StandardOutput", "append:/var/log/a.log" },
                { "StandardOutput=file:/x\nStandardOutput=null", "StandardOutput", "null" },
                { "StandardInput=file:/x", "StandardInput", "file:/x" },
                { "", "StandardInput", "null" },
        };

        check_rows(rows, countof(rows));
}

TEST(value_lists_add_up_and_are_emptied) {
        static const struct row rows[] = {
                { "After=b c.service\nAfter=d.target b", "After", "b.service\nc.service\nd.target" },
                { "After=b\nAfter=\nAfter=c", "After", "c.service" },
                { "Wants=%p-helper", "Wants", "a-helper.service" },
                { "Environment=A=1 \"B=2 3\"\nEnvironment=A=4 C=", "Environment", "\"B=2 3\"\nA=4\nC=" },
                { "Environment=A=1\nEnvironment=", "Environment", "" },
                { "Environment='A=$x %N'", "Environment", "\"A=$x a\"" },
                { "PassEnvironment=A B", "PassEnvironment", "A\nB" },
                { "UnsetEnvironment=A B=2", "UnsetEnvironment", "A\nB=2" },
                { "EnvironmentFile=-/etc/default/%p\nEnvironmentFile=/x", "EnvironmentFile",
                  "-/etc/default/a\n/x" },
                { "EnvironmentFile=/x\nEnvironmentFile=", "EnvironmentFile", "" },
                { "SupplementaryGroups=a b", "SupplementaryGroups", "a\nb" },
                { "Documentation=man:a(1) https://a.b/c", "Documentation", "man:a(1)\nhttps://a.b/c" },
                { "SuccessExitStatus=1 TEMPFAIL SIGKILL\nSuccessExitStatus=EXIT_USER", "SuccessExitStatus",
                  "1\n75\n217\nSIGKILL" },
                { "SuccessExitStatus=EX_USAGE 255", "SuccessExitStatus", "64\n255" },
                { "SuccessExitStatus=1\nSuccessExitStatus=", "SuccessExitStatus", "" },
                { "ForwardSignals=HUP RTMIN+1", "ForwardSignals", "SIGHUP\nSIGRTMIN+1" },
                { "ForwardSignals=64", "ForwardSignals", "SIGRTMIN+30" },
        };

        check_rows(rows, countof(rows));
}

TEST(value_limits) {
        static const struct row rows[] = {
                { "LimitNOFILE=1024", "LimitNOFILE", "1024" },
                { "LimitNOFILE=1024:infinity", "LimitNOFILE", "1024:infinity" },
                { "LimitNOFILE=1\nLimitNOFILE=2:3", "LimitNOFILE", "2:3" },
                { "LimitNOFILE=1\nLimitCORE=0\nLimitNOFILE=", "LimitNOFILE", "" },
                { "LimitNOFILE=1\nLimitCORE=0\nLimitNOFILE=", "LimitCORE", "0" },
                { "LimitAS=4G:16G", "LimitAS", "4G:16G" },
                { "LimitCPU=1min", "LimitCPU", "60" },
                { "LimitCPU=1500ms", "LimitCPU", "2" },
                { "LimitRTTIME=500", "LimitRTTIME", "500" },
                { "LimitRTTIME=1ms", "LimitRTTIME", "1000" },
                { "LimitNICE=+5", "LimitNICE", "15" },
                { "LimitNICE=-20", "LimitNICE", "40" },
                { "LimitNICE=7", "LimitNICE", "7" },
                { "LimitCORE=infinity", "LimitCORE", "infinity" },
        };

        check_rows(rows, countof(rows));
}

TEST(value_commands) {
        static const struct row rows[] = {
                { "ExecStart=\nExecStart=a b", "ExecStart", "a b" },
                { "Type=oneshot\nExecStart=b ; ; c d ; \nExecStart=e", "ExecStart", "x\nb\nc d\ne" },
                { "ExecStartPre=echo / >/dev/null & \\; \\\n  ls", "ExecStartPre",
                  "echo / >/dev/null & \";\" ls" },
                { "ExecStop=sh -c 'a ; b' \";\"", "ExecStop", "sh -c \"a ; b\" \";\"" },
                { "ExecStop=find . -exec rm \"{}\" \\;", "ExecStop", "find . -exec rm {} \";\"" },
                { "ExecStop=/bin/x\\x20y 'a'\"b\"", "ExecStop", "\"/bin/x y\" ab" },
                { "ExecReload=-+a\nExecReload=@:/bin/b c d", "ExecReload", "-+a\n:@/bin/b c d" },
                { "ExecReload=!a\nExecReload=!!b\nExecReload=-!!c", "ExecReload", "!a\nb\n-c" },
                { "ExecReload=/bin/kill -HUP $MAINPID ${A:-b}", "ExecReload",
                  "/bin/kill -HUP $MAINPID ${A:-b}" },
                { "ExecStop=a %n 100%% $$", "ExecStop", "a a.service 100% $$" },
        };

        check_rows(rows, countof(rows));
}

static const struct {
        const char *line, *words; /* of the error in line 3 */
} refused[] = {
        { "Restart=on-faliure", "a value it takes (no on-success on-failure" },
        { "Restart=on-faliure", "did you mean Restart=on-failure?" },
        { "Restart=", "not a value it takes" },
        { "Type=dbus", "has no system bus" },
        { "Type=onshot", "did you mean Type=oneshot?" },
        { "RestartSec=5 apples", "not a span of time" },
        { "RestartSec=9s ; a comment", "a comment needs a line of its own" },
        { "Nice=20", "out of range, it takes a number from -20 to 19" },
        { "UMask=9", "not an octal mode" },
        { "KillSignal=SIGFOO", "not a signal" },
        { "SendSIGKILL=maybe", "neither yes nor no" },
        { "User=a b", "not the name or the number" },
        { "User=-x", "not the name or the number" },
        { "WorkingDirectory=srv", "not an absolute path" },
        { "StandardOutput=file:x", "not absolute" },
        { "StandardOutput=fd:x", "not carried out yet" },
        { "StandardOutput=nul", "did you mean StandardOutput=null?" },
        { "StandardInput=append:/x", "not a value it takes" },
        { "StandardInput=fd:x", "by name" },
        { "LimitNOFILE=2:1", "the soft limit is over the hard one" },
        { "LimitNOFILE=1K", "not a number" },
        { "LimitNICE=-21", "not a nice value" },
        { "Environment=A", "'A' is not of the form NAME=value" },
        { "Environment=1A=b", "'1A=b' is not" },
        { "Environment=\"A=b", "a quote that is not closed" },
        { "PassEnvironment=A=b", "'A=b' is not the name of a variable" },
        { "EnvironmentFile=x", "not an absolute path" },
        { "After=a/b", "'a/b' is not the name of a unit" },
        { "SuccessExitStatus=256", "'256' is neither an exit code" },
        { "SuccessExitStatus=SIGX", "'SIGX' is neither an exit code" },
        { "ForwardSignals=KILL", "cannot be forwarded" },
        { "FailureAction=explode", "not a value it takes" },
        { "SuccessActionExitStatus=256", "out of range" },
        { "StartLimitBurst=-1", "not a number" },
        { "ExecStop='a", "a quote that is not closed" },
        { "ExecStop=./a", "neither an absolute path nor a plain name" },
        { "ExecStop=/bin/", "is a directory" },
        { "ExecStop=--a", "a prefix is there twice" },
        { "ExecStop=+!a", "+ and ! at once" },
        { "ExecStop=- ", "there is no program" },
        { "ExecStop=@/bin/a", "there is none" },
        { "ExecStop=date +%Y", "no meaning here" },
        { "ExecStop=date +%Q", "%Q is no specifier that tend knows" },
        { "ExecStop=a\\\"b", "holds a quote or a backslash" },
};

TEST(value_what_is_refused) {
        for (size_t i = 0; i < countof(refused); i++) {
                autofree char *text = text_format("[a]\nExecStart=x\n%s\n", refused[i].line);
                struct ini ini;

                ini_load(&ini, text, NULL, NULL);
                autofree char *words = ini_words(&ini);
                CHECK(ini.error < 0 && ini.diags.errors == 1, "row %zu: %s", i, words);
                CHECK(words && text_starts(words, "tend.ini:3: error: "), "row %zu: %s", i,
                      words ? words : "nothing");
                CHECK(words && strstr(words, refused[i].words), "row %zu: %s", i, words);
                ini_done(&ini);
        }
}

TEST(value_what_is_warned_of) {
        static const struct {
                const char *line, *words;
        } rows[] = {
                { "CPUShares=1",
                  "a.service: CPUShares= is a setting of systemd that tend does not carry out yet" },
                { "What=x", "does not carry out yet" },
                { "StandardOutput=journal", "there is no journal in a container" },
                { "StandardInput=tty-force", "carried out as tty" },
                { "ExecStop=sed s/\\./x/", "an escape that does not exist" },
                { "WantedBy=b.service", "only targets are wanted by" },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                autofree char *text = text_format("[a]\nExecStart=x\n%s\n", rows[i].line);
                struct ini ini;

                ini_load(&ini, text, NULL, NULL);
                autofree char *words = ini_words(&ini);
                CHECK(ini.error == 0 && ini.diags.warnings == 1, "row %zu: %s", i, words);
                CHECK(words && text_starts(words, "tend.ini:3: warning: "), "row %zu: %s", i,
                      words ? words : "nothing");
                CHECK(words && strstr(words, rows[i].words), "row %zu: %s", i, words);
                ini_done(&ini);
        }
}

TEST(value_exit_status_names) {
        static const struct {
                const char *name;
                int code;
        } rows[] = {
                { "SUCCESS", 0 },      { "EXIT_FAILURE", 1 }, { "TEMPFAIL", 75 },
                { "EX_TEMPFAIL", 75 }, { "EXEC", 203 },       { "BPF", 245 },
                { "bpf", -EINVAL },    { "", -EINVAL },       { "EXIT_", -EINVAL },
        };

        for (size_t i = 0; i < countof(rows); i++)
                CHECK(value_exit_status(rows[i].name) == rows[i].code, "row %zu", i);
}
