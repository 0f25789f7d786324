#include <limits.h>

#include "config/load.h"
#include "config/setup.h"
#include "config/value.h"
#include "tests/unit/test.h"

static bool is_unset(const struct setting *s, const void *object) {
        autofree char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return false;
        setting_print(s, object, out);
        (void) fclose(out);
        return size == 0;
}

TEST(setting_rows_are_sorted_and_documented) {
        for (size_t i = 0; i < n_settings; i++) {
                const struct setting *s = &settings[i];

                CHECK(i == 0 || strcmp(settings[i - 1].key, s->key) < 0 ||
                              (strcmp(settings[i - 1].key, s->key) == 0 &&
                               (settings[i - 1].owner < s->owner ||
                                (settings[i - 1].owner == s->owner &&
                                 strcmp(settings[i - 1].section, s->section) < 0))),
                      "%s", s->key);
                CHECK(s->section && s->parse && s->print && s->values, "%s", s->key);
                CHECK((s->owner == OWNER_CONTAINER) == (strcmp(s->section, "tend") == 0), "%s", s->key);
                if (CHECK(s->help && strlen(s->help) > 10, "%s", s->key))
                        CHECK(s->help[strlen(s->help) - 1] == '.', "%s", s->key);
                CHECK(setting_find_in(s->owner, s->section, s->key) == s, "%s", s->key);
        }
}

TEST(setting_find_is_exact) {
        CHECK(!setting_find(OWNER_UNIT, "restart"));
        CHECK(!setting_find(OWNER_UNIT, "Restar"));
        CHECK(!setting_find(OWNER_UNIT, ""));
        CHECK(!setting_find(OWNER_UNIT, "StopBudget"));
        CHECK(!setting_find(OWNER_CONTAINER, "Restart"));
        CHECK(setting_is_carried_out(setting_find(OWNER_UNIT, "Restart")));
        CHECK(!setting_is_carried_out(setting_find(OWNER_UNIT, "PrivateTmp")));
        CHECK(setting_find(OWNER_UNIT, "Instances")->extension);
        CHECK(!setting_find(OWNER_UNIT, "Restart")->extension);
}

/* Read and printed, a default is what it was. */
TEST(setting_defaults_are_read_by_their_own_parsers) {
        for (unsigned k = 0; k < 4; k++) {
                enum setting_owner owner = k / 2 == 0 ? OWNER_UNIT : OWNER_CONTAINER;
                struct container container = {};
                struct timer_spec timer = {};
                struct socket_spec socket = {};
                struct path_spec path = {};
                struct unit u = {
                        .name = (char[]){ "a.service" },
                        .timer = &timer,
                        .socket = &socket,
                        .path = &path,
                };
                bool from_tend = k % 2 == 1;
                void *object = owner == OWNER_UNIT ? (void *) &u : &container;

                if (!CHECK(setting_apply_defaults(owner, object, from_tend) == 0))
                        continue;
                for (size_t i = 0; i < n_settings; i++) {
                        const struct setting *s = &settings[i];
                        const char *fallback = setting_fallback(s, from_tend);

                        if (s->owner == owner && s->print != value_print_nothing)
                                CHECK(is_unset(s, object) == (*fallback == '\0'), "%s", s->key);
                }
        }
}

/* A new timer has what the rows say. */
TEST(setting_defaults_of_timers) {
        struct timer_spec timer = {}, *fresh = timer_spec_new();
        struct unit u = { .timer = &timer };

        CHECK(setting_apply_defaults(OWNER_UNIT, &u, true) == 0);
        CHECK(fresh);
        if (!fresh)
                return;
        CHECK(fresh->accuracy == timer.accuracy && fresh->random_delay == timer.random_delay);
        CHECK(fresh->persistent == timer.persistent && fresh->fixed_random_delay == timer.fixed_random_delay);
        CHECK(fresh->remain_after_elapse == timer.remain_after_elapse && !timer.events && !timer.unit);
        timer_spec_free(fresh);
}

TEST(setting_defaults_own_nothing) {
        struct unit u = {};

        CHECK(setting_apply_defaults(OWNER_UNIT, &u, true) == 0);
        CHECK(!u.description && !u.documentation && !u.after && !u.before && !u.wants && !u.requires &&
              !u.environment);
        CHECK(!u.environment_files && !u.working_directory && !u.user && !u.group && !u.limits && !u.setup);
        CHECK(!u.input.path && !u.output.path && !u.error.path && !u.origins && !u.timer);
        CHECK(u.nice == INT_MIN && u.oom_score_adjust == INT_MIN && u.umask == UINT_MAX);
        CHECK(unit_exits(&u)->success_code == -1 && unit_exits(&u)->failure_code == -1);
}

TEST(setting_fallbacks_differ_in_tend_ini) {
        static const struct {
                const char *key, *systemd, *tend;
        } rows[] = {
                { "Restart", "no", "on-failure" },
                { "RestartSec", "100ms", "100ms" },
                { "RestartSteps", "0", "7" },
                { "RestartMaxDelaySec", "infinity", "10s" },
                { "StartLimitBurst", "5", "10" },
                { "StartLimitIntervalSec", "10s", "5min" },
                { "FailureAction", "none", "exit" },
                { "SuccessAction", "none", "none" },
                { "TimeoutStopSec", "90s", "90s" },
                { "KillSignal", "SIGTERM", "SIGTERM" },
                { "UMask", "0022", "" },
                { "User", "", "" },
                { "KillMode", "control-group", "control-group" },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                const struct setting *s = setting_find(OWNER_UNIT, rows[i].key);

                if (!CHECK(s, "row %zu", i))
                        continue;
                CHECK_STRING(setting_fallback(s, false), rows[i].systemd, "row %zu", i);
                CHECK_STRING(setting_fallback(s, true), rows[i].tend, "row %zu", i);
        }
        CHECK_STRING(setting_fallback(setting_find(OWNER_CONTAINER, "StopBudget"), true), "9s");
}

TEST(setting_origin_is_the_last_one) {
        const struct setting *restart = setting_find(OWNER_UNIT, "Restart"),
                             *nice = setting_find(OWNER_UNIT, "Nice"),
                             *both = setting_find(OWNER_UNIT, "TimeoutSec");
        const struct origin origins[] = {
                { restart, "a", 1 }, { nice, "a", 2 }, { restart, "b", 3 }, { both, "b", 4 }
        };

        CHECK(setting_origin(restart, origins, countof(origins)) == &origins[2]);
        CHECK(setting_origin(nice, origins, countof(origins)) == &origins[1]);
        CHECK(setting_origin(setting_find(OWNER_UNIT, "TimeoutStopSec"), origins, countof(origins)) ==
              &origins[3]);
        CHECK(!setting_origin(setting_find(OWNER_UNIT, "User"), origins, countof(origins)));
        CHECK(!setting_origin(restart, NULL, 0));
}
