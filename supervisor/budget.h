/* A budget as the kernel takes it: which file of a cgroup gets which text, by a table. Pure; box.c writes. */
#pragma once

#include "config/budget.h"
#include "supervisor/ground.h"
#include "supervisor/sample.h"

/* What a percentage is of: what the container may have. */
struct budget_whole {
        uint64_t memory; /* bytes */
        uint64_t tasks;
        uint64_t cpu; /* hundredths of a percent of one processor */
};

/* What an amount comes to; UINT64_MAX: infinity, or unset. */
uint64_t budget_exact(struct amount a, uint64_t whole);

#define KNOB_TEXT_MAX 512

struct knob {
        enum controller controller;
        const char *file, *setting;
        const char *usual; /* what it holds where nothing is asked for */
        /* Writes the text; false where the budget says nothing of it. `startup`: not all services are up yet.
         */
        bool (*text)(const struct budget *b, const struct budget_whole *w, bool startup,
                     char text[KNOB_TEXT_MAX]);
        /* Whether it can be kept, less well, where there is no cgroup for it; NULL: no. */
        bool (*without)(const struct budget *b);
};

/* In the order in which they are written. */
extern const struct knob budget_knobs[];
extern const size_t n_budget_knobs;

/* The same for what is limited by device: "8:16 wbps=4000000". The file's name. */
const char *budget_device_file(enum device_limit_kind kind);
void budget_device_text(enum device_limit_kind kind, uint64_t value, unsigned major, unsigned minor,
                        char text[KNOB_TEXT_MAX]);
const char *budget_device_setting(enum device_limit_kind kind);

/* Bit N: enum controller N is needed. `b` may be NULL. */
uint32_t budget_controllers(const struct budget *b);

/* It is to be written anew when all services are up. */
bool budget_has_startup(const struct budget *b);

/* Something of it is to be kept by somebody: more than a place in a slice. */
bool budget_is_limit(const struct budget *b);

/* The settings of it that need those controllers, as "MemoryMax=, TasksMax=": all, those that can be kept
 * without cgroups, or the others. Returns `buffer`. */
enum budget_part { BUDGET_ALL, BUDGET_SAMPLED, BUDGET_LOST };
const char *budget_words(const struct budget *b, uint32_t controllers, enum budget_part part, char *buffer,
                         size_t size);

/* How what `setting` (a key) asks of it is kept, where no cgroup keeps what needs those controllers, and
 * samples are taken or not. `b` may be NULL. */
enum tier budget_tier(const struct budget *b, const char *setting, uint32_t unkept, bool samples);

/* What of it samples can watch: of those controllers. `b` may be NULL. */
struct sample_limits budget_sampled(const struct budget *b, const struct budget_whole *w,
                                    uint32_t controllers);

/* The niceness that shares the processor about as CPUWeight= does: each step is a quarter more or less, see
 * sched(7). */
int budget_nice(unsigned weight);

/* The nearest finite limit: the least of `n` and the host's. */
uint64_t budget_least(const uint64_t *limits, size_t n, uint64_t host);

/* "a.slice/a-b.slice/web.service" below tend's own cgroup. -ENAMETOOLONG. */
int budget_path(const char *slice, const char *name, char *buffer, size_t size) must_check;

/* "a-b-c.slice" lies in "a-b.slice", in "a.slice", and in itself. */
bool budget_lies_in(const char *slice, const char *outer);
