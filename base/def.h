/* What every file may use: attributes, cleanup, TAKE() and the time type. Everything here is a type or a
 * macro. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Microseconds: of CLOCK_MONOTONIC where it is a point in time, else a length of time. */
typedef uint64_t usec_t;

#define USEC_PER_MSEC ((usec_t) 1000)
#define USEC_PER_SEC  ((usec_t) 1000000)
#define USEC_PER_MIN  (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MIN)
#define USEC_PER_DAY  (24 * USEC_PER_HOUR)
#define USEC_INFINITY UINT64_MAX /* "never": no time-out, no limit */

#define printf_like(at, first) __attribute__((format(printf, at, first)))
#define must_check             __attribute__((warn_unused_result))
#define maybe_unused           __attribute__((unused))

#define countof(array) (sizeof(array) / sizeof((array)[0]))

#define MIN(a, b)                                                                                            \
        ({                                                                                                   \
                typeof(a) min_a = (a);                                                                       \
                typeof(b) min_b = (b);                                                                       \
                min_a < min_b ? min_a : min_b;                                                               \
        })
#define MAX(a, b)                                                                                            \
        ({                                                                                                   \
                typeof(a) max_a = (a);                                                                       \
                typeof(b) max_b = (b);                                                                       \
                max_a > max_b ? max_a : max_b;                                                               \
        })

/* The value, with the variable that held it emptied: ownership goes to whoever takes it. */
#define TAKE(pointer)                                                                                        \
        ({                                                                                                   \
                typeof(pointer) *take_from = &(pointer);                                                     \
                typeof(pointer) take_value = *take_from;                                                     \
                *take_from = NULL;                                                                           \
                take_value;                                                                                  \
        })
#define TAKE_FD(fd)                                                                                          \
        ({                                                                                                   \
                int *take_from = &(fd);                                                                      \
                int take_value = *take_from;                                                                 \
                *take_from = -1;                                                                             \
                take_value;                                                                                  \
        })

static inline void cleanup_free(void *pointer) {
        free(*(void **) pointer);
}

static inline void cleanup_close(const int *fd) {
        if (*fd >= 0)
                (void) close(*fd);
}

static inline void cleanup_fclose(FILE **file) {
        if (*file)
                (void) fclose(*file);
}

#define autofree   __attribute__((cleanup(cleanup_free)))
#define autoclose  __attribute__((cleanup(cleanup_close)))
#define autofclose __attribute__((cleanup(cleanup_fclose)))

/* The sum, or USEC_INFINITY where it would not fit: infinity stays infinity. */
static inline usec_t usec_add(usec_t a, usec_t b) {
        usec_t sum;
        return __builtin_add_overflow(a, b, &sum) ? USEC_INFINITY : sum;
}

static inline usec_t usec_sub(usec_t a, usec_t b) {
        return a == USEC_INFINITY ? USEC_INFINITY : a > b ? a - b : 0;
}
