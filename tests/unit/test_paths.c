/* Every path that a service can take through the table of rules, whatever happens and whenever: all the
 * situations that can be reached are looked at, for every kind of unit. */
#include "config/setup.h"
#include "supervisor/state.h"
#include "tests/unit/test.h"

enum fate_of_main { MAIN_NONE, MAIN_ALIVE, MAIN_CLEAN, MAIN_BAD };

/* What service.c keeps of a service, as far as the table is concerned. */
struct spot {
        uint8_t state;
        uint8_t main; /* enum fate_of_main */
        bool control; /* a command runs */
        bool armed;   /* the timer */
        bool waits;   /* for the last process to be gone */
        bool failed;  /* something is blamed */
        bool asked;   /* to stop */
        bool more;    /* ExecStart= has one more line */
        bool says;    /* RELOADING=1 */
        bool own;     /* it stops by itself, without a signal */
        bool sought;  /* PIDFile= does not name the main process yet */
};

#define N_SPOTS (1U << 16)

static unsigned number_of(const struct spot *s) {
        return (unsigned) (s->state | s->main << 5 | s->control << 7 | s->armed << 8 | s->waits << 9 |
                           s->failed << 10 | s->asked << 11 | s->more << 12 | s->says << 13 | s->own << 14 |
                           s->sought << 15);
}

static struct spot spot_of(unsigned n) {
        return (struct spot){
                .state = n & 31U,
                .main = n >> 5 & 3U,
                .control = n >> 7 & 1U,
                .armed = n >> 8 & 1U,
                .waits = n >> 9 & 1U,
                .failed = n >> 10 & 1U,
                .asked = n >> 11 & 1U,
                .more = n >> 12 & 1U,
                .says = n >> 13 & 1U,
                .own = n >> 14 & 1U,
                .sought = n >> 15 & 1U,
        };
}

/* One thing that may happen, with all that is left to chance. */
struct move {
        enum event on;
        bool ends_badly;   /* the main process */
        bool will_restart; /* the verdict, should it be asked for */
        bool spawn_fails;
        bool finds_main; /* what a forking service has left */
};

struct search {
        struct unit unit;
        unsigned number; /* of the unit */
        bool has_pid_file;
        bool seen[N_SPOTS];
        unsigned list[N_SPOTS], n; /* those that were seen */
        bool finite[N_SPOTS];      /* asked to stop there, it comes to rest */
        unsigned faults;
};

static struct command some_command;

/* One fault of a unit is enough. */
static void expect(struct search *s, bool ok, const struct spot *at, enum event on, const char *what) {
        if (s->faults > 0)
                return;
        s->faults += !CHECK(ok, "unit %#x: %s, on %s: %s", s->number, state_word(at->state),
                            on < EVENT_COUNT ? event_word(on) : "nothing", what);
}

#define BLAMES                                                                                               \
        (DO_BLAME_TIMEOUT | DO_BLAME_PROTOCOL | DO_BLAME_CONTROL | DO_BLAME_RESOURCES |                      \
         DO_BLAME_DEPENDENCY | DO_BLAME_WATCHDOG | DO_BLAME_ASSERTION | DO_BLAME_LIMIT)
#define RUNS_CONTROL                                                                                         \
        (DO_RUN_CONDITION | DO_RUN_PRE | DO_RUN_POST | DO_RUN_RELOAD | DO_RUN_STOP | DO_RUN_STOP_POST)
#define ARMS    (DO_ARM_START | DO_ARM_STOP | DO_ARM_RUNTIME | DO_ARM_DELAY)
#define RESTING (STATES_AT_REST | STATE_BIT(STATE_AUTO_RESTART))

static void run_main(struct search *s, struct spot *at, const struct rule *r, bool spawn_fails) {
        if (!(r->effects & (DO_RUN_MAIN | DO_RUN_NEXT)))
                return;
        at->main = MAIN_NONE;
        if (s->unit.type == SERVICE_FORKING) {
                at->control = !spawn_fails;
                return;
        }
        at->more = (r->effects & DO_RUN_MAIN) && s->unit.type == SERVICE_ONESHOT;
        at->main = spawn_fails ? MAIN_NONE : MAIN_ALIVE;
}

