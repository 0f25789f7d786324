#include "base/text.h"
#include "plot/layout.h"
#include "plot/svg.h"
#include "plot/tell.h"
#include "plot/xml.h"
#include "tests/unit/test.h"

/* --- Records to look at: times are milliseconds since the start, "-" is never. */

#define START (1000 * USEC_PER_SEC)
#define MOST  8
#define LONG  "a-name-that-is-longer-than-most-others-are-and-goes-on-and-on-and-on.service"

struct given {
        const char *name, *state;
        const char *runs; /* ASKED/BEGUN/READY/ENDED of each, and `!` behind those that failed */
        const char *after;
        unsigned lost;
};

struct stage {
        struct record record;
        struct live_history units[MOST];
        uint32_t after[MOST * MOST];
        size_t first[MOST + 1];
};

static usec_t read_time(const char **at) {
        usec_t value = 0;

        if (**at == '-') {
                ++*at;
                return 0;
        }
        for (; **at >= '0' && **at <= '9'; ++*at)
                value = 10 * value + (usec_t) (**at - '0');
        return START + value * USEC_PER_MSEC;
}

static void read_runs(struct live_history *u, const char *text) {
        while (*text) {
                struct live_run *run = &u->runs[u->n_runs++];
                usec_t *const times[] = { &run->asked, &run->begun, &run->ready, &run->ended };
                *run = (struct live_run){ .result = "", .why = "" };
                for (size_t i = 0; i < countof(times); i++) {
                        *times[i] = read_time(&text);
                        text += *text == '/';
                }
                run->failed = *text == '!';
                run->why = run->failed ? "exited with code 3" : "";
                text += strspn(text, "! ");
        }
}

static void set_stage(struct stage *s, const struct given *given, size_t n, const char *ready,
                      const char *now) {
        size_t n_after = 0;

        *s = (struct stage){ .record.n = n };
        s->record.units = s->units;
        s->record.after = s->after;
        s->record.first = s->first;
        s->record.start = (struct live_start){ .version = "1",
                                               .hostname = "shop",
                                               .state = "running",
                                               .started = START,
                                               .ready = read_time(&ready),
                                               .now = read_time(&now) };
        for (size_t i = 0; i < n; i++) {
                bool failed = strcmp(given[i].state, "failed") == 0;
                s->units[i] = (struct live_history){ .name = given[i].name,
                                                     .description = given[i].name,
                                                     .state = given[i].state,
                                                     .active = failed ? "failed" : "active",
                                                     .why = failed ? "exited with code 3" : "",
                                                     .lost = given[i].lost };
                read_runs(&s->units[i], given[i].runs);
                for (size_t k = 0; k < n; k++)
                        if (strstr(given[i].after, given[k].name))
                                s->after[n_after++] = (uint32_t) k;
                s->first[i + 1] = n_after;
        }
}

/* --- Times. */

TEST(plot_spans) {
        static const struct {
                usec_t span;
                const char *words, *exact;
        } rows[] = {
                { 0, "0", "0" },
                { 7, "7us", "7us" },
                { 999, "999us", "999us" },
                { 1049, "1ms", "1.049ms" },
                { 1650, "1.6ms", "1.65ms" },
                { 312999, "312ms", "312.999ms" },
                { USEC_PER_SEC, "1.000s", "1s" },
                { 2080999, "2.080s", "2.080999s" },
                { 1500 * USEC_PER_MSEC, "1.500s", "1.5s" },
                { 20000001, "20.000s", "20.000001s" },
                { 90 * USEC_PER_SEC + 7, "1min 30s", "1min 30s 7us" },
                { 2 * USEC_PER_HOUR + 61 * USEC_PER_SEC, "2h 1min", "2h 1min 1s" },
                { 3 * USEC_PER_DAY + USEC_PER_MIN, "3d", "3d 1min" },
                { 400 * USEC_PER_DAY, "400d", "400d" },
        };
        char buffer[SPAN_MAX];

        for (size_t i = 0; i < countof(rows); i++) {
                CHECK_STRING(span_words(rows[i].span, buffer), rows[i].words, "row %zu", i);
                CHECK_STRING(span_exact(rows[i].span, buffer), rows[i].exact, "row %zu", i);
        }
}

