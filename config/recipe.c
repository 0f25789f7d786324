#include <errno.h>
#include <string.h>

#include "config/recipe.h"
#include "config/settle.h"
#include "config/unit.h"

int recipe_add(struct recipe *r, const struct setting *s, const char *value) {
        struct recipe_line *lines = reallocarray(r->lines, r->n + 1, sizeof(*lines));

        if (!lines)
                return -ENOMEM;
        r->lines = lines;
        lines[r->n] = (struct recipe_line){ .setting = s, .value = strdup(value) };
        if (!lines[r->n].value)
                return -ENOMEM;
        r->n++;
        return 0;
}

/* Its end is the end of one connection, not the container's business, and what it was given does not come
 * back. */
static int settle(const struct recipe *r, struct unit *u) {
        int error = settle_unit(u, r->timeout_start);

        u->restart = RESTART_NO;
        if (!r->keeps_failure_action)
                u->failure_action = ACTION_NONE;
        return error;
}

int recipe_make(const struct recipe *r, const char *name, struct unit **ret) {
        struct unit *u = unit_new(&r->fresh, name);
        int error = 0;

        if (!u)
                return -ENOMEM;
        u->file = r->file;
        u->line = r->line;
        for (size_t i = 0; i < r->n && error != -ENOMEM; i++) {
                struct assignment a = {
                        .setting = r->lines[i].setting,
                        .object = u,
                        .value = r->lines[i].value,
                        .file = r->file,
                        .line = r->line,
                        .unit = u,
                        .hostname = r->hostname,
                };
                error = setting_parse(&a);
        }
        if (error != -ENOMEM)
                error = settle(r, u);
        if (error == -ENOMEM) {
                unit_free(u);
                return -ENOMEM;
        }
        *ret = u;
        return 0;
}

struct recipe *recipe_free(struct recipe *r) {
        if (!r)
                return NULL;
        for (size_t i = 0; i < r->n; i++)
                free(r->lines[i].value);
        free(r->lines);
        free(r);
        return NULL;
}