static bool is_unknown(const struct search *s, const struct spot *at) {
        return s->unit.type == SERVICE_FORKING && at->main == MAIN_NONE;
}

static void carry_out(struct search *s, struct spot *at, const struct rule *r, bool spawn_fails) {
        uint64_t effects = r->effects;

        at->failed |= (effects & BLAMES) != 0 || (effects & DO_BLAME_MAIN && at->main == MAIN_BAD);
        if (effects & (DO_FORGIVE | DO_BLAME_ASSERTION | DO_BLAME_LIMIT)) {
                at->failed = (effects & (DO_BLAME_ASSERTION | DO_BLAME_LIMIT)) != 0;
                at->main = MAIN_NONE;
        }
        if (effects & DO_BEGIN)
                *at = (struct spot){ .state = at->state, .armed = at->armed };
        if (effects & DO_DROP_CONTROL)
                at->control = false;
        if (effects & DO_DISARM)
                at->armed = false;
        if (effects & ARMS)
                at->armed = true;
        run_main(s, at, r, spawn_fails);
        if (effects & RUNS_CONTROL)
                at->control = !spawn_fails;
        if (effects & (DO_TERM | DO_KILL | DO_ABORT)) {
                at->waits = true;
                at->own = false;
        }
        if (effects & DO_AWAIT_MAIN)
                at->sought = true;
        if (effects & DO_AWAIT_EMPTY)
                at->waits |= STATE_IN(at->state, STATES_STOPPING) || is_unknown(s, at);
}

/* What must be so of every rule that is taken. A command takes the place of another only where that one is
 * not to be ended. */
static void check_rule(struct search *s, const struct spot *before, const struct rule *r) {
        enum state to = r->to == STATE_SAME ? before->state : r->to;
        bool begins = STATE_IN(before->state, RESTING) && STATE_IN(to, STATES_STARTING);
        bool comes_up = STATE_IN(before->state, STATES_STARTING) && STATE_IN(to, STATES_UP);
        bool runs_control = r->effects & RUNS_CONTROL && !(r->effects & (DO_DROP_CONTROL | DO_BEGIN));

        bool was_up = STATE_IN(before->state, STATES_UP) || r->effects & DO_GO_UP;
        bool left_alone = r->on == EVENT_TIME_OUT || s->unit.kill_mode == KILL_NONE;

        expect(s, begins == ((r->effects & DO_BEGIN) != 0), before, r->on, "a start begins an invocation");
        expect(s, !comes_up || r->effects & DO_GO_UP, before, r->on, "what comes up counts as a run");
        expect(s, !runs_control || !before->control || left_alone, before, r->on, "one command at a time");
        expect(s, !(r->effects & DO_RUN_NEXT) || before->main != MAIN_ALIVE, before, r->on,
               "one line at a time");
        expect(s, !(r->effects & DO_RUN_STOP) || was_up, before, r->on, "ExecStop= is for what has been up");
}

static struct spot take(struct search *s, struct spot at, const struct move *move) {
        enum event on = move->on;
        bool spawn_failed = true;

