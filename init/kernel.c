#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "base/io.h"
#include "init/kernel.h"

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

        if ((uintptr_t) begin < (uintptr_t) etext)
                (void) madvise(begin, ((uintptr_t) etext - (uintptr_t) begin) / page * page, MADV_DONTNEED);
}

int kernel_set_hostname(const char *name) {
        char now[HOST_NAME_MAX + 1] = "";

        if (gethostname(now, sizeof(now) - 1) == 0 && strcmp(now, name) == 0)
                return 0;
        return sethostname(name, strlen(name)) < 0 ? -errno : 0;
}

int kernel_raise_loopback(void) {
        autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct ifreq r = { .ifr_name = "lo" };

        if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &r) < 0)
                return -errno;
        if (r.ifr_flags & IFF_UP)
                return 0;
        r.ifr_flags |= IFF_UP;
        return ioctl(fd, SIOCSIFFLAGS, &r) < 0 ? -errno : 0;
}

/* What is written counts from the machine's own clock, whose reading only the difference between ours and our
 * own offset tells. */
int kernel_set_uptime(usec_t uptime) {
        static const struct {
                const char *name;
                clockid_t id;
        } clocks[] = {
                { "monotonic", CLOCK_MONOTONIC },
                { "boottime", CLOCK_BOOTTIME },
        };
        char own[128], text[128];
        size_t n = 0;

        if (unshare(CLONE_NEWTIME) < 0)
                return -errno;
        ssize_t r = io_read_small(AT_FDCWD, "/proc/self/timens_offsets", own, sizeof(own));
        for (size_t i = 0; i < countof(clocks) && r > 0; i++) {
                const char *at = strstr(own, clocks[i].name);
                struct timespec now;
                char *end;

                if (!at || clock_gettime(clocks[i].id, &now) < 0)
                        return -EINVAL;
                long long seconds = strtoll(at + strlen(clocks[i].name), &end, 10);
                n += (size_t) snprintf(text + n, sizeof(text) - n, "%s %lld %lu\n", clocks[i].name,
                                       seconds + (long long) (uptime / USEC_PER_SEC) - now.tv_sec,
                                       strtoul(end, NULL, 10));
        }
        return r < 0 ? (int) r : io_write_file("/proc/self/timens_offsets", text);
}

/* The group first: the user's rights are what the other call needs. A change of ids has the kernel forget
 * that others may look at us (many a service logs to /proc/1/fd/1), and whose end is ours. */
static ssize_t read_as(const struct stat *owner, int dir_fd, const char *path, char *buffer, size_t size) {
        int dumpable = prctl(PR_GET_DUMPABLE), death = 0;

        (void) prctl(PR_GET_PDEATHSIG, &death);
        int group = setfsgid(owner->st_gid), user = setfsuid(owner->st_uid);
        ssize_t n = io_read_small(dir_fd, path, buffer, size);
        (void) setfsuid((uid_t) user);
        (void) setfsgid((gid_t) group);
        if (dumpable == 1)
                (void) prctl(PR_SET_DUMPABLE, 1);
        if (death > 0)
                (void) prctl(PR_SET_PDEATHSIG, death);
        return n;
}

ssize_t kernel_read_as_owner(int dir_fd, const char *path, char *buffer, size_t size) {
        struct stat owner;
        ssize_t n = io_read_small(dir_fd, path, buffer, size);

        if (n != -EACCES && n != -EPERM)
                return n;
        if (fstatat(dir_fd, path, &owner, 0) < 0 || owner.st_uid == geteuid())
                return n;
        return read_as(&owner, dir_fd, path, buffer, size);
}
