/* All units at a glance: a line each, in columns that fit the screen. Pure. */
#pragma once

#include "client/screen.h"
#include "control/live-status.h"

/* "web" of "web.service"; other kinds keep their suffix. Returns `buffer`. */
#define TABLE_NAME_MAX 256
const char *table_name(const struct live_status *u, char buffer[TABLE_NAME_MAX]);

/* What is worth saying of it in one line: why it is in its state and what comes next, or what it says of
 * itself. Returns `buffer`. */
#define TABLE_WHY_MAX 600
const char *table_why(const struct live_container *c, const struct live_status *u,
                      char buffer[TABLE_WHY_MAX]);

/* "12M/256M": what it uses and may use; behind that `~` where it is kept by samples, `!` where by nobody.
 * Returns `buffer`. */
#define TABLE_MEMORY_MAX 80
const char *table_memory(const struct live_status *u, char buffer[TABLE_MEMORY_MAX]);

enum colour table_colour(const struct live_status *u);

/* "tend 0.1.0: running, 3 of 4 units are up, …" */
void table_print_head(const struct screen *s, FILE *out, const struct live_container *c);

/* The head of the columns, a line for each unit, and what the marks in it mean. */
void table_print(const struct screen *s, FILE *out, const struct live_container *c,
                 const struct live_status *units, size_t n);
