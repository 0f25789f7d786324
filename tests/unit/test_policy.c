#include <signal.h>
#include <sys/wait.h>

#include "config/setup.h"
#include "supervisor/policy.h"
#include "tests/unit/test.h"

#define SEC  USEC_PER_SEC
#define MSEC USEC_PER_MSEC

/* "Exit causes and the effect of the Restart= settings" of systemd.service(5), and what it does not list: the
 * start of a run that ended before it was ready is a failure like an exit code, running out of memory is an
 * unclean signal. */
static const struct {
        enum result result;
        struct ending main;
        const char *restarting;
} table[] = {
        { RESULT_SUCCESS, { CLD_EXITED, 0 }, " always on-success " },
        { RESULT_SUCCESS, { CLD_KILLED, SIGTERM }, " always on-success " },
        { RESULT_EXIT_CODE, { CLD_EXITED, 1 }, " always on-failure " },
        { RESULT_PROTOCOL, { CLD_EXITED, 0 }, " always on-failure on-abnormal " },
        { RESULT_SIGNAL, { CLD_KILLED, SIGKILL }, " always on-failure on-abnormal on-abort " },
        { RESULT_CORE_DUMP, { CLD_DUMPED, SIGSEGV }, " always on-failure on-abnormal on-abort " },
        { RESULT_OOM_KILL, { CLD_KILLED, SIGKILL }, " always on-failure on-abnormal " },
        { RESULT_TIMEOUT, { CLD_KILLED, SIGKILL }, " always on-failure on-abnormal " },
        { RESULT_TIMEOUT, { CLD_EXITED, 0 }, " always on-failure on-abnormal " },
        { RESULT_WATCHDOG, { CLD_DUMPED, SIGABRT }, " always on-failure on-abnormal on-watchdog " },
        /* These are no ends of a run. */
        { RESULT_START_LIMIT, { CLD_EXITED, 1 }, " " },
        { RESULT_DEPENDENCY, {}, " " },
        /* No process could be made: whatever Restart= says. */
        { RESULT_RESOURCES, {}, " no always on-success on-failure on-abnormal on-abort on-watchdog " },
};

TEST(policy_restarts_as_in_the_manual) {
        const struct restarts none = {};
        char word[32];

        for (size_t i = 0; i < countof(table); i++)
                for (enum restart r = 0; r < RESTART_COUNT; r++) {
                        const struct unit u = { .restart = (uint8_t) r, .restart_delay = 3 * SEC };
                        struct verdict v = policy_decide(&u, &none, table[i].result, table[i].main, 100);
                        (void) snprintf(word, sizeof(word), " %s ", restart_word(r));
                        bool wanted = strstr(table[i].restarting, word) != NULL;
                        CHECK(v.restart == wanted, "row %zu, Restart=%s", i, restart_word(r));
                        CHECK(v.why && v.why_not == RESULT_SUCCESS, "row %zu, Restart=%s", i,
                              restart_word(r));
                        CHECK(v.at == (wanted ? 100 + 3 * SEC : 0), "row %zu, Restart=%s", i,
                              restart_word(r));
                }
}

/* Of code 5 and SIGUSR1. */
static struct status_set named = { .codes = { 1U << 5 }, .signals = UINT64_C(1) << SIGUSR1 };

