/* A service in virtual time: what happens to it is a script, what comes of it a trail of states. It goes
 * through the table of rules and the policy and does, without a process, what service.c and those beside it
 * do. */
#pragma once

#include "supervisor/policy.h"
#include "supervisor/state.h"
#include "tests/unit/test.h"

#define SEC        USEC_PER_SEC
#define MSEC       USEC_PER_MSEC
#define TRAIL_SIZE 2048
#define BURST_MOST 16

struct life {
        struct unit unit;
        struct restarts restarts;
        usec_t ring[BURST_MOST];
        const struct command *line; /* of ExecStart= */
        struct ending main, control;
        enum state state;
        enum result result;
        enum event posted; /* EVENT_COUNT: none */
        usec_t now, alarm; /* USEC_INFINITY: none */
        bool main_alive, control_alive, asked, waits;
        bool next_fails; /* the next process cannot be made */
        bool next_found; /* the main process of a forking service is found */
        bool has_pid_file, sought, says, own;
        bool asks, answered; /* ReadyWhen= */
        unsigned removals;   /* how often the runtime directories were */
        unsigned kills;      /* how often SIGKILL was sent */
        char trail[TRAIL_SIZE];
        size_t length;
        size_t row;
};

/* A life from its begin, and what is to come of it. */
struct life_row {
        struct unit unit;
        const char *script, *trail;
        unsigned kills;
};

/* A service of that unit; what it leaves at 0 becomes what is usual. */
void life_init(struct life *l, const struct unit *u, size_t row);

/* The words of a script:  exit:N kill:N dump:N  the main process ends · done fail:N  the command does · gone
 * nobody is left · ring  the time is over · +N  N milliseconds pass before that · nospawn  the next process
 * cannot be made · found  the next command to end has left the main process · pidfile  there is a PIDFile= ·
 * named  by it · answers  what ReadyWhen= names does · and what is asked for. */
void life_play(struct life *l, const char *script);
void life_check_rows(const struct life_row *rows, size_t n);

struct verdict life_decide(const struct life *l);

/* For the units of the rows. */
#define CONDITION(c) .exec[EXEC_CONDITION] = (c)
#define PRE(c)       .exec[EXEC_START_PRE] = (c)
#define START(c)     .exec[EXEC_START] = (c)
#define POST(c)      .exec[EXEC_START_POST] = (c)
#define RELOAD(c)    .exec[EXEC_RELOAD] = (c)
#define STOP(c)      .exec[EXEC_STOP] = (c)
#define STOP_POST(c) .exec[EXEC_STOP_POST] = (c)
#define ONESHOT      .type = SERVICE_ONESHOT
#define NOTIFY       .type = SERVICE_NOTIFY
#define RELOADS      .type = SERVICE_NOTIFY_RELOAD
#define FORKING      .type = SERVICE_FORKING
#define STAYS        .remain_after_exit = true
#define ALWAYS       .restart = RESTART_ALWAYS, .restart_delay = 100 * MSEC
#define ON_FAILURE   .restart = RESTART_ON_FAILURE, .restart_delay = 100 * MSEC
