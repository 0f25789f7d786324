#include <inttypes.h>

#include "base/parse.h"
#include "plot/span.h"

const char *span_exact(usec_t span, char buffer[SPAN_MAX]) {
        static const struct {
                usec_t factor;
                int digits;
                const char *word;
        } units[] = { { USEC_PER_SEC, 6, "s" }, { USEC_PER_MSEC, 3, "ms" }, { 1, 0, "us" } };
        size_t i = 0;

        if (span == 0 || span >= USEC_PER_MIN)
                return print_span(span, buffer);
        while (span < units[i].factor)
                i++;
        usec_t rest = span % units[i].factor;
        int digits = units[i].digits;
        for (; rest > 0 && rest % 10 == 0; rest /= 10)
                digits--;
        int n = snprintf(buffer, SPAN_MAX, "%" PRIu64, span / units[i].factor);
        if (rest > 0)
                n += snprintf(buffer + n, SPAN_MAX - (size_t) n, ".%0*" PRIu64, digits, rest);
        (void) snprintf(buffer + n, SPAN_MAX - (size_t) n, "%s", units[i].word);
        return buffer;
}

const char *span_words(usec_t span, char buffer[SPAN_MAX]) {
        /* From so much on, nobody wants to know it better than this. */
        static const struct {
                usec_t from, to;
        } rounds[] = {
                { USEC_PER_DAY, USEC_PER_HOUR },       { USEC_PER_HOUR, USEC_PER_MIN },
                { USEC_PER_MIN, USEC_PER_SEC },        { 10 * USEC_PER_MSEC, USEC_PER_MSEC },
                { USEC_PER_MSEC, USEC_PER_MSEC / 10 },
        };

        if (span >= USEC_PER_SEC && span < USEC_PER_MIN) {
                (void) snprintf(buffer, SPAN_MAX, "%" PRIu64 ".%03" PRIu64 "s", span / USEC_PER_SEC,
                                span % USEC_PER_SEC / USEC_PER_MSEC);
                return buffer;
        }
        for (size_t i = 0; i < countof(rounds); i++)
                if (span >= rounds[i].from)
                        return span_exact(span - span % rounds[i].to, buffer);
        return span_exact(span, buffer);
}
