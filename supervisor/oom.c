#include "supervisor/oom.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>

#include "base/io.h"
#include "base/log.h"
#include "base/parse.h"
#include "supervisor/box.h"
#include "supervisor/manager.h"
#include "supervisor/past.h"

#define EVENTS_FILE "memory.events"

static bool has_controller(const struct manager *m) {
        return m->cgroups.controllers & 1U << CONTROLLER_MEMORY;
}

void oom_watch(struct service *s, const char *path) {
        struct manager *m = s->manager;
        char file[PATH_MAX + 64];

        if (!has_controller(m) || s->box->watch >= 0)
                return;
        s->box->ooms = cgroup_count(&m->cgroups, path, EVENTS_FILE, "oom");
        s->box->oom_kills = cgroup_count(&m->cgroups, path, EVENTS_FILE, "oom_kill");
        if (m->oom_fd < 0)
                return;
        (void) snprintf(file, sizeof(file), "/proc/self/fd/%d/%s/" EVENTS_FILE, m->cgroups.root, path);
        s->box->watch = inotify_add_watch(m->oom_fd, file, IN_MODIFY);
}

void oom_unwatch(struct service *s) {
        if (s->box && s->box->watch >= 0 && s->manager->oom_fd >= 0)
                (void) inotify_rm_watch(s->manager->oom_fd, s->box->watch);
}

static uint64_t rise(uint64_t *last, uint64_t now) {
        uint64_t by = now > *last ? now - *last : 0;

        *last = now;
        return by;
}

/* Whose limit it was: where it was reached `oom` has risen, where a process died `oom_kill`. */
static void say(const struct service *s, bool own, bool containers) {
        if (own)
                log_warning(s->unit->name, "the kernel has ended a process: it has used up its MemoryMax=");
        else
                log_warning(s->unit->name, "the kernel has ended a process: %s is out of memory",
                            containers ? "the container" : "its slice");
}

void oom_check(struct service *s) {
        struct cgroups *c = &s->manager->cgroups;
        const struct budget *b = s->unit->budget;
        char path[PATH_MAX];

        if (!s->box || budget_path(b ? b->slice : NULL, s->unit->name, path, sizeof(path)) < 0)
                return;
        uint64_t killed = rise(&s->box->oom_kills, cgroup_count(c, path, EVENTS_FILE, "oom_kill"));
        bool died = rise(&c->oom_kills, cgroup_count(c, ".", EVENTS_FILE, "oom_kill")) > 0;
        if (killed == 0 && (has_controller(s->manager) || !died))
                return;
        /* A limit is reached first, and somebody killed then: looked at in that order it might be the next
         * one's. Of the container its own limit alone: what happens below counts in the file without "local"
         * too. */
        bool own = rise(&s->box->ooms, cgroup_count(c, path, EVENTS_FILE, "oom")) > 0;
        bool containers = rise(&c->ooms, cgroup_count(c, ".", EVENTS_FILE ".local", "oom")) > 0;
        say(s, own, containers || !has_controller(s->manager));
        past_note_oom(s, MAX(killed, UINT64_C(1)));
        if (budget_oom_policy(b) != OOM_CONTINUE)
                service_dispatch(s, EVENT_OOM);
}

static struct service *find(const struct manager *m, int watch) {
        for (uint32_t i = 0; i < m->plan.after.n; i++)
                if (m->services[i]->box && m->services[i]->box->watch == watch)
                        return m->services[i];
        for (struct service *s = m->leaving; s; s = s->next_leaving)
                if (s->box && s->box->watch == watch)
                        return s;
        return NULL;
}

static int on_events(sd_event_source *source maybe_unused, int fd, uint32_t events maybe_unused,
                     void *context) {
        struct manager *m = context;
        char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
        ssize_t n = read(fd, buffer, sizeof(buffer));

        for (ssize_t at = 0; at < n;) {
                const struct inotify_event *e = (const void *) (buffer + at);
                struct service *s = e->mask & IN_MODIFY ? find(m, e->wd) : NULL;
                if (s)
                        oom_check(s);
                at += (ssize_t) sizeof(*e) + e->len;
        }
        return 0;
}

static bool is_any_spared(const struct config *c) {
        for (size_t i = 0; i < c->n_units; i++)
                if (c->units[i]->oom_score_adjust < 0 && c->units[i]->oom_score_adjust != INT_MIN)
                        return true;
        return false;
}

void oom_spare(struct manager *m, const struct config *c) {
        static const char file[] = "/proc/self/oom_score_adj";
        char text[16];
        int own;

        if (!m->init->is_pid1 || m->launcher.has_oom_score || !is_any_spared(c) ||
            io_read_small(AT_FDCWD, file, text, sizeof(text)) <= 0)
                return;
        text[strcspn(text, "\n")] = '\0';
        if (parse_int(text, -1000, 1000, &own) < 0)
                return;
        m->launcher.oom_score = own;
        m->launcher.has_oom_score = io_write_file(file, "-1000") == 0;
}

void oom_open(struct manager *m) {
        m->oom_fd = -1;
        if (m->cgroups.root < 0)
                return;
        m->cgroups.ooms = cgroup_count(&m->cgroups, ".", EVENTS_FILE ".local", "oom");
        m->cgroups.oom_kills = cgroup_count(&m->cgroups, ".", EVENTS_FILE, "oom_kill");
        int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        int r = fd < 0 ? -errno : sd_event_add_io(m->event, &m->oom_source, fd, EPOLLIN, on_events, m);
        if (r < 0) {
                log_warning(NULL, "watching for want of memory: %s; only the end of a main process tells",
                            strerror(-r));
                if (fd >= 0)
                        (void) close(fd);
        } else
                m->oom_fd = fd;
}

void oom_close(struct manager *m) {
        sd_event_source_unref(m->oom_source);
        if (m->oom_fd >= 0)
                (void) close(m->oom_fd);
        m->oom_fd = -1;
}
