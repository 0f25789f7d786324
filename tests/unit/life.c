#include <inttypes.h>
#include <signal.h>
#include <sys/wait.h>

#include "tests/unit/life.h"

static struct command some_command;

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

struct verdict life_decide(const struct life *l) {
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

static bool is_unknown(const struct life *l) {
        return l->unit.type == SERVICE_FORKING && !l->main_alive && l->main.code == 0;
}

static void run_control(struct life *l) {
        CHECK(!l->control_alive, "row %zu", l->row);
        l->control = (struct ending){};
        l->control_alive = make_process(l);
}

static void run_main(struct life *l, const struct command *c) {
        l->line = c;
        l->main = (struct ending){};
        l->asks = l->answered = false;
        if (l->unit.type == SERVICE_FORKING) {
                run_control(l);
                return;
        }
        l->main_alive = make_process(l);
        if (l->main_alive && (l->unit.type == SERVICE_SIMPLE || l->unit.type == SERVICE_EXEC))
                l->posted = EVENT_UP;
}

static void arm_delay(struct life *l) {
        struct verdict v = life_decide(l);

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
        case DO_BLAME_WATCHDOG:   blame(l, RESULT_WATCHDOG); break;
        case DO_BLAME_HEALTH:     blame(l, RESULT_HEALTH); break;
        case DO_BLAME_OOM:        blame(l, RESULT_OOM_KILL); break;
        case DO_BLAME_CONDITION:  blame(l, RESULT_EXEC_CONDITION); break;
        case DO_BLAME_ASSERTION:  l->result = RESULT_ASSERTION; break;
        case DO_BLAME_LIMIT:      l->result = RESULT_START_LIMIT; break;
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
        case DO_TERM:             l->waits = true; l->own = false; break;
        case DO_KILL:             l->waits = true; l->own = false; l->kills++; break;
        case DO_ABORT:            l->waits = true; l->own = false; note(l, "(abort)"); break;
        case DO_SIGNAL_RELOAD:    note(l, "(reload signal)"); break;
        case DO_AWAIT_MAIN:       l->sought = true; break;
        case DO_AWAIT_READY:      l->asks = true; note(l, "(asks)"); break;
        case DO_AWAIT_EMPTY:      l->waits |= STATE_IN(l->state, STATES_STOPPING) || is_unknown(l); break;
        case DO_GO_UP:            l->restarts.up_since = l->now; break;
        case DO_WARN_RELOAD:      note(l, "(reload failed)"); break;
        }
}
/* clang-format on */

