/* What tend tells of itself and of each unit at one moment: the answer of GetStatus(), and with the same
 * names the keys of `--json` (docs/json.md has their meaning). The lists below are all there is to it: the
 * structs, the signature, how they are written and read, and the JSON are made from them. */
#pragma once

#include "control/wire.h"

/* Kinds of values, with the letter of D-Bus, the type in C, and what JSON has:
 *     TEXT   s  borrowed; maybe ""
 *     COUNT  u
 *     FLAG   b
 *     SIZE   t  bytes, tasks; UINT64_MAX: not known, or no limit (null)
 *     SPAN   t  microseconds; UINT64_MAX likewise; seconds in JSON
 *     TIME   t  CLOCK_REALTIME in microseconds; 0: never (null); seconds since 1970 in JSON
 *     SHARE  t  hundredths of a percent of one processor; UINT64_MAX: no limit (null); percent in JSON */
enum live_kind { LIVE_TEXT, LIVE_COUNT, LIVE_FLAG, LIVE_SIZE, LIVE_SPAN, LIVE_TIME, LIVE_SHARE };

/* clang-format off */
#define LIVE_CONTAINER(X)                                                                                    \
        X(TEXT,  version)                                                                                    \
        X(TEXT,  state)        /* starting, running, degraded, stopping */                                   \
        X(COUNT, pid)          /* tend's own, in its namespace */                                            \
        X(TIME,  now)                                                                                        \
        X(TIME,  started)                                                                                    \
        X(COUNT, units)                                                                                      \
        X(COUNT, up)                                                                                         \
        X(COUNT, failed)                                                                                     \
        X(TEXT,  tier)         /* how budgets can be kept here: kernel, sampled, none */                     \
        X(TEXT,  tier_why)     /* why no better; "" where it is the kernel */                                \
        X(TEXT,  tier_hint)    /* what would make it so */                                                   \
        X(SIZE,  memory)       /* of the whole container, where that can be read */                          \
        X(SIZE,  memory_max)                                                                                 \
        X(SIZE,  tasks_max)                                                                                  \
        X(SHARE, cpu_max)                                                                                    \
        X(SIZE,  log_dropped)  /* lines that tend could not write, as nobody read them */

#define LIVE_UNIT(X)                                                                                         \
        X(TEXT,  name)                                                                                       \
        X(TEXT,  description)                                                                                \
        X(TEXT,  file)         /* where it is written: FILE:LINE */                                          \
        X(TEXT,  active)       /* systemd's ActiveState */                                                   \
        X(TEXT,  state)        /* systemd's SubState */                                                      \
        X(TIME,  since)        /* it is in that state */                                                     \
        X(TEXT,  why)          /* it is, where there is more to say */                                       \
        X(TEXT,  job)          /* what is asked of it and has not come about: start, stop, … */              \
        X(FLAG,  up)                                                                                         \
        X(FLAG,  finished)     /* it had nothing more to do, and nobody has stopped it */                    \
        X(COUNT, main_pid)                                                                                   \
        X(COUNT, control_pid)                                                                                \
        X(COUNT, session)      /* by which its processes can be told; 0: not known */                        \
        X(COUNT, restarts)                                                                                   \
        X(TEXT,  result)       /* systemd's Result */                                                        \
        X(TIME,  next_restart)                                                                               \
        X(TEXT,  status)       /* STATUS=, as it said last */                                                \
        X(TEXT,  health)       /* none, starting, healthy, unhealthy */                                      \
        X(TEXT,  health_why)                                                                                 \
        X(TEXT,  measured)     /* by what the figures below are: cgroup, processes, "" */                    \
        X(SIZE,  memory)                                                                                     \
        X(SIZE,  memory_peak)                                                                                \
        X(SIZE,  memory_max)                                                                                 \
        X(TEXT,  memory_tier)  /* who keeps it: kernel, sampled, none; "": it has no limit */                \
        X(SIZE,  tasks)                                                                                      \
        X(SIZE,  tasks_peak)                                                                                 \
        X(SIZE,  tasks_max)                                                                                  \
        X(TEXT,  tasks_tier)                                                                                 \
        X(SPAN,  cpu)          /* processor time that it has used */                                         \
        X(SHARE, cpu_max)                                                                                    \
        X(TEXT,  cpu_tier)                                                                                   \
        X(TEXT,  cgroup)       /* below the container's, without a slash before it; "": it has none */       \
        X(SPAN,  start_took)   /* from the start of the run that is up until it was so */                    \
        X(COUNT, oom_kills)    /* processes ended for want of memory; all that a sample ends are one */

