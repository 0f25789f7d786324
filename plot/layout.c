#include <errno.h>
#include <string.h>

#include "base/glyph.h"
#include "plot/layout.h"

#define COLUMN_WIDTH  7.2 /* of a character of 12 px, with some room */
#define CHAIN_WIDTH   18.0
#define TOOK_WIDTH    76.0
#define AXIS_WIDTH    860.0
#define GAP           16.0
#define HEAD_HEIGHT   136.0
#define FOOT_HEIGHT   64.0
#define NAME_COLUMNS  44U
#define NOTE_COLUMNS  60U
#define NOTE_COLUMN   6.6
#define BARS_FOR_RUN  4 /* at most: down, waiting, starting, up */
#define MARKS_FOR_RUN 2

/* Runs may have been noted a moment before tend's own start was. */
static usec_t since_start(const struct layout *l, usec_t at) {
        return usec_sub(at, l->record->start.started);
}

static void add_bar(struct layout *l, struct row *row, enum part part, usec_t from, usec_t to) {
        if (to <= from)
                return;
        struct bar b = { .part = part, .from = since_start(l, from), .to = since_start(l, to) };
        b.x = axis_place(&l->axis, b.from);
        b.width = axis_place(&l->axis, b.to) - b.x;
        l->bars[l->n_bars++] = b;
        row->n_bars++;
        l->has_part[part] = true;
}

static void add_mark(struct layout *l, struct row *row, enum mark_kind kind, usec_t at) {
        l->marks[l->n_marks++] =
                (struct mark){ kind, since_start(l, at), axis_place(&l->axis, since_start(l, at)) };
        row->n_marks++;
        l->has_mark[kind] = true;
}

/* The first that there is; `now` where there is none. */
static usec_t first_of(usec_t a, usec_t b, usec_t now) {
        return a != 0 ? a : b != 0 ? b : now;
}

/* What was between the run before it and this one. */
static void add_pause(struct layout *l, struct row *row, const struct live_history *u, size_t i) {
        usec_t from = i > 0 ? u->runs[i - 1].ended : 0;
        usec_t to = first_of(u->runs[i].asked, u->runs[i].begun, l->record->start.now);

        if (i > 0)
                add_bar(l, row, i == 1 && u->lost > 0 ? PART_UNKNOWN : PART_DOWN, from, to);
}

static void add_run(struct layout *l, struct row *row, const struct live_history *u, size_t i) {
        const struct live_run *run = &u->runs[i];
        usec_t now = l->record->start.now;

        add_pause(l, row, u, i);
        if (run->asked != 0)
                add_bar(l, row, PART_WAITING, run->asked, first_of(run->begun, run->ended, now));
        if (run->begun != 0)
                add_bar(l, row, PART_STARTING, run->begun, first_of(run->ready, run->ended, now));
        if (run->ready != 0)
                add_bar(l, row, PART_UP, run->ready, first_of(run->ended, 0, now));
        if (i > 0 && run->begun != 0)
                add_mark(l, row, MARK_RESTART, run->begun);
        if (run->ended != 0 && !attempt_is_repeated(u, i))
                add_mark(l, row, run->failed ? MARK_FAILED : MARK_STOPPED, run->ended);
}

static void add_note(struct row *row, const char *text) {
        size_t n = strlen(row->note);

        if (*text != '\0')
                (void) snprintf(row->note + n, sizeof(row->note) - n, "%s%s", n > 0 ? "; " : "", text);
}

/* The reason comes last: it may be long, and is cut then. */
static void write_note(struct row *row, const struct live_history *u) {
        bool is_at_rest = strcmp(u->active, "inactive") == 0 && row->start.begun != 0;
        unsigned restarts = u->lost;
        char text[64];

        for (size_t i = 1; i < u->n_runs; i++)
                restarts += u->runs[i].begun != 0;
        (void) snprintf(text, sizeof(text), "%u restart%s", restarts, restarts == 1 ? "" : "s");
        add_note(row, restarts > 0 ? text : "");
        (void) snprintf(text, sizeof(text), "%u earlier restart%s not kept", u->lost,
                        u->lost == 1 ? "" : "s");
        add_note(row, u->lost > 0 ? text : "");
        if (strcmp(u->active, "active") != 0 && !is_at_rest)
                add_note(row, u->why);
}

static void fill_row(struct layout *l, struct row *row) {
        const struct live_history *u = &l->record->units[row->unit];

        row->first_bar = l->n_bars;
        row->first_mark = l->n_marks;
        for (size_t i = 0; i < u->n_runs; i++)
                add_run(l, row, u, i);
        const struct live_run *last = &u->runs[u->n_runs - 1];
        if (last->ended != 0 && attempt_is_repeated(u, u->n_runs - 1))
                add_bar(l, row, PART_DOWN, last->ended, l->record->start.now);
}

