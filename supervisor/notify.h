/* sd_notify(3), both ways: from services to tend, each on a socket of its own (so that there is no doubt
 * whose message it is, even where the sender is gone), and from tend to whoever started it. */
#pragma once

#include "base/def.h"

struct manager;
struct service;

struct notify;

/* The socket of a service, made at its first start and kept; see mailbox.h. 0 or a negative errno. */
int notify_open(struct service *s) must_check;
struct notify *notify_close(struct notify *n);

/* "NOTIFY_SOCKET=…". */
const char *notify_variable(const struct notify *n);
/* STATUS= as it was said last, or NULL. */
const char *notify_status(const struct notify *n);

/* Takes up what has come and was not read yet: before its process is looked at as ended. */
void notify_drain(struct service *s);

/* Tells tend's own NOTIFY_SOCKET; never blocks, does nothing where there is none. */
void notify_tell(const char *socket, const char *format, ...) printf_like(2, 3);
