#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "base/io.h"
#include "base/log.h"
#include "config/setup.h"
#include "supervisor/box.h"
#include "supervisor/roundup.h"
#include "supervisor/spawn.h"

#define RETRY_FIRST (20 * USEC_PER_MSEC) /* where somebody has been left */
#define RETRY_MOST  USEC_PER_SEC
#define RETRY_DELAY (100 * USEC_PER_MSEC) /* where memory or descriptors are lacking */

/* Whose environment is empty is on the way to its execve(), or has none: looked at a few times before it is
 * nobody's. */
#define UNREAD_LOOKS 4
#define UNREAD_DELAY (5 * USEC_PER_MSEC)

#define NAMED_MOST 10 /* of a service: a fork bomb has many */

#define IS_KILLING(s) STATE_IN((s)->state, STATE_BIT(STATE_STOP_SIGKILL) | STATE_BIT(STATE_FINAL_SIGKILL))

static bool has_gone(const struct service *s) {
        return s->main == 0 && s->control == 0;
}

static void collect(struct manager *m, struct service *s) {
        if (!s->waits_for_empty)
                return;
        s->left = 0;
        m->waiting[m->n_waiting++] = s;
}

static void collect_waiting(struct manager *m) {
        m->n_waiting = 0;
        for (uint32_t i = 0; i < m->plan.after.n; i++)
                collect(m, m->services[i]);
        for (struct service *s = m->leaving; s; s = s->next_leaving)
                collect(m, s);
}

/* Whether somebody who still lives has to hear a signal: then its children have to be looked for everywhere.
 * Else what matters has been handed to us, and our own children are all there is to look at. */
static bool has_signal_for_living(const struct manager *m) {
        for (uint32_t i = 0; i < m->n_waiting; i++)
                if (m->waiting[i]->kill_signal != 0 && !has_gone(m->waiting[i]))
                        return true;
        return false;
}

static bool has_found_anybody(const struct manager *m) {
        for (size_t i = 0; i < m->census.n; i++)
                if (m->census.list[i].owner)
                        return true;
        return false;
}

static int take_census_of_proc(struct manager *m) {
        if (!has_signal_for_living(m)) {
                int r = census_take_orphans(&m->census, m);
                if (r < 0 || !has_found_anybody(m))
                        return r;
        }
        return census_take(&m->census, m);
}

/* A cgroup knows better whom it holds than anything under /proc. */
static int take_census(struct manager *m) {
        bool has_boxes = false, has_others = false;

        for (uint32_t i = 0; i < m->n_waiting; i++) {
                has_boxes |= m->waiting[i]->box != NULL;
                has_others |= !m->waiting[i]->box;
        }
        m->census.n = 0;
        m->census.has_unread = m->census.has_hidden = false;
        int r = has_others ? take_census_of_proc(m) : 0;
        return r < 0 || !has_boxes ? r : census_take_boxes(&m->census, m);
}

/* Where the table of descriptors is full, those that are kept for this are given up for as long as
 * it takes. */
static int take_census_for_sure(struct manager *m) {
        int r = take_census(m);

        if (r != -EMFILE)
                return r;
        census_release(&m->census);
        r = take_census(m);
        census_hold(&m->census, m);
        return r;
}

static void name_killed(const struct census_entry *e) {
        char path[32], name[32];

        (void) snprintf(path, sizeof(path), "/proc/%d/comm", e->pid);
        ssize_t n = io_read_small(AT_FDCWD, path, name, sizeof(name));
        if (n > 0)
                name[strcspn(name, "\n")] = '\0';
        log_warning(e->owner->unit->name, "killed what it left: %s (pid %d)", n > 0 ? name : "?", e->pid);
}

/* "SigIgn:" and its kin in /proc/PID/status: bit N - 1 for signal N. */
static uint64_t signal_set(const char *status, const char *field) {
        const char *at = strstr(status, field);
        return at ? strtoull(at + strlen(field), NULL, 16) : UINT64_MAX;
}

/* Who neither catches nor ignores the signal and is still there has not heard it: it was made behind its
 * back, or was on the way to its execve() with the handlers of whoever forked it. Those who do catch it may
 * be at their last work: they are not asked twice. */
static bool has_missed(pid_t pid, int signal) {
        char path[32], status[4096];

        (void) snprintf(path, sizeof(path), "/proc/%d/status", pid);
        if (io_read_small(AT_FDCWD, path, status, sizeof(status)) < 0)
                return false;
        uint64_t heard = signal_set(status, "\nSigIgn:") | signal_set(status, "\nSigCgt:");
        return (heard >> (signal - 1) & 1) == 0;
}

