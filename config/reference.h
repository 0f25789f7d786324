/* "${NAME}" and "${NAME:-word}", found in text. */
#pragma once

#include "base/def.h"

struct reference {
        const char *name, *word; /* borrowed from the text; `word` is NULL where there is none */
        size_t name_length, word_length;
        const char *end; /* behind the "}" */
};

/* `text` begins with "${". False where no "}" follows. Any name is taken: the caller looks at it. */
bool reference_find(const char *text, struct reference *ret);

/* What it stands for; NULL where there is neither a value nor a word. */
const char *reference_resolve(const struct reference *f, char *const *environment, size_t *ret_length);
