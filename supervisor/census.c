#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "base/io.h"
#include "base/proc.h"
#include "init/kernel.h"
#include "supervisor/box.h"
#include "supervisor/census.h"
#include "supervisor/manager.h"
#include "supervisor/prober.h"

/* The same, but what has ended is gone: -ESRCH. */
static int read_process(pid_t pid, struct proc_stat *ret) {
        int r = proc_read_stat(pid, ret);
        return r == 0 && proc_has_ended(ret) ? -ESRCH : r;
}

/* INVOCATION_ID of a process's environment as it was at its execve(). The memory of the launches serves for
 * reading it. */
static bool read_invocation(const struct manager *m, pid_t pid, uint8_t ret[16], bool *ret_empty) {
        const struct arena *a = &m->launcher.arena;
        char path[32];

        (void) snprintf(path, sizeof(path), "/proc/%d/environ", pid);
        ssize_t n = kernel_read_as_owner(AT_FDCWD, path, a->base, a->size);
        *ret_empty = n == 0;
        return n > 0 && proc_find_invocation(a->base, (size_t) n, ret);
}

/* Only who is being ended or waited for can have left something behind that matters. */
static struct service *find_waiting(struct manager *m, const uint8_t *invocation, pid_t session) {
        for (uint32_t i = 0; i < m->n_waiting; i++) {
                struct service *s = m->waiting[i];
                if (session > 0 && s->session == session)
                        return s;
                if (invocation && memcmp(s->invocation, invocation, sizeof(s->invocation)) == 0)
                        return s;
        }
        return NULL;
}

/* By what it carries itself: its session, its environment. */
static struct service *owner_by_marks(struct manager *m, struct census_entry *e) {
        uint8_t invocation[16];
        bool is_empty;

        struct service *s = find_waiting(m, NULL, e->session);
        if (s)
                return s;
        e->is_named = read_invocation(m, e->pid, invocation, &is_empty);
        m->census.has_unread |= is_empty;
        return e->is_named ? find_waiting(m, invocation, 0) : NULL;
}

static int add(struct census *c, pid_t pid) {
        if (c->n == c->room) {
                size_t room = MAX(2 * c->room, (size_t) 64);
                struct census_entry *list = reallocarray(c->list, room, sizeof(*list));
                if (!list)
                        return -ENOMEM;
                c->list = list;
                c->room = room;
        }
        c->list[c->n++] = (struct census_entry){ .pid = pid };
        return 0;
}

static bool is_ours(const struct manager *m, pid_t pid) {
        return pid == getpid() || pid == m->sampling.pid || pids_find(&m->pids, pid);
}

static int compare(const void *a, const void *b) {
        const struct census_entry *x = a, *y = b;
        return (x->pid > y->pid) - (x->pid < y->pid);
}

static struct census_entry *find(const struct census *c, pid_t pid) {
        struct census_entry wanted = { .pid = pid };
        return bsearch(&wanted, c->list, c->n, sizeof(*c->list), compare);
}

/* Up the line of parents to a process that is known; what nobody up there says is in the process's
 * own marks. */
static struct service *owner_by_descent(const struct manager *m, const struct census *c,
                                        const struct census_entry *e) {
        pid_t parent = e->parent;

        for (unsigned depth = 0; parent > 1 && depth < 64; depth++) {
                struct service *s = pids_find(&m->pids, parent);
                if (s) /* what a probe runs is nobody's */
                        return prober_is(s, parent) ? NULL : s;
                const struct census_entry *up = find(c, parent);
                if (!up)
                        break;
                if (up->owner)
                        return up->owner;
                parent = up->parent;
        }
        return NULL;
}

/* Somebody is there, and /proc does not show him: see hidepid= in proc(5). */
static bool is_hidden(pid_t pid, int error) {
        return (error == -ENOENT || error == -EPERM || error == -EACCES) && kill(pid, 0) == 0;
}

/* Who cannot be looked at for want of a descriptor or memory must not be taken for gone. */
static int settle_owners(struct census *c, struct manager *m) {
        size_t kept = 0;

        for (size_t i = 0; i < c->n; i++) {
                struct census_entry e = c->list[i];
                struct proc_stat p;
                int r = read_process(e.pid, &p);
                if (io_is_shortage(-r))
                        return r;
                c->has_hidden |= is_hidden(e.pid, r);
                if (r < 0)
                        continue;
                e.parent = p.parent;
                e.session = p.session;
                c->list[kept++] = e;
        }
        c->n = kept;
        if (c->n > 0)
                qsort(c->list, c->n, sizeof(*c->list), compare);
        for (size_t i = 0; i < c->n; i++) {
                struct census_entry *e = &c->list[i];
                e->owner = owner_by_descent(m, c, e);
                if (!e->owner)
                        e->owner = owner_by_marks(m, e);
        }
        /* Once more: a parent may have got its owner behind its child. */
        for (size_t i = 0; i < c->n; i++)
                if (!c->list[i].owner)
                        c->list[i].owner = owner_by_descent(m, c, &c->list[i]);
        return 0;
}

