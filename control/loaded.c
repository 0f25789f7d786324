#include <string.h>

#include "control/loaded.h"

int loaded_open(struct loaded *l, const struct load_options *o) {
        struct config *config = NULL;

        *l = (struct loaded){};
        int r = config_load(o, &l->diags, &config);
        if (config) {
                int e = plan_build(&l->plan, config, &l->diags);
                r = r < 0 ? r : e;
        }
        if (r < 0) {
                if (l->diags.errors == 0)
                        (void) diag(&l->diags, o->path, 0, r, "loading it: %s", strerror(-r));
                config_free(config);
                return r;
        }
        l->config = config;
        return 0;
}

void loaded_close(struct loaded *l) {
        plan_done(&l->plan);
        config_free(l->config);
        diags_done(&l->diags);
        *l = (struct loaded){};
}
