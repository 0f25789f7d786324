#include "base/glyph.h"
#include "client/human.h"
#include "client/table.h"
#include "tests/unit/test.h"

static const struct live_container shop = {
        .version = "1.0",
        .state = "degraded",
        .now = 10000 * USEC_PER_SEC,
        .started = 9000 * USEC_PER_SEC,
        .units = 3,
        .up = 1,
        .failed = 1,
        .tier = "sampled",
        .tier_why = "the cgroups are read-only",
        .tier_hint = "--cgroupns=private",
        .memory = 100 << 20,
        .memory_max = 512 << 20,
};

#define NOTHING                                                                                              \
        .why = "", .job = "", .result = "success", .status = "", .health = "none", .health_why = "",         \
        .measured = "", .memory = UINT64_MAX, .memory_max = UINT64_MAX, .memory_tier = "",                   \
        .tasks = UINT64_MAX, .tasks_max = UINT64_MAX, .tasks_tier = "", .cpu = USEC_INFINITY,                \
        .cpu_max = UINT64_MAX, .cpu_tier = ""

static struct live_status web(void) {
        struct live_status u = { NOTHING };

        u.name = "web.service";
        u.active = "active";
        u.state = "running";
        u.since = 9990 * USEC_PER_SEC;
        u.up = true;
        u.main_pid = 12;
        u.status = "Serves 12 requests each second";
        u.memory = 12 << 20;
        u.memory_max = 256 << 20;
        u.memory_tier = "sampled";
        u.cpu = 3200 * USEC_PER_MSEC;
        u.cpu_max = 5000;
        u.cpu_tier = "kernel";
        return u;
}

static struct live_status loop(void) {
        struct live_status u = { NOTHING };

        u.name = "loop.service";
        u.active = "activating";
        u.state = "auto-restart";
        u.since = 9999 * USEC_PER_SEC;
        u.restarts = 7;
        u.why = "exited with code 3";
        u.next_restart = 10002500 * USEC_PER_MSEC;
        return u;
}

static struct live_status timer(void) {
        struct live_status u = { NOTHING };

        u.name = "tick.timer";
        u.active = "failed";
        u.state = "failed";
        return u;
}

static char *print(unsigned width, bool has_colours) {
        const struct live_status units[] = { web(), loop(), timer() };
        const struct screen s = { .width = width, .has_colours = has_colours };
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return NULL;
        table_print_head(&s, out, &shop);
        table_print(&s, out, &shop, units, countof(units));
        return fclose(out) == 0 ? text : NULL;
}

TEST(table_is_as_wide_as_the_screen) {
        static const struct {
                unsigned width;
                const char *text;
        } rows[] = {
                { SCREEN_ENDLESS,
                  "tend 1.0: degraded for 16m, 1 of 3 units up, 1 failed, memory 100M/512M\n"
                  "UNIT        STATE         SINCE  PID  RST     MEMORY       CPU  WHY, STATUS\n"
                  "web         running         10s   12    0  12M/256M~  3.2s/50%  "
                  "Serves 12 requests each second\n"
                  "loop        auto-restart   1.0s         7                       "
                  "exited with code 3; again in 2.5s\n"
                  "tick.timer  failed                      0\n"
                  "~ kept by samples: the cgroups are read-only; what makes it work: --cgroupns=private\n" },
                { 80, "tend 1.0: degraded for 16m, 1 of 3 units up, 1 failed, memory 100M/512M\n"
                      "UNIT        STATE         SINCE  PID  RST     MEMORY       CPU  WHY, STATUS\n"
                      "web         running         10s   12    0  12M/256M~  3.2s/50%  Serves 12 reque…\n"
                      "loop        auto-restart   1.0s         7                       exited with cod…\n"
                      "tick.timer  failed                      0\n"
                      "~ kept by samples: the cgroups are read-only; what makes it work:\n"
                      "  --cgroupns=private\n" },
                { 60, "tend 1.0: degraded for 16m, 1 of 3 units up, 1 failed, memo…\n"
                      "UNIT        STATE         SINCE     MEMORY  WHY, STATUS\n"
                      "web         running         10s  12M/256M~  Serves 12 reque…\n"
                      "loop        auto-restart   1.0s             exited with cod…\n"
                      "tick.timer  failed\n"
                      "~ kept by samples: the cgroups are read-only; what makes it\n"
                      "  work: --cgroupns=private\n" },
                { 20, "tend 1.0: degraded …\n"
                      "UNIT    STATE\n"
                      "web     running\n"
                      "loop    auto-restart\n"
                      "tick.…  failed\n"
                      "~ kept by samples:\n"
                      "  the cgroups are\n"
                      "  read-only; what\n"
                      "  makes it work:\n"
                      "  --cgroupns=private\n" },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                autofree char *text = print(rows[i].width, false);
                CHECK_STRING(text, rows[i].text, "row %zu", i);
        }
}

