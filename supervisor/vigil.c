#include "supervisor/vigil.h"
#include "base/text.h"
#include "supervisor/fdstore.h"
#include "supervisor/prober.h"

struct vigil *vigil_of(struct service *s) {
        if (s->vigil)
                return s->vigil;
        s->vigil = calloc(1, sizeof(*s->vigil));
        if (s->vigil)
                s->vigil->span = USEC_INFINITY;
        return s->vigil;
}

struct vigil *vigil_free(struct vigil *v) {
        if (!v)
                return NULL;
        sd_event_source_unref(v->main);
        sd_event_source_unref(v->search);
        sd_event_source_unref(v->watchdog);
        prober_free(v->prober);
        fdstore_clear(v);
        strv_free(v->trigger);
        free(v);
        return NULL;
}
