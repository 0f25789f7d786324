#include <signal.h>
#include <string.h>

#include "base/text.h"
#include "config/bond.h"
#include "config/budget.h"
#include "config/path.h"
#include "config/setup.h"
#include "config/socket.h"

static const char *const suffixes[] = {
        ".service",   ".socket", ".timer", ".target", ".path",   ".mount",
        ".automount", ".swap",   ".slice", ".scope",  ".device",
};

static const char *const built_in[] = {
        "-.mount",
        "basic.target",
        "default.target",
        "getty.target",
        "graphical.target",
        "init.scope",
        "local-fs-pre.target",
        "local-fs.target",
        "multi-user.target",
        "network-online.target",
        "network-pre.target",
        "network.target",
        "nss-lookup.target",
        "nss-user-lookup.target",
        "paths.target",
        "remote-fs-pre.target",
        "remote-fs.target",
        "rpcbind.target",
        "shutdown.target",
        "slices.target",
        "sockets.target",
        "swap.target",
        "sysinit.target",
        "syslog.socket", /* of the journal, which a container has not: a syslog daemon then has /dev/log */
        "time-set.target",
        "time-sync.target",
        "timers.target",
        "umount.target",
};

#define PLAIN_WORD(name, word) word,
static const char *const service_types[] = { SERVICE_TYPES(PLAIN_WORD) };
static const char *const restarts[] = { RESTARTS(PLAIN_WORD) };
static const char *const kill_modes[] = { KILL_MODES(PLAIN_WORD) };
static const char *const exec_kinds[] = { EXEC_KINDS(PLAIN_WORD) };
static const char *const timer_bases[] = { TIMER_BASES(PLAIN_WORD) };

const char *service_type_word(enum service_type t) {
        return t < SERVICE_TYPE_COUNT ? service_types[t] : "?";
}

const char *restart_word(enum restart r) {
        return r < RESTART_COUNT ? restarts[r] : "?";
}

const char *kill_mode_word(enum kill_mode k) {
        return k < KILL_MODE_COUNT ? kill_modes[k] : "?";
}

const char *exec_kind_word(enum exec_kind e) {
        return e < EXEC_KIND_COUNT ? exec_kinds[e] : "?";
}

const char *timer_base_word(enum timer_base b) {
        return b < TIMER_BASE_COUNT ? timer_bases[b] : "?";
}

struct timer_spec *timer_spec_new(void) {
        struct timer_spec *t = calloc(1, sizeof(*t));

        if (t)
                *t = (struct timer_spec){ .accuracy = USEC_PER_MIN, .remain_after_elapse = true };
        return t;
}

void timer_spec_reset(struct timer_spec *t) {
        while (t->events) {
                struct timer_event *e = t->events;

                t->events = e->next;
                free(e->calendar);
                free(e);
        }
}

struct timer_spec *timer_spec_free(struct timer_spec *t) {
        if (!t)
                return NULL;
        timer_spec_reset(t);
        free(t->unit);
        free(t);
        return NULL;
}

char **unit_trigger_field(struct unit *u) {
        if (u->socket)
                return &u->socket->service;
        if (u->path)
                return &u->path->unit;
        return u->timer ? &u->timer->unit : NULL;
}

const char *unit_triggers(const struct unit *u) {
        if (u->socket)
                return u->socket->accept ? NULL : u->socket->service;
        if (u->path)
                return u->path->unit;
        return u->timer ? u->timer->unit : NULL;
}

const struct readiness *unit_readiness(const struct unit *u) {
        static const struct readiness defaults = {
                .watchdog = USEC_INFINITY,
                .watchdog_signal = SIGABRT,
                .reload_signal = SIGHUP,
                .guess_main_pid = true,
                .health_interval = 30 * USEC_PER_SEC,
                .health_timeout = 30 * USEC_PER_SEC,
                .health_retries = 3,
        };
        return u->readiness ? u->readiness : &defaults;
}

bool unit_says_ready(const struct unit *u) {
        return u->type == SERVICE_NOTIFY || u->type == SERVICE_NOTIFY_RELOAD;
}

struct command *command_free(struct command *c) {
        while (c) {
                struct command *next = c->next;

                free(c);
                c = next;
        }
        return NULL;
}

struct probe_spec *probe_spec_free(struct probe_spec *p) {
        if (!p)
                return NULL;
        command_free(p->command);
        free(p->text);
        free(p);
        return NULL;
}

static void free_readiness(struct readiness *r) {
        if (!r)
                return;
        probe_spec_free(r->ready_when);
        probe_spec_free(r->health_check);
        free(r->pid_file);
        free(r);
}

static void free_environment_files(struct environment_file *f) {
        while (f) {
                struct environment_file *next = f->next;

                free(f);
                f = next;
        }
}

struct unit *unit_new(const struct unit *fresh, const char *name) {
        size_t size = strlen(name) + 1;
        struct unit *u = malloc(sizeof(*u) + size);

        if (!u)
                return NULL;
        *u = *fresh;
        u->name = memcpy(u + 1, name, size);
        return u;
}

void unit_free(struct unit *u) {
        if (!u)
                return;

        char **const lists[] = {
                u->documentation, u->after, u->before, u->wants, u->requires, u->environment,
        };
        void *const blocks[] = {
                u->description, u->working_directory, u->user,       u->group,   u->limits,
                u->input.path,  u->output.path,       u->error.path, u->origins, u,
        };

        free_readiness(u->readiness);
        for (size_t i = 0; i < countof(lists); i++)
                strv_free(lists[i]);
        for (size_t i = 0; i < countof(u->exec); i++)
                command_free(u->exec[i]);
        free_environment_files(u->environment_files);
        budget_free(u->budget);
        setup_free(u->setup);
        bonds_free(u->bonds);
        timer_spec_free(u->timer);
        socket_spec_free(u->socket);
        path_spec_free(u->path);
        for (size_t i = 0; i < countof(blocks); i++)
                free(blocks[i]);
}

static struct unit *find_own(const struct config *c, const char *name) {
        for (size_t i = 0; i < c->n_units; i++)
                if (strcmp(c->units[i]->name, name) == 0)
                        return c->units[i];
        return NULL;
}

struct unit *config_find(const struct config *c, const char *name) {
        struct unit *u = find_own(c, name);

        for (char *const *a = c->aliases; !u && a && *a; a += 2)
                if (strcmp(a[0], name) == 0)
                        u = find_own(c, a[1]);
        return u;
}

struct unit *config_find_slice(const struct config *c, const char *name) {
        for (size_t i = 0; i < c->n_slices; i++)
                if (strcmp(c->slices[i]->name, name) == 0)
                        return c->slices[i];
        return NULL;
}

bool unit_is_name(const char *name) {
        size_t n = strlen(name);

        return n > 0 && n + strlen(".service") < 256 && *name != '@' && *name != '.' &&
               strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@") == n;
}

bool unit_is_built_in(const char *name) {
        for (size_t i = 0; i < countof(built_in); i++)
                if (strcmp(built_in[i], name) == 0)
                        return true;
        return text_ends(name, ".slice");
}

bool unit_has_suffix(const char *name) {
        for (size_t i = 0; i < countof(suffixes); i++)
                if (text_ends(name, suffixes[i]) && strlen(name) > strlen(suffixes[i]))
                        return true;
        return false;
}

char *unit_full_name(const char *name) {
        return unit_has_suffix(name) ? strdup(name) : text_format("%s.service", name);
}
