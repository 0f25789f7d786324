/* Times as they stand in the picture and in the chain: exact to a millisecond or better. Pure. All return
 * `buffer`. */
#pragma once

#include "base/def.h"

#define SPAN_MAX 64

/* "412us", "1.6ms", "312ms", "3.213s", "2min 30s", "3h 12min". */
const char *span_words(usec_t span, char buffer[SPAN_MAX]);

/* With all of its digits and no more: "1.5s", "250ms", "0". */
const char *span_exact(usec_t span, char buffer[SPAN_MAX]);
