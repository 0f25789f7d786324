#include "supervisor/budget.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define PERIOD_USUAL (100 * USEC_PER_MSEC)
#define PERIOD_LEAST USEC_PER_MSEC /* what cpu.max takes */
#define PERIOD_MOST  USEC_PER_SEC

#define STARTUP "Startup" /* begins the key of what counts until all services are up */

#define STEP      1.25 /* of niceness */
#define HALF_STEP 1.118

uint64_t budget_exact(struct amount a, uint64_t whole) {
        if (a.kind == AMOUNT_EXACT)
                return a.value;
        if (a.kind == AMOUNT_SHARE)
                return whole / AMOUNT_WHOLE * a.value + whole % AMOUNT_WHOLE * a.value / AMOUNT_WHOLE;
        return UINT64_MAX;
}

static bool put_amount(struct amount a, uint64_t whole, char *text) {
        if (a.kind == AMOUNT_INFINITY)
                (void) snprintf(text, KNOB_TEXT_MAX, "max");
        else
                (void) snprintf(text, KNOB_TEXT_MAX, "%" PRIu64, budget_exact(a, whole));
        return a.kind != AMOUNT_UNSET;
}

static struct amount choose(struct amount startup, struct amount usual, bool is_startup) {
        return is_startup && startup.kind != AMOUNT_UNSET ? startup : usual;
}

#define AMOUNT_KNOB(name, startup_field, usual_field, whole_field)                                           \
        static bool put_##name(const struct budget *b, const struct budget_whole *w, bool startup,           \
                               char text[KNOB_TEXT_MAX]) {                                                   \
                return put_amount(choose(b->startup_field, b->usual_field, startup), w->whole_field, text);  \
        }
AMOUNT_KNOB(min, memory_min, memory_min, memory)
AMOUNT_KNOB(low, startup_low, memory_low, memory)
AMOUNT_KNOB(high, startup_high, memory_high, memory)
AMOUNT_KNOB(max, startup_max, memory_max, memory)
AMOUNT_KNOB(swap, startup_swap_max, swap_max, memory)
AMOUNT_KNOB(zswap, startup_zswap_max, zswap_max, memory)
AMOUNT_KNOB(tasks, tasks_max, tasks_max, tasks)

#define NO_WHOLE const struct budget_whole *w maybe_unused

static bool put_group(const struct budget *b, NO_WHOLE, bool startup maybe_unused, char *text) {
        (void) snprintf(text, KNOB_TEXT_MAX, "1");
        return budget_oom_policy(b) == OOM_KILL;
}

static unsigned cpu_weight(const struct budget *b, bool startup) {
        return startup && b->startup_cpu_weight > 0 ? b->startup_cpu_weight : b->cpu_weight;
}

static bool put_idle(const struct budget *b, NO_WHOLE, bool startup, char *text) {
        (void) snprintf(text, KNOB_TEXT_MAX, "1");
        return cpu_weight(b, startup) == WEIGHT_IDLE;
}

static bool put_cpu_weight(const struct budget *b, NO_WHOLE, bool startup, char *text) {
        unsigned weight = cpu_weight(b, startup);

        (void) snprintf(text, KNOB_TEXT_MAX, "%u", weight);
        return weight > 0 && weight != WEIGHT_IDLE;
}

static bool put_quota(const struct budget *b, NO_WHOLE, bool startup maybe_unused, char *text) {
        usec_t period = b->cpu_period > 0 ? b->cpu_period : PERIOD_USUAL;

        period = MIN(MAX(period, PERIOD_LEAST), PERIOD_MOST);
        usec_t quota = MAX(period * b->cpu_quota / AMOUNT_WHOLE, USEC_PER_MSEC);
        (void) snprintf(text, KNOB_TEXT_MAX, "%" PRIu64 " %" PRIu64, quota, period);
        return b->cpu_quota > 0;
}

