/* How processes are scheduled, and as which machine they see themselves. */

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/personality.h>

#include "base/parse.h"
#include "base/text.h"
#include "config/setup.h"
#include "config/value.h"

struct named {
        const char *word;
        int value;
};

static const struct named policies[] = {
        { "other", SCHED_OTHER }, { "batch", SCHED_BATCH }, { "idle", SCHED_IDLE },
        { "fifo", SCHED_FIFO },   { "rr", SCHED_RR },
};

/* MPOL_* of set_mempolicy(2) */
static const struct named numa_policies[] = {
        { "default", 0 }, { "preferred", 1 }, { "bind", 2 }, { "interleave", 3 }, { "local", 4 },
};

/* ioprio_set(2) */
static const struct named io_classes[] = {
        { "realtime", 1 }, { "best-effort", 2 }, { "idle", 3 }, { "none", 0 },
        { "0", 0 },        { "1", 1 },           { "2", 2 },    { "3", 3 },
};

#if defined(__x86_64__)
static const struct named personalities[] = { { "x86-64", PER_LINUX }, { "x86", PER_LINUX32 } };
#elif defined(__aarch64__)
static const struct named personalities[] = { { "arm64", PER_LINUX }, { "arm", PER_LINUX32 } };
#elif defined(__s390x__)
static const struct named personalities[] = { { "s390x", PER_LINUX }, { "s390", PER_LINUX32 } };
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
static const struct named personalities[] = { { "ppc64-le", PER_LINUX }, { "ppc-le", PER_LINUX32 } };
#else
static const struct named personalities[] = { { "native", PER_LINUX } };
#endif

static void *field_of(const struct assignment *a) {
        return (char *) a->object + a->setting->field;
}

static const void *field_in(const struct setting *s, const void *object) {
        return (const char *) object + s->field;
}

static int take_named(const struct assignment *a, const struct named *list, size_t n) {
        int *field = field_of(a);

        if (*a->value == '\0') {
                *field = -1;
                return 0;
        }
        for (size_t i = 0; i < n; i++)
                if (strcmp(list[i].word, a->value) == 0) {
                        *field = list[i].value;
                        return 0;
                }
        return value_reject(a, "not a value it takes (%s)", a->setting->values);
}

static void print_named(const struct setting *s, const void *object, const struct named *list, size_t n,
                        FILE *out) {
        const int *value = field_in(s, object);

        for (size_t i = 0; i < n; i++)
                if (list[i].value == *value) {
                        (void) fprintf(out, "%s\n", list[i].word);
                        return;
                }
}

int value_policy(const struct assignment *a) {
        return take_named(a, policies, countof(policies));
}

void value_print_policy(const struct setting *s, const void *object, FILE *out) {
        print_named(s, object, policies, countof(policies), out);
}

int value_io_class(const struct assignment *a) {
        return take_named(a, io_classes, countof(io_classes));
}

void value_print_io_class(const struct setting *s, const void *object, FILE *out) {
        print_named(s, object, io_classes, countof(io_classes), out);
}

int value_numa_policy(const struct assignment *a) {
        return take_named(a, numa_policies, countof(numa_policies));
}

void value_print_numa_policy(const struct setting *s, const void *object, FILE *out) {
        print_named(s, object, numa_policies, countof(numa_policies), out);
}

int value_personality(const struct assignment *a) {
        return take_named(a, personalities, countof(personalities));
}

void value_print_personality(const struct setting *s, const void *object, FILE *out) {
        print_named(s, object, personalities, countof(personalities), out);
}

int value_restart_signal(const struct assignment *a) {
        if (*a->value != '\0')
                return value_signal(a);
        *(int *) field_of(a) = 0;
        return 0;
}

void value_print_restart_signal(const struct setting *s, const void *object, FILE *out) {
        if (*(const int *) field_in(s, object) != 0)
                value_print_signal(s, object, out);
}

/* "3" or "0-3". */
static int add_range(cpu_set_t *set, const char *word) {
        autofree char *first = strndup(word, strcspn(word, "-"));
        const char *dash = strchr(word, '-');
        unsigned from = 0, to = 0;

        if (!first)
                return -ENOMEM;
        int r = parse_unsigned(first, CPU_SETSIZE - 1, &from);
        if (r >= 0)
                r = parse_unsigned(dash ? dash + 1 : first, CPU_SETSIZE - 1, &to);
        if (r < 0 || from > to)
                return -EINVAL;
        for (; from <= to; from++)
                CPU_SET(from, set);
        return 0;
}

/* Processors and ranges, parted by blanks or commas; a later line adds to an earlier one. */
int value_affinity(const struct assignment *a) {
        cpu_set_t **field = field_of(a), set;
        char *rest = NULL;

        if (*a->value == '\0') {
                free(TAKE(*field));
                return 0;
        }
        autofree char *list = strdup(a->value);
        if (!list)
                return value_out_of_memory(a);
        CPU_ZERO(&set);
        if (*field)
                set = **field;
        for (char *word = strtok_r(list, " \t,", &rest); word; word = strtok_r(NULL, " \t,", &rest)) {
                int r = add_range(&set, word);

                if (r == -ENOMEM)
                        return value_out_of_memory(a);
                if (r < 0)
                        return value_reject(a, "not %s", a->setting->values);
        }
        if (!*field)
                *field = malloc(sizeof(**field));
        if (!*field)
                return value_out_of_memory(a);
        **field = set;
        return 0;
}

void value_print_affinity(const struct setting *s, const void *object, FILE *out) {
        const cpu_set_t *const *set = field_in(s, object);
        const char *blank = "";

        if (!*set)
                return;
        for (unsigned i = 0; i < CPU_SETSIZE; i++) {
                unsigned last = i;

                if (!CPU_ISSET(i, *set))
                        continue;
                while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, *set))
                        last++;
                (void) fprintf(out, last > i ? "%s%u-%u" : "%s%u", blank, i, last);
                blank = " ";
                i = last;
        }
        (void) fputc('\n', out);
}

/* "all" is every bit: which nodes there are is known where the processes are made. */
int value_numa_mask(const struct assignment *a) {
        cpu_set_t **field = field_of(a);

        if (strcmp(a->value, "all") != 0)
                return value_affinity(a);
        if (!*field)
                *field = malloc(sizeof(**field));
        if (!*field)
                return value_out_of_memory(a);
        memset(*field, UINT8_MAX, sizeof(**field));
        return 0;
}

void value_print_numa_mask(const struct setting *s, const void *object, FILE *out) {
        const cpu_set_t *const *set = field_in(s, object);

        if (*set && CPU_COUNT(*set) == CPU_SETSIZE)
                (void) fprintf(out, "all\n");
        else
                value_print_affinity(s, object, out);
}

int value_nanoseconds(const struct assignment *a) {
        uint64_t *field = field_of(a);

        if (*a->value == '\0') {
                *field = UINT64_MAX;
                return 0;
        }
        return parse_nanoseconds(a->value, field) < 0 ? value_reject(a, "not a span of time") : 0;
}

void value_print_nanoseconds(const struct setting *s, const void *object, FILE *out) {
        const uint64_t *value = field_in(s, object);

        if (*value == UINT64_MAX)
                (void) fputs("infinity\n", out);
        else
                (void) fprintf(out, "%" PRIu64 "ns\n", *value);
}
