/* SIGHUP: the files are read anew. What has not changed is left alone, what has is stopped and started as
 * what it has become, what is gone is stopped, what is new is started. A broken file changes nothing. */
#pragma once

#include "supervisor/manager.h"

void reload_run(struct manager *m);

/* A service at rest becomes what the files say now, and waits to start. */
void reload_renew(struct service *s);

/* A service at rest whose unit is gone: freed. */
void reload_dismiss(struct service *s);
