/* The processes of services that are being ended: found by the census, signalled, and the news brought when
 * the last one has gone. */
#pragma once

#include "supervisor/manager.h"

void roundup_run(struct manager *m);
