/* The datagram socket that notifications of a service come to. It has a path in /run/tend/notify where tend
 * is root and may write there: some programs refuse abstract names (ejabberd), and those end at the border of
 * a network namespace. Elsewhere its name is abstract, and needs no directory. */
#pragma once

#include <sys/un.h>

#include "base/def.h"

#define MAILBOX_NAME_MAX (sizeof(((struct sockaddr_un *) 0)->sun_path) + 1)

/* The descriptor, and the name as NOTIFY_SOCKET has it ("/run/…" or "@…"), or a negative errno. */
int mailbox_open(char ret_name[MAILBOX_NAME_MAX]) must_check;

/* Removes its path; the descriptor is the caller's to close. */
void mailbox_remove(const char *name);
