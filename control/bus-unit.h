/* What several interfaces say of a unit. */
#pragma once

#include "control/object.h"

/* systemd's words. */
const char *unit_load_state(struct object *o);
const char *unit_active_state(struct object *o);
const char *unit_sub_state(struct object *o);
const char *unit_description(struct object *o);

/* The cgroup of a service or a slice, or what would be: "/workers.slice/web.service". Returns `buffer`. */
const char *unit_group(const struct unit *u, char *buffer, size_t size);

/* CLOCK_REALTIME of a point in time of CLOCK_MONOTONIC; 0 and infinity stay. */
usec_t unit_real_time(const struct object *o, usec_t at);

/* When it was started last, 0: never. */
usec_t unit_started(const struct object *o);

/* What may be different after a step, as the entries of "a{sv}". */
void unit_write_changes(struct object *o, struct wire_out *out);
