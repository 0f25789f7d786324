#include "control/live-history.h"

#define START_FIELD(kind, name)   { #name, LIVE_##kind, offsetof(struct live_start, name) },
#define HISTORY_FIELD(kind, name) { #name, LIVE_##kind, offsetof(struct live_history, name) },
#define RUN_FIELD(kind, name)     { #name, LIVE_##kind, offsetof(struct live_run, name) },

static const struct live_field start_fields[] = { LIVE_START(START_FIELD) };
static const struct live_field history_fields[] = { LIVE_HISTORY(HISTORY_FIELD) };
static const struct live_field run_fields[] = { LIVE_RUN(RUN_FIELD) };

const struct live_list live_start_fields = { start_fields, countof(start_fields) };
const struct live_list live_history_fields = { history_fields, countof(history_fields) };
const struct live_list live_run_fields = { run_fields, countof(run_fields) };

void live_write_history(struct wire_out *out, const struct live_history *h) {
        live_write(out, &live_history_fields, h);
        struct wire_mark mark = wire_array(out, 8);
        for (size_t i = 0; i < h->n_runs; i++)
                live_write(out, &live_run_fields, &h->runs[i]);
        wire_array_end(out, mark);
}

void live_read_history(struct wire_in *in, struct live_history *ret) {
        struct wire_in list;

        live_read(in, &live_history_fields, ret);
        wire_read_array(in, 8, &list);
        ret->n_runs = 0;
        while (wire_has_more(&list) && ret->n_runs < countof(ret->runs))
                live_read(&list, &live_run_fields, &ret->runs[ret->n_runs++]);
        in->bad |= list.bad;
}
