#include "config/path.h"
#include "config/value.h"

#define PLAIN_WORD(name, word) word,
static const char *const kinds[] = { PATH_KINDS(PLAIN_WORD) };

const char *path_kind_word(enum path_kind k) {
        return k < PATH_KIND_COUNT ? kinds[k] : "?";
}

bool path_kind_is_change(enum path_kind k) {
        return k == PATH_CHANGED || k == PATH_MODIFIED;
}

void path_spec_reset(struct path_spec *p) {
        while (p->lines) {
                struct path_line *l = p->lines;

                p->lines = l->next;
                free(l);
        }
}

struct path_spec *path_spec_free(struct path_spec *p) {
        if (!p)
                return NULL;
        path_spec_reset(p);
        free(p->unit);
        free(p);
        return NULL;
}

struct path_spec *path_spec_new(void) {
        struct path_spec *p = calloc(1, sizeof(*p));

        return p && setting_fill(PART_PATH, p) < 0 ? path_spec_free(p) : p;
}
