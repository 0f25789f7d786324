/* Whole lives of a service, played through the table of rules and the policy in virtual time: what happens is
 * a script, what comes of it a trail of states. */
#include <inttypes.h>
#include <signal.h>
#include <sys/wait.h>

#include "supervisor/policy.h"
#include "supervisor/state.h"
#include "tests/unit/test.h"

#define SEC        USEC_PER_SEC
#define MSEC       USEC_PER_MSEC
#define TRAIL_SIZE 2048
#define BURST_MOST 16

/* What service.c and those beside it do, without a process. */
struct life {
        struct unit unit;
        struct restarts restarts;
        usec_t ring[BURST_MOST];
        const struct command *line; /* of ExecStart= */
        struct ending main, control;
        enum state state;
        enum result result;
        enum event posted; /* EVENT_COUNT: none */
        usec_t now, alarm; /* USEC_INFINITY: none */
        bool main_alive, control_alive, asked, waits;
        bool next_fails;   /* the next process cannot be made */
        unsigned removals; /* how often the runtime directories were */
        unsigned kills;    /* how often SIGKILL was sent */
        char trail[TRAIL_SIZE];
        size_t length;
        size_t row;
};

static struct command lines[3] = { { .next = &lines[1] }, { .next = &lines[2] }, { .n = 0 } };
static struct command line;

static void note(struct life *l, const char *word) {
        int n = snprintf(l->trail + l->length, TRAIL_SIZE - l->length, "%s%s", l->length > 0 ? " " : "",
                         word);

        l->length = MIN(l->length + (size_t) n, (size_t) TRAIL_SIZE - 1);
}

/* At rest with what it came to, waiting with how long. */
static void note_state(struct life *l) {
        char word[64];

        if (l->state == STATE_AUTO_RESTART)
                (void) snprintf(word, sizeof(word), "auto-restart(%" PRIu64 ")", (l->alarm - l->now) / MSEC);
        else if (STATE_IN(l->state, STATES_AT_REST) && l->result != RESULT_SUCCESS)
                (void) snprintf(word, sizeof(word), "%s(%s)", state_word(l->state), result_word(l->result));
        else
                (void) snprintf(word, sizeof(word), "%s", state_word(l->state));
        note(l, word);
}

static void blame(struct life *l, enum result result) {
        if (l->result == RESULT_SUCCESS)
                l->result = result;
}

static struct verdict decide(const struct life *l) {
        return policy_decide(&l->unit, &l->restarts, l->result, l->main, l->now);
}

static void begin(struct life *l) {
        l->result = RESULT_SUCCESS;
        l->main = l->control = (struct ending){};
        l->asked = false;
        if (policy_wants_room(&l->restarts.window))
                policy_take_room(&l->restarts.window, l->ring);
        policy_count_start(&l->restarts, l->now);
}

static bool make_process(struct life *l) {
        bool made = !l->next_fails;

        l->next_fails = false;
        if (!made)
                l->posted = EVENT_SPAWN_FAILED;
        return made;
}

static void run_main(struct life *l, const struct command *c) {
        l->line = c;
        l->main = (struct ending){};
        l->main_alive = make_process(l);
        if (l->main_alive && (l->unit.type == SERVICE_SIMPLE || l->unit.type == SERVICE_EXEC))
                l->posted = EVENT_UP;
}

static void run_control(struct life *l) {
        CHECK(!l->control_alive, "row %zu", l->row);
        l->control = (struct ending){};
        l->control_alive = make_process(l);
}

static void arm_delay(struct life *l) {
        struct verdict v = decide(l);

        l->restarts.step = v.step;
        l->restarts.count = v.count;
        l->alarm = v.at;
}

/* clang-format off */
static void carry_out(struct life *l, enum effect effect) {
        switch (effect) {
        case DO_BLAME_TIMEOUT:    blame(l, RESULT_TIMEOUT); break;
        case DO_BLAME_PROTOCOL:   blame(l, RESULT_PROTOCOL); break;
        case DO_BLAME_MAIN:       blame(l, ending_result(&l->unit, l->main, l->asked)); break;
        case DO_BLAME_CONTROL:    blame(l, ending_result(&l->unit, l->control, false)); break;
        case DO_BLAME_RESOURCES:  blame(l, RESULT_RESOURCES); break;
        case DO_BLAME_DEPENDENCY: blame(l, RESULT_DEPENDENCY); break;
        case DO_BLAME_CONDITION:  blame(l, RESULT_EXEC_CONDITION); break;
        case DO_BLAME_ASSERTION:  l->result = RESULT_ASSERTION; break;
        case DO_FORGIVE:          l->result = RESULT_SUCCESS; break;
        case DO_REMOVE:           l->removals++; break;
        case DO_BEGIN:            begin(l); break;
        case DO_DROP_CONTROL:     l->control_alive = false; break;
        case DO_DISARM:           l->alarm = USEC_INFINITY; break;
        case DO_ARM_START:        l->alarm = usec_add(l->now, l->unit.timeout_start); break;
        case DO_ARM_STOP:         l->alarm = usec_add(l->now, l->unit.timeout_stop); break;
        case DO_ARM_RUNTIME:      l->alarm = usec_add(l->now, l->unit.runtime_max); break;
        case DO_ARM_DELAY:        arm_delay(l); break;
        case DO_RUN_MAIN:         run_main(l, l->unit.exec[EXEC_START]); break;
        case DO_RUN_NEXT:         run_main(l, l->line->next); break;
        case DO_RUN_CONDITION:
        case DO_RUN_PRE:
        case DO_RUN_POST:
        case DO_RUN_RELOAD:
        case DO_RUN_STOP:
        case DO_RUN_STOP_POST:    run_control(l); break;
        case DO_TERM:             l->waits = true; break;
        case DO_KILL:             l->waits = true; l->kills++; break;
        case DO_GO_UP:            l->restarts.up_since = l->now; break;
        case DO_WARN_RELOAD:      note(l, "(reload failed)"); break;
        }
}
/* clang-format on */

