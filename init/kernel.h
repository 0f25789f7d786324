/* Small requests to the kernel. */
#pragma once

#include <sys/types.h>

#include "base/def.h"

/* What only the start has needed of the program's code need not stay mapped; whatever runs again comes back
 * from the page cache, see madvise(2). */
void kernel_unmap_code(void);
int kernel_set_hostname(const char *name) must_check; /* without a right to where it is that already */
/* Brings the loopback interface up; 0 as well where it is. A negative errno where that is refused. */
int kernel_raise_loopback(void) must_check;

/* For the children that we make from now on, which must not share our memory: clocks of their own that say
 * that the machine has been up for so long (CLOCK_MONOTONIC, CLOCK_BOOTTIME, /proc/uptime), to a second.
 * -EINVAL where the kernel has no such clocks, -ERANGE, or what it refuses. See time_namespaces(7). */
int kernel_set_uptime(usec_t uptime) must_check;

/* Whether /proc is there and of the PID namespace of `self`, our own pid: another's would have us signal
 * strangers. */
bool kernel_has_own_proc(pid_t self);

/* A small file of some process, as io_read_small(). What the kernel shows to that process's own user alone is
 * read as that user: root without CAP_SYS_PTRACE, as in most containers, is a stranger there. */
ssize_t kernel_read_as_owner(int dir_fd, const char *path, char *buffer, size_t size);
