/* Memory that runs out when a test wants it to: malloc(), calloc() and realloc() of all that is linked into
 * the test program (what the libraries allocate for themselves is theirs). */
#pragma once

#include <limits.h>

#define SCARCE_NEVER UINT_MAX

/* So many allocations succeed from now on, and none behind them. */
void scarce_after(unsigned n);
