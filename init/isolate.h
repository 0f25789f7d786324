/* `tend run --isolate`: namespaces of its own, so that tend is PID 1 on any machine: PID, mount, UTS, IPC,
 * cgroup, network and time where asked for, and a user namespace where tend may not make the others without
 * one. */
#pragma once

#include "base/def.h"
#include "init/root.h"

enum network {
        NETWORK_LOOPBACK, /* its own, which leads nowhere */
        NETWORK_NONE,     /* its own, and that interface down */
        NETWORK_HOST,     /* the machine's */
};

struct isolate {
        enum network network;
        struct root root;
        const char *hostname;  /* borrowed; NULL: leave alone */
        usec_t uptime;         /* what its clocks say at the start; USEC_INFINITY: the machine's clocks */
        uint64_t capabilities; /* bit N for number N: what there is inside besides the usual ones */
        int cgroup;            /* borrowed; the directory of the cgroup to be in; -1: where we are */
        int shared;            /* borrowed; what both halves hold, see isolate_enter(); -1: nothing */
        unsigned given;        /* how many descriptors from 3 on are for the inside */
};

/* What the kernel has refused. */
struct refusal {
        int error;         /* negative */
        const char *doing; /* "making namespaces" */
        const char *what;  /* a word of the options that it is about; NULL: none */
};

/* Who is root in another root is the owner of tend's own file as well, and gets at it by /proc/1/exe. So
 * there it is executed anew, from a mount of the file that nobody can write to. Before anything else; 0 where
 * there is no need, or no right to do so, or a negative errno. */
int isolate_guard_program(void) must_check;

/* Makes the namespaces and splits in two. In the child, PID 1 of the new ones, returns 0 and tend goes on
 * there, with isolate_seal(); it has no descriptor of before but 0 to 2, `shared` and those that are
 * given, as each would be a way out. The parent stays outside: it forwards signals, lets the child have the
 * terminal, stops and continues with it, waits, and returns 1 with the child's exit code in *ret_code (128+N
 * by signal); the child dies with the parent. -1 with *ret filled in where that cannot be had: nothing is
 * left of it. */
int isolate_enter(struct isolate *o, int *ret_code, struct refusal *ret) must_check;

/* In the child, before the first program: the host name, and no more rights than container engines give. -1
 * with *ret. */
int isolate_seal(const struct isolate *o, struct refusal *ret) must_check;
