#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "supervisor/manager.h"
#include "supervisor/trigger.h"

#define PAUSE      USEC_PER_SEC
#define BUFFER     4096
#define READS_MOST 256 /* at a time; whoever makes more events than that is served at the next turn */
#define EACH(l)                                                                                              \
        struct lookout *l = m->lookouts.list;                                                                \
        l;                                                                                                   \
        l = l->next

struct lookout {
        struct lookout *next; /* owned */
        struct service *path; /* borrowed */
        struct trail *trails; /* owned; of the unit's lines, in their order; NULL: not up */
        uint32_t n_trails;
        struct throttle triggers;
        uint8_t failure; /* enum result; what it is to fail with */
        bool is_due;     /* it has to look */
        bool has_rested; /* what it starts has, since it looked last */
        bool is_running; /* so is what it starts */
        bool told_many;
};

static const struct path_spec *spec_of(const struct lookout *l) {
        return l->path->unit->path;
}

static const char *name_of(const struct lookout *l) {
        return l->path->unit->name;
}

static bool is_up(const struct lookout *l) {
        return l->path->state == STATE_EXITED && l->path->manager->phase == PHASE_RUNNING;
}

static struct lookout *lookout_of(const struct service *s) {
        struct lookout *l = s->manager->lookouts.list;

        while (l && l->path != s)
                l = l->next;
        return l;
}

static struct service *target_of(const struct lookout *l) {
        const struct manager *m = l->path->manager;

        for (uint32_t i = 0; i < m->plan.after.n; i++)
                if (strcmp(m->services[i]->unit->name, spec_of(l)->unit) == 0)
                        return m->services[i];
        return NULL;
}

static bool is_down(const struct service *s) {
        return service_is_at_rest(s) && !s->waits_to_start && !s->starts_again;
}

/* --- What is noted down. */

static void make_due(struct lookout *l) {
        l->is_due = true;
        if (l->path->manager->lookouts.looking)
                (void) sd_event_source_set_enabled(l->path->manager->lookouts.looking, SD_EVENT_ONESHOT);
}

static void make_fail(struct lookout *l, enum result result) {
        if (l->failure == RESULT_SUCCESS)
                l->failure = (uint8_t) result;
        make_due(l);
}

static void lift(struct lookout *l) {
        for (uint32_t i = 0; i < l->n_trails; i++) {
                trail_lift(&l->path->manager->lookouts.trails, &l->trails[i]);
                l->trails[i].has_changed = false;
        }
}

/* Looks again after a while: it is not the unit that is short of something. */
static void look_later(struct lookout *l, const char *doing, int error) {
        struct service *s = l->path;

        log_warning(name_of(l), "%s: %s; it is tried again", doing, strerror(-error));
        timers_arm(&s->manager->timers, &s->timer, usec_add(manager_now(s->manager), PAUSE));
}

/* --- Events. */

static void tell_trail(struct lookout *l, struct trail *t, const struct inotify_event *e) {
        enum trail_news news = TRAIL_NOTHING;

        if (!t->is_laid)
                return;
        if (e->mask & IN_Q_OVERFLOW)
                news = trail_read_lost(t->kind);
        for (uint32_t i = 0; i < t->n && news != TRAIL_CHANGED; i++)
                if (t->watches[i].wd == e->wd)
                        news = MAX(news,
                                   trail_read(t->kind, &t->watches[i], e->mask, e->len > 0 ? e->name : NULL));
        t->has_changed |= news == TRAIL_CHANGED;
        if (news != TRAIL_NOTHING)
                make_due(l);
}

static void tell(const struct manager *m, const struct inotify_event *e) {
        if (e->mask & IN_Q_OVERFLOW)
                log_warning(NULL, "more happened in the file system than the kernel keeps in mind "
                                  "(fs.inotify.max_queued_events): every path is looked at again");
        for (EACH(l))
                for (uint32_t i = 0; i < l->n_trails; i++)
                        tell_trail(l, &l->trails[i], e);
}

/* Also before watches are set, so that no older event is taken for one of theirs. */
static void read_events(const struct manager *m) {
        _Alignas(struct inotify_event) char buffer[BUFFER];
        const struct inotify_event *e;

        for (unsigned i = 0; i < READS_MOST; i++) {
                ssize_t n = read(m->lookouts.trails.fd, buffer, sizeof(buffer));

                if (n <= 0)
                        return;
                for (const char *at = buffer; at < buffer + n; at += sizeof(*e) + e->len) {
                        e = (const void *) at;
                        tell(m, e);
                }
        }
}

static int on_events(sd_event_source *source maybe_unused, int fd maybe_unused, uint32_t events maybe_unused,
                     void *context) {
        read_events(context);
        return 0;
}

/* --- Looking. */

static void fail(struct lookout *l) {
        struct service *s = l->path;

        if (s->result == RESULT_SUCCESS)
                s->result = l->failure;
        service_dispatch(s, EVENT_BROKEN);
}

