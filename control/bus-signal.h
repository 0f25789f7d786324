/* What the bus tells of its own accord. */
#pragma once

#include "control/bus.h"

/* From now on jobs are told of. */
void bus_signal_open(struct bus *b);

/* Something that is told of a unit has changed. */
void bus_signal_changed(void *bus, struct service *s);
/* As the manager's hooks: a service has taken a step; the files are read anew; everything is up. */
void bus_signal_stepped(void *bus, struct service *s, enum state before, enum event e);
/* A unit has come by a reload, or goes. */
void bus_signal_listed(void *bus, struct service *s, bool comes);
void bus_signal_reloading(struct bus *b, bool begins);
void bus_signal_ready(void *bus);

/* JobRemoved of a job that there never was, as there was nothing to do for it: whoever asked waits for it. */
void bus_signal_no_job(struct bus *b, uint32_t id, const char *unit);
/* UnitFilesChanged. */
void bus_signal_files(struct bus *b);
