/* Who runs for a service, as far as that can be told without a cgroup: what descends from its own processes,
 * and what was handed to us with its marks. */
#pragma once

#include <sys/types.h>

#include "base/def.h"

struct service;

/* Writes at most `most` of them into `list`, parents before their children; returns how many. */
size_t processes_of(const struct service *s, pid_t *list, size_t most);

/* The command line with blanks between its words, "[name]" of one that has none. Returns `buffer`. */
const char *process_command_line(pid_t pid, char *buffer, size_t size);
