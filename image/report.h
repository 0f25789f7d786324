/* What `tend image` prints: records of KEY=VALUE, a line each with quotes where they are needed or with a NUL
 * behind each, or JSON. tend-image(1) has the keys. */
#pragma once

#include "image/shelf.h"

enum report_form {
        REPORT_LINES,
        REPORT_NUL,
        REPORT_JSON,
};

/* An image that was unpacked. 0, or a negative errno where not all of it could be written. */
int report_image(FILE *out, enum report_form form, const struct store *s, const struct picked *p,
                 const struct unpacked *u) must_check;

/* The list of those that are there, for people or as JSON. */
int report_list(FILE *out, bool json, const struct shelf_list *l) must_check;

/* What a removal has done. */
int report_pruned(FILE *out, bool json, const struct pruned *p) must_check;