        at.asked |= on == EVENT_STOP_ASKED || on == EVENT_HURRY;
        if (!STATE_IN(at.state, STATES_STOPPING)) /* where it would mean nothing */
                at.says = (at.says || on == EVENT_RELOADING) && on != EVENT_UP && on != EVENT_STOPPING;
        at.own |= on == EVENT_STOPPING && at.state == STATE_RUNNING;
        if (move->finds_main)
                at.main = MAIN_ALIVE;
        at.control &= on != EVENT_CONTROL_DONE && on != EVENT_CONTROL_FAILED && on != EVENT_CONTROL_SKIPS;
        at.armed &= on != EVENT_TIME_OUT;
        if (on == EVENT_MAIN_ENDED)
                at.main = STATE_IN(at.state, RESTING) ? MAIN_NONE : move->ends_badly ? MAIN_BAD : MAIN_CLEAN;
        while (spawn_failed) {
                const struct facts f = {
                        .unit = &s->unit,
                        .main_alive = at.main == MAIN_ALIVE,
                        .main_clean = at.main != MAIN_BAD,
                        .more_to_run = at.more,
                        .failed = at.failed,
                        .main_unknown = is_unknown(s, &at),
                        .main_awaited = is_unknown(s, &at) && s->has_pid_file,
                        .reloading = at.says,
                        .stops_itself = at.own,
                        .will_restart = move->will_restart && !at.asked,
                };
                const struct rule *r = state_next(at.state, on, &f);
                check_rule(s, &at, r);
                if (r->to != STATE_SAME && r->to != at.state) {
                        at.state = (uint8_t) r->to;
                        at.waits = at.sought = false;
                }
                carry_out(s, &at, r, move->spawn_fails);
                spawn_failed = move->spawn_fails && r->effects & (RUNS_CONTROL | DO_RUN_MAIN | DO_RUN_NEXT);
                on = EVENT_SPAWN_FAILED;
        }
        return at;
}

static bool may_happen(const struct search *s, const struct spot *at, enum event on) {
        switch (on) {
        case EVENT_START_ASKED:
        case EVENT_STOP_ASKED:
        case EVENT_RELOAD_ASKED:
        case EVENT_RESET_ASKED:
        case EVENT_HURRY:
                return true;
        case EVENT_DEPENDENCY_FAILED:
                return at->state == STATE_DEAD;
        case EVENT_LIMIT_HIT:
                return STATE_IN(at->state, STATES_AT_REST);
        case EVENT_CONDITION_UNMET:
        case EVENT_ASSERTION_FAILED:
                return STATE_IN(at->state, RESTING);
        case EVENT_BROKEN: /* while it starts it comes of another one, as SPAWN_FAILED does */
                return at->state == STATE_EXITED;
        case EVENT_CONTROL_SKIPS:
                return at->control && at->state == STATE_CONDITION;
        case EVENT_UP:
                if (s->unit.type == SERVICE_FORKING && at->state != STATE_RELOAD_NOTIFY)
                        return at->sought;
                return at->main == MAIN_ALIVE && s->unit.type != SERVICE_ONESHOT;
        case EVENT_RELOADING: /* by any of its processes */
        case EVENT_STOPPING:
        case EVENT_OOM:
        case EVENT_SILENT:
        case EVENT_UNHEALTHY:
                return at->main == MAIN_ALIVE || at->control || (at->waits && is_unknown(s, at));
        case EVENT_MAIN_ENDED:
                return at->main == MAIN_ALIVE;
        case EVENT_CONTROL_DONE:
        case EVENT_CONTROL_FAILED:
                return at->control;
        case EVENT_EMPTY:
                return at->waits &&
                       ((s->unit.kill_mode == KILL_NONE && STATE_IN(at->state, STATES_STOPPING)) ||
                        (at->main != MAIN_ALIVE && !at->control));
        case EVENT_TIME_OUT:
                return at->armed;
        case EVENT_SPAWN_FAILED: /* comes of another one */
        case EVENT_COUNT:
                return false;
        }
        return false;
}

/* The move of that number, or false where it cannot be made. */
#define N_MOVES (16U * EVENT_COUNT)
static bool find_move(const struct search *s, const struct spot *at, unsigned n, struct move *ret) {
        struct move m = {
                .on = n / 16,
                .ends_badly = (n & 1U) != 0,
                .will_restart = (n & 2U) != 0,
                .spawn_fails = (n & 4U) != 0,
                .finds_main = (n & 8U) != 0,
        };
        bool looks_for_main = is_unknown(s, at) && at->state == STATE_START &&
                              (m.on == EVENT_CONTROL_DONE || m.on == EVENT_UP);

        if ((m.ends_badly && m.on != EVENT_MAIN_ENDED) || !may_happen(s, at, m.on))
                return false;
        if ((m.finds_main && !looks_for_main) || (looks_for_main && m.on == EVENT_UP && !m.finds_main))
                return false;
        *ret = m;
        return true;
}

