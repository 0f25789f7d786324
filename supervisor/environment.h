/* The environment of a child: the container's, with what the unit and tend add. Built in an arena, nothing is
 * allocated. */
#pragma once

#include "base/diag.h"
#include "config/expand.h"

struct environment {
        char **list; /* in the arena; NULL at the end */
        size_t n, room;
        struct arena *arena;
};

/* Begins with `base` (each name once) and room for `more` others. 0 or -E2BIG. */
int environment_begin(struct environment *e, struct arena *arena, char *const *base, size_t more) must_check;

/* Sets "NAME=value" in place of what had that name. The string is borrowed. 0 or -E2BIG. */
int environment_put(struct environment *e, const char *assignment) must_check;

/* The same from its two halves, copied into the arena. */
int environment_set(struct environment *e, const char *name, const char *value) must_check;

/* Takes out a name, or "NAME=value" only where it has that value. */
void environment_unset(struct environment *e, const char *which);

/* The value of `name`, or NULL. */
const char *environment_get(char *const *list, const char *name);

/* What is meant for tend alone and not for its services: NOTIFY_SOCKET, LISTEN_FDS, … */
bool environment_is_ours(const char *assignment);
