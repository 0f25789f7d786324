/* What other interfaces say of the manager. */
#pragma once

#include "supervisor/manager.h"

/* SystemState=, as systemd has it: "starting", "running", "degraded", "stopping". */
const char *manager_state_word(const struct manager *m);
