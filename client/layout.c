#include "client/layout.h"

static size_t sum(const struct slot *list, size_t n, size_t gap) {
        size_t total = 0;

        for (size_t i = 0; i < n; i++)
                total += list[i].width > 0 ? list[i].width + (total > 0 ? gap : 0) : 0;
        return total;
}

/* Of those that may be cut, the last; NULL: none can be any more. */
static struct slot *find_widest(struct slot *list, size_t n) {
        struct slot *found = NULL;

        for (size_t i = 0; i < n; i++)
                if (list[i].least > 0 && list[i].width > list[i].least &&
                    (!found || list[i].width >= found->width))
                        found = &list[i];
        return found;
}

/* The one that is missed least; NULL: all that are left have to stay. */
static struct slot *find_least_wanted(struct slot *list, size_t n) {
        struct slot *found = NULL;

        for (size_t i = 0; i < n; i++)
                if (list[i].wanted > 0 && list[i].rank > 0 && (!found || list[i].rank < found->rank))
                        found = &list[i];
        return found;
}

static bool fits(struct slot *list, size_t n, size_t gap, size_t most) {
        struct slot *widest;

        for (size_t i = 0; i < n; i++)
                list[i].width = list[i].wanted;
        while (sum(list, n, gap) > most && (widest = find_widest(list, n)))
                widest->width--;
        return sum(list, n, gap) <= most;
}

void layout_fit(struct slot *list, size_t n, size_t gap, size_t most) {
        struct slot *out;
        bool is_done;

        while (!(is_done = fits(list, n, gap, most)) && (out = find_least_wanted(list, n)))
                out->wanted = 0;
        for (int all = 0; !is_done && all < 2; all++) {
                for (size_t i = 0; i < n; i++)
                        if (list[i].rank == 0 && (all || list[i].least > 0))
                                list[i].least = 1;
                is_done = fits(list, n, gap, most);
        }
}