static void take_step(struct life *l, enum event e) {
        l->asked |= e == EVENT_STOP_ASKED || e == EVENT_HURRY;
        const struct facts f = {
                .unit = &l->unit,
                .main_alive = l->main_alive,
                .main_clean = ending_result(&l->unit, l->main, l->asked) == RESULT_SUCCESS,
                .more_to_run = l->line && l->line->next,
                .failed = result_is_failure(l->result),
                .will_restart = !l->asked && decide(l).restart,
        };
        const struct rule *r = state_next(l->state, e, &f);
        if (r->to != STATE_SAME && r->to != l->state) {
                l->state = r->to;
                l->waits = false;
        }
        for (unsigned i = 0; i < EFFECT_COUNT; i++)
                if (r->effects >> i & 1U)
                        carry_out(l, (enum effect)(1U << i));
        if (r->to != STATE_SAME)
                note_state(l);
}

static void dispatch(struct life *l, enum event e) {
        while (e != EVENT_COUNT) {
                l->posted = EVENT_COUNT;
                take_step(l, e);
                e = l->posted;
        }
}

static void end_main(struct life *l, struct ending e) {
        if (!CHECK(l->main_alive, "row %zu: no main process behind %s", l->row, l->trail))
                return;
        l->main_alive = false;
        l->main = e;
        dispatch(l, EVENT_MAIN_ENDED);
}

static void end_control(struct life *l, int status) {
        if (!CHECK(l->control_alive, "row %zu: no command behind %s", l->row, l->trail))
                return;
        l->control_alive = false;
        l->control = (struct ending){ CLD_EXITED, status };
        bool skips = l->state == STATE_CONDITION && ending_skips(l->control);
        dispatch(l, skips ? EVENT_CONTROL_SKIPS : status == 0 ? EVENT_CONTROL_DONE : EVENT_CONTROL_FAILED);
}

static void all_gone(struct life *l) {
        CHECK(l->waits && !l->main_alive && !l->control_alive, "row %zu: not gone behind %s", l->row,
              l->trail);
        dispatch(l, EVENT_EMPTY);
}

/* Time goes on to the alarm. */
static void ring(struct life *l) {
        if (!CHECK(l->alarm != USEC_INFINITY, "row %zu: no alarm behind %s", l->row, l->trail))
                return;
        l->now = l->alarm;
        l->alarm = USEC_INFINITY;
        dispatch(l, EVENT_TIME_OUT);
}

/* The words of a script:  exit:N kill:N dump:N  the main process ends · done fail:N  the command does · gone
 * nobody is left · ring  the time is over · +N  N milliseconds pass before that · nospawn  the next process
 * cannot be made · and what is asked for. */
static void play_word(struct life *l, const char *word) {
        static const struct {
                const char *word;
                enum event event;
        } asked[] = {
                { "start", EVENT_START_ASKED },
                { "stop", EVENT_STOP_ASKED },
                { "reload", EVENT_RELOAD_ASKED },
                { "hurry", EVENT_HURRY },
                { "ready", EVENT_UP },
                { "broken", EVENT_DEPENDENCY_FAILED },
                { "unmet", EVENT_CONDITION_UNMET },
                { "denied", EVENT_ASSERTION_FAILED },
        };
        const char *colon = strchr(word, ':');
        int number = colon ? (int) strtol(colon + 1, NULL, 10) : 0;

        if (word[0] == '+') {
                l->now += (usec_t) strtoul(word + 1, NULL, 10) * MSEC;
                CHECK(l->now < l->alarm, "row %zu: slept through the alarm behind %s", l->row, l->trail);
        } else if (strncmp(word, "exit:", 5) == 0)
                end_main(l, (struct ending){ CLD_EXITED, number });
        else if (strncmp(word, "kill:", 5) == 0)
                end_main(l, (struct ending){ CLD_KILLED, number });
        else if (strncmp(word, "dump:", 5) == 0)
                end_main(l, (struct ending){ CLD_DUMPED, number });
        else if (strcmp(word, "done") == 0 || colon)
                end_control(l, number);
        else if (strcmp(word, "gone") == 0)
                all_gone(l);
        else if (strcmp(word, "ring") == 0)
                ring(l);
        else if (strcmp(word, "nospawn") == 0)
                l->next_fails = true;
        for (size_t i = 0; i < countof(asked); i++)
                if (strcmp(word, asked[i].word) == 0)
                        dispatch(l, asked[i].event);
}

