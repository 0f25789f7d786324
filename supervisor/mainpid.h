/* The main process of a service where that is not the one that tend has started: named by MAINPID=, by
 * PIDFile=, or the only one that a forking service has left behind. */
#pragma once

#include "supervisor/service.h"

/* `pid` is its main process from now on: followed by SIGCHLD where it is our child, else by a pidfd. 0, or a
 * negative errno (that has been said) and nothing has changed. */
int mainpid_adopt(struct service *s, pid_t pid);

/* A daemon makes a session of its own, after it was found perhaps (nginx's PID file comes before that). It is
 * what tells its children apart when they are left behind and their environment was wiped out. */
void mainpid_follow_session(struct service *s);

/* Whether a process may be called its main one: it is of this service and lives. */
bool mainpid_is_suitable(struct service *s, pid_t pid);

/* The command of a forking service has ended well: looks for what it has left. Afterwards s->main is known or
 * not. */
void mainpid_find(struct service *s);

/* PIDFile= is looked at again and again while the service starts; EVENT_UP follows, or EVENT_EMPTY where
 * nobody is left who could write it. */
void mainpid_search(struct service *s);

/* The main process has ended: whether it has a successor, which then is the main process. */
bool mainpid_find_successor(struct service *s, struct ending e);

/* It has come to rest: its PIDFile= is removed, as systemd does. */
void mainpid_forget(const struct service *s);

/* Of a service that is up or starting: who is left of it counts, since nobody knows the main process of a
 * forking one, or since it has ended and ExitType=cgroup asks for that. */
static inline bool mainpid_is_unknown(const struct service *s) {
        uint32_t states = STATES_UP | STATE_BIT(STATE_START) | STATE_BIT(STATE_START_POST);

        if (s->main != 0)
                return false;
        if (s->main_ending.code == 0)
                return s->unit->type == SERVICE_FORKING;
        return unit_readiness(s->unit)->exits_empty && STATE_IN(s->state, states);
}
