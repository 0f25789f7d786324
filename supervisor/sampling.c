#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/log.h"
#include "init/kernel.h"
#include "supervisor/manager.h"
#include "supervisor/past.h"
#include "supervisor/sampler.h"

#define LIFE_LEAST USEC_PER_SEC /* who lives less long is not made again */
#define END_MOST   100          /* milliseconds that its end is waited for */

static struct sample_limits limits_of(const struct service *s) {
        const struct cgroups *c = &s->manager->cgroups;

        return budget_sampled(s->unit->budget, &c->whole, c->samples ? cgroup_unkept(c) : 0);
}

static bool has_limits(const struct sample_limits *l) {
        return l->memory != SAMPLE_NO_LIMIT || l->tasks != SAMPLE_NO_LIMIT || l->quota != SAMPLE_NO_LIMIT;
}

/* A queue that is full means a sampler that hangs: then it is made anew. */
static void give(struct manager *m, const struct sampler_order *o) {
        if (m->sampling.pid == 0 || send(m->sampling.fd, o, sizeof(*o), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
                return;
        if (errno == EAGAIN)
                (void) kill(m->sampling.pid, SIGKILL);
}

static void give_watch(const struct service *s, uint32_t number, pid_t pid) {
        struct sampler_order o = {
                .kind = SAMPLER_WATCH,
                .number = number,
                .main = pid,
                .session = s->session,
                .limits = limits_of(s),
        };

        memcpy(o.invocation, s->invocation, sizeof(o.invocation));
        give(s->manager, &o);
}

static void say(const struct service *s, const struct sampler_finding *f) {
        const struct sample_limits l = limits_of(s);

        if (f->verdict == SAMPLE_OVER_TASKS)
                log_warning(s->unit->name, "it has %llu tasks, over its TasksMax=%llu: ending all of them",
                            (unsigned long long) f->value, (unsigned long long) l.tasks);
        else
                log_warning(s->unit->name,
                            "it has %.1f MiB of memory, over its MemoryMax= of %.1f MiB: ending %s",
                            (double) f->value / 1048576, (double) l.memory / 1048576,
                            budget_oom_policy(s->unit->budget) == OOM_CONTINUE ? "its largest process"
                                                                               : "its processes");
}

/* As the kernel would: with OOMPolicy=continue a process has to go, else all of the service. */
static void act(struct service *s, const struct sampler_finding *f) {
        say(s, f);
        if (f->verdict == SAMPLE_OVER_MEMORY)
                past_note_oom(s, 1);
        if (f->verdict == SAMPLE_OVER_MEMORY && budget_oom_policy(s->unit->budget) == OOM_CONTINUE) {
                (void) kill(f->largest, SIGKILL);
                give_watch(s, f->number, s->main);
                return;
        }
        service_dispatch(s, EVENT_OOM);
        give(s->manager, &(struct sampler_order){ .kind = SAMPLER_END, .number = f->number });
}

static int on_finding(sd_event_source *source maybe_unused, int fd, uint32_t events maybe_unused,
                      void *context) {
        struct manager *m = context;
        struct sampler_finding f;

        while (recv(fd, &f, sizeof(f), MSG_DONTWAIT) == (ssize_t) sizeof(f)) {
                struct service *s = f.number < m->sampling.n ? m->sampling.watched[f.number] : NULL;
                if (s && memcmp(f.invocation, s->invocation, sizeof(f.invocation)) == 0)
                        act(s, &f);
        }
        return 0;
}

static void let_go(struct sampling *w) {
        w->source = sd_event_source_disable_unref(w->source);
        if (w->pid != 0)
                (void) close(w->fd);
        w->pid = 0;
        if (w->mark) {
                sampler_calm(w->mark);
                (void) munmap(w->mark, sizeof(*w->mark));
        }
        w->mark = NULL;
}

static struct sampler_mark *make_mark(void) {
        void *page = mmap(NULL, sizeof(struct sampler_mark), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);

        return page == MAP_FAILED ? NULL : page;
}

/* It has a copy of PID 1, and none of its descriptors. */
static void become_sampler(const struct manager *m, int fd) {
        init_restore_signals(m->init, false);
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void) prctl(PR_SET_NAME, "tend-sampler");
        if (dup2(fd, STDERR_FILENO + 1) < 0)
                _exit(EXIT_FAILURE);
        (void) close_range(STDERR_FILENO + 2, ~0U, 0);
        _exit(sampler_run(STDERR_FILENO + 1, m->sampling.mark));
}

static int make_sampler(struct manager *m) {
        struct sampling *w = &m->sampling;
        int ends[2];

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
                return -errno;
        w->mark = make_mark();
        w->pid = fork();
        if (w->pid == 0)
                become_sampler(m, ends[1]);
        int r = w->pid < 0 ? -errno : sd_event_add_io(m->event, &w->source, ends[0], EPOLLIN, on_finding, m);
        (void) close(ends[1]);
        w->pid = MAX(w->pid, 0);
        w->fd = ends[0];
        w->begun = manager_now(m);
        if (r < 0) {
                if (w->pid == 0)
                        (void) close(ends[0]);
                let_go(w); /* without the other end it ends by itself */
        }
        return r;
}

static bool is_there(struct manager *m) {
        if (m->sampling.pid != 0 || m->sampling.is_given_up)
                return m->sampling.pid != 0;
        int r = make_sampler(m);
        if (r < 0)
                log_warning(NULL, "budgets are not watched for now: making a process for it: %s",
                            strerror(-r));
        return r >= 0;
}

static int take_number(struct sampling *w, struct service *s, uint32_t *ret) {
        uint32_t free_one = w->n;

        for (uint32_t i = 0; i < w->n; i++) {
                if (w->watched[i] == s) {
                        *ret = i;
                        return 0;
                }
                if (!w->watched[i])
                        free_one = i;
        }
        if (free_one == w->n) {
                struct service **grown = reallocarray(w->watched, w->n + 1, sizeof(*grown));
                if (!grown)
                        return -ENOMEM;
                w->watched = grown;
                w->n++;
        }
        w->watched[free_one] = s;
        *ret = free_one;
        return 0;
}

void sampling_watch(struct service *s, pid_t pid) {
        struct sample_limits l = limits_of(s);
        uint32_t number;

        if (pid == 0 || !has_limits(&l))
                return;
        if (take_number(&s->manager->sampling, s, &number) < 0)
                log_warning(s->unit->name, "its budget is not watched: %s", strerror(ENOMEM));
        else if (is_there(s->manager))
                give_watch(s, number, pid);
}

static uint32_t find_number(const struct sampling *w, const struct service *s) {
        uint32_t i = 0;

        while (i < w->n && w->watched[i] != s)
                i++;
        return i;
}

void sampling_spare(struct service *s) {
        struct sampling *w = &s->manager->sampling;
        uint32_t i = find_number(w, s);

        if (i < w->n)
                give(s->manager, &(struct sampler_order){ .kind = SAMPLER_SPARE, .number = i });
}

void sampling_forget(struct service *s) {
        struct sampling *w = &s->manager->sampling;
        uint32_t i = find_number(w, s);

        if (i == w->n)
                return;
        w->watched[i] = NULL;
        give(s->manager, &(struct sampler_order){ .kind = SAMPLER_FORGET, .number = i });
}

void sampling_change(struct service *s) {
        struct sample_limits l = limits_of(s);

        if (!has_limits(&l))
                sampling_forget(s);
        else
                sampling_watch(s, s->main != 0 ? s->main : s->control);
}

/* Whoever stood still for its quota goes on until the next one has looked. */
static void watch_all(struct manager *m) {
        for (uint32_t i = 0; i < m->sampling.n; i++) {
                struct service *s = m->sampling.watched[i];
                if (!s || !is_there(m))
                        continue;
                if (s->main != 0 && s->unit->budget->cpu_quota > 0)
                        (void) kill(-s->session, SIGCONT);
                give_watch(s, i, s->main);
        }
}

bool sampling_ended(struct manager *m, pid_t pid, struct ending e) {
        struct sampling *w = &m->sampling;
        char text[ENDING_TEXT_MAX];

        if (pid != w->pid || pid == 0)
                return false;
        w->is_given_up = manager_now(m) - w->begun < LIFE_LEAST;
        let_go(w);
        log_warning(NULL, "the process that watches budgets %s%s", ending_text(e, text),
                    w->is_given_up ? " at once: budgets that no cgroup keeps are not enforced" : "");
        watch_all(m);
        return true;
}

/* It must not be taken for what a service has left. */
void sampling_close(struct manager *m) {
        struct sampling *w = &m->sampling;

        if (w->pid != 0) {
                struct pollfd p = { .fd = pidfd_open(w->pid, 0), .events = POLLIN };
                (void) kill(w->pid, SIGKILL);
                (void) poll(&p, p.fd >= 0, END_MOST);
                if (p.fd >= 0)
                        (void) close(p.fd);
        }
        let_go(w);
        free(TAKE(w->watched));
        w->n = 0;
}
