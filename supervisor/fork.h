/* Making a process that shares our memory until it executes, straight in a cgroup. */
#pragma once

#include <sys/types.h>

#include "base/def.h"

/* Runs `run` on the stack in a child, in the cgroup that `cgroup_fd` is the directory of (0: ours); sleeps
 * until the child has executed or gone. Its pid, or a negative errno: -ENOSYS where a cgroup is asked for and
 * this machine has no such call. */
pid_t fork_into(int (*run)(void *argument), void *argument, char *stack, size_t size,
                int cgroup_fd) must_check;
