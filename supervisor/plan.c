#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "config/kind.h"
#include "config/suggest.h"
#include "supervisor/plan.h"

struct edges {
        uint32_t *from, *to; /* owned */
        uint16_t *what;      /* owned; of links alone */
        uint32_t n, room;
};

/* For finding a unit by its name. */
struct entry {
        const char *name;
        uint32_t index;
};

struct building {
        const struct config *config;
        struct diags *diags;
        struct entry *by_name; /* owned */
        size_t n_names;
        struct edges after, links;
};

static int compare(const void *a, const void *b) {
        return strcmp(((const struct entry *) a)->name, ((const struct entry *) b)->name);
}

static int make_room(struct edges *e) {
        uint32_t room = MAX(2 * e->room, (uint32_t) 64);
        uint32_t *from = reallocarray(e->from, room, sizeof(*from));

        if (from)
                e->from = from;
        uint32_t *to = reallocarray(e->to, room, sizeof(*to));
        if (to)
                e->to = to;
        uint16_t *what = reallocarray(e->what, room, sizeof(*what));
        if (what)
                e->what = what;
        if (!from || !to || !what)
                return -ENOMEM;
        e->room = room;
        return 0;
}

static int add_edge(struct edges *e, uint32_t from, uint32_t to, uint16_t what) {
        if (e->n == e->room && make_room(e) < 0)
                return -ENOMEM;
        e->from[e->n] = from;
        e->to[e->n] = to;
        e->what[e->n] = what;
        e->n++;
        return 0;
}

static int tie(struct building *b, enum bond bond, uint32_t unit, uint32_t other) {
        const struct bond_links *l = &bond_links[bond];
        int r = 0;

        if (bond == BOND_AFTER)
                return add_edge(&b->after, unit, other, 0);
        if (bond == BOND_BEFORE)
                return add_edge(&b->after, other, unit, 0);
        if (l->forward)
                r = add_edge(&b->links, unit, other, l->forward);
        if (r == 0 && l->back)
                r = add_edge(&b->links, other, unit, l->back);
        return r;
}

/* Without ".service", which would make all names look alike. */
static char *short_name(const char *name) {
        return strndup(name, strlen(name) - (text_ends(name, ".service") ? strlen(".service") : 0));
}

static void suggest_unit(struct building *b, const struct unit *self, const char *key, const char *name) {
        autofree char *word = short_name(name);
        autostrv char **names = NULL;
        struct suggest nearest;

        if (!word)
                return;
        suggest_init(&nearest, word);
        for (size_t i = 0; i < b->config->n_units; i++) {
                const struct unit *u = b->config->units[i];
                char *candidate = u == self ? NULL : short_name(u->name);
                if (candidate && strv_take(&names, candidate) >= 0)
                        suggest_offer(&nearest, candidate);
        }
        if (nearest.best)
                diag_hint(b->diags, "did you mean %s=%s?", key, nearest.best);
}

static int say_missing(struct building *b, const struct unit *u, enum bond bond, const char *name) {
        if (!u->from_tend_ini)
                return 0; /* loading has said what matters; the rest is systemd's way of saying "where there
                             is one" */
        int error = bond_is_needed(bond) ? -ENOENT : 0;
        int r = diag(b->diags, u->file, u->line, error, "%s: %s=%s: there is no such unit", u->name,
                     bond_word(bond), name);
        suggest_unit(b, u, bond_word(bond), name);
        return r;
}

/* Such a unit is of the kind that the target is for, or says Before= and Wants= of it. */
static bool provides(const struct unit *u, const char *target) {
        const struct unit_kind *kind = unit_kind(u->name);

        return (kind && kind->target && strcmp(kind->target, target) == 0) ||
               (strv_contains(u->before, target) && strv_contains(u->wants, target));
}

/* Who provides what a target that has no unit stands for: those After= it come behind, as if the target were
 * there (systemd.special(7), passive targets). */
static int order_by_target(struct building *b, uint32_t index, const char *target) {
        const struct config *c = b->config;
        const struct unit *u = c->units[index];
        int r = 0;

        if (provides(u, target))
                return 0;
        for (uint32_t i = 0; i < c->n_units && r == 0; i++) {
                const struct unit *provider = c->units[i];

                if (provider != u && provides(provider, target))
                        r = add_edge(&b->after, index, i, 0);
        }
        return r;
}