#define W(name) (1U << EVENT_##name)

/* Without any time-out (each of them may be infinity): what comes by itself, so that no state waits for
 * nothing. */
static const uint32_t awaited[STATE_COUNT] = {
        [STATE_CONDITION] = W(CONTROL_DONE) | W(CONTROL_SKIPS),
        [STATE_START_PRE] = W(CONTROL_DONE),
        [STATE_START] = W(MAIN_ENDED),
        [STATE_START_POST] = W(CONTROL_DONE),
        [STATE_RUNNING] = W(MAIN_ENDED),
        [STATE_RELOAD] = W(CONTROL_DONE) | W(MAIN_ENDED),
        [STATE_RELOAD_SIGNAL] = W(MAIN_ENDED) | W(RELOADING),
        [STATE_RELOAD_NOTIFY] = W(MAIN_ENDED),
        [STATE_STOP] = W(CONTROL_DONE),
        [STATE_STOP_POST] = W(CONTROL_DONE),
        [STATE_AUTO_RESTART] = W(TIME_OUT),
};
#define SENT_SIGNALS                                                                                         \
        (STATE_BIT(STATE_STOP_WATCHDOG) | STATE_BIT(STATE_STOP_SIGTERM) | STATE_BIT(STATE_STOP_SIGKILL) |    \
         STATE_BIT(STATE_FINAL_WATCHDOG) | STATE_BIT(STATE_FINAL_SIGTERM) | STATE_BIT(STATE_FINAL_SIGKILL))

/* Of a forking service it is its command, then the main process or, where that is not known, everybody. */
static uint32_t awaits(const struct search *s, const struct spot *at) {
        if (at->state == STATE_RELOAD && at->main != MAIN_ALIVE) /* of one that has exited */
                return W(CONTROL_DONE);
        if (s->unit.type != SERVICE_FORKING || at->main == MAIN_ALIVE)
                return awaited[at->state];
        if (at->state == STATE_START)
                return at->sought ? W(UP) : W(CONTROL_DONE);
        if (at->state == STATE_RUNNING)
                return W(EMPTY);
        return awaited[at->state] & ~(W(MAIN_ENDED) | W(RELOADING));
}

static void check_spot(struct search *s, const struct spot *at) {
        const struct facts f = { .unit = &s->unit,
                                 .main_alive = at->main == MAIN_ALIVE,
                                 .failed = at->failed };
        const struct rule *r = state_next(at->state, EVENT_TIME_OUT, &f);

        bool hears = r->to != STATE_SAME || r->effects != 0;
        bool told = at->state != STATE_DEAD || at->main != MAIN_BAD || at->failed;

        uint32_t comes = awaits(s, at);
        for (enum event e = 0; e < EVENT_COUNT; e++)
                expect(s, !(comes >> e & 1U) || may_happen(s, at, e), at, e, "it will come");
        expect(s, !STATE_IN(at->state, SENT_SIGNALS) || at->waits, at, EVENT_EMPTY, "it is waited for");
        expect(s, !at->armed || hears, at, EVENT_TIME_OUT, "an armed timer is heard");
        expect(s, at->state != STATE_FAILED || at->failed, at, EVENT_COUNT, "failed says why");
        expect(s, told, at, EVENT_MAIN_ENDED, "no bad end of the main process is forgotten");
}

static void see(struct search *s, const struct spot *at) {
        unsigned n = number_of(at);

        if (s->seen[n])
                return;
        s->seen[n] = true;
        s->list[s->n++] = n;
        check_spot(s, at);
}

static void see_all(struct search *s) {
        const struct spot dead = { .state = STATE_DEAD };
        struct move m;

        see(s, &dead);
        for (unsigned i = 0; i < s->n; i++) {
                struct spot at = spot_of(s->list[i]);
                for (unsigned k = 0; k < N_MOVES; k++)
                        if (find_move(s, &at, k, &m)) {
                                struct spot next = take(s, at, &m);
                                see(s, &next);
                        }
        }
}

