/* Any bytes as an INI file: no crash, every entry inside the text, lines that only grow. */

#include <string.h>

#include "config/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
        const char *text, *end;
        unsigned line;
};

static int look(void *context, const struct entry *e) {
        struct seen *s = context;

        if (e->line < s->line || e->section < s->text || e->section > s->end)
                abort();
        if (e->key && (e->value < s->text || e->value + strlen(e->value) > s->end || strlen(e->key) == 0))
                abort();
        s->line = e->line;
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        autofree char *text = malloc(size + 1);
        struct diags d = {};

        if (!text)
                return 0;
        memcpy(text, data, size);
        text[size] = '\0';

        struct seen s = { .text = text, .end = text + size };
        if (reader_parse(text, size, "fuzz.ini", &d, look, &s) != 0)
                abort();
        diags_done(&d);
        return 0;
}
