#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "config/search.h"
#include "supervisor/box.h"
#include "supervisor/notify.h"
#include "supervisor/oom.h"
#include "supervisor/order.h"
#include "supervisor/reload.h"

/* What the files say now, beside what runs: made whole before anything is changed. */
struct change {
        struct config *config;
        struct plan plan;
        struct service *
                *services; /* by index in the new plan; new ones are ready, NULL where an old one goes on */
        bool *starts;      /* owned; of each unit: whether it starts with the container */
};

static struct service *find_service(const struct manager *m, const char *name) {
        for (uint32_t i = 0; i < m->plan.after.n; i++)
                if (strcmp(m->services[i]->unit->name, name) == 0)
                        return m->services[i];
        return NULL;
}

static int make_services(struct manager *m, struct change *c) {
        uint32_t n = (uint32_t) c->config->n_units, news = 0;

        c->services = calloc((size_t) n + 1, sizeof(struct service *));
        struct config **older = reallocarray(m->older, (size_t) m->n_older + 1, sizeof(struct config *));
        if (older)
                m->older = older;
        c->starts = calloc((size_t) n + 1, sizeof(bool));
        if (!c->services || !older || !c->starts)
                return -ENOMEM;
        plan_mark_starting(&c->plan, c->starts);
        for (uint32_t i = 0; i < n; i++) {
                c->services[i] = find_service(m, c->config->units[i]->name);
                if (c->services[i])
                        continue;
                c->services[i] = service_new(m, c->config->units[i]);
                if (!c->services[i])
                        return -ENOMEM;
                news++;
        }
        for (struct service *s = m->leaving; s; s = s->next_leaving)
                news++;
        return manager_reserve(m, m->plan.after.n + news);
}

/* Units that were asked for while tend ran are left out when their file has gone, or is masked. */
static int list_units(const struct manager *m, const char *more, char ***ret) {
        autostrv char **list = strv_copy(m->options->load.units);
        struct search s;
        int r = search_open(&s, m->options->load.unit_path);

        for (char *const *name = m->asked; r == 0 && name && *name; name++) {
                autofree char *path = NULL;
                bool masked;
                r = search_probe(&s, *name, &path, &masked);
                if (r == 0 && path && !masked)
                        r = strv_add(&list, *name);
        }
        search_done(&s);
        if (r == 0 && more)
                r = strv_add(&list, more);
        if (r == 0)
                *ret = TAKE(list);
        return r;
}

/* With units that were asked for later there still is a tend.ini, if there was one. */
static const char *main_file(const struct manager *m) {
        const struct load_options *o = &m->options->load;
        bool is_left_out = o->enabled || (o->units && o->units[0]);

        if (o->path || is_left_out || !m->config->path)
                return o->path;
        return access(m->config->path, F_OK) == 0 ? m->config->path : NULL;
}

static int make_change(struct manager *m, const char *more, struct diags *d, struct change *c) {
        struct load_options options = m->options->load;
        autostrv char **units = NULL;

        int r = list_units(m, more, &units);
        if (r < 0)
                return r;
        options.units = units;
        options.overrides = m->overrides;
        options.path = units ? main_file(m) : options.path;
        r = plan_load(&c->plan, &options, d, &c->config);
        return r < 0 ? r : make_services(m, c);
}

static bool is_new(const struct service *s) {
        return s->index == SERVICE_NO_INDEX;
}

static void undo_change(struct change *c) {
        for (size_t i = 0; c->services && i < c->config->n_units; i++)
                if (c->services[i] && is_new(c->services[i]))
                        service_free(c->services[i]);
        free(c->services);
        free(c->starts);
        plan_done(&c->plan);
        config_free(c->config);
}

static void say_all(const struct diags *d) {
        for (size_t i = 0; i < d->n; i++) {
                const struct diag *x = &d->list[i];
                log_line(x->error < 0 ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, NULL, "%s:%u: %s%s%s",
                         x->file ? x->file : "-", x->line, x->text ? x->text : "out of memory",
                         x->hint ? "; " : "", x->hint ? x->hint : "");
        }
}

static void tell_listed(struct service *s, bool comes) {
        const struct manager *m = s->manager;

        if (m->bus)
                m->options->hooks->listed(m->bus, s, comes);
}

static void leave(struct manager *m, struct service *s) {
        log_info(s->unit->name, "is gone from the files");
        tell_listed(s, false);
        job_finish(s, JOB_RESULT_CANCELED);
        s->index = SERVICE_NO_INDEX;
        s->waits_to_start = s->starts_again = false;
        s->new_unit = NULL;
        s->wants_down = !service_is_at_rest(s);
        s->next_leaving = m->leaving;
        m->leaving = s;
        manager_touch(s);
}