/* What is there although SIGKILL has gone out was made behind its back. In mode mixed the rest is killed when
 * the main process has gone. */
static int signal_for(const struct service *s, pid_t pid) {
        enum kill_mode mode = s->unit->kill_mode;

        if (!STATE_IN(s->state, STATES_STOPPING) || s->stops_itself)
                return 0;
        if (mode != KILL_CONTROL_GROUP && mode != KILL_MIXED)
                return 0;
        if (IS_KILLING(s) || (mode == KILL_MIXED && has_gone(s)))
                return unit_final_signal(s->unit);
        if (s->kill_signal != 0 || mode == KILL_MIXED)
                return s->kill_signal;
        return has_missed(pid, s->unit->kill_signal) ? s->unit->kill_signal : 0;
}

static void send_signals(const struct manager *m) {
        const struct service *killed = NULL;

        for (size_t i = 0; i < m->census.n; i++) {
                const struct census_entry *e = &m->census.list[i];
                if (!e->owner || !e->owner->waits_for_empty)
                        continue;
                int signal = signal_for(e->owner, e->pid);
                e->owner->left++;
                if (signal == 0)
                        continue;
                if (signal == SIGKILL) {
                        if (e->owner->left <= NAMED_MOST)
                                name_killed(e);
                        e->owner->was_killed = true;
                }
                if (signal == SIGKILL && e->owner->box && e->owner != killed) {
                        box_kill(e->owner);
                        killed = e->owner;
                }
                (void) kill(e->pid, signal);
                if (signal != SIGKILL)
                        (void) kill(e->pid, SIGCONT);
                if (!IS_KILLING(e->owner) && signal != SIGKILL && spawn_hangs_up(e->owner))
                        (void) kill(e->pid, SIGHUP);
        }
}

static void signal_sessions(const struct manager *m) {
        for (uint32_t i = 0; i < m->n_waiting; i++) {
                const struct service *s = m->waiting[i];
                if (s->session > 0 && s->kill_signal != 0 && !s->box)
                        (void) kill(-s->session, s->kill_signal);
        }
}

/* Without a /proc to look into, the process groups of the main processes have to serve. */
static void fall_back(struct manager *m, int error) {
        if (!m->census_broken)
                log_warning(NULL,
                            "/proc cannot be read (%s): what services leave behind is found by process group "
                            "alone; mount a /proc",
                            error == -ENOSYS ? "it is not the one of this PID namespace" : strerror(-error));
        m->census_broken = true;
        m->census.n = 0;
        signal_sessions(m);
}

/* Whom it shows has been found. */
static void fall_back_for_hidden(struct manager *m) {
        if (!m->census_broken)
                log_warning(
                        NULL,
                        "/proc hides processes of services (hidepid=): what these leave behind is found by "
                        "process group alone; mount it without, or give CAP_SYS_PTRACE");
        m->census_broken = true;
        signal_sessions(m);
}

/* Handed to us, and nothing says by whom: it may have been a daemon that has overwritten its environment, as
 * some do to show what they are about. */
static bool is_riddle(const struct census_entry *e) {
        return !e->owner && !e->is_named && e->parent == getpid();
}

static bool has_riddles(const struct census *c) {
        for (size_t i = 0; i < c->n; i++)
                if (is_riddle(&c->list[i]))
                        return true;
        return false;
}

/* Does what it leaves keep the service from its rest? One that is up must not be taken for gone. */
static bool is_empty(const struct service *s) {
        enum kill_mode mode = s->unit->kill_mode;

        if (!STATE_IN(s->state, STATES_STOPPING))
                return has_gone(s) && s->left == 0 && !has_riddles(&s->manager->census);
        if (mode == KILL_NONE)
                return true;
        return has_gone(s) && (mode == KILL_PROCESS || s->left == 0);
}

/* Who had been forked but had not executed yet may have lost its signal, and then nothing more happens that a
 * census would follow. So there is another one, less and less often. */