TEST(policy_exit_statuses_have_the_last_word) {
        static const struct {
                enum restart restart;
                struct status_set *prevent, *force;
                struct ending main;
                enum result result;
                bool restarts;
                const char *why;
        } rows[] = {
                { RESTART_ALWAYS,
                  &named,
                  NULL,
                  { CLD_EXITED, 5 },
                  RESULT_EXIT_CODE,
                  false,
                  "RestartPrevent" },
                { RESTART_ALWAYS, &named, NULL, { CLD_EXITED, 6 }, RESULT_EXIT_CODE, true, "failed" },
                { RESTART_ALWAYS,
                  &named,
                  NULL,
                  { CLD_KILLED, SIGUSR1 },
                  RESULT_SIGNAL,
                  false,
                  "RestartPrevent" },
                { RESTART_ALWAYS, &named, NULL, { CLD_KILLED, SIGUSR2 }, RESULT_SIGNAL, true, "killed" },
                { RESTART_ALWAYS,
                  &named,
                  NULL,
                  { CLD_DUMPED, SIGUSR1 },
                  RESULT_CORE_DUMP,
                  false,
                  "RestartPrevent" },
                { RESTART_ALWAYS, &named, NULL, {}, RESULT_EXIT_CODE, true, "failed" },
                { RESTART_NO, NULL, &named, { CLD_EXITED, 5 }, RESULT_EXIT_CODE, true, "RestartForce" },
                { RESTART_NO, NULL, &named, { CLD_EXITED, 5 }, RESULT_SUCCESS, true, "RestartForce" },
                { RESTART_NO, NULL, &named, { CLD_KILLED, SIGUSR1 }, RESULT_SIGNAL, true, "RestartForce" },
                { RESTART_NO, NULL, &named, { CLD_EXITED, SIGUSR1 }, RESULT_EXIT_CODE, false, "failed" },
                { RESTART_NO, &named, &named, { CLD_EXITED, 5 }, RESULT_EXIT_CODE, false, "RestartPrevent" },
        };
        const struct restarts none = {};

        for (size_t i = 0; i < countof(rows); i++) {
                struct setup setup = {
                        .exits = { .restart_prevent = rows[i].prevent, .restart_force = rows[i].force },
                };
                const struct unit u = {
                        .restart = (uint8_t) rows[i].restart,
                        .setup = &setup,
                };
                struct verdict v = policy_decide(&u, &none, rows[i].result, rows[i].main, 1);
                CHECK(v.restart == rows[i].restarts, "row %zu", i);
                CHECK(strstr(v.why, rows[i].why), "row %zu: %s", i, v.why);
        }
}

TEST(policy_delay_grows_to_its_cap) {
        static const struct {
                usec_t delay, most;
                unsigned steps;
                usec_t wanted[6]; /* at step 0, 1, …; to a thousandth */
        } rows[] = {
                { 100 * MSEC, 10 * SEC, 2, { 100 * MSEC, 1 * SEC, 10 * SEC, 10 * SEC, 10 * SEC, 10 * SEC } },
                { 1 * SEC, 16 * SEC, 4, { 1 * SEC, 2 * SEC, 4 * SEC, 8 * SEC, 16 * SEC, 16 * SEC } },
                { 5 * SEC, 5 * SEC, 3, { 5 * SEC, 5 * SEC, 5 * SEC, 5 * SEC, 5 * SEC, 5 * SEC } },
                { 5 * SEC, 2 * SEC, 3, { 5 * SEC, 5 * SEC, 5 * SEC, 5 * SEC, 5 * SEC, 5 * SEC } },
                { 2 * SEC, USEC_INFINITY, 3, { 2 * SEC, 2 * SEC, 2 * SEC, 2 * SEC, 2 * SEC, 2 * SEC } },
                { 2 * SEC, 9 * SEC, 0, { 2 * SEC, 2 * SEC, 2 * SEC, 2 * SEC, 2 * SEC, 2 * SEC } },
                { 0, 10 * SEC, 3, { 0, 0, 0, 0, 0, 0 } },
                { 1 * SEC, 7 * SEC, 1, { 1 * SEC, 7 * SEC, 7 * SEC, 7 * SEC, 7 * SEC, 7 * SEC } },
                { USEC_INFINITY,
                  7 * SEC,
                  1,
                  { USEC_INFINITY, USEC_INFINITY, USEC_INFINITY, USEC_INFINITY, USEC_INFINITY,
                    USEC_INFINITY } },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                const struct unit u = {
                        .restart_delay = rows[i].delay,
                        .restart_max_delay = rows[i].most,
                        .restart_steps = rows[i].steps,
                };
                for (unsigned step = 0; step < countof(rows[i].wanted); step++) {
                        usec_t got = policy_delay(&u, step), wanted = rows[i].wanted[step];
                        usec_t off = got > wanted ? got - wanted : wanted - got;
                        CHECK(off <= wanted / 1000, "row %zu, step %u: %llu", i, step,
                              (unsigned long long) got);
                }
        }
}