/* The line of the new list that stands where `line` stands in the old one. */
static const struct command *same_line(const struct command *old, const struct command *line,
                                       const struct command *new) {
        while (old && old != line) {
                old = old->next;
                new = new ? new->next : NULL;
        }
        return old ? new : NULL;
}

static void go_on_as(struct service *s, const struct unit *u) {
        s->main_command = same_line(s->unit->exec[EXEC_START], s->main_command, u->exec[EXEC_START]);
        s->control_command =
                same_line(s->unit->exec[s->control_kind], s->control_command, u->exec[s->control_kind]);
        s->unit = u;
}

/* Not a start that the limit is about. */
static void restart(struct service *s) {
        s->restarts.window.used = s->restarts.window.next = 0;
        order_restart(s);
}

enum turn { TURN_NONE, TURN_LIVE, TURN_AT_REST, TURN_RESTART };

/* What becomes of a service whose unit is to be `u`. The foreground command is not in the files; all that
 * changes about it is after whom it was started. */
static enum turn turn_of(const struct service *s, const struct unit *u, bool starts) {
        if (u->foreground || (!s->new_unit && unit_same_but_budget(s->unit, u)))
                return unit_same(s->unit, u) ? TURN_NONE : TURN_LIVE;
        if (!starts && service_is_at_rest(s) && !s->waits_to_start && !s->new_unit)
                return TURN_AT_REST;
        return TURN_RESTART;
}

static void take_over(struct service *s, const struct unit *u, uint32_t index, bool starts) {
        enum turn turn = turn_of(s, u, starts);

        s->index = index;
        if (turn == TURN_NONE || turn == TURN_LIVE) {
                if (turn == TURN_LIVE)
                        log_info(u->name, "what can change while it runs has changed");
                box_change(s, u);
                go_on_as(s, u);
                if (turn == TURN_LIVE)
                        sampling_change(s);
                return;
        }
        if (turn == TURN_AT_REST) {
                log_info(u->name, "has changed");
                service_set_unit(s, u);
                return;
        }
        log_info(u->name, "has changed: restarting it");
        s->new_unit = u;
        restart(s);
}

/* A socket that is bound anew is another one to the service that has it. */
static bool has_old_socket(const struct manager *m, const struct service *s) {
        for (const struct listener *l = m->listeners.list; l; l = l->next)
                if (l->service->starts_again && l->n_ports > 0 && socket_is_for(l->service->unit, s->unit))
                        return true;
        return false;
}

/* Whoever is to restart with what restarts does so, as in systemd; through any number of steps. */
static void restart_dependents(const struct manager *m, const bool *starts) {
        for (bool again = true; again;) {
                again = false;
                for (uint32_t i = 0; i < (uint32_t) m->config->n_units; i++) {
                        struct service *u = m->services[i];
                        if (!u->starts_again && !service_is_at_rest(u) && has_old_socket(m, u))
                                restart(u);
                        if (!u->starts_again)
                                continue;
                        plan_each(&m->plan, i, v, LINK_STOP) {
                                struct service *s = m->services[v];
                                if (s->starts_again || s->waits_to_start ||
                                    (!starts[v] && service_is_at_rest(s)))
                                        continue;
                                restart(s);
                                again = true;
                        }
                }
        }
}

static void adopt(struct manager *m, struct change *c) {
        struct manager before = *m;
        uint32_t n = (uint32_t) c->config->n_units;

        box_prepare(m, c->config);
        oom_spare(m, c->config);
        for (uint32_t i = 0; i < n; i++) {
                const struct unit *u = c->config->units[i];
                struct service *s = c->services[i];
                if (is_new(s)) {
                        s->index = i;
                        if (c->starts[i])
                                service_ask(s);
                        log_info(u->name, "is new");
                } else
                        take_over(s, u, i, c->starts[i]);
        }
        m->services = c->services;
        m->plan = c->plan;
        m->config = c->config;
        m->older[m->n_older++] = before.config;
        if (m->options->log_level < 0)
                log_set_level(c->config->container.log_level);
        for (uint32_t i = 0; i < before.plan.after.n; i++)
                if (!config_find(c->config, before.services[i]->unit->name))
                        leave(m, before.services[i]);
        box_change_slices(m, before.config);
        plan_done(&before.plan);
        free(before.services);
        restart_dependents(m, c->starts);
        free(TAKE(c->starts));
        for (uint32_t i = 0; i < n; i++) {
                if (!config_find(before.config, m->services[i]->unit->name))
                        tell_listed(m->services[i], true);
                manager_touch(m->services[i]);
        }
}

/* An older config goes when nobody is what it says any more. */
static void drop_older(struct manager *m) {
        for (const struct service *s = m->leaving; s; s = s->next_leaving)
                if (!s->connection) /* whose unit is its own */
                        return;
        for (uint32_t i = 0; i < m->plan.after.n; i++)
                if (m->services[i]->new_unit)
                        return;
        for (uint32_t i = 0; i < m->n_older; i++)
                config_free(m->older[i]);
        free(TAKE(m->older));
        m->n_older = 0;
}

