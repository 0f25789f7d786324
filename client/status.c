/* `tend status`. */
#include "client/json.h"
#include "client/snapshot.h"
#include "client/table.h"
#include "control/verb.h"

static void print_json(const struct snapshot *s) {
        (void) fputs("{\"container\":", stdout);
        json_fields(stdout, &live_container_fields, &s->container, false);
        (void) fputs(",\"units\":[", stdout);
        for (size_t i = 0; i < s->n; i++) {
                (void) fputs(i > 0 ? ",\n" : "\n", stdout);
                json_unit(stdout, &s->units[i], false);
        }
        (void) fputs("]}\n", stdout);
}

int status_main(const struct request *r) {
        struct screen screen = screen_of(STDOUT_FILENO);
        autosnapshot struct snapshot s = {};
        autolink struct link l;

        int e = link_open(&l, r->socket);
        if (e == 0)
                e = snapshot_take(&s, &l, NULL, 0);
        if (e < 0)
                return link_complain(&l, "status", NULL, e);
        if (r->json) {
                print_json(&s);
                return EXIT_FINE;
        }
        table_print_head(&screen, stdout, &s.container);
        table_print(&screen, stdout, &s.container, s.units, s.n);
        return EXIT_FINE;
}
