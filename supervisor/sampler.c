#include "supervisor/sampler.h"
#include "base/clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/io.h"
#include "base/proc.h"
#include "init/kernel.h"

#define TICK       (100 * USEC_PER_MSEC) /* between looks at how many processes were made */
#define QUOTA_TICK (10 * USEC_PER_MSEC)
#define END_TICK   (2 * USEC_PER_MSEC) /* at least: those that were killed, and PID 1, need the processor */
#define END_SHARE  4                   /* times what the round has cost */
#define NICENESS   (-10)
#define NOBODY     UINT32_MAX
#define LOOKS      4 /* at an environment that is empty, as it is in the middle of an execve(2) */

/* A service that is watched, by its number. */
struct watch {
        bool is_used, is_ending;
        struct sampler_order order;
        struct sample sample;
        struct quota_account quota;
        usec_t cpu, cpu_before; /* in this round, and in the one before */
        pid_t largest;
        uint64_t largest_resident;
        bool is_told;
};

struct member {
        pid_t pid, parent, group, session;
        uint64_t started; /* as /proc/PID/stat has it: tells who has got an old number */
        uint64_t resident, tasks, ticks;
        uint32_t watch; /* NOBODY */
        uint8_t looks;  /* left, at its environment */
        bool is_new;
};

struct sampler {
        int fd, proc;
        struct watch *watches; /* owned; by number */
        uint32_t n_watches;
        struct member *members, *spare; /* owned; all processes, by pid */
        size_t n, room;
        uint64_t last_pid; /* given out when the round began */
        usec_t due;
        size_t page;
        usec_t tick;
        struct sampler_mark *mark; /* borrowed; NULL */
        bool is_real_time;         /* comes before everybody else: it has to be faster than a fork bomb */
        char text[16384];
};

static ssize_t read_of(struct sampler *s, pid_t pid, const char *name) {
        char path[40];

        (void) snprintf(path, sizeof(path), "%d/%s", pid, name);
        return kernel_read_as_owner(s->proc, path, s->text, sizeof(s->text));
}

static bool read_stat(const struct sampler *s, struct member *m) {
        struct proc_stat now;

        if (proc_read_stat(m->pid, &now) < 0)
                return false;
        m->parent = now.parent;
        m->group = now.group;
        m->session = now.session;
        m->is_new |= m->started != now.started;
        m->started = now.started;
        m->tasks = now.tasks;
        m->resident = proc_has_ended(&now) ? 0 : now.resident * s->page;
        m->ticks = now.ticks;
        return true;
}

static bool set_policy(pid_t pid, int policy, int priority) {
        const struct sched_param p = { .sched_priority = priority };

        return syscall(SYS_sched_setscheduler, pid, policy, &p) == 0;
}

#define HURRIED (SCHED_RR | SCHED_RESET_ON_FORK)

/* The mark comes first: what is undone for nothing does no harm. */
static void hurry(struct sampler_mark *mark, pid_t pid) {
        if (syscall(SYS_sched_getscheduler, pid) != SCHED_OTHER)
                return;
        mark->hurried = pid;
        (void) set_policy(pid, HURRIED, 1);
}

void sampler_calm(struct sampler_mark *mark) {
        pid_t pid = mark->hurried;

        if (pid != 0 && syscall(SYS_sched_getscheduler, pid) == HURRIED)
                (void) set_policy(pid, SCHED_OTHER, 0);
        mark->hurried = 0;
}

/* What is read of its memory waits while it forks, and whoever forks without end among hundreds that do the
 * same is seldom let go on: for that moment it comes before them, and right behind us. */
static ssize_t read_locked(struct sampler *s, pid_t pid, const char *name) {
        if (!s->mark || !s->is_real_time)
                return read_of(s, pid, name);
        hurry(s->mark, pid);
        ssize_t n = read_of(s, pid, name);
        sampler_calm(s->mark);
        return n;
}

