#include <errno.h>
#include <stdarg.h>

#include "config/path.h"
#include "config/suggest.h"
#include "config/verify.h"

static void printf_like(4, 5)
        say(const struct verify *v, const char *key, int error, const char *format, ...) {
        const struct origin *at =
                setting_origin(setting_find_in(OWNER_UNIT, "Path", key), v->origins, v->n_origins);
        autofree char *words = NULL;
        va_list arguments;

        va_start(arguments, format);
        if (vasprintf(&words, format, arguments) < 0)
                words = NULL;
        va_end(arguments);
        diag(v->diags, at ? at->file : v->unit->file, at ? at->line : v->unit->line, error, "%s: %s",
             v->unit->name, words ? words : "out of memory");
}

static void check_unit(const struct verify *v) {
        const char *name = v->unit->path->unit;
        struct suggest near;

        if (!v->config || !name || !v->unit->from_tend_ini || config_find(v->config, name))
                return;
        say(v, "Unit", -ENOENT, "it starts %s, and there is no such unit", name);
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
                say(v, "PathExists", -EINVAL,
                    "there is nothing to watch: PathExists= or one of its kin is missing");
                return;
        }
        if (v->unit->from_tend_ini && p->make_directory && p->lines && !makes_something(p))
                say(v, "MakeDirectory", 0,
                    "MakeDirectory= makes no directory for PathExists= and PathExistsGlob=");
        check_unit(v);
}
