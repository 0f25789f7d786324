/* How the rows of the table of settings are written: a macro for each kind of field, which knows its parser
 * and its printer, and refuses to compile where the field is of another type. For directive.c alone. */
#pragma once

#include "config/bond.h"
#include "config/budget.h"
#include "config/probe.h"
#include "config/setup.h"
#include "config/value.h"

#define IS(type, x)              __builtin_types_compatible_p(type, typeof(x))
#define PLACE(owner, type, f)    (offsetof(owner, f) + 0 * sizeof(char[IS(type, ((owner *) 0)->f) ? 1 : -1]))
#define FIELD(type, f)           PLACE(struct unit, type, f)
#define CONTAINER_FIELD(type, f) PLACE(struct container, type, f)

#define UNIT(name)    .section = "Unit", .key = name, .owner = OWNER_UNIT
#define SERVICE(name) .section = "Service", .key = name, .owner = OWNER_UNIT
#define INSTALL(name) .section = "Install", .key = name, .owner = OWNER_UNIT
#define TIMER(name)   .section = "Timer", .key = name, .owner = OWNER_UNIT
#define SOCKET(name)  .section = "Socket", .key = name, .owner = OWNER_UNIT
#define TEND(name)    .section = "tend", .key = name, .owner = OWNER_CONTAINER

/* The field's type, its parser and its printer belong together. */
#define ROW(type, f, kind, words)                                                                            \
        .parse = value_##kind, .print = value_print_##kind, .field = FIELD(type, f), .values = words
#define SPAN(f)     ROW(usec_t, f, span, "a span of time")
#define TIMEOUT(f)  ROW(usec_t, f, timeout, "a span of time")
#define BOOL(f)     ROW(bool, f, bool, "yes or no")
#define UNSIGNED(f) ROW(unsigned, f, unsigned, "a number")
#define SIGNAL(f)   ROW(int, f, signal, "a signal")
#define STRING(f)   ROW(char *, f, string, "text")
#define ACCOUNT(f)  ROW(char *, f, account, "a name or a number")
#define LIST(f)     ROW(char **, f, words, "words")
#define NAMES(f)    ROW(char **, f, unit_names, "units")
#define ACTION(f)   ROW(uint8_t, f, action, "none exit exit-force, or poweroff reboot halt and their kin")
#define OUTPUT(f)                                                                                            \
        ROW(struct stdio, f, stdio, "inherit null tty file:path append:path truncate:path"),                 \
                .table = &output_row
#define EXEC(kind) ROW(struct command *, exec[EXEC_##kind], command, "a command line"), .at_spawn = true
#define LIMIT(resource, kind)                                                                                \
        .parse = value_limit, .print = value_print_limit, .values = LIMIT_##kind##_WORDS,                    \
        .table = &(const struct limit_row) {                                                                 \
                RLIMIT_##resource, LIMIT_##kind                                                              \
        }

/* The same of a part of the unit. */
#define IN(which, owner, type, f) .part = PART_##which, .field = PLACE(owner, type, f)

/* Kept in unit->bonds, for the few units that set it. */
#define IN_BONDS(type, f, kind, words)                                                                       \
        .parse = value_##kind, .print = value_print_##kind, IN(BONDS, struct bonds, type, f),                \
        .values = (words)
#define BOND(kind)     IN_BONDS(char **, names[BOND_##kind], unit_names, "units")
#define BOND_SWITCH(f) IN_BONDS(bool, f, bool, "yes or no"), .fallback = "no"

/* Kept in unit->readiness, likewise. */
#define READINESS(type, f, kind, words)                                                                      \
        .parse = value_##kind, .print = value_print_##kind, IN(READINESS, struct readiness, type, f),        \
        .values = (words)
#define READINESS_BY(type, f, kind, words, also)                                                             \
        .parse = value_##kind, .print = value_print_##kind, IN(READINESS, struct readiness, type, f),        \
        .values = (words), .table = (also), .extension = true
#define HEALTH_SPAN(f) READINESS_BY(usec_t, f, span, "a span of time", NULL)
#define HEALTH_ALIAS(f)                                                                                      \
        .parse = value_span, .print = value_print_nothing, IN(READINESS, struct readiness, usec_t, f),       \
        .values = "a span of time", .extension = true

#define LIMIT_SIZE_WORDS    "a size, \"infinity\", or two of them as soft:hard"
#define LIMIT_COUNT_WORDS   "a number, \"infinity\", or two of them as soft:hard"
#define LIMIT_SECONDS_WORDS "a span of time, \"infinity\", or two of them as soft:hard"
#define LIMIT_MICROSECONDS_WORDS                                                                             \
        "a span of time (plain numbers are microseconds), or two of them as soft:hard"
#define LIMIT_NICE_WORDS "a nice value with its sign, a number from 0 to 40, or two of them as soft:hard"

/* A field of struct setup. */
#define IN_SETUP(type, f, kind, words, also)                                                                 \
        .parse = value_##kind, .print = value_print_##kind, IN(SETUP, struct setup, type, f),                \
        .values = (words), .table = (also)
#define STATUSES(f) IN_SETUP(struct status_set *, exits.f, status_set, "exit codes and signals", NULL)
#define STATUS(f)   IN_SETUP(int, exits.f, int, "a number from 0 to 255", &status_range)
/* A field of struct budget. */
#define IN_BUDGET(type, f, kind, words, also)                                                                \
        .parse = value_##kind, .print = value_print_##kind, IN(BUDGET, struct budget, type, f),              \
        .values = (words), .table = (also)
