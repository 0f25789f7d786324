#include <errno.h>

#include "supervisor/judge.h"
#include "tests/unit/test.h"

/* A list as a script, one word for each: "|" and "!" as they are written, "a" for an assertion; then how it
 * is: 1 yes, 0 no, e cannot be known. */
#define MOST 4

struct list {
        struct check checks[MOST];
        int answers[MOST];
        size_t n;
        unsigned asked; /* bit N: check N was */
};

static void make_list(struct list *l, const char *script) {
        *l = (struct list){};
        for (; *script != '\0' && l->n < MOST; script += *script == ' ') {
                struct check *c = &l->checks[l->n];

                c->assert = *script == 'a';
                script += c->assert;
                c->trigger = *script == '|';
                script += c->trigger;
                c->negate = *script == '!';
                script += c->negate;
                l->answers[l->n++] = *script == 'e' ? -EIO : *script - '0';
                script++;
                if (l->n > 1)
                        c[-1].next = c;
        }
}

static int ask(const struct check *c, void *context) {
        struct list *l = context;
        size_t i = (size_t) (c - l->checks);

        l->asked |= 1U << i;
        return l->answers[i];
}

#define TRIGGERS 9 /* which failed: all of those with "|" */

/* clang-format off */
static const struct {
        const char *script;
        bool holds;
        size_t failed; /* which one, or TRIGGERS */
        unsigned asked;
} rows[] = {
        { "",              true,  0,        0 },
        { "1",             true,  0,        1 },
        { "0",             false, 0,        1 },
        { "!1",            false, 0,        1 },
        { "!0",            true,  0,        1 },
        { "e",             false, 0,        1 },
        { "!e",            false, 0,        1 },
        { "1 1 1",         true,  0,        7 },
        { "1 0 1",         false, 1,        3 },
        { "|1",            true,  0,        1 },
        { "|0",            false, TRIGGERS, 1 },
        { "|!0",           true,  0,        1 },
        { "|e",            false, TRIGGERS, 1 },
        { "|!e",           false, TRIGGERS, 1 },
        { "|0 |1",         true,  0,        3 },
        { "|1 |0",         true,  0,        3 },
        { "|0 |0 |!1",     false, TRIGGERS, 7 },
        { "|e |1",         true,  0,        3 },
        { "|1 0",          false, 1,        3 },
        { "|0 1",          false, TRIGGERS, 3 },
        { "1 |0 |1 !0",    true,  0,        15 },
        { "0 |1",          false, 0,        1 },
        { "a0",            true,  0,        0 },
        { "a0 1",          true,  0,        2 },
        { "1 a|0",         true,  0,        1 },
};
/* clang-format on */

static size_t which(const struct list *l, const struct check *failed) {
        return failed ? (size_t) (failed - l->checks) : TRIGGERS;
}

TEST(judge_combines_conditions) {
        for (size_t i = 0; i < countof(rows); i++) {
                const struct check *failed = NULL;
                struct list l;

                make_list(&l, rows[i].script);
                bool holds = judge_checks(l.n > 0 ? l.checks : NULL, false, ask, &l, &failed);
                CHECK(holds == rows[i].holds, "row %zu: %s", i, rows[i].script);
                CHECK(holds || which(&l, failed) == rows[i].failed, "row %zu: %s", i, rows[i].script);
                CHECK(l.asked == rows[i].asked, "row %zu: %s: %#x", i, rows[i].script, l.asked);
        }
}

TEST(judge_keeps_assertions_apart) {
        const struct check *failed = NULL;
        struct list l;

        make_list(&l, "0 a1 a0 |0");
        CHECK(!judge_checks(l.checks, true, ask, &l, &failed));
        CHECK(failed == &l.checks[2] && l.asked == 6, "%#x", l.asked);
}
