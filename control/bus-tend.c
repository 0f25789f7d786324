/* org.tend.Manager1: what systemd has no word for. */
#include <limits.h>
#include <string.h>

#include "base/log.h"
#include "control/bus-call.h"
#include "control/bus-health.h"
#include "control/bus-history.h"
#include "control/bus-manager.h"
#include "control/bus-signal.h"
#include "control/bus-unit.h"
#include "control/clocks.h"
#include "control/live-history.h"
#include "supervisor/box.h"
#include "supervisor/notify.h"
#include "supervisor/prober.h"
#include "supervisor/reload.h"
#include "supervisor/report.h"

/* What an answer is made from. */
struct telling {
        struct call *call;
        const struct manager *manager;
        struct clocks clocks;
        char why[REPORT_WHY_MAX], file[512], cgroup[PATH_MAX], exits[LIVE_EXITS_MOST][ENDING_TEXT_MAX];
};

static void begin(struct telling *t, struct call *c) {
        *t = (struct telling){
                .call = c,
                .manager = c->bus->manager,
                .clocks = clocks_read(c->bus->manager),
        };
}

/* --- A unit. */

static const char *tier_of(const struct service *s, const char *setting) {
        enum tier tier = box_kept(&s->manager->cgroups, s->unit, setting).tier;

        return tier == TIER_UNASKED ? "" : ground_tier_word(tier);
}

static void tell_budget(const struct service *s, struct live_status *l) {
        const struct budget_whole *whole = &s->manager->cgroups.whole;
        const struct budget *b = s->unit->budget;

        l->memory_max = l->tasks_max = l->cpu_max = UINT64_MAX;
        l->memory_tier = l->tasks_tier = l->cpu_tier = "";
        if (!b)
                return;
        l->memory_max = budget_exact(b->memory_max, whole->memory);
        l->tasks_max = budget_exact(b->tasks_max, whole->tasks);
        l->cpu_max = b->cpu_quota > 0 ? b->cpu_quota : UINT64_MAX;
        l->memory_tier = tier_of(s, "MemoryMax");
        l->tasks_tier = tier_of(s, "TasksMax");
        l->cpu_tier = tier_of(s, "CPUQuota");
}

static void tell_usage(struct telling *t, const struct service *s, struct live_status *l) {
        struct usage u = box_usage(s);

        l->measured = s->box ? "cgroup" : "";
        l->memory = u.memory;
        l->memory_peak = u.memory_most;
        l->tasks = u.tasks;
        l->tasks_peak = u.tasks_most;
        l->cpu = u.cpu;
        l->cgroup = box_path(s, t->cgroup);
}

static void tell_state(struct telling *t, struct service *s, struct live_status *l) {
        struct object *o = &t->call->object;

        object_of_service(o, t->call->bus, s);
        l->name = s->unit->name;
        l->description = unit_description(o);
        (void) snprintf(t->file, sizeof(t->file), "%s:%u", s->unit->file ? s->unit->file : "", s->unit->line);
        l->file = t->file;
        l->active = unit_active_state(o);
        l->state = unit_sub_state(o);
        l->since = clocks_real(&t->clocks, s->since);
        l->why = report_why(s, t->why);
        l->job = s->job ? job_type_word(s->job->type) : "";
        l->up = STATE_IN(s->state, STATES_UP);
        l->start_took = l->up ? usec_sub(s->restarts.up_since, unit_started(o)) : USEC_INFINITY;
        l->finished = s->state == STATE_DEAD && !s->was_asked && s->main_ending.code != 0;
}

