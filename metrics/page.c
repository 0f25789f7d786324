#include "metrics/page.h"

#include <inttypes.h>
#include <string.h>

#define PREFIX "tend_"

/* A family of one sample for each unit, or for the container, made from one field of live-status.h. */
struct family {
        const char *name, *type, *unit;
        enum live_kind kind;
        size_t offset;
        const char *help;
};

#define UNIT(kind, field)      LIVE_##kind, offsetof(struct live_status, field)
#define CONTAINER(kind, field) LIVE_##kind, offsetof(struct live_container, field)

/* clang-format off */
static const struct family of_container[] = {
        { "start_time_seconds", "gauge", "seconds", CONTAINER(TIME, started),
          "When tend was started, since 1970." },
        { "units", "gauge", NULL, CONTAINER(COUNT, units), "Units that tend knows." },
        { "units_up", "gauge", NULL, CONTAINER(COUNT, up), "Units that are up." },
        { "units_failed", "gauge", NULL, CONTAINER(COUNT, failed), "Units that have failed for good." },
        { "memory_bytes", "gauge", "bytes", CONTAINER(SIZE, memory), "Memory that the container uses." },
        { "memory_limit_bytes", "gauge", "bytes", CONTAINER(SIZE, memory_max),
          "Memory that the container may use." },
        { "tasks_limit", "gauge", NULL, CONTAINER(SIZE, tasks_max), "Tasks that the container may have." },
        { "cpu_limit_ratio", "gauge", "ratio", CONTAINER(SHARE, cpu_max),
          "Processors that the container may use." },
        { "log_dropped_lines", "counter", NULL, CONTAINER(SIZE, log_dropped),
          "Lines of its log that nobody read in time." },
};

static const struct family of_unit[] = {
        { "unit_up", "gauge", NULL, UNIT(FLAG, up), "1 where the unit is up." },
        { "unit_state_change_time_seconds", "gauge", "seconds", UNIT(TIME, since),
          "When it came to its state, since 1970." },
        { "unit_restarts", "gauge", NULL, UNIT(COUNT, restarts),
          "Automatic restarts since it was last stable." },
        { "unit_start_duration_seconds", "gauge", "seconds", UNIT(SPAN, start_took),
          "From the start of its last run until it was up." },
        { "unit_oom_kills", "counter", NULL, UNIT(COUNT, oom_kills),
          "Its processes that were ended for want of memory." },
        { "unit_memory_bytes", "gauge", "bytes", UNIT(SIZE, memory), "Memory that it uses." },
        { "unit_memory_peak_bytes", "gauge", "bytes", UNIT(SIZE, memory_peak),
          "The most memory that it has used." },
        { "unit_memory_limit_bytes", "gauge", "bytes", UNIT(SIZE, memory_max), "MemoryMax=." },
        { "unit_tasks", "gauge", NULL, UNIT(SIZE, tasks), "Tasks that it has." },
        { "unit_tasks_peak", "gauge", NULL, UNIT(SIZE, tasks_peak), "The most tasks that it has had." },
        { "unit_tasks_limit", "gauge", NULL, UNIT(SIZE, tasks_max), "TasksMax=." },
        { "unit_cpu_seconds", "counter", "seconds", UNIT(SPAN, cpu), "Processor time that it has used." },
        { "unit_cpu_limit_ratio", "gauge", "ratio", UNIT(SHARE, cpu_max), "CPUQuota=, in processors." },
};

static const char *const active_states[] = { "active", "reloading",  "inactive",
                                             "failed", "activating", "deactivating", NULL };
static const char *const health_states[] = { "starting", "healthy", "unhealthy", NULL };

static const struct {
        const char *limit;
        size_t offset;
} tiers[] = {
        { "memory", offsetof(struct live_status, memory_tier) },
        { "tasks",  offsetof(struct live_status, tasks_tier) },
        { "cpu",    offsetof(struct live_status, cpu_tier) },
};

static const char *const resource_words[RESOURCE_COUNT] = {
        [RESOURCE_CPU] = "cpu", [RESOURCE_MEMORY] = "memory", [RESOURCE_IO] = "io",
};
/* clang-format on */

/* --- The grammar. */

