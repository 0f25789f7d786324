#include "supervisor/trigger.h"

#include <inttypes.h>

#include "base/text.h"
#include "supervisor/vigil.h"

static void note(struct service *target, char *unit, char *first, char *second) {
        struct vigil *v = vigil_of(target);
        char *const words[TRIGGER_VARIABLES_MAX] = { unit, first, second };

        if (v)
                trigger_forget(target);
        for (size_t i = 0; i < countof(words); i++)
                if (!v)
                        free(words[i]);
                else if (words[i] && strv_take(&v->trigger, words[i]) < 0)
                        continue; /* it goes without that one */
}

void trigger_note_path(struct service *target, const char *unit, const char *path) {
        note(target, text_format("TRIGGER_UNIT=%s", unit), text_format("TRIGGER_PATH=%s", path), NULL);
}

void trigger_note_timer(struct service *target, const char *unit, usec_t real, usec_t monotonic) {
        note(target, text_format("TRIGGER_UNIT=%s", unit),
             text_format("TRIGGER_TIMER_REALTIME_USEC=%" PRIu64, real),
             text_format("TRIGGER_TIMER_MONOTONIC_USEC=%" PRIu64, monotonic));
}

void trigger_forget(struct service *s) {
        if (s->vigil)
                s->vigil->trigger = strv_free(s->vigil->trigger);
}

char *const *trigger_variables(const struct service *s) {
        return s->vigil ? s->vigil->trigger : NULL;
}
