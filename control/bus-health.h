/* GetHealth() of org.tend.Manager1: one answer for a probe from outside. */
#pragma once

struct call;

void health_get(struct call *c);
