/* Settings whose fields are in unit->budget. */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "config/budget.h"
#include "config/value.h"

#define WEIGHT_MOST 10000

static void *field_of(const struct assignment *a) {
        return (char *) a->object + a->setting->field;
}

static const void *field_in(const struct setting *s, const void *object) {
        return (const char *) object + s->field;
}

/* "60%", "5.5%", "0.01%" in hundredths of a percent. -EINVAL where it is none. */
static int parse_percent(const char *text, uint64_t most, uint64_t *ret) {
        uint64_t value = 0, fraction = 0, scale = 100;
        const char *at = text;

        while (*at >= '0' && *at <= '9' && value <= most)
                value = value * 10 + (uint64_t) (*at++ - '0');
        if (at == text || value > most)
                return -EINVAL;
        if (*at == '.') {
                const char *begin = ++at;

                while (*at >= '0' && *at <= '9' && at < begin + 2) {
                        scale /= 10;
                        fraction += (uint64_t) (*at++ - '0') * scale;
                }
                if (at == begin)
                        return -EINVAL;
        }
        if (strcmp(at, "%") != 0 || value * 100 + fraction > most)
                return -EINVAL;
        *ret = value * 100 + fraction;
        return 0;
}

static void print_percent(uint64_t hundredths, FILE *out) {
        (void) fprintf(out, "%" PRIu64, hundredths / 100);
        if (hundredths % 100 != 0)
                (void) fprintf(out, hundredths % 10 ? ".%02u" : ".%u",
                               (unsigned) (hundredths % 10 ? hundredths % 100 : hundredths % 100 / 10));
        (void) fputs("%\n", out);
}

static int parse_amount(const struct assignment *a, int (*exact)(const char *text, uint64_t *ret)) {
        const uint64_t *least = a->setting->table;
        struct amount read = {};

        if (strcmp(a->value, "infinity") == 0)
                read.kind = AMOUNT_INFINITY;
        else if (*a->value != '\0') {
                bool is_share = strchr(a->value, '%');
                int r = is_share ? parse_percent(a->value, AMOUNT_WHOLE, &read.value)
                                 : exact(a->value, &read.value);

                if (r < 0 || read.value >= UINT64_MAX)
                        return value_reject(a, "not %s", a->setting->values);
                if (least && read.value < *least)
                        return value_reject(a, "less than %" PRIu64, *least);
                read.kind = is_share ? AMOUNT_SHARE : AMOUNT_EXACT;
        }
        *(struct amount *) field_of(a) = read;
        return 0;
}

int value_amount(const struct assignment *a) {
        return parse_amount(a, parse_size);
}

void value_print_amount(const struct setting *s, const void *object, FILE *out) {
        const struct amount *amount = field_in(s, object);
        char text[PARSE_PRINT_MAX];

        if (amount->kind == AMOUNT_SHARE)
                print_percent(amount->value, out);
        else if (amount->kind != AMOUNT_UNSET)
                (void) fprintf(out, "%s\n",
                               print_size(amount->kind == AMOUNT_EXACT ? amount->value : UINT64_MAX, text));
}

static int parse_count(const char *text, uint64_t *ret) {
        unsigned n;
        int r = parse_unsigned(text, UINT32_MAX, &n);

        if (r == 0)
                *ret = n;
        return r;
}

int value_tasks(const struct assignment *a) {
        return parse_amount(a, parse_count);
}

void value_print_tasks(const struct setting *s, const void *object, FILE *out) {
        const struct amount *amount = field_in(s, object);

        if (amount->kind == AMOUNT_EXACT)
                (void) fprintf(out, "%" PRIu64 "\n", amount->value);
        else
                value_print_amount(s, object, out);
}

static bool takes_idle(const struct assignment *a) {
        return strstr(a->setting->key, "CPU");
}

int value_weight(const struct assignment *a) {
        unsigned *field = field_of(a), weight = 0;

        if (takes_idle(a) && strcmp(a->value, "idle") == 0)
                weight = WEIGHT_IDLE;
        else if (*a->value != '\0' && (parse_unsigned(a->value, WEIGHT_MOST, &weight) < 0 || weight == 0))
                return value_reject(a, "not %s", a->setting->values);
        *field = weight;
        return 0;
}

void value_print_weight(const struct setting *s, const void *object, FILE *out) {
        const unsigned *weight = field_in(s, object);

        if (*weight == WEIGHT_IDLE)
                (void) fputs("idle\n", out);
        else if (*weight > 0)
                (void) fprintf(out, "%u\n", *weight);
}

