#include <inttypes.h>

#include "config/setup.h"
#include "supervisor/state.h"
#include "tests/unit/test.h"

/* What the guards look at, in every combination: bit by bit of a number. */
enum world_bit {
        BIT_PRE,
        BIT_POST,
        BIT_RELOAD,
        BIT_STOP,
        BIT_STOP_POST,
        BIT_REMAIN,
        BIT_SIGKILL,
        BIT_TYPE,
        BIT_TYPE_2,
        BIT_TYPE_3,
        UNIT_BITS,
        BIT_ALIVE = UNIT_BITS,
        BIT_CLEAN,
        BIT_MORE,
        BIT_SAYS,
        BIT_FAILED,
        BIT_RESTART,
        WORLD_BITS,
};
#define N_UNITS  (1U << UNIT_BITS)
#define N_WORLDS (1U << WORLD_BITS)

static struct command some_command;

static bool has(unsigned n, enum world_bit bit) {
        return (n >> bit & 1U) != 0;
}

/* TimeoutStartFailureMode= and TimeoutStopFailureMode= matter where a time is over, what these two bits say
 * where nobody is left. */
static struct setup *timeout_setup(unsigned n) {
        static struct setup aborts = { .timeout_start_mode = TIMEOUT_ABORT,
                                       .timeout_stop_mode = TIMEOUT_ABORT };
        static struct setup kills = { .timeout_start_mode = TIMEOUT_KILL, .timeout_stop_mode = TIMEOUT_KILL };

        return has(n, BIT_FAILED) ? &aborts : has(n, BIT_RESTART) ? &kills : NULL;
}

static struct unit make_unit(unsigned n) {
        static const struct {
                enum exec_kind kind;
                enum world_bit bit;
        } lists[] = {
                /* ExecCondition= matters where the service rests, ExecReload= where it runs: one bit does for
                   both. */
                { EXEC_CONDITION, BIT_RELOAD }, { EXEC_START_PRE, BIT_PRE },
                { EXEC_START_POST, BIT_POST },  { EXEC_RELOAD, BIT_RELOAD },
                { EXEC_STOP, BIT_STOP },        { EXEC_STOP_POST, BIT_STOP_POST },
        };
        struct unit u = {
                .type = (uint8_t) ((n >> BIT_TYPE & 7U) % SERVICE_TYPE_COUNT),
                .remain_after_exit = has(n, BIT_REMAIN),
                .send_sigkill = has(n, BIT_SIGKILL),
                .setup = timeout_setup(n),
        };

        for (size_t i = 0; i < countof(lists); i++)
                u.exec[lists[i].kind] = has(n, lists[i].bit) ? &some_command : NULL;
        return u;
}

static struct facts make_facts(const struct unit *u, unsigned n) {
        bool is_forking = u->type == SERVICE_FORKING;

        return (struct facts){
                .unit = u,
                .main_alive = has(n, BIT_ALIVE),
                .main_clean = has(n, BIT_CLEAN),
                .more_to_run = has(n, BIT_MORE),
                .failed = has(n, BIT_FAILED),
                /* One bit for what cannot be looked at together. */
                .main_unknown = is_forking && !has(n, BIT_ALIVE) && has(n, BIT_CLEAN) && !has(n, BIT_MORE),
                .main_awaited = is_forking && !has(n, BIT_ALIVE) && has(n, BIT_CLEAN) && has(n, BIT_SAYS),
                .probe_awaited = has(n, BIT_SAYS),
                .reloading = has(n, BIT_SAYS),
                .stops_itself = has(n, BIT_SAYS),
                .will_restart = has(n, BIT_RESTART),
        };
}

/* Can this be seen in a service? A process that lives has not ended badly, and only a oneshot has a next
 * line. */
static bool is_possible(const struct facts *f, enum event on) {
        if (f->main_alive && !f->main_clean)
                return false;
        if (f->more_to_run && f->unit->type != SERVICE_ONESHOT)
                return false;
        if (on == EVENT_MAIN_ENDED && (f->main_alive || f->main_unknown))
                return false;
        return on != EVENT_UP || f->main_alive;
}

static bool is_idle(const struct rule *r) {
        return r->to == STATE_SAME && r->effects == 0;
}

typedef void (*visitor)(enum state from, enum event on, const struct facts *f, void *context);

