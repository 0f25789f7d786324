#include <errno.h>

#include "base/text.h"
#include "supervisor/plan.h"
#include "tests/unit/test.h"

#define UNITS_MOST 4
#define SEC        USEC_PER_SEC

/* A unit in words. */
struct sketch {
        const char *name, *after, *before, *wants, *requires;
        usec_t stop;
        bool has_stop, has_stop_post;
};

struct made {
        struct config config;
        struct unit units[UNITS_MOST];
        struct unit *list[UNITS_MOST];
        struct command command;
};

static char **split(const char *words) {
        char **list = NULL;

        CHECK(!words || text_split(words, &list) == 0);
        return list;
}

/* Unit N is on line N + 1 of x.ini. */
static void make(struct made *m, const struct sketch *sketches) {
        *m = (struct made){ .config.units = m->list };
        for (size_t i = 0; i < UNITS_MOST && sketches[i].name; i++) {
                const struct sketch *s = &sketches[i];
                struct unit *u = m->list[i] = &m->units[i];
                u->name = s->name;
                u->from_tend_ini = true;
                u->file = "x.ini";
                u->line = (unsigned) i + 1;
                u->after = split(s->after);
                u->before = split(s->before);
                u->wants = split(s->wants);
                u->requires = split(s->requires);
                u->timeout_stop = s->stop;
                u->exec[EXEC_STOP] = s->has_stop ? &m->command : NULL;
                u->exec[EXEC_STOP_POST] = s->has_stop_post ? &m->command : NULL;
                m->config.n_units++;
        }
}

static void unmake(struct made *m) {
        for (size_t i = 0; i < m->config.n_units; i++) {
                struct unit *u = m->list[i];
                strv_free(u->after);
                strv_free(u->before);
                strv_free(u->wants);
                strv_free(u->requires);
        }
}

/* The same, of the links of these kinds. */
static const char *links_of(const struct plan *p, unsigned mask, char *buffer, size_t size) {
        FILE *out = fmemopen(buffer, size, "w");
        const char *blank = "";

        buffer[0] = '\0';
        for (uint32_t u = 0; out && u < p->links.n; u++)
                plan_each(p, u, v, mask) {
                        (void) fprintf(out, "%s%u>%u", blank, u, v);
                        blank = " ";
                }
        if (out)
                (void) fclose(out);
        return buffer;
}

/* "0>1 2>0": the edges, as numbers of units. */
static const char *edges_of(const struct graph *g, char *buffer, size_t size) {
        FILE *out = fmemopen(buffer, size, "w");
        const char *blank = "";

        buffer[0] = '\0';
        for (uint32_t u = 0; out && u < g->n; u++)
                graph_each(g, u, v) {
                        (void) fprintf(out, "%s%u>%u", blank, u, v);
                        blank = " ";
                }
        if (out)
                (void) fclose(out);
        return buffer;
}

static const struct {
        struct sketch sketches[UNITS_MOST];
        const char *after, *before, *needs, *needed_by, *pulls;
} edge_rows[] = {
        { {}, "", "", "", "", "" },
        { { { .name = "a.service" } }, "", "", "", "", "" },
        { { { .name = "a.service", .after = "b.service" }, { .name = "b.service" } },
          "0>1",
          "1>0",
          "",
          "",
          "" },
        { { { .name = "a.service", .before = "b.service" }, { .name = "b.service" } },
          "1>0",
          "0>1",
          "",
          "",
          "" },
        { { { .name = "a.service", .wants = "b.service" }, { .name = "b.service" } }, "", "", "", "", "0>1" },
        { { { .name = "a.service", .requires = "b.service" }, { .name = "b.service" } },
          "",
          "",
          "0>1",
          "1>0",
          "0>1" },
        { { { .name = "c.service", .after = "a.service b.service", .requires = "b.service" },
            { .name = "a.service" },
            { .name = "b.service", .before = "a.service", .wants = "c.service a.service" } },
          "0>1 0>2 1>2",
          "1>0 2>0 2>1",
          "0>2",
          "2>0",
          "0>2 2>0 2>1" },
        /* Targets that are always reached. */
        { { { .name = "a.service",
              .after = "network.target",
              .wants = "network-online.target",
              .requires = "basic.target" } },
          "",
          "",
          "",
          "",
          "" },
};

