/* What org.freedesktop.systemd1.Service and Slice say of budgets: what is asked for, in bytes and the like.
 */
#include "base/text.h"
#include "control/bus-call.h"
#include "control/bus-unit.h"
#include "supervisor/budget.h"

#define SECOND_OF_PERCENT 100 /* microseconds of each second for a hundredth of a percent */

static const struct budget *budget_of(const struct object *o) {
        static const struct budget none;
        return o->service->unit->budget ? o->service->unit->budget : &none;
}

static const struct budget_whole *whole_of(const struct object *o) {
        return &o->manager->cgroups.whole;
}

#define NUMBER(name, expression)                                                                             \
        static uint64_t name(struct object *o) {                                                             \
                return (expression);                                                                         \
        }
#define MEMORY(name) NUMBER(name, budget_exact(budget_of(o)->name, whole_of(o)->memory))
#define LEAST(name)                                                                                          \
        NUMBER(name, budget_of(o)->name.kind == AMOUNT_UNSET                                                 \
                             ? 0                                                                             \
                             : budget_exact(budget_of(o)->name, whole_of(o)->memory))
MEMORY(memory_high)
MEMORY(memory_max)
MEMORY(swap_max)
MEMORY(zswap_max)
LEAST(memory_min)
LEAST(memory_low)
NUMBER(tasks_max, budget_exact(budget_of(o)->tasks_max, whole_of(o)->tasks))

static uint64_t weight(unsigned value) {
        return value == 0 ? UINT64_MAX : value == WEIGHT_IDLE ? 0 : value;
}
NUMBER(cpu_weight, weight(budget_of(o)->cpu_weight))
NUMBER(startup_cpu_weight, weight(budget_of(o)->startup_cpu_weight))
NUMBER(io_weight, weight(budget_of(o)->io_weight))
NUMBER(startup_io_weight, weight(budget_of(o)->startup_io_weight))
NUMBER(cpu_quota, budget_of(o)->cpu_quota > 0 ? budget_of(o)->cpu_quota * SECOND_OF_PERCENT : USEC_INFINITY)
NUMBER(cpu_period, budget_of(o)->cpu_period > 0 ? budget_of(o)->cpu_period : USEC_INFINITY)
NUMBER(delegate, budget_of(o)->delegate)

static void write_set(const cpu_set_t *set, struct wire_out *out) {
        struct wire_mark mark = wire_array(out, 1);
        int left = set ? CPU_COUNT(set) : 0;

        for (unsigned at = 0; left > 0; at += 8) {
                uint8_t byte = 0;
                for (unsigned bit = 0; bit < 8; bit++)
                        if (CPU_ISSET(at + bit, set)) {
                                byte |= (uint8_t) (1U << bit);
                                left--;
                        }
                wire_byte(out, byte);
        }
        wire_array_end(out, mark);
}

static void cpus(struct object *o, struct wire_out *out) {
        write_set(budget_of(o)->cpus, out);
}

static void nodes(struct object *o, struct wire_out *out) {
        write_set(budget_of(o)->nodes, out);
}

static const char *slice(struct object *o) {
        autofree char *name = NULL;

        if (budget_slice(o->service->unit, &name) < 0 || !name)
                return ROOT_SLICE;
        (void) snprintf(o->text, sizeof(o->text), "%s", name);
        return o->text;
}

static const char *slice_group(struct object *o) {
        return o->is_slice ? unit_group(o->service->unit, o->text, sizeof(o->text)) : "";
}

static const char *oom_policy(struct object *o) {
        static const char *const words[] = {
                [OOM_CONTINUE] = "continue", [OOM_STOP] = "stop", [OOM_KILL] = "kill"
        };
        return words[budget_oom_policy(o->service->unit->budget)];
}

/* clang-format off */
static const struct property properties[] = {
        { "MemoryMin",              "t",  .number = memory_min },
        { "MemoryLow",              "t",  .number = memory_low },
        { "MemoryHigh",             "t",  .number = memory_high },
        { "MemoryMax",              "t",  .number = memory_max },
        { "MemorySwapMax",          "t",  .number = swap_max },
        { "MemoryZSwapMax",         "t",  .number = zswap_max },
        { "TasksMax",               "t",  .number = tasks_max },
        { "CPUWeight",              "t",  .number = cpu_weight },
        { "StartupCPUWeight",       "t",  .number = startup_cpu_weight },
        { "CPUQuotaPerSecUSec",     "t",  .number = cpu_quota },
        { "CPUQuotaPeriodUSec",     "t",  .number = cpu_period },
        { "AllowedCPUs",            "ay", .write = cpus },
        { "AllowedMemoryNodes",     "ay", .write = nodes },
        { "IOWeight",               "t",  .number = io_weight },
        { "StartupIOWeight",        "t",  .number = startup_io_weight },
        { "Slice",                  "s",  .text = slice },
        { "Delegate",               "b",  .number = delegate },
        { "OOMPolicy",              "s",  .text = oom_policy }, /* not of slices */
};

static const struct property slice_properties[] = {
        { "ControlGroup",           "s",  .text = slice_group },
};
/* clang-format on */

static bool is_service(const struct object *o) {
        return o->kind == OBJECT_UNIT && text_ends(o->name, ".service");
}

static bool is_slice(const struct object *o) {
        return o->kind == OBJECT_UNIT && text_ends(o->name, ".slice");
}

const struct interface interface_budget = {
        .name = "org.freedesktop.systemd1.Service",
        .is_of = is_service,
        .properties = properties,
        .n_properties = countof(properties),
};

const struct interface interface_slice = {
        .name = "org.freedesktop.systemd1.Slice",
        .is_of = is_slice,
        .properties = slice_properties,
        .n_properties = countof(slice_properties),
};

const struct interface interface_slice_budget = {
        .name = "org.freedesktop.systemd1.Slice",
        .is_of = is_slice,
        .properties = properties,
        .n_properties = countof(properties) - 1,
};
