/* Values as systemd writes them, and their printers. Parsers return 0 or -EINVAL (-ERANGE where it is a
 * number too large), and write *ret only on success. */
#pragma once

#include "base/def.h"

/* systemd.time(7): "5", "5s", "1min 20s", "100ms", "infinity". A bare number is seconds. */
int parse_span(const char *text, usec_t *ret) must_check;
/* The same in nanoseconds: a bare number is nanoseconds, "infinity" UINT64_MAX. */
int parse_nanoseconds(const char *text, uint64_t *ret) must_check;
/* systemd.syntax(7): "64M" (base 1024), "infinity" as UINT64_MAX. */
int parse_size(const char *text, uint64_t *ret) must_check;
/* 1 yes true on t y / 0 no false off f n, in any case. */
int parse_bool(const char *text, bool *ret) must_check;
int parse_unsigned(const char *text, unsigned most, unsigned *ret) must_check;
int parse_int(const char *text, int least, int most, int *ret) must_check;
/* A number at the beginning of *at, which is behind it then. */
int parse_digits(const char **at, uint64_t *ret) must_check;
/* "8:1". */
int parse_device(const char *text, unsigned *ret_major, unsigned *ret_minor) must_check;
/* Octal, as in UMask=0022. */
int parse_mode(const char *text, unsigned *ret) must_check;
/* "SIGTERM", "TERM", "15", "RTMIN+3", "SIGRTMAX-1". */
int parse_signal(const char *text, int *ret) must_check;

/* Longest of what the printers below write, NUL included. */
#define PARSE_PRINT_MAX 64

/* "1min 30s", "100ms", "infinity"; exact, and parse_span() gives the same back. They return `buffer`. */
const char *print_span(usec_t span, char buffer[PARSE_PRINT_MAX]);
const char *print_size(uint64_t size, char buffer[PARSE_PRINT_MAX]);
/* "SIGTERM", "SIGRTMIN+3"; "signal 99" where there is no such. A static word or `buffer`. */
const char *print_signal(int signal, char buffer[PARSE_PRINT_MAX]);
