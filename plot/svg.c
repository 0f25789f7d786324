#include <string.h>

#include "client/human.h"
#include "plot/svg.h"
#include "plot/xml.h"

#define BAR_HEIGHT  12.0
#define BREAK_WIDTH 4.0

/* The colours are Okabe's and Ito's, which everybody can tell apart, made lighter where it is dark. Without
 * variables: not only browsers read this. */
static const char style[] =
        "<style>\n"
        ".tend{color-scheme:light dark;font:12px system-ui,sans-serif;font-variant-numeric:tabular-nums}\n"
        ".tend-text{fill:#1b2733;dominant-baseline:central}\n"
        ".tend-title{font-size:20px;font-weight:600}.tend-dim{fill:#5a6773}.tend-bad{fill:#a84300}\n"
        ".tend-end{text-anchor:end}.tend-mid{text-anchor:middle}.tend-bold{font-weight:700}\n"
        ".tend-paper{fill:#fff}.tend-band{fill:#f5f7f9}.tend-since{fill:#0072b2;fill-opacity:.05}\n"
        ".tend-grid{stroke:#dbe1e7}.tend-edge{stroke:#1b2733;stroke-width:1.5;fill:none}\n"
        ".tend-waiting{fill:#8494a3}.tend-starting{fill:#e69f00}.tend-hatch{stroke:#7d5600;stroke-width:2}\n"
        ".tend-hatched{fill:url(#tend-hatch)}.tend-up{fill:#0072b2}\n"
        ".tend-line{stroke:#8494a3;stroke-width:2;fill:none}\n"
        ".tend-down{stroke-dasharray:2 4}.tend-ink{fill:#1b2733}\n"
        ".tend-sign{stroke:#1b2733;stroke-width:1.5;fill:#fff}\n"
        ".tend-halo{stroke:#fff;stroke-width:6.5}.tend-cross{stroke:#d55e00;stroke-width:3.2}\n"
        "@media (prefers-color-scheme:dark){\n"
        ".tend-text{fill:#e6edf3}.tend-dim{fill:#9aa8b5}.tend-bad{fill:#ff9a5c}\n"
        ".tend-paper{fill:#11171d}.tend-band{fill:#182028}.tend-since{fill:#56b4e9;fill-opacity:.07}\n"
        ".tend-grid{stroke:#2b3742}.tend-edge{stroke:#e6edf3}\n"
        ".tend-waiting{fill:#70808f}.tend-line{stroke:#70808f}.tend-starting{fill:#f0b73a}\n"
        ".tend-up{fill:#56b4e9}.tend-sign{stroke:#e6edf3;fill:#11171d}.tend-ink{fill:#e6edf3}\n"
        ".tend-halo{stroke:#11171d}.tend-cross{stroke:#ff7f2a}\n"
        "}\n"
        "</style>\n";

static const char shapes[] =
        "<defs>\n"
        "<pattern id=\"tend-hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
        "patternTransform=\"rotate(45)\"><rect class=\"tend-starting\" width=\"6\" height=\"6\"/>"
        "<path class=\"tend-hatch\" d=\"M0 0V6\"/></pattern>\n"
        "<g id=\"tend-restart\"><circle class=\"tend-sign\" r=\"6\"/>"
        "<path class=\"tend-sign\" d=\"M2.2 -1.7A2.8 2.8 0 1 0 2.8 .6\"/>"
        "<path class=\"tend-ink\" d=\"M3.9 -3.6V.2L.4 -1.3Z\"/></g>\n"
        "<g id=\"tend-failed\"><path class=\"tend-halo\" d=\"M-4 -4L4 4M4 -4L-4 4\"/>"
        "<path class=\"tend-cross\" d=\"M-4 -4L4 4M4 -4L-4 4\"/></g>\n"
        "<rect id=\"tend-stopped\" class=\"tend-sign\" x=\"-3.5\" y=\"-3.5\" width=\"7\" height=\"7\"/>\n"
        "<path id=\"tend-chain\" class=\"tend-ink\" d=\"M0 -5L5 0L0 5L-5 0Z\"/>\n"
        "</defs>\n";

/* What each part and mark is called, in the legend and in titles. */
static const char *const part_words[PART_COUNT] = {
        [PART_WAITING] = "waiting for others", [PART_STARTING] = "starting", [PART_UP] = "up",
        [PART_DOWN] = "down, to come back",    [PART_UNKNOWN] = "not kept",
};