/* A run of a unit that is over. */
#define LIVE_EXIT(X)                                                                                         \
        X(TIME,  at)                                                                                         \
        X(SPAN,  up)           /* how long it was up; UINT64_MAX: it did not come up */                      \
        X(COUNT, pid)                                                                                        \
        X(TEXT,  result)                                                                                     \
        X(COUNT, code)         /* as a shell would call it: 128 + N for signal N */                          \
        X(TEXT,  why)

/* How many runs have come to what, since tend was started. */
#define LIVE_END(X)                                                                                          \
        X(TEXT,  result)                                                                                     \
        X(COUNT, times)

/* A step of a unit from one state to another. */
#define LIVE_STEP(X)                                                                                         \
        X(TIME,  at)                                                                                         \
        X(TEXT,  unit)                                                                                       \
        X(TEXT,  before)       /* the state that it was in, systemd's SubState */                            \
        X(TEXT,  state)                                                                                      \
        X(TEXT,  active)                                                                                     \
        X(TEXT,  event)        /* what has led to it */                                                      \
        X(TEXT,  why)                                                                                        \
        X(TEXT,  result)                                                                                     \
        X(COUNT, main_pid)                                                                                   \
        X(COUNT, restarts)                                                                                   \
        X(TIME,  next_restart)
/* clang-format on */

#define LIVE_C_TEXT  const char *
#define LIVE_C_COUNT uint32_t
#define LIVE_C_FLAG  bool
#define LIVE_C_SIZE  uint64_t
#define LIVE_C_SPAN  usec_t
#define LIVE_C_TIME  usec_t
#define LIVE_C_SHARE uint64_t

#define LIVE_MEMBER(kind, name) LIVE_C_##kind name;

#define LIVE_EXITS_MOST 8

struct live_exit {
        LIVE_EXIT(LIVE_MEMBER)
};

#define LIVE_ENDS_MOST 32

struct live_end {
        LIVE_END(LIVE_MEMBER)
};

struct live_status {
        LIVE_UNIT(LIVE_MEMBER)
        struct live_exit exits[LIVE_EXITS_MOST]; /* the latest first */
        size_t n_exits;
        struct live_end ends[LIVE_ENDS_MOST];
        size_t n_ends;
};

struct live_container {
        LIVE_CONTAINER(LIVE_MEMBER)
};

struct live_step {
        LIVE_STEP(LIVE_MEMBER)
};

struct live_field {
        const char *name;
        enum live_kind kind;
        size_t offset;
};

/* One of the lists. */
struct live_list {
        const struct live_field *fields;
        size_t n;
};
extern const struct live_list live_container_fields, live_unit_fields, live_exit_fields, live_end_fields,
        live_step_fields;

#define LIVE_SIGN_TEXT  "s"
#define LIVE_SIGN_COUNT "u"
#define LIVE_SIGN_FLAG  "b"
#define LIVE_SIGN_SIZE  "t"
#define LIVE_SIGN_SPAN  "t"
#define LIVE_SIGN_TIME  "t"
#define LIVE_SIGN_SHARE "t"

#define LIVE_SIGN(kind, name) LIVE_SIGN_##kind

/* What GetStatus() gives: the container, and its units. */
#define LIVE_UNIT_SIGNATURE "(" LIVE_UNIT(LIVE_SIGN) "a(" LIVE_EXIT(LIVE_SIGN) ")a(" LIVE_END(LIVE_SIGN) "))"
#define LIVE_SIGNATURE      "(" LIVE_CONTAINER(LIVE_SIGN) ")a" LIVE_UNIT_SIGNATURE

/* The signal that tells of one, to those who have subscribed. */
#define LIVE_STEP_SIGNAL    "Stepped"
#define LIVE_STEP_SIGNATURE "(" LIVE_STEP(LIVE_SIGN) ")"

/* One struct, by its list. */
void live_write(struct wire_out *out, const struct live_list *list, const void *from);
/* Texts are borrowed from the message. What does not come whole is `in->bad`. */
void live_read(struct wire_in *in, const struct live_list *list, void *to);

void live_write_step(struct wire_out *out, const struct live_step *s);
void live_read_step(struct wire_in *in, struct live_step *ret);

void live_write_container(struct wire_out *out, const struct live_container *c);
void live_write_unit(struct wire_out *out, const struct live_status *u);

/* Texts are borrowed from the message. What does not come whole is `in->bad`. */
void live_read_container(struct wire_in *in, struct live_container *ret);
void live_read_unit(struct wire_in *in, struct live_status *ret);

/* What a reload of the files would do: unit, what becomes of it, with which other unit; see reload.h. */
#define LIVE_PREVIEW           "PreviewReload"
#define LIVE_PREVIEW_SIGNATURE "a(sss)"

#define LIVE_INTERFACE "org.tend.Manager1"
#define LIVE_PATH      "/org/tend"