/* Of each axis the first ticks, and the last. */
TEST(plot_axis_has_sensible_ticks) {
        static const struct {
                usec_t ready, end;
                const char *labels;
        } rows[] = {
                { 0, 0, "0 1us" },
                { 1, 1, "0" },
                { 0, 7200, "0 1ms 2ms 3ms 4ms 5ms 6ms 7ms" },
                { 0, 999, "0 100us 200us 300us 400us 500us 600us 700us 800us 900us" },
                { 0, 3 * USEC_PER_SEC, "0 500ms 1s 1.5s 2s 2.5s 3s" },
                { 0, 100 * USEC_PER_SEC, "0 10s 20s 30s 40s 50s 1min 1min 10s 1min 20s 1min 30s 1min 40s" },
                { 2082 * USEC_PER_MSEC, 13 * USEC_PER_SEC, "0 500ms 1s 1.5s 5s 10s" },
                { 300 * USEC_PER_MSEC, 5 * USEC_PER_HOUR, "0 50ms 100ms 150ms 200ms 250ms 2h 4h" },
                { 300 * USEC_PER_MSEC, 90 * USEC_PER_DAY, "0 50ms 100ms 150ms 200ms 250ms 50d" },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                const struct axis a = axis_make(100, 860, rows[i].ready, rows[i].end);
                struct tick ticks[TICKS_MOST];
                char labels[400] = "", span[SPAN_MAX];
                size_t n = axis_ticks(&a, ticks), used = 0;
                for (size_t k = 0; k < n; k++) {
                        used += (size_t) snprintf(labels + used, sizeof(labels) - used, "%s%s",
                                                  k > 0 ? " " : "", span_exact(ticks[k].at, span));
                        CHECK(k == 0 || ticks[k].x - ticks[k - 1].x > 38, "row %zu: tick %zu", i, k);
                        CHECK(ticks[k].x >= 100 && ticks[k].x <= 960, "row %zu: tick %zu", i, k);
                }
                CHECK_STRING(labels, rows[i].labels, "row %zu", i);
        }
}

TEST(plot_axis_places_times) {
        static const struct {
                usec_t ready, end, at;
                double x;
        } rows[] = {
                { 0, 100, 0, 0 },    { 0, 100, 25, 250 },     { 0, 100, 100, 1000 }, { 0, 100, 500, 1000 },
                { 50, 100, 0, 0 },   { 50, 100, 25, 350 },    { 50, 100, 50, 700 },  { 50, 100, 75, 850 },
                { 50, 100, 9, 126 }, { 50, 50, 50, 700 },     { 50, 50, 51, 700 },   { 0, 0, 0, 0 },
                { 9, 3, 9, 700 },    { 0, UINT64_MAX, 0, 0 },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                const struct axis a = axis_make(0, 1000, rows[i].ready, rows[i].end);
                double x = axis_place(&a, rows[i].at);
                CHECK(x > rows[i].x - 0.01 && x < rows[i].x + 0.01, "row %zu: %f", i, x);
        }
}

/* --- Who waited for whom. */

/* "unit BEGUN SETTLED TRIES" of each step, in milliseconds. */
static void print_chain(const struct step *steps, size_t n, const struct record *r, char *text, size_t size) {
        size_t used = 0;

        *text = '\0';
        for (size_t i = 0; i < n; i++) {
                const struct attempt *a = &steps[i].attempt;
                used += (size_t) snprintf(text + used, size - used, "%s%s %d %d%s", i > 0 ? ", " : "",
                                          r->units[steps[i].unit].name,
                                          a->begun != 0 ? (int) ((a->begun - START) / USEC_PER_MSEC) : -1,
                                          a->settled != 0 ? (int) ((a->settled - START) / USEC_PER_MSEC) : -1,
                                          a->failed ? "!" : "");
                if (a->tries > 1)
                        used += (size_t) snprintf(text + used, size - used, " x%u", a->tries);
        }
}

