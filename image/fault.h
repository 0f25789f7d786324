/* Why something was refused, with the place: image, layer, entry. Kept, not printed; the first one stays. */
#pragma once

#include "base/def.h"

struct fault {
        const char *image; /* borrowed; NULL: no image is at fault */
        const char *layer; /* borrowed; its digest; NULL: none is at fault */
        const char
                *entry; /* borrowed; its path in the layer, as it is written there; NULL: none is at fault */
        char *text;     /* owned; the place and the reason: one line */
        char *hint;     /* owned; what helps; NULL: nothing is known to */
};

/* Keeps the reason together with the place as it is now, unless there is one. Returns `error`. */
int fault(struct fault *f, int error, const char *format, ...) printf_like(3, 4);

/* The same for what the kernel refused: "DOING: No such file or directory". */
int fault_system(struct fault *f, int error, const char *doing);

/* What helps, for the reason that was kept last and has no hint. */
void fault_hint(struct fault *f, const char *format, ...) printf_like(2, 3);

void fault_print(const struct fault *f, FILE *out);
void fault_done(struct fault *f);
