#include "client/preview.h"

#include <string.h>

#include "client/link.h"
#include "control/json.h"

/* What becomes of a unit, in the words of reload.h and in those that are printed. */
static const struct {
        const char *what, *words;
} becomes[] = {
        { "new", "is new: it is loaded, and started if it starts with the container" },
        { "restart", "is restarted" },
        { "live", "is told while it runs" },
        { "change", "is changed; it does not run" },
        { "gone", "is gone from the files: it is stopped" },
};

static const char *words_for(const char *what) {
        for (size_t i = 0; i < countof(becomes); i++)
                if (strcmp(becomes[i].what, what) == 0)
                        return becomes[i].words;
        return what;
}

static void print_words(const char *unit, const char *what, const char *with) {
        (void) printf("%s: %s%s%s\n", unit, words_for(what), *with ? ", as it goes with " : "", with);
}

static void print_json(const char *unit, const char *what, const char *with, bool is_first) {
        (void) fputs(is_first ? "\n{\"unit\":" : ",\n{\"unit\":", stdout);
        json_text(stdout, unit);
        (void) fputs(",\"change\":", stdout);
        json_text(stdout, what);
        (void) fputs(",\"with\":", stdout);
        json_text(stdout, with);
        (void) fputc('}', stdout);
}

int preview_print(const struct request *r) {
        autolink struct link l;
        struct wire_in in, list;
        bool is_first = true;

        int e = link_open(&l, r->socket);
        if (e == 0) {
                (void) link_begin(&l, LIVE_PATH, LIVE_INTERFACE, LIVE_PREVIEW, "");
                e = link_finish(&l, LIVE_PREVIEW_SIGNATURE, &in);
        }
        if (e < 0)
                return link_complain(&l, "reload", NULL, e);
        if (r->json)
                (void) fputs("{\"changes\":[", stdout);
        wire_read_array(&in, 8, &list);
        for (; wire_has_more(&list); is_first = false) {
                wire_read_struct(&list);
                const char *unit = wire_read_string(&list), *what = wire_read_string(&list),
                           *with = wire_read_string(&list);
                if (list.bad)
                        break;
                if (r->json)
                        print_json(unit, what, with, is_first);
                else
                        print_words(unit, what, with);
        }
        if (r->json)
                (void) fputs("]}\n", stdout);
        else if (is_first)
                (void) fputs("nothing would change\n", stdout);
        return EXIT_FINE;
}
