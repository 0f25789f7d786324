#include <string.h>

#include "base/glyph.h"
#include "control/json.h"
#include "plot/span.h"
#include "plot/tell.h"

/* --- JSON. */

static void tell_unit(FILE *out, const struct record *r, size_t place) {
        const struct live_history *u = &r->units[place];

        json_fields(out, &live_history_fields, u, true);
        (void) fputs(",\"runs\":[", out);
        for (size_t i = 0; i < u->n_runs; i++) {
                (void) fputs(i > 0 ? "," : "", out);
                json_fields(out, &live_run_fields, &u->runs[i], false);
        }
        (void) fputs("],\"after\":[", out);
        for (size_t i = r->first[place]; i < r->first[place + 1]; i++) {
                (void) fputs(i > r->first[place] ? "," : "", out);
                json_text(out, r->units[r->after[i]].name);
        }
        (void) fputs("]}", out);
}

void tell_record(FILE *out, const struct record *r) {
        (void) fputs("{\"container\":", out);
        json_fields(out, &live_start_fields, &r->start, false);
        (void) fputs(",\"units\":[", out);
        for (size_t i = 0; i < r->n; i++) {
                (void) fputs(i > 0 ? ",\n" : "\n", out);
                tell_unit(out, r, i);
        }
        (void) fputs("\n]}\n", out);
}

/* One unit of the chain, as JSON has it. */
/* clang-format off */
#define LINK(X)                                                                                              \
        X(TEXT,  name)                                                                                       \
        X(TEXT,  active)                                                                                     \
        X(TIME,  asked)                                                                                      \
        X(TIME,  begun)                                                                                      \
        X(TIME,  settled)                                                                                    \
        X(SPAN,  took)                                                                                       \
        X(COUNT, tries)                                                                                      \
        X(FLAG,  failed)                                                                                     \
        X(TEXT,  why)
/* clang-format on */
struct link_told {
        LINK(LIVE_MEMBER)
};
#define LINK_FIELD(kind, name) { #name, LIVE_##kind, offsetof(struct link_told, name) },

void tell_chain_json(FILE *out, const struct record *r, const struct step *steps, size_t n) {
        static const struct live_field fields[] = { LINK(LINK_FIELD) };
        static const struct live_list list = { fields, countof(fields) };

        (void) fputs("{\"container\":", out);
        json_fields(out, &live_start_fields, &r->start, false);
        (void) fputs(",\"chain\":[", out);
        for (size_t i = 0; i < n; i++) {
                const struct attempt *a = &steps[i].attempt;
                bool is_over = a->begun != 0 && a->settled != 0;
                const struct link_told told = {
                        .name = r->units[steps[i].unit].name,
                        .active = r->units[steps[i].unit].active,
                        .asked = a->asked,
                        .begun = a->begun,
                        .settled = a->settled,
                        .took = is_over ? usec_sub(a->settled, a->begun) : USEC_INFINITY,
                        .tries = a->tries,
                        .failed = a->failed,
                        .why = a->why,
                };
                (void) fputs(i > 0 ? ",\n" : "\n", out);
                json_fields(out, &list, &told, false);
        }
        (void) fputs("\n]}\n", out);
}

/* --- For a terminal. */

#define INDENT_MOST 30U
#define TAIL_MAX    400

/* "@1.204s +312ms, failed: exited with code 3" */
static void write_tail(const struct record *r, const struct attempt *a, char tail[TAIL_MAX]) {
        usec_t now = r->start.now, start = r->start.started;
        char at[SPAN_MAX], took[SPAN_MAX];
        int n = 0;

        if (a->begun == 0 && a->settled == 0)
                n = snprintf(tail, TAIL_MAX, "has waited for %s", span_words(usec_sub(now, a->asked), took));
        else if (a->begun == 0)
                n = snprintf(tail, TAIL_MAX, "@%s", span_words(usec_sub(a->settled, start), at));
        else
                n = snprintf(tail, TAIL_MAX, "@%s +%s", span_words(usec_sub(a->begun, start), at),
                             span_words(usec_sub(a->settled != 0 ? a->settled : now, a->begun), took));
        if (a->begun != 0 && a->settled == 0)
                n += snprintf(tail + n, TAIL_MAX - (size_t) n, ", not up yet");
        if (a->tries > 1)
                n += snprintf(tail + n, TAIL_MAX - (size_t) n, ", %u tries", a->tries);
        if (a->failed || a->settled == 0)
                (void) snprintf(tail + n, TAIL_MAX - (size_t) n, "%s%s%s", a->failed ? ", failed" : "",
                                *a->why ? ": " : "", a->why);
}

static void tell_step(const struct screen *s, FILE *out, const struct record *r, const struct step *step,
                      size_t depth) {
        unsigned indent = depth > 0 ? (unsigned) MIN(2 * depth, (size_t) INDENT_MOST) : 0;
        char tail[TAIL_MAX] = "";
        size_t left = s->width > indent ? s->width - indent : 0;

        write_tail(r, &step->attempt, tail);
        /* A name gives way to its times, but not all of it; what follows these may be cut. */
        size_t times = glyph_columns(tail) + 1, least = MIN(left, (size_t) 24);
        size_t name = MAX(left > times ? left - times : 0, least);
        if (depth > 0)
                (void) fprintf(out, "%*s└─", (int) indent - 2, "");
        left -= glyph_print(out, r->units[step->unit].name, name);
        if (left > 1) {
                (void) fputc(' ', out);
                screen_colour(s, out, step->attempt.failed ? COLOUR_BAD : COLOUR_BUSY);
                (void) glyph_print(out, tail, left - 1);
                screen_colour(s, out, COLOUR_PLAIN);
        }
        (void) fputc('\n', out);
}

void tell_chain(const struct screen *s, FILE *out, const struct record *r, const struct step *steps,
                size_t n) {
        char span[SPAN_MAX], text[200];

        if (r->start.ready != 0)
                (void) snprintf(text, sizeof(text), "ready after %s",
                                span_words(usec_sub(r->start.ready, r->start.started), span));
        else
                (void) snprintf(text, sizeof(text), "not ready after %s",
                                span_words(usec_sub(r->start.now, r->start.started), span));
        screen_wrap(s, out, text, 0, 0);
        screen_wrap(s, out, "@ is when a unit began to start, + how long it took until it was up", 0, 0);
        (void) fputs("\n", out);
        for (size_t i = 0; i < n; i++)
                tell_step(s, out, r, &steps[i], i);
}
