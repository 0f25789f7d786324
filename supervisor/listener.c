#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "base/io.h"
#include "base/log.h"
#include "init/letgo.h"
#include "supervisor/bind.h"
#include "supervisor/connection.h"
#include "supervisor/manager.h"

#define PAUSE      USEC_PER_SEC
#define FLUSH_MOST 1024

static const struct socket_spec *spec_of(const struct listener *l) {
        return l->service->unit->socket;
}

static const char *name_of(const struct listener *l) {
        return l->service->unit->name;
}

static struct listener *listener_of(const struct service *s) {
        struct listener *l = s->manager->listeners.list;

        while (l && l->service != s)
                l = l->next;
        return l;
}

static bool is_up(const struct listener *l) {
        return l->n_ports > 0 && l->service->state == STATE_EXITED &&
               l->service->manager->phase == PHASE_RUNNING;
}

static struct service *target_of(const struct listener *l) {
        const struct manager *m = l->service->manager;

        for (uint32_t i = 0; i < m->plan.after.n; i++)
                if (strcmp(m->services[i]->unit->name, spec_of(l)->service) == 0)
                        return m->services[i];
        return NULL;
}

/* --- Who looks at the descriptors. */

/* With Accept=no the service itself, from when it is started to when it has come to rest. */
static bool is_our_turn(const struct listener *l) {
        if (!is_up(l) || l->pauses)
                return false;
        if (spec_of(l)->accept)
                return true;
        const struct service *target = target_of(l);
        return !target || (service_is_at_rest(target) && !target->waits_to_start && !target->starts_again);
}

static int on_traffic(sd_event_source *source maybe_unused, int fd maybe_unused, uint32_t events maybe_unused,
                      void *context);

static int look_at(struct port *p, bool on) {
        if (p->watch)
                return sd_event_source_set_enabled(p->watch, on ? SD_EVENT_ON : SD_EVENT_OFF);
        if (!on)
                return 0;
        return sd_event_add_io(p->listener->service->manager->event, &p->watch, p->fd, EPOLLIN, on_traffic,
                               p);
}

static int look_at_all(struct listener *l, bool on) {
        int r = 0;

        for (unsigned i = 0; i < l->n_ports; i++)
                r = MIN(r, look_at(&l->ports[i], on));
        return r;
}

void listener_pause(struct listener *l) {
        struct service *s = l->service;

        l->pauses = true;
        timers_arm(&s->manager->timers, &s->timer, usec_add(manager_now(s->manager), PAUSE));
        (void) look_at_all(l, false); /* which needs no memory */
}

static void look(struct listener *l) {
        int r = look_at_all(l, is_our_turn(l));

        if (r == 0)
                return;
        log_warning(name_of(l), "looking at its descriptors: %s", strerror(-r));
        listener_pause(l);
}

void listener_due(struct service *s) {
        struct listener *l = listener_of(s);

        if (!l)
                return;
        l->pauses = false;
        look(l);
}

/* --- Traffic. */

/* The socket cannot go on: it fails with that result. */
static void fail(struct listener *l, enum result result) {
        struct service *s = l->service;

        if (s->result == RESULT_SUCCESS)
                s->result = (uint8_t) result;
        service_dispatch(s, EVENT_BROKEN);
        look(l);
}

static bool is_allowed(struct listener *l) {
        const struct socket_spec *s = spec_of(l);

        return throttle_allows(&l->triggers, s->trigger_interval, s->trigger_burst,
                               manager_now(l->service->manager));
}

/* A run that has failed counts against the start limit, whoever starts the next. */
static bool is_given_up(const struct service *target) {
        return target->state == STATE_FAILED &&
               policy_is_limited(target->unit, &target->restarts, manager_now(target->manager));
}

static void start(struct listener *l, struct service *target) {
        static const struct job_request request = { .verb = ASK_START, .mode = JOB_MODE_REPLACE };
        int r = job_ask(target, &request, NULL, NULL);

        if (r == 0) {
                look(l);
                return;
        }
        log_warning(name_of(l), "starting %s: %s", target->unit->name, strerror(-r));
        listener_pause(l);
}

static void trigger(struct listener *l) {
        struct service *target = target_of(l);

        if (!target) {
                log_error(name_of(l), "there is no %s to start", spec_of(l)->service);
                fail(l, RESULT_RESOURCES);
        } else if (is_given_up(target)) {
                log_error(name_of(l), "%s was started too often, see StartLimitBurst=", target->unit->name);
                fail(l, RESULT_SERVICE_START_LIMIT);
        } else {
                log_debug(name_of(l), "traffic: starting %s", target->unit->name);
                start(l, target);
        }
}

static int on_traffic(sd_event_source *source maybe_unused, int fd maybe_unused, uint32_t events maybe_unused,
                      void *context) {
        const struct port *p = context;
        struct listener *l = p->listener;

        if (!is_our_turn(l))
                look(l);
        else if (!is_allowed(l)) {
                log_error(name_of(l), "more than %u times within %llu ms: see TriggerLimitBurst=",
                          spec_of(l)->trigger_burst,
                          (unsigned long long) (spec_of(l)->trigger_interval / USEC_PER_MSEC));
                fail(l, RESULT_TRIGGER_LIMIT);
        } else if (spec_of(l)->accept)
                connection_accept(l, p);
        else
                trigger(l);
        return 0;
}

/* --- FlushPending=: what came for the service that has ended is not for the next one. */

static bool has_traffic(int fd) {
        struct pollfd p = { .fd = fd, .events = POLLIN };

        return poll(&p, 1, 0) > 0;
}

