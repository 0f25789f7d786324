/* Typed parsers and printers of settings: what the rows of the table name. Each parser says what is wrong to
 * a->diags. */
#pragma once

#include "config/path.h"
#include "config/setting.h"
#include "config/socket.h"

/* The words of an enum that is kept in one byte, in its order. */
struct words {
        const char *const *list;
        size_t n;
};

struct range {
        int least, most;
        int unset; /* prints as nothing */
};

enum limit_kind { LIMIT_SIZE, LIMIT_COUNT, LIMIT_SECONDS, LIMIT_MICROSECONDS, LIMIT_NICE };

struct limit_row {
        int resource; /* RLIMIT_* */
        enum limit_kind kind;
};

struct check_row {
        uint8_t kind; /* enum check_kind */
        bool assert;
};

struct remark_row {
        uint8_t remark; /* enum remark */
};

struct timer_row {
        enum timer_base base;
};

struct listen_row {
        enum listen_kind kind;
};

enum option_kind { OPTION_BOOL, OPTION_NUMBER, OPTION_SIZE, OPTION_SECONDS, OPTION_TOS, OPTION_TIMESTAMPING };

struct sockopt_row {
        enum socket_option option;
        enum option_kind kind;
        int64_t least, most; /* of OPTION_NUMBER */
};

struct stdio_row {
        bool is_input;
};

/* Of struct device_limit. */
struct device_row {
        uint8_t kind; /* enum device_limit_kind */
};

struct probe_row {
        bool is_readiness; /* fd:N is one too, and it is tried until it answers */
};

/* Fields that a row's default does not fill: load settles them once all of a unit is known. */
#define TYPE_UNSETTLED          UINT8_MAX
#define NOTIFY_ACCESS_UNSETTLED UINT8_MAX
#define TIMEOUT_UNSETTLED       (USEC_INFINITY - 1)

/* "Key=value: words" as an error, with a hint where a comment seems to have got into the value. Returns
 * -EINVAL. */
int value_reject(const struct assignment *a, const char *format, ...) printf_like(2, 3);
/* The same as a warning; returns 0. */
int value_warn(const struct assignment *a, const char *format, ...) printf_like(2, 3);
int value_out_of_memory(const struct assignment *a);

/* Specifiers put in; says what is wrong. The caller frees. */
int value_expand(const struct assignment *a, const char *text, char **ret) must_check;

/* The value's words with specifiers put in, appended to *list where `check` (may be NULL) takes each (0, or
 * an error it has told). An empty value empties the list. */
int value_add_words(const struct assignment *a, char ***list,
                    int (*check)(const struct assignment *a, const char *word));

/* Of a list of accounts, too: 0, or -EINVAL, told. */
int value_check_account(const struct assignment *a, const char *name);

void value_print_list(char *const *list, FILE *out);

#define VALUE(name)                                                                                          \
        int value_##name(const struct assignment *a);                                                        \
        void value_print_##name(const struct setting *s, const void *object, FILE *out)

/* value.c: one scalar each; the field's type stands behind it. */
VALUE(span);                                    /* usec_t */
VALUE(timeout);                                 /* usec_t; 0 is "infinity" too */
VALUE(optional_timeout);                        /* likewise; empty: 0 */
VALUE(bool);                                    /* bool */
VALUE(word);                                    /* uint8_t; table: struct words */
VALUE(unsigned);                                /* unsigned */
VALUE(int);                                     /* int; table: struct range */
VALUE(mode);                                    /* unsigned, octal */
VALUE(signal);                                  /* int */
VALUE(string);                                  /* char * */
int value_timeouts(const struct assignment *a); /* TimeoutSec=: both of them */

/* value-service.c: what has a grammar of its own. */
VALUE(action);            /* uint8_t, enum action */
VALUE(type);              /* uint8_t, enum service_type */
VALUE(log_level);         /* uint8_t, enum log_level */
VALUE(working_directory); /* working_directory and its "-" */
VALUE(stdio);             /* struct stdio; table: struct stdio_row */
VALUE(limit);             /* unit->limits; table: struct limit_row */
VALUE(hostname);          /* char * */
VALUE(account);           /* char *, a user or group */

/* value-list.c: lists, which grow, and which an empty value empties. */
VALUE(words);       /* char ** */
VALUE(unit_names);  /* char **, full names */
VALUE(started);     /* char *, the full name of a service; table: the kind of unit that starts it, a word */
VALUE(environment); /* char **, NAME=value */
VALUE(variables);   /* char **, NAME */
VALUE(unset_environment); /* char **, NAME or NAME=value */
VALUE(accounts);          /* char ** */
VALUE(environment_files); /* unit->environment_files */