/* --- Without doing it. */

static void print_turn(FILE *out, const char *name, const char *what, const char *with) {
        (void) fprintf(out, "%s\t%s\t%s\n", name, what, with);
}

/* Whoever restarts with what restarts, as in restart_dependents(), with whom that is. */
static void spread(const struct change *c, const char **with) {
        for (bool again = true; again;) {
                again = false;
                for (uint32_t i = 0; i < (uint32_t) c->config->n_units; i++) {
                        if (!with[i])
                                continue;
                        plan_each(&c->plan, i, v, LINK_STOP) {
                                const struct service *s = c->services[v];
                                if (with[v] || is_new(s) || (!c->starts[v] && service_is_at_rest(s)))
                                        continue;
                                with[v] = c->config->units[i]->name;
                                again = true;
                        }
                }
        }
}

static int print_change(const struct manager *m, const struct change *c, FILE *out) {
        static const char *const words[] = { [TURN_LIVE] = "live", [TURN_AT_REST] = "change" };
        const char **with = calloc(c->config->n_units + 1, sizeof(*with));

        if (!with)
                return -ENOMEM;
        for (size_t i = 0; i < c->config->n_units; i++)
                if (!is_new(c->services[i]) &&
                    turn_of(c->services[i], c->config->units[i], c->starts[i]) == TURN_RESTART)
                        with[i] = "";
        spread(c, with);
        for (size_t i = 0; i < c->config->n_units; i++) {
                const struct unit *u = c->config->units[i];
                enum turn turn =
                        is_new(c->services[i]) ? TURN_NONE : turn_of(c->services[i], u, c->starts[i]);
                if (is_new(c->services[i]))
                        print_turn(out, u->name, "new", "");
                else if (with[i])
                        print_turn(out, u->name, "restart", with[i]);
                else if (turn != TURN_NONE)
                        print_turn(out, u->name, words[turn], "");
        }
        for (uint32_t i = 0; i < m->plan.after.n; i++)
                if (!config_find(c->config, m->services[i]->unit->name))
                        print_turn(out, m->services[i]->unit->name, "gone", "");
        free(with);
        return 0;
}

int reload_preview(struct manager *m, FILE *out, struct diags *d) {
        struct change c = {};

        if (m->phase != PHASE_RUNNING)
                return -ESHUTDOWN;
        int r = make_change(m, NULL, d, &c);
        if (r == 0)
                r = print_change(m, &c, out);
        undo_change(&c);
        return r;
}

static void tell(const struct manager *m, bool begins) {
        if (m->bus)
                m->options->hooks->reloading(m->bus, begins);
}

static int reload(struct manager *m, const char *more, struct diags *d) {
        struct change c = {};

        if (m->phase != PHASE_RUNNING)
                return -ESHUTDOWN;
        notify_tell(m->options->notify_socket, "RELOADING=1");
        tell(m, true);
        int r = make_change(m, more, d, &c);
        if (r == 0 && more)
                r = strv_contains(m->asked, more) ? 0 : strv_add(&m->asked, more);
        say_all(d);
        if (r < 0) {
                log_error(NULL, "reload refused, nothing is changed: %s",
                          r == -ENOMEM ? strerror(ENOMEM) : "see above");
                undo_change(&c);
        } else {
                log_info(NULL, "reloading: %zu services", c.config->n_units);
                adopt(m, &c);
                drop_older(m);
        }
        m->told_ready = false;
        tell(m, false);
        return r;
}

int reload_run(struct manager *m, struct diags *d) {
        return reload(m, NULL, d);
}

int reload_with(struct manager *m, const char *name, struct diags *d) {
        return reload(m, name, d);
}

void reload_by_signal(struct manager *m) {
        struct diags d = {};

        (void) !reload(m, NULL, &d);
        diags_done(&d);
}

void reload_renew(struct service *s) {
        if (s->new_unit)
                service_set_unit(s, s->new_unit);
        s->new_unit = NULL;
        if (s->starts_again)
                service_ask(s);
        s->starts_again = false;
        s->restarts = (struct restarts){ .window = s->restarts.window };
        drop_older(s->manager);
        manager_touch(s);
}

void reload_dismiss(struct service *s) {
        struct manager *m = s->manager;
        struct service **at = &m->leaving;

        while (*at && *at != s)
                at = &(*at)->next_leaving;
        if (*at)
                *at = s->next_leaving;
        struct service *successor = find_service(m, s->unit->name);
        if (successor)
                manager_touch(successor);
        service_free(s);
        drop_older(m);
}
