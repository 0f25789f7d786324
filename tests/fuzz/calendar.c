/* The first line is an expression, the second a TZ string, the rest a TZif file: no crash, the normal form is
 * its own, and what elapses next lies ahead. */

#include <string.h>

#include "config/calendar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool no_zone(const char *name maybe_unused) {
        return false;
}

static void print(const struct calendar *c, char *form, size_t size) {
        if (calendar_print(c, form, size) != strlen(form))
                abort();
}

static void check(const struct calendar *c, const struct zone *zone) {
        usec_t at = UINT64_C(1700000000) * USEC_PER_SEC;

        for (int i = 0; i < 5 && at != USEC_INFINITY; i++) {
                usec_t next = calendar_next(c, zone, at);
                if (next <= at)
                        abort();
                at = next;
        }
}

static void look(const char *text, const struct zone *zone) {
        static char form[1 << 16], again[1 << 16];
        autofree struct calendar *c = malloc(CALENDAR_SIZE_MOST);

        if (!c || calendar_parse(text, no_zone, c) < 0)
                return;
        print(c, form, sizeof(form));
        check(c, zone);
        /* It may be longer than what is read. */
        if (strlen(form) >= 1000)
                return;
        if (calendar_parse(form, no_zone, c) < 0)
                abort();
        print(c, again, sizeof(again));
        if (strcmp(form, again) != 0)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        autofree char *text = malloc(size + 1);
        struct zone zone = {};

        if (!text)
                return 0;
        memcpy(text, data, size);
        text[size] = '\0';

        char *rest = text, *expression = strsep(&rest, "\n"), *rule = strsep(&rest, "\n");
        if (rule && zone_parse_rule(rule, &zone.rule) < 0)
                zone.rule = (struct zone_rule){};
        look(expression, &zone);
        if (rest && zone_parse(rest, size - (size_t) (rest - text), &zone) == 0)
                look(expression, &zone);
        return 0;
}
