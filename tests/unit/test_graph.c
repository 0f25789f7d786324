#include "supervisor/graph.h"
#include "tests/unit/test.h"

#define NODES_MOST 14
#define EDGES_MOST 64
#define ROUNDS     3000

/* A graph by its edges, which the same questions are asked of in the plainest way. */
struct sample {
        struct graph graph;
        uint32_t first[NODES_MOST + 1], to[EDGES_MOST];
        unsigned edges[NODES_MOST][NODES_MOST]; /* how many from one to the other */
        uint32_t n_edges;
};

static uint32_t next_random(uint32_t *seed) {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 17;
        *seed ^= *seed << 5;
        return *seed;
}

/* From few edges to many; every other graph has edges in one direction alone, and so no cycle. */
static void make_sample(struct sample *s, uint32_t *seed, unsigned round) {
        uint32_t n = next_random(seed) % (NODES_MOST + 1);
        uint32_t rank[NODES_MOST];

        *s = (struct sample){ .graph = { .n = n, .first = s->first, .to = s->to } };
        for (uint32_t i = 0; i < n; i++)
                rank[i] = next_random(seed);
        uint32_t wanted = n > 0 ? next_random(seed) % (3 * n) : 0;
        for (uint32_t e = 0; e < wanted && e < EDGES_MOST; e++) {
                uint32_t u = next_random(seed) % n, v = next_random(seed) % n;
                if (round % 2 == 0 || rank[u] > rank[v])
                        s->edges[u][v]++;
        }
        for (uint32_t u = 0; u < n; u++) {
                for (uint32_t v = 0; v < n; v++)
                        for (unsigned k = 0; k < s->edges[u][v]; k++)
                                s->to[s->n_edges++] = v;
                s->first[u + 1] = s->n_edges;
        }
}

/* Can every node be taken away, one by one, once all that it leads to is gone? */
static bool has_cycle(const struct sample *s) {
        bool gone[NODES_MOST] = {};
        uint32_t n = s->graph.n;

        for (uint32_t round = 0; round < n; round++)
                for (uint32_t u = 0; u < n; u++) {
                        bool leads_on = false;
                        for (uint32_t v = 0; v < n; v++)
                                leads_on |= s->edges[u][v] > 0 && !gone[v];
                        gone[u] |= !leads_on;
                }
        for (uint32_t u = 0; u < n; u++)
                if (!gone[u])
                        return true;
        return false;
}

static void check_cycle(const struct sample *s, const uint32_t *cycle, uint32_t length, unsigned round) {
        bool met[NODES_MOST] = {};

        if (!CHECK(length <= s->graph.n, "round %u", round))
                return;
        for (uint32_t i = 0; i < length; i++) {
                CHECK(!met[cycle[i]], "round %u", round);
                met[cycle[i]] = true;
                CHECK(s->edges[cycle[i]][cycle[(i + 1) % length]] > 0, "round %u", round);
        }
}

static void check_order(const struct sample *s, const uint32_t *order, unsigned round) {
        bool met[NODES_MOST] = {};

        for (uint32_t i = 0; i < s->graph.n; i++) {
                CHECK(!met[order[i]], "round %u", round);
                for (uint32_t v = 0; v < s->graph.n; v++)
                        CHECK(s->edges[order[i]][v] == 0 || met[v], "round %u", round);
                met[order[i]] = true;
        }
}

TEST(graph_cycles_and_orders) {
        uint32_t cycle[NODES_MOST], order[NODES_MOST], scratch[2 * NODES_MOST], seed = 1;
        unsigned with = 0;
        struct sample s;

        for (unsigned round = 0; round < ROUNDS; round++) {
                make_sample(&s, &seed, round);
                uint32_t length = graph_find_cycle(&s.graph, cycle, scratch);
                CHECK((length > 0) == has_cycle(&s), "round %u", round);
                check_cycle(&s, cycle, length, round);
                CHECK(graph_sort(&s.graph, order, scratch) == (length == 0), "round %u", round);
                if (length == 0)
                        check_order(&s, order, round);
                with += length > 0;
        }
        CHECK(with > ROUNDS / 10 && with < ROUNDS / 2, "%u cycles", with);
}