static void tell_processes(const struct telling *t, const struct service *s, struct live_status *l) {
        const struct health *h = prober_health(s);
        const char *status = s->notify ? notify_status(s->notify) : NULL;
        bool is_next = s->state == STATE_AUTO_RESTART && s->timer.slot != TIMER_IDLE;

        l->main_pid = (uint32_t) s->main;
        l->control_pid = (uint32_t) s->control;
        l->session = (uint32_t) MAX(s->session, 0);
        l->restarts = s->restarts.count;
        l->result = result_word(s->result);
        l->next_restart = is_next ? clocks_real(&t->clocks, s->timer.at) : 0;
        l->status = status ? status : "";
        l->health = health_word(h->state);
        l->health_why = h->why;
}

static void tell_exits(struct telling *t, const struct service *s, struct live_status *l) {
        const struct past_run *e;

        while (l->n_exits < countof(l->exits) && (e = past_get(s, (unsigned) l->n_exits))) {
                l->exits[l->n_exits] = (struct live_exit){
                        .at = clocks_real(&t->clocks, e->at),
                        .up = e->up,
                        .pid = (uint32_t) e->pid,
                        .result = result_word(e->result),
                        .code = (uint32_t) ending_exit_code(e->end),
                        .why = report_exit(s->unit, e, t->exits[l->n_exits]),
                };
                l->n_exits++;
        }
}

static void tell_ends(const struct service *s, struct live_status *l) {
        const struct past *p = s->past;

        _Static_assert(RESULT_COUNT <= LIVE_ENDS_MOST, "each result has its place");
        l->oom_kills = p ? p->oom_kills : 0;
        for (unsigned i = 0; p && i < RESULT_COUNT; i++)
                if (p->times[i] > 0)
                        l->ends[l->n_ends++] = (struct live_end){ result_word(i), p->times[i] };
}

static void write_unit(struct telling *t, struct service *s, struct wire_out *out) {
        struct live_status l = {};

        tell_state(t, s, &l);
        tell_processes(t, s, &l);
        tell_budget(s, &l);
        tell_usage(t, s, &l);
        tell_exits(t, s, &l);
        tell_ends(s, &l);
        live_write_unit(out, &l);
}

/* --- The container. */

static void write_container(const struct telling *t, struct wire_out *out) {
        const struct manager *m = t->manager;
        const struct ground *g = &m->cgroups.ground;
        uint64_t memory = m->cgroups.root < 0 ? 0 : cgroup_count(&m->cgroups, ".", "memory.current", "");
        struct live_container l = {
                .version = TEND_VERSION,
                .state = manager_state_word(m),
                .pid = (uint32_t) getpid(),
                .now = t->clocks.real,
                .started = clocks_real(&t->clocks, m->alarms.started),
                .units = m->plan.after.n,
                .tier = ground_tier_word(g->tier),
                .tier_why = g->why ? g->why : "",
                .tier_hint = g->hint ? g->hint : "",
                .memory = memory > 0 ? memory : UINT64_MAX,
                .memory_max = m->cgroups.whole.memory,
                .tasks_max = m->cgroups.whole.tasks,
                .cpu_max = m->cgroups.whole.cpu,
                .log_dropped = log_dropped_ever(),
        };

        for (uint32_t i = 0; i < l.units; i++) {
                l.up += STATE_IN(m->services[i]->state, STATES_UP);
                l.failed += m->services[i]->state == STATE_FAILED;
        }
        live_write_container(out, &l);
}

/* --- Steps, to those who have subscribed. */

void bus_signal_stepped(void *bus, struct service *s, enum state before, enum event e) {
        const struct wire_head head = { .path = LIVE_PATH,
                                        .interface = LIVE_INTERFACE,
                                        .member = LIVE_STEP_SIGNAL,
                                        .signature = LIVE_STEP_SIGNATURE };
        struct wire_out *out = bus_signal(bus, true, &head);
        char why[REPORT_WHY_MAX];
        struct object o;

        if (!out)
                return;
        object_of_service(&o, bus, s);
        const struct live_step step = {
                .at = unit_real_time(&o, s->since),
                .unit = s->unit->name,
                .before = state_word(before),
                .state = unit_sub_state(&o),
                .active = unit_active_state(&o),
                .event = event_word(e),
                .why = report_why(s, why),
                .result = result_word(s->result),
                .main_pid = (uint32_t) s->main,
                .restarts = s->restarts.count,
                .next_restart = s->state == STATE_AUTO_RESTART ? unit_real_time(&o, s->timer.at) : 0,
        };
        live_write_step(out, &step);
        bus_signal_send(bus);
        bus_signal_changed(bus, s);
}