TEST(policy_delay_never_shrinks) {
        for (unsigned steps = 1; steps < 40; steps++)
                for (usec_t most = 2; most < 100000 * SEC; most *= 7) {
                        const struct unit u = {
                                .restart_delay = most / 2,
                                .restart_max_delay = most,
                                .restart_steps = steps,
                        };
                        usec_t before = policy_delay(&u, 0);
                        CHECK(before == u.restart_delay, "%u steps", steps);
                        for (unsigned step = 1; step < steps + 3; step++) {
                                usec_t delay = policy_delay(&u, step);
                                CHECK(delay >= before && delay <= most, "step %u of %u", step, steps);
                                before = delay;
                        }
                        CHECK(before == most, "%u steps", steps);
                }
}

#define WINDOW_MOST 16

/* With a ring, once it is wanted, at `at`. */
static void count_start(struct restarts *r, usec_t *at, usec_t now) {
        if (policy_wants_room(&r->window))
                policy_take_room(&r->window, at);
        policy_count_start(r, now);
}

/* How often the verdict was a restart, at most `most` times: each run lasts `run` and has come up at its
 * start. */
static unsigned crash(const struct unit *u, struct restarts *r, usec_t run, unsigned most) {
        const struct ending e = { CLD_EXITED, 1 };
        usec_t at[WINDOW_MOST], now = 1;

        for (unsigned n = 0; n < most; n++) {
                count_start(r, at, now);
                r->up_since = now;
                now += run;
                struct verdict v = policy_decide(u, r, RESULT_EXIT_CODE, e, now);
                if (!v.restart) {
                        CHECK(v.why_not == RESULT_START_LIMIT && strstr(v.why, "too often"), "%s", v.why);
                        return n;
                }
                r->step = v.step;
                r->count = v.count;
                now = v.at;
        }
        return most;
}

TEST(policy_start_limit) {
        static const struct {
                unsigned burst; /* 0: none */
                usec_t interval, delay, run;
                unsigned restarts; /* of 100 */
        } rows[] = {
                { 5, 10 * SEC, 0, 0, 4 },
                { 1, 10 * SEC, 0, 0, 0 },
                { 1, 10 * SEC, 10 * SEC, 0, 100 },
                { 0, 10 * SEC, 0, 0, 100 },
                { 3, 0, 0, 0, 100 },
                { 3, USEC_INFINITY, 10 * SEC, 10 * SEC, 2 },
                { 5, 10 * SEC, 1 * SEC, 999 * MSEC, 4 },
                /* What counts is when the starts are: five of them take more than ten seconds. */
                { 5, 10 * SEC, 2 * SEC, 0, 100 },
                { 5, 10 * SEC, 1999 * MSEC, 0, 4 },
                { 5, 10 * SEC, 2200 * MSEC, 0, 100 },
                { 5, 10 * SEC, 0, 2 * SEC, 100 },
                { 5, 10 * SEC, 0, 1999 * MSEC, 4 },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                const struct unit u = {
                        .restart = RESTART_ALWAYS,
                        .restart_delay = rows[i].delay,
                        .restart_max_delay = USEC_INFINITY,
                        .start_limit_interval = rows[i].interval,
                };
                struct restarts r = { .window = { .size = rows[i].burst } };
                unsigned restarts = crash(&u, &r, rows[i].run, 100);
                CHECK(restarts == rows[i].restarts, "row %zu: %u restarts", i, restarts);
        }
}

static uint32_t next_random(uint32_t *seed) {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 17;
        *seed ^= *seed << 5;
        return *seed;
}

/* The ring is asked for at the second start and not before; a service that never gets one is not held back.
 */
TEST(policy_window_takes_its_room_late) {
        const struct unit u = { .restart = RESTART_ALWAYS, .start_limit_interval = 10 * SEC };
        const struct ending e = { CLD_EXITED, 1 };
        usec_t at[3];
        struct restarts r = { .window = { .size = countof(at) } }, poor = r;

        CHECK(!policy_wants_room(&r.window));
        policy_count_start(&r, 1);
        CHECK(policy_wants_room(&r.window));
        policy_take_room(&r.window, at);
        CHECK(!policy_wants_room(&r.window));
        policy_count_start(&r, 2);
        CHECK(policy_decide(&u, &r, RESULT_EXIT_CODE, e, 2).restart);
        policy_count_start(&r, 3);
        CHECK(!policy_decide(&u, &r, RESULT_EXIT_CODE, e, 10 * SEC).restart);
        CHECK(policy_decide(&u, &r, RESULT_EXIT_CODE, e, 10 * SEC + 1).restart);
        for (usec_t now = 1; now < 100; now++) {
                policy_count_start(&poor, now);
                CHECK(policy_decide(&u, &poor, RESULT_EXIT_CODE, e, now).restart);
        }
}

