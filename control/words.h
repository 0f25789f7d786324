/* Lists of names and patterns, as arguments of a call. Pure. */
#pragma once

#include "control/wire.h"

#define WORDS_MOST 512
/* Bytes of all the patterns in a list: a name is compared with each in a time that grows with its length. */
#define WORDS_PATTERNS_MOST 512

struct words {
        const char *list[WORDS_MOST]; /* borrowed, from the message */
        size_t n;                     /* 0: whatever there is */
};

/* "as". 0, -E2BIG, or -EBADMSG. */
int words_read(struct wire_in *in, struct words *ret) must_check;

/* One of them is that very word; one of them, as a pattern, means it. No words fit all. */
bool words_have(const struct words *w, const char *word);
bool words_fit(const struct words *w, const char *name);
