#include "supervisor/whole.h"

#include <fcntl.h>
#include <string.h>

#include "base/io.h"
#include "base/proc.h"

#define DEPTH_MOST 32

/* "max", a number, or of cpu.max a number and the period it is of. */
static bool take_limit(const char *text, uint64_t *ret) {
        uint64_t value, period;

        if (!proc_number(&text, &value))
                return false;
        *ret = !proc_number(&text, &period) || period == 0 ? value : value * AMOUNT_WHOLE / period;
        return true;
}

/* Up to the root of what we see; without a limit, the machine's. */
static uint64_t find_limit(int root, const char *file, uint64_t host) {
        uint64_t limits[DEPTH_MOST];
        char path[3 * DEPTH_MOST + 32] = "", text[64];
        size_t n = 0;

        for (unsigned depth = 0; root >= 0 && depth < DEPTH_MOST; depth++) {
                size_t at = 3 * depth;
                (void) snprintf(path + at, sizeof(path) - at, "%s", file);
                if (io_read_small(root, path, text, sizeof(text)) <= 0)
                        break;
                n += take_limit(text, &limits[n]);
                memcpy(path + at, "../", sizeof("../"));
        }
        return budget_least(limits, n, host);
}

static uint64_t read_number(const char *path, uint64_t otherwise) {
        char text[64];
        const char *at = text;
        uint64_t n;

        return io_read_small(AT_FDCWD, path, text, sizeof(text)) > 0 && proc_number(&at, &n) ? n : otherwise;
}

struct budget_whole whole_read(int root) {
        uint64_t memory = (uint64_t) sysconf(_SC_PHYS_PAGES) * (uint64_t) sysconf(_SC_PAGESIZE);
        uint64_t pids = read_number("/proc/sys/kernel/pid_max", 32768);
        uint64_t threads = read_number("/proc/sys/kernel/threads-max", pids);
        uint64_t tasks = MIN(pids, threads);
        uint64_t processors = (uint64_t) sysconf(_SC_NPROCESSORS_ONLN);

        return (struct budget_whole){
                .memory = find_limit(root, "memory.max", memory),
                .tasks = find_limit(root, "pids.max", tasks),
                .cpu = find_limit(root, "cpu.max", processors * AMOUNT_WHOLE),
        };
}