static int add_list(struct building *b, uint32_t index, enum bond bond) {
        const struct unit *u = b->config->units[index];
        int problem = 0;

        for (char *const *name = unit_bond(u, bond); name && *name; name++) {
                struct entry wanted = { .name = *name };
                struct entry *found = bsearch(&wanted, b->by_name, b->n_names, sizeof(wanted), compare);
                int r = 0;
                if (found && found->index == index && (!u->from_tend_ini || strcmp(*name, u->name) != 0))
                        continue; /* itself, as unit files may say, or by another name */
                if (found)
                        r = tie(b, bond, index, found->index);
                else if (unit_is_built_in(*name))
                        r = bond == BOND_AFTER ? order_by_target(b, index, *name) : 0;
                else
                        problem = MIN(problem, say_missing(b, u, bond, *name));
                if (r < 0)
                        return r;
        }
        return problem;
}

/* All names by which a unit may be meant. */
static int name_units(struct building *b) {
        const struct config *c = b->config;
        char *const *aliases = c->aliases;

        b->by_name = reallocarray(NULL, c->n_units + strv_length(aliases) / 2 + 1, sizeof(*b->by_name));
        if (!b->by_name)
                return -ENOMEM;
        for (uint32_t i = 0; i < c->n_units; i++)
                b->by_name[b->n_names++] = (struct entry){ .name = c->units[i]->name, .index = i };
        for (; aliases && *aliases; aliases += 2)
                for (uint32_t i = 0; i < c->n_units; i++)
                        if (strcmp(c->units[i]->name, aliases[1]) == 0)
                                b->by_name[b->n_names++] = (struct entry){ .name = aliases[0], .index = i };
        qsort(b->by_name, b->n_names, sizeof(*b->by_name), compare);
        return 0;
}

/* What is triggered comes behind that which triggers it, unless it is the other way round on purpose
 * (systemd.timer(5), implicit dependencies). */
static int add_trigger(struct building *b, uint32_t index) {
        const struct unit *u = b->config->units[index];
        struct entry wanted = { .name = unit_triggers(u) }, *found;

        if (!wanted.name)
                return 0;
        found = bsearch(&wanted, b->by_name, b->n_names, sizeof(wanted), compare);
        if (!found || strv_contains(u->after, wanted.name))
                return 0;
        return add_edge(&b->after, found->index, index, 0);
}

static int collect(struct building *b) {
        size_t n = b->config->n_units;
        int problem = 0;

        if (name_units(b) < 0)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                for (enum bond k = 0; k < BOND_COUNT; k++) {
                        int r = add_list(b, i, k);
                        if (r == -ENOMEM)
                                return r;
                        problem = MIN(problem, r);
                }
                if (add_trigger(b, i) < 0)
                        return -ENOMEM;
        }
        return problem;
}

/* Lays a list of edges out as a graph, with what is on them where `what` is not NULL; returns the memory
 * behind it. */
static uint32_t *lay_out(struct graph *g, uint32_t n, const struct edges *e, uint32_t *memory,
                         uint16_t *what) {
        uint32_t *first = memory, *to = memory + n + 1;

        memset(first, 0, ((size_t) n + 1) * sizeof(*first));
        for (uint32_t i = 0; i < e->n; i++)
                first[e->from[i] + 1]++;
        for (uint32_t i = 0; i < n; i++)
                first[i + 1] += first[i];
        for (uint32_t i = e->n; i > 0; i--) { /* from the back, so that each list keeps its order */
                uint32_t at = --first[e->from[i - 1] + 1];

                to[at] = e->to[i - 1];
                if (what)
                        what[at] = e->what[i - 1];
        }
        /* Now first[u + 1] is where u begins: move the starts down. */
        for (uint32_t i = 0; i < n; i++)
                first[i] = first[i + 1];
        first[n] = e->n;
        *g = (struct graph){ .n = n, .first = first, .to = to };
        return to + e->n;
}

static uint32_t *turn(struct graph *ret, const struct graph *g, uint32_t *memory) {
        uint32_t *to = memory + g->n + 1;

        graph_turn(g, memory, to);
        *ret = (struct graph){ .n = g->n, .first = memory, .to = to };
        return to + g->first[g->n];
}