static uint64_t read_proportional(struct sampler *s, pid_t pid) {
        if (read_locked(s, pid, "smaps_rollup") < 0)
                return UINT64_MAX;
        const char *at = strstr(s->text, "\nPss:");
        return at ? strtoull(at + strlen("\nPss:"), NULL, 10) << 10 : UINT64_MAX;
}

/* The last process number that was given out in our PID namespace; proc(5), /proc/loadavg. */
static uint64_t read_last_pid(struct sampler *s) {
        char text[64];

        if (io_read_small(s->proc, "loadavg", text, sizeof(text)) < 0)
                return 0;
        const char *at = strrchr(text, ' ');
        return at ? strtoull(at, NULL, 10) : 0;
}

static uint32_t find_environment(struct sampler *s, struct member *m) {
        ssize_t n = read_locked(s, m->pid, "environ");
        uint8_t invocation[16];

        m->looks = n == 0 && m->looks > 0 ? m->looks - 1 : 0;
        if (n <= 0 || !proc_find_invocation(s->text, (size_t) n, invocation))
                return NOBODY;
        for (uint32_t i = 0; i < s->n_watches; i++) {
                const struct watch *w = &s->watches[i];
                if (w->is_used && memcmp(w->order.invocation, invocation, sizeof(invocation)) == 0)
                        return i;
        }
        return NOBODY;
}

static uint32_t find_marked(const struct sampler *s, const struct member *m) {
        for (uint32_t i = 0; i < s->n_watches; i++) {
                const struct watch *w = &s->watches[i];
                if (w->is_used &&
                    (w->order.main == m->pid || (w->order.session > 0 && w->order.session == m->session)))
                        return i;
        }
        return NOBODY;
}

static int compare(const void *a, const void *b) {
        const struct member *x = a, *y = b;
        return (x->pid > y->pid) - (x->pid < y->pid);
}

static struct member *find(const struct sampler *s, pid_t pid) {
        struct member wanted = { .pid = pid };
        return s->n == 0 ? NULL : bsearch(&wanted, s->members, s->n, sizeof(*s->members), compare);
}

/* Whose it is does not change as long as it lives; only who is not known yet is looked at closely. */
static void settle(struct sampler *s, struct member *m) {
        if (m->watch != NOBODY || (!m->is_new && m->looks == 0))
                return;
        if (m->is_new)
                m->looks = LOOKS;
        m->is_new = false;
        m->watch = find_marked(s, m);
        const struct member *parent = m->watch == NOBODY ? find(s, m->parent) : NULL;
        if (parent)
                m->watch = parent->watch;
        if (m->watch == NOBODY && m->looks > 0)
                m->watch = find_environment(s, m);
}