static bool put_set(const cpu_set_t *set, char *text) {
        size_t n = 0;

        if (!set)
                return false;
        text[0] = '\0';
        for (unsigned i = 0; i < CPU_SETSIZE && n + 16 < KNOB_TEXT_MAX; i++) {
                unsigned last = i;

                if (!CPU_ISSET(i, set))
                        continue;
                while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, set))
                        last++;
                n += (size_t) snprintf(text + n, KNOB_TEXT_MAX - n, last > i ? "%s%u-%u" : "%s%u",
                                       n > 0 ? "," : "", i, last);
                i = last;
        }
        return true;
}

static bool put_cpus(const struct budget *b, NO_WHOLE, bool startup, char *text) {
        return put_set(startup && b->startup_cpus ? b->startup_cpus : b->cpus, text);
}

static bool put_nodes(const struct budget *b, NO_WHOLE, bool startup, char *text) {
        return put_set(startup && b->startup_nodes ? b->startup_nodes : b->nodes, text);
}

static bool put_io_weight(const struct budget *b, NO_WHOLE, bool startup, char *text) {
        unsigned weight = startup && b->startup_io_weight > 0 ? b->startup_io_weight : b->io_weight;

        (void) snprintf(text, KNOB_TEXT_MAX, "%u", weight);
        return weight > 0;
}

static bool always(const struct budget *b maybe_unused) {
        return true;
}

static bool by_signals(const struct budget *b) {
        return b->quota_fallback == QUOTA_FALLBACK_SIGNALS;
}

/* clang-format off */
const struct knob budget_knobs[] = {
        { CONTROLLER_MEMORY, "memory.min",       "MemoryMin",          "0",   put_min, NULL },
        { CONTROLLER_MEMORY, "memory.low",       "MemoryLow",          "0",   put_low, NULL },
        { CONTROLLER_MEMORY, "memory.high",      "MemoryHigh",         "max", put_high, NULL },
        { CONTROLLER_MEMORY, "memory.max",       "MemoryMax",          "max", put_max, always },
        { CONTROLLER_MEMORY, "memory.swap.max",  "MemorySwapMax",      "max", put_swap, NULL },
        { CONTROLLER_MEMORY, "memory.zswap.max", "MemoryZSwapMax",     "max", put_zswap, NULL },
        { CONTROLLER_MEMORY, "memory.oom.group", "OOMPolicy",          "0",   put_group, NULL },
        { CONTROLLER_PIDS,   "pids.max",         "TasksMax",           "max", put_tasks, always },
        { CONTROLLER_CPU,    "cpu.idle",         "CPUWeight",          "0",   put_idle, always },
        { CONTROLLER_CPU,    "cpu.weight",       "CPUWeight",          "100", put_cpu_weight, always },
        { CONTROLLER_CPU,    "cpu.max",          "CPUQuota",           "max", put_quota, by_signals },
        { CONTROLLER_CPUSET, "cpuset.cpus",      "AllowedCPUs",        "\n",  put_cpus, always },
        { CONTROLLER_CPUSET, "cpuset.mems",      "AllowedMemoryNodes", "\n",  put_nodes, NULL },
        { CONTROLLER_IO,     "io.weight",        "IOWeight",           "100", put_io_weight, NULL },
};

static const struct device_knob {
        const char *file, *format;
} device_knobs[DEVICE_LIMIT_COUNT] = {
        [DEVICE_WEIGHT] =           { "io.weight",  "" },
        [DEVICE_LATENCY] =          { "io.latency", "target=" },
        [DEVICE_READ_BYTES] =       { "io.max",     "rbps=" },
        [DEVICE_WRITE_BYTES] =      { "io.max",     "wbps=" },
        [DEVICE_READ_OPERATIONS] =  { "io.max",     "riops=" },
        [DEVICE_WRITE_OPERATIONS] = { "io.max",     "wiops=" },
};
/* clang-format on */

const size_t n_budget_knobs = countof(budget_knobs);