static const struct {
        const char *shape, *words;
} marks[MARK_COUNT] = {
        [MARK_RESTART] = { "tend-restart", "restarted" },
        [MARK_FAILED] = { "tend-failed", "failed" },
        [MARK_STOPPED] = { "tend-stopped", "finished or stopped" },
};

/* --- Pieces. */

static void text_at(FILE *out, const char *class, double x, double y, const char *text, size_t most) {
        (void) fprintf(out, "<text class=\"tend-text %s\" x=\"%.1f\" y=\"%.1f\">", class, x, y);
        xml_text(out, text, most);
        (void) fputs("</text>\n", out);
}

static void line(FILE *out, const char *class, double x, double y, double to_x, double to_y) {
        (void) fprintf(out, "<path class=\"tend-%s\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", class, x, y, to_x,
                       to_y);
}

static void use(FILE *out, const char *shape, double x, double y) {
        (void) fprintf(out, "<use href=\"#%s\" x=\"%.1f\" y=\"%.1f\"/>\n", shape, x, y);
}

/* The shape of a part; `y` is its middle. What is too short to be seen is drawn as long as can be. */
static void draw_part(FILE *out, enum part part, double x, double y, double width) {
        static const struct {
                const char *class;
                double height; /* 0: a line */
        } looks[PART_COUNT] = {
                [PART_WAITING] = { "tend-waiting", 4 }, [PART_STARTING] = { "tend-hatched", BAR_HEIGHT },
                [PART_UP] = { "tend-up", BAR_HEIGHT },  [PART_DOWN] = { "tend-line tend-down", 0 },
                [PART_UNKNOWN] = { "tend-line", 0 },
        };
        double height = looks[part].height;

        width = width < 1 ? 1 : width;
        if (height > 0)
                (void) fprintf(out,
                               "<rect class=\"%s\" x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.0f\"/>",
                               looks[part].class, x, y - height / 2, width, height);
        else if (part == PART_DOWN)
                (void) fprintf(out, "<path class=\"%s\" d=\"M%.2f %.1fh%.2f\"/>", looks[part].class, x, y,
                               width);
        else { /* a line with a break, as it stands for more than there is */
                double half = width > BREAK_WIDTH ? (width - BREAK_WIDTH) / 2 : 0;
                (void) fprintf(out, "<path class=\"%s\" d=\"M%.2f %.1fh%.2fm-2 4l4 -8m4 0l-4 8m2 -4h%.2f\"/>",
                               looks[part].class, x, y, half, half);
        }
}

/* --- The head. */

static void write_title(FILE *out, const struct layout *l) {
        const struct live_start *s = &l->record->start;
        char span[SPAN_MAX];
        size_t failed = 0, up = 0;

        for (size_t i = 0; i < l->n_rows; i++) {
                const char *active = l->record->units[l->rows[i].unit].active;
                failed += strcmp(active, "failed") == 0;
                up += strcmp(active, "active") == 0 || strcmp(active, "reloading") == 0;
        }
        xml_text(out, *s->hostname ? s->hostname : "a container", 64);
        if (s->ready != 0)
                (void) fprintf(out, ": ready after %s", span_words(usec_sub(s->ready, s->started), span));
        else
                (void) fprintf(out, ": not ready after %s", span_words(usec_sub(s->now, s->started), span));
        (void) fprintf(out, ", %zu of %zu units up", up, l->n_rows);
        if (failed > 0)
                (void) fprintf(out, ", %zu failed", failed);
}

static void write_subtitle(FILE *out, const struct layout *l) {
        const struct live_start *s = &l->record->start;
        char started[HUMAN_MAX], span[SPAN_MAX];

        (void) fputs("tend ", out);
        xml_text(out, s->version, 32);
        (void) fprintf(out, ", started %s UTC, seen %s later", human_time(s->started, started),
                       span_words(usec_sub(s->now, s->started), span));
}

