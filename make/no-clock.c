/* For the static binary alone: libsystemd names these functions for lines that it would write to syslog, and
 * has none of them called; tend reads time zones itself (config/zone.h), and its dates are base/date.h's.
 * Refusing here keeps glibc's own zones out of the binary, and with them scanf(3) and all that it reads: a
 * tenth of the size. */
#include <errno.h>
#include <stddef.h>
#include <time.h>

#define UNUSED __attribute__((unused))

/* Their parameters are POSIX's, not ours. NOLINTBEGIN */

struct tm *localtime_r(UNUSED const time_t *at, UNUSED struct tm *ret) {
        errno = ENOSYS;
        return NULL;
}

struct tm *gmtime_r(UNUSED const time_t *at, UNUSED struct tm *ret) {
        errno = ENOSYS;
        return NULL;
}

size_t strftime(UNUSED char *text, UNUSED size_t size, UNUSED const char *format,
                UNUSED const struct tm *clock) {
        return 0;
}

/* NOLINTEND */
