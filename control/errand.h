/* What the bus is asked and PID 1 must not do itself, since it may block or take long: a child does it, and
 * what it writes becomes the answer. */
#pragma once

#include "base/def.h"

struct bus;
struct call;
struct errand;

/* In the child: does it, writes what the answer is made of, returns 0 or a negative errno. */
typedef int (*errand_work)(void *context, FILE *out);

/* In tend, when the child has written all of it and that has come whole: `text` ends with a NUL and may be
 * changed. Writes the body of the answer, or refuses with call_fail(). */
typedef void (*errand_answer)(struct call *c, char *text, size_t size);

/* Makes the child; the call is answered later. Where none can be made the call has failed. `context` is
 * copied with the rest of the memory, and may go when this returns. */
void errand_run(struct call *c, errand_work work, void *context, errand_answer answer);

/* Nobody is answered any more. */
void errands_done(struct bus *b);