static void write_head(FILE *out, const struct layout *l) {
        (void) fprintf(
                out,
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"tend\" width=\"%.0f\" height=\"%.0f\" "
                "viewBox=\"0 0 %.0f %.0f\" role=\"graphics-document document\" "
                "aria-labelledby=\"tend-title\" aria-describedby=\"tend-desc\">\n"
                "<title id=\"tend-title\">",
                l->width, l->height, l->width, l->height);
        write_title(out, l);
        (void) fputs("</title>\n<desc id=\"tend-desc\">", out);
        write_subtitle(out, l);
        (void) fputs(". A row for each unit, in the order in which they began: how long it waited for "
                     "others, started and was up, and its restarts.</desc>\n",
                     out);
        (void) fputs(style, out);
        (void) fputs(shapes, out);
        (void) fprintf(out, "<rect class=\"tend-paper\" width=\"%.0f\" height=\"%.0f\"/>\n", l->width,
                       l->height);
        (void) fprintf(out, "<text class=\"tend-text tend-title\" x=\"%.0f\" y=\"34\">", LAYOUT_MARGIN);
        write_title(out, l);
        (void) fprintf(out, "</text>\n<text class=\"tend-text tend-dim\" x=\"%.0f\" y=\"60\">",
                       LAYOUT_MARGIN);
        write_subtitle(out, l);
        (void) fputs("</text>\n", out);
}

#define LEGEND_Y     86.0
#define LEGEND_WIDTH 28.0

/* Writes what a sign means, and returns where the next one has its place. */
static double explain(FILE *out, double x, double sign_width, const char *words) {
        text_at(out, "tend-dim", x + sign_width + 8, LEGEND_Y, words, SIZE_MAX);
        return x + sign_width + 8 + (double) strlen(words) * 6.5 + 22;
}

/* Of what there is in the picture. */
static void write_legend(FILE *out, const struct layout *l) {
        double x = LAYOUT_MARGIN;

        (void) fputs("<g class=\"legend\">\n", out);
        for (unsigned i = 0; i < PART_COUNT; i++)
                if (l->has_part[i]) {
                        draw_part(out, (enum part) i, x, LEGEND_Y, LEGEND_WIDTH);
                        x = explain(out, x, LEGEND_WIDTH, part_words[i]);
                }
        for (unsigned i = 0; i < MARK_COUNT; i++)
                if (l->has_mark[i]) {
                        use(out, marks[i].shape, x + 6, LEGEND_Y);
                        x = explain(out, x, 12, marks[i].words);
                }
        if (l->n_joints > 0) {
                use(out, "tend-chain", x + 6, LEGEND_Y);
                (void) explain(out, x, 12, "critical chain: each waited for the one before it");
        }
        (void) fputs("</g>\n", out);
}

/* --- The axis. */

static void write_labels(FILE *out, const struct layout *l, const struct tick *ticks, size_t n, double y) {
        char span[SPAN_MAX];

        for (size_t i = 0; i < n; i++)
                text_at(out, "tend-dim tend-mid", ticks[i].x, y, span_exact(ticks[i].at, span), SIZE_MAX);
        if (l->axis.ready > 0)
                text_at(out, "tend-bold tend-mid", l->axis.middle, y, span_words(l->axis.ready, span),
                        SIZE_MAX);
}

static void write_axis(FILE *out, const struct layout *l) {
        const struct axis *a = &l->axis;
        struct tick ticks[TICKS_MOST];
        size_t n = axis_ticks(a, ticks);

        (void) fputs("<g class=\"axis\">\n", out);
        if (a->ready > 0)
                (void) fprintf(
                        out,
                        "<rect class=\"tend-since\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n",
                        a->middle, l->top, a->right - a->middle, l->bottom - l->top);
        for (size_t i = 0; i < n; i++)
                line(out, "grid", ticks[i].x, l->top - 4, ticks[i].x, l->bottom + 4);
        write_labels(out, l, ticks, n, l->top - 14);
        write_labels(out, l, ticks, n, l->bottom + 16);
        text_at(out, "tend-dim tend-end", l->took, l->top - 14, "took", SIZE_MAX);
        if (a->ready > 0) {
                line(out, "edge", a->middle, l->top - 4, a->middle, l->bottom + 4);
                text_at(out, "tend-dim", a->middle + 6, l->bottom + 36,
                        "ready; since then on a scale of its own", SIZE_MAX);
        }
        (void) fputs("</g>\n", out);
}

/* --- The rows. */

/* Every other one is on a band, so that the eye finds the way. */
static void write_bands(FILE *out, const struct layout *l) {
        for (size_t i = 0; i < l->n_rows; i += 2)
                (void) fprintf(out, "<rect class=\"tend-band\" y=\"%.1f\" width=\"%.0f\" height=\"%.0f\"/>\n",
                               layout_row(l, i) - LAYOUT_ROW_HEIGHT / 2, l->width, LAYOUT_ROW_HEIGHT);
}