/* --- The methods. */

/* A unit is also known by its aliases. */
static bool is_meant(const struct manager *m, const struct service *s, const struct words *patterns) {
        if (words_fit(patterns, s->unit->name))
                return true;
        for (char *const *a = m->config->aliases; a && *a; a += 2)
                if (strcmp(a[1], s->unit->name) == 0 && words_fit(patterns, a[0]))
                        return true;
        return false;
}

static void get_status(struct call *c) {
        const struct manager *m = c->bus->manager;
        struct words patterns;
        struct telling t;

        if (!call_words(c, &patterns))
                return;
        begin(&t, c);
        struct wire_out *out = call_reply(c);
        write_container(&t, out);
        struct wire_mark mark = wire_array(out, 8);
        for (uint32_t i = 0; i < m->plan.after.n; i++)
                if (is_meant(m, m->services[i], &patterns))
                        write_unit(&t, m->services[i], out);
        for (struct service *s = m->leaving; s; s = s->next_leaving)
                if (is_meant(m, s, &patterns))
                        write_unit(&t, s, out);
        wire_array_end(out, mark);
}

/* --- What a reload would do: a child reads the files. */

static int preview(void *context, FILE *out) {
        struct diags d = {};

        int r = reload_preview(context, out, &d);
        if (r < 0)
                (void) fprintf(out, "!%s\n", diags_first_error(&d, strerror(-r)));
        diags_done(&d);
        return 0;
}

/* "UNIT\tWHAT\tWITH" */
static void write_turn(struct wire_out *out, const char *line, size_t n) {
        char part[OBJECT_NAME_MAX];

        wire_struct(out);
        for (int i = 0; i < 3; i++) {
                size_t length = MIN(strcspn(line, "\t\n"), n);
                (void) snprintf(part, sizeof(part), "%.*s", (int) length, line);
                wire_string(out, part);
                line += length + 1;
        }
}

static void answer_preview(struct call *c, char *text, size_t size maybe_unused) {
        char *error = *text == '!' ? text : strstr(text, "\n!");

        if (error) {
                error += *error == '\n' ? 2 : 1;
                error[strcspn(error, "\n")] = '\0';
                call_fail(c, ERROR_FAILED, "nothing would be changed: %s", error);
                return;
        }
        struct wire_out *out = call_reply(c);
        struct wire_mark mark = wire_array(out, 8);
        for (const char *line = text, *end; (end = strchr(line, '\n')); line = end + 1)
                write_turn(out, line, (size_t) (end - line));
        wire_array_end(out, mark);
}

static void preview_reload(struct call *c) {
        errand_run(c, preview, c->bus->manager, answer_preview);
}

static const struct method methods[] = {
        { LIVE_PREVIEW, "", LIVE_PREVIEW_SIGNATURE, CHANGES_SOMETHING, preview_reload },
        { "GetStatus", "as", LIVE_SIGNATURE, false, get_status },
        { "GetHealth", "bas", "bs", false, health_get },
        { "GetHistory", "", LIVE_HISTORY_SIGNATURE, false, history_get },
};

static bool is_of(const struct object *o) {
        return o->kind == OBJECT_TEND;
}

static const struct signal_row signals[] = { { LIVE_STEP_SIGNAL, LIVE_STEP_SIGNATURE } };

const struct interface interface_tend = {
        .name = LIVE_INTERFACE,
        .is_of = is_of,
        .methods = methods,
        .n_methods = countof(methods),
        .signals = signals,
        .n_signals = countof(signals),
};