static void write_head(FILE *out, const char *name, const char *type, const char *unit, const char *help) {
        (void) fprintf(out, "# TYPE " PREFIX "%s %s\n", name, type);
        if (unit)
                (void) fprintf(out, "# UNIT " PREFIX "%s %s\n", name, unit);
        (void) fprintf(out, "# HELP " PREFIX "%s %s\n", name, help);
}

/* Backslash, quote and line feed are escaped, as the exposition format asks. */
static void write_label(FILE *out, const char *name, const char *value) {
        (void) fprintf(out, "%s=\"", name);
        for (; *value != '\0'; value++)
                if (*value == '\n')
                        (void) fputs("\\n", out);
                else
                        (void) fprintf(out, "%s%c", *value == '"' || *value == '\\' ? "\\" : "", *value);
        (void) fputc('"', out);
}

static void begin_sample(FILE *out, const char *name, const char *suffix, const char *unit) {
        (void) fprintf(out, PREFIX "%s%s{", name, suffix);
        write_label(out, "unit", unit);
}

/* Microseconds as seconds, without what floating point would make of them. */
static void write_seconds(FILE *out, usec_t t) {
        (void) fprintf(out, "%" PRIu64 ".%06" PRIu64, t / USEC_PER_SEC, t % USEC_PER_SEC);
}

/* --- One field. */

struct number {
        uint64_t value;
        bool is_known;
};

static struct number read_number(const void *from, enum live_kind kind, size_t offset) {
        const char *at = (const char *) from + offset;
        struct number n = { .is_known = true };
        uint32_t count;
        bool flag;

        switch (kind) {
        case LIVE_FLAG:
                memcpy(&flag, at, sizeof(flag));
                n.value = flag;
                break;
        case LIVE_COUNT:
                memcpy(&count, at, sizeof(count));
                n.value = count;
                break;
        case LIVE_TIME:
                memcpy(&n.value, at, sizeof(n.value));
                n.is_known = n.value != 0;
                break;
        case LIVE_SIZE:
        case LIVE_SPAN:
        case LIVE_SHARE:
                memcpy(&n.value, at, sizeof(n.value));
                n.is_known = n.value != UINT64_MAX;
                break;
        case LIVE_TEXT:
                n.is_known = false;
                break;
        }
        return n;
}

static void write_number(FILE *out, enum live_kind kind, uint64_t value) {
        if (kind == LIVE_TIME || kind == LIVE_SPAN)
                write_seconds(out, value);
        else if (kind == LIVE_SHARE) /* hundredths of a percent */
                (void) fprintf(out, "%" PRIu64 ".%04" PRIu64, value / 10000, value % 10000);
        else
                (void) fprintf(out, "%" PRIu64, value);
        (void) fputc('\n', out);
}

static const char *suffix_of(const struct family *f) {
        return strcmp(f->type, "counter") == 0 ? "_total" : "";
}

/* --- Families. */

static void write_container(FILE *out, const struct live_container *c) {
        write_head(out, "build", "info", NULL, "The version of tend.");
        (void) fputs(PREFIX "build_info{", out);
        write_label(out, "version", c->version);
        (void) fputs("} 1\n", out);
        for (size_t i = 0; i < countof(of_container); i++) {
                const struct family *f = &of_container[i];
                struct number n = read_number(c, f->kind, f->offset);
                if (!n.is_known)
                        continue;
                write_head(out, f->name, f->type, f->unit, f->help);
                (void) fprintf(out, PREFIX "%s%s ", f->name, suffix_of(f));
                write_number(out, f->kind, n.value);
        }
}

static void write_family(FILE *out, const struct snapshot *s, const struct family *f) {
        bool begun = false;

        for (size_t i = 0; i < s->n; i++) {
                struct number n = read_number(&s->units[i], f->kind, f->offset);
                if (!n.is_known)
                        continue;
                if (!begun)
                        write_head(out, f->name, f->type, f->unit, f->help);
                begun = true;
                begin_sample(out, f->name, suffix_of(f), s->units[i].name);
                (void) fputs("} ", out);
                write_number(out, f->kind, n.value);
        }
}

static bool is_among(const char *const *states, const char *word) {
        while (*states && strcmp(*states, word) != 0)
                states++;
        return *states;
}

/* A sample for each state (NULL at the end), 1 for the one that it is in; none of a unit that is in another.
 */
