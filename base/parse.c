#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <strings.h>

#include "base/parse.h"
#include "base/text.h"

#define WHITE_SPACE " \t\n\r"

/* A number's unit, by its words: how many of the smallest one it is. */
struct scale {
        const char *words; /* parted by blanks, with one at either end */
        uint64_t factor;
};

static const struct scale spans[] = {
        { " us usec \xc2\xb5s \xce\xbcs ", 1 },        { " ms msec ", USEC_PER_MSEC },
        { " s sec second seconds ", USEC_PER_SEC },    { " m min minute minutes ", USEC_PER_MIN },
        { " h hr hour hours ", USEC_PER_HOUR },        { " d day days ", USEC_PER_DAY },
        { " w week weeks ", 7 * USEC_PER_DAY },        { " M month months ", 2629800 * USEC_PER_SEC },
        { " y year years ", 31557600 * USEC_PER_SEC },
};

#define NSEC_PER_USEC UINT64_C(1000)
static const struct scale nanoseconds[] = {
        { " ns nsec ", 1 },
        { " us usec \xc2\xb5s \xce\xbcs ", NSEC_PER_USEC },
        { " ms msec ", NSEC_PER_USEC *USEC_PER_MSEC },
        { " s sec second seconds ", NSEC_PER_USEC *USEC_PER_SEC },
        { " m min minute minutes ", NSEC_PER_USEC *USEC_PER_MIN },
        { " h hr hour hours ", NSEC_PER_USEC *USEC_PER_HOUR },
        { " d day days ", NSEC_PER_USEC *USEC_PER_DAY },
        { " w week weeks ", NSEC_PER_USEC * 7 * USEC_PER_DAY },
};

static const struct scale sizes[] = {
        { " B ", 1 },
        { " K ", UINT64_C(1) << 10 },
        { " M ", UINT64_C(1) << 20 },
        { " G ", UINT64_C(1) << 30 },
        { " T ", UINT64_C(1) << 40 },
        { " P ", UINT64_C(1) << 50 },
        { " E ", UINT64_C(1) << 60 },
};

static const char *const signal_names[] = {
        [SIGHUP] = "HUP",       [SIGINT] = "INT",   [SIGQUIT] = "QUIT",   [SIGILL] = "ILL",
        [SIGTRAP] = "TRAP",     [SIGABRT] = "ABRT", [SIGBUS] = "BUS",     [SIGFPE] = "FPE",
        [SIGKILL] = "KILL",     [SIGUSR1] = "USR1", [SIGSEGV] = "SEGV",   [SIGUSR2] = "USR2",
        [SIGPIPE] = "PIPE",     [SIGALRM] = "ALRM", [SIGTERM] = "TERM",   [SIGCHLD] = "CHLD",
        [SIGCONT] = "CONT",     [SIGSTOP] = "STOP", [SIGTSTP] = "TSTP",   [SIGTTIN] = "TTIN",
        [SIGTTOU] = "TTOU",     [SIGURG] = "URG",   [SIGXCPU] = "XCPU",   [SIGXFSZ] = "XFSZ",
        [SIGVTALRM] = "VTALRM", [SIGPROF] = "PROF", [SIGWINCH] = "WINCH", [SIGIO] = "IO",
        [SIGPWR] = "PWR",       [SIGSYS] = "SYS",
#ifdef SIGSTKFLT
        [SIGSTKFLT] = "STKFLT",
#endif
};

/* Other names of the same signals. */
static const struct {
        const char *name;
        int signal;
} signal_aliases[] = { { "POLL", SIGIO }, { "CLD", SIGCHLD }, { "IOT", SIGABRT } };

static const struct scale *find_scale(const struct scale *scales, size_t n, const char *word, size_t length) {
        for (size_t i = 0; i < n; i++)
                for (const char *p = scales[i].words + 1; *p != '\0'; p += strcspn(p, " ") + 1)
                        if (strcspn(p, " ") == length && memcmp(p, word, length) == 0)
                                return &scales[i];
        return NULL;
}

/* Reads digits at *at; -ERANGE where they make too large a number, -EINVAL where there are none. */
int parse_digits(const char **at, uint64_t *ret) {
        const char *p = *at;
        uint64_t value = 0;

        if (!text_is_digit(*p))
                return -EINVAL;
        for (; text_is_digit(*p); p++)
                if (__builtin_mul_overflow(value, 10u, &value) ||
                    __builtin_add_overflow(value, (uint64_t) (*p - '0'), &value))
                        return -ERANGE;
        *at = p;
        *ret = value;
        return 0;
}