static void visit_all(visitor visit, void *context) {
        for (unsigned n = 0; n < N_WORLDS; n++) {
                struct unit u = make_unit(n);
                struct facts f = make_facts(&u, n);
                for (enum state from = 0; from < STATE_COUNT; from++)
                        for (enum event on = 0; on < EVENT_COUNT; on++)
                                visit(from, on, &f, context);
        }
}

static void check_pair(enum state from, enum event on, const struct facts *f, void *context) {
        const struct rule *r = state_next(from, on, f);
        bool *bad = context;

        if (*bad)
                return;
        *bad = !r;
        if (!r) {
                CHECK(r, "%s, %s", state_word(from), event_word(on));
                return;
        }
        bool fits = r->on == on && STATE_IN(from, r->from) && r->when(f);
        *bad = !CHECK(fits, "%s, %s", state_word(from), event_word(on));
}

TEST(state_every_pair_has_a_rule) {
        bool bad = false;

        visit_all(check_pair, &bad);
}

static void note_first(enum state from, enum event on, const struct facts *f, void *context) {
        uint32_t *taken_from = context;
        const struct rule *r = state_next(from, on, f);

        if (r && is_possible(f, on))
                taken_from[r - state_rules] |= STATE_BIT(from);
}

#define RULES_MOST 200

/* In each of its states, but for the last block, which stands for what is left. */
TEST(state_no_rule_is_hidden) {
        uint32_t taken_from[RULES_MOST] = {};

        if (!CHECK(n_state_rules <= RULES_MOST))
                return;
        visit_all(note_first, taken_from);
        for (size_t i = 0; i < n_state_rules; i++) {
                const struct rule *r = &state_rules[i];
                CHECK(taken_from[i] != 0, "rule %zu, on %s %s", i, event_word(r->on), r->when_word);
                if (!is_idle(r))
                        CHECK(taken_from[i] == r->from, "rule %zu, on %s %s: not from %#x", i,
                              event_word(r->on), r->when_word, r->from & ~taken_from[i]);
        }
}

TEST(state_every_state_is_reached_and_left) {
        uint32_t reached = 0, left = 0, to;

        for (size_t i = 0; i < n_state_rules; i++) {
                const struct rule *r = &state_rules[i];
                if (r->to == STATE_SAME)
                        continue;
                to = STATE_BIT(r->to);
                reached |= (r->from & ~to) != 0 ? to : 0;
                left |= r->from & ~to;
        }
        for (enum state s = 0; s < STATE_COUNT; s++) {
                CHECK(STATE_IN(s, reached), "%s", state_word(s));
                CHECK(STATE_IN(s, left), "%s", state_word(s));
        }
}

/* deaf[s]: the events, as bits, that may mean nothing there. */
static void note_deaf(enum state from, enum event on, const struct facts *f, void *context) {
        uint32_t *deaf = context;
        const struct rule *r = state_next(from, on, f);

        if (is_possible(f, on) && (!r || is_idle(r)))
                deaf[from] |= 1U << on;
}

#define E(name) (1U << EVENT_##name)

/* What an effect leads to, and so what the state behind it must hear. */
static const struct {
        uint64_t effects;
        uint32_t heard;
} consequences[] = {
        { DO_ARM_START | DO_ARM_STOP | DO_ARM_DELAY, E(TIME_OUT) },
        { DO_RUN_MAIN | DO_RUN_NEXT, E(MAIN_ENDED) | E(SPAWN_FAILED) | E(UP) },
        { DO_RUN_CONDITION, E(CONTROL_DONE) | E(CONTROL_FAILED) | E(CONTROL_SKIPS) | E(SPAWN_FAILED) },
        { DO_RUN_PRE | DO_RUN_POST | DO_RUN_RELOAD | DO_RUN_STOP | DO_RUN_STOP_POST,
          E(CONTROL_DONE) | E(CONTROL_FAILED) | E(SPAWN_FAILED) },
        { DO_TERM | DO_KILL | DO_ABORT, E(EMPTY) | E(TIME_OUT) },
        { DO_AWAIT_EMPTY, E(EMPTY) },
        { DO_AWAIT_MAIN, E(UP) | E(TIME_OUT) | E(SPAWN_FAILED) },
        { DO_AWAIT_READY, E(UP) | E(TIME_OUT) | E(MAIN_ENDED) },
        { DO_SIGNAL_RELOAD, E(MAIN_ENDED) | E(TIME_OUT) },
        { DO_ARM_RUNTIME, E(TIME_OUT) | E(MAIN_ENDED) },
};

