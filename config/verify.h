/* Rules across the fields of a unit that is complete. */
#pragma once

#include "config/setting.h"

struct verify {
        const struct unit *unit;      /* borrowed */
        const struct origin *origins; /* borrowed; where its values were written */
        size_t n_origins;
        char *const *environment;    /* borrowed; tend's own: its PATH serves where the unit has none */
        const struct config *config; /* borrowed; what a timer starts is looked for there; NULL: the unit
                                      is tried out alone */
        bool has_errors;             /* some of its values were refused */
        bool look_at_system; /* look for programs, accounts and directories: what is absent is a warning */
        struct diags *diags;
};

void verify_unit(const struct verify *v);

/* Adds a message about the unit, at the line that sets `key` of that section (NULL: any), or where there is
 * none at the unit's own. `error` as diag() takes it. */
void verify_say(const struct verify *v, const char *section, const char *key, int error, const char *format,
                ...) printf_like(5, 6);

/* That there is what a unit of tend.ini starts by that `key` of that section; `error` as diag() takes it. */
void verify_started(const struct verify *v, const char *section, const char *key, int error);

/* Of verify_unit(), for a .timer. */
void verify_timer(const struct verify *v);

/* Likewise, for a .path. */
void verify_path(const struct verify *v);

/* For a .socket, and for a service about those that it is handed. */
void verify_socket(const struct verify *v);
void verify_sockets_of(const struct verify *v);
