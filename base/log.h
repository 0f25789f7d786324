/* tend's own messages: one line in, one write to stderr out. Nothing is allocated and nothing waits: a line
 * that stderr has no room for is dropped, counted, and the count is told with the next line that gets
 * through. */
#pragma once

#include "base/def.h"

/* The number is the priority of syslog(3) that systemd's `<N>` prefix uses. */
enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

/* Makes stderr safe to write to from PID 1: a pipe or a terminal is opened anew as non-blocking (its own open
 * file description, so that no child sees the flag), a socket is sent to with MSG_DONTWAIT, a file is written
 * as it is. Call it once, early; without it lines are plain writes. */
void log_open(enum log_level most);

/* Undoes it, for one who is about to close every descriptor: lines are plain writes again. */
void log_close(void);

void log_set_level(enum log_level most);
bool log_wants(enum log_level level);

/* "tend: web.service: exited with code 1\n", or without the unit where it is NULL. Longer than 2 KiB is cut
 * with "…". */
void log_line(enum log_level level, const char *unit, const char *format, ...) printf_like(3, 4);

#define log_error(unit, ...)   log_line(LOG_LEVEL_ERROR, unit, __VA_ARGS__)
#define log_warning(unit, ...) log_line(LOG_LEVEL_WARNING, unit, __VA_ARGS__)
#define log_info(unit, ...)    log_line(LOG_LEVEL_INFO, unit, __VA_ARGS__)
#define log_debug(unit, ...)   log_line(LOG_LEVEL_DEBUG, unit, __VA_ARGS__)

/* How many lines were dropped so far and not yet told. */
size_t log_dropped(void);

/* The same, told or not. */
size_t log_dropped_ever(void);
