/* ReadyWhen=fd:N: what is said on a descriptor, and when it counts. */
#include <systemd/sd-event.h>
#include <unistd.h>

#include "supervisor/prober.h"
#include "tests/unit/test.h"
#include "tests/unit/world.h"

#define SIMPLE "[a]\nReadyWhen=fd:7\nExecStart=x\n"
#define NOTIFY "[a]\nType=notify\nReadyWhen=fd:7\nExecStart=x\n"

/* s  its main process is made · w  says that it is ready on the descriptor · c  closes it · u  is up by what
 * Type= asks. What is said is read as at the end of the process, not by the loop. */
static void play(struct service *s, const char *script) {
        for (; *script != '\0'; script++) {
                int fd = prober_descriptor(s);

                if (*script == 's') {
                        s->state = STATE_START;
                        CHECK(prober_prepare(s) == 0);
                } else if (*script == 'w') {
                        CHECK(fd > 0 && write(fd, "\n", 1) == 1);
                        prober_drain(s);
                } else if (*script == 'c') {
                        prober_given(s);
                        prober_drain(s);
                } else
                        service_dispatch(s, EVENT_UP);
        }
}

TEST(prober_hears_a_descriptor) {
        static const struct {
                const char *unit, *script;
                enum state state;
                bool is_awaited;
        } rows[] = {
                { SIMPLE, "s", STATE_START, true },      { SIMPLE, "su", STATE_START, true },
                { SIMPLE, "suw", STATE_RUNNING, false }, { SIMPLE, "suc", STATE_START, true },
                { NOTIFY, "sw", STATE_START, false }, /* READY=1 has to come yet */
                { NOTIFY, "swu", STATE_RUNNING, false }, { NOTIFY, "suw", STATE_RUNNING, false },
                { NOTIFY, "swus", STATE_START, true }, /* the next process says it for itself */
                { NOTIFY, "swusu", STATE_START, true },
        };
        struct world *w = calloc(1, sizeof(*w));

        for (size_t i = 0; CHECK(w) && i < countof(rows); i++) {
                world_init(w, rows[i].unit, i);
                CHECK(sd_event_new(&w->manager.event) >= 0);
                struct service *s = w->manager.services[0];
                play(s, rows[i].script);
                CHECK(s->state == rows[i].state, "row %zu: %s", i, state_word(s->state));
                CHECK(prober_is_awaited(s) == rows[i].is_awaited, "row %zu", i);
                sd_event *event = w->manager.event;
                world_done(w);
                sd_event_unref(event);
        }
        free(w);
}
