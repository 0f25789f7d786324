#include <errno.h>
#include <signal.h>

#include "init/signals.h"
#include "tests/unit/test.h"

TEST(signals_forwarded) {
        const struct {
                int signal;
                bool forwarded;
        } rows[] = {
                { SIGTERM, true },  { SIGHUP, true },   { SIGPIPE, true },       { SIGTSTP, true },
                { SIGTTIN, true },  { SIGWINCH, true }, { SIGCONT, true },       { SIGURG, true },
                { SIGRTMIN, true }, { SIGCHLD, false }, { SIGKILL, false },      { SIGSTOP, false },
                { SIGSEGV, false }, { SIGBUS, false },  { SIGFPE, false },       { SIGILL, false },
                { SIGTRAP, false }, { SIGABRT, false }, { SIGSYS, false },       { 0, false },
                { -1, false },      { SIGRTMAX, true }, { SIGRTMAX + 1, false },
        };

        for (size_t i = 0; i < countof(rows); i++)
                CHECK(signal_is_forwarded(rows[i].signal) == rows[i].forwarded, "signal %d", rows[i].signal);
}

TEST(signals_map_begins_as_it_is) {
        struct signal_map m;

        signal_map_init(&m);
        for (int n = 0; n <= SIGRTMAX; n++)
                CHECK(m.to[n] == n, "signal %d", n);
}

TEST(signals_map_parses) {
        const struct {
                const char *text;
                int error;
                int from, to;
        } rows[] = {
                { "TERM:QUIT", 0, SIGTERM, SIGQUIT },
                { "SIGTERM:SIGQUIT", 0, SIGTERM, SIGQUIT },
                { "15:3", 0, SIGTERM, SIGQUIT },
                { "HUP:0", 0, SIGHUP, 0 },
                { "RTMIN+3:TERM", 0, SIGRTMIN + 3, SIGTERM },
                { "USR1:KILL", 0, SIGUSR1, SIGKILL },
                { "TERM", -EINVAL, SIGTERM, SIGTERM },
                { "TERM:", -EINVAL, SIGTERM, SIGTERM },
                { ":TERM", -EINVAL, SIGTERM, SIGTERM },
                { "TERM::QUIT", -EINVAL, SIGTERM, SIGTERM },
                { "NOSUCH:TERM", -EINVAL, SIGTERM, SIGTERM },
                { "TERM:NOSUCH", -EINVAL, SIGTERM, SIGTERM },
                { "0:TERM", -EINVAL, SIGTERM, SIGTERM },
                { "CHLD:TERM", -EINVAL, SIGCHLD, SIGCHLD },
                { "KILL:TERM", -EINVAL, SIGKILL, SIGKILL },
                { "", -EINVAL, SIGTERM, SIGTERM },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                struct signal_map m;

                signal_map_init(&m);
                CHECK(signal_map_parse(&m, rows[i].text) == rows[i].error, "%s", rows[i].text);
                CHECK(m.to[rows[i].from] == rows[i].to, "%s", rows[i].text);
        }
}

TEST(signals_map_keeps_what_was_parsed_before) {
        struct signal_map m;

        signal_map_init(&m);
        CHECK(signal_map_parse(&m, "TERM:QUIT") == 0);
        CHECK(signal_map_parse(&m, "HUP:0") == 0);
        CHECK(signal_map_parse(&m, "INT:NOSUCH") == -EINVAL);
        CHECK(m.to[SIGTERM] == SIGQUIT);
        CHECK(m.to[SIGHUP] == 0);
        CHECK(m.to[SIGINT] == SIGINT);
}