static void play(struct life *l, const char *script) {
        char word[32];
        int n = 0;

        while (sscanf(script, " %31s%n", word, &n) == 1) {
                play_word(l, word);
                script += n;
        }
}

/* A service of that unit; what it leaves at 0 becomes what is usual. */
static void be_born(struct life *l, const struct unit *u, size_t row) {
        *l = (struct life){ .unit = *u, .posted = EVENT_COUNT, .now = 1, .alarm = USEC_INFINITY, .row = row };
        u = &l->unit;
        if (!u->exec[EXEC_START])
                l->unit.exec[EXEC_START] = &line;
        l->unit.send_sigkill = true;
        l->unit.kill_signal = u->kill_signal ? u->kill_signal : SIGTERM;
        l->unit.timeout_start = u->timeout_start ? u->timeout_start : 90 * SEC;
        l->unit.timeout_stop = u->timeout_stop ? u->timeout_stop : 10 * SEC;
        l->unit.runtime_max = u->runtime_max ? u->runtime_max : USEC_INFINITY;
        l->unit.restart_max_delay = u->restart_max_delay ? u->restart_max_delay : USEC_INFINITY;
        l->restarts.window.size = u->start_limit_burst;
        note_state(l);
}

#define CONDITION(c) .exec[EXEC_CONDITION] = (c)
#define PRE(c)       .exec[EXEC_START_PRE] = (c)
#define START(c)     .exec[EXEC_START] = (c)
#define POST(c)      .exec[EXEC_START_POST] = (c)
#define RELOAD(c)    .exec[EXEC_RELOAD] = (c)
#define STOP(c)      .exec[EXEC_STOP] = (c)
#define STOP_POST(c) .exec[EXEC_STOP_POST] = (c)
#define ONESHOT      .type = SERVICE_ONESHOT
#define NOTIFY       .type = SERVICE_NOTIFY
#define STAYS        .remain_after_exit = true
#define ALWAYS       .restart = RESTART_ALWAYS, .restart_delay = 100 * MSEC
#define ON_FAILURE   .restart = RESTART_ON_FAILURE, .restart_delay = 100 * MSEC

/* clang-format off */
static const struct {
        struct unit unit;
        const char *script;
        const char *trail;
        unsigned kills;
} rows[] = {
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

                be_born(&l, &ends[i].unit, i);
                play(&l, ends[i].script);
                CHECK(l.removals == ends[i].removals, "row %zu: %u behind %s", i, l.removals, l.trail);
        }
}

TEST(life_in_words) {
        struct life life, *l = &life;

        for (size_t i = 0; i < countof(rows); i++) {
                be_born(l, &rows[i].unit, i);
                play(l, rows[i].script);
                CHECK_STRING(l->trail, rows[i].trail, "row %zu: %s", i, rows[i].script);
                CHECK(l->kills == rows[i].kills, "row %zu: %u kills", i, l->kills);
        }
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
                be_born(l, &soft[i].unit, i);
                l->unit.send_sigkill = false;
                play(l, soft[i].script);
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

        be_born(l, &looping, 0);
        play(l, "start");
        for (int i = 0; i < 4; i++)
                play(l, "exit:1 gone ring");
        play(l, "exit:1 gone");
        CHECK_STRING(l->trail,
                     "dead start running stop-sigterm auto-restart(100) start running stop-sigterm "
                     "auto-restart(1000) start running stop-sigterm auto-restart(10000) start running "
                     "stop-sigterm auto-restart(10000) start running stop-sigterm failed(exit-code)");
        CHECK(l->restarts.count == 4, "%u", l->restarts.count);
        CHECK(!decide(l).restart && decide(l).why_not == RESULT_START_LIMIT);
        /* By hand it starts at any time, and is given up on again. */
        play(l, "start exit:1 gone");
        CHECK(l->state == STATE_FAILED, "%s", l->trail);
        /* The window slides on. */
        l->now += 300 * SEC;
        play(l, "start exit:1 gone");
        CHECK(l->state == STATE_AUTO_RESTART, "%s", l->trail);
}

TEST(life_of_a_stable_run_starts_anew) {
        struct life life, *l = &life;

        be_born(l, &looping, 0);
        play(l, "start exit:1 gone ring exit:1 gone ring +9999 exit:1 gone ring "
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

        be_born(l, &looping, 0);
        play(l, "start");
        for (int hour = 0; hour < 240; hour++) {
                play(l, "+3600000 exit:1 gone");
                CHECK(l->state == STATE_AUTO_RESTART && l->alarm == l->now + 100 * MSEC, "hour %d", hour);
                CHECK(l->restarts.count == 1, "hour %d", hour);
                play(l, "ring");
                l->length = 0; /* the trail would be long */
        }
        CHECK(l->state == STATE_RUNNING);
}
