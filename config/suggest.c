#include <ctype.h>
#include <limits.h>
#include <string.h>

#include "config/suggest.h"

#define WORD_MOST 64
#define STEP      2 /* one letter; a change of case alone costs 1 */

static unsigned change_cost(char a, char b) {
        if (a == b)
                return 0;
        return tolower((unsigned char) a) == tolower((unsigned char) b) ? 1 : STEP;
}

static bool is_swapped(const char *a, const char *b, size_t i, size_t k) {
        return i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1];
}

unsigned suggest_distance(const char *a, const char *b) {
        unsigned rows[3][WORD_MOST + 1];
        size_t n = strlen(a), m = strlen(b);

        if (n > WORD_MOST || m > WORD_MOST)
                return UINT_MAX;
        for (size_t k = 0; k <= m; k++)
                rows[0][k] = (unsigned) k * STEP;

        for (size_t i = 1; i <= n; i++) {
                unsigned *row = rows[i % 3];
                const unsigned *above = rows[(i - 1) % 3], *above_that = rows[(i + 1) % 3];

                row[0] = (unsigned) i * STEP;
                for (size_t k = 1; k <= m; k++) {
                        unsigned least = above[k - 1] + change_cost(a[i - 1], b[k - 1]);

                        least = MIN(least, above[k] + STEP);
                        least = MIN(least, row[k - 1] + STEP);
                        if (is_swapped(a, b, i, k))
                                least = MIN(least, above_that[k - 2] + STEP);
                        row[k] = least;
                }
        }
        return rows[n % 3][m];
}

void suggest_init(struct suggest *s, const char *word) {
        /* A third of the letters may be wrong, or one of a short word. */
        unsigned most = MAX((unsigned) MIN(strlen(word), (size_t) WORD_MOST) / 3, 1u) * STEP;

        *s = (struct suggest){ .word = word, .distance = most + 1 };
}

void suggest_offer(struct suggest *s, const char *candidate) {
        size_t n = strlen(s->word), m = strlen(candidate);

        if ((n > m ? n - m : m - n) * STEP >= s->distance)
                return;
        unsigned distance = suggest_distance(s->word, candidate);

        if (distance >= s->distance)
                return;
        s->distance = distance;
        s->best = candidate;
}
