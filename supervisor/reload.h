/* SIGHUP: the files are read anew. What has not changed is left alone, what has is stopped and started as
 * what it has become, what is gone is stopped, what is new is started. A broken file changes nothing. */
#pragma once

#include "supervisor/manager.h"

/* What is wrong is said to `d`. 0, or a negative errno and nothing is changed; -ESHUTDOWN once the container
 * is stopping. */
int reload_run(struct manager *m, struct diags *d) must_check;

/* The same, with the unit file of that name besides: from now on it belongs to those that run here. */
int reload_with(struct manager *m, const char *name, struct diags *d) must_check;

/* What reload_run() would do, a line each: the unit, a tab, what becomes of it ("new", "restart", "live" (it
 * is told while it runs), "change" (at its next start), "gone"), a tab, and the unit that it is restarted
 * with or nothing. For a child: what it makes on the way stays made. 0, or as reload_run(). */
int reload_preview(struct manager *m, FILE *out, struct diags *d) must_check;

/* The same by SIGHUP: what is wrong is logged alone. */
void reload_by_signal(struct manager *m);

/* A service at rest becomes what the files say now, and waits to start. */
void reload_renew(struct service *s);

/* A service at rest whose unit is gone: freed. */
void reload_dismiss(struct service *s);
