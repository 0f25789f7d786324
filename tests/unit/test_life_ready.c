/* Whole lives of a service that daemonizes, has a watchdog or tells of itself. */
#include "tests/unit/life.h"

#include "config/setup.h"

static struct command line;
static struct setup aborts_start = { .timeout_start_mode = TIMEOUT_ABORT };
static struct setup kills_start = { .timeout_start_mode = TIMEOUT_KILL };
static struct setup aborts_stop = { .timeout_stop_mode = TIMEOUT_ABORT };
static struct setup kills_stop = { .timeout_stop_mode = TIMEOUT_KILL };

/* clang-format off */
static const struct life_row rows[] = {
        /* Type=forking: done is its own command, exit the main process. */
        { { FORKING }, "start found done exit:3 gone",
          "dead start running stop-sigterm failed(exit-code)", 0 },
        { { FORKING }, "start fail:3 gone", "dead start stop-sigterm failed(exit-code)", 0 },
        { { FORKING }, "start done gone gone", "dead start running stop-sigterm dead", 0 },
        { { FORKING, STAYS }, "start done gone", "dead start running exited", 0 },
        { { FORKING, STOP(&line) }, "start done gone done gone",
          "dead start running stop stop-sigterm dead", 0 },
        { { FORKING }, "pidfile start done +50 named kill:9 gone",
          "dead start running stop-sigterm failed(signal)", 0 },
        { { FORKING }, "pidfile start done ring gone", "dead start stop-sigterm failed(timeout)", 0 },
        { { FORKING, POST(&line) }, "start found done done stop kill:15 gone",
          "dead start start-post running stop-sigterm dead", 0 },
        { { FORKING, POST(&line) }, "start done done", "dead start start-post running", 0 },
        { { FORKING, ON_FAILURE }, "start fail:1 gone ring found done",
          "dead start stop-sigterm auto-restart(100) start running", 0 },
        { { FORKING }, "start stop fail:1 gone", "dead start stop-sigterm dead", 0 },

        /* The watchdog. */
        { { NOTIFY }, "start ready silent dump:6 gone",
          "dead start running (abort) stop-watchdog failed(watchdog)", 0 },
        { { .restart = RESTART_ON_WATCHDOG, NOTIFY }, "start silent kill:6 gone",
          "dead start (abort) stop-watchdog auto-restart(0)", 0 },
        { { .restart = RESTART_ON_WATCHDOG, NOTIFY }, "start ready exit:1 gone",
          "dead start running stop-sigterm failed(exit-code)", 0 },
        { { STOP(&line), STOP_POST(&line) }, "start silent ring kill:9 gone done gone",
          "dead start running (abort) stop-watchdog stop-sigkill stop-post final-sigterm "
          "failed(watchdog)", 1 },
        { {}, "start stop silent kill:15 gone", "dead start running stop-sigterm dead", 0 },
        { {}, "start silent stop hurry kill:9 gone",
          "dead start running (abort) stop-watchdog stop-sigkill failed(watchdog)", 1 },

        /* TimeoutStartFailureMode= */
        { { NOTIFY, .setup = &aborts_start }, "start ring dump:6 gone",
          "dead start (abort) stop-watchdog failed(timeout)", 0 },
        { { NOTIFY, .setup = &aborts_start }, "start ring ring kill:9 gone",
          "dead start (abort) stop-watchdog stop-sigkill failed(timeout)", 1 },
        { { PRE(&line), .setup = &aborts_start }, "start ring fail:6 gone",
          "dead start-pre (abort) stop-watchdog failed(timeout)", 0 },
        { { NOTIFY, .setup = &aborts_start }, "start ready stop ring kill:9 gone",
          "dead start running stop-sigterm stop-sigkill failed(timeout)", 1 },
        { { NOTIFY, ON_FAILURE, .setup = &kills_start }, "start ring kill:9 gone",
          "dead start stop-sigkill auto-restart(100)", 1 },
        { { POST(&line), .setup = &kills_start }, "start ring fail:9 kill:9 gone",
          "dead start start-post stop-sigkill failed(timeout)", 1 },
        { { .setup = &kills_start }, "start stop ring kill:9 gone",
          "dead start running stop-sigterm stop-sigkill failed(timeout)", 1 },

        /* TimeoutStopFailureMode= */
        { { NOTIFY, .setup = &aborts_stop }, "start ring exit:1 gone",
          "dead start stop-sigterm failed(timeout)", 0 },
        { { .setup = &aborts_stop }, "start stop ring dump:6 gone",
          "dead start running stop-sigterm (abort) stop-watchdog failed(timeout)", 0 },
        { { .setup = &aborts_stop }, "start stop ring ring kill:9 gone",
          "dead start running stop-sigterm (abort) stop-watchdog stop-sigkill failed(timeout)", 1 },
        { { STOP(&line), .setup = &aborts_stop }, "start stop ring fail:6 dump:6 gone",
          "dead start running stop (abort) stop-watchdog failed(timeout)", 0 },
        { { STOP_POST(&line), .setup = &aborts_stop }, "start exit:0 gone ring fail:6 gone",
          "dead start running stop-sigterm stop-post (abort) final-watchdog failed(timeout)", 0 },
        { { STOP_POST(&line), .setup = &aborts_stop }, "start exit:0 gone done ring ring gone",
          "dead start running stop-sigterm stop-post final-sigterm (abort) final-watchdog final-sigkill "
          "failed(timeout)", 1 },
        { { STOP_POST(&line), .setup = &aborts_stop }, "start exit:0 gone ring stop hurry fail:9 gone",
          "dead start running stop-sigterm stop-post (abort) final-watchdog final-sigkill "
          "failed(timeout)", 1 },
        { { STOP(&line), .setup = &kills_stop }, "start stop ring fail:9 kill:9 gone",
          "dead start running stop stop-sigkill failed(timeout)", 1 },
        { { STOP_POST(&line), .setup = &kills_stop }, "start exit:0 gone ring fail:9 gone",
          "dead start running stop-sigterm stop-post final-sigkill failed(timeout)", 1 },

        /* It says so itself. */
        { { NOTIFY }, "start ready reloading ready", "dead start running reload-notify running", 0 },
        { { NOTIFY }, "start ready reloading ring",
          "dead start running reload-notify (reload failed) running", 0 },
        { { NOTIFY }, "start reloading ready", "dead start running", 0 },
        { { NOTIFY }, "start ready reload", "dead start running", 0 },
        { { NOTIFY }, "start ready reloading silent dump:6 gone",
          "dead start running reload-notify (abort) stop-watchdog failed(watchdog)", 0 },
        { { NOTIFY }, "start ready stopping exit:0 gone",
          "dead start running stop-sigterm dead", 0 },
        { { NOTIFY }, "start ready stopping ring kill:9 gone",
          "dead start running stop-sigterm stop-sigkill failed(timeout)", 1 },
        { { RELOADS }, "start ready reload reloading ready",
          "dead start running (reload signal) reload-signal reload-notify running", 0 },
        { { RELOADS }, "start ready reload ready ring",
          "dead start running (reload signal) reload-signal (reload failed) running", 0 },
        { { RELOADS }, "start ready reload reloading exit:1 gone",
          "dead start running (reload signal) reload-signal reload-notify stop-sigterm "
          "failed(exit-code)", 0 },
        { { RELOADS, RELOAD(&line) }, "start ready reload done reload reloading done ready",
          "dead start running (reload signal) reload running (reload signal) reload reload-notify "
          "running", 0 },
};
/* clang-format on */

TEST(life_in_words_of_its_own) {
        life_check_rows(rows, countof(rows));
}
