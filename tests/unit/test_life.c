/* Whole lives of a service: starts, stops, restarts. */
#include "tests/unit/life.h"

static struct command lines[3] = { { .next = &lines[1] }, { .next = &lines[2] }, { .n = 0 } };
static struct command line;

/* clang-format off */
static const struct life_row rows[] = {
        /* A plain service. */
        { {}, "start", "dead start running", 0 },
        { {}, "start exit:0 gone", "dead start running stop-sigterm dead", 0 },
        { {}, "start exit:3 gone", "dead start running stop-sigterm failed(exit-code)", 0 },
        { {}, "start kill:15 gone", "dead start running stop-sigterm dead", 0 },
        { {}, "start dump:11 gone", "dead start running stop-sigterm failed(core-dump)", 0 },
        { {}, "start exit:3 gone start",
          "dead start running stop-sigterm failed(exit-code) start running", 0 },
        { {}, "start start reload ready", "dead start running", 0 },
        { {}, "broken", "dead failed(dependency)", 0 },

        /* Several ExecStart= lines, one after the other. */
        { { ONESHOT, START(lines) }, "start exit:0 exit:0 exit:0 gone",
          "dead start start start stop-sigterm dead", 0 },
        { { ONESHOT, START(lines) }, "start exit:0 exit:2 gone",
          "dead start start stop-sigterm failed(exit-code)", 0 },
        { { ONESHOT, START(lines), STAYS }, "start exit:0 exit:0 exit:0",
          "dead start start start exited", 0 },
        { { ONESHOT, START(lines), STAYS }, "start exit:0 nospawn exit:0 gone",
          "dead start start start stop-sigterm auto-restart(100)", 0 },
        { { ONESHOT, STAYS }, "start exit:0 stop gone", "dead start exited stop-sigterm dead", 0 },
        { { ONESHOT, STAYS }, "start kill:15 gone", "dead start stop-sigterm failed(signal)", 0 },
        { { ONESHOT, STAYS, STOP(&line) }, "start exit:0 stop done gone",
          "dead start exited stop stop-sigterm dead", 0 },
        { { ONESHOT, STOP(&line) }, "start exit:0 done gone", "dead start stop stop-sigterm dead", 0 },
        { { ONESHOT, POST(&line) }, "start exit:0 done gone", "dead start start-post stop-sigterm dead", 0 },
        { { ONESHOT, POST(&line), STAYS }, "start exit:0 done", "dead start start-post exited", 0 },
        { { ONESHOT, ON_FAILURE }, "start exit:1 gone ring exit:0 gone",
          "dead start stop-sigterm auto-restart(100) start stop-sigterm dead", 0 },
        { { ONESHOT }, "start ring exit:0 gone", "dead start stop-sigterm failed(timeout)", 0 },
        { { STAYS }, "start exit:0", "dead start running exited", 0 },
        { { STAYS }, "start exit:1 gone", "dead start running stop-sigterm failed(exit-code)", 0 },

        /* Type=notify. */
        { { NOTIFY }, "start +5000 ready", "dead start running", 0 },
        { { NOTIFY }, "start ring kill:15 gone", "dead start stop-sigterm failed(timeout)", 0 },
        { { NOTIFY }, "start ring ring kill:9 gone",
          "dead start stop-sigterm stop-sigkill failed(timeout)", 1 },
        { { NOTIFY }, "start exit:0 gone", "dead start stop-sigterm failed(protocol)", 0 },
        { { NOTIFY }, "start exit:4 gone", "dead start stop-sigterm failed(exit-code)", 0 },
        { { NOTIFY, ON_FAILURE }, "start ring kill:15 gone ring ready",
          "dead start stop-sigterm auto-restart(100) start running", 0 },
        { { NOTIFY }, "start stop kill:15 gone", "dead start stop-sigterm dead", 0 },
        { { NOTIFY, STOP(&line) }, "start stop ready kill:15 gone", "dead start stop-sigterm dead", 0 },

        /* Conditions, assertions and ExecCondition=. */
        { {}, "unmet", "dead dead", 0 },
        { {}, "denied", "dead failed(assert)", 0 },
        { {}, "start exit:3 gone unmet", "dead start running stop-sigterm failed(exit-code) dead", 0 },
        { { ON_FAILURE }, "start exit:3 gone unmet",
          "dead start running stop-sigterm auto-restart(100) dead", 0 },
        { { ON_FAILURE }, "start exit:3 gone denied",
          "dead start running stop-sigterm auto-restart(100) failed(assert)", 0 },
        { {}, "start unmet denied", "dead start running", 0 },
        { { CONDITION(&line) }, "start done", "dead condition start running", 0 },
        { { CONDITION(&line), PRE(&line) }, "start done done", "dead condition start-pre start running", 0 },
        { { CONDITION(&line) }, "start fail:1 gone", "dead condition stop-sigterm dead(exec-condition)", 0 },
        { { CONDITION(&line), ALWAYS }, "start fail:254 gone",
          "dead condition stop-sigterm dead(exec-condition)", 0 },
        { { CONDITION(&line) }, "start fail:255 gone", "dead condition stop-sigterm failed(exit-code)", 0 },
        { { CONDITION(&line), STOP_POST(&line) }, "start fail:1 gone done gone",
          "dead condition stop-sigterm stop-post final-sigterm dead(exec-condition)", 0 },
        { { CONDITION(&line), ON_FAILURE }, "start done exit:1 gone ring fail:1 gone start done",
          "dead condition start running stop-sigterm auto-restart(100) condition stop-sigterm "
          "dead(exec-condition) condition start running", 0 },
        { { CONDITION(&line) }, "start ring fail:1 gone", "dead condition stop-sigterm failed(timeout)", 0 },
        { { CONDITION(&line) }, "nospawn start gone", "dead condition stop-sigterm auto-restart(100)", 0 },

        /* ExecStartPre= and ExecStartPost=. */
        { { PRE(&line) }, "start done", "dead start-pre start running", 0 },
        { { PRE(&line) }, "start fail:1 gone", "dead start-pre stop-sigterm failed(exit-code)", 0 },
        { { PRE(&line) }, "nospawn start gone", "dead start-pre stop-sigterm auto-restart(100)", 0 },
        { { PRE(&line) }, "start ring fail:1 gone", "dead start-pre stop-sigterm failed(timeout)", 0 },
        { { PRE(&line) }, "start stop fail:1 gone", "dead start-pre stop-sigterm dead", 0 },
        { { PRE(&line), STOP(&line), STOP_POST(&line) }, "start fail:1 gone done gone",
          "dead start-pre stop-sigterm stop-post final-sigterm failed(exit-code)", 0 },
        { { PRE(&line), ON_FAILURE }, "start fail:1 gone ring done",
          "dead start-pre stop-sigterm auto-restart(100) start-pre start running", 0 },
        { { POST(&line) }, "start done", "dead start start-post running", 0 },
        { { POST(&line) }, "start exit:5 done gone",
          "dead start start-post stop-sigterm failed(exit-code)", 0 },
        { { POST(&line) }, "start exit:5 stop done gone",
          "dead start start-post stop-sigterm failed(exit-code)", 0 },
        { { POST(&line) }, "start exit:0 done gone", "dead start start-post stop-sigterm dead", 0 },
        { { POST(&line), STAYS }, "start exit:0 done", "dead start start-post exited", 0 },
        { { POST(&line), STOP(&line) }, "start exit:0 done done gone",
          "dead start start-post stop stop-sigterm dead", 0 },
        { { POST(&line), STOP(&line) }, "start fail:1 kill:15 gone",
          "dead start start-post stop-sigterm failed(exit-code)", 0 },
        { { POST(&line) }, "start ring kill:15 fail:1 gone",
          "dead start start-post stop-sigterm failed(timeout)", 0 },
        { { POST(&line) }, "start nospawn exit:1 done gone",
          "dead start start-post stop-sigterm failed(exit-code)", 0 },

        /* Reloading. */
        { { RELOAD(&line) }, "start reload done reload fail:1",
          "dead start running reload running reload (reload failed) running", 0 },
        { { RELOAD(&line) }, "start reload ring", "dead start running reload (reload failed) running", 0 },
        { { RELOAD(&line) }, "start nospawn reload", "dead start running reload (reload failed) running", 0 },
        { { RELOAD(&line) }, "start reload exit:1 fail:1 gone",
          "dead start running reload stop-sigterm failed(exit-code)", 0 },
        { { RELOAD(&line), STAYS }, "start reload exit:0", "dead start running reload exited", 0 },
        { { RELOAD(&line), STOP(&line) }, "start reload stop done kill:15 gone",
          "dead start running reload stop stop-sigterm dead", 0 },

        /* Stopping. */
        { {}, "start stop kill:15 gone", "dead start running stop-sigterm dead", 0 },
        { {}, "start stop exit:143 gone", "dead start running stop-sigterm dead", 0 },
        { {}, "start stop exit:1 gone", "dead start running stop-sigterm failed(exit-code)", 0 },
        { {}, "start stop stop kill:15 gone stop", "dead start running stop-sigterm dead", 0 },
        { {}, "start stop ring kill:9 gone",
          "dead start running stop-sigterm stop-sigkill failed(timeout)", 1 },
        { {}, "start stop kill:15 ring gone",
          "dead start running stop-sigterm stop-sigkill failed(timeout)", 1 },
        { {}, "start stop ring ring", "dead start running stop-sigterm stop-sigkill failed(timeout)", 1 },
        { { ALWAYS }, "start stop kill:15 gone", "dead start running stop-sigterm dead", 0 },
        { { STOP(&line) }, "start stop done kill:15 gone", "dead start running stop stop-sigterm dead", 0 },
        { { STOP(&line) }, "start stop kill:15 done gone", "dead start running stop stop-sigterm dead", 0 },
        { { STOP(&line) }, "start stop fail:1 kill:15 gone",
          "dead start running stop stop-sigterm failed(exit-code)", 0 },
        { { STOP(&line) }, "start nospawn stop kill:15 gone",
          "dead start running stop stop-sigterm dead", 0 },
        { { STOP(&line) }, "start stop ring fail:1 kill:15 gone",
          "dead start running stop stop-sigterm failed(timeout)", 0 },
        { { STOP(&line) }, "start stop ring ring fail:1 kill:9 gone",
          "dead start running stop stop-sigterm stop-sigkill failed(timeout)", 1 },
        { { STOP(&line) }, "start exit:0 done gone", "dead start running stop stop-sigterm dead", 0 },
        { { STOP(&line) }, "start exit:1 gone", "dead start running stop-sigterm failed(exit-code)", 0 },
        { { STOP_POST(&line) }, "start stop kill:15 gone done gone",
          "dead start running stop-sigterm stop-post final-sigterm dead", 0 },
        { { STOP_POST(&line) }, "start exit:7 gone fail:1 gone",
          "dead start running stop-sigterm stop-post final-sigterm failed(exit-code)", 0 },
        { { STOP_POST(&line) }, "start stop kill:15 gone nospawn ring fail:1 gone",
          "dead start running stop-sigterm stop-post final-sigterm failed(timeout)", 0 },
        { { STOP_POST(&line) }, "start stop kill:15 gone ring ring fail:1 gone",
          "dead start running stop-sigterm stop-post final-sigterm final-sigkill failed(timeout)", 1 },
        { { STOP_POST(&line), ALWAYS }, "start exit:0 gone done gone ring",
          "dead start running stop-sigterm stop-post final-sigterm auto-restart(100) start running", 0 },

        /* RuntimeMaxSec=. */
        { { .runtime_max = 60 * SEC }, "start +59999 ring kill:15 gone",
          "dead start running stop-sigterm failed(timeout)", 0 },
        { { .runtime_max = 60 * SEC, STOP(&line) }, "start ring done kill:15 gone",
          "dead start running stop stop-sigterm failed(timeout)", 0 },
        { { .runtime_max = 60 * SEC, ON_FAILURE }, "start ring kill:15 gone ring",
          "dead start running stop-sigterm auto-restart(100) start running", 0 },

        /* Coming back. */
        { { ALWAYS }, "start exit:0 gone ring",
          "dead start running stop-sigterm auto-restart(100) start running", 0 },
        { { ON_FAILURE }, "start exit:0 gone", "dead start running stop-sigterm dead", 0 },
        { { ON_FAILURE }, "start kill:9 gone ring",
          "dead start running stop-sigterm auto-restart(100) start running", 0 },
        { { ON_FAILURE }, "start kill:9 gone +50 start",
          "dead start running stop-sigterm auto-restart(100) start running", 0 },
        { { ON_FAILURE }, "start kill:9 gone +50 stop",
          "dead start running stop-sigterm auto-restart(100) dead(signal)", 0 },
        { { ON_FAILURE }, "start kill:9 stop gone", "dead start running stop-sigterm failed(signal)", 0 },
        { { ON_FAILURE }, "start kill:9 gone hurry",
          "dead start running stop-sigterm auto-restart(100) dead(signal)", 0 },
        { { ON_FAILURE }, "start kill:9 gone ring exit:0 gone",
          "dead start running stop-sigterm auto-restart(100) start running stop-sigterm dead", 0 },
        /* What it left behind is ended before it starts again. */
        { { ON_FAILURE }, "start exit:1 +3000 ring gone ring",
          "dead start running stop-sigterm stop-sigkill auto-restart(100) start running", 1 },
        /* Whatever Restart= says, when no process can be made. */
        { {}, "nospawn start gone nospawn ring gone ring",
          "dead start stop-sigterm auto-restart(100) start stop-sigterm auto-restart(200) start running", 0 },

        /* Without time. */
        { {}, "start hurry kill:9 gone", "dead start running stop-sigkill failed(timeout)", 1 },
        { {}, "start stop hurry hurry kill:9 gone",
          "dead start running stop-sigterm stop-sigkill failed(timeout)", 1 },
        { { PRE(&line) }, "start hurry fail:1 gone", "dead start-pre stop-sigkill failed(timeout)", 1 },
        { { STOP(&line) }, "start stop hurry kill:9 fail:1 gone",
          "dead start running stop stop-sigkill failed(timeout)", 1 },
        { { ONESHOT, STAYS }, "start exit:0 hurry gone",
          "dead start exited stop-sigkill failed(timeout)", 1 },
        { { STOP_POST(&line) }, "start stop kill:15 gone hurry fail:1 gone",
          "dead start running stop-sigterm stop-post final-sigkill failed(timeout)", 1 },
        { { STOP_POST(&line) }, "start stop kill:15 gone done hurry gone",
          "dead start running stop-sigterm stop-post final-sigterm final-sigkill failed(timeout)", 1 },
        { {}, "hurry stop start", "dead start running", 0 },
};
/* clang-format on */

