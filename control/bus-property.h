/* systemctl set-property and `tend set`: the Manager's SetUnitProperties() and the unit's own
 * SetProperties(). Besides systemd's types a value may come as a string, as a file would have it. */
#pragma once

struct call;

void property_set_of_unit(struct call *c);
void property_set(struct call *c);
