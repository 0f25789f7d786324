/* Budgets that are changed while their services run: systemctl set-property, tend set. */
#pragma once

#include "config/override.h"
#include "supervisor/manager.h"

/* Whether all of `list`, which is about this service or, where `s` is NULL, about the slice of that name, can
 * be kept from now on; nothing is changed. 0; -EOPNOTSUPP: nothing here would keep it; -EBUSY: its unit is
 * about to change; or another negative errno. Why is said to `d`. */
int adjust_check(struct manager *m, struct service *s, const char *name, const struct override *list,
                 struct diags *d) must_check;

/* Sets it. Where it does not `last` it is remembered over reloads, and `list` is left empty. 0 or as above.
 */
int adjust(struct service *s, struct override **list, bool lasts, struct diags *d) must_check;

/* The same of a slice, which there must be. */
int adjust_slice(struct manager *m, const char *name, struct override **list, bool lasts,
                 struct diags *d) must_check;
