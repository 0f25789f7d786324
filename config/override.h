/* What is set of a unit's budget while tend runs (`systemctl set-property`, `tend set`): assignments, as a
 * file would have them. Those that are to outlive the container are a drop-in in SEARCH_CONTROL, where
 * systemd has them; the others are in a list of these, which config_load() puts over all files. */
#pragma once

#include "config/setting.h"

struct override {
        struct override *next; /* owned */
        const struct setting *setting;
        char **values; /* owned; one behind the other */
        char unit[];   /* its full name */
};

/* What kind of value it takes; none: it may not be changed while the unit's processes run. */
enum override_kind {
        OVERRIDE_NONE,
        OVERRIDE_AMOUNT, /* a size, a share of the container's, infinity */
        OVERRIDE_WEIGHT,
        OVERRIDE_QUOTA,
        OVERRIDE_PERIOD,
        OVERRIDE_PROCESSORS,
        OVERRIDE_DEVICE,
        OVERRIDE_BOOL,
};
enum override_kind override_kind(const struct setting *s);

/* Adds a value to what is set of that unit. 0, or -ENOMEM. */
int override_add(struct override **list, const char *unit, const struct setting *s,
                 const char *value) must_check;

/* Those of `from`, whose unit is one, take the place of what `to` has of the same settings; limits of devices
 * come behind. `from` is left empty. */
void override_merge(struct override **to, struct override **from);

/* Forgets what `list` has of the settings in `of`. */
void override_drop(struct override **list, const struct override *of);

/* Carries those of that unit out on `u`, whose budget may be changed. 0, or a negative errno; what is wrong
 * is said to `d`. */
int override_apply(const struct override *list, const char *unit, struct unit *u, struct diags *d) must_check;

/* Frees all of the list; returns NULL. */
struct override *override_free(struct override *list);
