/* The kinds of units, a row each: what their names end in, which part of a unit file is theirs alone, and the
 * target that is for them. */
#pragma once

#include "base/def.h"

struct unit_kind {
        const char *suffix;  /* ".timer" */
        const char *section; /* "Timer"; NULL: [Unit] and [Install] are all it has */
        const char *target; /* "timers.target": its links enable such units, and it comes behind them; NULL */
        bool of_files;      /* unit files of this kind are carried out */
        bool of_tend_ini;   /* so are sections of tend.ini */
};

/* The kind of the unit of that full name, NULL where it is none that tend knows. */
const struct unit_kind *unit_kind(const char *name);

/* All of them; the end has no suffix. */
extern const struct unit_kind unit_kinds[];

/* A setting of that section of a unit file may be in a unit of that kind. */
bool unit_kind_has(const struct unit_kind *k, const char *section);

/* So may this one of [Service], which is about the commands and processes that the unit has besides: [Socket]
 * has those of systemd.exec(5), systemd.kill(5) and systemd.resource-control(5). */
bool unit_kind_shares(const struct unit_kind *k, const char *section, const char *key);
