#include <inttypes.h>

#include "base/date.h"
#include "client/human.h"

const char *human_size(uint64_t bytes, char buffer[HUMAN_MAX]) {
        static const char letters[] = "BKMGTPE";
        size_t i = 0;
        uint64_t rest = 0;

        while (bytes >= 1000 && i < sizeof(letters) - 2) {
                rest = bytes % 1024;
                bytes /= 1024;
                i++;
        }
        if (bytes < 10 && i > 0 && rest >= 52) /* which is 0.05, rounded up */
                (void) snprintf(buffer, HUMAN_MAX, "%" PRIu64 ".%u%c", bytes, (unsigned) (rest * 10 / 1024),
                                letters[i]);
        else
                (void) snprintf(buffer, HUMAN_MAX, "%" PRIu64 "%c", bytes, letters[i]);
        return buffer;
}

const char *human_span(usec_t span, char buffer[HUMAN_MAX]) {
        static const struct {
                usec_t from, unit;
                const char *word;
        } units[] = {
                { 2 * USEC_PER_DAY, USEC_PER_DAY, "d" },
                { 2 * USEC_PER_HOUR, USEC_PER_HOUR, "h" },
                { 2 * USEC_PER_MIN, USEC_PER_MIN, "m" },
                { 10 * USEC_PER_SEC, USEC_PER_SEC, "s" },
        };

        for (size_t i = 0; i < countof(units); i++)
                if (span >= units[i].from) {
                        (void) snprintf(buffer, HUMAN_MAX, "%" PRIu64 "%s", span / units[i].unit,
                                        units[i].word);
                        return buffer;
                }
        if (span >= USEC_PER_SEC)
                (void) snprintf(buffer, HUMAN_MAX, "%" PRIu64 ".%" PRIu64 "s", span / USEC_PER_SEC,
                                span % USEC_PER_SEC / (100 * USEC_PER_MSEC));
        else
                (void) snprintf(buffer, HUMAN_MAX, "%" PRIu64 "ms", span / USEC_PER_MSEC);
        return buffer;
}

const char *human_share(uint64_t share, char buffer[HUMAN_MAX]) {
        if (share % 100 == 0)
                (void) snprintf(buffer, HUMAN_MAX, "%" PRIu64 "%%", share / 100);
        else
                (void) snprintf(buffer, HUMAN_MAX, "%" PRIu64 ".%02u%%", share / 100,
                                (unsigned) (share % 100));
        return buffer;
}

const char *human_time(usec_t at, char buffer[HUMAN_MAX]) {
        uint64_t seconds = at / USEC_PER_SEC;
        const struct date d = date_of_days((int64_t) (seconds / 86400));

        (void) snprintf(buffer, HUMAN_MAX, "%04u-%02u-%02u %02u:%02u:%02u", (unsigned) d.year % 10000,
                        (unsigned) d.month % 100, (unsigned) d.day % 100, (unsigned) (seconds / 3600 % 24),
                        (unsigned) (seconds / 60 % 60), (unsigned) (seconds % 60));
        return buffer;
}