#define DEVICE_WORD(name, word) [DEVICE_##name] = (word),
static const char *const device_words[] = { DEVICE_LIMITS(DEVICE_WORD) };

const char *budget_device_file(enum device_limit_kind kind) {
        return device_knobs[kind].file;
}

const char *budget_device_setting(enum device_limit_kind kind) {
        return device_words[kind];
}

void budget_device_text(enum device_limit_kind kind, uint64_t value, unsigned major, unsigned minor,
                        char text[KNOB_TEXT_MAX]) {
        int n = snprintf(text, KNOB_TEXT_MAX, "%u:%u %s", major, minor, device_knobs[kind].format);

        if (value == UINT64_MAX)
                (void) snprintf(text + n, KNOB_TEXT_MAX - (size_t) n, "max");
        else
                (void) snprintf(text + n, KNOB_TEXT_MAX - (size_t) n, "%" PRIu64, value);
}

/* What a percentage is of does not matter to whether there is one. */
static bool is_set(const struct knob *k, const struct budget *b) {
        static const struct budget_whole whole;
        char text[KNOB_TEXT_MAX];

        return k->text(b, &whole, false, text) || k->text(b, &whole, true, text);
}

uint32_t budget_controllers(const struct budget *b) {
        uint32_t needed = 0;

        if (!b)
                return 0;
        for (size_t i = 0; i < countof(budget_knobs); i++)
                if (is_set(&budget_knobs[i], b))
                        needed |= 1U << budget_knobs[i].controller;
        if (b->devices || b->io_accounting)
                needed |= 1U << CONTROLLER_IO;
        if (b->memory_accounting || b->pressure_watch == PRESSURE_ON)
                needed |= 1U << CONTROLLER_MEMORY;
        if (b->tasks_accounting)
                needed |= 1U << CONTROLLER_PIDS;
        return needed | b->delegated;
}

bool budget_has_startup(const struct budget *b) {
        return b && (b->startup_low.kind || b->startup_high.kind || b->startup_max.kind ||
                     b->startup_swap_max.kind || b->startup_zswap_max.kind || b->startup_cpu_weight ||
                     b->startup_io_weight || b->startup_cpus || b->startup_nodes);
}

static bool asks(const struct knob *k, const struct budget *b, bool startup) {
        static const struct budget_whole whole;
        char text[KNOB_TEXT_MAX];

        return k->text(b, &whole, startup, text) && strcmp(text, k->usual) != 0;
}

/* What it holds anyhow needs nobody to keep it. */
static bool is_named(const struct knob *k, const struct budget *b) {
        return k->text != put_group && (asks(k, b, false) || asks(k, b, true));
}

bool budget_is_limit(const struct budget *b) {
        if (!b)
                return false;
        for (size_t i = 0; i < countof(budget_knobs); i++)
                if (is_named(&budget_knobs[i], b))
                        return true;
        return b->devices;
}

static size_t put_word(char *buffer, size_t size, size_t n, const char *word) {
        if (n + strlen(word) + 4 > size)
                return n;
        return n + (size_t) snprintf(buffer + n, size - n, "%s%s=", n > 0 ? ", " : "", word);
}

static bool is_of_part(const struct knob *k, const struct budget *b, enum budget_part part) {
        bool without = k->without && k->without(b);

        return part == BUDGET_ALL || (part == BUDGET_SAMPLED) == without;
}

