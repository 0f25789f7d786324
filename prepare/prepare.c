#include <sys/stat.h>

#include "prepare/mode.h"
#include "prepare/prepare.h"
#include "prepare/sysusers.h"
#include "prepare/tmpfiles.h"

int prepare_begin(void) {
        return mode_begin();
}

int prepare_run(bool clears, struct prepare_result *ret) {
        *ret = (struct prepare_result){};
        (void) umask(0022);

        int r = sysusers_run(&ret->diags);
        struct deeds d = { .diags = &ret->diags };
        if (r == 0)
                r = tmpfiles_run(&d, clears);
        ret->read_only = d.read_only;
        ret->forbidden = d.forbidden;
        return r;
}

void prepare_done(struct prepare_result *p) {
        diags_done(&p->diags);
}