static void start(struct lookout *l, const struct path_line *line, struct service *target) {
        static const struct job_request request = { .verb = ASK_START, .mode = JOB_MODE_REPLACE };
        trigger_note_path(target, name_of(l), line->text);
        int r = job_ask(target, &request, NULL, NULL);
        if (r == 0) {
                l->is_running = true;
                return;
        }
        trigger_forget(target);
        look_later(l, "starting its unit", r);
}

static void trigger(struct lookout *l, const struct path_line *line) {
        const struct path_spec *p = spec_of(l);
        struct service *target = target_of(l);

        lift(l);
        if (!throttle_allows(&l->triggers, p->trigger_interval, p->trigger_burst,
                             manager_now(l->path->manager))) {
                log_error(name_of(l),
                          "more than %u times within %llu ms: see TriggerLimitBurst=", p->trigger_burst,
                          (unsigned long long) (p->trigger_interval / USEC_PER_MSEC));
                make_fail(l, RESULT_TRIGGER_LIMIT);
        } else if (!target) {
                log_error(name_of(l), "there is no %s to start", p->unit);
                make_fail(l, RESULT_RESOURCES);
        } else {
                log_debug(name_of(l), "%s=%s: starting %s", path_kind_word(line->kind), line->text, p->unit);
                start(l, line, target);
        }
}

/* The first line that is a reason to start the unit, by an event or by how things are; NULL: none. */
static const struct path_line *find_reason(struct lookout *l, bool by_changes, int *error) {
        const struct path_line *line = spec_of(l)->lines, *reason = NULL;

        for (uint32_t i = 0; i < l->n_trails && *error == 0; i++, line = line->next) {
                int r = trail_holds(&l->trails[i], line, !by_changes);

                if (r < 0)
                        *error = r;
                else if ((r > 0 || l->trails[i].has_changed) && !reason)
                        reason = line;
        }
        return reason;
}

static void say_limit(const struct lookout *l, const struct path_line *line, int error) {
        if (error == -ENOSPC)
                log_error(name_of(l),
                          "%s=%s: the kernel has no watch left for this user: raise "
                          "fs.inotify.max_user_watches on the machine",
                          path_kind_word(line->kind), line->text);
        else
                log_error(name_of(l), "watching %s: %s", line->text, strerror(-error));
}

static bool lay(struct lookout *l) {
        struct trails *all = &l->path->manager->lookouts.trails;
        const struct path_line *line = spec_of(l)->lines;

        read_events(l->path->manager);
        for (uint32_t i = 0; i < l->n_trails; i++, line = line->next) {
                int r = trail_lay(all, &l->trails[i], line);

                if (r < 0) {
                        lift(l);
                        say_limit(l, line, r);
                        make_fail(l, RESULT_RESOURCES);
                        return false;
                }
                if (r > 0 && !l->told_many)
                        log_warning(name_of(l),
                                    "%s=%s: too many directories fit its beginning: what comes in some of "
                                    "them is noticed late",
                                    path_kind_word(line->kind), line->text);
                l->told_many |= r > 0;
        }
        return true;
}

static void look(struct lookout *l) {
        bool by_changes = !l->has_rested;
        const struct service *target = target_of(l);
        int error = 0;

        if (target && !is_down(target)) {
                l->is_running = true;
                lift(l);
                return;
        }
        l->is_running = l->has_rested = false;
        const struct path_line *reason = find_reason(l, by_changes, &error);
        if (!reason && error == 0) {
                if (!lay(l))
                        return;
                reason = find_reason(l, by_changes, &error); /* what came before the watches did */
        }
        if (reason)
                trigger(l, reason);
        else if (error < 0)
                look_later(l, "looking at its paths", error);
}

static int on_look(sd_event_source *source maybe_unused, void *context) {
        const struct manager *m = context;

        for (EACH(l)) {
                if (!l->is_due)
                        continue;
                l->is_due = false;
                if (!is_up(l))
                        continue;
                if (l->failure == RESULT_SUCCESS)
                        look(l);
                if (l->failure != RESULT_SUCCESS)
                        fail(l);
        }
        return 0;
}

void lookout_due(struct service *s) {
        struct lookout *l = lookout_of(s);

        if (l)
                l->is_due = true;
        (void) on_look(NULL, s->manager);
}

/* --- Coming up and going down. */

static void on_job_removed(void *context, const struct job *j, enum job_result result maybe_unused) {
        const struct manager *m = context;

        for (EACH(l))
                if (is_up(l) && l->is_running && strcmp(spec_of(l)->unit, j->service->unit->name) == 0) {
                        l->has_rested = true;
                        make_due(l);
                }
}

static void on_job_added(void *context maybe_unused, const struct job *j maybe_unused) {
}

