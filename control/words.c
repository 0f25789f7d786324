#include "control/words.h"

#include <errno.h>
#include <string.h>

#include "base/glob.h"
#include "base/pattern.h"

int words_read(struct wire_in *in, struct words *ret) {
        ssize_t n = wire_read_strings(in, ret->list, countof(ret->list));
        size_t patterns = 0;

        if (n < 0)
                return (int) n;
        for (ssize_t i = 0; i < n; i++)
                if (glob_is_pattern(ret->list[i]))
                        patterns += strlen(ret->list[i]);
        if (patterns > WORDS_PATTERNS_MOST)
                return -E2BIG;
        ret->n = (size_t) n;
        return 0;
}

bool words_have(const struct words *w, const char *word) {
        for (size_t i = 0; i < w->n; i++)
                if (strcmp(w->list[i], word) == 0)
                        return true;
        return w->n == 0;
}

bool words_fit(const struct words *w, const char *name) {
        for (size_t i = 0; i < w->n; i++)
                if (pattern_fits(w->list[i], name, PATTERN_NO_ESCAPE))
                        return true;
        return w->n == 0;
}
