/* Any lines as those of tmpfiles.d: what is taken has a path that is one, and is the same when read again. */

#include <string.h>

#include "prepare/tmpfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const char *line) {
        struct diags d = {};
        struct tmpfile t = {}, again = {};

        int r = tmpfile_parse("fuzz.conf", 1, line, &d, &t);
        if (r < 0)
                abort();
        if (r == 1) {
                if (t.path[0] != '/' || strstr(t.path, "//") || !t.kind)
                        abort();
                if (tmpfile_parse("fuzz.conf", 1, line, &d, &again) != 1 || !tmpfile_agrees(&t, &again))
                        abort();
                tmpfile_done(&again);
                tmpfile_done(&t);
        }
        diags_done(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        autofree char *text = malloc(size + 1);
        char *at = text, *line;

        if (!text)
                return 0;
        memcpy(text, data, size);
        text[size] = '\0';
        while ((line = strsep(&at, "\n")))
                look(line);
        return 0;
}