static void check_consequences(const struct rule *r, enum state to, const uint32_t *deaf) {
        for (size_t k = 0; k < countof(consequences); k++)
                if (r->effects & consequences[k].effects)
                        CHECK((deaf[to] & consequences[k].heard) == 0, "row %zu: %s, on %s: deaf to %#x", k,
                              state_word(to), event_word(r->on), deaf[to] & consequences[k].heard);
}

TEST(state_hears_what_its_effects_lead_to) {
        uint32_t deaf[STATE_COUNT] = {};

        visit_all(note_deaf, deaf);
        for (size_t i = 0; i < n_state_rules; i++)
                for (enum state from = 0; from < STATE_COUNT; from++)
                        if (STATE_IN(from, state_rules[i].from))
                                check_consequences(&state_rules[i],
                                                   state_rules[i].to == STATE_SAME ? from : state_rules[i].to,
                                                   deaf);
        /* A stop that is asked for means nothing only where there is nothing to stop, or where it is being
         * done. */
        for (enum state s = 0; s < STATE_COUNT; s++)
                if (!STATE_IN(s, STATES_AT_REST | STATES_STOPPING))
                        CHECK((deaf[s] & (E(STOP_ASKED) | E(HURRY))) == 0, "%s", state_word(s));
        /* The watchdog is heard wherever it counts, and one that bites before too. */
        for (enum state s = 0; s < STATE_COUNT; s++)
                CHECK((deaf[s] & E(SILENT)) == 0 || !STATE_IN(s, STATES_WATCHED | STATE_BIT(STATE_START)),
                      "%s", state_word(s));
        /* A service that serves can be found unhealthy. */
        for (enum state s = 0; s < STATE_COUNT; s++)
                CHECK((deaf[s] & E(UNHEALTHY)) == 0 ||
                              !STATE_IN(s, STATE_BIT(STATE_RUNNING) | STATES_RELOADING),
                      "%s", state_word(s));
}

TEST(state_effects_have_a_bit_each) {
        uint64_t all = 0;

        for (size_t i = 0; i < n_state_rules; i++)
                all |= state_rules[i].effects;
        CHECK(all == (1ULL << EFFECT_COUNT) - 1, "used are %#" PRIx64, all);
}

TEST(state_words) {
        static const struct {
                enum state state;
                const char *word, *active;
        } rows[] = {
                { STATE_DEAD, "dead", "inactive" },
                { STATE_CONDITION, "condition", "activating" },
                { STATE_START_PRE, "start-pre", "activating" },
                { STATE_START, "start", "activating" },
                { STATE_START_POST, "start-post", "activating" },
                { STATE_RUNNING, "running", "active" },
                { STATE_EXITED, "exited", "active" },
                { STATE_RELOAD, "reload", "reloading" },
                { STATE_RELOAD_SIGNAL, "reload-signal", "reloading" },
                { STATE_RELOAD_NOTIFY, "reload-notify", "reloading" },
                { STATE_STOP_WATCHDOG, "stop-watchdog", "deactivating" },
                { STATE_STOP, "stop", "deactivating" },
                { STATE_STOP_SIGTERM, "stop-sigterm", "deactivating" },
                { STATE_STOP_SIGKILL, "stop-sigkill", "deactivating" },
                { STATE_STOP_POST, "stop-post", "deactivating" },
                { STATE_FINAL_WATCHDOG, "final-watchdog", "deactivating" },
                { STATE_FINAL_SIGTERM, "final-sigterm", "deactivating" },
                { STATE_FINAL_SIGKILL, "final-sigkill", "deactivating" },
                { STATE_AUTO_RESTART, "auto-restart", "activating" },
                { STATE_FAILED, "failed", "failed" },
        };

        CHECK(countof(rows) == STATE_COUNT);
        for (size_t i = 0; i < countof(rows); i++) {
                CHECK_STRING(state_word(rows[i].state), rows[i].word, "row %zu", i);
                CHECK_STRING(state_active_word(rows[i].state), rows[i].active, "row %zu", i);
        }
        for (enum event e = 0; e < EVENT_COUNT; e++)
                CHECK(event_word(e)[0] != '\0', "event %u", e);
}
