/* The size of a service's terminal, and what is written of it when it crashes. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "config/value.h"

#define FILTER_DEFAULT 0x33 /* of the kernel, see core(5) */
#define FILTER_ALL     0x1ff

/* In the order of their bits, see core(5), "Controlling which mappings are written to the core dump". */
static const char *const mappings[] = {
        "private-anonymous", "shared-anonymous", "private-file-backed", "shared-file-backed", "elf-headers",
        "private-huge",      "shared-huge",      "private-dax",         "shared-dax",
};

static void *field_of(const struct assignment *a) {
        return (char *) a->object + a->setting->field;
}

static const void *field_in(const struct setting *s, const void *object) {
        return (const char *) object + s->field;
}

int value_tty_size(const struct assignment *a) {
        unsigned *field = field_of(a), size;

        if (*a->value == '\0') {
                *field = 0;
                return 0;
        }
        if (parse_unsigned(a->value, UINT16_MAX, &size) < 0 || size == 0)
                return value_reject(a, "not %s", a->setting->values);
        *field = size;
        return 0;
}

void value_print_tty_size(const struct setting *s, const void *object, FILE *out) {
        const unsigned *size = field_in(s, object);

        if (*size > 0)
                (void) fprintf(out, "%u\n", *size);
}

/* A name, or the mask as the kernel prints it: in hexadecimal. */
static int read_filter(const char *word, int *ret) {
        char *end;

        for (size_t i = 0; i < countof(mappings); i++)
                if (strcmp(mappings[i], word) == 0) {
                        *ret = 1 << i;
                        return 0;
                }
        if (strcmp(word, "default") == 0 || strcmp(word, "all") == 0) {
                *ret = *word == 'd' ? FILTER_DEFAULT : FILTER_ALL;
                return 0;
        }
        unsigned long number = strtoul(word, &end, 16);
        if (!strchr("0123456789abcdefABCDEF", *word) || *end != '\0' || number > INT32_MAX)
                return -EINVAL;
        *ret = (int) number;
        return 0;
}

/* A later line adds to an earlier one. */
int value_coredump_filter(const struct assignment *a) {
        int *field = field_of(a), filter = MAX(*field, 0), more = 0;
        autostrv char **words = NULL;

        if (*a->value == '\0') {
                *field = -1;
                return 0;
        }
        if (text_split(a->value, &words) < 0)
                return value_reject(a, "a quote that is not closed, or an escape that does not exist");
        for (char **word = words; word && *word; word++) {
                if (read_filter(*word, &more) < 0)
                        return value_reject(a, "'%.64s' is no kind of mapping and no hexadecimal number",
                                            *word);
                filter |= more;
        }
        *field = filter;
        return 0;
}

void value_print_coredump_filter(const struct setting *s, const void *object, FILE *out) {
        const int *filter = field_in(s, object);

        if (*filter >= 0)
                (void) fprintf(out, "0x%x\n", (unsigned) *filter);
}
