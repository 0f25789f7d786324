/* JSON (RFC 8259), always whole UTF-8 whatever is in the text. docs/json.md has the keys. */
#pragma once

#include "base/diag.h"
#include "control/live-status.h"

/* A string with its quotes; "" of NULL. */
void json_text(FILE *out, const char *text);

/* A member of an object, `before` it "{" or ",": its key and a string. */
void json_member(FILE *out, const char *before, const char *key, const char *text);

/* Seconds; null of USEC_INFINITY. */
void json_span(FILE *out, usec_t span);

/* A list of them. */
void json_problems(FILE *out, const struct diags *d);

/* An object with a key for each field of the list. `more`: it is left open, for keys that follow. */
void json_fields(FILE *out, const struct live_list *list, const void *from, bool more);

/* A unit whole, with its exits. */
void json_unit(FILE *out, const struct live_status *u, bool more);