/* RuntimeDirectory= goes with the service, whichever way it comes to rest. */
TEST(life_removes_its_directories) {
        static const struct {
                struct unit unit;
                const char *script;
                unsigned removals;
        } ends[] = {
                { {}, "start", 0 },
                { {}, "start exit:0 gone", 1 },
                { {}, "start exit:3 gone", 1 },
                { {}, "start stop kill:15 gone", 1 },
                { { ON_FAILURE }, "start exit:3 gone", 1 },
                { { ON_FAILURE }, "start exit:3 gone stop", 2 },
                { { ON_FAILURE }, "start exit:3 gone ring exit:0 gone", 2 },
                { { CONDITION(&line) }, "start fail:1 gone", 1 },
        };

        for (size_t i = 0; i < countof(ends); i++) {
                struct life l;

                life_init(&l, &ends[i].unit, i);
                life_play(&l, ends[i].script);
                CHECK(l.removals == ends[i].removals, "row %zu: %u behind %s", i, l.removals, l.trail);
        }
}

TEST(life_in_words) {
        life_check_rows(rows, countof(rows));
}

/* SendSIGKILL=no: what does not end is given up on. */
TEST(life_without_sigkill) {
        static const struct {
                struct unit unit;
                const char *script, *trail;
        } soft[] = {
                { {}, "start stop ring", "dead start running stop-sigterm failed(timeout)" },
                { { ALWAYS }, "start stop kill:15 gone", "dead start running stop-sigterm dead" },
                { { STOP_POST(&line) },
                  "start stop ring done ring",
                  "dead start running stop-sigterm stop-post final-sigterm failed(timeout)" },
        };
        struct life life, *l = &life;

        for (size_t i = 0; i < countof(soft); i++) {
                life_init(l, &soft[i].unit, i);
                l->unit.send_sigkill = false;
                life_play(l, soft[i].script);
                CHECK_STRING(l->trail, soft[i].trail, "row %zu: %s", i, soft[i].script);
                CHECK(l->kills == 0, "row %zu", i);
        }
}

