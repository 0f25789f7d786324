/* What the kernel says in text, see proc(5). Nothing here allocates. */
#pragma once

#include <sys/types.h>

#include "base/def.h"

/* Of /proc/PID/stat. */
struct proc_stat {
        char state;
        pid_t parent, group, session;
        uint64_t ticks; /* of the processors, for itself and in the kernel; of sysconf(_SC_CLK_TCK) */
        uint64_t tasks;
        uint64_t started;  /* ticks after the start of the machine: tells who has got an old number */
        uint64_t resident; /* pages */
};

/* 0, -ENOENT or -ESRCH where it has gone, another negative errno. */
int proc_read_stat(pid_t pid, struct proc_stat *ret) must_check;
/* Of the file's text. 0 or -EIO. */
int proc_parse_stat(const char *text, struct proc_stat *ret) must_check;

/* It has ended, and is not reaped yet. */
static inline bool proc_has_ended(const struct proc_stat *s) {
        return s->state == 'Z' || s->state == 'X';
}

/* The next number of a line, in front of which there may be blanks; *at is behind it then. False where there
 * is none, or it is too large. */
bool proc_number(const char **at, uint64_t *ret);

/* INVOCATION_ID in what /proc/PID/environ holds, NUL-terminated at the end. False where there is none. */
bool proc_find_invocation(const char *environment, size_t size, uint8_t ret[16]);
