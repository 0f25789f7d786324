/* The picture as SVG: no script, nothing from outside, light or dark as the reader has it. Each kind of bar
 * and mark has a shape of its own besides its colour, and each bar its times as a title. */
#pragma once

#include "plot/layout.h"

void svg_write(FILE *out, const struct layout *l);
