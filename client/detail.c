#include <inttypes.h>
#include <string.h>

#include "base/glyph.h"
#include "client/detail.h"
#include "client/human.h"
#include "client/table.h"

#define LABEL    11 /* columns, with what parts it from what follows */
#define TEXT_MAX 1024

struct page {
        const struct screen *screen;
        FILE *out;
};

static void line(const struct page *p, const char *label, const char *text) {
        (void) fprintf(p->out, "%*s%s", LABEL - 2, label, *label ? ": " : "  ");
        screen_wrap(p->screen, p->out, text, LABEL, LABEL);
}

static void line_if(const struct page *p, const char *label, const char *text) {
        if (*text)
                line(p, label, text);
}

static void print_name(const struct page *p, const struct live_status *u) {
        char text[TEXT_MAX];

        screen_colour(p->screen, p->out, COLOUR_HEAD);
        (void) snprintf(text, sizeof(text), "%s%s%s", u->name,
                        strcmp(u->description, u->name) == 0 ? "" : " - ",
                        strcmp(u->description, u->name) == 0 ? "" : u->description);
        (void) glyph_print(p->out, text, p->screen->width);
        screen_colour(p->screen, p->out, COLOUR_PLAIN);
        (void) fputc('\n', p->out);
}

static void print_state(const struct page *p, const struct live_container *c, const struct live_status *u) {
        char text[TEXT_MAX], span[HUMAN_MAX], at[HUMAN_MAX], pid[32] = "", job[64] = "";
        enum colour colour = table_colour(u);

        (void) fprintf(p->out, "%*s: ", LABEL - 2, "state");
        screen_colour(p->screen, p->out, colour);
        (void) fputs(u->state, p->out);
        screen_colour(p->screen, p->out, COLOUR_PLAIN);
        if (u->main_pid > 0)
                (void) snprintf(pid, sizeof(pid), ", pid %" PRIu32, u->main_pid);
        if (*u->job)
                (void) snprintf(job, sizeof(job), "; to %s", u->job);
        *text = '\0';
        if (u->since > 0)
                (void) snprintf(text, sizeof(text), " for %s, since %s UTC%s%s",
                                human_span(usec_sub(c->now, u->since), span), human_time(u->since, at), pid,
                                job);
        screen_wrap(p->screen, p->out, text, LABEL + (unsigned) glyph_columns(u->state), LABEL);
}

static void print_restarts(const struct page *p, const struct live_container *c,
                           const struct live_status *u) {
        char text[TEXT_MAX], span[HUMAN_MAX];

        if (u->restarts == 0 && u->next_restart == 0)
                return;
        int n = snprintf(text, sizeof(text), "%" PRIu32, u->restarts);
        if (u->next_restart > 0 && n > 0)
                (void) snprintf(text + n, sizeof(text) - (size_t) n, "; the next in %s",
                                human_span(usec_sub(u->next_restart, c->now), span));
        line(p, "restarts", text);
}

static void print_exits(const struct page *p, const struct live_container *c, const struct live_status *u) {
        char text[TEXT_MAX], ago[HUMAN_MAX], span[HUMAN_MAX], up[64], pid[32];

        for (size_t i = 0; i < u->n_exits; i++) {
                const struct live_exit *e = &u->exits[i];
                *pid = *up = '\0';
                if (e->pid > 0)
                        (void) snprintf(pid, sizeof(pid), ", pid %" PRIu32, e->pid);
                if (e->up != USEC_INFINITY)
                        (void) snprintf(up, sizeof(up), ", after %s", human_span(e->up, span));
                (void) snprintf(text, sizeof(text), "%s ago: %s%s%s",
                                human_span(usec_sub(c->now, e->at), ago), e->why, up, pid);
                line(p, i == 0 ? "last runs" : "", text);
        }
}