TEST(plan_edges) {
        for (size_t i = 0; i < countof(edge_rows); i++) {
                struct diags d = {};
                struct plan p;
                struct made m;
                char text[256];
                make(&m, edge_rows[i].sketches);
                if (CHECK(plan_build(&p, &m.config, &d) == 0, "row %zu", i)) {
                        CHECK(d.errors == 0 && d.warnings == 0, "row %zu", i);
                        CHECK_STRING(edges_of(&p.after, text, sizeof(text)), edge_rows[i].after, "row %zu",
                                     i);
                        CHECK_STRING(edges_of(&p.before, text, sizeof(text)), edge_rows[i].before, "row %zu",
                                     i);
                        CHECK_STRING(links_of(&p, LINK_START, text, sizeof(text)), edge_rows[i].needs,
                                     "row %zu", i);
                        CHECK_STRING(links_of(&p, LINK_STOP, text, sizeof(text)), edge_rows[i].needed_by,
                                     "row %zu", i);
                        CHECK_STRING(links_of(&p, LINK_START | LINK_START_SOFT, text, sizeof(text)),
                                     edge_rows[i].pulls, "row %zu", i);
                        plan_done(&p);
                }
                diags_done(&d);
                unmake(&m);
        }
}

static const struct {
        struct sketch sketches[UNITS_MOST];
        int error;
        const char *said;
} problem_rows[] = {
        { { { .name = "web.service", .after = "bd.service" }, { .name = "db.service" } },
          0,
          "x.ini:1: warning: web.service: After=bd.service: there is no such unit\n"
          "        did you mean After=db?\n" },
        { { { .name = "web.service" }, { .name = "db.service", .wants = "wbe.service" } },
          0,
          "x.ini:2: warning: db.service: Wants=wbe.service: there is no such unit\n"
          "        did you mean Wants=web?\n" },
        { { { .name = "web.service", .requires = "dbb.service" }, { .name = "db.service" } },
          -ENOENT,
          "x.ini:1: error: web.service: Requires=dbb.service: there is no such unit\n"
          "        did you mean Requires=db?\n" },
        { { { .name = "web.service", .before = "something-else.service" } },
          0,
          "x.ini:1: warning: web.service: Before=something-else.service: there is no such unit\n" },
        /* Nobody means himself. */
        { { { .name = "web1.service", .after = "web2.service" } },
          0,
          "x.ini:1: warning: web1.service: After=web2.service: there is no such unit\n" },
        { { { .name = "a.service", .after = "a.service" } },
          -ELOOP,
          "x.ini:1: error: the order goes round in a circle: a.service after a.service\n"
          "        take one After= or Before= out of it\n" },
        { { { .name = "web.service", .after = "db.service" },
            { .name = "db.service", .after = "web.service" } },
          -ELOOP,
          "x.ini:1: error: the order goes round in a circle: "
          "web.service after db.service after web.service\n"
          "        take one After= or Before= out of it\n" },
        { { { .name = "a.service" },
            { .name = "b.service", .after = "c.service", .before = "d.service" },
            { .name = "c.service", .after = "d.service" },
            { .name = "d.service", .requires = "x.service" } },
          -ELOOP,
          "x.ini:4: error: d.service: Requires=x.service: there is no such unit\n"
          "        did you mean Requires=a?\n"
          "x.ini:2: error: the order goes round in a circle: "
          "b.service after c.service after d.service after b.service\n"
          "        take one After= or Before= out of it\n" },
};

TEST(plan_problems_in_words) {
        for (size_t i = 0; i < countof(problem_rows); i++) {
                struct diags d = {};
                struct plan p = { .config = NULL };
                struct made m;
                autofree char *said = NULL;
                size_t size;
                make(&m, problem_rows[i].sketches);
                CHECK(plan_build(&p, &m.config, &d) == problem_rows[i].error, "row %zu", i);
                CHECK((p.config != NULL) == (problem_rows[i].error == 0), "row %zu", i);
                FILE *out = open_memstream(&said, &size);
                if (CHECK(out, "row %zu", i)) {
                        diags_print(&d, out);
                        (void) fclose(out);
                        CHECK_STRING(said, problem_rows[i].said, "row %zu", i);
                }
                plan_done(&p);
                diags_done(&d);
                /* PID 1 asks for no words. */
                CHECK(plan_build(&p, &m.config, NULL) == problem_rows[i].error, "row %zu", i);
                plan_done(&p);
                unmake(&m);
        }
}