static void look_again(struct manager *m, bool has_signalled) {
        usec_t now = manager_now(m);
        bool is_left = false;

        for (uint32_t i = 0; i < m->n_waiting; i++) {
                const struct service *s = m->waiting[i];
                is_left |= s->waits_for_empty && STATE_IN(s->state, STATES_STOPPING) && has_gone(s) &&
                           s->left > 0;
        }
        if (has_signalled)
                m->signalled = now;
        usec_t span = MIN(MAX(now - m->signalled, RETRY_FIRST), RETRY_MOST);
        timers_arm(&m->timers, &m->retry, is_left ? now + span : USEC_INFINITY);
}

static bool is_starting_daemon(const struct service *s) {
        return s->unit->type == SERVICE_FORKING && s->state == STATE_START;
}

/* With others that fork at the same time a riddle may be any of theirs. */
static bool is_alone(const struct manager *m) {
        unsigned n = 0;

        for (uint32_t i = 0; i < m->plan.after.n; i++)
                n += is_starting_daemon(m->services[i]);
        return n == 1;
}

static pid_t find_only(const struct census *c, const struct service *s) {
        size_t n = 0, riddles = 0;
        pid_t found = 0, riddle = 0;

        for (size_t i = 0; i < c->n; i++) {
                const struct census_entry *e = &c->list[i];
                if (e->owner == s) {
                        found = e->pid;
                        n++;
                } else if (is_riddle(e)) {
                        riddle = e->pid;
                        riddles++;
                }
        }
        if (n == 0 && riddles == 1 && is_alone(s->manager))
                return riddle;
        return n == 1 ? found : 0;
}

/* A census for one service alone: it asks for whom it is. */
static int take_census_of(struct service *s, int (*take)(struct census *c, struct manager *m)) {
        struct manager *m = s->manager;
        struct service *first = m->waiting[0];
        uint32_t n = m->n_waiting;

        m->waiting[0] = s;
        m->n_waiting = 1;
        census_release(&m->census);
        int r = take(&m->census, m);
        census_hold(&m->census, m);
        m->waiting[0] = first;
        m->n_waiting = n;
        return r;
}

pid_t roundup_only_orphan(struct service *s) {
        int r = take_census_of(s, census_take_orphans);

        return r < 0 ? 0 : find_only(&s->manager->census, s);
}

static int take_boxes_alone(struct census *c, struct manager *m) {
        c->n = 0;
        return census_take_boxes(c, m);
}

bool roundup_send(pid_t pid, int signal, const int *value) {
        return (value ? sigqueue(pid, signal, (union sigval){ .sival_int = *value }) : kill(pid, signal)) ==
               0;
}

unsigned roundup_kill(struct service *s, int signal, const int *value) {
        const struct census *c = &s->manager->census;
        unsigned n = 0;

        if (service_is_at_rest(s) || take_census_of(s, s->box ? take_boxes_alone : census_take) < 0)
                return 0;
        for (size_t i = 0; i < c->n; i++)
                if (c->list[i].owner == s)
                        n += roundup_send(c->list[i].pid, signal, value);
        return n;
}

bool roundup_left_nobody(struct service *s) {
        const struct census *c = &s->manager->census;

        if (take_census_of(s, census_take_orphans) < 0)
                return false;
        for (size_t i = 0; i < c->n; i++)
                if (c->list[i].owner == s)
                        return false;
        return !has_riddles(c);
}

void roundup_run(struct manager *m) {
        bool has_signalled = false;

        m->census_due = false;
        collect_waiting(m);
        if (m->n_waiting == 0)
                return;
        int r = take_census_for_sure(m);
        if (r < 0 && io_is_shortage(-r)) {
                timers_arm(&m->timers, &m->retry, manager_now(m) + RETRY_DELAY);
                return;
        }
        if (r == 0 && m->census.has_unread && m->unread_looks < UNREAD_LOOKS) {
                m->unread_looks++;
                timers_arm(&m->timers, &m->retry, manager_now(m) + UNREAD_DELAY);
                return;
        }
        m->unread_looks = 0;
        if (r < 0)
                fall_back(m, r);
        else if (m->census.has_hidden)
                fall_back_for_hidden(m);
        send_signals(m);
        for (uint32_t i = 0; i < m->n_waiting; i++) {
                struct service *s = m->waiting[i];
                has_signalled |= s->kill_signal != 0;
                if (has_gone(s) && s->left == 0 && box_is_populated(s))
                        s->left = 1; /* came behind the census, or is deep below */
                s->kill_signal = 0;
                if (!is_empty(s))
                        continue;
                s->waits_for_empty = false;
                service_dispatch(s, EVENT_EMPTY);
        }
        look_again(m, has_signalled);
}