static const struct {
        const char *what;
        struct given units[MOST];
        const char *ready;
        size_t unit; /* SIZE_MAX: the end of the start */
        const char *chain;
} chains[] = {
        { "nobody waits", { { "a", "running", "0/0/5/-", "", 0 } }, "5", SIZE_MAX, "a 0 5" },
        { "the last one counts",
          { { "a", "running", "0/0/5/-", "", 0 },
            { "b", "running", "0/0/9/-", "", 0 },
            { "c", "running", "0/9/12/-", "a b", 0 } },
          "12",
          SIZE_MAX,
          "c 9 12, b 0 9" },
        { "whatever the order of the files",
          { { "c", "running", "0/9/12/-", "b a", 0 },
            { "b", "running", "0/3/9/-", "a", 0 },
            { "a", "running", "0/0/3/-", "", 0 } },
          "12",
          SIZE_MAX,
          "c 9 12, b 3 9, a 0 3" },
        { "of another unit",
          { { "a", "running", "0/0/5/-", "", 0 },
            { "b", "running", "0/5/9/-", "a", 0 },
            { "c", "running", "0/9/12/-", "b", 0 } },
          "12",
          1,
          "b 5 9, a 0 5" },
        { "a failure lets others go on",
          { { "a", "failed", "0/0/-/5!", "", 0 }, { "b", "running", "0/5/9/-", "a", 0 } },
          "9",
          SIZE_MAX,
          "b 5 9, a 0 5!" },
        { "what is repeated settles nothing until it is up",
          { { "a", "running", "0/0/-/2! -/4/-/6! -/8/9/-", "", 0 }, { "b", "running", "0/9/10/-", "a", 0 } },
          "10",
          SIZE_MAX,
          "b 9 10, a 0 9 x3" },
        { "also those tries that are not kept",
          { { "a", "running", "0/0/-/2! -/8/9/-", "", 30 }, { "b", "running", "0/9/10/-", "a", 0 } },
          "10",
          SIZE_MAX,
          "b 9 10, a 0 9 x32" },
        { "a run of its own afterwards is none of its business",
          { { "a", "running", "0/0/3/50! -/60/70/-", "", 0 }, { "b", "running", "0/3/5/-", "a", 0 } },
          "5",
          SIZE_MAX,
          "b 3 5, a 0 3" },
        { "who was up before anybody asked was not waited for",
          { { "a", "running", "0/0/3/-", "", 0 }, { "b", "running", "100/100/105/-", "a", 0 } },
          "3",
          1,
          "b 100 105" },
        { "the end of the start is not what started later",
          { { "a", "running", "0/0/3/-", "", 0 }, { "b", "running", "100/100/105/-", "a", 0 } },
          "3",
          SIZE_MAX,
          "a 0 3" },
        { "up and gone is settled",
          { { "a", "dead", "0/0/4/6", "", 0 }, { "b", "running", "0/4/5/-", "a", 0 } },
          "5",
          SIZE_MAX,
          "b 4 5, a 0 4" },
        { "it is not over yet: whoever waits",
          { { "a", "start", "0/0/-/-", "", 0 },
            { "b", "dead", "0/-/-/-", "a", 0 },
            { "c", "running", "0/0/3/-", "", 0 } },
          "-",
          SIZE_MAX,
          "b -1 -1, a 0 -1" },
        { "a loop of crashes is on its way",
          { { "a", "auto-restart", "0/0/-/2! -/4/-/6!", "", 0 }, { "b", "dead", "0/-/-/-", "a", 0 } },
          "-",
          SIZE_MAX,
          "b -1 -1, a 0 -1! x2" },
        { "one that came to nothing before it began",
          { { "a", "failed", "0/0/-/5!", "", 0 }, { "b", "failed", "0/-/-/5!", "a", 0 } },
          "5",
          1,
          "b -1 5!, a 0 5!" },
        { "never asked", { { "a", "dead", "", "", 0 } }, "5", 0, "" },
        { "nobody was", { { "a", "dead", "", "", 0 } }, "5", SIZE_MAX, "" },
        { "a liar's circle has an end",
          { { "a", "running", "0/5/5/-", "b", 0 }, { "b", "running", "0/5/5/-", "a", 0 } },
          "5",
          0,
          "a 5 5, b 5 5" },
};

