/* `tend check`: all that is wrong with the files, and what cannot be seen in one place alone: stops that add
 * up to more than the budget, starts that would be skipped. */
#include <string.h>

#include "base/parse.h"
#include "config/setting.h"
#include "control/conditions.h"
#include "control/crowd.h"
#include "control/json.h"
#include "control/loaded.h"
#include "control/verb.h"

/* The chain of units whose own TimeoutStopSec= adds up to the most. */
struct chain {
        usec_t *weight, *sum;      /* owned; of each unit alone, and with the dearest it comes behind */
        uint32_t *order, *scratch; /* owned */
        uint32_t first;
        usec_t total;
};

static void chain_done(struct chain *c) {
        free(c->weight);
        free(c->sum);
        free(c->order);
        free(c->scratch);
}

static bool has_written_timeout(const struct unit *u) {
        static const char *const keys[] = { "TimeoutStopSec", "TimeoutSec" };

        for (size_t i = 0; i < countof(keys); i++) {
                const struct setting *s = setting_find(OWNER_UNIT, keys[i]);
                if (s && setting_origin(s, u->origins, u->n_origins))
                        return true;
        }
        return false;
}

/* Only what somebody wrote counts: a default gives way to the budget by design, so it is no promise to
 * break. */
static usec_t written_stop(const struct unit *u) {
        return has_written_timeout(u) ? plan_worst_stop_of(u) : 0;
}

static int chain_init(struct chain *c, const struct plan *p) {
        size_t n = p->after.n;

        *c = (struct chain){
                .weight = calloc(n + 1, sizeof(usec_t)),
                .sum = calloc(n + 1, sizeof(usec_t)),
                .order = calloc(n + 1, sizeof(uint32_t)),
                .scratch = calloc(2 * n + 1, sizeof(uint32_t)),
        };
        if (!c->weight || !c->sum || !c->order || !c->scratch)
                return -1;

        for (size_t i = 0; i < n; i++)
                c->weight[i] = written_stop(p->config->units[i]);
        if (!graph_sort(&p->after, c->order, c->scratch))
                return -1;

        c->total = graph_longest(&p->after, c->order, c->weight, c->sum);
        for (uint32_t i = 0; i < n; i++)
                if (c->sum[i] > c->sum[c->first])
                        c->first = i;
        return 0;
}

/* From the unit that stops first down to the last that has a part in the sum. */
static void print_chain(const struct chain *c, const struct plan *p, FILE *out) {
        const char *between = "";
        uint32_t at = c->first, next;
        char span[PARSE_PRINT_MAX];

        for (;; at = next) {
                if (c->weight[at] > 0) {
                        (void) fprintf(out, "%s%s (%s)", between, p->config->units[at]->name,
                                       print_span(c->weight[at], span));
                        between = ", then ";
                }
                next = at;
                graph_each(&p->after, at, v) {
                        if (next == at || c->sum[v] > c->sum[next])
                                next = v;
                }
                if (next == at || c->sum[next] == 0)
                        return;
        }
}

static void say_over_budget(const struct chain *c, const struct plan *p, usec_t budget, struct diags *d) {
        char total[PARSE_PRINT_MAX], most[PARSE_PRINT_MAX];
        const struct unit *u = p->config->units[c->first];
        autofree char *words = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&words, &size);

        if (out) {
                print_chain(c, p, out);
                (void) fclose(out);
        }
        (void) diag(d, u->file, u->line, 0, "stopping may take %s, and the stop budget is %s: %s",
                    print_span(c->total, total), print_span(budget, most), words ? words : u->name);
        diag_hint(d, "what is left then is killed: shorten TimeoutStopSec=, or raise StopBudget=");
}

/* The longest ordered stop against what there is for it. */
static void check_budget(const struct loaded *l, usec_t budget, struct diags *d) {
        struct chain c;

        if (chain_init(&c, &l->plan) == 0 && c.total > budget)
                say_over_budget(&c, &l->plan, budget, d);
        chain_done(&c);
}

static void print_count(size_t n, const char *what) {
        printf("%zu %s%s", n, what, n == 1 ? "" : "s");
}

static size_t count_services(const struct config *c) {
        size_t n = 0;

        for (size_t i = 0; i < c->n_units; i++)
                n += !c->units[i]->is_target;
        return n;
}

static const char *what_is_checked(const struct request *r) {
        if (r->words[0])
                return r->words[0];
        return r->units ? r->units[0] : DEFAULT_FILE;
}

/* "tend.ini: 5 services, 1 warning; stopping takes 9s at most" */
static void print_summary(const struct loaded *l, const char *path, usec_t budget) {
        printf("%s: ", path);
        if (l->config) {
                print_count(count_services(l->config), "service");
                (void) fputs(", ", stdout);
        }
        if (l->diags.errors > 0) {
                print_count(l->diags.errors, "error");
                (void) fputs(l->diags.warnings > 0 ? ", " : "", stdout);
        }
        if (l->diags.warnings > 0)
                print_count(l->diags.warnings, "warning");
        if (l->diags.errors + l->diags.warnings == 0)
                (void) fputs("no problem", stdout);
        if (l->config) {
                char span[PARSE_PRINT_MAX];

                print_span(MIN(plan_worst_stop(&l->plan), budget), span);
                printf("; stopping takes %s at most", span);
        }
        putchar('\n');
}

static void print_json(const struct loaded *l, const char *path, usec_t budget) {
        json_member(stdout, "{", "file", path);
        printf(",\"errors\":%zu,\"warnings\":%zu", l->diags.errors, l->diags.warnings);
        if (l->config) {
                printf(",\"services\":%zu,\"stop\":", count_services(l->config));
                json_span(stdout, MIN(plan_worst_stop(&l->plan), budget));
        } else
                (void) fputs(",\"services\":null,\"stop\":null", stdout);
        (void) fputs(",\"problems\":", stdout);
        json_problems(stdout, &l->diags);
        puts("}");
}

static void print_words(const struct loaded *l, const char *path, usec_t budget) {
        diags_print(&l->diags, stdout);
        print_summary(l, path, budget);
}

static int exit_code(const struct diags *d) {
        return d->errors > 0 ? EXIT_WRONG : d->warnings > 0 ? EXIT_WARNINGS : EXIT_FINE;
}

int check_main(const struct request *r) {
        const struct load_options o = {
                .path = r->words[0],
                .command = r->command,
                .environment = environ,
                .units = r->units,
                .unit_path = r->unit_path,
                .enabled = r->enabled,
                .keep_origins = true,
                .look_at_system = true,
        };
        struct loaded l;
        usec_t budget = r->stop_budget;

        if (r->json && (r->graph || r->roff))
                return verb_complain("check", "it is either this or --json", r->graph ? "--graph" : "--roff",
                                     NULL);
        if (r->explain || r->roff)
                return explain_main(r);
        if (r->n_words > 1)
                return verb_complain("check", "one word too many", r->words[1],
                                     "a command comes behind `--`");

        int e = loaded_open(&l, &o);
        if (e >= 0) {
                if (budget == USEC_INFINITY)
                        budget = l.config->container.stop_budget;
                check_budget(&l, budget, &l.diags);
                crowd_check(l.config, &l.diags);
                if (!r->graph)
                        conditions_check(l.config, &l.diags);
        }

        if (r->graph)
                diags_print(&l.diags, stderr);
        else
                (r->json ? print_json : print_words)(&l, l.config ? l.config->path : what_is_checked(r),
                                                     budget);
        if (r->graph && e >= 0)
                plan_print_dot(&l.plan, stdout);

        int code = exit_code(&l.diags);
        loaded_close(&l);
        return code;
}