static int open_all(struct manager *m) {
        struct lookouts *all = &m->lookouts;

        if (!all->is_hooked) {
                all->hook = (struct job_hook){
                        .added = on_job_added,
                        .removed = on_job_removed,
                        .context = m,
                };
                job_hook_add(m, &all->hook);
                all->is_hooked = true;
        }
        if (!all->looking) {
                int r = sd_event_add_defer(m->event, &all->looking, on_look, m);
                if (r < 0)
                        return r;
                (void) sd_event_source_set_enabled(all->looking, SD_EVENT_OFF);
        }
        if (all->trails.fd < 0)
                all->trails.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        if (all->trails.fd < 0)
                return -errno;
        return all->events ? 0
                           : sd_event_add_io(m->event, &all->events, all->trails.fd, EPOLLIN, on_events, m);
}

static void make_directories(const struct lookout *l) {
        const struct path_spec *p = spec_of(l);

        for (const struct path_line *line = p->lines; p->make_directory && line; line = line->next) {
                if (line->kind == PATH_EXISTS || line->kind == PATH_EXISTS_GLOB)
                        continue;
                int r = io_make_dirs(line->text, p->directory_mode);
                if (r < 0)
                        log_warning(name_of(l), "MakeDirectory=: making %s: %s", line->text, strerror(-r));
        }
}

static void say_up(const struct lookout *l) {
        const struct path_line *first = spec_of(l)->lines;

        if (l->n_trails > 1)
                log_info(name_of(l), "watching %s and %u more", first->text, l->n_trails - 1);
        else
                log_info(name_of(l), "watching %s", first->text);
}

static int open_one(struct lookout *l) {
        uint32_t n = 0;

        for (const struct path_line *line = spec_of(l)->lines; line; line = line->next)
                n++;
        l->trails = calloc((size_t) n + 1, sizeof(*l->trails));
        if (!l->trails)
                return -ENOMEM;
        l->n_trails = n;
        return open_all(l->path->manager);
}

/* It watches before anybody who waits for it goes on; what is there already is looked at in a moment. */
static void begin(struct lookout *l) {
        int error = 0;

        l->triggers = (struct throttle){};
        l->failure = RESULT_SUCCESS;
        l->is_running = l->has_rested = false;
        int r = open_one(l);
        if (r < 0) {
                log_error(name_of(l), "watching: %s%s", strerror(-r),
                          r == -EMFILE ? ": raise fs.inotify.max_user_instances on the machine, or the "
                                         "limit of descriptors"
                                       : "");
                l->failure = RESULT_RESOURCES;
                /* The loop may have had no memory for a source of ours. */
                timers_arm(&l->path->manager->timers, &l->path->timer, manager_now(l->path->manager));
        } else {
                make_directories(l);
                if (lay(l))
                        say_up(l);
                (void) find_reason(l, false, &error);
        }
        make_due(l);
}

static void end(struct lookout *l) {
        lift(l);
        free(TAKE(l->trails));
        l->n_trails = 0;
        timers_disarm(&l->path->manager->timers, &l->path->timer);
}

static void heed_target(struct lookout *l, const struct service *s, enum state before) {
        struct verdict v = { .why_not = RESULT_SUCCESS };

        if (s->state == STATE_FAILED && before != STATE_FAILED)
                v = policy_decide(s->unit, &s->restarts, s->result, s->main_ending, manager_now(s->manager));
        if (s->state == STATE_FAILED &&
            (s->result == RESULT_START_LIMIT || v.why_not == RESULT_START_LIMIT)) {
                log_error(name_of(l), "%s was started too often, see StartLimitBurst=", s->unit->name);
                make_fail(l, RESULT_UNIT_START_LIMIT);
        } else if (is_down(s) == l->is_running) {
                l->has_rested |= l->is_running;
                make_due(l);
        }
}

void lookout_heed(struct service *s, enum state before) {
        struct manager *m = s->manager;
        struct lookout *own = s->unit->path ? lookout_of(s) : NULL;

        if (own && s->state == STATE_EXITED && before != STATE_EXITED)
                begin(own);
        else if (own && s->state != STATE_EXITED && before == STATE_EXITED)
                end(own);
        for (EACH(l))
                if (is_up(l) && strcmp(spec_of(l)->unit, s->unit->name) == 0)
                        heed_target(l, s, before);
}

bool lookout_is_running(const struct service *s) {
        const struct lookout *l = lookout_of(s);

        return l && l->is_running;
}

int lookout_new(struct service *s) {
        struct lookout **at = &s->manager->lookouts.list, *l = calloc(1, sizeof(*l));

        if (!l)
                return -ENOMEM;
        l->path = s;
        while (*at)
                at = &(*at)->next;
        *at = l;
        return 0;
}

void lookout_free(struct service *s) {
        for (struct lookout **at = &s->manager->lookouts.list; *at; at = &(*at)->next)
                if ((*at)->path == s) {
                        struct lookout *l = *at;

                        *at = l->next;
                        lift(l);
                        free(l->trails);
                        free(l);
                        return;
                }
}

void lookouts_init(struct lookouts *l) {
        *l = (struct lookouts){ .trails.fd = -1 };
}

void lookouts_done(struct lookouts *l) {
        sd_event_source_unref(l->events);
        sd_event_source_unref(l->looking);
        if (l->trails.fd >= 0)
                (void) close(l->trails.fd);
}
