#include "supervisor/health.h"
#include "tests/unit/test.h"

#define SEC USEC_PER_SEC

/* A word for each probe, `step` apart from the service's coming up on: y answers, n fails. What comes of
 * each: "." no news, h healthy, a healthy again, U unhealthy, u still so. */
static const struct {
        unsigned retries;
        usec_t start_period, step;
        const char *probes, *news;
        enum health_state state;
        unsigned failing;
} rows[] = {
        { 3, 0, SEC, "", "", HEALTH_STARTING, 0 },
        { 3, 0, SEC, "yyy", "h..", HEALTH_HEALTHY, 0 },
        { 3, 0, SEC, "nn", "..", HEALTH_STARTING, 2 },
        { 3, 0, SEC, "nnnnn", "..Uuu", HEALTH_UNHEALTHY, 5 },
        { 3, 0, SEC, "nnynnyn", "..h....", HEALTH_HEALTHY, 1 }, /* in a row only */
        { 3, 0, SEC, "ynnnyy", "h..Ua.", HEALTH_HEALTHY, 0 },
        { 3, 0, SEC, "ynnnynnny", "h..Ua..Ua", HEALTH_HEALTHY, 0 },
        { 1, 0, SEC, "nyn", "UaU", HEALTH_UNHEALTHY, 1 },
        { 0, 0, SEC, "n", "U", HEALTH_UNHEALTHY, 1 },
        { 2, 5 * SEC, SEC, "nnnn", "....", HEALTH_STARTING, 0 },      /* seconds 1 to 4 */
        { 2, 5 * SEC, SEC, "nnnnnn", ".....U", HEALTH_UNHEALTHY, 2 }, /* 5 and 6 count */
        { 2, 5 * SEC, SEC, "nynn", ".h.U", HEALTH_UNHEALTHY, 2 },     /* it had been healthy */
        { 2, USEC_INFINITY, 3600 * SEC, "nnnn", "....", HEALTH_STARTING, 0 },
};

TEST(health_in_virtual_time) {
        static const char letters[] = { '.', 'h', 'a', 'U', 'u' };

        for (size_t i = 0; i < countof(rows); i++) {
                struct readiness r = { .health_retries = rows[i].retries,
                                       .health_start_period = rows[i].start_period };
                struct health h = {};
                char news[16] = "";
                usec_t now = 77 * SEC;

                health_begin(&h, now);
                for (size_t k = 0; rows[i].probes[k] != '\0'; k++) {
                        bool answers = rows[i].probes[k] == 'y';

                        now += rows[i].step;
                        news[k] = letters[health_take(&h, &r, answers, "why", now)];
                        CHECK_STRING(h.why, answers ? "" : "why", "row %zu", i);
                }
                CHECK_STRING(news, rows[i].news, "row %zu", i);
                CHECK(h.state == rows[i].state, "row %zu: %s", i, health_word(h.state));
                CHECK(h.failing == rows[i].failing, "row %zu: %u", i, h.failing);
        }
}

/* Told as bad before a restart, it is told as well again behind it; the counting begins anew. */
TEST(health_over_a_restart) {
        struct readiness r = { .health_retries = 2 };
        struct health h = {};

        health_begin(&h, 1);
        CHECK(health_take(&h, &r, false, "x", 2) == HEALTH_NO_NEWS);
        CHECK(health_take(&h, &r, false, "x", 3) == HEALTH_IS_BAD);
        health_end(&h);
        CHECK(h.state == HEALTH_NONE && h.failing == 0);
        health_begin(&h, 10);
        CHECK(h.state == HEALTH_STARTING);
        CHECK(health_take(&h, &r, false, "x", 11) == HEALTH_NO_NEWS);
        CHECK(health_take(&h, &r, true, NULL, 12) == HEALTH_IS_WELL_AGAIN);
        CHECK(health_take(&h, &r, true, NULL, 13) == HEALTH_NO_NEWS);
}

TEST(health_pauses) {
        static const struct {
                usec_t interval, start_period, passed;
                bool is_healthy;
                usec_t pause;
        } pauses[] = {
                { 30 * SEC, 0, 0, false, 5 * SEC }, /* nothing is known yet */
                { 2 * SEC, 0, 0, false, 2 * SEC },
                { 30 * SEC, 0, SEC, false, 30 * SEC },
                { 30 * SEC, 60 * SEC, 59 * SEC, false, 5 * SEC },
                { 30 * SEC, 60 * SEC, 60 * SEC, false, 30 * SEC },
                { 30 * SEC, 60 * SEC, 10 * SEC, true, 30 * SEC },
                { 0, 0, SEC, true, 50 * USEC_PER_MSEC },
                { USEC_INFINITY, 0, SEC, true, USEC_INFINITY },
        };

        for (size_t i = 0; i < countof(pauses); i++) {
                struct readiness r = { .health_interval = pauses[i].interval,
                                       .health_start_period = pauses[i].start_period,
                                       .health_retries = 3 };
                struct health h = {};

                health_begin(&h, 100 * SEC);
                if (pauses[i].is_healthy)
                        (void) health_take(&h, &r, true, NULL, 101 * SEC);
                CHECK(health_pause(&h, &r, 100 * SEC + pauses[i].passed) == pauses[i].pause, "row %zu", i);
        }
        CHECK_STRING(health_word(HEALTH_UNHEALTHY), "unhealthy");
        CHECK_STRING(health_word(HEALTH_NONE), "none");
}
