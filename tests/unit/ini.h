/* A config from text, for tests. */
#pragma once

#include "config/load.h"

/* What is loaded, and what was said about it. */
struct ini {
        struct config *config; /* owned; NULL where it was refused */
        struct diags diags;
        int error;
};

/* Loads `text` as tend.ini, `drop_in` (may be NULL) beside it in tend.ini.d/, in a directory of its own that
 * is gone afterwards. In messages the files are "tend.ini" and "tend.ini.d/50.ini". `o` may be NULL. */
void ini_load(struct ini *i, const char *text, const char *drop_in, const struct load_options *o);
void ini_done(struct ini *i);

/* The printed value of KEY of a unit, without the last line's end; of [tend] where `unit` is NULL. The caller
 * frees. */
char *ini_value(const struct ini *i, const char *unit, const char *key);

/* All that was said, as diags_print() prints it. The caller frees. */
char *ini_words(const struct ini *i);