static int lay_out_all(struct plan *p, const struct building *b) {
        uint32_t n = (uint32_t) b->config->n_units;
        size_t words = 3 * ((size_t) n + 1) + 2 * (size_t) b->after.n + b->links.n + (b->links.n + 1) / 2;
        uint32_t *at = reallocarray(NULL, words, sizeof(*at));

        if (!at)
                return -ENOMEM;
        p->config = b->config;
        p->memory = at;
        at = lay_out(&p->after, n, &b->after, at, NULL);
        at = turn(&p->before, &p->after, at);
        uint16_t *what = (uint16_t *) (void *) (at + n + 1 + b->links.n);
        (void) lay_out(&p->links, n, &b->links, at, what);
        p->what = what;
        return 0;
}

static int check_cycle(const struct plan *p, struct diags *d) {
        uint32_t n = p->after.n;
        autofree uint32_t *room = reallocarray(NULL, 3 * (size_t) n + 1, sizeof(*room));
        autofree char *text = NULL;
        size_t size;

        if (!room)
                return -ENOMEM;
        uint32_t length = graph_find_cycle(&p->after, room, room + n);
        if (length == 0)
                return 0;
        autofclose FILE *out = open_memstream(&text, &size);
        if (!out)
                return -ENOMEM;
        for (uint32_t i = 0; i <= length; i++)
                (void) fprintf(out, "%s%s", i > 0 ? " after " : "", p->config->units[room[i % length]]->name);
        (void) fflush(out);
        const struct unit *u = p->config->units[room[0]];
        int r = diag(d, u->file, u->line, -ELOOP, "the order goes round in a circle: %s", text);
        diag_hint(d, "take one After= or Before= out of it");
        return r;
}

/* What a unit requires cannot be what it keeps from running. */
static int check_contradictions(const struct plan *p, struct diags *d) {
        int problem = 0;

        for (uint32_t u = 0; u < p->links.n; u++)
                plan_each(p, u, v, LINK_START | LINK_VERIFY)
                        plan_each(p, u, w, LINK_STOP_OTHER | LINK_STOP_OTHER_SOFT) {
                        const struct unit *unit = p->config->units[u];
                        if (w != v)
                                continue;
                        problem = diag(d, unit->file, unit->line, -EDEADLK,
                                       "%s: it requires %s, and they conflict with each other", unit->name,
                                       p->config->units[v]->name);
                        diag_hint(d, "take either Requires= (BindsTo=, Requisite=) or Conflicts= out");
                }
        return problem;
}

static void unmark_triggered(const struct config *c, bool *starts) {
        for (size_t i = 0; i < c->n_units; i++) {
                const char *name = unit_triggers(c->units[i]);

                for (size_t k = 0; name && k < c->n_units; k++)
                        if (strcmp(name, c->units[k]->name) == 0)
                                starts[k] = c->units[k]->is_asked;
        }
}

/* Of themselves: sections of tend.ini where nothing else is to start them, unit files that were asked for. */
static void mark_alone(const struct plan *p, bool *starts) {
        for (uint32_t i = 0; i < p->after.n; i++) {
                const struct unit *u = p->config->units[i];

                starts[i] = u->is_asked || (u->from_tend_ini && !unit_bonds(u)->stop_when_unneeded);
        }
        for (uint32_t i = 0; i < p->after.n; i++)
                plan_each(p, i, v, LINK_FAILURE | LINK_SUCCESS) starts[v] = p->config->units[v]->is_asked;
        unmark_triggered(p->config, starts);
}

/* With all that they require and want, through any number of steps. */
static void mark_pulled(const struct plan *p, bool *starts) {
        for (bool again = true; again;) {
                again = false;
                for (uint32_t i = 0; i < p->after.n; i++)
                        plan_each(p, i, v, LINK_START | LINK_START_SOFT) if (starts[i] && !starts[v]) again =
                                starts[v] = true;
        }
}

/* Nor does what requires one that does not start. */
static void unmark(const struct plan *p, bool *starts, uint32_t unit) {
        starts[unit] = false;
        for (bool again = true; again;) {
                again = false;
                for (uint32_t i = 0; i < p->after.n; i++)
                        plan_each(p, i, v, LINK_START) if (starts[i] && !starts[v]) {
                                again = true;
                                starts[i] = false;
                        }
        }
}

/* It is on purpose where neither of them starts with the container. */
static int tell_of_conflicts(const struct plan *p, struct diags *d) {
        autofree bool *starts = calloc((size_t) p->after.n + 1, sizeof(bool));

        if (!starts)
                return -ENOMEM;
        mark_alone(p, starts);
        mark_pulled(p, starts);
        for (uint32_t u = 0; u < p->after.n; u++)
                plan_each(p, u, v, LINK_STOP_OTHER) {
                        const struct unit *left = p->config->units[v];
                        if (!starts[u] || !starts[v])
                                continue;
                        (void) diag(
                                d, left->file, left->line, 0,
                                "%s: it does not start with the container: %s does, and conflicts with it",
                                left->name, p->config->units[u]->name);
                        unmark(p, starts, v);
                }
        return 0;
}

