/* Text from services, which may hold anything, on its way to a terminal or into JSON. Pure. */
#pragma once

#include "base/def.h"

#define GLYPH_BAD 0xfffd /* in place of bytes that are no UTF-8 */

/* Takes the next character off *at (which is not at its end), GLYPH_BAD for a byte that is none. */
uint32_t glyph_next(const char **at);

/* A terminal must not see it: it could be a command. */
bool glyph_is_control(uint32_t c);

/* Columns of the whole text, control characters counted as the `?` that they become. */
size_t glyph_columns(const char *text);

/* Prints at most `most` columns of it; what had to be cut ends with "…". Returns how many columns that were.
 */
size_t glyph_print(FILE *out, const char *text, size_t most);