/* "12M now, 20M at most, MemoryMax= 64M: kept by the kernel" */
struct gauge {
        const char *label, *setting;
        uint64_t now, peak, most;
        const char *tier;
        const char *(*print)(uint64_t value, char buffer[HUMAN_MAX]);
        const char *(*print_limit)(uint64_t value, char buffer[HUMAN_MAX]);
};

static const char *plain(uint64_t value, char buffer[HUMAN_MAX]) {
        (void) snprintf(buffer, HUMAN_MAX, "%" PRIu64, value);
        return buffer;
}

static void print_gauge(const struct page *p, const struct live_container *c, const struct gauge *g) {
        char text[TEXT_MAX] = "", peak[HUMAN_MAX + 16] = "", most[TEXT_MAX / 2] = "", a[HUMAN_MAX],
             b[HUMAN_MAX];
        bool is_kernel = strcmp(g->tier, "kernel") == 0, is_sampled = strcmp(g->tier, "sampled") == 0;

        if (g->now == UINT64_MAX && g->most == UINT64_MAX)
                return;
        if (g->peak != UINT64_MAX)
                (void) snprintf(peak, sizeof(peak), ", %s at most", g->print(g->peak, a));
        if (g->most != UINT64_MAX)
                (void) snprintf(most, sizeof(most), "; %s=%s, %s%s%s", g->setting, g->print_limit(g->most, b),
                                is_kernel    ? "kept by the kernel"
                                : is_sampled ? "kept by samples"
                                             : "not enforced",
                                is_kernel || !*c->tier_why ? "" : ": ", is_kernel ? "" : c->tier_why);
        (void) snprintf(text, sizeof(text), "%s%s%s",
                        g->now == UINT64_MAX ? "not known" : g->print(g->now, a), peak, most);
        line(p, g->label, text);
}

static void print_gauges(const struct page *p, const struct live_container *c, const struct live_status *u) {
        const struct gauge gauges[] = {
                { "memory", "MemoryMax", u->memory, u->memory_peak, u->memory_max, u->memory_tier, human_size,
                  human_size },
                { "tasks", "TasksMax", u->tasks, u->tasks_peak, u->tasks_max, u->tasks_tier, plain, plain },
                { "cpu", "CPUQuota", u->cpu, UINT64_MAX, u->cpu_max, u->cpu_tier, human_span, human_share },
        };

        for (size_t i = 0; i < countof(gauges); i++)
                print_gauge(p, c, &gauges[i]);
}

static void print_processes(const struct page *p, const struct detail *d) {
        char text[TEXT_MAX];

        for (size_t i = 0; i < d->n_processes; i++) {
                const struct detail_process *one = &d->processes[i];
                unsigned indent = 2 * MIN(one->depth, 20U);
                (void) fprintf(p->out, "%*s%s%*s", LABEL - 2, i == 0 ? "runs" : "", i == 0 ? ": " : "  ",
                               (int) indent, "");
                (void) snprintf(text, sizeof(text), "%" PRIu32 " %s", one->pid, one->command);
                unsigned at = LABEL + indent;
                (void) glyph_print(p->out, text, p->screen->width > at ? p->screen->width - at : 1);
                (void) fputc('\n', p->out);
        }
}

void detail_print(const struct screen *s, FILE *out, const struct detail *d) {
        const struct page p = { s, out };
        const struct live_status *u = d->unit;
        char health[TEXT_MAX];

        print_name(&p, u);
        print_state(&p, d->container, u);
        line_if(&p, "why", u->why);
        line_if(&p, "says", u->status);
        (void) snprintf(health, sizeof(health), "%s%s%s", strcmp(u->health, "none") == 0 ? "" : u->health,
                        *u->health_why ? ": " : "", u->health_why);
        line_if(&p, "health", health);
        line_if(&p, "from", u->file);
        line_if(&p, "triggers", d->triggers);
        line_if(&p, "by", d->triggered_by);
        print_restarts(&p, d->container, u);
        print_exits(&p, d->container, u);
        print_gauges(&p, d->container, u);
        print_processes(&p, d);
}
