/* `tend run --isolate`: namespaces of its own, so that tend is PID 1 on any machine: PID, mount, UTS, IPC,
 * cgroup, network where asked for, and a user namespace where tend may not make the others without one. */
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
        uint64_t capabilities; /* bit N for number N: what there is inside besides the usual ones */
        int cgroup;            /* borrowed; the directory of the cgroup to be in; -1: where we are */
};

/* What the kernel has refused. */
struct refusal {
        int error;         /* negative */
        const char *doing; /* "making namespaces" */
        const char *what;  /* a word of the options that it is about; NULL: none */
};

/* Makes the namespaces and splits in two. In the child, PID 1 of the new ones, returns 0 and tend goes on
 * there, with isolate_seal(). The parent stays outside: it forwards signals, lets the child have the
 * terminal, stops and continues with it, waits, and returns 1 with the child's exit code in *ret_code (128+N
 * by signal); the child dies with the parent. -1 with *ret filled in where that cannot be had: nothing is
 * left of it. */
int isolate_enter(struct isolate *o, int *ret_code, struct refusal *ret) must_check;

/* In the child, before the first program: the host name, and no more rights than container engines give. -1
 * with *ret. */
int isolate_seal(const struct isolate *o, struct refusal *ret) must_check;
