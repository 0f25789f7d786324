#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "config/kind.h"
#include "config/suggest.h"
#include "supervisor/plan.h"

enum relation { AFTER, NEEDS, PULLS, RELATION_COUNT };

/* What each list of names means, and what a name that leads nowhere is. */
static const struct list {
        const char *key;
        size_t field;
        enum relation relation;
        bool turned; /* the edge goes from the named unit to this one */
        int missing; /* 0: a warning */
} lists[] = {
        { "After", offsetof(struct unit, after), AFTER, false, 0 },
        { "Before", offsetof(struct unit, before), AFTER, true, 0 },
        { "Requires", offsetof(struct unit, requires), NEEDS, false, -ENOENT },
        { "Requires", offsetof(struct unit, requires), PULLS, false, 0 },
        { "Wants", offsetof(struct unit, wants), PULLS, false, 0 },
};

struct edges {
        uint32_t *from, *to; /* owned */
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
        struct edges edges[RELATION_COUNT];
};

static char *const *names_of(const struct unit *u, const struct list *l) {
        char **names;

        memcpy(&names, (const char *) u + l->field, sizeof(names));
        return names;
}

static int compare(const void *a, const void *b) {
        return strcmp(((const struct entry *) a)->name, ((const struct entry *) b)->name);
}

