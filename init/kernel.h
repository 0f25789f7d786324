/* Small requests to the kernel. */
#pragma once

#include <sys/types.h>

#include "base/def.h"

usec_t kernel_now(void); /* CLOCK_MONOTONIC */
int kernel_set_hostname(const char *name) must_check;

/* Whether /proc is there and of the PID namespace of `self`, our own pid: another's would have us signal
 * strangers. */
bool kernel_has_own_proc(pid_t self);