/* What follows the point, in parts of `factor`: "5" of a minute is 30 s. */
static uint64_t read_fraction(const char **at, uint64_t factor) {
        uint64_t sum = 0, part = factor;

        for (; text_is_digit(**at); ++*at) {
                uint64_t rest = part % 10;

                part /= 10;
                sum += part * (uint64_t) (**at - '0') + rest * (uint64_t) (**at - '0') / 10;
        }
        return sum;
}

/* One "12.5min"; a number without a unit counts in `plain`. Adds it to *sum. */
static int read_part(const char **at, const struct scale *scales, size_t n, uint64_t plain, uint64_t *sum) {
        uint64_t value, fraction;
        const char *decimals = NULL;
        int r = parse_digits(at, &value);

        if (r < 0)
                return r;
        if (**at == '.') {
                decimals = ++*at;
                if (!text_is_digit(*decimals))
                        return -EINVAL;
                *at += strspn(*at, "0123456789");
        }

        *at += strspn(*at, WHITE_SPACE);
        size_t length = strcspn(*at, WHITE_SPACE "0123456789");
        const struct scale *scale = length > 0 ? find_scale(scales, n, *at, length) : NULL;
        if (length > 0 && !scale)
                return -EINVAL;
        *at += length;

        uint64_t factor = scale ? scale->factor : plain;
        fraction = decimals ? read_fraction(&decimals, factor) : 0;
        if (__builtin_mul_overflow(value, factor, &value) || __builtin_add_overflow(*sum, value, sum) ||
            __builtin_add_overflow(*sum, fraction, sum))
                return -ERANGE;
        return 0;
}

static int parse_sum(const char *text, const struct scale *scales, size_t n, uint64_t plain, uint64_t *ret) {
        const char *p = text + strspn(text, WHITE_SPACE);
        uint64_t sum = 0;

        if (strncmp(p, "infinity", 8) == 0 && p[8 + strspn(p + 8, WHITE_SPACE)] == '\0') {
                *ret = UINT64_MAX;
                return 0;
        }
        do {
                int r = read_part(&p, scales, n, plain, &sum);

                if (r < 0)
                        return r;
                p += strspn(p, WHITE_SPACE);
        } while (*p != '\0');

        /* The largest number of all means "infinity". */
        if (sum == UINT64_MAX)
                return -ERANGE;
        *ret = sum;
        return 0;
}

int parse_span(const char *text, usec_t *ret) {
        return parse_sum(text, spans, countof(spans), USEC_PER_SEC, ret);
}

int parse_nanoseconds(const char *text, uint64_t *ret) {
        return parse_sum(text, nanoseconds, countof(nanoseconds), 1, ret);
}

int parse_size(const char *text, uint64_t *ret) {
        return parse_sum(text, sizes, countof(sizes), 1, ret);
}

int parse_bool(const char *text, bool *ret) {
        static const char *const words[] = { "0",     "1",    "no", "yes", "n",   "y",
                                             "false", "true", "f",  "t",   "off", "on" };

        for (size_t i = 0; i < countof(words); i++)
                if (strcasecmp(text, words[i]) == 0) {
                        *ret = i % 2 == 1;
                        return 0;
                }
        return -EINVAL;
}

int parse_unsigned(const char *text, unsigned most, unsigned *ret) {
        uint64_t value;
        int r = parse_digits(&text, &value);

        if (r < 0)
                return r;
        if (*text != '\0')
                return -EINVAL;
        if (value > most)
                return -ERANGE;
        *ret = (unsigned) value;
        return 0;
}

int parse_device(const char *text, unsigned *ret_major, unsigned *ret_minor) {
        uint64_t major, minor = 0;
        int r = parse_digits(&text, &major);

        if (r == 0)
                r = *text++ == ':' ? parse_digits(&text, &minor) : -EINVAL;
        if (r < 0)
                return r;
        if (*text != '\0')
                return -EINVAL;
        if (major > UINT_MAX || minor > UINT_MAX)
                return -ERANGE;
        *ret_major = (unsigned) major;
        *ret_minor = (unsigned) minor;
        return 0;
}

