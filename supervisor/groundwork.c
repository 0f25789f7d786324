#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "prepare/prepare.h"
#include "supervisor/manager.h"

#define LIMIT (30 * USEC_PER_SEC)

/* Left to itself: where a container runs an image's own units. What unit files of elsewhere need, or a
 * machine that tend is a guest on, is not ours to make. */
static enum prepare_mode mode_of(const struct manager *m) {
        const struct load_options *o = &m->options->load;
        bool has_units = (o->units && o->units[0]) || o->enabled || m->config->container.units;

        if (m->config->container.prepare != PREPARE_AUTO)
                return m->config->container.prepare;
        return has_units && !o->unit_path && m->init->is_pid1 && !m->options->isolated ? PREPARE_CREATE
                                                                                       : PREPARE_NO;
}

static void report(const struct prepare_result *p) {
        for (size_t i = 0; i < p->diags.n; i++) {
                const struct diag *x = &p->diags.list[i];

                log_line(x->error < 0 ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG, NULL, "%s:%u: %s", x->file,
                         x->line, x->text ? x->text : "out of memory");
        }
        if (p->read_only > 0)
                log_warning(
                        NULL,
                        "%u lines of tmpfiles.d are not carried out: the file system is read-only; mount a "
                        "tmpfs on /run",
                        p->read_only);
        if (p->forbidden > 0)
                log_warning(NULL, "%u lines of tmpfiles.d are not carried out: tend does not run as root",
                            p->forbidden);
}

static int work(bool clears) {
        struct prepare_result done = {};
        int r = prepare_begin();

        if (r == 0)
                r = prepare_run(clears, &done);
        report(&done);
        prepare_done(&done);
        if (r < 0)
                log_warning(NULL, "preparing what packages ask for: %s", strerror(-r));
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

void groundwork_begin(struct manager *m) {
        enum prepare_mode mode = mode_of(m);

        m->groundwork = (struct groundwork){ .limit.slot = TIMER_IDLE };
        if (mode == PREPARE_NO)
                return;
        pid_t pid = fork();
        if (pid == 0) {
                init_restore_signals(m->init, false);
                _exit(work(mode == PREPARE_BOOT));
        }
        if (pid < 0) {
                log_warning(NULL, "what packages ask for is not prepared: %s", strerror(errno));
                return;
        }
        m->groundwork.pid = pid;
        timers_arm(&m->timers, &m->groundwork.limit, clock_monotonic() + LIMIT);
}

static void go_on(struct manager *m) {
        m->groundwork.pid = 0;
        timers_disarm(&m->timers, &m->groundwork.limit);
        for (uint32_t i = 0; i < m->plan.after.n; i++)
                manager_touch(m->services[i]);
}

bool groundwork_ended(struct manager *m, pid_t pid, struct ending e) {
        char text[ENDING_TEXT_MAX];

        if (pid != m->groundwork.pid)
                return false;
        if (e.code != CLD_EXITED)
                log_warning(NULL, "preparing what packages ask for: the process %s", ending_text(e, text));
        go_on(m);
        return true;
}

void groundwork_is_late(struct manager *m) {
        log_warning(NULL, "preparing what packages ask for takes too long: it is given up");
        (void) kill(m->groundwork.pid, SIGKILL);
        go_on(m);
}