/* --- The rows, and their order. */

static int by_begin(const void *a, const void *b) {
        const struct row *first = a, *second = b;
        usec_t begun = first->start.begun != 0 ? first->start.begun : USEC_INFINITY;
        usec_t other = second->start.begun != 0 ? second->start.begun : USEC_INFINITY;

        if (begun != other)
                return begun < other ? -1 : 1;
        if (first->start.asked != second->start.asked)
                return first->start.asked < second->start.asked ? -1 : 1;
        return first->unit < second->unit ? -1 : 1;
}

static int make_rows(struct layout *l) {
        const struct record *r = l->record;
        size_t runs = 0;

        l->rows = calloc(r->n + 1, sizeof(*l->rows));
        for (size_t i = 0; l->rows && i < r->n; i++) {
                size_t at = 0;
                struct row row = { .unit = i };
                if (attempt_next(&r->units[i], &at, &row.start))
                        l->rows[l->n_rows++] = row;
                runs += r->units[i].n_runs;
        }
        l->n_left_out = r->n - l->n_rows;
        l->bars = reallocarray(NULL, BARS_FOR_RUN * runs + l->n_rows + 1, sizeof(*l->bars));
        l->marks = reallocarray(NULL, MARKS_FOR_RUN * runs + 1, sizeof(*l->marks));
        l->joints = reallocarray(NULL, l->n_rows + 1, sizeof(*l->joints));
        if (!l->rows || !l->bars || !l->marks || !l->joints)
                return -ENOMEM;
        if (l->n_rows > 0)
                qsort(l->rows, l->n_rows, sizeof(*l->rows), by_begin);
        return 0;
}

static size_t find_row(const struct layout *l, size_t unit) {
        size_t i = 0;

        while (i < l->n_rows && l->rows[i].unit != unit)
                i++;
        return i;
}

/* Who waited for whom at the end: the one thing about a start that bars alone do not tell. */
static int mark_chain(struct layout *l) {
        const struct record *r = l->record;
        size_t end = chain_end(r);
        autofree struct step *steps = reallocarray(NULL, r->n + 1, sizeof(*steps));

        if (!steps)
                return -ENOMEM;
        size_t n = end == SIZE_MAX ? 0 : chain_find(r, end, steps);
        for (size_t i = 0; i < n; i++) {
                size_t row = find_row(l, steps[i].unit);
                l->rows[row].on_chain = n > 1;
                usec_t at = steps[i].attempt.settled;
                if (i > 0 && at != 0)
                        l->joints[l->n_joints++] = (struct joint){ axis_place(&l->axis, since_start(l, at)),
                                                                   row, find_row(l, steps[i - 1].unit) };
        }
        return 0;
}

/* --- The columns. */

static void place_columns(struct layout *l) {
        size_t names = 8, notes = 0;
        const struct live_start *s = &l->record->start;

        for (size_t i = 0; i < l->n_rows; i++) {
                const struct live_history *u = &l->record->units[l->rows[i].unit];
                write_note(&l->rows[i], u);
                names = MAX(names, glyph_columns(u->name));
                notes = MAX(notes, glyph_columns(l->rows[i].note));
        }
        l->name_columns = (unsigned) MIN(names, (size_t) NAME_COLUMNS);
        l->note_columns = (unsigned) MIN(notes, (size_t) NOTE_COLUMNS);
        l->names = LAYOUT_MARGIN + CHAIN_WIDTH;
        l->took = l->names + l->name_columns * COLUMN_WIDTH + TOOK_WIDTH;
        usec_t ready = s->ready != 0 ? MAX(since_start(l, s->ready), (usec_t) 1) : 0;
        l->axis = axis_make(l->took + GAP, AXIS_WIDTH, ready, since_start(l, s->now));
        l->notes = l->axis.right + GAP;
        l->width = l->notes + (l->note_columns > 0 ? l->note_columns * NOTE_COLUMN + GAP : 0) + LAYOUT_MARGIN;
        l->top = HEAD_HEIGHT;
        l->bottom = l->top + (double) l->n_rows * LAYOUT_ROW_HEIGHT;
        l->height = l->bottom + FOOT_HEIGHT;
}

double layout_row(const struct layout *l, size_t row) {
        return l->top + ((double) row + 0.5) * LAYOUT_ROW_HEIGHT;
}

int layout_make(struct layout *l, const struct record *r) {
        *l = (struct layout){ .record = r };
        int e = make_rows(l);
        if (e < 0)
                return e;
        place_columns(l);
        for (size_t i = 0; i < l->n_rows; i++)
                fill_row(l, &l->rows[i]);
        return mark_chain(l);
}

void layout_done(struct layout *l) {
        free(l->rows);
        free(l->bars);
        free(l->marks);
        free(l->joints);
        *l = (struct layout){};
}