static void write_bar(FILE *out, const struct bar *b, double y) {
        char from[SPAN_MAX], span[SPAN_MAX];

        (void) fputs("<g>", out);
        (void) fprintf(out, "<title>%s: %s, from %s on</title>", part_words[b->part],
                       span_words(b->to - b->from, span), span_words(b->from, from));
        draw_part(out, b->part, b->x, y, b->width);
        (void) fputs("</g>\n", out);
}

static void write_mark(FILE *out, const struct mark *m, double y) {
        char at[SPAN_MAX];

        (void) fprintf(out, "<g><title>%s at %s</title>", marks[m->kind].words, span_words(m->at, at));
        use(out, marks[m->kind].shape, m->x, y);
        (void) fputs("</g>\n", out);
}

/* "web.service: The web; up after 1.2s, 312ms of it to start; 2 restarts" */
static void write_row_title(FILE *out, const struct layout *l, const struct row *row) {
        const struct live_history *u = &l->record->units[row->unit];
        const struct attempt *a = &row->start;
        char at[SPAN_MAX], took[SPAN_MAX];

        (void) fputs("<title>", out);
        xml_text(out, u->name, SIZE_MAX);
        if (strcmp(u->name, u->description) != 0) {
                (void) fputs(": ", out);
                xml_text(out, u->description, SIZE_MAX);
        }
        (void) fputs("; ", out);
        xml_text(out, u->state, SIZE_MAX);
        if (a->begun != 0 && a->settled != 0)
                (void) fprintf(out, "; its start was over at %s and took %s",
                               span_words(usec_sub(a->settled, l->record->start.started), at),
                               span_words(usec_sub(a->settled, a->begun), took));
        if (*row->note) {
                (void) fputs("; ", out);
                xml_text(out, row->note, SIZE_MAX);
        }
        (void) fputs("</title>\n", out);
}

static void write_row(FILE *out, const struct layout *l, size_t i) {
        const struct row *row = &l->rows[i];
        const struct live_history *u = &l->record->units[row->unit];
        const struct attempt *a = &row->start;
        double y = layout_row(l, i);
        char span[SPAN_MAX];
        bool failed = strcmp(u->active, "failed") == 0;

        (void) fputs("<g class=\"row\">\n", out);
        write_row_title(out, l, row);
        if (row->on_chain)
                use(out, "tend-chain", LAYOUT_MARGIN + 5, y);
        text_at(out, row->on_chain ? "name tend-bold" : "name", l->names, y, u->name, l->name_columns);
        if (a->begun != 0 && a->settled != 0)
                text_at(out, "tend-dim tend-end", l->took, y,
                        span_words(usec_sub(a->settled, a->begun), span), SIZE_MAX);
        for (size_t k = 0; k < row->n_bars; k++)
                write_bar(out, &l->bars[row->first_bar + k], y);
        for (size_t k = 0; k < row->n_marks; k++)
                write_mark(out, &l->marks[row->first_mark + k], y);
        if (*row->note)
                text_at(out, failed ? "tend-bad" : "tend-dim", l->notes, y, row->note, l->note_columns);
        (void) fputs("</g>\n", out);
}

static void write_joints(FILE *out, const struct layout *l) {
        for (size_t i = 0; i < l->n_joints; i++) {
                const struct joint *j = &l->joints[i];
                line(out, "edge", j->x, layout_row(l, j->from) + BAR_HEIGHT / 2, j->x,
                     layout_row(l, j->to) - (j->to > j->from ? BAR_HEIGHT / 2 : -BAR_HEIGHT / 2));
        }
}

void svg_write(FILE *out, const struct layout *l) {
        write_head(out, l);
        write_legend(out, l);
        write_bands(out, l);
        write_axis(out, l);
        for (size_t i = 0; i < l->n_rows; i++)
                write_row(out, l, i);
        write_joints(out, l);
        if (l->n_left_out > 0) {
                char text[96];
                (void) snprintf(text, sizeof(text),
                                "%zu unit%s not asked to start: in tend plot --json alone", l->n_left_out,
                                l->n_left_out == 1 ? " was" : "s were");
                text_at(out, "tend-dim", LAYOUT_MARGIN, l->bottom + 36, text, SIZE_MAX);
        }
        (void) fputs("</svg>\n", out);
}