/* A list of all does not have who is hidden: the main processes tell whether somebody may be. */
static void look_for_hidden(struct census *c, const struct manager *m) {
        struct proc_stat p;

        for (uint32_t i = 0; i < m->n_waiting && !c->has_hidden; i++) {
                pid_t pid = m->waiting[i]->main;
                c->has_hidden = pid > 0 && is_hidden(pid, read_process(pid, &p));
        }
}

void census_hold(struct census *c, const struct manager *m) {
        for (size_t i = 0; i < countof(c->spare); i++)
                if (c->spare[i] == 0)
                        c->spare[i] = MAX(fcntl(m->init->signal_fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1), 0);
}

void census_release(struct census *c) {
        for (size_t i = 0; i < countof(c->spare); i++) {
                if (c->spare[i] > 0)
                        (void) close(c->spare[i]);
                c->spare[i] = 0;
        }
}

int census_take(struct census *c, struct manager *m) {
        if (!kernel_has_own_proc(getpid()))
                return -ENOSYS;
        DIR *proc = opendir("/proc");
        int r = 0;

        c->n = 0;
        c->has_unread = false;
        if (!proc)
                return -errno;
        for (struct dirent *d = readdir(proc); d && r == 0; d = readdir(proc)) {
                pid_t pid = (pid_t) strtol(d->d_name, NULL, 10);
                if (pid > 0 && !is_ours(m, pid))
                        r = add(c, pid);
        }
        (void) closedir(proc);
        look_for_hidden(c, m);
        return r < 0 ? r : settle_owners(c, m);
}

/* A long list is read in pieces, and a number may lie across two of them. */
int census_take_orphans(struct census *c, struct manager *m) {
        if (!kernel_has_own_proc(getpid()))
                return -ENOSYS;
        autoclose int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
        char piece[4096];
        pid_t pid = 0;
        int r = 0;

        c->n = 0;
        c->has_unread = false;
        if (fd < 0)
                return census_take(c, m); /* a kernel without CONFIG_PROC_CHILDREN */
        for (ssize_t n = read(fd, piece, sizeof(piece)); n > 0 && r == 0; n = read(fd, piece, sizeof(piece)))
                for (ssize_t i = 0; i < n && r == 0; i++) {
                        if (piece[i] >= '0' && piece[i] <= '9')
                                pid = pid * 10 + (piece[i] - '0');
                        else {
                                r = pid > 0 && !is_ours(m, pid) ? add(c, pid) : 0;
                                pid = 0;
                        }
                }
        return r < 0 ? r : settle_owners(c, m);
}

struct service *census_owner(struct manager *m, pid_t pid) {
        struct proc_stat p = { .parent = pid };

        for (unsigned depth = 0; p.parent > 1 && depth < 64; depth++) {
                struct service *s = pids_find(&m->pids, p.parent);
                if (s)
                        return s;
                if (read_process(p.parent, &p) < 0)
                        break;
        }
        return NULL;
}

bool census_is_marked(const struct service *s, pid_t pid) {
        uint8_t invocation[16];
        bool is_empty;
        struct proc_stat p;

        if (read_process(pid, &p) < 0)
                return false;
        if (s->session > 0 && p.session == s->session)
                return true;
        return read_invocation(s->manager, pid, invocation, &is_empty) &&
               memcmp(s->invocation, invocation, sizeof(invocation)) == 0;
}

struct adding {
        struct manager *manager;
        struct service *owner;
};

static int add_boxed(void *context, pid_t pid) {
        struct adding *a = context;
        struct census *c = &a->manager->census;

        if (is_ours(a->manager, pid))
                return 0;
        int r = add(c, pid);
        if (r == 0)
                c->list[c->n - 1].owner = a->owner;
        return r;
}

int census_take_boxes(struct census *c, struct manager *m) {
        size_t kept = 0;
        int r = 0;

        for (size_t i = 0; i < c->n; i++)
                if (!c->list[i].owner || !c->list[i].owner->box)
                        c->list[kept++] = c->list[i];
        c->n = kept;
        for (uint32_t i = 0; i < m->n_waiting && r == 0; i++)
                if (m->waiting[i]->box)
                        r = box_each(m->waiting[i], add_boxed, &(struct adding){ m, m->waiting[i] });
        return r;
}

void census_done(struct census *c) {
        census_release(c);
        free(TAKE(c->list));
        c->n = c->room = 0;
}
