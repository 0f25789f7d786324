#include "supervisor/past.h"
#include "supervisor/manager.h"

static struct past *past_of(struct service *s) {
        if (!s->past)
                s->past = calloc(1, sizeof(*s->past));
        return s->past;
}

void past_note(struct service *s) {
        struct past *e = past_of(s);
        usec_t asked = s->asked;

        s->asked = 0;
        if (!e)
                return;
        bool came_up = s->restarts.up_since != 0;
        if (e->n == PAST_MOST && e->first.at == 0)
                e->first = e->list[e->next];
        e->list[e->next] = (struct past_run){
                .asked = asked,
                .begun = s->restarts.window.last,
                .at = s->since,
                .up = came_up ? usec_sub(s->since, s->restarts.up_since) : USEC_INFINITY,
                .pid = s->main_ending.code != 0 ? s->session : 0,
                .end = service_end(s),
                .result = s->result,
                .was_asked = s->was_asked,
        };
        e->next = (e->next + 1) % PAST_MOST;
        e->n += e->n < PAST_MOST;
        e->times[s->result]++;
}

void past_note_oom(struct service *s, uint64_t processes) {
        struct past *e = past_of(s);

        if (e)
                e->oom_kills += (uint32_t) processes;
}

const struct past_run *past_get(const struct service *s, unsigned nth) {
        const struct past *e = s->past;

        return e && nth < e->n ? &e->list[(e->next + PAST_MOST - 1 - nth) % PAST_MOST] : NULL;
}

unsigned past_lost(const struct service *s) {
        const struct past *e = s->past;
        unsigned ended = 0;

        if (!e)
                return 0;
        for (size_t i = 0; i < RESULT_COUNT; i++)
                ended += e->times[i];
        return ended - e->n - (e->first.at != 0);
}
