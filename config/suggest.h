/* The nearest word: for "did you mean …?". */
#pragma once

#include "base/def.h"

/* Offer it every candidate; `best` is then the nearest, or NULL where none is near enough to be meant. */
struct suggest {
        const char *word; /* borrowed; what was written */
        const char *best; /* borrowed */
        unsigned distance;
};

void suggest_init(struct suggest *s, const char *word);
void suggest_offer(struct suggest *s, const char *candidate);

/* How many letters are to be changed, added, taken out or swapped with their neighbour, upper and lower case
 * being half as far apart as other letters are: counted in halves. UINT_MAX for words over 64 letters. */
unsigned suggest_distance(const char *a, const char *b);
