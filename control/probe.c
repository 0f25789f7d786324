/* `tend probe`: what curl, nc and test do in health checks, for images that have none of them; and what PID 1
 * has its probes done by. */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>

#include "base/clock.h"
#include "base/parse.h"
#include "base/text.h"
#include "control/reach.h"
#include "control/verb.h"

#define USUAL_TIMEOUT (5 * USEC_PER_SEC)
#define PAUSE_FIRST   (10 * USEC_PER_MSEC)
#define PAUSE_MOST    (250 * USEC_PER_MSEC)
#define PAUSE_COMMAND USEC_PER_SEC /* a process each time */

struct task {
        const char *target;
        struct probe probe;
        char **command; /* of exec: */
        usec_t timeout; /* of one try */
        usec_t until;   /* 0: there is one try */
        char told[REACH_TEXT_MAX];
};

/* The resolver of the C library has no limit that we could set. Its time over, there is no answer, whatever
 * it was doing. */
static char too_late[REACH_TEXT_MAX];

static void on_alarm(int number maybe_unused) {
        ssize_t n maybe_unused = write(STDERR_FILENO, too_late, strlen(too_late));
        _exit(EXIT_WARNINGS);
}

static void set_alarm(usec_t span) {
        struct itimerval t = { .it_value = { .tv_sec = (time_t) (span / USEC_PER_SEC),
                                             .tv_usec = (suseconds_t) (span % USEC_PER_SEC) } };

        (void) setitimer(ITIMER_REAL, &t, NULL);
}

/* For the whole of it, and a moment more: what keeps its time itself has better words. */
static void limit_all(const struct task *t) {
        usec_t span =
                t->until == 0 ? t->timeout : usec_add(usec_sub(t->until, clock_monotonic()), t->timeout);

        if (t->probe.kind == PROBE_EXEC || span >= USEC_PER_DAY)
                return;
        (void) snprintf(too_late, sizeof(too_late), "%.160s: no answer in time\n", t->target);
        (void) sigaction(SIGALRM, &(struct sigaction){ .sa_handler = on_alarm }, NULL);
        set_alarm(span + USEC_PER_SEC / 2);
}

/* One line for each reason, not for each try. */
static void tell(struct task *t, const char *why) {
        if (strcmp(t->told, why) == 0)
                return;
        (void) snprintf(t->told, sizeof(t->told), "%s", why);
        (void) fprintf(stderr, "%s: %s\n", t->target, why);
}

static bool try_once(struct task *t, usec_t last) {
        char why[REACH_TEXT_MAX];
        usec_t until = MIN(usec_add(clock_monotonic(), t->timeout), last);
        struct reach r = { .probe = &t->probe, .command = t->command, .until = until };

        bool answers = reach(&r, why);
        if (!answers)
                tell(t, why);
        return answers;
}

static bool keep_trying(struct task *t) {
        usec_t most = t->probe.kind == PROBE_EXEC ? PAUSE_COMMAND : PAUSE_MOST, pause = PAUSE_FIRST;

        while (!try_once(t, t->until)) {
                usec_t now = clock_monotonic(), next = MIN(usec_add(now, pause), t->until);

                (void) clock_poll(NULL, 0, next);
                if (next == t->until)
                        return false;
                pause = MIN(2 * pause, most);
        }
        return true;
}

static int carry_out(struct task *t) {
        limit_all(t);
        bool answers = t->until == 0 ? try_once(t, USEC_INFINITY) : keep_trying(t);
        return answers ? EXIT_FINE : EXIT_WARNINGS;
}

/* The words of the command: behind `--` as they are, from a single word as a command line's. 0, or an exit
 * code. */
static int find_command(struct task *t, char **behind, char ***ret_owned) {
        char **words = NULL;

        if (t->probe.kind != PROBE_EXEC)
                return behind && behind[1] ? verb_complain("probe", "one word too many", behind[1], NULL)
                                           : EXIT_FINE;
        if (behind) {
                behind[0] += strlen("exec:");
                t->command = behind;
                return EXIT_FINE;
        }
        int r = text_split(t->probe.command, &words);
        if (r < 0)
                return verb_complain("probe", r == -ENOMEM ? strerror(ENOMEM) : "a quote that is not closed",
                                     t->target, NULL);
        t->command = *ret_owned = words;
        return EXIT_FINE;
}

int probe_main(const struct request *r) {
        struct task t = {
                .target = r->command ? r->command[0] : r->words[0],
                .timeout = r->probe_timeout == 0 ? USUAL_TIMEOUT : r->probe_timeout,
                .until = r->probe_wait == 0 ? 0 : usec_add(clock_monotonic(), r->probe_wait),
        };
        autostrv char **owned = NULL;

        if (!t.target || (r->command && r->n_words > 0))
                return verb_complain("probe", t.target ? "one target at a time" : "a target is missing", NULL,
                                     PROBE_TARGETS);
        autofree char *target = strdup(t.target);
        if (!target)
                return verb_complain("probe", strerror(ENOMEM), NULL, NULL);
        t.target = target;
        const char *wrong = probe_parse(target, &t.probe);
        if (!wrong && t.probe.kind == PROBE_FD)
                wrong = "a descriptor is the service's own: it is for ReadyWhen= alone";
        if (wrong)
                return verb_complain("probe", wrong, target, NULL);
        int code = find_command(&t, r->command, &owned);
        return code == EXIT_FINE ? carry_out(&t) : code;
}
