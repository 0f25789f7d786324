#include <errno.h>
#include <string.h>

#include "client/snapshot.h"

static int add(struct snapshot *s, size_t *room, const struct live_status *u) {
        if (s->n == *room) {
                size_t more = MAX(2 * *room, (size_t) 16);
                struct live_status *units = realloc(s->units, more * sizeof(*units));
                if (!units)
                        return -ENOMEM;
                s->units = units;
                *room = more;
        }
        s->units[s->n++] = *u;
        return 0;
}

int snapshot_take(struct snapshot *s, struct link *l, const char *const *patterns, size_t n_patterns) {
        struct wire_out *out = link_begin(l, LIVE_PATH, LIVE_INTERFACE, "GetStatus", "as");
        struct wire_mark mark = wire_array(out, 4);
        struct wire_in in, list;
        size_t room = 0;

        snapshot_done(s);
        for (size_t i = 0; i < n_patterns; i++)
                wire_string(out, patterns[i]);
        wire_array_end(out, mark);
        int r = link_finish(l, LIVE_SIGNATURE, &in);
        if (r < 0)
                return r;
        live_read_container(&in, &s->container);
        wire_read_array(&in, 8, &list);
        while (r == 0 && wire_has_more(&list)) {
                struct live_status u;
                live_read_unit(&list, &u);
                r = list.bad ? 0 : add(s, &room, &u);
        }
        return r < 0 ? r : in.bad || list.bad ? -EBADMSG : 0;
}

void snapshot_done(struct snapshot *s) {
        free(s->units);
        *s = (struct snapshot){};
}
