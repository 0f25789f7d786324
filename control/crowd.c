#include "control/crowd.h"

#include <inttypes.h>
#include <unistd.h>

#include "config/setting.h"
#include "supervisor/cgroup.h"
#include "supervisor/fit.h"

#define TEXT_MAX 64

static const char *print(enum fit_kind kind, uint64_t n, char text[TEXT_MAX]) {
        if (n == UINT64_MAX)
                (void) snprintf(text, TEXT_MAX, "infinity");
        else if (kind == FIT_TASKS_MAX)
                (void) snprintf(text, TEXT_MAX, "%" PRIu64, n);
        else if (kind == FIT_CPU_QUOTA)
                (void) snprintf(text, TEXT_MAX, "%g%%", (double) n * 100 / AMOUNT_WHOLE);
        else
                (void) snprintf(text, TEXT_MAX, "%.1f MiB", (double) n / 1048576);
        return text;
}

static void say(const struct fit *f, enum fit_kind kind, struct diags *d) {
        char sum[TEXT_MAX], whole[TEXT_MAX], more[TEXT_MAX], part[TEXT_MAX];
        const struct setting *s = setting_find(OWNER_UNIT, fit_word(kind));
        const struct origin *o = s ? setting_origin(s, f->most->origins, f->most->n_origins) : NULL;

        print(kind, f->sum == UINT64_MAX ? f->sum : f->sum - f->whole, more);
        (void) diag(
                d, o ? o->file : f->most->file, o ? o->line : f->most->line, 0,
                "%s= adds up to %s, and the container has %s: %s too much; the largest of %zu is %s with %s",
                fit_word(kind), print(kind, f->sum, sum), print(kind, f->whole, whole), more, f->n,
                f->most->name, print(kind, f->part, part));
        diag_hint(d,
                  kind == FIT_MEMORY_MIN
                          ? "the kernel cannot keep that much for them"
                          : "all of them at once cannot have it: lower some, or let a slice limit their sum");
}

void crowd_check(const struct config *c, struct diags *d) {
        struct cgroups here;
        autofree uint64_t *scratch = calloc(c->n_slices + 1, sizeof(*scratch));

        cgroup_survey(&here, environ);
        for (enum fit_kind kind = 0; scratch && kind < FIT_COUNT; kind++) {
                struct fit f = fit_sum(c, kind, &here.whole, scratch);
                if (f.most && f.sum > f.whole)
                        say(&f, kind, d);
        }
}