TEST(plan_worst_stop_of_the_dearest_chain) {
        static const struct {
                struct sketch sketches[UNITS_MOST];
                usec_t wanted;
        } rows[] = {
                { {}, 0 },
                { { { .name = "a.service", .stop = 5 * SEC } }, 5 * SEC },
                { { { .name = "a.service", .stop = 5 * SEC, .has_stop = true } }, 10 * SEC },
                { { { .name = "a.service", .stop = 5 * SEC, .has_stop = true, .has_stop_post = true } },
                  15 * SEC },
                { { { .name = "a.service", .stop = 5 * SEC }, { .name = "b.service", .stop = 7 * SEC } },
                  7 * SEC },
                { { { .name = "a.service", .stop = 5 * SEC, .after = "b.service" },
                    { .name = "b.service", .stop = 7 * SEC } },
                  12 * SEC },
                { { { .name = "a.service", .stop = 5 * SEC, .after = "b.service c.service" },
                    { .name = "b.service", .stop = 7 * SEC },
                    { .name = "c.service", .stop = 1 * SEC, .after = "d.service" },
                    { .name = "d.service", .stop = 9 * SEC } },
                  15 * SEC },
                { { { .name = "a.service", .stop = USEC_INFINITY, .has_stop = true },
                    { .name = "b.service", .after = "a.service" } },
                  USEC_INFINITY },
                /* Requiring is not ordering. */
                { { { .name = "a.service", .stop = 5 * SEC, .requires = "b.service" },
                    { .name = "b.service", .stop = 7 * SEC } },
                  7 * SEC },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                struct plan p;
                struct made m;
                make(&m, rows[i].sketches);
                if (CHECK(plan_build(&p, &m.config, NULL) == 0, "row %zu", i)) {
                        CHECK(plan_worst_stop(&p) == rows[i].wanted, "row %zu", i);
                        plan_done(&p);
                }
                unmake(&m);
        }
}

TEST(plan_as_dot) {
        static const struct sketch sketches[UNITS_MOST] = {
                { .name = "web.service",
                  .after = "db.service",
                  .requires = "db.service",
                  .wants = "log.service" },
                { .name = "db.service" },
                { .name = "log.service", .before = "web.service" },
        };
        static const char *const lines[] = {
                "digraph tend {\n",
                "\"web.service\";\n",
                "\"db.service\";\n",
                "\"log.service\";\n",
                "\"web.service\" -> \"db.service\" [color=black];\n",
                "\"web.service\" -> \"log.service\" [color=black];\n",
                "\"web.service\" -> \"db.service\" [color=red, style=dashed];\n",
                "\"web.service\" -> \"db.service\" [color=gray, style=dotted];\n",
                "\"web.service\" -> \"log.service\" [color=gray, style=dotted];\n",
        };
        autofree char *text = NULL;
        unsigned arrows = 0;
        struct plan p;
        struct made m;
        size_t size;

        make(&m, sketches);
        FILE *out = open_memstream(&text, &size);
        if (!CHECK(out && plan_build(&p, &m.config, NULL) == 0))
                return;
        plan_print_dot(&p, out);
        (void) fclose(out);
        for (size_t i = 0; i < countof(lines); i++)
                CHECK(strstr(text, lines[i]), "line %zu", i);
        for (const char *at = text; (at = strstr(at, "->")); at += 2)
                arrows++;
        CHECK(arrows == 5, "%u arrows", arrows);
        CHECK(size > 2 && strcmp(text + size - 2, "}\n") == 0);
        plan_done(&p);
        unmake(&m);
}

/* What a unit file names and is not there is as good as not said; another name leads to the unit itself. */
TEST(plan_takes_unit_files_as_systemd_does) {
        static const struct sketch sketches[UNITS_MOST] = {
                { .name = "a.service",
                  .after = "other.service gone.service x.socket",
                  .wants = "gone.service" },
                { .name = "b.service", .before = "other.service", .requires = "-.mount system.slice" },
        };
        char *aliases[] = { (char[]){ "other.service" }, (char[]){ "b.service" }, NULL };
        struct diags diags = {};
        struct plan plan = {};
        struct made made;
        char edges[64];

        make(&made, sketches);
        made.config.aliases = aliases;
        for (size_t i = 0; i < made.config.n_units; i++)
                made.units[i].from_tend_ini = false;
        CHECK(plan_build(&plan, &made.config, &diags) == 0);
        CHECK(diags.n == 0, "%s", diags.n > 0 ? diags.list[0].text : "");
        CHECK_STRING(edges_of(&plan.after, edges, sizeof(edges)), "0>1");
        plan_done(&plan);
        diags_done(&diags);
        unmake(&made);
}

