/* What a PID 1 owes the kernel: one signal descriptor, every child reaped, and at the end nobody left behind.
 * It knows nothing of services: whoever calls it gives a hook. The only place that waits for processes. */
#pragma once

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/types.h>

#include "base/def.h"

#define INIT_SIGNAL_BIT(n) (UINT64_C(1) << ((n) -1))

struct init {
        int signal_fd; /* every signal that can be caught, but for faults, is blocked and comes from here */
        bool is_pid1;
        bool is_subreaper; /* orphans of ours come to us, though we are not PID 1 */
        unsigned stops;    /* how many SIGINT and SIGTERM have been read */
        sigset_t mask;     /* as it was when tend began, for the children */
        uint64_t ignored;  /* what was ignored when tend began: INIT_SIGNAL_BIT() of each */
};

/* Blocks all signals, opens the descriptor, becomes subreaper unless PID 1, makes sure that 0, 1 and 2 are
 * open (/dev/null). 0 or a negative errno; after it PID 1 never exits on an error. Opened once more in a
 * forked child, it keeps the mask that was found the first time, so that no signal is lost between
 * the two. */
int init_open(struct init *i) must_check;

/* The same, with less or more of it; init_open() is INIT_SUBREAPER. */
enum {
        INIT_SUBREAPER = 1 << 0, /* without it orphans go to whoever reaped them before */
        INIT_FAULTS = 1 << 1,    /* SIGSEGV and its like, if somebody sends them, come here too */
};
int init_open_as(struct init *i, unsigned flags) must_check;

/* The next signal that has come. 1, 0 when there is none, or a negative errno. Never blocks. */
int init_next_signal(struct init *i, struct signalfd_siginfo *ret) must_check;

/* Waits until a signal may have come, or until `until` (USEC_INFINITY: for good). */
void init_wait_signal(const struct init *i, usec_t until);

/* In a child, before it executes: default dispositions, an empty mask. Allocates nothing, for use after
 * vfork. With `as_found` what tend was started with instead (for `tend -- CMD`). */
void init_restore_signals(const struct init *i, bool as_found);

/* Called for each child that ended. */
typedef void (*init_death)(void *context, const siginfo_t *ended);

/* Reaps what has ended, at most `most` children, so that a storm cannot starve the rest. With `look` a child
 * can still be looked at under /proc while the hook (which may be NULL) runs, and its number is nobody
 * else's: that takes a second call for each. Returns how many; *ret_more says that there may be more,
 * *ret_alone that there is no child at all. */
size_t init_reap(size_t most, bool look, init_death death, void *context, bool *ret_more, bool *ret_alone);

/* Called for a process that had to be killed. `name` as in /proc/PID/comm, "?" without a /proc. */
typedef void (*init_killed)(void *context, pid_t pid, const char *name);

/* The end: SIGTERM to whoever is left, until `deadline` (CLOCK_MONOTONIC) for them to go, then SIGKILL, each
 * named to `killed`; returns when the last one is reaped, or when one second has gone by in which SIGKILL had
 * no effect. As PID 1 that is everything in the namespace, else what descends from us. `term` = false begins
 * with SIGKILL. Returns how many had to be killed. A second SIGINT or SIGTERM (see `stops`) that arrives
 * meanwhile cuts the wait short. */
size_t init_sweep(struct init *i, bool term, usec_t deadline, init_killed killed, void *context);
