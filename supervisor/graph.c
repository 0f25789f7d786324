#include "supervisor/graph.h"

/* A depth-first walk without recursion. */
struct walk {
        const struct graph *g;
        uint32_t *path;  /* n */
        uint32_t *state; /* n: 0 white, 1 black, else the next edge + 2 */
        uint32_t depth;
};

static void push(struct walk *w, uint32_t node) {
        w->path[w->depth++] = node;
        w->state[node] = w->g->first[node] + 2;
}

/* Goes one edge on. Returns 0 and a node that is done, 1 when it went deeper, -1 and the node at which a
 * cycle closes. */
static int advance(struct walk *w, uint32_t *ret) {
        uint32_t node = w->path[w->depth - 1];
        uint32_t edge = w->state[node] - 2;

        if (edge == w->g->first[node + 1]) {
                w->state[node] = 1;
                w->depth--;
                *ret = node;
                return 0;
        }
        w->state[node]++;
        uint32_t to = w->g->to[edge];
        if (w->state[to] == 0)
                push(w, to);
        else if (w->state[to] > 1) {
                *ret = to;
                return -1;
        }
        return 1;
}

/* Walks everything; each node that is done goes into `order` (may be NULL). Returns false at a cycle, with
 * the walk where it stands. */
static bool walk_all(struct walk *w, uint32_t *order, uint32_t *ret_closing) {
        uint32_t done = 0, node = 0;

        for (uint32_t i = 0; i < w->g->n; i++)
                w->state[i] = 0;
        for (uint32_t root = 0; root < w->g->n; root++) {
                if (w->state[root] != 0)
                        continue;
                push(w, root);
                while (w->depth > 0) {
                        int r = advance(w, &node);
                        if (r < 0) {
                                *ret_closing = node;
                                return false;
                        }
                        if (r == 0 && order)
                                order[done++] = node;
                }
        }
        return true;
}

uint32_t graph_find_cycle(const struct graph *g, uint32_t *cycle, uint32_t *scratch) {
        struct walk w = { .g = g, .path = scratch, .state = scratch + g->n };
        uint32_t closing = 0;

        if (walk_all(&w, NULL, &closing))
                return 0;
        uint32_t from = w.depth - 1;
        while (w.path[from] != closing)
                from--;
        for (uint32_t i = from; i < w.depth; i++)
                cycle[i - from] = w.path[i];
        return w.depth - from;
}

bool graph_sort(const struct graph *g, uint32_t *order, uint32_t *scratch) {
        struct walk w = { .g = g, .path = scratch, .state = scratch + g->n };
        uint32_t closing;

        return walk_all(&w, order, &closing);
}

usec_t graph_longest(const struct graph *g, const uint32_t *order, const usec_t *weight, usec_t *sum) {
        usec_t most = 0;

        for (uint32_t i = 0; i < g->n; i++) {
                uint32_t u = order[i];
                usec_t below = 0;
                graph_each(g, u, v)
                        below = MAX(below, sum[v]);
                sum[u] = usec_add(below, weight[u]);
                most = MAX(most, sum[u]);
        }
        return most;
}

void graph_turn(const struct graph *g, uint32_t *first, uint32_t *to) {
        for (uint32_t i = 0; i <= g->n; i++)
                first[i] = 0;
        for (uint32_t e = 0; e < g->first[g->n]; e++)
                first[g->to[e] + 1]++;
        for (uint32_t i = 0; i < g->n; i++)
                first[i + 1] += first[i];
        /* Filling moves each start to its end, which is the next one's start: moved back below. */
        for (uint32_t u = 0; u < g->n; u++)
                graph_each(g, u, v)
                        to[first[v]++] = u;
        for (uint32_t i = g->n; i > 0; i--)
                first[i] = first[i - 1];
        first[0] = 0;
}