/* However narrow it is, no line is longer. */
TEST(table_never_breaks_a_line) {
        for (unsigned width = 10; width < 120; width++) {
                autofree char *text = print(width, false);
                for (char *line = text ? strtok(text, "\n") : NULL; line; line = strtok(NULL, "\n"))
                        CHECK(glyph_columns(line) <= width, "%u columns: %s", width, line);
        }
}

TEST(table_colours_only_what_is_asked_to) {
        autofree char *plain = print(80, false), *coloured = print(80, true);

        CHECK(plain && !strchr(plain, '\033'));
        CHECK(coloured && strstr(coloured, "\033[32mrunning\033[0m") && strstr(coloured, "\033[1;31mfailed"));
}

TEST(glyph_shows_nothing_that_a_terminal_obeys) {
        static const struct {
                const char *text;
                size_t most;
                const char *shown;
                size_t columns;
        } rows[] = {
                { "plain", 9, "plain", 5 },
                { "plain", 4, "pla…", 4 },
                { "plain", 0, "", 0 },
                { "a\033[31mb\a\nc", 99, "a?[31mb??c", 10 },
                { "caf\xc3\xa9", 9, "caf\xc3\xa9", 4 },
                { "caf\xc3", 9, "caf\xef\xbf\xbd", 4 },
                { "\xc0\x80\xed\xa0\x80", 9, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
                  5 },
                { "\xe6\x97\xa5\xe6\x9c\xac", 4, "\xe6\x97\xa5\xe6\x9c\xac", 4 },
                { "\xe6\x97\xa5\xe6\x9c\xac", 3, "\xe6\x97\xa5…", 3 },
                { "e\xcc\x81!", 2, "e\xcc\x81!", 2 },
                { "\xc2\x9b"
                  "31m",
                  9, "?31m", 4 },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                autofree char *text = NULL;
                size_t size, n = 0;
                FILE *out = open_memstream(&text, &size);
                if (!CHECK(out))
                        return;
                n = glyph_print(out, rows[i].text, rows[i].most);
                (void) fclose(out);
                CHECK_STRING(text, rows[i].shown, "row %zu", i);
                CHECK(n == rows[i].columns, "row %zu: %zu columns", i, n);
        }
}

TEST(glyph_knows_what_turns_the_writing_round) {
        CHECK(glyph_is_control(0x202e) && glyph_is_control(0x9b) && glyph_is_control(0x1b));
        CHECK(!glyph_is_control('a') && !glyph_is_control(0xe9) && !glyph_is_control(0x2026));
}

TEST(human_amounts_are_short) {
        static const struct {
                uint64_t value;
                const char *text;
        } sizes[] = { { 0, "0B" },           { 999, "999B" },      { 1000, "0.9K" },
                      { 1024, "1K" },        { 10 << 20, "10M" },  { 1536, "1.5K" },
                      { 999 << 20, "999M" }, { 1ULL << 40, "1T" }, { UINT64_MAX, "15E" } },
          spans[] = { { 0, "0ms" },
                      { 250 * USEC_PER_MSEC, "250ms" },
                      { 3250 * USEC_PER_MSEC, "3.2s" },
                      { 61 * USEC_PER_SEC, "61s" },
                      { 12 * USEC_PER_MIN, "12m" },
                      { 119 * USEC_PER_MIN, "119m" },
                      { 47 * USEC_PER_HOUR, "47h" },
                      { 49 * USEC_PER_HOUR, "2d" } },
          shares[] = { { 5000, "50%" }, { 1250, "12.50%" }, { 40000, "400%" } };
        char text[HUMAN_MAX];

        for (size_t i = 0; i < countof(sizes); i++)
                CHECK_STRING(human_size(sizes[i].value, text), sizes[i].text, "size %zu", i);
        for (size_t i = 0; i < countof(spans); i++)
                CHECK_STRING(human_span(spans[i].value, text), spans[i].text, "span %zu", i);
        for (size_t i = 0; i < countof(shares); i++)
                CHECK_STRING(human_share(shares[i].value, text), shares[i].text, "share %zu", i);
}
