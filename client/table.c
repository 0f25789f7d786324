#include <inttypes.h>
#include <string.h>

#include "base/glyph.h"
#include "base/text.h"
#include "client/human.h"
#include "client/layout.h"
#include "client/table.h"

#define CELL_MAX 640 /* bytes of a text in it */
#define GAP      2

/* --- What is in the columns. */

const char *table_name(const struct live_status *u, char buffer[TABLE_NAME_MAX]) {
        size_t n = strlen(u->name);

        if (text_ends(u->name, ".service"))
                n -= strlen(".service");
        (void) snprintf(buffer, TABLE_NAME_MAX, "%.*s", (int) MIN(n, (size_t) TABLE_NAME_MAX - 1), u->name);
        return buffer;
}

const char *table_why(const struct live_container *c, const struct live_status *u,
                      char buffer[TABLE_WHY_MAX]) {
        char span[HUMAN_MAX];

        if (u->next_restart > c->now)
                (void) snprintf(buffer, TABLE_WHY_MAX, "%s%sagain in %s", u->why, *u->why ? "; " : "",
                                human_span(u->next_restart - c->now, span));
        else if (*u->why)
                (void) snprintf(buffer, TABLE_WHY_MAX, "%s", u->why);
        else if (*u->status)
                (void) snprintf(buffer, TABLE_WHY_MAX, "%s", u->status);
        else
                (void) snprintf(buffer, TABLE_WHY_MAX, "%s",
                                u->up && strcmp(u->health, "healthy") == 0 ? u->health : "");
        return buffer;
}

enum colour table_colour(const struct live_status *u) {
        if (strcmp(u->active, "failed") == 0 || strcmp(u->health, "unhealthy") == 0)
                return COLOUR_BAD;
        if (u->up)
                return COLOUR_GOOD;
        return strcmp(u->active, "inactive") == 0 ? COLOUR_DIM : COLOUR_BUSY;
}

/* Behind a limit: how it is kept, if not by the kernel. */
static const char *mark(const char *tier) {
        return strcmp(tier, "sampled") == 0 ? "~" : strcmp(tier, "none") == 0 ? "!" : "";
}

struct row {
        const struct live_container *container;
        const struct live_status *unit;
};

static void name_cell(const struct row *r, char text[CELL_MAX]) {
        (void) table_name(r->unit, text);
}

static void state_cell(const struct row *r, char text[CELL_MAX]) {
        (void) snprintf(text, CELL_MAX, "%s", r->unit->state);
}

static void since_cell(const struct row *r, char text[CELL_MAX]) {
        if (r->unit->since > 0)
                (void) human_span(usec_sub(r->container->now, r->unit->since), text);
}

static void pid_cell(const struct row *r, char text[CELL_MAX]) {
        if (r->unit->main_pid > 0)
                (void) snprintf(text, CELL_MAX, "%" PRIu32, r->unit->main_pid);
}

static void restarts_cell(const struct row *r, char text[CELL_MAX]) {
        (void) snprintf(text, CELL_MAX, "%" PRIu32, r->unit->restarts);
}

const char *table_memory(const struct live_status *u, char buffer[TABLE_MEMORY_MAX]) {
        char used[HUMAN_MAX] = "-", most[HUMAN_MAX];

        if (u->memory != UINT64_MAX)
                (void) human_size(u->memory, used);
        if (u->memory_max != UINT64_MAX)
                (void) snprintf(buffer, TABLE_MEMORY_MAX, "%s/%s%s", used, human_size(u->memory_max, most),
                                mark(u->memory_tier));
        else
                (void) snprintf(buffer, TABLE_MEMORY_MAX, "%s", u->memory != UINT64_MAX ? used : "");
        return buffer;
}

static void memory_cell(const struct row *r, char text[CELL_MAX]) {
        (void) table_memory(r->unit, text);
}

static void cpu_cell(const struct row *r, char text[CELL_MAX]) {
        const struct live_status *u = r->unit;
        char used[HUMAN_MAX] = "-", most[HUMAN_MAX];

        if (u->cpu != USEC_INFINITY)
                (void) human_span(u->cpu, used);
        if (u->cpu_max != UINT64_MAX)
                (void) snprintf(text, CELL_MAX, "%s/%s%s", used, human_share(u->cpu_max, most),
                                mark(u->cpu_tier));
        else if (u->cpu != USEC_INFINITY)
                (void) snprintf(text, CELL_MAX, "%s", used);
}

static void why_cell(const struct row *r, char text[CELL_MAX]) {
        (void) table_why(r->container, r->unit, text);
}

enum column { NAME, STATE, SINCE, PID, RESTARTS, MEMORY, CPU, WHY, COLUMN_COUNT };

