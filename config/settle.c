/* What depends on more than one setting, or on other units: settled when all of them are known. */

#include <errno.h>
#include <string.h>

#include "config/bond.h"
#include "config/calendar.h"
#include "config/loader.h"
#include "config/settle.h"
#include "config/setup.h"
#include "config/value.h"

/* What it asks for needs messages from it. */
static bool speaks(const struct unit *u) {
        const struct readiness *r = unit_readiness(u);
        return unit_says_ready(u) || r->watchdog != USEC_INFINITY || r->fd_store_max > 0;
}

/* DynamicUser= takes the name of the unit, "web" of web@1.service. */
static int name_dynamic_user(struct unit *u) {
        u->user = strndup(u->name, strcspn(u->name, "@."));
        return u->user ? 0 : -ENOMEM;
}

int settle_unit(struct unit *u, usec_t timeout_start) {
        if (u->is_target) {
                u->type = SERVICE_ONESHOT;
                u->remain_after_exit = true;
        }
        if (u->type == TYPE_UNSETTLED)
                u->type = u->exec[EXEC_START] ? SERVICE_SIMPLE : SERVICE_ONESHOT;
        if (u->notify_access == NOTIFY_ACCESS_UNSETTLED)
                u->notify_access = speaks(u) ? NOTIFY_ACCESS_MAIN : NOTIFY_ACCESS_NONE;
        if (u->timeout_start == TIMEOUT_UNSETTLED)
                u->timeout_start = u->type == SERVICE_ONESHOT && !u->socket ? USEC_INFINITY : timeout_start;
        if (u->setup && u->setup->input_size > 0 && !u->input.is_written)
                u->input.kind = STDIO_DATA;
        return remark_is_set(u, REMARK_DynamicUser) && !u->user ? name_dynamic_user(u) : 0;
}

/* The zone of that name, NULL for local time, read once. */
static int find_zone(struct loader *l, const char *name, const struct zone **ret) {
        struct config *c = l->config;

        for (size_t i = 0; i < c->n_zones; i++)
                if (strcmp(c->zones[i]->name, name ? name : "") == 0) {
                        *ret = c->zones[i];
                        return 0;
                }
        struct zone **longer = reallocarray(c->zones, c->n_zones + 1, sizeof(struct zone *));
        if (!longer)
                return -ENOMEM;
        c->zones = longer;
        autofree struct zone *z = calloc(1, sizeof(*z));
        int r = z ? zone_open(name, l->options->environment, z) : -ENOMEM;
        if (r < 0)
                return r;
        *ret = c->zones[c->n_zones++] = TAKE(z);
        return 0;
}

static int settle_zones(struct loader *l, const struct unit *u, struct diags *said) {
        for (struct timer_event *e = u->timer->events; e; e = e->next) {
                if (!e->calendar)
                        continue;
                const char *name = e->calendar->utc ? "UTC" : e->calendar->zone;
                int r = find_zone(l, *name != '\0' ? name : NULL, &e->zone);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        (void) diag(said, u->file, u->line, r, "%s: the time zone %s: %s", u->name, name,
                                    strerror(-r));
        }
        return 0;
}

static bool is_written(const struct loader *l, const char *key) {
        return setting_origin(setting_find(OWNER_UNIT, key), l->origins, l->n_origins);
}

/* The fate of what is triggered is that of a line of cron, unless its section says otherwise: a run that
 * fails is reported, and there is a next one. */
static int settle_job(struct loader *l, struct unit *job, size_t index) {
        int r = loader_find_origins(l, &l->sources[index]);

        if (r < 0)
                return r;
        if (!is_written(l, "Restart"))
                job->restart = RESTART_NO;
        if (!is_written(l, "FailureAction"))
                job->failure_action = ACTION_NONE;
        return 0;
}

static size_t index_of(const struct config *c, const struct unit *u) {
        size_t i = 0;

        while (c->units[i] != u)
                i++;
        return i;
}

/* What tells of a failure is no failure of the container if it fails too. */
static int settle_handlers(struct loader *l, const struct unit *u) {
        int r = 0;

        for (char *const *name = unit_bond(u, BOND_ON_FAILURE); name && *name && r == 0; name++) {
                struct unit *handler = config_find(l->config, *name);
                if (handler)
                        r = settle_job(l, handler, index_of(l->config, handler));
        }
        return r;
}

/* To the rules it is a oneshot that has nothing to run, and stays. What it triggers is known by its own name
 * from now on. */
static int settle_trigger(struct loader *l, struct unit *u) {
        char **name = unit_trigger_field(u);
        struct unit *job = config_find(l->config, *name);

        u->type = SERVICE_ONESHOT;
        u->remain_after_exit = true;
        if (!job)
                return 0;
        if (strcmp(job->name, *name) != 0) {
                free(*name);
                *name = strdup(job->name);
                if (!*name)
                        return -ENOMEM;
        }
        if (u->socket)
                return 0; /* what serves a socket is a service like any other */
        return settle_job(l, job, index_of(l->config, job));
}

int loader_settle(struct loader *l) {
        struct config *c = l->config;
        int r = 0;

        for (size_t i = 0; i < c->n_units && r == 0; i++)
                r = settle_unit(c->units[i], l->timeout_start);
        for (size_t i = 0; i < c->n_units && r == 0; i++) {
                struct unit *u = c->units[i];
                struct diags *said = l->sources[i].is_file ? &l->sources[i].said : l->diags;

                r = settle_handlers(l, u);
                if (r == 0 && unit_triggers(u))
                        r = settle_trigger(l, u);
                if (r == 0 && u->timer)
                        r = settle_zones(l, u, said);
                if (u->socket)
                        settle_socket(u);
                if (r == 0)
                        r = settle_sockets_of(u);
        }
        return r;
}
