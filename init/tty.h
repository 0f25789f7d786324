/* The terminal: who is in its foreground. */
#pragma once

#include <sys/types.h>

#include "base/def.h"

/* Makes `group` the foreground process group of the terminal on `fd`. Safe from a background group (SIGTTOU
 * is kept away meanwhile) and in a child before exec. 0, also where fd is no terminal of ours (ENOTTY and
 * ENXIO are not errors here), or a negative errno. */
int tty_set_foreground(int fd, pid_t group);

/* The foreground group, or a negative errno. */
pid_t tty_foreground(int fd);

/* The descriptor among 0, 1 and 2 that is our terminal and has our own process group in its foreground: it is
 * ours to hand on. Else -1: there is none, or somebody else is using it. */
int tty_find_owned(void);

/* In a child that leads its session: makes the terminal on `fd` its controlling one. 0 or a
 * negative errno. */
int tty_take(int fd);

/* Gives the controlling terminal up. 1 where we led the session, in which case the kernel has sent SIGHUP and
 * SIGCONT to the foreground group, ourselves included; 0 where we did not; or a negative errno. */
int tty_give_up(int fd);

/* It is tend's own: its controlling terminal, or what is behind 0, 1 or 2. */
bool tty_is_own(int fd);

/* Takes the terminal from all who have it open, `fd` included: to be opened anew. 0 or a negative errno: it
 * wants CAP_SYS_ADMIN. */
int tty_hang_up(int fd);

/* Usual settings, no exclusive use, and what was typed to nobody is forgotten; what was written is not, as
 * somebody may still be about to read it. 0 or a negative errno. */
int tty_reset(int fd);

/* 0 leaves that side as it is. 0 or a negative errno. */
int tty_resize(int fd, unsigned rows, unsigned columns);

/* Once `group`, to which the terminal was handed, has ended: back to our own group, if it or another one that
 * has ended is still in the foreground. A shell without job control would else read from the background. Does
 * nothing where `fd` is -1. */
void tty_take_back(int fd, pid_t group);
