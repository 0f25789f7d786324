/* The effects of a service that have to do with processes: making them, signalling them, seeing them end. */
#pragma once

#include "supervisor/service.h"

/* Runs an ExecStart= line as the main process. Posts EVENT_UP where Type= asks for no more than that,
 * EVENT_SPAWN_FAILED, or, where there is no line, EVENT_MAIN_ENDED. */
void spawn_main(struct service *s, const struct command *c);

/* Runs the lines of a kind one after another. EVENT_CONTROL_DONE or EVENT_CONTROL_FAILED follow. */
void spawn_control(struct service *s, enum exec_kind kind);

/* Ends the command that runs now and forgets it; the census finds what it leaves. */
void spawn_drop_control(struct service *s);

/* ReloadSignal= to the main process. */
void spawn_signal_reload(struct service *s);

/* SendSIGHUP=: behind what asks it to stop, not behind what is to make it dump its core. */
bool spawn_hangs_up(const struct service *s);

/* To whom KillMode= says; `last` is the signal of those that did not heed the one before. EVENT_EMPTY follows
 * when nobody is left. */
void spawn_signal(struct service *s, int signal, bool last);