TEST(plot_chain_is_of_those_waited_for_last) {
        for (size_t i = 0; i < countof(chains); i++) {
                struct stage s;
                struct step steps[MOST + 1];
                char text[400];
                size_t n = 0;
                while (n < MOST && chains[i].units[n].name)
                        n++;
                set_stage(&s, chains[i].units, n, chains[i].ready, "200");
                size_t unit = chains[i].unit == SIZE_MAX ? chain_end(&s.record) : chains[i].unit;
                n = unit == SIZE_MAX ? 0 : chain_find(&s.record, unit, steps);
                print_chain(steps, n, &s.record, text, sizeof(text));
                CHECK_STRING(text, chains[i].chain, "%s", chains[i].what);
        }
}

TEST(plot_chain_fits_the_screen) {
        static const struct given units[] = {
                { LONG, "failed", "0/0/-/5!", "", 0 },
                { "b", "running", "0/5/1500/-", LONG, 0 },
        };
        static const unsigned widths[] = { 1, 20, 40, 80, 200 };
        struct stage s;
        struct step steps[MOST];

        set_stage(&s, units, countof(units), "1500", "2000");
        size_t n = chain_find(&s.record, 1, steps);
        for (size_t i = 0; i < countof(widths); i++) {
                const struct screen screen = { .width = widths[i] };
                autofree char *text = NULL;
                size_t size, column = 0;
                FILE *out = open_memstream(&text, &size);
                if (!out)
                        return;
                tell_chain(&screen, out, &s.record, steps, n);
                (void) fclose(out);
                for (const char *p = text; *p; p++) {
                        column = *p == '\n' ? 0 : column + ((*p & 0xc0) != 0x80);
                        CHECK(column <= MAX(widths[i], 12U), "%u wide: %s", widths[i], text);
                }
                if (widths[i] == 200)
                        CHECK(strstr(text,
                                     "b @5ms +1.495s\n└─" LONG " @0 +5ms, failed: exited with code 3\n"),
                              "%s", text);
        }
}

/* --- The picture. */

/* "web w0-5 s5-9 u9-100 r50": bars and marks of each row, in the order of the rows. */
static void print_rows(const struct layout *l, char *text, size_t size) {
        size_t used = 0;

        *text = '\0';
        for (size_t i = 0; i < l->n_rows; i++) {
                const struct row *row = &l->rows[i];
                used += (size_t) snprintf(text + used, size - used, "%s%s%s", i > 0 ? "\n" : "",
                                          l->record->units[row->unit].name, row->on_chain ? "*" : "");
                for (size_t k = row->first_bar; k < row->first_bar + row->n_bars; k++)
                        used += (size_t) snprintf(text + used, size - used, " %c%d-%d",
                                                  "wsud?"[l->bars[k].part],
                                                  (int) (l->bars[k].from / USEC_PER_MSEC),
                                                  (int) (l->bars[k].to / USEC_PER_MSEC));
                for (size_t k = row->first_mark; k < row->first_mark + row->n_marks; k++)
                        used += (size_t) snprintf(text + used, size - used, " %c%d", "RFS"[l->marks[k].kind],
                                                  (int) (l->marks[k].at / USEC_PER_MSEC));
                if (*row->note)
                        used += (size_t) snprintf(text + used, size - used, " (%s)", row->note);
        }
}