static const struct unit looping = {
        .restart = RESTART_ON_FAILURE,
        .restart_delay = 100 * MSEC,
        .restart_max_delay = 10 * SEC,
        .restart_steps = 2,
        .start_limit_interval = 300 * SEC,
        .start_limit_burst = 5,
};

/* The delay grows, and then the limit is hit. */
TEST(life_of_a_crash_loop) {
        struct life life, *l = &life;

        life_init(l, &looping, 0);
        life_play(l, "start");
        for (int i = 0; i < 4; i++)
                life_play(l, "exit:1 gone ring");
        life_play(l, "exit:1 gone");
        CHECK_STRING(l->trail,
                     "dead start running stop-sigterm auto-restart(100) start running stop-sigterm "
                     "auto-restart(1000) start running stop-sigterm auto-restart(10000) start running "
                     "stop-sigterm auto-restart(10000) start running stop-sigterm failed(exit-code)");
        CHECK(l->restarts.count == 4, "%u", l->restarts.count);
        CHECK(!life_decide(l).restart && life_decide(l).why_not == RESULT_START_LIMIT);
        /* By hand it starts at any time, and is given up on again. */
        life_play(l, "start exit:1 gone");
        CHECK(l->state == STATE_FAILED, "%s", l->trail);
        /* The window slides on. */
        l->now += 300 * SEC;
        life_play(l, "start exit:1 gone");
        CHECK(l->state == STATE_AUTO_RESTART, "%s", l->trail);
}

