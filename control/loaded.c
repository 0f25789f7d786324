#include <string.h>

#include "control/loaded.h"

int loaded_open(struct loaded *l, const struct load_options *o) {
        *l = (struct loaded){};
        int r = plan_load(&l->plan, o, &l->diags, &l->config);
        if (r < 0 && l->diags.errors == 0)
                (void) diag(&l->diags, o->path, 0, r, "loading it: %s", strerror(-r));
        return r;
}

void loaded_close(struct loaded *l) {
        plan_done(&l->plan);
        config_free(l->config);
        diags_done(&l->diags);
        *l = (struct loaded){};
}
