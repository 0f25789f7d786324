#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/parse.h"
#include "supervisor/mainpid.h"
#include "supervisor/manager.h"
#include "supervisor/notify.h"
#include "supervisor/vigil.h"
#include "supervisor/watchdog.h"

usec_t watchdog_span(const struct service *s) {
        return s->vigil ? s->vigil->span : USEC_INFINITY;
}

static void wait_until(struct vigil *v, usec_t at) {
        (void) sd_event_source_set_time(v->watchdog, at);
        (void) sd_event_source_set_enabled(v->watchdog,
                                           at == USEC_INFINITY ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

/* What it has said but was not heard yet counts: where PID 1 was kept from running, the service is not to
 * blame. */
static int on_silence(sd_event_source *source maybe_unused, uint64_t at maybe_unused, void *context) {
        struct service *s = context;
        struct vigil *v = s->vigil;
        char span[PARSE_PRINT_MAX];

        notify_drain(s);
        if (!STATE_IN(s->state, STATES_WATCHED) || (s->main == 0 && !mainpid_is_unknown(s)))
                return 0;
        if (manager_now(s->manager) < v->deadline) {
                wait_until(v, v->deadline);
                return 0;
        }
        log_warning(s->unit->name, "its watchdog has fallen silent: no WATCHDOG=1 for %s",
                    print_span(v->span, span));
        service_dispatch(s, EVENT_SILENT);
        return 0;
}

static int make_timer(struct service *s) {
        struct vigil *v = vigil_of(s);

        if (!v)
                return -ENOMEM;
        if (v->watchdog)
                return 0;
        int r = sd_event_add_time(s->manager->event, &v->watchdog, CLOCK_MONOTONIC, 0, USEC_PER_MSEC,
                                  on_silence, s);
        return r < 0 ? r : sd_event_source_set_enabled(v->watchdog, SD_EVENT_OFF);
}

int watchdog_prepare(struct service *s) {
        usec_t span = unit_readiness(s->unit)->watchdog;
        int r = span == USEC_INFINITY ? 0 : make_timer(s);

        if (r >= 0 && s->vigil)
                s->vigil->span = span;
        return r;
}

static void start(struct service *s, struct vigil *v) {
        v->deadline = usec_add(manager_now(s->manager), v->span);
        wait_until(v, v->deadline);
}

void watchdog_follow(struct service *s, enum state before) {
        struct vigil *v = s->vigil;
        bool counts = STATE_IN(s->state, STATES_WATCHED), counted = STATE_IN(before, STATES_WATCHED);

        if (!v || !v->watchdog || counts == counted)
                return;
        if (counts)
                start(s, v);
        else
                wait_until(v, USEC_INFINITY);
}

void watchdog_heard(struct service *s) {
        struct vigil *v = s->vigil;

        if (v && v->watchdog)
                v->deadline = MAX(v->deadline, usec_add(manager_now(s->manager), v->span));
}

void watchdog_set_span(struct service *s, usec_t span) {
        int r = make_timer(s);

        if (r < 0) {
                log_warning(s->unit->name, "its watchdog cannot be set: %s", strerror(-r));
                return;
        }
        s->vigil->span = span == 0 ? USEC_INFINITY : span;
        if (STATE_IN(s->state, STATES_WATCHED))
                start(s, s->vigil);
}

void watchdog_extend(struct service *s, usec_t until) {
        struct vigil *v = s->vigil;

        if (v && v->watchdog && STATE_IN(s->state, STATES_WATCHED))
                v->deadline = MAX(v->deadline, until);
}
