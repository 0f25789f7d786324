/* Making a process: everything is prepared in the parent, on memory that was set aside at the start; then a
 * child that shares it (CLONE_VM | CLONE_VFORK) walks the list of steps of child.c. Since the parent goes on
 * only when the child has executed its command or given up, the failed step comes home in that
 * same memory. */
#pragma once

#include <sys/types.h>

#include "base/diag.h"
#include "config/expand.h"
#include "config/setup.h"
#include "init/init.h"
#include "supervisor/loss.h"

#define LAUNCH_OWN_PIDS 2
#define LAUNCH_PID_ROOM 12

/* What all launches share. */
struct launcher {
        const struct init *init; /* borrowed */
        char **environment;      /* owned; the container's, without what was meant for tend alone */
        struct arena arena;      /* mapped once; used anew for each launch */
        int null_fd; /* /dev/null; where there is none, what reads as empty, for standard input alone */
        bool has_null;
        uint64_t bounds;    /* the container's bounding set of capabilities; 0: not asked for yet */
        bool lacks_clone3;  /* the kernel or a filter refuses it */
        bool has_oom_score; /* PID 1's own is not what it was: children get it back */
        int oom_score;
};

/* What is prepared before there is a child. */
enum prepared {
        PREPARE_BUDGET,
        PREPARE_USER,
        PREPARE_GROUP,
        PREPARE_DESCRIPTORS,
        PREPARE_ENVIRONMENT,
        PREPARE_COMMAND,
        PREPARED_COUNT
};

struct launch {
        /* What to run, for whom: filled by the caller. */
        const struct unit *unit;
        const struct command *command;
        enum exec_kind kind;
        const char *const
                *extra;       /* "NAME=value" of tend's own, NULL at the end: MAINPID, SERVICE_RESULT, … */
        char *const *own_pid; /* places in those, NULL at the end, into which the child writes its pid:
                                 LAUNCH_PID_ROOM bytes each, at most LAUNCH_OWN_PIDS of them */
        const int *fds;       /* handed on as 3 and so on; n_fds of them */
        unsigned n_fds;
        unsigned n_sockets;    /* the first of those are sockets that tend holds for it */
        int ready, ready_at;   /* a descriptor that is handed on as that number; 0: none */
        int report;            /* takes standard output and standard error; 0: as the unit says */
        const char *setting;   /* whose command it is, where `kind` does not tell; NULL: that does */
        int cgroup_fd;         /* of the cgroup it belongs in; 0: stays in tend's */
        bool delegates;        /* that cgroup is to be its user's */
        uint32_t unkept;       /* bit N: no cgroup keeps what needs enum controller N */
        const char *objection; /* what keeps it from its budget, where it insists on that; NULL: nothing */
        const char *remedy;    /* against that; NULL: nothing is known */

        /* Prepared by launch_run(); the child only reads. */
        struct launcher *launcher;
        char **argv, **environment;
        bool has_entered;      /* it was made in its cgroup */
        const char *path;      /* PATH, where the program's name has no slash */
        const char *directory; /* NULL: stay */
        uid_t uid;
        gid_t gid;
        gid_t *groups; /* owned while launch_run() runs */
        size_t n_groups;
        bool is_unlimited; /* "+", or PermissionsStartOnly=: what limits the service is left out */
        bool change_user;
        bool has_owner;   /* uid and gid are the service's, though this command may not change to them */
        uint64_t ambient; /* capabilities that are to be ambient */
        uint64_t lacks_ambient, lacks_bounding; /* those that the unit names and the container has not */
        int *passed;                            /* room for n_fds, for the child */
        int prepared[PREPARED_COUNT];           /* 0, or a negative errno: the child fails with it */
        const char *unprepared[PREPARED_COUNT]; /* what each was about */

        /* Written by the child. */
        int failed_step;       /* -1: none */
        int error;             /* errno of it */
        const char *failed_at; /* what it was about: a path, a user; may be NULL */
        struct losses losses;
};

/* Sets memory aside and cleans the environment. 0 or a negative errno. */
int launcher_open(struct launcher *l, const struct init *init, char *const *environment) must_check;
void launcher_close(struct launcher *l);

/* Returns the child's pid; -errno where no process could be made (EAGAIN, ENOMEM, E2BIG …). A child that was
 * made and then failed has its step in `l` and ends with that step's code (it has to be reaped like any
 * other). `d` gets warnings about environment files. */
pid_t launch_run(struct launcher *launcher, struct launch *l, struct diags *d) must_check;

/* "changing directory: /srv: No such file or directory" of a failed step. */
const char *launch_text(const struct launch *l, char *buffer, size_t size);
