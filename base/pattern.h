/* Whether a word fits a pattern of glob(7), byte by byte. By ourselves: PID 1 is sent patterns by strangers,
 * and here they cost neither memory nor stack, and no more time than the one length times the other. Pure. */
#pragma once

#include "base/def.h"

enum pattern_flags {
        PATTERN_NO_ESCAPE = 1 << 0, /* a backslash is a letter like others, as in names of units */
        PATTERN_ANY_CASE = 1 << 1,
        PATTERN_PERIOD = 1 << 2, /* a point at the begin is fit by a point alone: of names of files */
};

/* All of `text`; a slash is a letter like others. */
bool pattern_fits(const char *pattern, const char *text, unsigned flags);