int parse_int(const char *text, int least, int most, int *ret) {
        bool negative = *text == '-';
        uint64_t value;

        if (*text == '-' || *text == '+')
                text++;

        int r = parse_digits(&text, &value);
        if (r < 0)
                return r;
        if (*text != '\0')
                return -EINVAL;
        if (value > INT32_MAX)
                return -ERANGE;

        int number = negative ? -(int) value : (int) value;
        if (number < least || number > most)
                return -ERANGE;
        *ret = number;
        return 0;
}

int parse_mode(const char *text, unsigned *ret) {
        unsigned value = 0;

        if (*text == '\0')
                return -EINVAL;
        for (; *text != '\0'; text++) {
                if (*text < '0' || *text > '7')
                        return -EINVAL;
                value = value * 8 + (unsigned) (*text - '0');
                if (value > 07777)
                        return -ERANGE;
        }
        *ret = value;
        return 0;
}

/* "RTMIN", "RTMIN+3", "RTMAX-1": of the C library's SIGRTMIN, which leaves out what it keeps for itself. */
static int parse_real_time(const char *text, int *ret) {
        bool from_least = strncmp(text, "RTMIN", 5) == 0;
        int range = SIGRTMAX - SIGRTMIN, distance = 0, r = 0;

        if (!from_least && strncmp(text, "RTMAX", 5) != 0)
                return -EINVAL;
        text += 5;
        if (*text == (from_least ? '+' : '-'))
                r = parse_int(text + 1, 0, range, &distance);
        else if (*text != '\0')
                r = -EINVAL;
        if (r < 0)
                return r;
        *ret = from_least ? SIGRTMIN + distance : SIGRTMAX - distance;
        return 0;
}

int parse_signal(const char *text, int *ret) {
        if (text_is_digit(*text))
                return parse_int(text, 1, 64, ret);

        if (strncmp(text, "SIG", 3) == 0)
                text += 3;
        for (int i = 1; i < (int) countof(signal_names); i++)
                if (signal_names[i] && strcmp(text, signal_names[i]) == 0) {
                        *ret = i;
                        return 0;
                }
        for (size_t i = 0; i < countof(signal_aliases); i++)
                if (strcmp(text, signal_aliases[i].name) == 0) {
                        *ret = signal_aliases[i].signal;
                        return 0;
                }
        return parse_real_time(text, ret);
}

const char *print_span(usec_t span, char buffer[PARSE_PRINT_MAX]) {
        static const struct {
                const char *word;
                usec_t factor;
        } units[] = {
                { "d", USEC_PER_DAY }, { "h", USEC_PER_HOUR },  { "min", USEC_PER_MIN },
                { "s", USEC_PER_SEC }, { "ms", USEC_PER_MSEC }, { "us", 1 },
        };
        size_t used = 0;

        if (span == USEC_INFINITY)
                return "infinity";
        if (span == 0)
                return "0";
        for (size_t i = 0; i < countof(units); i++) {
                if (span < units[i].factor)
                        continue;
                used += (size_t) snprintf(buffer + used, PARSE_PRINT_MAX - used, "%s%" PRIu64 "%s",
                                          used > 0 ? " " : "", span / units[i].factor, units[i].word);
                span %= units[i].factor;
        }
        return buffer;
}

const char *print_size(uint64_t size, char buffer[PARSE_PRINT_MAX]) {
        size_t i = countof(sizes) - 1;

        if (size == UINT64_MAX)
                return "infinity";
        while (i > 0 && (size == 0 || size % sizes[i].factor != 0))
                i--;

        /* Bytes have no letter. */
        (void) snprintf(buffer, PARSE_PRINT_MAX, "%" PRIu64 "%.*s", size / sizes[i].factor, i > 0,
                        &sizes[i].words[1]);
        return buffer;
}

const char *print_signal(int signal, char buffer[PARSE_PRINT_MAX]) {
        if (signal > 0 && signal < (int) countof(signal_names) && signal_names[signal])
                (void) snprintf(buffer, PARSE_PRINT_MAX, "SIG%s", signal_names[signal]);
        else if (signal == SIGRTMIN)
                return "SIGRTMIN";
        else if (signal > SIGRTMIN && signal <= SIGRTMAX)
                (void) snprintf(buffer, PARSE_PRINT_MAX, "SIGRTMIN+%d", signal - SIGRTMIN);
        else
                (void) snprintf(buffer, PARSE_PRINT_MAX, "signal %d", signal);
        return buffer;
}