const char *budget_words(const struct budget *b, uint32_t controllers, enum budget_part part, char *buffer,
                         size_t size) {
        const char *last = NULL;
        uint32_t kinds = 0;
        size_t n = 0;

        buffer[0] = '\0';
        for (size_t i = 0; i < countof(budget_knobs); i++) {
                const struct knob *k = &budget_knobs[i];

                if (!(controllers & 1U << k->controller) || !is_named(k, b) || !is_of_part(k, b, part) ||
                    (last && strcmp(last, k->setting) == 0))
                        continue;
                last = k->setting;
                n = put_word(buffer, size, n, last);
        }
        for (const struct device_limit *d = b->devices; d && part != BUDGET_SAMPLED; d = d->next)
                kinds |= 1U << d->kind;
        for (enum device_limit_kind kind = 0; kind < DEVICE_LIMIT_COUNT; kind++)
                if (kinds & 1U << kind && controllers & 1U << CONTROLLER_IO)
                        n = put_word(buffer, size, n, device_words[kind]);
        return buffer;
}

static bool has_device_kind(const struct budget *b, const char *setting) {
        for (const struct device_limit *d = b->devices; d; d = d->next)
                if (strcmp(device_words[d->kind], setting) == 0)
                        return true;
        return false;
}

enum tier budget_tier(const struct budget *b, const char *setting, uint32_t unkept, bool samples) {
        bool is_startup = strncmp(setting, STARTUP, strlen(STARTUP)) == 0;
        const char *usual = is_startup ? setting + strlen(STARTUP) : setting;

        for (size_t i = 0; b && i < countof(budget_knobs); i++) {
                const struct knob *k = &budget_knobs[i];

                if (strcmp(k->setting, usual) != 0 || !is_named(k, b))
                        continue;
                if (!(unkept & 1U << k->controller))
                        return TIER_KERNEL;
                return samples && k->without && k->without(b) ? TIER_SAMPLED : TIER_NONE;
        }
        if (!b || !has_device_kind(b, setting))
                return TIER_UNASKED;
        return unkept & 1U << CONTROLLER_IO ? TIER_NONE : TIER_KERNEL;
}

struct sample_limits budget_sampled(const struct budget *b, const struct budget_whole *w,
                                    uint32_t controllers) {
        struct sample_limits l = { SAMPLE_NO_LIMIT, SAMPLE_NO_LIMIT, SAMPLE_NO_LIMIT };

        if (b && controllers & 1U << CONTROLLER_MEMORY)
                l.memory = budget_exact(b->memory_max, w->memory);
        if (b && controllers & 1U << CONTROLLER_PIDS)
                l.tasks = budget_exact(b->tasks_max, w->tasks);
        if (b && controllers & 1U << CONTROLLER_CPU && b->cpu_quota > 0 && by_signals(b))
                l.quota = b->cpu_quota;
        return l;
}

int budget_nice(unsigned weight) {
        double ratio = weight == WEIGHT_IDLE ? 0 : (double) weight / 100, at = 1;
        int nice = 0;

        while (nice < 19 && ratio < at / HALF_STEP) {
                at /= STEP;
                nice++;
        }
        while (nice > -20 && ratio > at * HALF_STEP) {
                at *= STEP;
                nice--;
        }
        return nice;
}

uint64_t budget_least(const uint64_t *limits, size_t n, uint64_t host) {
        for (size_t i = 0; i < n; i++)
                host = MIN(host, limits[i]);
        return host;
}

/* "a-b.slice" lies in "a.slice". */
bool budget_lies_in(const char *slice, const char *outer) {
        size_t n = strlen(outer) - strlen(".slice");

        return strncmp(slice, outer, n) == 0 && (slice[n] == '-' || slice[n] == '.');
}

int budget_path(const char *slice, const char *name, char *buffer, size_t size) {
        static const char suffix[] = ".slice";
        size_t length = slice ? strlen(slice) - strlen(suffix) : 0, n = 0;

        for (size_t i = 1; i <= length; i++) {
                if (i < length && slice[i] != '-')
                        continue;
                n += (size_t) snprintf(buffer + n, size - n, "%.*s%s/", (int) i, slice, suffix);
                if (n >= size)
                        return -ENAMETOOLONG;
        }
        n += (size_t) snprintf(buffer + n, size - n, "%s", name);
        return n < size ? 0 : -ENAMETOOLONG;
}