/* Every way on from it that changes anything, but for a new start (or what a condition makes of one), leads
 * where it is known to come to rest.
 */
static bool is_finite(struct search *s, unsigned number) {
        const struct spot at = spot_of(number);
        struct move m;

        if (STATE_IN(at.state, STATES_AT_REST))
                return true;
        for (unsigned k = 0; k < N_MOVES; k++) {
                if (!find_move(s, &at, k, &m) || m.on == EVENT_START_ASKED || m.on == EVENT_CONDITION_UNMET ||
                    m.on == EVENT_ASSERTION_FAILED)
                        continue;
                struct spot next = take(s, at, &m);
                if (number_of(&next) != number && !s->finite[number_of(&next)])
                        return false;
        }
        return true;
}

/* From the ends backwards, until nothing is added: what is left over then may go round for ever. */
static void check_rest(struct search *s) {
        bool grew = true;

        while (grew) {
                grew = false;
                for (unsigned i = s->n; i-- > 0;) {
                        unsigned n = s->list[i];
                        if (s->finite[n] || !spot_of(n).asked || !is_finite(s, n))
                                continue;
                        s->finite[n] = grew = true;
                }
        }
        for (unsigned i = 0; i < s->n; i++) {
                const struct spot at = spot_of(s->list[i]);
                expect(s, !at.asked || s->finite[s->list[i]], &at, EVENT_STOP_ASKED, "it comes to rest");
        }
}

/* TimeoutStartFailureMode= and TimeoutStopFailureMode=, in place of a PIDFile= that only a forking service
 * has. */
static struct setup *timeout_setup(bool aborts) {
        static struct setup abort = { .timeout_start_mode = TIMEOUT_ABORT,
                                      .timeout_stop_mode = TIMEOUT_ABORT };
        static struct setup kill = { .timeout_start_mode = TIMEOUT_KILL, .timeout_stop_mode = TIMEOUT_KILL };

        return aborts ? &abort : &kill;
}

static bool has_timeout_setup(const struct search *s) {
        return s->has_pid_file && s->unit.type != SERVICE_FORKING && s->unit.kill_mode != KILL_NONE &&
               !s->unit.exec[EXEC_RELOAD];
}

static void describe(struct search *s, unsigned number) {
        static const enum exec_kind kinds[] = { EXEC_START_PRE, EXEC_START_POST, EXEC_RELOAD,
                                                EXEC_STOP,      EXEC_STOP_POST,  EXEC_CONDITION };
        static const enum service_type types[] = { SERVICE_ONESHOT, SERVICE_NOTIFY, SERVICE_NOTIFY_RELOAD,
                                                   SERVICE_FORKING };

        *s = (struct search){ .number = number };
        for (size_t i = 0; i < countof(kinds); i++)
                s->unit.exec[kinds[i]] = number >> i & 1U ? &some_command : NULL;
        s->has_pid_file = (number >> 6 & 1U) != 0;
        s->unit.remain_after_exit = (number >> 7 & 1U) != 0;
        s->unit.send_sigkill = (number >> 8 & 1U) != 0;
        s->unit.kill_mode = number >> 9 & 1U ? KILL_NONE : KILL_CONTROL_GROUP;
        s->unit.type = (uint8_t) types[number >> 10];
        if (has_timeout_setup(s))
                s->unit.setup = timeout_setup(s->unit.remain_after_exit);
}

TEST(paths_all_lead_somewhere) {
        static struct search search;
        struct search *s = &search;
        uint32_t seen = 0;

        for (unsigned unit = 0; unit < 4096; unit++) {
                describe(s, unit);
                if (s->has_pid_file && s->unit.type != SERVICE_FORKING && !s->unit.setup)
                        continue;
                see_all(s);
                check_rest(s);
                for (unsigned i = 0; i < s->n; i++)
                        seen |= STATE_BIT(spot_of(s->list[i]).state);
        }
        for (enum state e = 0; e < STATE_COUNT; e++)
                CHECK(STATE_IN(e, seen), "%s", state_word(e));
}