int value_quota(const struct assignment *a) {
        uint64_t *field = field_of(a), quota = 0;

        if (*a->value != '\0' && parse_percent(a->value, UINT64_C(100000000), &quota) < 0)
                return value_reject(a, "not %s", a->setting->values);
        if (*a->value != '\0' && quota == 0)
                return value_reject(a, "nothing could ever run");
        *field = quota;
        return 0;
}

void value_print_quota(const struct setting *s, const void *object, FILE *out) {
        const uint64_t *quota = field_in(s, object);

        if (*quota > 0)
                print_percent(*quota, out);
}

int value_period(const struct assignment *a) {
        usec_t *field = field_of(a), period = 0;

        if (*a->value != '\0' && parse_span(a->value, &period) < 0)
                return value_reject(a, "not %s", a->setting->values);
        *field = period == USEC_INFINITY ? 0 : period;
        return 0;
}

void value_print_period(const struct setting *s, const void *object, FILE *out) {
        const usec_t *period = field_in(s, object);
        char text[PARSE_PRINT_MAX];

        if (*period > 0)
                (void) fprintf(out, "%s\n", print_span(*period, text));
}

/* Of a disk's makers: K, M and G are powers of a thousand here, as in systemd. */
static int parse_decimal(const char *text, uint64_t *ret) {
        static const char letters[] = "KMGTPE";
        uint64_t value = 0;
        const char *at = text;

        if (strcmp(text, "infinity") == 0) {
                *ret = UINT64_MAX;
                return 0;
        }
        for (; *at >= '0' && *at <= '9'; at++)
                if (__builtin_mul_overflow(value, 10, &value) ||
                    __builtin_add_overflow(value, (uint64_t) (*at - '0'), &value))
                        return -ERANGE;
        const char *letter = *at != '\0' ? strchr(letters, *at) : NULL;
        if (at == text || (*at != '\0' && strcmp(at, "B") != 0 && (!letter || at[1] != '\0')))
                return -EINVAL;
        for (const char *power = letters; letter && power <= letter; power++)
                if (__builtin_mul_overflow(value, 1000, &value))
                        return -ERANGE;
        *ret = value;
        return 0;
}

static int parse_device_value(enum device_limit_kind kind, const char *text, uint64_t *ret) {
        unsigned weight;

        if (kind == DEVICE_LATENCY)
                return parse_span(text, ret);
        if (kind != DEVICE_WEIGHT) {
                int r = parse_decimal(text, ret);
                return r < 0 || *ret > 0 ? r : -EINVAL;
        }
        int r = parse_unsigned(text, WEIGHT_MOST, &weight);
        if (r < 0 || weight == 0)
                return -EINVAL;
        *ret = weight;
        return 0;
}

static void drop_devices(struct budget *b, enum device_limit_kind kind) {
        for (struct device_limit **at = &b->devices; *at;) {
                struct device_limit *d = *at;

                if (d->kind != kind) {
                        at = &d->next;
                        continue;
                }
                *at = d->next;
                free(d);
        }
}

static int add_device(const struct assignment *a, enum device_limit_kind kind, const char *path,
                      uint64_t value) {
        struct budget *b = a->object;
        struct device_limit **at = &b->devices;

        for (; *at; at = &(*at)->next)
                if ((*at)->kind == kind && strcmp((*at)->path, path) == 0) {
                        (*at)->value = value;
                        return 0;
                }
        size_t size = strlen(path) + 1;
        *at = calloc(1, sizeof(**at) + size);
        if (!*at)
                return value_out_of_memory(a);
        (*at)->kind = (uint8_t) kind;
        (*at)->value = value;
        memcpy((*at)->path, path, size);
        return 0;
}

int value_device(const struct assignment *a) {
        const struct device_row *row = a->setting->table;
        autostrv char **words = NULL;
        autofree char *path = NULL;
        uint64_t value;

        if (*a->value == '\0') {
                drop_devices(a->object, row->kind);
                return 0;
        }
        int r = text_split(a->value, &words);
        if (r == -ENOMEM)
                return value_out_of_memory(a);
        if (r < 0 || strv_length(words) != 2)
                return value_reject(a, "not %s", a->setting->values);
        r = value_expand(a, words[0], &path);
        if (r < 0)
                return r;
        if (*path != '/')
                return value_reject(a, "'%.64s' is not an absolute path", path);
        if (parse_device_value(row->kind, words[1], &value) < 0)
                return value_reject(a, "not %s", a->setting->values);
        return add_device(a, row->kind, path, value);
}

