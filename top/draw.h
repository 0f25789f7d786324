/* One picture of the table, as what is written to a terminal. Pure. */
#pragma once

#include "client/screen.h"
#include "top/order.h"

struct view {
        struct screen screen;
        unsigned height; /* lines, at least 4 */
        enum order by;
        size_t selected;     /* of the rows */
        size_t first;        /* the first row that is shown; moved so that the selected one is */
        const char *message; /* in the last line, in place of the keys; NULL or "": the keys */
};

/* How many rows there is room for. */
size_t draw_room(const struct view *v);

void draw(struct view *v, FILE *out, const struct live_container *c, const struct row *rows, size_t n);
