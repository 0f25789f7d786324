/* Questions about an ordering, on arrays that somebody else owns. Pure. */
#pragma once

#include "base/def.h"

/* Node u's edges are to[first[u]] … to[first[u + 1] - 1]. */
struct graph {
        uint32_t n;
        const uint32_t *first; /* borrowed; n + 1 of them */
        const uint32_t *to;    /* borrowed */
};

#define graph_each(graph, u, v)                                                                              \
        for (uint32_t edge_##v = (graph)->first[u], v = 0;                                                   \
             edge_##v < (graph)->first[(u) + 1] && (v = (graph)->to[edge_##v], true); edge_##v++)

/* Writes one cycle into `cycle` (room for n), each node once, in the order of the edges; returns its length,
 * 0 where there is none. `scratch` has room for 2n. Recursion-free. */
uint32_t graph_find_cycle(const struct graph *g, uint32_t *cycle, uint32_t *scratch);

/* Nodes in an order in which each comes behind all that its edges lead to. `order` has room for n, `scratch`
 * for 2n. False where there is a cycle (then `order` is not of use). */
bool graph_sort(const struct graph *g, uint32_t *order, uint32_t *scratch);

/* The dearest chain along the edges: for each node its own weight and the dearest chain that its edges lead
 * to, into `sum`. `order` is from graph_sort(). Infinite weights make infinite sums. Returns the greatest
 * sum. */
usec_t graph_longest(const struct graph *g, const uint32_t *order, const usec_t *weight, usec_t *sum);

/* The transposed edge list: `first` (n + 1) and `to` (as many as g has) are written. */
void graph_turn(const struct graph *g, uint32_t *first, uint32_t *to);
