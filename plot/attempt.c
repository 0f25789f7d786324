#include "plot/attempt.h"

#include <string.h>

bool attempt_is_repeated(const struct live_history *u, size_t run) {
        return run + 1 < u->n_runs ? u->runs[run + 1].asked == 0 : strcmp(u->state, "auto-restart") == 0;
}

bool attempt_next(const struct live_history *u, size_t *at, struct attempt *ret) {
        size_t from = *at, to = from;

        if (from >= u->n_runs)
                return false;
        while (to + 1 < u->n_runs && u->runs[to].ready == 0 && attempt_is_repeated(u, to))
                to++;
        const struct live_run *run = &u->runs[to];
        bool goes_on = run->ready == 0 && attempt_is_repeated(u, to);
        *ret = (struct attempt){
                .asked = u->runs[from].asked,
                .begun = u->runs[from].begun,
                .settled = run->ready != 0 ? run->ready
                           : goes_on       ? 0
                                           : run->ended,
                .tries = (unsigned) (to - from + 1) + (from == 0 && to > 0 ? u->lost : 0),
                .failed = run->ready == 0 && run->failed,
                .why = run->why,
        };
        *at = to + 1;
        return true;
}