#define BUDGET(name, type, f, kind, words, also) SERVICE(name), IN_BUDGET(type, f, kind, words, also)
#define MEMORY(name, f, also)                                                                                \
        BUDGET(name, struct amount, f, amount, "a size, a percentage, or \"infinity\"", also)
#define CPU_WEIGHT(name, f) BUDGET(name, unsigned, f, weight, "a number from 1 to 10000, or idle", NULL)
#define IO_WEIGHT(name, f)  BUDGET(name, unsigned, f, weight, "a number from 1 to 10000", NULL)
#define PROCESSORS(name, f) BUDGET(name, cpu_set_t *, f, affinity, "numbers: 0-3 5", NULL)
#define ACCOUNTING(name, f) SERVICE(name), IN_BUDGET(bool, f, bool, "yes or no", NULL), .fallback = "no"
#define DEVICE(name, KIND, words)                                                                            \
        BUDGET(name, struct device_limit *, devices, device, words,                                          \
               (&(const struct device_row){ DEVICE_##KIND }))

#define UNTIL_UP(name) name "= until all services are up."
#define CHECK_ROW(name, word, is_assertion, takes, about)                                                    \
        {                                                                                                    \
                UNIT(word), .parse = value_check, .print = value_print_check, .values = (takes),             \
                            .table = &(const struct check_row){ CHECK_##name, is_assertion },                \
                            .help = (about)                                                                  \
        }
#define CONDITION_ROW(name, word, takes, about)                                                              \
        CHECK_ROW(name, "Condition" word, false, takes, "Skip the start unless " about "."),
#define ASSERT_ROW(name, word, takes, about)                                                                 \
        CHECK_ROW(name, "Assert" word, true, takes, "Fail the start unless " about "."),
#define CONDITION_REFUSED(word) REFUSED("Unit", "Condition" word),
#define ASSERT_REFUSED(word)    REFUSED("Unit", "Assert" word),

/* Taken, and what that means. */
#define NOTED(words, note)                                                                                   \
        .parse = value_noted, .print = value_print_nothing, .values = (words), .table = (note)
#define NO_PAM "tend has no PAM (a static binary loads no modules): the service starts without a session"

#define EVENT(base)                                                                                          \
        .parse = value_timer_event, .print = value_print_timer_event, .values = "a span of time",            \
        .table = &(const struct timer_row) {                                                                 \
                TIMER_##base                                                                                 \
        }
#define IN_TIMER(type, f, kind, words)                                                                       \
        .parse = value_##kind, .print = value_print_##kind, IN(TIMER, struct timer_spec, type, f),           \
        .values = (words)
#define TIMER_SPAN(f)   IN_TIMER(usec_t, f, timer_span, "a span of time")
#define TIMER_SWITCH(f) IN_TIMER(bool, f, bool, "yes or no")

/* A field of struct socket_spec. */
#define IN_SOCKET(type, f, kind, words, also)                                                                \
        .parse = value_##kind, .print = value_print_##kind, IN(SOCKET, struct socket_spec, type, f),         \
        .values = (words), .table = (also)
#define LISTEN(what, words)                                                                                  \
        .parse = value_listen, .print = value_print_listen, .values = (words),                               \
        .table = &(const struct listen_row) {                                                                \
                LISTEN_##what                                                                                \
        }
#define UNLISTENABLE(what)                                                                                   \
        .parse = value_unlistenable, .print = value_print_nothing, .values = "as in systemd",                \
        .table = "tend listens on no " what, .help = "Refused: tend listens on no " what "."
#define OPTION_ROW(words, ...)                                                                               \
        .parse = value_option, .print = value_print_option, .values = (words),                               \
        .table = &(const struct sockopt_row) {                                                               \
                __VA_ARGS__                                                                                  \
        }
#define OPTION(name, how, words) OPTION_ROW(words, .option = SOCKET_OPTION_##name, .kind = OPTION_##how)
#define OPTION_SWITCH(name)      OPTION(name, BOOL, "yes or no")
#define OPTION_RANGE(name, words, from, to)                                                                  \
        OPTION_ROW(words, .option = SOCKET_OPTION_##name, .kind = OPTION_NUMBER, .least = (from),            \
                   .most = (to))
#define NO_LSM "it changes nothing: labels of SELinux and SMACK are the machine's business"

#define WANTED  .parse = value_wanted_by, .print = value_print_nothing, .values = "targets"
#define IGNORED .parse = value_ignored, .print = value_print_nothing, .values = "units"
#define REFUSED(part, name)                                                                                  \
        {                                                                                                    \
                .section = part, .key = name, .owner = OWNER_UNIT, .parse = value_refused,                   \
                .print = value_print_nothing, .values = "as in systemd",                                     \
                .help = "A setting of systemd that tend does not carry out yet."                             \
        }
#define LATER(name) REFUSED("Service", name)

/* Read, and told in one line of the unit: see config/remark.h. */
#define REMARKED(part, name)                                                                                 \
        {                                                                                                    \
                .section = part, .key = #name, .owner = OWNER_UNIT, .parse = value_remark,                   \
                .print = value_print_nothing, .values = "as in systemd",                                     \
                .table = &(const struct remark_row){ REMARK_##name },                                        \
                .help = "A setting of systemd that is read; whoever sets it is told what it means here."     \
        }
#define REMARK(name)      REMARKED("Service", name)
#define UNIT_REMARK(name) REMARKED("Unit", name)
#define CAPABILITY_WORDS  "capabilities, with ~ before them for all others"

#define WORD(name, word) word,
#define WORDS(list)                                                                                          \
        { (const char *const[]){ list(WORD) }, countof(((const char *const[]){ list(WORD) })) }
