#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "base/parse.h"
#include "base/proc.h"
#include "client/processes.h"

#define MEASURED "processes"

bool processes_are_ours(const struct snapshot *s, const struct link *l) {
        return l->server > 0 && (uint32_t) l->server == s->container.pid;
}

int process_read(pid_t pid, struct process *ret) {
        struct proc_stat now;
        int r = proc_read_stat(pid, &now);

        if (r < 0)
                return r;
        uint64_t page = (uint64_t) sysconf(_SC_PAGESIZE);
        usec_t tick = USEC_PER_SEC / (usec_t) sysconf(_SC_CLK_TCK); /* 100 Hz, everywhere */
        *ret = (struct process){
                .pid = pid,
                .parent = now.parent,
                .session = now.session,
                .tasks = now.tasks,
                .memory = now.resident * page,
                .cpu = now.ticks * tick,
        };
        return 0;
}

struct census {
        struct process *list;       /* owned */
        struct live_status **owner; /* owned; of each; NULL: nobody's */
        size_t n, room;
};

static int add(struct census *c, pid_t pid) {
        if (c->n == c->room) {
                size_t room = MAX(2 * c->room, (size_t) 64);
                struct process *list = realloc(c->list, room * sizeof(*list));
                if (!list)
                        return -ENOMEM;
                c->list = list;
                c->room = room;
        }
        c->n += process_read(pid, &c->list[c->n]) == 0;
        return 0;
}

static int by_pid(const void *a, const void *b) {
        const struct process *x = a, *y = b;
        return (x->pid > y->pid) - (x->pid < y->pid);
}

static int take(struct census *c) {
        DIR *proc = opendir("/proc");
        const struct dirent *e;
        unsigned pid;
        int r = 0;

        if (!proc)
                return -errno;
        while (r == 0 && (e = readdir(proc)))
                if (parse_unsigned(e->d_name, INT32_MAX, &pid) == 0)
                        r = add(c, (pid_t) pid);
        (void) closedir(proc);
        if (c->n > 0)
                qsort(c->list, c->n, sizeof(*c->list), by_pid);
        c->owner = calloc(c->n + 1, sizeof(struct live_status *));
        return c->owner ? r : -ENOMEM;
}

static bool is_unmeasured(const struct live_status *u) {
        return *u->measured == '\0' || strcmp(u->measured, MEASURED) == 0;
}

static struct live_status *find_owner(struct snapshot *s, const struct process *p) {
        for (size_t i = 0; i < s->n; i++) {
                struct live_status *u = &s->units[i];
                uint32_t pid = (uint32_t) p->pid;
                if (!is_unmeasured(u) || strcmp(u->active, "inactive") == 0 ||
                    strcmp(u->active, "failed") == 0)
                        continue;
                if (pid == u->main_pid || pid == u->control_pid ||
                    (u->session != 0 && (uint32_t) p->session == u->session))
                        return u;
        }
        return NULL;
}

/* Until nobody finds a parent any more that belongs to somebody: as many rounds as the tree is deep. */
static bool inherit(struct census *c) {
        bool has_changed = false;

        for (size_t i = 0; i < c->n; i++) {
                const struct process key = { .pid = c->list[i].parent };
                const struct process *parent =
                        c->owner[i] ? NULL : bsearch(&key, c->list, c->n, sizeof(key), by_pid);
                if (!parent || !c->owner[parent - c->list])
                        continue;
                c->owner[i] = c->owner[parent - c->list];
                has_changed = true;
        }
        return has_changed;
}

static void count(struct live_status *u, const struct process *p) {
        if (*u->measured == '\0') {
                u->measured = MEASURED;
                u->memory = u->tasks = u->cpu = 0;
        }
        u->memory += p->memory;
        u->tasks += p->tasks;
        u->cpu += p->cpu;
}

void processes_measure(struct snapshot *s, const struct link *l) {
        struct census c = {};
        bool wants = false;

        for (size_t i = 0; i < s->n; i++)
                wants |= is_unmeasured(&s->units[i]) && s->units[i].main_pid > 0;
        if (wants && processes_are_ours(s, l) && take(&c) == 0) {
                for (size_t i = 0; i < c.n; i++)
                        c.owner[i] = find_owner(s, &c.list[i]);
                while (inherit(&c))
                        ;
                for (size_t i = 0; i < c.n; i++)
                        if (c.owner[i])
                                count(c.owner[i], &c.list[i]);
        }
        free(c.list);
        free(c.owner);
}
