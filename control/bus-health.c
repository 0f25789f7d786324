/* What counts is in tend(1) under `tend health`. */
#include <string.h>

#include "control/bus-call.h"
#include "control/bus-health.h"
#include "control/bus-manager.h"
#include "control/bus-unit.h"
#include "supervisor/prober.h"
#include "supervisor/report.h"

#define TEXT_MAX 1024

struct verdict_of {
        bool is_bad;
        uint32_t units, up;
        char text[TEXT_MAX]; /* the first thing that is wrong */
};

static void blame(struct verdict_of *v, const struct service *s, const char *what, const char *why) {
        if (!v->is_bad)
                (void) snprintf(v->text, sizeof(v->text), "%s: %s%s%s", s->unit->name, what, *why ? ": " : "",
                                why);
        v->is_bad = true;
}

/* One whose health is asked for has to be up, and healthy where somebody looks. */
static void judge_named(struct verdict_of *v, const struct service *s) {
        const struct health *h = prober_health(s);
        char why[REPORT_WHY_MAX];

        if (!STATE_IN(s->state, STATES_UP))
                blame(v, s, state_word(s->state), report_why(s, why));
        else if (h->state == HEALTH_UNHEALTHY || h->state == HEALTH_STARTING)
                blame(v, s, health_word(h->state), h->why);
}

/* One of all: it may have done its work, or not be meant to run. */
static void judge_any(struct verdict_of *v, const struct service *s, bool strictly) {
        const struct health *h = prober_health(s);
        char why[REPORT_WHY_MAX];
        bool is_idle = s->state == STATE_DEAD && !s->waits_to_start;

        if (h->state == HEALTH_UNHEALTHY || (strictly && h->state == HEALTH_STARTING))
                blame(v, s, health_word(h->state), h->why);
        else if (strictly && !is_idle && !STATE_IN(s->state, STATES_UP))
                blame(v, s, state_word(s->state), report_why(s, why));
}

static void judge_container(struct verdict_of *v, const struct manager *m, bool strictly) {
        const char *state = manager_state_word(m);

        for (uint32_t i = 0; i < m->plan.after.n; i++) {
                const struct service *s = m->services[i];
                v->units++;
                v->up += STATE_IN(s->state, STATES_UP);
                judge_any(v, s, strictly);
        }
        if (strcmp(state, "starting") != 0 && strcmp(state, "stopping") != 0)
                return;
        if (!v->is_bad)
                (void) snprintf(v->text, sizeof(v->text), "%s: %u of %u units are up", state, v->up,
                                v->units);
        v->is_bad = true;
}

void health_get(struct call *c) {
        bool strictly = wire_read_bool(c->in);
        struct verdict_of v = {};
        struct words names;

        if (!call_words(c, &names))
                return;
        for (size_t i = 0; i < names.n; i++) {
                const struct service *s = object_find_service(c->bus->manager, names.list[i]);
                if (!s) {
                        call_fail(c, ERROR_NO_UNIT, "no unit of that name is loaded: %.255s", names.list[i]);
                        return;
                }
                v.units++;
                v.up += STATE_IN(s->state, STATES_UP);
                judge_named(&v, s);
        }
        if (names.n == 0)
                judge_container(&v, c->bus->manager, strictly);
        if (!v.is_bad)
                (void) snprintf(v.text, sizeof(v.text), "%u of %u units are up", v.up, v.units);
        struct wire_out *out = call_reply(c);
        wire_u32(out, !v.is_bad);
        wire_string(out, v.text);
}
