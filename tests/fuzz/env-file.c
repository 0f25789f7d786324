/* Any bytes as an EnvironmentFile=: names are names, values stay inside the text. */

#include <string.h>

#include "config/expand.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct span {
        const char *text, *end;
};

static int look(void *context, const char *name, const char *value) {
        const struct span *s = context;

        if (expand_name_length(name) != strlen(name) || *name == '\0')
                abort();
        if (value < s->text || value + strlen(value) > s->end)
                abort();
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        autofree char *text = malloc(size + 1);
        struct diags d = {};

        if (!text)
                return 0;
        memcpy(text, data, size);
        text[size] = '\0';

        struct span s = { text, text + size };
        if (expand_env_file(text, "env", &d, look, &s) != 0)
                abort();
        diags_done(&d);
        return 0;
}