/* Whatever the rhythm: a start is allowed when, and only when, it is not the burst's next one within the
 * interval before it. */
TEST(policy_start_limit_is_fooled_by_no_rhythm) {
        usec_t at[WINDOW_MOST], starts[400];
        const struct ending e = { CLD_EXITED, 1 };
        uint32_t seed = 2463534242;
        unsigned allowed = 0, denied = 0;

        for (unsigned round = 0; round < 200; round++) {
                struct restarts r = { .window = { .size = 1 + round % WINDOW_MOST } };
                const usec_t interval = 1000 + next_random(&seed) % 1000;
                usec_t now = 1;
                for (unsigned n = 0; n < countof(starts); n++) {
                        const struct unit u = {
                                .restart = RESTART_ALWAYS,
                                .restart_delay = next_random(&seed) % 4 ? 0 : next_random(&seed) % 300,
                                .restart_max_delay = USEC_INFINITY,
                                .start_limit_interval = interval,
                        };
                        starts[n] = now;
                        count_start(&r, at, now);
                        now += next_random(&seed) % (2000 / r.window.size);
                        unsigned within = 0;
                        for (unsigned k = 0; k <= n; k++)
                                within += now + u.restart_delay - starts[k] < interval;
                        struct verdict v = policy_decide(&u, &r, RESULT_EXIT_CODE, e, now);
                        CHECK(v.restart == (within < r.window.size), "round %u, start %u", round, n);
                        v.restart ? allowed++ : denied++;
                        now = v.restart ? v.at : now + interval / 3; /* somebody starts it by hand */
                }
        }
        CHECK(allowed > 10000 && denied > 10000, "%u and %u", allowed, denied);
}

TEST(policy_stable_run_starts_anew) {
        static const struct {
                usec_t most, ran;
                bool came_up, anew;
        } rows[] = {
                { 4 * SEC, 10 * SEC, true, true },
                { 4 * SEC, 10 * SEC - 1, true, false },
                { 4 * SEC, 0, true, false },
                { 4 * SEC, 60 * SEC, false, false },
                { 30 * SEC, 10 * SEC, true, false },
                { 30 * SEC, 30 * SEC, true, true },
                { USEC_INFINITY, 10 * SEC, true, true },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                const struct unit u = {
                        .restart = RESTART_ALWAYS,
                        .restart_delay = SEC,
                        .restart_max_delay = rows[i].most,
                        .restart_steps = 3,
                };
                const struct restarts r = { .count = 7, .step = 2, .up_since = rows[i].came_up ? 5 : 0 };
                const struct ending e = { CLD_EXITED, 1 };
                struct verdict v = policy_decide(&u, &r, RESULT_EXIT_CODE, e, 5 + rows[i].ran);
                CHECK(v.restart && v.count == (rows[i].anew ? 1 : 8), "row %zu: count %u", i, v.count);
                CHECK(v.step == (rows[i].anew ? 1 : 3), "row %zu: step %u", i, v.step);
                usec_t delay = policy_delay(&u, rows[i].anew ? 0 : 2);
                CHECK(v.at == 5 + rows[i].ran + delay, "row %zu", i);
        }
}

TEST(policy_lack_of_resources_backs_off) {
        static const usec_t delays[] = { 100, 200, 400, 800, 1600, 3200, 6400, 6400, 6400 };
        const struct unit u = { .restart = RESTART_NO, .restart_max_delay = USEC_INFINITY };
        const struct unit slow = { .restart_delay = 20 * SEC, .restart_max_delay = USEC_INFINITY };
        struct restarts r = {};

        for (size_t i = 0; i < countof(delays); i++) {
                struct verdict v = policy_decide(&u, &r, RESULT_RESOURCES, (struct ending){}, 1);
                CHECK(v.restart && v.at == 1 + delays[i] * MSEC, "try %zu", i);
                v = policy_decide(&slow, &r, RESULT_RESOURCES, (struct ending){}, 1);
                CHECK(v.at == 1 + 20 * SEC, "try %zu", i);
                r.count = v.count;
        }
}
