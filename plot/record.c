#include <errno.h>
#include <string.h>

#include "plot/record.h"

/* `list` with room for one more than the n that it has: it is doubled each time that it is full. NULL: there
 * is no memory, and it is as before. */
static void *make_room(void *list, size_t n, size_t each) {
        bool is_full = n == 0 || (n & (n - 1)) == 0;

        return is_full ? reallocarray(list, MAX(2 * n, (size_t) 1), each) : list;
}

static int add_place(struct record *r, size_t *n_after, uint32_t place) {
        uint32_t *after = make_room(r->after, *n_after, sizeof(*after));

        if (!after)
                return -ENOMEM;
        r->after = after;
        r->after[(*n_after)++] = place;
        return 0;
}

static int add_unit(struct record *r, const struct live_history *u, size_t n_after) {
        struct live_history *units = make_room(r->units, r->n, sizeof(*units));

        if (!units)
                return -ENOMEM;
        r->units = units;
        size_t *first = make_room(r->first, r->n + 1, sizeof(*first));
        if (!first)
                return -ENOMEM;
        r->first = first;
        r->units[r->n++] = *u;
        r->first[r->n] = n_after;
        return 0;
}

static int read_unit(struct record *r, struct wire_in *in, size_t *n_after) {
        struct live_history u;
        struct wire_in places;
        int e = 0;

        live_read_history(in, &u);
        wire_read_array(in, 4, &places);
        while (e == 0 && wire_has_more(&places))
                e = add_place(r, n_after, wire_read_u32(&places));
        in->bad |= places.bad;
        return e < 0 ? e : add_unit(r, &u, *n_after);
}

int record_read(struct record *r, struct wire_in *in) {
        struct wire_in list;
        size_t n_after = 0;
        int e = 0;

        record_done(r);
        r->first = calloc(1, sizeof(*r->first));
        if (!r->first)
                return -ENOMEM;
        live_read(in, &live_start_fields, &r->start);
        wire_read_array(in, 8, &list);
        while (e == 0 && wire_has_more(&list))
                e = read_unit(r, &list, &n_after);
        for (size_t i = 0; i < n_after; i++)
                list.bad |= r->after[i] >= r->n;
        return e < 0 ? e : in->bad || list.bad ? -EBADMSG : 0;
}

int record_take(struct record *r, struct link *l) {
        struct wire_in in;

        (void) link_begin(l, LIVE_PATH, LIVE_INTERFACE, "GetHistory", "");
        int e = link_finish(l, LIVE_HISTORY_SIGNATURE, &in);
        return e < 0 ? e : record_read(r, &in);
}

void record_done(struct record *r) {
        free(r->units);
        free(r->after);
        free(r->first);
        *r = (struct record){};
}

size_t record_find(const struct record *r, const char *name) {
        size_t length = strlen(name);

        for (size_t i = 0; i < r->n; i++) {
                const char *full = r->units[i].name;
                if (strncmp(full, name, length) == 0 &&
                    (full[length] == '\0' || strcmp(full + length, ".service") == 0))
                        return i;
        }
        return SIZE_MAX;
}
