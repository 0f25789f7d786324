/* What the settings of systemd.socket(5) set on a descriptor, a row each. */
#pragma once

#include "config/socket.h"

enum sockopt_when { SOCKOPT_BEFORE_BIND, SOCKOPT_AFTER_BIND };

/* Sets those of that time which fit the descriptor's kind. One that is refused is told as a warning of the
 * unit, and gone without; before the bind it is an error, as the socket would then be another one: a negative
 * errno, with the setting's name in *ret_key. 0. */
int sockopt_apply(const struct unit *u, const struct listen *l, int family, int fd, enum sockopt_when when,
                  const char **ret_key) must_check;
