/* org.freedesktop.systemd1.Timer and org.freedesktop.systemd1.Job. */
#include <string.h>

#include "base/text.h"
#include "control/bus-call.h"
#include "control/bus-unit.h"

/* --- Timers. */

static struct alarm_times times(const struct object *o) {
        struct alarm_times t = { .next = USEC_INFINITY };

        if (o->is_loaded)
                alarm_times(o->service, &t);
        return t;
}

static const char *unit(struct object *o) {
        const struct timer_spec *t = o->service->unit->timer;
        return t ? t->unit : NULL;
}

/* One of the two is said, by the clock that decides; the other is 0. */
static uint64_t next_realtime(struct object *o) {
        return times(o).next_real;
}

static uint64_t next_monotonic(struct object *o) {
        struct alarm_times t = times(o);
        return t.next_real != 0 ? 0 : t.next;
}

static uint64_t last(struct object *o) {
        return times(o).last_real;
}

static uint64_t last_monotonic(struct object *o) {
        return times(o).last;
}

#define TIMER_NUMBER(name, field)                                                                            \
        static uint64_t name(struct object *o) {                                                             \
                const struct timer_spec *t = o->service->unit->timer;                                        \
                return t ? t->field : 0;                                                                     \
        }
TIMER_NUMBER(accuracy, accuracy)
TIMER_NUMBER(random_delay, random_delay)
TIMER_NUMBER(fixed_random_delay, fixed_random_delay)
TIMER_NUMBER(persistent, persistent)
TIMER_NUMBER(remain_after_elapse, remain_after_elapse)

/* clang-format off */
static const struct property timer_properties[] = {
        { "Unit",                     "s", .text = unit },
        { "NextElapseUSecRealtime",   "t", .number = next_realtime },
        { "NextElapseUSecMonotonic",  "t", .number = next_monotonic },
        { "LastTriggerUSec",          "t", .number = last },
        { "LastTriggerUSecMonotonic", "t", .number = last_monotonic },
        { "Result",                   "s", .fixed_text = "success" },
        { "AccuracyUSec",             "t", .number = accuracy },
        { "RandomizedDelayUSec",      "t", .number = random_delay },
        { "FixedRandomDelay",         "b", .number = fixed_random_delay },
        { "Persistent",               "b", .number = persistent },
        { "WakeSystem",               "b", .fixed_number = false },
        { "RemainAfterElapse",        "b", .number = remain_after_elapse },
};
/* clang-format on */

static bool is_timer(const struct object *o) {
        return o->kind == OBJECT_UNIT && text_ends(o->name, ".timer");
}

const struct interface interface_timer = {
        .name = "org.freedesktop.systemd1.Timer",
        .is_of = is_timer,
        .properties = timer_properties,
        .n_properties = countof(timer_properties),
};

/* --- Jobs. */

static uint64_t job_number(struct object *o) {
        return o->job->id;
}

static const char *job_type(struct object *o) {
        return job_type_word(o->job->type);
}

static const char *job_state(struct object *o) {
        return o->job->running ? "running" : "waiting";
}

static void job_unit(struct object *o, struct wire_out *out) {
        const char *name = o->job->service->unit->name;

        wire_struct(out);
        wire_string(out, name);
        wire_string(out, object_unit_path(name, o->text));
}

static void cancel(struct call *c) {
        job_cancel(c->object.job->service);
}

static const struct property job_properties[] = {
        { "Id", "u", .number = job_number },
        { "Unit", "(so)", .write = job_unit },
        { "JobType", "s", .text = job_type },
        { "State", "s", .text = job_state },
};

static const struct method job_methods[] = {
        { "Cancel", "", "", true, cancel },
};

static bool is_job(const struct object *o) {
        return o->kind == OBJECT_JOB;
}

const struct interface interface_job = {
        .name = "org.freedesktop.systemd1.Job",
        .is_of = is_job,
        .methods = job_methods,
        .n_methods = countof(job_methods),
        .properties = job_properties,
        .n_properties = countof(job_properties),
};