static int make_room(struct sampler *s) {
        if (s->n < s->room)
                return 0;
        size_t room = MAX(2 * s->room, (size_t) 256);
        struct member *grown = reallocarray(s->members, room, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        s->members = grown;
        s->room = room;
        return 0;
}

/* All processes anew; who was known stays known. The kernel lists them by number. */
static int list_all(struct sampler *s) {
        size_t n_old = s->n;
        struct member *old = n_old > 0 ? reallocarray(s->spare, n_old, sizeof(*old)) : s->spare;
        DIR *proc = old || n_old == 0 ? opendir("/proc") : NULL;

        if (old)
                s->spare = old;
        if (!proc)
                return old || n_old == 0 ? -errno : -ENOMEM;
        if (n_old > 0)
                memcpy(old, s->members, n_old * sizeof(*old));
        s->n = 0;

        int r = 0;
        size_t at = 0;
        for (struct dirent *d = readdir(proc); d && r == 0; d = readdir(proc)) {
                pid_t pid = (pid_t) strtol(d->d_name, NULL, 10);
                if (pid <= 1 || pid == getpid())
                        continue;
                while (at < n_old && old[at].pid < pid)
                        at++;
                r = make_room(s);
                if (r < 0)
                        break;
                bool is_known = at < n_old && old[at].pid == pid;
                s->members[s->n++] = is_known ? old[at] : (struct member){ .pid = pid, .watch = NOBODY };
        }
        (void) closedir(proc);
        return r;
}

/* Who is no longer there is left out; who has an old number is somebody else. */
static void read_all(struct sampler *s, bool everybody) {
        size_t kept = 0;

        for (size_t i = 0; i < s->n; i++) {
                struct member m = s->members[i];
                uint64_t started = m.started;
                bool is_watched = m.watch != NOBODY;

                if ((everybody || is_watched) && !read_stat(s, &m))
                        continue;
                if (started != 0 && m.started != started)
                        m.watch = NOBODY;
                s->members[kept++] = m;
        }
        s->n = kept;
        for (unsigned pass = 0; everybody && pass < 2; pass++) /* a parent may come behind its child */
                for (size_t i = 0; i < s->n; i++)
                        settle(s, &s->members[i]);
}

static void add_up(struct sampler *s) {
        for (uint32_t i = 0; i < s->n_watches; i++) {
                struct watch *w = &s->watches[i];
                w->sample = (struct sample){};
                w->largest = 0;
                w->largest_resident = 0;
                w->cpu = 0;
        }
        for (size_t i = 0; i < s->n; i++) {
                const struct member *m = &s->members[i];
                if (m->watch == NOBODY || m->tasks == 0)
                        continue;
                struct watch *w = &s->watches[m->watch];
                w->sample.tasks += m->tasks;
                w->sample.resident += m->resident;
                w->cpu += m->ticks * s->tick;
                if (m->resident >= w->largest_resident) {
                        w->largest = m->pid;
                        w->largest_resident = m->resident;
                }
        }
}

/* What is shared is counted in parts: dear, so only where the cheap count is over the limit. */
static void count_proportional(struct sampler *s, uint32_t number) {
        struct watch *w = &s->watches[number];

        for (size_t i = 0; i < s->n; i++) {
                const struct member *m = &s->members[i];
                if (m->watch != number || m->resident == 0)
                        continue;
                uint64_t size = read_proportional(s, m->pid);
                w->sample.proportional += size == UINT64_MAX ? m->resident : size; /* not ours to look into */
        }
}

static void tell(const struct sampler *s, uint32_t number, enum sample_verdict verdict) {
        struct watch *w = &s->watches[number];
        struct sampler_finding f = {
                .number = number,
                .verdict = verdict,
                .largest = w->largest,
                .value = verdict == SAMPLE_OVER_TASKS ? w->sample.tasks : w->sample.proportional,
        };

        memcpy(f.invocation, w->order.invocation, sizeof(f.invocation));
        /* A full queue: the next round says it again. */
        w->is_told = send(s->fd, &f, sizeof(f), MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t) sizeof(f);
}

static void signal_members(const struct sampler *s, uint32_t number, int signal) {
        for (size_t i = 0; i < s->n; i++)
                if (s->members[i].watch == number)
                        (void) kill(s->members[i].pid, signal);
}

static void keep_quota(struct sampler *s, uint32_t number, usec_t now) {
        struct watch *w = &s->watches[number];
        bool was_stopped = w->quota.is_stopped;

        if (w->order.limits.quota == SAMPLE_NO_LIMIT || w->is_ending)
                return;
        if (w->quota.begun == 0) { /* what it has used up to now was before its account */
                w->quota.begun = now;
                return;
        }
        if (quota_stops(&w->quota, w->order.limits.quota, now,
                        w->cpu > w->cpu_before ? w->cpu - w->cpu_before : 0))
                signal_members(s, number, SIGSTOP);
        else if (was_stopped)
                signal_members(s, number, SIGCONT);
}

/* A whole process group is killed in one step, in which none of it can make another; who is in a group of its
 * own is stopped first. */
static bool end_members(struct sampler *s, uint32_t number) {
        pid_t last = getpgrp();
        bool is_left = false;

        for (size_t i = 0; i < s->n; i++) {
                const struct member *m = &s->members[i];
                if (m->watch != number || m->group <= 1 || m->group == last || m->group == getpgrp())
                        continue;
                last = m->group;
                (void) kill(-last, SIGKILL);
        }
        signal_members(s, number, SIGSTOP);
        signal_members(s, number, SIGKILL);
        for (size_t i = 0; i < s->n; i++)
                is_left |= s->members[i].watch == number && s->members[i].tasks > 0;
        return is_left;
}

/* Returns when the next round is due. */
static usec_t judge_all(struct sampler *s, usec_t now, usec_t began) {
        unsigned closeness = 0;
        bool is_ending = false, has_quota = false;

        for (uint32_t i = 0; i < s->n_watches; i++) {
                struct watch *w = &s->watches[i];
                if (!w->is_used)
                        continue;
                if (w->is_ending) {
                        is_ending |= end_members(s, i);
                        continue;
                }
                if (w->sample.tasks <= w->order.limits.tasks &&
                    sample_wants_proportional(&w->order.limits, w->sample.resident))
                        count_proportional(s, i);
                enum sample_verdict verdict = sample_judge(&w->order.limits, &w->sample);
                if (verdict != SAMPLE_FINE && !w->is_told)
                        tell(s, i, verdict);
                /* None of them makes another one while PID 1 makes up its mind. */
                if (verdict == SAMPLE_OVER_TASKS && w->is_told) {
                        signal_members(s, i, SIGSTOP);
                        is_ending = true;
                }
                closeness = MAX(closeness, sample_closeness(&w->order.limits, &w->sample));
                keep_quota(s, i, now);
                has_quota |= w->order.limits.quota != SAMPLE_NO_LIMIT;
        }
        usec_t cost = clock_process() - began;
        usec_t next = is_ending ? clock_monotonic() + MAX(END_TICK, END_SHARE * cost)
                                : now + sample_interval(closeness, cost);
        return has_quota ? MIN(next, now + QUOTA_TICK) : next;
}

static void disown(struct sampler *s, uint32_t number) {
        for (size_t i = 0; i < s->n; i++)
                if (s->members[i].watch == number)
                        s->members[i] = (struct member){ .pid = s->members[i].pid, .watch = NOBODY };
}

static int watch(struct sampler *s, const struct sampler_order *o) {
        if (o->number >= s->n_watches) {
                struct watch *grown = reallocarray(s->watches, o->number + 1, sizeof(*grown));
                if (!grown)
                        return -ENOMEM;
                memset(grown + s->n_watches, 0, (o->number + 1 - s->n_watches) * sizeof(*grown));
                s->watches = grown;
                s->n_watches = o->number + 1;
        }

        struct watch *w = &s->watches[o->number];
        bool is_same_run =
                w->is_used && memcmp(w->order.invocation, o->invocation, sizeof(o->invocation)) == 0;
        if (!is_same_run) {
                disown(s, o->number);
                *w = (struct watch){ .is_used = true };
        }
        w->order = *o;
        w->is_told = w->is_ending = false;
        s->due = 0;
        for (size_t i = 0; i < s->n; i++) /* what was nobody's may be its own */
                if (s->members[i].watch == NOBODY)
                        s->members[i].is_new = true;
        return 0;
}

static int obey(struct sampler *s, const struct sampler_order *o) {
        struct watch *w = o->number < s->n_watches ? &s->watches[o->number] : NULL;

        if (o->kind == SAMPLER_WATCH)
                return watch(s, o);
        if (!w || !w->is_used)
                return 0;
        if (o->kind == SAMPLER_END || o->kind == SAMPLER_SPARE) {
                w->is_ending = o->kind == SAMPLER_END;
                s->due = 0;
                return 0;
        }
        if (w->quota.is_stopped)
                signal_members(s, o->number, SIGCONT);
        disown(s, o->number);
        *w = (struct watch){};
        return 0;
}

/* False when the other end is closed. */
static bool take_orders(struct sampler *s) {
        for (;;) {
                struct sampler_order o;
                ssize_t n = recv(s->fd, &o, sizeof(o), MSG_DONTWAIT);

                if (n < 0)
                        return errno == EAGAIN || errno == EINTR;
                if (n != (ssize_t) sizeof(o))
                        return false;
                if (obey(s, &o) < 0)
                        return false; /* another process in its place may find memory */
        }
}

/* False when the other end is closed. What is ordered meanwhile counts before anybody is killed: who is to be
 * spared was said before it was made. */
static bool round_up(struct sampler *s, bool everybody) {
        usec_t began = clock_process(), now = clock_monotonic();
        int r = 0;

        for (uint32_t i = 0; i < s->n_watches; i++)
                s->watches[i].cpu_before = s->watches[i].cpu;
        if (everybody) {
                s->last_pid = read_last_pid(s);
                r = list_all(s);
        }
        read_all(s, everybody);
        if (r < 0 || !take_orders(s))
                return false;
        add_up(s);
        s->due = judge_all(s, now, began);
        return true;
}

/* How many numbers were given out since the last whole round; as many as can be where they have begun anew.
 */
static uint64_t given_out(struct sampler *s) {
        uint64_t last = read_last_pid(s);

        return last == 0 || last < s->last_pid ? UINT64_MAX : last - s->last_pid;
}

static bool is_pressing(const struct sampler *s, uint64_t given) {
        for (uint32_t i = 0; i < s->n_watches; i++) {
                const struct watch *w = &s->watches[i];
                if (w->is_used && !w->is_told && sample_may_exceed(&w->order.limits, w->sample.tasks, given))
                        return true;
        }
        return false;
}

/* How many are watched, and how many of them for their tasks. */
static uint32_t count_watches(const struct sampler *s, bool *ret_tasks) {
        uint32_t n = 0;

        *ret_tasks = false;
        for (uint32_t i = 0; i < s->n_watches; i++) {
                const struct watch *w = &s->watches[i];
                n += w->is_used;
                *ret_tasks |= w->is_used && w->order.limits.tasks != SAMPLE_NO_LIMIT;
        }
        return n;
}

/* Sleeps until there is an order, or it is `until`. */
static void rest(const struct sampler *s, usec_t until) {
        struct pollfd p = { .fd = s->fd, .events = POLLIN };

        (void) clock_poll(&p, 1, until);
}

static void be_quick(struct sampler *s) {
        s->is_real_time = set_policy(0, SCHED_RR, 2);
        if (!s->is_real_time)
                (void) setpriority(PRIO_PROCESS, 0, NICENESS);
}

int sampler_run(int fd, struct sampler_mark *mark) {
        struct sampler s = { .fd = fd,
                             .mark = mark,
                             .proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC) };

        if (s.proc < 0)
                return EXIT_FAILURE;
        s.page = (size_t) sysconf(_SC_PAGESIZE);
        s.tick = USEC_PER_SEC / (usec_t) MAX(sysconf(_SC_CLK_TCK), 1L);
        be_quick(&s);
        bool is_over = false;
        while (!is_over && take_orders(&s)) {
                bool has_tasks;
                if (count_watches(&s, &has_tasks) == 0) {
                        rest(&s, USEC_INFINITY);
                        continue;
                }

                /* Who was known is all there is where no number was given out. */
                uint64_t given = given_out(&s);
                if (clock_monotonic() >= s.due || is_pressing(&s, given))
                        is_over = !round_up(&s, given > 0 || s.due == 0);
                rest(&s, has_tasks ? MIN(s.due, clock_monotonic() + TICK) : s.due);
        }
        return EXIT_SUCCESS;
}
