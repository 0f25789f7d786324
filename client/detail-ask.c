#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "client/detail-ask.h"
#include "client/processes.h"

#define ROOT      "/org/freedesktop/systemd1"
#define UNIT_PATH ROOT "/unit/"
#define PATH_SIZE 1024 /* a name of 255 characters, each as "_xx" */

/* As sd_bus_path_encode(3), but that every character is written by its number, as any may be. */
static void encode(const char *name, char path[PATH_SIZE]) {
        size_t n = (size_t) snprintf(path, PATH_SIZE, "%s", UNIT_PATH);

        for (; *name && n + 4 < PATH_SIZE; name++)
                n += (size_t) snprintf(path + n, PATH_SIZE - n, "_%02x", (unsigned char) *name);
}

static int ask_list(struct link *l, const char *unit, const char *property, char ***ret) {
        struct wire_in in, list;
        char path[PATH_SIZE];

        encode(unit, path);
        struct wire_out *out = link_begin(l, path, "org.freedesktop.DBus.Properties", "Get", "ss");
        wire_string(out, "org.freedesktop.systemd1.Unit");
        wire_string(out, property);
        int r = link_finish(l, "v", &in);
        if (r < 0)
                return r;
        if (strcmp(wire_read_signature(&in), "as") != 0)
                return -EBADMSG;
        wire_read_array(&in, 4, &list);
        while (r == 0 && wire_has_more(&list))
                r = strv_add(ret, wire_read_string(&list));
        return r;
}

static int ask_processes(struct link *l, const char *unit, struct detail_asked *d) {
        struct wire_out *out =
                link_begin(l, ROOT, "org.freedesktop.systemd1.Manager", "GetUnitProcesses", "s");
        struct wire_in in, list;
        size_t room = 0;

        wire_string(out, unit);
        int r = link_finish(l, "a(sus)", &in);
        if (r < 0)
                return r;
        for (wire_read_array(&in, 8, &list); wire_has_more(&list);) {
                if (d->n == room) {
                        room = MAX(2 * room, (size_t) 16);
                        struct detail_process *larger = realloc(d->list, room * sizeof(*larger));
                        if (!larger)
                                return -ENOMEM;
                        d->list = larger;
                }
                wire_read_struct(&list);
                (void) wire_read_string(&list);
                struct detail_process *p = &d->list[d->n];
                *p = (struct detail_process){ .pid = wire_read_u32(&list) };
                p->command = strdup(wire_read_string(&list));
                if (!p->command)
                        return -ENOMEM;
                d->n++;
        }
        return list.bad ? -EBADMSG : 0;
}

int detail_ask(struct link *l, const char *unit, struct detail_asked *ret) {
        *ret = (struct detail_asked){};
        int r = ask_list(l, unit, "Triggers", &ret->triggers);

        if (r == 0)
                r = ask_list(l, unit, "TriggeredBy", &ret->triggered_by);
        if (r == 0)
                r = ask_processes(l, unit, ret);
        return r;
}

void detail_asked_done(struct detail_asked *d) {
        for (size_t i = 0; i < d->n; i++)
                free(d->list[i].command);
        free(d->list);
        strv_free(d->triggers);
        strv_free(d->triggered_by);
        *d = (struct detail_asked){};
}

/* Moves the one at `from` up to `to`. */
static void move(struct detail_asked *d, size_t from, size_t to) {
        struct detail_process p = d->list[from];

        memmove(&d->list[to + 1], &d->list[to], (from - to) * sizeof(p));
        d->list[to] = p;
}

/* They come level by level: each is moved behind its parent, and behind the children that that has already.
 */
void detail_find_parents(struct detail_asked *d) {
        for (size_t i = 0; i < d->n; i++) {
                struct process p;
                if (process_read((pid_t) d->list[i].pid, &p) < 0)
                        continue;
                for (size_t k = 0; k < i; k++) {
                        if (d->list[k].pid != (uint32_t) p.parent)
                                continue;
                        size_t to = k + 1;
                        d->list[i].parent = (uint32_t) p.parent;
                        d->list[i].depth = d->list[k].depth + 1;
                        while (to < i && d->list[to].depth > d->list[k].depth)
                                to++;
                        move(d, i, to);
                        break;
                }
        }
}
