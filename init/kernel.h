/* Small requests to the kernel. */
#pragma once

#include "base/def.h"

usec_t kernel_now(void); /* CLOCK_MONOTONIC */
int kernel_set_hostname(const char *name) must_check;
