/* `tend health`: for HEALTHCHECK and exec probes, asked every few seconds, so it does as little as it can. */
#include <errno.h>

#include "base/text.h"
#include "client/link.h"
#include "config/unit.h"
#include "control/json.h"
#include "control/live-status.h"
#include "control/verb.h"

static int ask(struct link *l, const struct request *r, bool *ret, const char **ret_words) {
        struct wire_in in;
        int error = link_open(l, r->socket);

        if (error < 0)
                return error;
        struct wire_out *out = link_begin(l, LIVE_PATH, LIVE_INTERFACE, "GetHealth", "bas");
        wire_u32(out, r->all);
        struct wire_mark mark = wire_array(out, 4);
        for (size_t i = 0; i < r->n_words; i++) {
                autofree char *name = unit_full_name(r->words[i]);
                if (!name)
                        return -ENOMEM;
                wire_string(out, name);
        }
        wire_array_end(out, mark);
        error = link_finish(l, "bs", &in);
        if (error < 0)
                return error;
        *ret = wire_read_bool(&in);
        *ret_words = wire_read_string(&in);
        return in.bad ? -EBADMSG : 0;
}

/* 0 or 1 and nothing else: Docker keeps all other codes for itself. What has come is told on standard output,
 * as that is what is kept of a probe. */
int health_main(const struct request *r) {
        autolink struct link l = LINK_CLOSED;
        const char *words = NULL;
        bool is_well = false;

        if (r->all && r->n_words > 0)
                return verb_complain("health", "it is either --all or some units", "--all", NULL);
        int error = ask(&l, r, &is_well, &words);
        if (error < 0)
                words = l.words;
        if (r->json) {
                (void) printf("{\"healthy\":%s,\"words\":", is_well ? "true" : "false");
                json_text(stdout, words);
                (void) puts("}");
        } else
                (void) printf("%s: %s\n", is_well ? "healthy" : "unhealthy", words);
        return is_well ? EXIT_FINE : EXIT_FAILED;
}
