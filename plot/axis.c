#include "plot/axis.h"

#define SHARE_OF_START 0.7
#define LABEL_WIDTH    76.0 /* of the longest, with some room */

struct axis axis_make(double left, double width, usec_t ready, usec_t end) {
        double share = ready > 0 ? SHARE_OF_START : 1;
        usec_t last = MAX(end, ready);

        return (struct axis){
                .left = left,
                .middle = left + width * share,
                .right = left + width,
                .ready = ready,
                .end = last > 0 ? last : 1,
        };
}

double axis_place(const struct axis *a, usec_t at) {
        usec_t change = a->ready > 0 ? a->ready : a->end;

        at = MIN(at, a->end);
        if (at <= change)
                return a->left + (a->middle - a->left) * ((double) at / (double) change);
        return a->middle + (a->right - a->middle) * ((double) (at - change) / (double) (a->end - change));
}

/* The least round span of which at most `most` fit into `span`. */
static usec_t step_of(usec_t span, unsigned most) {
        static const struct {
                usec_t unit;
                unsigned factors[9]; /* 0: no more */
        } rounds[] = {
                { 1, { 1, 2, 5, 10, 20, 50, 100, 200, 500 } },
                { USEC_PER_MSEC, { 1, 2, 5, 10, 20, 50, 100, 200, 500 } },
                { USEC_PER_SEC, { 1, 2, 5, 10, 15, 30 } },
                { USEC_PER_MIN, { 1, 2, 5, 10, 15, 30 } },
                { USEC_PER_HOUR, { 1, 2, 3, 6, 12 } },
                { USEC_PER_DAY, { 1, 2, 5, 10, 20, 50, 100, 200, 500 } },
        };

        for (size_t i = 0; i < countof(rounds); i++)
                for (size_t k = 0; k < countof(rounds[i].factors) && rounds[i].factors[k] != 0; k++)
                        if (span / (rounds[i].unit * rounds[i].factors[k]) <= most)
                                return rounds[i].unit * rounds[i].factors[k];
        return span;
}

/* Where the scale changes there is a label already. */
static bool is_free(const struct axis *a, double x) {
        return a->ready == 0 || x < a->middle - LABEL_WIDTH / 2 || x > a->middle + LABEL_WIDTH / 2;
}

/* Those of one scale, which begins behind `from`. */
static size_t add_ticks(const struct axis *a, usec_t from, usec_t to, struct tick *ticks, size_t n) {
        double width = axis_place(a, to) - axis_place(a, from);
        unsigned most = (unsigned) (width / LABEL_WIDTH);

        if (to <= from || most == 0)
                return n;
        usec_t step = step_of(to - from, most);
        for (usec_t at = from - from % step + step; at <= to && n < TICKS_MOST; at += step)
                if (is_free(a, axis_place(a, at)))
                        ticks[n++] = (struct tick){ axis_place(a, at), at };
        return n;
}

size_t axis_ticks(const struct axis *a, struct tick ticks[TICKS_MOST]) {
        size_t n = 1;

        ticks[0] = (struct tick){ a->left, 0 };
        n = add_ticks(a, 0, a->ready > 0 ? a->ready : a->end, ticks, n);
        return a->ready > 0 ? add_ticks(a, a->ready, a->end, ticks, n) : n;
}
