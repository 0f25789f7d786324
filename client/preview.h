/* `tend reload --dry-run`. */
#pragma once

#include "control/verb.h"

/* Prints what a reload of the files would do; returns the exit code. */
int preview_print(const struct request *r);