static void take_step(struct life *l, enum event e) {
        l->asked |= e == EVENT_STOP_ASKED || e == EVENT_HURRY;
        l->says = (l->says || e == EVENT_RELOADING) && e != EVENT_UP && e != EVENT_STOPPING;
        l->own |= e == EVENT_STOPPING && l->state == STATE_RUNNING;
        const struct facts f = {
                .unit = &l->unit,
                .main_alive = l->main_alive,
                .main_clean = ending_result(&l->unit, l->main, l->asked) == RESULT_SUCCESS,
                .more_to_run = l->line && l->line->next,
                .failed = result_is_failure(l->result),
                .main_unknown = is_unknown(l),
                .main_awaited = is_unknown(l) && l->has_pid_file,
                .reloading = l->says,
                .stops_itself = l->own,
                .probe_awaited = unit_readiness(&l->unit)->ready_when && !l->answered,
                .will_restart = !l->asked && life_decide(l).restart,
        };
        const struct rule *r = state_next(l->state, e, &f);
        if (r->to != STATE_SAME && r->to != l->state) {
                l->state = r->to;
                l->waits = false;
        }
        for (unsigned i = 0; i < EFFECT_COUNT; i++)
                if (r->effects >> i & 1U)
                        carry_out(l, (enum effect)(1ULL << i));
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
        l->control = (struct ending){ CLD_EXITED, (uint8_t) status };
        l->main_alive |= status == 0 && l->next_found;
        l->next_found = false;
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

static void play_word(struct life *l, const char *word) {
        static const struct {
                const char *word;
                enum event event;
        } asked[] = {
                { "start", EVENT_START_ASKED },        { "stop", EVENT_STOP_ASKED },
                { "reload", EVENT_RELOAD_ASKED },      { "hurry", EVENT_HURRY },
                { "reset", EVENT_RESET_ASKED },        { "ready", EVENT_UP },
                { "broken", EVENT_DEPENDENCY_FAILED }, { "unmet", EVENT_CONDITION_UNMET },
                { "denied", EVENT_ASSERTION_FAILED },  { "reloading", EVENT_RELOADING },
                { "stopping", EVENT_STOPPING },        { "silent", EVENT_SILENT },
                { "unhealthy", EVENT_UNHEALTHY },      { "limited", EVENT_LIMIT_HIT },
        };
        const char *colon = strchr(word, ':');
        int number = colon ? (int) strtol(colon + 1, NULL, 10) : 0;

        if (word[0] == '+') {
                l->now += (usec_t) strtoul(word + 1, NULL, 10) * MSEC;
                CHECK(l->now < l->alarm, "row %zu: slept through the alarm behind %s", l->row, l->trail);
        } else if (strncmp(word, "exit:", 5) == 0)
                end_main(l, (struct ending){ CLD_EXITED, (uint8_t) number });
        else if (strncmp(word, "kill:", 5) == 0)
                end_main(l, (struct ending){ CLD_KILLED, (uint8_t) number });
        else if (strncmp(word, "dump:", 5) == 0)
                end_main(l, (struct ending){ CLD_DUMPED, (uint8_t) number });
        else if (strcmp(word, "done") == 0 || colon)
                end_control(l, number);
        else if (strcmp(word, "gone") == 0)
                all_gone(l);
        else if (strcmp(word, "ring") == 0)
                ring(l);
        else if (strcmp(word, "nospawn") == 0)
                l->next_fails = true;
        else if (strcmp(word, "found") == 0)
                l->next_found = true;
        else if (strcmp(word, "named") == 0) { /* by PIDFile= */
                CHECK(l->sought, "row %zu: not sought behind %s", l->row, l->trail);
                l->main_alive = true;
                dispatch(l, EVENT_UP);
        } else if (strcmp(word, "answers") == 0) {
                CHECK(l->asks, "row %zu: not asked behind %s", l->row, l->trail);
                l->answered = true;
                dispatch(l, EVENT_UP);
        } else if (strcmp(word, "pidfile") == 0)
                l->has_pid_file = true;
        for (size_t i = 0; i < countof(asked); i++)
                if (strcmp(word, asked[i].word) == 0)
                        dispatch(l, asked[i].event);
}

void life_play(struct life *l, const char *script) {
        char word[32];
        int n = 0;

        while (sscanf(script, " %31s%n", word, &n) == 1) {
                play_word(l, word);
                script += n;
        }
}

void life_init(struct life *l, const struct unit *u, size_t row) {
        *l = (struct life){ .unit = *u, .posted = EVENT_COUNT, .now = 1, .alarm = USEC_INFINITY, .row = row };
        u = &l->unit;
        if (!u->exec[EXEC_START])
                l->unit.exec[EXEC_START] = &some_command;
        l->unit.send_sigkill = true;
        l->unit.kill_signal = u->kill_signal ? u->kill_signal : SIGTERM;
        l->unit.timeout_start = u->timeout_start ? u->timeout_start : 90 * SEC;
        l->unit.timeout_stop = u->timeout_stop ? u->timeout_stop : 10 * SEC;
        l->unit.runtime_max = u->runtime_max ? u->runtime_max : USEC_INFINITY;
        l->unit.restart_max_delay = u->restart_max_delay ? u->restart_max_delay : USEC_INFINITY;
        l->restarts.window.size = u->start_limit_burst;
        note_state(l);
}

void life_check_rows(const struct life_row *rows, size_t n) {
        struct life life, *l = &life;

        for (size_t i = 0; i < n; i++) {
                life_init(l, &rows[i].unit, i);
                life_play(l, rows[i].script);
                CHECK_STRING(l->trail, rows[i].trail, "row %zu: %s", i, rows[i].script);
                CHECK(l->kills == rows[i].kills, "row %zu: %u kills", i, l->kills);
        }
}