void value_print_device(const struct setting *s, const void *object, FILE *out) {
        const struct device_row *row = s->table;
        char text[PARSE_PRINT_MAX];

        for (const struct device_limit *d = ((const struct budget *) object)->devices; d; d = d->next) {
                if (d->kind != row->kind)
                        continue;
                text_print_word(out, d->path);
                if (d->kind == DEVICE_LATENCY)
                        (void) fprintf(out, " %s\n", print_span(d->value, text));
                else if (d->value == UINT64_MAX)
                        (void) fputs(" infinity\n", out);
                else
                        (void) fprintf(out, " %" PRIu64 "\n", d->value);
        }
}

#define OOM_WORD(name, word) word,
static const char *const oom_words[] = { OOM_POLICIES(OOM_WORD) };

int value_oom_policy(const struct assignment *a) {
        static const struct words words = { oom_words, countof(oom_words) };
        struct setting inner = *a->setting;
        struct assignment within = *a;

        inner.table = &words;
        inner.fallback = "";
        within.setting = &inner;
        return value_word(&within);
}

void value_print_oom_policy(const struct setting *s, const void *object, FILE *out) {
        (void) s;
        (void) fprintf(out, "%s\n", oom_words[budget_oom_policy(object)]);
}

/* Yes is on, and no is off. */
int value_pressure_watch(const struct assignment *a) {
        uint8_t *field = field_of(a);
        bool is_on;

        if (*a->value == '\0')
                *field = PRESSURE_AUTO;
        else if (parse_bool(a->value, &is_on) == 0)
                *field = is_on ? PRESSURE_ON : PRESSURE_OFF;
        else
                return value_word(a);
        return 0;
}

void value_print_pressure_watch(const struct setting *s, const void *object, FILE *out) {
        value_print_word(s, object, out);
}

/* Yes, no, or the controllers that are handed on. */
int value_delegate(const struct assignment *a) {
        struct budget *b = a->object;
        autostrv char **words = NULL;
        bool yes = true;

        if (*a->value == '\0' || parse_bool(a->value, &yes) == 0) {
                b->delegate = yes;
                b->delegated = yes && *a->value != '\0' ? (1U << CONTROLLER_COUNT) - 1 : 0;
                return 0;
        }
        int r = text_split(a->value, &words);
        if (r == -ENOMEM)
                return value_out_of_memory(a);
        b->delegate = true;
        for (char **word = words; r >= 0 && word && *word; word++) {
                enum controller c = 0;

                while (c < CONTROLLER_COUNT && strcmp(controller_word(c), *word) != 0)
                        c++;
                if (c == CONTROLLER_COUNT)
                        (void) value_warn(a, "there is no controller %.64s in cgroup v2; left out", *word);
                else
                        b->delegated |= 1U << c;
        }
        return r < 0 ? value_reject(a, "not %s", a->setting->values) : 0;
}

void value_print_delegate(const struct setting *s, const void *object, FILE *out) {
        const struct budget *b = object;
        const char *blank = "";

        (void) s;
        if (!b->delegate || b->delegated == (1U << CONTROLLER_COUNT) - 1) {
                (void) fputs(b->delegate ? "yes\n" : "no\n", out);
                return;
        }
        for (enum controller c = 0; c < CONTROLLER_COUNT; c++)
                if (b->delegated & 1U << c) {
                        (void) fprintf(out, "%s%s", blank, controller_word(c));
                        blank = " ";
                }
        (void) fputc('\n', out);
}

/* "a-b.slice" lies in "a.slice": no empty part between the dashes. */
bool value_is_slice(const char *name) {
        size_t n = strlen(name) - strlen(".slice");

        if (strcmp(name, "-.slice") == 0)
                return true;
        return n > 0 && unit_is_name(name) && *name != '-' && name[n - 1] != '-' && !strstr(name, "--") &&
               !strchr(name, '@');
}

int value_slice(const struct assignment *a) {
        char **field = field_of(a);
        autofree char *name = NULL;

        if (*a->value != '\0') {
                int r = value_expand(a, a->value, &name);

                if (r < 0)
                        return r;
                if (!text_ends(name, ".slice") || !value_is_slice(name))
                        return value_reject(a, "not %s", a->setting->values);
        }
        free(*field);
        *field = name && strcmp(name, "-.slice") != 0 ? TAKE(name) : NULL;
        return 0;
}

void value_print_slice(const struct setting *s, const void *object, FILE *out) {
        value_print_string(s, object, out);
}