TEST(life_of_a_stable_run_starts_anew) {
        struct life life, *l = &life;

        life_init(l, &looping, 0);
        life_play(l, "start exit:1 gone ring exit:1 gone ring +9999 exit:1 gone ring "
                     "+10000 exit:1 gone ring exit:1 gone");
        CHECK_STRING(l->trail,
                     "dead start running stop-sigterm auto-restart(100) start running stop-sigterm "
                     "auto-restart(1000) start running stop-sigterm auto-restart(10000) start running "
                     "stop-sigterm auto-restart(100) start running stop-sigterm failed(exit-code)");
        CHECK(l->restarts.count == 1, "%u", l->restarts.count);
}

/* Ten days of a service that fails once an hour: never given up on, never slower. */
TEST(life_of_a_rare_failure) {
        struct life life, *l = &life;

        life_init(l, &looping, 0);
        life_play(l, "start");
        for (int hour = 0; hour < 240; hour++) {
                life_play(l, "+3600000 exit:1 gone");
                CHECK(l->state == STATE_AUTO_RESTART && l->alarm == l->now + 100 * MSEC, "hour %d", hour);
                CHECK(l->restarts.count == 1, "hour %d", hour);
                life_play(l, "ring");
                l->length = 0; /* the trail would be long */
        }
        CHECK(l->state == STATE_RUNNING);
}
