/* The terminal while the table is on it: another page of it, no echo, each key at once. Whatever way the
 * program takes out, the terminal is as before. */
#pragma once

#include "base/def.h"

/* 0; -ENOTTY where input or output is none; or another negative errno. */
int terminal_open(void) must_check;
void terminal_close(void);

/* How large it is now; 80 by 24 where it does not say. */
void terminal_size(unsigned *width, unsigned *height);
