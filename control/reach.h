/* One try of a probe: whether what it asks for answers. Never in PID 1: it looks names up, connects and
 * waits. */
#pragma once

#include "config/probe.h"

struct reach {
        const struct probe *probe;
        char *const *command; /* of exec:, NULL at the end */
        usec_t until;         /* CLOCK_MONOTONIC; USEC_INFINITY: as long as it takes */
};

/* Whether it answers; else why not, in words: "Connection refused", "status 503". */
#define REACH_TEXT_MAX 256
bool reach(const struct reach *r, char why[REACH_TEXT_MAX]);

/* reach-command.c: the same of exec:. What the command prints is read, and its last line told where it fails.
 * When it has ended, or its time is over, its process group is killed. */
bool reach_command(const struct reach *r, char why[REACH_TEXT_MAX]);