/* value-status.c */
VALUE(status_set); /* struct status_set * */
VALUE(signals);    /* uint64_t */

/* value-command.c */
VALUE(command); /* struct command *, a list */

/* value-setup.c: fields of struct setup. */
VALUE(check);       /* setup->checks; table: struct check_row; a row of the unit itself */
VALUE(directories); /* char **, the names of struct directories */
VALUE(search_path); /* char ** */
VALUE(path);        /* char *, absolute */
VALUE(input_text);  /* setup->input_data */
VALUE(input_data);  /* likewise, in base64 */

/* value-schedule.c: how the processes are scheduled. */
VALUE(affinity);       /* cpu_set_t * */
VALUE(policy);         /* int, SCHED_* */
VALUE(io_class);       /* int */
VALUE(personality);    /* int, PER_* */
VALUE(restart_signal); /* int; empty: 0 */
VALUE(numa_policy);    /* int, MPOL_* */
VALUE(numa_mask);      /* cpu_set_t * */
VALUE(nanoseconds);    /* uint64_t; "infinity", empty: UINT64_MAX, not shown */

/* value-terminal.c: the terminal, and what is left of a crash. */
VALUE(tty_size);        /* unsigned; empty: 0 */
VALUE(coredump_filter); /* int; empty: -1 */

/* value-privilege.c: what the processes may do. */
VALUE(bounding_set); /* uint64_t, see config/capability.h */
VALUE(ambient_set);  /* uint64_t */
VALUE(secure_bits);  /* int */

/* value-timer.c: unit->timer */
VALUE(timer_event); /* table: struct timer_row */
VALUE(calendar);    /* OnCalendar= */
VALUE(timer_span);  /* usec_t; empty: 0 */

/* value-socket.c: unit->socket */
VALUE(listen);         /* table: struct listen_row; a row of the unit itself */
VALUE(option);         /* table: struct sockopt_row; likewise */
VALUE(fd_name);        /* char * */
VALUE(bind_ipv6_only); /* uint8_t, by `table`, a struct words; yes is ipv6-only and no is both */
VALUE(symlinks);       /* char **, absolute paths */
VALUE(count);          /* unsigned; empty: UINT_MAX */
int value_unlistenable(const struct assignment *a); /* refused; table: why */

/* value-path.c: unit->path */
struct path_row {
        enum path_kind kind;
};
VALUE(path_line); /* table: struct path_row; a row of the unit itself */

/* A command of these words, for `path`; NULL without memory. */
struct command *value_make_command(uint8_t flags, const char *path, char *const *words);

/* The number of an exit status that systemd.exec(5) gives a name, with "EXIT_" or "EX_" before it or not;
 * -EINVAL. */
int value_exit_status(const char *name);

/* value-readiness.c: fields of struct readiness. */
VALUE(pid_file);  /* char *, an absolute path */
VALUE(exit_type); /* bool: cgroup */
VALUE(probe);     /* struct probe_spec *; table: struct probe_row; value-probe.c */

/* value-budget.c: fields of struct budget. */
VALUE(amount);         /* struct amount, a size; table: the least that it may be, uint64_t */
VALUE(tasks);          /* struct amount, a number; likewise */
VALUE(weight);         /* unsigned */
VALUE(quota);          /* uint64_t, hundredths of a percent */
VALUE(period);         /* usec_t */
VALUE(device);         /* budget->devices; table: struct device_row */
VALUE(pressure_watch); /* uint8_t, by `table`, a struct words; yes is on and no is off */
VALUE(oom_policy);     /* uint8_t, enum oom_policy */
VALUE(delegate);       /* delegate and delegated */
VALUE(slice);          /* char *, a full name */
bool value_is_slice(const char *name);

/* Rows without a field. */
int value_refused(const struct assignment *a);   /* known, not carried out yet: a warning */
int value_ignored(const struct assignment *a);   /* known, and nothing to do in a container */
int value_noted(const struct assignment *a);     /* taken, with a word on what it means; table: that word */
int value_remark(const struct assignment *a);    /* taken, see config/remark.h; table: struct remark_row */
int value_wanted_by(const struct assignment *a); /* only targets are as good as said */
void value_print_nothing(const struct setting *s, const void *object, FILE *out);
