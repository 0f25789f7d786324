/* The record and the chain in words: for a terminal, and as JSON (docs/json.md has the keys). Pure. */
#pragma once

#include "client/screen.h"
#include "plot/chain.h"

/* What `tend plot --json` prints. */
void tell_record(FILE *out, const struct record *r);

/* What `tend critical-chain` prints, in lines that fit the screen, and with --json. */
void tell_chain(const struct screen *s, FILE *out, const struct record *r, const struct step *steps,
                size_t n);
void tell_chain_json(FILE *out, const struct record *r, const struct step *steps, size_t n);