static int add_edge(struct edges *e, uint32_t from, uint32_t to) {
        if (e->n == e->room) {
                uint32_t room = MAX(2 * e->room, (uint32_t) 64);
                uint32_t *more_from = reallocarray(e->from, room, sizeof(uint32_t));
                if (more_from)
                        e->from = more_from;
                uint32_t *more_to = reallocarray(e->to, room, sizeof(uint32_t));
                if (more_to)
                        e->to = more_to;
                if (!more_from || !more_to)
                        return -ENOMEM;
                e->room = room;
        }
        e->from[e->n] = from;
        e->to[e->n] = to;
        e->n++;
        return 0;
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

static int say_missing(struct building *b, const struct unit *u, const struct list *l, const char *name) {
        if (l->relation == PULLS && strcmp(l->key, "Requires") == 0)
                return 0; /* has been said */
        if (!u->from_tend_ini)
                return 0; /* loading has said what matters; the rest is systemd's way of saying "where there
                             is one" */
        int r = diag(b->diags, u->file, u->line, l->missing, "%s: %s=%s: there is no such unit", u->name,
                     l->key, name);
        suggest_unit(b, u, l->key, name);
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
static int order_by_target(struct building *b, uint32_t index, const struct list *l, const char *target) {
        const struct config *c = b->config;
        const struct unit *u = c->units[index];
        int r = 0;

        if (l->turned || provides(u, target))
                return 0; /* done from the other end */
        for (uint32_t i = 0; i < c->n_units && r == 0; i++) {
                const struct unit *provider = c->units[i];

                if (provider != u && provides(provider, target))
                        r = add_edge(&b->edges[AFTER], index, i);
        }
        return r;
}

static int add_list(struct building *b, uint32_t index, const struct list *l) {
        const struct unit *u = b->config->units[index];
        int problem = 0;

        for (char *const *name = names_of(u, l); name && *name; name++) {
                struct entry wanted = { .name = *name };
                struct entry *found = bsearch(&wanted, b->by_name, b->n_names, sizeof(wanted), compare);
                int r = 0;
                if (found && found->index == index && (!u->from_tend_ini || strcmp(*name, u->name) != 0))
                        continue; /* itself, as unit files may say, or by another name */
                if (found)
                        r = add_edge(&b->edges[l->relation], l->turned ? found->index : index,
                                     l->turned ? index : found->index);
                else if (unit_is_built_in(*name))
                        r = l->relation == AFTER ? order_by_target(b, index, l, *name) : 0;
                else
                        problem = MIN(problem, say_missing(b, u, l, *name));
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
        return add_edge(&b->edges[AFTER], found->index, index);
}

static int collect(struct building *b) {
        size_t n = b->config->n_units;
        int problem = 0;

        if (name_units(b) < 0)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                for (size_t k = 0; k < countof(lists); k++) {
                        int r = add_list(b, i, &lists[k]);
                        if (r == -ENOMEM)
                                return r;
                        problem = MIN(problem, r);
                }
                if (add_trigger(b, i) < 0)
                        return -ENOMEM;
        }
        return problem;
}

/* Lays a list of edges out as a graph; returns the memory behind it. */
static uint32_t *lay_out(struct graph *g, uint32_t n, const struct edges *e, uint32_t *memory) {
        uint32_t *first = memory, *to = memory + n + 1;

        memset(first, 0, ((size_t) n + 1) * sizeof(*first));
        for (uint32_t i = 0; i < e->n; i++)
                first[e->from[i] + 1]++;
        for (uint32_t i = 0; i < n; i++)
                first[i + 1] += first[i];
        for (uint32_t i = e->n; i > 0; i--) /* from the back, so that each list keeps its order */
                to[--first[e->from[i - 1] + 1]] = e->to[i - 1];
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
        const struct edges *e = b->edges;
        size_t words = 5 * ((size_t) n + 1) + 2 * (size_t) e[AFTER].n + 2 * (size_t) e[NEEDS].n + e[PULLS].n;
        uint32_t *at = reallocarray(NULL, words, sizeof(*at));

        if (!at)
                return -ENOMEM;
        p->config = b->config;
        p->memory = at;
        at = lay_out(&p->after, n, &e[AFTER], at);
        at = turn(&p->before, &p->after, at);
        at = lay_out(&p->needs, n, &e[NEEDS], at);
        at = turn(&p->needed_by, &p->needs, at);
        (void) lay_out(&p->pulls, n, &e[PULLS], at);
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

int plan_build(struct plan *p, const struct config *c, struct diags *d) {
        struct building b = { .config = c, .diags = d };
        struct plan made = {};

        int problem = collect(&b);
        int r = problem == -ENOMEM ? problem : lay_out_all(&made, &b);
        if (r == 0)
                r = check_cycle(&made, d);
        for (size_t i = 0; i < countof(b.edges); i++) {
                free(b.edges[i].from);
                free(b.edges[i].to);
        }
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

static bool is_triggered(const struct config *c, const struct unit *u) {
        for (size_t i = 0; i < c->n_units; i++) {
                const char *name = unit_triggers(c->units[i]);

                if (name && strcmp(name, u->name) == 0)
                        return true;
        }
        return false;
}

static bool has_triggers(const struct config *c) {
        for (size_t i = 0; i < c->n_units; i++)
                if (unit_triggers(c->units[i]))
                        return true;
        return false;
}

/* Of itself: a section of tend.ini where nothing else is to start it, a unit file that was asked for. */
static bool starts_alone(const struct config *c, const struct unit *u) {
        return u->is_asked || (u->from_tend_ini && !is_triggered(c, u));
}

void plan_mark_starting(const struct plan *p, bool *starts) {
        uint32_t n = p->after.n;
        bool again = has_triggers(p->config);

        for (uint32_t i = 0; i < n; i++)
                starts[i] = !again || starts_alone(p->config, p->config->units[i]);
        while (again) {
                again = false;
                for (uint32_t i = 0; i < n; i++)
                        graph_each(&p->pulls, i, v)
                                if (starts[i] && !starts[v])
                                        again = starts[v] = true;
        }
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

void plan_print_dot(const struct plan *p, FILE *out) {
        const struct {
                const struct graph *graph;
                const char *style;
        } rows[] = { { &p->after, "color=black" },
                     { &p->needs, "color=red, style=dashed" },
                     { &p->pulls, "color=gray, style=dotted" } };

        (void) fprintf(out, "// black: starts after; red: requires; gray: pulls in\n"
                            "digraph tend {\n        rankdir=LR;\n");
        for (uint32_t i = 0; i < p->after.n; i++)
                (void) fprintf(out, "        \"%s\";\n", p->config->units[i]->name);
        for (size_t r = 0; r < countof(rows); r++)
                for (uint32_t u = 0; u < p->after.n; u++)
                        graph_each(rows[r].graph, u, v)
                                (void) fprintf(out, "        \"%s\" -> \"%s\" [%s];\n",
                                               p->config->units[u]->name, p->config->units[v]->name,
                                               rows[r].style);
        (void) fprintf(out, "}\n");
}