/* The service may have made the descriptor a blocking one, for us too. */
static bool flush_one(int fd) {
        char buffer[4096];

        if (!has_traffic(fd) || fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
                return false;
        int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
        if (connection >= 0) {
                letgo_hang_up(connection);
                return true;
        }
        if (errno == EOPNOTSUPP)
                return recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT) >= 0;
        return errno == ENOTSOCK && read(fd, buffer, sizeof(buffer)) > 0;
}

static void flush(const struct listener *l) {
        for (unsigned i = 0; i < l->n_ports; i++)
                for (unsigned n = 0; n < FLUSH_MOST && flush_one(l->ports[i].fd); n++)
                        continue;
}

/* --- What becomes of the service. */

static void heed_target(struct listener *l, struct service *s, enum state before) {
        struct verdict v;

        if (!is_up(l))
                return;
        if (s->state == STATE_FAILED && before != STATE_FAILED) {
                v = policy_decide(s->unit, &s->restarts, s->result, s->main_ending, manager_now(s->manager));
                if (v.why_not == RESULT_START_LIMIT) {
                        log_error(name_of(l),
                                  "%s was started too often, see StartLimitBurst=", s->unit->name);
                        fail(l, RESULT_SERVICE_START_LIMIT);
                        return;
                }
        }
        if (service_is_at_rest(s) && !STATE_IN(before, STATES_AT_REST) && spec_of(l)->flush_pending)
                flush(l);
        look(l);
}

static void say_where(const struct listener *l) {
        if (l->n_ports > 1)
                log_info(name_of(l), "listening on %s and %u more", spec_of(l)->listens->text,
                         l->n_ports - 1);
        else
                log_info(name_of(l), "listening on %s",
                         spec_of(l)->listens ? spec_of(l)->listens->text : "what tend was started with");
}

void listener_heed(struct service *s, enum state before) {
        struct listener *own = s->unit->socket ? listener_of(s) : NULL;

        if (own && s->state == STATE_EXITED && before != STATE_EXITED)
                say_where(own);
        if (own)
                look(own);
        for (struct listener *l = s->manager->listeners.list; l; l = l->next)
                if (!spec_of(l)->accept && strcmp(spec_of(l)->service, s->unit->name) == 0)
                        heed_target(l, s, before);
}

/* --- From start to end. */

static bool open_port(struct listener *l, const struct listen *line) {
        struct service *s = l->service;
        struct port *p = &l->ports[l->n_ports];
        struct inherited_fd *given = inherited_take(&s->manager->listeners.inherited, s, s->unit, line);
        const char *doing = NULL;

        int fd = given ? given->fd : bind_open(s->unit, line, &doing);
        if (fd < 0) {
                log_error(s->unit->name, "%s=%s: %s: %s", listen_kind_word(line->kind), line->text, doing,
                          strerror(-fd));
                return false;
        }
        if (given)
                log_info(s->unit->name, "%s=%s: takes descriptor %d (%s), which tend was started with",
                         listen_kind_word(line->kind), line->text, given->fd, given->name);
        *p = (struct port){ .listener = l, .fd = fd, .is_inherited = given };
        l->n_ports++;
        return true;
}

static void open_more(struct listener *l, unsigned room) {
        struct service *s = l->service;

        while (l->n_ports < room) {
                struct inherited_fd *given =
                        inherited_take_more(&s->manager->listeners.inherited, s, s->unit);
                if (!given)
                        return;
                l->ports[l->n_ports++] =
                        (struct port){ .listener = l, .fd = given->fd, .is_inherited = true };
                log_info(s->unit->name, "takes descriptor %d (%s), which tend was started with", given->fd,
                         given->name);
        }
}

bool listener_open(struct service *s) {
        struct listener *l = listener_of(s);
        unsigned room = s->manager->listeners.inherited.n;

        for (const struct listen *line = s->unit->socket->listens; line; line = line->next)
                room++;
        if (l && l->n_ports == 0)
                l->ports = calloc((size_t) room + 1, sizeof(*l->ports));
        if (!l || !l->ports) {
                log_error(s->unit->name, "listening: %s", strerror(ENOMEM));
                return false;
        }
        l->triggers = (struct throttle){};
        l->n_accepted = 0;
        l->pauses = false;
        for (const struct listen *line = s->unit->socket->listens; line; line = line->next)
                if (!open_port(l, line)) {
                        listener_close(s);
                        return false;
                }
        open_more(l, room);
        if (l->n_ports == 0) {
                log_error(s->unit->name,
                          "there is nothing to listen on: no descriptor of its name was handed over");
                listener_close(s);
                return false;
        }
        bind_make_links(s->unit);
        return true;
}

void listener_close(struct service *s) {
        struct listener *l = listener_of(s);

        if (!l || !l->ports)
                return;
        for (unsigned i = 0; i < l->n_ports; i++) {
                sd_event_source_disable_unref(l->ports[i].watch);
                if (!l->ports[i].is_inherited)
                        (void) close(l->ports[i].fd);
        }
        if (l->n_ports > 0)
                bind_remove(s->unit);
        inherited_give_back(&s->manager->listeners.inherited, s);
        free(TAKE(l->ports));
        l->n_ports = 0;
}

int listener_new(struct service *s) {
        struct listener **end = &s->manager->listeners.list, *l = calloc(1, sizeof(*l));

        if (!l)
                return -ENOMEM;
        l->service = s;
        while (*end) /* in the order of the files, which is that of the descriptors of a service */
                end = &(*end)->next;
        *end = l;
        return 0;
}

void listener_free(struct service *s) {
        listener_close(s);
        for (struct listener **at = &s->manager->listeners.list; *at; at = &(*at)->next)
                if ((*at)->service == s) {
                        struct listener *l = *at;

                        *at = l->next;
                        connection_orphan_all(l);
                        free(l);
                        return;
                }
}