static const struct {
        const char *what;
        struct given units[MOST];
        const char *rows;
        size_t left_out, joints;
} pictures[] = {
        { "nothing at all", {}, "", 0, 0 },
        { "one that is up at once", { { "a", "running", "0/0/0/-", "", 0 } }, "a u0-200", 0, 0 },
        { "in the order in which they began",
          { { "c", "running", "0/9/12/-", "b", 0 },
            { "b", "running", "0/3/9/-", "a", 0 },
            { "a", "running", "0/0/3/-", "", 0 },
            { "d", "running", "0/3/3/-", "a", 0 } },
          "a* s0-3 u3-200\nb* w0-3 s3-9 u9-200\nd w0-3 u3-200\nc* w0-9 s9-12 u12-200",
          0,
          2 },
        { "a failure, and what it took along",
          { { "a", "failed", "0/0/-/5!", "", 0 }, { "b", "failed", "0/-/-/5!", "a", 0 } },
          "a s0-5 F5 (exited with code 3)\nb w0-5 F5 (exited with code 3)",
          0,
          0 },
        { "restarts",
          { { "a", "running", "0/0/2/50! -/60/61/100! -/120/121/-", "", 0 } },
          "a s0-2 u2-50 d50-60 s60-61 u61-100 d100-120 s120-121 u121-200 R60 R120 (2 restarts)",
          0,
          0 },
        { "a restart by hand, which others had to go before",
          { { "a", "running", "0/0/2/50 60/70/71/-", "", 0 } },
          "a s0-2 u2-50 d50-60 w60-70 s70-71 u71-200 S50 R70 (1 restart)",
          0,
          0 },
        { "waiting for its restart",
          { { "a", "auto-restart", "0/0/2/50!", "", 0 } },
          "a s0-2 u2-50 d50-200",
          0,
          0 },
        { "restarts that are not kept",
          { { "a", "running", "0/0/2/50! -/150/151/-", "", 7 } },
          "a s0-2 u2-50 ?50-150 s150-151 u151-200 R150 (8 restarts; 7 earlier restarts not kept)",
          0,
          0 },
        { "a job that is done", { { "a", "dead", "0/0/4/6", "", 0 } }, "a s0-4 u4-6 S6", 0, 0 },
        { "still on their way",
          { { "a", "start", "0/0/-/-", "", 0 }, { "b", "dead", "0/-/-/-", "a", 0 } },
          "a* s0-200\nb* w0-200",
          0,
          0 },
        { "never asked",
          { { "a", "dead", "", "", 0 }, { "b", "running", "0/0/2/-", "", 0 }, { "c", "dead", "", "", 0 } },
          "b s0-2 u2-200",
          2,
          0 },
};

TEST(plot_layout_has_a_row_for_each_start) {
        for (size_t i = 0; i < countof(pictures); i++) {
                struct stage s;
                autolayout struct layout l = {};
                char text[1000];
                size_t n = 0;
                while (n < MOST && pictures[i].units[n].name)
                        n++;
                bool is_over = strcmp(pictures[i].what, "still on their way") != 0;
                set_stage(&s, pictures[i].units, n, is_over ? "12" : "-", "200");
                if (!CHECK(layout_make(&l, &s.record) == 0))
                        continue;
                print_rows(&l, text, sizeof(text));
                CHECK_STRING(text, pictures[i].rows, "%s", pictures[i].what);
                CHECK(l.n_left_out == pictures[i].left_out && l.n_joints == pictures[i].joints,
                      "%s: %zu, %zu", pictures[i].what, l.n_left_out, l.n_joints);
        }
}

