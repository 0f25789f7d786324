#include "client/layout.h"
#include "tests/unit/test.h"

#define SLOTS 4

/* name that may be cut, state that may not, a figure that may go, a reason that may be cut and then go */
TEST(layout_gives_way) {
        static const struct {
                size_t most;
                size_t width[SLOTS];
        } rows[] = {
                { 200, { 30, 8, 6, 40 } }, { 87, { 30, 8, 6, 40 } }, { 86, { 30, 8, 6, 39 } },
                { 76, { 30, 8, 6, 29 } },  { 75, { 29, 8, 6, 29 } }, { 41, { 10, 8, 6, 14 } },
                { 40, { 15, 8, 0, 15 } }, /* the figure goes, and what that frees is theirs */
                { 34, { 10, 8, 0, 14 } },  { 33, { 24, 8, 0, 0 } },  { 19, { 10, 8, 0, 0 } },
                { 18, { 9, 8, 0, 0 } },    { 10, { 1, 8, 0, 0 } },   { 9, { 4, 4, 0, 0 } },
                { 3, { 1, 1, 0, 0 } },     { 1, { 1, 1, 0, 0 } },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                struct slot s[SLOTS] = {
                        { .wanted = 30, .least = 10 },
                        { .wanted = 8 },
                        { .wanted = 6, .rank = 1 },
                        { .wanted = 40, .least = 14, .rank = 2 },
                };
                layout_fit(s, SLOTS, 1, rows[i].most);
                for (size_t k = 0; k < SLOTS; k++)
                        CHECK(s[k].width == rows[i].width[k], "%zu columns, slot %zu: %zu", rows[i].most, k,
                              s[k].width);
        }
}
