#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "init/kernel.h"

usec_t kernel_now(void) {
        struct timespec t = { 0 };

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (usec_t) t.tv_sec * USEC_PER_SEC + (usec_t) t.tv_nsec / 1000;
}

bool kernel_has_own_proc(pid_t self) {
        char text[16];
        ssize_t n = readlink("/proc/self", text, sizeof(text) - 1);

        if (n <= 0)
                return false;
        text[n] = '\0';
        return strtol(text, NULL, 10) == self;
}

void kernel_unmap_code(void) {
        extern char __executable_start[], etext[]; /* the linker's, see end(3) */
        uintptr_t page = (uintptr_t) sysconf(_SC_PAGESIZE);
        char *begin = __executable_start + (page - (uintptr_t) __executable_start % page) % page;

        if (begin < etext)
                (void) madvise(begin, (size_t) (etext - begin) / page * page, MADV_DONTNEED);
}

int kernel_set_hostname(const char *name) {
        return sethostname(name, strlen(name)) < 0 ? -errno : 0;
}