/* The dearest chain, by trying out longer and longer ones. */
static usec_t dearest(const struct sample *s, const usec_t *weight, usec_t *sum) {
        uint32_t n = s->graph.n;
        usec_t most = 0;

        for (uint32_t u = 0; u < n; u++)
                sum[u] = weight[u];
        for (uint32_t round = 0; round < n; round++)
                for (uint32_t u = 0; u < n; u++)
                        for (uint32_t v = 0; v < n; v++)
                                if (s->edges[u][v] > 0)
                                        sum[u] = MAX(sum[u], usec_add(weight[u], sum[v]));
        for (uint32_t u = 0; u < n; u++)
                most = MAX(most, sum[u]);
        return most;
}

TEST(graph_longest_chain) {
        uint32_t order[NODES_MOST], scratch[2 * NODES_MOST], seed = 2;
        usec_t weight[NODES_MOST], sum[NODES_MOST], wanted[NODES_MOST];
        struct sample s;
        unsigned n_infinite = 0;

        for (unsigned round = 1; round < 2 * ROUNDS; round += 2) {
                make_sample(&s, &seed, round);
                for (uint32_t i = 0; i < s.graph.n; i++)
                        weight[i] = next_random(&seed) % 50 == 0 ? USEC_INFINITY : next_random(&seed) % 100;
                if (!CHECK(graph_sort(&s.graph, order, scratch), "round %u", round))
                        return;
                usec_t most = dearest(&s, weight, wanted);
                CHECK(graph_longest(&s.graph, order, weight, sum) == most, "round %u", round);
                for (uint32_t i = 0; i < s.graph.n; i++)
                        CHECK(sum[i] == wanted[i], "round %u, node %u", round, i);
                n_infinite += most == USEC_INFINITY;
        }
        CHECK(n_infinite > 100, "%u infinite ones", n_infinite);
}

TEST(graph_turned_twice_is_the_same) {
        uint32_t first[2][NODES_MOST + 1], to[2][EDGES_MOST], seed = 3;
        struct sample s;

        for (unsigned round = 0; round < ROUNDS; round++) {
                make_sample(&s, &seed, round);
                graph_turn(&s.graph, first[0], to[0]);
                const struct graph turned = { .n = s.graph.n, .first = first[0], .to = to[0] };
                for (uint32_t u = 0; u < s.graph.n; u++) {
                        unsigned count[NODES_MOST] = {};
                        graph_each(&turned, u, v)
                                count[v]++;
                        for (uint32_t v = 0; v < s.graph.n; v++)
                                CHECK(count[v] == s.edges[v][u], "round %u: %u to %u", round, v, u);
                }
                /* The edges of a sample are sorted, and turning sorts them. */
                graph_turn(&turned, first[1], to[1]);
                CHECK(memcmp(first[1], s.first, (s.graph.n + 1) * sizeof(*s.first)) == 0, "round %u", round);
                CHECK(memcmp(to[1], s.to, s.n_edges * sizeof(*s.to)) == 0, "round %u", round);
        }
}

/* A walk with recursion would not come back from here. */
TEST(graph_a_long_chain) {
        const uint32_t n = 300000;
        autofree uint32_t *memory = calloc(5 * (size_t) n + 1, sizeof(*memory));

        if (!memory) {
                CHECK(memory);
                return;
        }
        uint32_t *first = memory, *to = first + n + 1, *order = to + n, *scratch = order + n;
        struct graph g = { .n = n, .first = first, .to = to };
        for (uint32_t i = 0; i < n; i++) {
                first[i + 1] = i + 1;
                to[i] = (i + 1) % n;
        }
        CHECK(graph_find_cycle(&g, order, scratch) == n);
        CHECK(!graph_sort(&g, order, scratch));
        first[n] = n - 1; /* the last edge is gone */
        CHECK(graph_find_cycle(&g, order, scratch) == 0);
        CHECK(graph_sort(&g, order, scratch));
        CHECK(order[0] == n - 1 && order[n - 1] == 0);
}
