/* What is printed to: how wide it is, and whether it takes colours. */
#pragma once

#include "base/def.h"

#define SCREEN_ENDLESS UINT32_MAX

enum colour { COLOUR_PLAIN, COLOUR_GOOD, COLOUR_BUSY, COLOUR_BAD, COLOUR_DIM, COLOUR_HEAD };

struct screen {
        unsigned width; /* columns; SCREEN_ENDLESS: lines may have any length */
        bool has_colours;
};

/* Of that descriptor: a terminal's own width, $COLUMNS where it is none, or else no end. Colours are for
 * terminals, unless NO_COLOR is set or TERM is "dumb". */
struct screen screen_of(int fd);

/* What follows is in that colour; COLOUR_PLAIN ends it. Nothing where there are none. */
void screen_colour(const struct screen *s, FILE *out, enum colour c);

/* The text in lines of at most `width` columns, all but the first indented by so much. `at`: the column that
 * it begins in. */
void screen_wrap(const struct screen *s, FILE *out, const char *text, unsigned at, unsigned indent);