/* Nothing is drawn outside of its column, in however wide a picture. */
TEST(plot_layout_stays_within_its_columns) {
        static const struct given units[] = {
                { LONG, "failed", "0/0/-/5!", "", 0 },
                { "b", "running", "0/5/8/50! -/60/61/-", LONG, 9 },
        };
        struct stage s;
        autolayout struct layout l = {};

        set_stage(&s, units, countof(units), "8", "100000");
        if (!CHECK(layout_make(&l, &s.record) == 0))
                return;
        CHECK(l.names < l.took && l.took < l.axis.left && l.axis.right < l.notes && l.notes < l.width);
        for (size_t i = 0; i < l.n_bars; i++)
                CHECK(l.bars[i].x >= l.axis.left && l.bars[i].x + l.bars[i].width <= l.axis.right + 0.01,
                      "bar %zu", i);
        for (size_t i = 0; i < l.n_marks; i++)
                CHECK(l.marks[i].x >= l.axis.left && l.marks[i].x <= l.axis.right, "mark %zu", i);
        CHECK(layout_row(&l, 0) > l.top && layout_row(&l, 1) < l.bottom && l.bottom < l.height);
        CHECK(l.joints[0].x > l.axis.left && l.joints[0].from == 0 && l.joints[0].to == 1);
}

TEST(plot_says_what_it_shows) {
        static const struct given units[] = {
                { "a", "failed", "0/0/-/5!", "", 0 },
                { "b", "running", "0/5/8/50! -/60/61/-", "a", 9 },
                { "c", "dead", "", "", 0 },
        };
        static const char *const parts[] = {
                "<title id=\"tend-title\">shop: ready after 8ms, 1 of 2 units up, 1 failed</title>",
                "<desc id=\"tend-desc\">tend 1, started 1970-01-01 00:16:40 UTC, seen 100ms later.",
                "<title>a; failed; its start was over at 5ms and took 5ms; exited with code 3</title>",
                "<title>b; running; its start was over at 8ms and took 3ms; 10 restarts; 9 earlier",
                "<title>starting: 3ms, from 5ms on</title>",
                "<title>restarted at 60ms</title>",
                "<title>failed at 5ms</title>",
                "1 unit was not asked to start",
                "prefers-color-scheme:dark",
        };
        struct stage s;
        autolayout struct layout l = {};
        autofree char *text = NULL;
        size_t size;

        set_stage(&s, units, countof(units), "8", "100");
        FILE *out = open_memstream(&text, &size);
        if (!out || !CHECK(layout_make(&l, &s.record) == 0))
                return;
        svg_write(out, &l);
        (void) fclose(out);
        for (size_t i = 0; i < countof(parts); i++)
                CHECK(strstr(text, parts[i]), "%s", parts[i]);
        CHECK(!strstr(text, "<script") && !strstr(text, "url(http") && !strstr(text, "@import"));
}

TEST(xml_takes_any_text) {
        static const struct {
                const char *text;
                size_t most;
                const char *xml;
        } rows[] = {
                { "plain", SIZE_MAX, "plain" },
                { "<a b=\"c\" d='e'>&amp;]]>", SIZE_MAX,
                  "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;]]&gt;" },
                { "a\nb\x01\x7f", SIZE_MAX,
                  "a\xef\xbf\xbd"
                  "b\xef\xbf\xbd\xef\xbf\xbd" },
                { "\xff\xc3", SIZE_MAX, "\xef\xbf\xbd\xef\xbf\xbd" },
                { "\xef\xbf\xbe\xef\xbf\xbf", SIZE_MAX, "\xef\xbf\xbd\xef\xbf\xbd" }, /* U+FFFE, U+FFFF */
                { "\xf0\x9f\x8e\x89 \xe4\xb8\xad", SIZE_MAX, "\xf0\x9f\x8e\x89 \xe4\xb8\xad" },
                { "a<b>c<d>", 5, "a&lt;b&gt;…" },
                { "&&", 2, "&amp;&amp;" },
                { "abc", 0, "" },
                { "", SIZE_MAX, "" },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                autofree char *text = NULL;
                size_t size;
                FILE *out = open_memstream(&text, &size);
                if (!out)
                        return;
                xml_text(out, rows[i].text, rows[i].most);
                (void) fclose(out);
                CHECK_STRING(text, rows[i].xml, "row %zu", i);
        }
}
