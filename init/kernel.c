#include <errno.h>
#include <string.h>
#include <time.h>

#include "init/kernel.h"

usec_t kernel_now(void) {
        struct timespec t = { 0 };

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (usec_t) t.tv_sec * USEC_PER_SEC + (usec_t) t.tv_nsec / 1000;
}

int kernel_set_hostname(const char *name) {
        return sethostname(name, strlen(name)) < 0 ? -errno : 0;
}