static void free_edges(struct edges *e) {
        free(e->from);
        free(e->to);
        free(e->what);
}

int plan_build(struct plan *p, const struct config *c, struct diags *d) {
        struct building b = { .config = c, .diags = d };
        struct plan made = {};

        int problem = collect(&b);
        int r = problem == -ENOMEM ? problem : lay_out_all(&made, &b);
        if (r == 0) {
                r = check_cycle(&made, d);
                problem = MIN(problem, check_contradictions(&made, d));
                problem = MIN(problem, d ? tell_of_conflicts(&made, d) : 0);
        }
        free_edges(&b.after);
        free_edges(&b.links);
        free(b.by_name);
        r = r < 0 ? r : problem;
        if (r < 0)
                plan_done(&made);
        else
                *p = made;
        return r;
}

int plan_load(struct plan *p, const struct load_options *o, struct diags *d, struct config **ret) {
        struct config *config = NULL;
        struct plan made = {};

        int r = config_load(o, d, &config);
        int e = config ? plan_build(&made, config, d) : 0;
        r = r < 0 ? r : e;
        if (r < 0) {
                plan_done(&made);
                config_free(config);
                return r;
        }
        *p = made;
        *ret = config;
        return 0;
}

void plan_done(struct plan *p) {
        free(p->memory);
        *p = (struct plan){};
}

void plan_mark_starting(const struct plan *p, bool *starts) {
        mark_alone(p, starts);
        mark_pulled(p, starts);
        for (uint32_t i = 0; i < p->after.n; i++)
                plan_each(p, i, v, LINK_STOP_OTHER) if (starts[i] && starts[v]) unmark(p, starts, v);
}

usec_t plan_worst_stop_of(const struct unit *u) {
        usec_t sum = u->timeout_stop;

        if (u->exec[EXEC_STOP])
                sum = usec_add(sum, u->timeout_stop);
        if (u->exec[EXEC_STOP_POST])
                sum = usec_add(sum, u->timeout_stop);
        return sum;
}

usec_t plan_worst_stop(const struct plan *p) {
        uint32_t n = p->after.n;
        autofree uint32_t *order = reallocarray(NULL, 3 * (size_t) n + 1, sizeof(*order));
        autofree usec_t *weight = reallocarray(NULL, 2 * (size_t) n + 1, sizeof(*weight));

        if (!order || !weight || !graph_sort(&p->after, order, order + n))
                return USEC_INFINITY;
        for (uint32_t i = 0; i < n; i++)
                weight[i] = plan_worst_stop_of(p->config->units[i]);
        return graph_longest(&p->after, order, weight, weight + n);
}

static void print_arrow(const struct plan *p, uint32_t from, uint32_t to, const char *style, FILE *out) {
        (void) fprintf(out, "        \"%s\" -> \"%s\" [%s];\n", p->config->units[from]->name,
                       p->config->units[to]->name, style);
}

void plan_print_dot(const struct plan *p, FILE *out) {
        static const struct {
                uint16_t mask;
                const char *style;
        } rows[] = {
                { LINK_START | LINK_VERIFY, "color=red, style=dashed" },
                { LINK_START | LINK_START_SOFT, "color=gray, style=dotted" },
                { LINK_STOP_OTHER, "color=blue, style=dashed, arrowhead=tee" },
                { LINK_FAILURE | LINK_SUCCESS, "color=orange, style=dotted" },
        };

        (void) fprintf(out,
                       "// black: starts after; red: requires; gray: pulls in; blue: conflicts; orange: is "
                       "followed by\n"
                       "digraph tend {\n        rankdir=LR;\n");
        for (uint32_t i = 0; i < p->after.n; i++)
                (void) fprintf(out, "        \"%s\";\n", p->config->units[i]->name);
        for (uint32_t u = 0; u < p->after.n; u++)
                graph_each(&p->after, u, v)
                        print_arrow(p, u, v, "color=black", out);
        for (size_t r = 0; r < countof(rows); r++)
                for (uint32_t u = 0; u < p->links.n; u++)
                        plan_each(p, u, v, rows[r].mask) print_arrow(p, u, v, rows[r].style, out);
        (void) fprintf(out, "}\n");
}
