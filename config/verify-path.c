/* What a .path has to have, and what it starts. */
#include <errno.h>

#include "config/path.h"
#include "config/verify.h"

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
        verify_started(v, "Path", "Unit", -ENOENT);
}
