/* Amounts as people read them, short enough for a column. Pure. All return `buffer`. */
#pragma once

#include "base/def.h"

#define HUMAN_MAX 32

/* "980K", "1.2G"; bytes. */
const char *human_size(uint64_t bytes, char buffer[HUMAN_MAX]);

/* "250ms", "3.2s", "12m", "3h", "2d". */
const char *human_span(usec_t span, char buffer[HUMAN_MAX]);

/* "50%", "12.5%"; hundredths of a percent. */
const char *human_share(uint64_t share, char buffer[HUMAN_MAX]);

/* A point in time as "2026-11-23 20:04:11", in UTC; CLOCK_REALTIME in microseconds. */
const char *human_time(usec_t at, char buffer[HUMAN_MAX]);
