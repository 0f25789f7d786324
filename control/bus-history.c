#include <limits.h>

#include "control/bus-call.h"
#include "control/bus-history.h"
#include "control/bus-manager.h"
#include "control/bus-unit.h"
#include "control/clocks.h"
#include "control/live-history.h"
#include "supervisor/report.h"

/* Texts of a unit's runs, until they are written. */
struct telling {
        struct clocks clocks;
        char why[REPORT_WHY_MAX], ends[LIVE_RUNS_MOST][ENDING_TEXT_MAX];
};

static void add_ended(struct telling *t, const struct service *s, const struct past_run *e,
                      struct live_history *h) {
        h->runs[h->n_runs] = (struct live_run){
                .asked = clocks_real(&t->clocks, e->asked),
                .begun = clocks_real(&t->clocks, e->begun),
                .ready = e->up == USEC_INFINITY ? 0 : clocks_real(&t->clocks, e->at - e->up),
                .ended = clocks_real(&t->clocks, e->at),
                .failed = result_is_failure(e->result),
                .result = result_word(e->result),
                .why = report_exit(s->unit, e, t->ends[h->n_runs]),
        };
        h->n_runs++;
}

/* The run that is on its way; or the start that came to nothing before it began. */
static void add_present(const struct telling *t, const struct service *s, struct live_history *h) {
        const struct past_run *last = past_get(s, 0);
        bool at_rest = service_is_at_rest(s), waits = at_rest && s->waits_to_start;
        bool never_began = s->state == STATE_FAILED && !waits && (!last || last->at != s->since);

        if (s->state == STATE_AUTO_RESTART || (at_rest && !waits && !never_began))
                return;
        h->runs[h->n_runs++] = (struct live_run){
                .asked = clocks_real(&t->clocks, s->asked),
                .begun = at_rest ? 0 : clocks_real(&t->clocks, s->restarts.window.last),
                .ready = at_rest ? 0 : clocks_real(&t->clocks, s->restarts.up_since),
                .ended = never_began ? clocks_real(&t->clocks, s->since) : 0,
                .failed = never_began,
                .result = never_began ? result_word(s->result) : "",
                .why = h->why,
        };
}

static void write_unit(struct telling *t, const struct bus *b, struct service *s, struct wire_out *out) {
        struct object o;

        object_of_service(&o, b, s);
        struct live_history h = {
                .name = s->unit->name,
                .description = unit_description(&o),
                .active = unit_active_state(&o),
                .state = unit_sub_state(&o),
                .why = report_why(s, t->why),
                .lost = past_lost(s),
        };
        const struct past_run *e;
        unsigned n = 0;

        while (past_get(s, n))
                n++;
        if (s->past && s->past->first.at != 0)
                add_ended(t, s, &s->past->first, &h);
        while (n > 0 && (e = past_get(s, --n)))
                add_ended(t, s, e, &h);
        add_present(t, s, &h);
        live_write_history(out, &h);
        struct wire_mark mark = wire_array(out, 4);
        graph_each(&s->manager->plan.after, s->index, v)
                wire_u32(out, v);
        wire_array_end(out, mark);
}

void history_get(struct call *c) {
        const struct manager *m = c->bus->manager;
        struct wire_out *out = call_reply(c);
        struct telling t = { .clocks = clocks_read(m) };
        char hostname[HOST_NAME_MAX + 1] = "";

        (void) gethostname(hostname, sizeof(hostname) - 1);
        const struct live_start start = {
                .version = TEND_VERSION,
                .hostname = hostname,
                .state = manager_state_word(m),
                .now = t.clocks.real,
                .started = clocks_real(&t.clocks, m->alarms.started),
                .ready = clocks_real(&t.clocks, m->came_up),
        };
        live_write(out, &live_start_fields, &start);
        struct wire_mark mark = wire_array(out, 8);
        for (uint32_t i = 0; i < m->plan.after.n; i++)
                write_unit(&t, c->bus, m->services[i], out);
        wire_array_end(out, mark);
}
