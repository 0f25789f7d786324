#include "top/draw.h"

#include <inttypes.h>
#include <string.h>

#include "base/glyph.h"
#include "client/human.h"
#include "client/layout.h"
#include "client/table.h"

#define CELL_MAX    TABLE_WHY_MAX
#define GAP         1
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
        (void) table_memory(r->unit, text);
}

static void why_cell(const struct live_container *c, const struct row *r, char text[CELL_MAX]) {
        (void) table_why(c, r->unit, text);
}

/* clang-format off */
static const struct {
        const char *head;
        bool is_right;
        int order;    /* by which the rows are when this head is marked; -1 */
        size_t usual; /* it is so wide even where less is in it, so that it does not jump */
        size_t least; /* as those of struct slot */
        unsigned rank;
        void (*write)(const struct live_container *c, const struct row *r, char text[CELL_MAX]);
} columns[] = {
        /* head         right  order           usual least rank */
        { "UNIT",        false, ORDER_NAME,     12,   8,    0, name_cell     },
        { "STATE",       false, ORDER_STATE,    12,   0,    4, state_cell    },
        { "PID",         true,  -1,             5,    0,    1, pid_cell      },
        { "RST",         true,  ORDER_RESTARTS, 4,    0,    2, restarts_cell },
        { "CPU",         true,  ORDER_CPU,      6,    0,    6, cpu_cell      },
        { "MEMORY",      true,  ORDER_MEMORY,   7,    0,    5, memory_cell   },
        { "WHY, STATUS", false, -1,             14,   14,   3, why_cell      },
};
/* clang-format on */

struct layout {
        struct slot slots[countof(columns)];
};

static struct layout lay_out(const struct view *v, const struct live_container *c, const struct row *rows,
                             size_t n) {
        struct layout l = {};
        char text[CELL_MAX];

        for (size_t i = 0; i < countof(columns); i++) {
                size_t wanted = columns[i].usual;
                for (size_t k = 0; k < n; k++) {
                        *text = '\0';
                        columns[i].write(c, &rows[k], text);
                        size_t width = glyph_columns(text);
                        wanted = MAX(wanted, width);
                }
                l.slots[i] = (struct slot){ wanted, columns[i].least, columns[i].rank, 0 };
        }
        layout_fit(l.slots, countof(columns), GAP, v->screen.width);
        return l;
}

/* A cell of that width, cut or filled up. */
static void print_cell(FILE *out, const char *text, size_t width, bool is_right) {
        size_t pad = width - MIN(glyph_columns(text), width);

        (void) fprintf(out, "%*s", (int) (is_right ? pad : 0), "");
        (void) glyph_print(out, text, width);
        (void) fprintf(out, "%*s", (int) (is_right ? 0 : pad), "");
}

static void end_line(FILE *out) {
        (void) fputs("\033[0m\033[K\r\n", out);
}

/* `r` NULL: the heads. */
static void print_line(const struct view *v, FILE *out, const struct live_container *c, const struct row *r,
                       const struct layout *l) {
        const char *between = "";
        char text[CELL_MAX];

        for (size_t i = 0; i < countof(columns); i++) {
                bool is_marked = !r && columns[i].order == (int) v->by;
                if (l->slots[i].width == 0)
                        continue;
                (void) snprintf(text, sizeof(text), "%s%s", r ? "" : columns[i].head, is_marked ? "*" : "");
                if (r)
                        columns[i].write(c, r, text);
                (void) fputs(between, out);
                print_cell(out, text, l->slots[i].width, columns[i].is_right);
                between = " ";
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

size_t draw_room(const struct view *v) {
        return MAX(v->height, FRAME_LINES + 1U) - FRAME_LINES;
}

void draw(struct view *v, FILE *out, const struct live_container *c, const struct row *rows, size_t n) {
        const struct layout l = lay_out(v, c, rows, n);
        size_t room = draw_room(v);

        scroll(v, n, room);
        (void) fputs("\033[H", out);
        print_head(v, out, c);
        screen_colour(&v->screen, out, COLOUR_DIM);
        print_line(v, out, c, NULL, &l);
        for (size_t i = v->first; i < v->first + room; i++) {
                if (i >= n) {
                        end_line(out);
                        continue;
                }
                if (i == v->selected)
                        (void) fputs("\033[7m", out);
                else
                        screen_colour(&v->screen, out, table_colour(rows[i].unit));
                print_line(v, out, c, &rows[i], &l);
        }
        (void) glyph_print(out, v->message && *v->message ? v->message : KEYS, v->screen.width);
        (void) fputs("\033[0m\033[K", out); /* no end of line: that would scroll */
}
