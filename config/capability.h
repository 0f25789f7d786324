/* The kernel's capabilities, capabilities(7): a set has bit N for number N. The names are libcap's. */
#pragma once

#include "base/def.h"

#define CAPABILITIES_ALL     UINT64_MAX /* those of later kernels too */
#define CAPABILITY_NAME_ROOM 32
#define CAPABILITY_MOST      62 /* the largest number that may be written, as in systemd */
#define CAPABILITY_BIT(n)    (UINT64_C(1) << (n))

/* The number of "CAP_CHOWN", in any case of letters, or of a number; -EINVAL. */
int capability_find(const char *word) must_check;

/* "CAP_CHOWN", or "CAP_63" of a number that has no name. Returns `buffer`. Allocates: not for a child. */
const char *capability_name(unsigned number, char buffer[CAPABILITY_NAME_ROOM]);

/* How many the libraries know names of. */
unsigned capability_count(void);

/* The names with blanks between, cut where the room ends: "CAP_CHOWN CAP_KILL", or with `option` before each
 * of them, as a container's runtime wants it: "--cap-add=CHOWN --cap-add=KILL". */
void capability_print(uint64_t set, const char *option, char *text, size_t size);