/* clang-format off */
static const struct {
        const char *head;
        bool is_right;
        size_t least; /* as those of struct slot */
        unsigned rank;
        void (*write)(const struct row *r, char text[CELL_MAX]);
} columns[COLUMN_COUNT] = {
        /*             head           right  least  rank */
        [NAME]     = { "UNIT",        false, 12,    0, name_cell     },
        [STATE]    = { "STATE",       false, 0,     0, state_cell    },
        [SINCE]    = { "SINCE",       true,  0,     4, since_cell    },
        [PID]      = { "PID",         true,  0,     3, pid_cell      },
        [RESTARTS] = { "RST",         true,  0,     2, restarts_cell },
        [MEMORY]   = { "MEMORY",      true,  0,     5, memory_cell   },
        [CPU]      = { "CPU",         true,  0,     1, cpu_cell      },
        [WHY]      = { "WHY, STATUS", false, 14,    6, why_cell      },
};
/* clang-format on */

struct layout {
        struct slot slots[COLUMN_COUNT];
};

static struct layout lay_out(const struct live_container *c, const struct live_status *units, size_t n,
                             size_t most) {
        struct layout l = {};
        char text[CELL_MAX];

        for (size_t i = 0; i < COLUMN_COUNT; i++) {
                size_t wanted = 0;
                for (size_t k = 0; k < n; k++) {
                        *text = '\0';
                        columns[i].write(&(struct row){ c, &units[k] }, text);
                        size_t width = glyph_columns(text);
                        wanted = MAX(wanted, width);
                }
                if (wanted > 0 || i == NAME)
                        wanted = MAX(wanted, strlen(columns[i].head));
                l.slots[i] = (struct slot){ wanted, columns[i].least, columns[i].rank, 0 };
        }
        layout_fit(l.slots, COLUMN_COUNT, GAP, most);
        return l;
}

/* --- Lines. */

/* Blanks wait for what comes behind them, so that no line ends with any. */
static void print_cell(const struct screen *s, FILE *out, enum colour colour, const char *text, size_t width,
                       size_t blanks) {
        (void) fprintf(out, "%*s", (int) blanks, "");
        if (colour != COLOUR_PLAIN)
                screen_colour(s, out, colour);
        (void) glyph_print(out, text, width);
        if (colour != COLOUR_PLAIN)
                screen_colour(s, out, COLOUR_PLAIN);
}

static void print_row(const struct screen *s, FILE *out, const struct layout *l, const struct row *r) {
        char text[CELL_MAX];
        size_t blanks = 0;

        for (size_t i = 0; i < COLUMN_COUNT; i++) {
                size_t width = l->slots[i].width;
                (void) snprintf(text, sizeof(text), "%s", r ? "" : columns[i].head);
                if (r)
                        columns[i].write(r, text);
                size_t pad = width - MIN(glyph_columns(text), width);
                if (width == 0)
                        continue;
                blanks += columns[i].is_right ? pad : 0;
                if (*text) {
                        enum colour colour = !r           ? COLOUR_HEAD
                                             : i == STATE ? table_colour(r->unit)
                                                          : COLOUR_PLAIN;
                        print_cell(s, out, colour, text, width, blanks);
                        blanks = 0;
                }
                blanks += (columns[i].is_right ? 0 : pad) + GAP;
        }
        (void) fputc('\n', out);
}

static bool has_tier(const struct live_status *units, size_t n, const char *tier) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(units[i].memory_tier, tier) == 0 || strcmp(units[i].cpu_tier, tier) == 0)
                        return true;
        return false;
}

static void print_marks(const struct screen *s, FILE *out, const struct live_container *c,
                        const struct live_status *units, size_t n) {
        bool sampled = has_tier(units, n, "sampled"), none = has_tier(units, n, "none");
        char text[1024];

        if (!sampled && !none)
                return;
        (void) snprintf(text, sizeof(text), "%s%s%s%s%s%s%s", sampled ? "~ kept by samples" : "",
                        sampled && none ? ", " : "", none ? "! not enforced" : "", *c->tier_why ? ": " : "",
                        c->tier_why, *c->tier_hint ? "; what makes it work: " : "", c->tier_hint);
        screen_wrap(s, out, text, 0, 2);
}

void table_print_head(const struct screen *s, FILE *out, const struct live_container *c) {
        char text[512], span[HUMAN_MAX], memory[HUMAN_MAX], most[HUMAN_MAX], failed[32] = "";

        if (c->failed > 0)
                (void) snprintf(failed, sizeof(failed), ", %" PRIu32 " failed", c->failed);
        int n = snprintf(text, sizeof(text), "tend %s: %s for %s, %" PRIu32 " of %" PRIu32 " units up%s",
                         c->version, c->state, human_span(usec_sub(c->now, c->started), span), c->up,
                         c->units, failed);
        if (c->memory != UINT64_MAX && n > 0 && (size_t) n < sizeof(text))
                (void) snprintf(text + n, sizeof(text) - (size_t) n, ", memory %s/%s",
                                human_size(c->memory, memory), human_size(c->memory_max, most));
        (void) glyph_print(out, text, s->width);
        (void) fputc('\n', out);
}

void table_print(const struct screen *s, FILE *out, const struct live_container *c,
                 const struct live_status *units, size_t n) {
        const struct layout l = lay_out(c, units, n, s->width);

        print_row(s, out, &l, NULL);
        for (size_t i = 0; i < n; i++)
                print_row(s, out, &l, &(struct row){ c, &units[i] });
        print_marks(s, out, c, units, n);
}