static void write_states(FILE *out, const struct snapshot *s, const char *name, const char *help,
                         size_t offset, const char *const *states) {
        char label[64];

        write_head(out, name, "stateset", NULL, help);
        (void) snprintf(label, sizeof(label), PREFIX "%s", name);
        for (size_t i = 0; i < s->n; i++) {
                const char *now;
                memcpy(&now, (const char *) &s->units[i] + offset, sizeof(now));
                for (size_t k = 0; states[k] && is_among(states, now); k++) {
                        begin_sample(out, name, "", s->units[i].name);
                        (void) fputc(',', out);
                        write_label(out, label, states[k]);
                        (void) fprintf(out, "} %d\n", strcmp(now, states[k]) == 0);
                }
        }
}

/* Who keeps each limit that there is. */
static void write_tiers(FILE *out, const struct snapshot *s) {
        write_head(out, "unit_limit_kept", "gauge", NULL,
                   "1 for each limit of a unit, by who keeps it: kernel, sampled or none.");
        for (size_t i = 0; i < s->n; i++)
                for (size_t k = 0; k < countof(tiers); k++) {
                        const char *tier;
                        memcpy(&tier, (const char *) &s->units[i] + tiers[k].offset, sizeof(tier));
                        if (*tier == '\0')
                                continue;
                        begin_sample(out, "unit_limit_kept", "", s->units[i].name);
                        (void) fprintf(out, ",limit=\"%s\",by=\"%s\"} 1\n", tiers[k].limit, tier);
                }
}

/* How its runs have ended, since tend was started. */
static void write_ends(FILE *out, const struct snapshot *s) {
        write_head(out, "unit_runs_ended", "counter", NULL, "Runs that are over, by what came of them.");
        for (size_t i = 0; i < s->n; i++)
                for (size_t k = 0; k < s->units[i].n_ends; k++) {
                        begin_sample(out, "unit_runs_ended", "_total", s->units[i].name);
                        (void) fputc(',', out);
                        write_label(out, "result", s->units[i].ends[k].result);
                        (void) fprintf(out, "} %" PRIu32 "\n", s->units[i].ends[k].times);
                }
        write_head(out, "unit_exit_code", "gauge", NULL,
                   "How its last run ended: the exit code, or 128 and the number of the signal.");
        for (size_t i = 0; i < s->n; i++)
                if (s->units[i].n_exits > 0) {
                        begin_sample(out, "unit_exit_code", "", s->units[i].name);
                        (void) fprintf(out, "} %" PRIu32 "\n", s->units[i].exits[0].code);
                }
}

static void write_waiting(FILE *out, const char *unit, const char *resource, const char *who, usec_t t) {
        begin_sample(out, "unit_pressure_seconds", "_total", unit);
        (void) fprintf(out, ",resource=\"%s\",waiting=\"%s\"} ", resource, who);
        write_number(out, LIVE_SPAN, t);
}

static void write_pressures(FILE *out, const struct snapshot *s, page_pressures read, const void *context) {
        write_head(out, "unit_pressure_seconds", "counter", "seconds",
                   "Time that some or all of its processes had to wait for a resource.");
        for (size_t i = 0; i < s->n; i++) {
                struct pressure p[RESOURCE_COUNT] = {};
                read(context, &s->units[i], p);
                for (size_t k = 0; k < RESOURCE_COUNT; k++)
                        if (p[k].is_known) {
                                write_waiting(out, s->units[i].name, resource_words[k], "some", p[k].some);
                                write_waiting(out, s->units[i].name, resource_words[k], "full", p[k].full);
                        }
        }
}

void page_write(FILE *out, const struct snapshot *s, page_pressures read, const void *context) {
        write_container(out, &s->container);
        write_states(out, s, "unit_active_state", "The ActiveState of systemd.",
                     offsetof(struct live_status, active), active_states);
        write_states(out, s, "unit_health", "What HealthCheck= has found.",
                     offsetof(struct live_status, health), health_states);
        for (size_t i = 0; i < countof(of_unit); i++)
                write_family(out, s, &of_unit[i]);
        write_tiers(out, s);
        write_ends(out, s);
        if (read)
                write_pressures(out, s, read, context);
        (void) fputs("# EOF\n", out);
}