/* A built-in target orders those behind it after those that provide it. */
TEST(plan_orders_by_passive_targets) {
        static const struct sketch sketches[UNITS_MOST] = {
                { .name = "user.service", .after = "nss-lookup.target network.target" },
                { .name = "dns.service", .before = "nss-lookup.target", .wants = "nss-lookup.target" },
                { .name = "both.service",
                  .after = "network.target",
                  .before = "network.target shutdown.target",
                  .wants = "network.target" },
                { .name = "other.service", .before = "nss-lookup.target", .after = "shutdown.target" },
        };
        struct plan plan = {};
        struct made made;
        char edges[64];

        make(&made, sketches);
        CHECK(plan_build(&plan, &made.config, NULL) == 0);
        CHECK_STRING(edges_of(&plan.after, edges, sizeof(edges)), "0>1 0>2");
        plan_done(&plan);
        unmake(&made);
}

/* A timer is ahead of what it starts, and of whatever comes after timers.target; the other way round only
 * where that is said. */
TEST(plan_orders_by_triggers) {
        static const struct sketch sketches[UNITS_MOST] = {
                { .name = "a.service", .after = "timers.target" },
                { .name = "b.timer" },
                { .name = "b.service" },
                { .name = "c.timer", .after = "b.service timers.target" },
        };
        struct timer_spec timers[] = { { .unit = (char[]){ "b.service" } },
                                       { .unit = (char[]){ "b.service" } } };
        struct plan plan = {};
        struct made made;
        char edges[64];

        make(&made, sketches);
        made.units[1].timer = &timers[0];
        made.units[3].timer = &timers[1];
        CHECK(plan_build(&plan, &made.config, NULL) == 0);
        CHECK_STRING(edges_of(&plan.after, edges, sizeof(edges)), "0>1 0>3 2>1 3>2");
        plan_done(&plan);
        unmake(&made);
}

/* What is triggered waits, unless it was asked for, or what starts pulls it in; so does what only that
 * pulls. */
TEST(plan_starts_what_nothing_else_does) {
        static const struct {
                struct sketch sketches[UNITS_MOST];
                bool are_files;
                unsigned asked;     /* bit N: unit N */
                const char *starts; /* of each */
        } rows[] = {
                { { { .name = "t.timer" }, { .name = "job.service" }, { .name = "a.service" } },
                  false,
                  0,
                  "yny" },
                { { { .name = "t.timer" },
                    { .name = "job.service" },
                    { .name = "a.service", .wants = "job.service" } },
                  false,
                  0,
                  "yyy" },
                { { { .name = "t.timer" },
                    { .name = "job.service", .wants = "a.service" },
                    { .name = "a.service" } },
                  true,
                  1,
                  "ynn" },
                { { { .name = "t.timer" },
                    { .name = "job.service", .requires = "a.service" },
                    { .name = "a.service" } },
                  true,
                  3,
                  "yyy" },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                struct timer_spec timer = { .unit = (char[]){ "job.service" } };
                bool starts[UNITS_MOST] = {};
                struct plan plan = {};
                struct made made;

                make(&made, rows[i].sketches);
                made.units[0].timer = &timer;
                for (size_t k = 0; k < made.config.n_units; k++) {
                        made.units[k].from_tend_ini = !rows[i].are_files;
                        made.units[k].is_asked = rows[i].asked >> k & 1;
                }
                if (!CHECK(plan_build(&plan, &made.config, NULL) == 0, "row %zu", i))
                        continue;
                plan_mark_starting(&plan, starts);
                for (size_t k = 0; k < made.config.n_units; k++)
                        CHECK(starts[k] == (rows[i].starts[k] == 'y'), "row %zu, unit %zu", i, k);
                plan_done(&plan);
                unmake(&made);
        }
}
