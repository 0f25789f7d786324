/* Text on its way into XML 1.0: whole UTF-8, escaped for elements and attributes alike, whatever is in it.
 * Pure. */
#pragma once

#include "base/def.h"

/* At most `most` columns of it (SIZE_MAX: all); what had to be cut ends with "…". What XML does not allow
 * becomes U+FFFD. */
void xml_text(FILE *out, const char *text, size_t most);
