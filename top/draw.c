#include "top/draw.h"

#include <inttypes.h>
#include <string.h>

#include "base/glyph.h"
#include "client/human.h"
#include "client/table.h"

#define CELL_MAX    TABLE_WHY_MAX
#define NAME_LEAST  12
#define FRAME_LINES 3 /* two heads and the last line */
#define KEYS        "q quit  j k select  R restart  K kill  sort: o n s t c m"

static void name_cell(const struct live_container *c maybe_unused, const struct row *r, char text[CELL_MAX]) {
        (void) table_name(r->unit, text);
}

static void state_cell(const struct live_container *c maybe_unused, const struct row *r,
                       char text[CELL_MAX]) {
        (void) snprintf(text, CELL_MAX, "%s", r->unit->state);
}

static void pid_cell(const struct live_container *c maybe_unused, const struct row *r, char text[CELL_MAX]) {
        if (r->unit->main_pid > 0)
                (void) snprintf(text, CELL_MAX, "%" PRIu32, r->unit->main_pid);
}

static void restarts_cell(const struct live_container *c maybe_unused, const struct row *r,
                          char text[CELL_MAX]) {
        (void) snprintf(text, CELL_MAX, "%" PRIu32, r->unit->restarts);
}

static void cpu_cell(const struct live_container *c maybe_unused, const struct row *r, char text[CELL_MAX]) {
        if (r->share != ORDER_UNKNOWN)
                (void) snprintf(text, CELL_MAX, "%" PRIu64 ".%u%%", r->share / 100,
                                (unsigned) (r->share % 100 / 10));
}

static void memory_cell(const struct live_container *c maybe_unused, const struct row *r,
                        char text[CELL_MAX]) {
        char used[HUMAN_MAX] = "-", most[HUMAN_MAX];

        if (r->unit->memory != UINT64_MAX)
                (void) human_size(r->unit->memory, used);
        if (r->unit->memory_max != UINT64_MAX)
                (void) snprintf(text, CELL_MAX, "%s/%s", used, human_size(r->unit->memory_max, most));
        else if (r->unit->memory != UINT64_MAX)
                (void) snprintf(text, CELL_MAX, "%s", used);
}

static void why_cell(const struct live_container *c, const struct row *r, char text[CELL_MAX]) {
        (void) table_why(c, r->unit, text);
}

/* What is fixed is so narrow that 80 columns have room for all, and for a reason. */
static const struct {
        const char *head;
        size_t width; /* 0: what is left */
        bool is_right;
        int order; /* by which the rows are when this head is marked; -1 */
        void (*write)(const struct live_container *c, const struct row *r, char text[CELL_MAX]);
} columns[] = {
        { "UNIT", NAME_LEAST, false, ORDER_NAME, name_cell },
        { "STATE", 12, false, ORDER_STATE, state_cell },
        { "PID", 7, true, -1, pid_cell },
        { "RST", 4, true, ORDER_RESTARTS, restarts_cell },
        { "CPU", 6, true, ORDER_CPU, cpu_cell },
        { "MEMORY", 11, true, ORDER_MEMORY, memory_cell },
        { "WHY, STATUS", 0, false, -1, why_cell },
};

/* The names may have what the reason can spare. */
static size_t width_of_names(const struct view *v, const struct row *rows, size_t n) {
        size_t width = NAME_LEAST, most = MAX(v->screen.width / 4, (unsigned) NAME_LEAST);
        char text[TABLE_NAME_MAX];

        for (size_t i = 0; i < n; i++) {
                size_t own = glyph_columns(table_name(rows[i].unit, text));
                width = MAX(width, own);
        }
        return MIN(width, most);
}

/* A cell of that width, cut or filled up; as much as the line has room for. */
static void print_cell(FILE *out, const char *text, size_t width, bool is_right, size_t *left) {
        size_t own = glyph_columns(text);

        width = MIN(width, *left);
        size_t pad = width - MIN(own, width);
        (void) fprintf(out, "%*s", (int) (is_right ? pad : 0), "");
        (void) glyph_print(out, text, width);
        (void) fprintf(out, "%*s", (int) (is_right ? 0 : pad), "");
        *left -= width;
}

static void end_line(FILE *out) {
        (void) fputs("\033[0m\033[K\r\n", out);
}

/* `r` NULL: the heads. */
static void print_line(const struct view *v, FILE *out, const struct live_container *c, const struct row *r,
                       size_t names) {
        size_t left = v->screen.width;
        char text[CELL_MAX];

        for (size_t i = 0; i < countof(columns) && left > 0; i++) {
                bool is_marked = !r && columns[i].order == (int) v->by;
                (void) snprintf(text, sizeof(text), "%s%s", r ? "" : columns[i].head, is_marked ? "*" : "");
                if (r)
                        columns[i].write(c, r, text);
                size_t width = i == 0 ? names : columns[i].width > 0 ? columns[i].width : left;
                print_cell(out, text, width, columns[i].is_right, &left);
                if (left > 0) {
                        (void) fputc(' ', out);
                        left--;
                }
        }
        end_line(out);
}

static void print_head(const struct view *v, FILE *out, const struct live_container *c) {
        char text[512], span[HUMAN_MAX], memory[HUMAN_MAX], most[HUMAN_MAX];

        int n = snprintf(text, sizeof(text), "tend: %s for %s, %" PRIu32 " of %" PRIu32 " units up", c->state,
                         human_span(usec_sub(c->now, c->started), span), c->up, c->units);
        if (c->failed > 0)
                n += snprintf(text + n, sizeof(text) - (size_t) n, ", %" PRIu32 " failed", c->failed);
        if (c->memory != UINT64_MAX && c->memory_max != UINT64_MAX)
                (void) snprintf(text + n, sizeof(text) - (size_t) n, ", memory %s/%s",
                                human_size(c->memory, memory), human_size(c->memory_max, most));
        screen_colour(&v->screen, out, COLOUR_HEAD);
        (void) glyph_print(out, text, v->screen.width);
        end_line(out);
}

static void scroll(struct view *v, size_t n, size_t room) {
        v->selected = MIN(v->selected, n > 0 ? n - 1 : 0);
        if (v->first > v->selected)
                v->first = v->selected;
        if (v->selected >= v->first + room)
                v->first = v->selected - room + 1;
        if (v->first > 0 && v->first + room > n)
                v->first = n > room ? n - room : 0;
}

void draw(struct view *v, FILE *out, const struct live_container *c, const struct row *rows, size_t n) {
        size_t names = width_of_names(v, rows, n);
        size_t room = MAX(v->height, FRAME_LINES + 1U) - FRAME_LINES;

        scroll(v, n, room);
        (void) fputs("\033[H", out);
        print_head(v, out, c);
        screen_colour(&v->screen, out, COLOUR_DIM);
        print_line(v, out, c, NULL, names);
        for (size_t i = v->first; i < v->first + room; i++) {
                if (i >= n) {
                        end_line(out);
                        continue;
                }
                if (i == v->selected)
                        (void) fputs("\033[7m", out);
                else
                        screen_colour(&v->screen, out, table_colour(rows[i].unit));
                print_line(v, out, c, &rows[i], names);
        }
        (void) glyph_print(out, v->message && *v->message ? v->message : KEYS, v->screen.width);
        (void) fputs("\033[0m\033[K", out); /* no end of line: that would scroll */
}
