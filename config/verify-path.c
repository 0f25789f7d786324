/* What a .path has to have, and what it starts. */
#include <errno.h>

#include "config/path.h"
#include "config/suggest.h"
#include "config/verify.h"

static void check_unit(const struct verify *v) {
        const char *name = v->unit->path->unit;
        struct suggest near;

        if (!v->config || !name || !v->unit->from_tend_ini || config_find(v->config, name))
                return;
        verify_say(v, "Path", "Unit", -ENOENT, "it starts %s, and there is no such unit", name);
        suggest_init(&near, name);
        for (size_t i = 0; i < v->config->n_units; i++)
                if (!unit_trigger_field(v->config->units[i]))
                        suggest_offer(&near, v->config->units[i]->name);
        if (near.best)
                diag_hint(v->diags, "did you mean Unit=%s?", near.best);
}

static bool makes_something(const struct path_spec *p) {
        for (const struct path_line *l = p->lines; l; l = l->next)
                if (l->kind != PATH_EXISTS && l->kind != PATH_EXISTS_GLOB)
                        return true;
        return false;
}

void verify_path(const struct verify *v) {
        const struct path_spec *p = v->unit->path;

        if (!p->lines && !(v->has_errors && v->unit->from_tend_ini)) {
                verify_say(v, "Path", "PathExists", -EINVAL,
                           "there is nothing to watch: PathExists= or one of its kin is missing");
                return;
        }
        if (v->unit->from_tend_ini && p->make_directory && p->lines && !makes_something(p))
                verify_say(v, "Path", "MakeDirectory", 0,
                           "MakeDirectory= makes no directory for PathExists= and PathExistsGlob=");
        check_unit(v);
}
