/* Whole lives of services that are asked whether they are ready and how they fare; and what an abort may
 * take. */
#include "config/setup.h"
#include "tests/unit/life.h"

static struct command line;
static struct probe_spec probe;

static struct readiness asked = { .watchdog = USEC_INFINITY,

                                  .ready_when = &probe };
static struct readiness cured = {
        .watchdog = USEC_INFINITY,
        .health_check = &probe,
        .health_action = HEALTH_ACTION_RESTART,
};
static struct readiness fails = {
        .watchdog = USEC_INFINITY,
        .health_check = &probe,
        .health_action = HEALTH_ACTION_FAIL,
};
static struct status_set clean_term = { .codes = { 1ULL << 3 } };
static struct setup prevents_term = { .exits.restart_prevent = &clean_term };

#define ASKED .readiness = &asked
#define CURED .readiness = &cured
#define FAILS .readiness = &fails
#define LIMIT .start_limit_burst = 2, .start_limit_interval = 3600 * SEC

/* clang-format off */
static const struct life_row rows[] = {
        /* ReadyWhen= comes behind what Type= asks. */
        { { ASKED }, "start answers stop kill:15 gone", "dead start (asks) running stop-sigterm dead", 0 },
        { { ASKED, POST(&line) }, "start answers done", "dead start (asks) start-post running", 0 },
        { { ASKED, NOTIFY }, "start ready answers", "dead start (asks) running", 0 },
        { { ASKED, NOTIFY }, "start ready ready answers", "dead start (asks) (asks) running", 0 },
        { { ASKED, FORKING }, "start found done answers", "dead start (asks) running", 0 },
        { { ASKED, FORKING }, "start done answers gone gone",
          "dead start (asks) running stop-sigterm dead", 0 },
        { { ASKED, FORKING }, "pidfile start done named answers", "dead start (asks) running", 0 },
        { { ASKED }, "start exit:0 gone", "dead start (asks) stop-sigterm failed(protocol)", 0 },
        { { ASKED, STAYS }, "start exit:0 gone", "dead start (asks) stop-sigterm failed(protocol)", 0 },
        { { ASKED }, "start exit:3 gone", "dead start (asks) stop-sigterm failed(exit-code)", 0 },
        { { ASKED }, "start ring kill:15 gone", "dead start (asks) stop-sigterm failed(timeout)", 0 },
        { { ASKED }, "start stop kill:15 gone", "dead start (asks) stop-sigterm dead", 0 },
        { { ASKED, ON_FAILURE }, "start exit:1 gone ring answers",
          "dead start (asks) stop-sigterm auto-restart(100) start (asks) running", 0 },
        { { ASKED, RELOADS }, "start ready answers reload reloading ready",
          "dead start (asks) running (reload signal) reload-signal reload-notify running", 0 },

        /* HealthAction=restart restarts whatever Restart= and its kin say, fail leaves it to them. */
        { { CURED }, "start unhealthy kill:15 gone ring",
          "dead start running stop-sigterm auto-restart(0) start running", 0 },
        { { CURED, .setup = &prevents_term }, "start unhealthy exit:3 gone ring",
          "dead start running stop-sigterm auto-restart(0) start running", 0 },
        { { CURED }, "start unhealthy exit:0 gone ring exit:0 gone",
          "dead start running stop-sigterm auto-restart(0) start running stop-sigterm dead", 0 },
        { { CURED }, "start unhealthy ring kill:9 gone",
          "dead start running stop-sigterm stop-sigkill auto-restart(0)", 1 },
        { { CURED, STOP(&line) }, "start unhealthy done kill:15 gone",
          "dead start running stop stop-sigterm auto-restart(0)", 0 },
        { { CURED, STOP(&line), RELOAD(&line) }, "start reload unhealthy done kill:15 gone",
          "dead start running reload stop stop-sigterm auto-restart(0)", 0 },
        { { CURED }, "start stop unhealthy kill:15 gone", "dead start running stop-sigterm dead", 0 },
        { { CURED, LIMIT }, "start unhealthy kill:15 gone ring unhealthy kill:15 gone",
          "dead start running stop-sigterm auto-restart(0) start running stop-sigterm failed(health)", 0 },
        { { FAILS }, "start unhealthy kill:15 gone", "dead start running stop-sigterm failed(health)", 0 },
        { { FAILS, ON_FAILURE }, "start unhealthy kill:15 gone",
          "dead start running stop-sigterm auto-restart(100)", 0 },
        { { FAILS, .restart = RESTART_ON_WATCHDOG }, "start unhealthy kill:15 gone",
          "dead start running stop-sigterm auto-restart(0)", 0 },
        { { FAILS, .restart = RESTART_ON_ABORT }, "start unhealthy kill:15 gone",
          "dead start running stop-sigterm failed(health)", 0 },
};
/* clang-format on */

TEST(life_of_who_is_asked) {
        life_check_rows(rows, countof(rows));
}
