#include "base/text.h"
#include "tests/unit/test.h"
#include "top/draw.h"

static struct live_status units[] = {
        { .name = "web.service",
          .active = "active",
          .state = "running",
          .up = true,
          .memory = 50,
          .cpu = 3000000,
          .restarts = 1 },
        { .name = "db.service",
          .active = "failed",
          .state = "failed",
          .memory = UINT64_MAX,
          .cpu = UINT64_MAX },
        { .name = "a.timer",
          .active = "active",
          .state = "waiting",
          .up = true,
          .memory = 70,
          .cpu = 1500000,
          .restarts = 7 },
        { .name = "new.service", .active = "activating", .state = "start", .memory = 60, .cpu = 100 },
};

static struct snapshot snapshot_of(void) {
        for (size_t i = 0; i < countof(units); i++) {
                struct live_status *u = &units[i];
                u->why = u->status = u->health = u->health_why = u->result = u->job = "";
                u->memory_tier = u->cpu_tier = u->tasks_tier = u->description = u->file = "";
                u->memory_max = u->tasks_max = u->cpu_max = UINT64_MAX;
        }
        return (struct snapshot){ .container = { .state = "running",
                                                 .version = "1",
                                                 .now = 10 * USEC_PER_SEC,
                                                 .started = 5 * USEC_PER_SEC,
                                                 .units = 4,
                                                 .up = 2,
                                                 .failed = 1,
                                                 .memory = UINT64_MAX },
                                  .units = units,
                                  .n = countof(units) };
}

TEST(top_orders) {
        static const struct {
                enum order by;
                const char *first, *last;
        } rows[] = {
                { ORDER_FILES, "web.service", "new.service" }, { ORDER_NAME, "a.timer", "web.service" },
                { ORDER_STATE, "db.service", "a.timer" },      { ORDER_RESTARTS, "a.timer", "new.service" },
                { ORDER_CPU, "web.service", "new.service" },   { ORDER_MEMORY, "a.timer", "db.service" },
        };
        const struct snapshot s = snapshot_of();
        char web[] = "web.service", timer[] = "a.timer", db[] = "db.service";
        struct used used[] = { { timer, 1000000 }, { web, 1000000 }, { db, 5 } };
        const struct moment past = { used, countof(used), 8 * USEC_PER_SEC };
        struct row got[countof(units)];

        for (size_t i = 0; i < countof(rows); i++) {
                order_rows(&s, &past, rows[i].by, got);
                CHECK_STRING(got[0].unit->name, rows[i].first, "%s", order_word(rows[i].by));
                CHECK_STRING(got[s.n - 1].unit->name, rows[i].last, "%s", order_word(rows[i].by));
        }
        order_rows(&s, &past, ORDER_FILES, got);
        CHECK(got[0].share == 10000 && got[2].share == 2500); /* two seconds of two, half a second of two */
        CHECK(got[1].share == ORDER_UNKNOWN && got[3].share == ORDER_UNKNOWN);
        used[1].cpu = 9 * USEC_PER_SEC; /* it was another process */
        order_rows(&s, &past, ORDER_FILES, got);
        CHECK(got[0].share == 0);
        order_rows(&s, &(struct moment){}, ORDER_FILES, got);
        CHECK(got[0].share == ORDER_UNKNOWN);
}

TEST(top_orders_have_keys_and_words) {
        for (int i = 0; i < ORDER_COUNT; i++)
                CHECK(order_of_word(order_word((enum order) i)) == i);
        CHECK(order_of_key('c') == ORDER_CPU && order_of_key('C') == -1 && order_of_key('q') == -1);
        CHECK(order_of_key('j') == -1 && order_of_key('k') == -1 && order_of_word("") == -1);
}

TEST(top_remembers_what_was_used) {
        const struct snapshot s = snapshot_of();
        struct moment p = {};

        moment_note(&p, &s);
        moment_note(&p, &s);
        if (CHECK(p.n == s.n && p.at == s.container.now))
                CHECK(strcmp(p.list[2].name, "a.timer") == 0 && p.list[2].cpu == 1500000);
        moment_done(&p);
}

/* Lines, and the widest of them, without what is a command for the terminal. */
static void measure(const char *text, size_t *ret_lines, size_t *ret_widest) {
        size_t width = 0;

        *ret_lines = 1;
        *ret_widest = 0;
        for (; *text; text++) {
                if (*text == '\033') {
                        while (!strchr("HKJm", *text))
                                text++;
                        continue;
                }
                *ret_lines += *text == '\n';
                width = *text == '\n' || *text == '\r' ? 0 : width + ((*text & 0xc0) != 0x80);
                *ret_widest = MAX(*ret_widest, width);
        }
}

/* Whatever the window: each line of it is written, and none is longer than it is wide. */
TEST(top_fits_the_window) {
        static const unsigned sizes[][2] = {
                { 80, 24 }, { 80, 4 }, { 20, 5 }, { 200, 50 }, { 1, 4 }, { 7, 6 }
        };
        const struct snapshot s = snapshot_of();
        struct row rows[countof(units)];

        order_rows(&s, &(struct moment){}, ORDER_FILES, rows);
        for (size_t i = 0; i < countof(sizes); i++) {
                struct view v = { .screen = { .width = sizes[i][0], .has_colours = true },
                                  .height = sizes[i][1] };
                autofree char *text = NULL;
                size_t size, lines, widest;
                FILE *out = open_memstream(&text, &size);
                if (!out)
                        return;
                draw(&v, out, &s.container, rows, s.n);
                (void) fclose(out);
                measure(text, &lines, &widest);
                CHECK(lines == sizes[i][1] && widest <= sizes[i][0], "%u by %u: %zu by %zu", sizes[i][0],
                      sizes[i][1], widest, lines);
        }
}

/* The selected row is always one of those that are shown. */
TEST(top_scrolls) {
        static const struct {
                size_t selected, before, first, after;
        } rows[] = {
                { 0, 0, 0, 0 }, { 1, 0, 0, 1 }, { 2, 0, 1, 2 }, { 3, 0, 2, 3 }, { 0, 2, 0, 0 },
                { 9, 0, 2, 3 }, { 2, 9, 2, 2 }, { 2, 2, 2, 2 }, { 2, 1, 1, 2 },
        };
        const struct snapshot s = snapshot_of();
        struct row all[countof(units)];

        order_rows(&s, &(struct moment){}, ORDER_FILES, all);
        for (size_t i = 0; i < countof(rows); i++) {
                struct view v = { .screen.width = 80,
                                  .height = 5, /* two rows */
                                  .selected = rows[i].selected,
                                  .first = rows[i].before };
                FILE *out = fopen("/dev/null", "we");
                if (!out)
                        return;
                draw(&v, out, &s.container, all, s.n);
                (void) fclose(out);
                CHECK(v.first == rows[i].first && v.selected == rows[i].after, "row %zu: %zu, %zu", i,
                      v.first, v.selected);
        }
}
