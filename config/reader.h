/* INI text to entries: the only place that knows inih. What systemd.syntax(7) promises comes through whole,
 * whatever options inih was built with: values of any length with `;`, `#` and `:` in them, continued lines,
 * repeated keys, empty values. */
#pragma once

#include "base/diag.h"

struct entry {
        const char *section; /* borrowed from the text */
        const char *key;     /* valid during the call; NULL: the header of the section itself */
        const char *value;   /* borrowed from the text, with white space round it cut off; NULL with `key` */
        unsigned line;       /* the first one of a continued line */
};

/* Calls `add` for each header and each assignment, until it returns non-zero. `text` must be followed by a
 * NUL, is changed (lines are joined in it), and must outlive what points into it. Lines that make no sense
 * are told to `d` and passed over. Returns the last answer of `add`, or -ENOMEM. */
int reader_parse(char *text, size_t size, const char *file, struct diags *d,
                 int (*add)(void *context, const struct entry *e), void *context) must_check;
