/* GetHistory() of org.tend.Manager1: how all units came up, and what became of them. */
#pragma once

struct call;

void history_get(struct call *c);
