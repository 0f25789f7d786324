#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/text.h"
#include "supervisor/environment.h"
#include "supervisor/manager.h"
#include "supervisor/trigger.h"

#define STATE_DIRECTORY "/var/lib/tend/timers"
#define BLIND_SPAN      USEC_PER_MIN /* how often the clock is looked at where it cannot be watched */

struct alarm {
        struct alarm *next;    /* owned */
        struct service *timer; /* borrowed */
        struct elapse elapse;
        usec_t activated, activated_real, last, last_real, unit_up, unit_down,
                delay;   /* of struct elapse_times */
        bool is_running; /* what it has started has not come to rest yet */
};

static bool is_active(const struct service *s) {
        return s->unit->timer && s->state == STATE_EXITED;
}

static struct alarm *alarm_of(const struct service *s) {
        struct alarm *a = s->manager->alarms.list;

        while (a && a->timer != s)
                a = a->next;
        return a;
}

static const struct timer_spec *spec_of(const struct alarm *a) {
        return a->timer->unit->timer;
}

static struct service *target_of(const struct alarm *a) {
        const struct manager *m = a->timer->manager;

        for (uint32_t i = 0; i < m->plan.after.n; i++)
                if (strcmp(m->services[i]->unit->name, spec_of(a)->unit) == 0)
                        return m->services[i];
        return NULL;
}

/* --- The stamp of a Persistent= timer: its time of modification is when it has elapsed last. */

/* What is tried in turn; NULL where the environment names none. */
static char *directory_at(unsigned attempt, char *const *environment) {
        const char *state = environment_get(environment, "XDG_STATE_HOME");
        const char *home = environment_get(environment, "HOME");

        if (attempt == 0)
                return state && *state == '/' ? text_format("%s/tend/timers", state) : NULL;
        if (attempt == 1)
                return strdup(STATE_DIRECTORY);
        return home && *home == '/' ? text_format("%s/.local/state/tend/timers", home) : NULL;
}

static const char *find_directory(struct manager *m) {
        int error = 0;

        for (unsigned i = 0; i < 3 && !m->alarms.directory; i++) {
                autofree char *path = directory_at(i, m->launcher.environment);

                if (!path)
                        continue;
                int r = io_make_dirs(path, 0755);
                if (r >= 0 && access(path, W_OK | X_OK) < 0)
                        r = -errno;
                if (r >= 0)
                        m->alarms.directory = TAKE(path);
                else if (error == 0 || i == 1)
                        error = r;
        }
        if (!m->alarms.directory && !m->alarms.told_directory) {
                m->alarms.told_directory = true;
                log_warning(
                        NULL,
                        "Persistent= cannot keep its stamps in %s (%s): what a timer misses while the "
                        "container is down is not made up for; mount a volume there, or set XDG_STATE_HOME=",
                        STATE_DIRECTORY, strerror(-error));
        }
        return m->alarms.directory;
}

static char *stamp_path(const struct alarm *a) {
        const char *directory = find_directory(a->timer->manager);

        return directory ? text_format("%s/stamp-%s", directory, a->timer->unit->name) : NULL;
}

static void write_stamp(const struct alarm *a) {
        if (!spec_of(a)->persistent)
                return;
        autofree char *path = stamp_path(a);
        if (!path)
                return;
        autoclose int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
        if (fd < 0 || futimens(fd, NULL) < 0)
                log_warning(a->timer->unit->name, "noting the time in %s: %s", path, strerror(errno));
}

/* Without one it is as if it had elapsed just now, and so it is noted. */
static usec_t read_stamp(const struct alarm *a) {
        struct stat st;

        if (!spec_of(a)->persistent)
                return 0;
        autofree char *path = stamp_path(a);
        if (!path)
                return 0;
        if (stat(path, &st) < 0) {
                write_stamp(a);
                return 0;
        }
        return (usec_t) st.st_mtim.tv_sec * USEC_PER_SEC + (usec_t) st.st_mtim.tv_nsec / 1000;
}

/* --- The delay by chance. */

static uint64_t hash(uint64_t h, const char *text) {
        for (; *text != '\0'; text++)
                h = (h ^ (unsigned char) *text) * UINT64_C(1099511628211);
        return h;
}

static usec_t draw_delay(const struct alarm *a) {
        const struct timer_spec *s = spec_of(a);
        char host[HOST_NAME_MAX + 1] = "";
        uint64_t number = 0;

        if (s->random_delay == 0)
                return 0;
        if (s->fixed_random_delay) {
                (void) gethostname(host, sizeof(host) - 1);
                number = hash(hash(UINT64_C(14695981039346656037), host), a->timer->unit->name);
                number ^= number >> 29;
        } else {
                ssize_t n maybe_unused = getrandom(&number, sizeof(number), GRND_NONBLOCK | GRND_INSECURE);
        }
        return s->random_delay == USEC_INFINITY ? number / 2 : number % (s->random_delay + 1);
}

/* --- Waiting. */

static void say_next(const struct alarm *a, bool first) {
        const struct elapse *e = &a->elapse;
        const char *name = a->timer->unit->name;
        char span[PARSE_PRINT_MAX];

        if (!e->event)
                log_info(name, elapse_may_come(spec_of(a)) ? "waits for its unit to be started"
                                                           : "does not elapse any more");
        else {
                usec_t left = usec_sub(e->at, clock_monotonic());
                log_line(first ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, name, "elapses in %s (%s=)",
                         print_span(left > USEC_PER_SEC ? left / USEC_PER_SEC * USEC_PER_SEC
                                                        : left / USEC_PER_MSEC * USEC_PER_MSEC,
                                    span),
                         timer_base_word(e->event->base));
        }
}

static void wait_for_next(struct alarm *a, bool first) {
        struct service *s = a->timer;
        struct manager *m = s->manager;
        bool had_one = a->elapse.event || first || a->is_running;

        if (!is_active(s) || m->phase != PHASE_RUNNING)
                return;
        const struct elapse_times times = {
                .now = clock_monotonic(),
                .real_now = clock_real(),
                .started = m->alarms.started,
                .activated = a->activated,
                .activated_real = a->activated_real,
                .last = a->last,
                .last_real = a->last_real,
                .unit_up = a->unit_up,
                .unit_down = a->unit_down,
                .delay = a->delay,
                .first = first,
        };
        a->is_running = false;
        a->elapse = elapse_next(s->unit->timer, &times);
        usec_t at = a->elapse.at;
        if (a->elapse.real != 0 && m->alarms.watch_fd < 0)
                at = MIN(at, times.now + BLIND_SPAN);
        timers_arm(&m->timers, &s->timer, at);
        if (had_one)
                say_next(a, first);
        if (a->elapse.event)
                return;
        s->wants_down = !s->unit->timer->remain_after_elapse && !elapse_may_come(s->unit->timer);
        manager_touch(s); /* the container may have nothing to stay for any more */
}

static int arm_watch(int fd) {
        /* As far away as can be: what is awaited is that the clock is set, which cancels it. */
        const struct itimerspec never = { .it_value.tv_sec = INT_MAX };

        return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) < 0 ? -errno
                                                                                                  : 0;
}

static int64_t clock_offset(void) {
        return (int64_t) clock_real() - (int64_t) clock_monotonic();
}

/* A clock that is kept right may be set by a little many times a second: that is not worth a line. */
static void say_clock_set(struct alarms *a) {
        int64_t offset = clock_offset();

        if (llabs(offset - a->offset) < (int64_t) USEC_PER_SEC)
                return;
        log_info(NULL, "the clock was set: timers are looked at anew");
        a->offset = offset;
}

static int on_clock_set(sd_event_source *source maybe_unused, int fd, uint32_t events maybe_unused,
                        void *context) {
        struct manager *m = context;
        uint64_t expired;

        if (read(fd, &expired, sizeof(expired)) < 0 && errno == EAGAIN)
                return 0;
        (void) arm_watch(fd);
        say_clock_set(&m->alarms);
        for (struct alarm *a = m->alarms.list; a; a = a->next)
                if (!a->is_running)
                        wait_for_next(a, false);
        return 0;
}

/* Where it cannot be had, wait_for_next() looks at the clock from time to time. */
static void watch_clock(struct manager *m) {
        if (m->alarms.watch_fd >= 0)
                return;
        m->alarms.offset = clock_offset();
        autoclose int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
        if (fd < 0 || arm_watch(fd) < 0 ||
            sd_event_add_io(m->event, &m->alarms.watch, fd, EPOLLIN, on_clock_set, m) < 0)
                return;
        m->alarms.watch_fd = TAKE_FD(fd);
}

static void begin(struct alarm *a) {
        usec_t stamp = read_stamp(a);

        for (const struct timer_event *e = spec_of(a)->events; e; e = e->next)
                if (e->calendar)
                        watch_clock(a->timer->manager);
        a->activated = clock_monotonic();
        a->activated_real = clock_real();
        a->last_real = MAX(a->last_real, stamp);
        a->delay = draw_delay(a);
        wait_for_next(a, true);
}

/* --- Elapsing. */

/* With all that it requires and wants. */
static void start(struct alarm *a, struct service *target) {
        static const struct job_request request = {
                .verb = ASK_START, .mode = JOB_MODE_REPLACE, .unlimited = true, /* its own rhythm limits it */
        };
        trigger_note_timer(target, a->timer->unit->name, a->last_real, a->last);
        int r = job_ask(target, &request, NULL, NULL);
        if (r == 0)
                return;
        trigger_forget(target);
        log_warning(a->timer->unit->name, "starting %s: %s", target->unit->name, strerror(-r));
        wait_for_next(a, false);
}

static void elapse(struct alarm *a) {
        struct service *target = target_of(a);
        const char *name = a->timer->unit->name;

        a->last = clock_monotonic();
        a->last_real = clock_real();
        a->delay = draw_delay(a);
        write_stamp(a);
        if (!target) {
                log_warning(name, "there is no %s to start", spec_of(a)->unit);
                wait_for_next(a, false);
                return;
        }
        /* Until that has come to rest the timer is silent: nothing overlaps. */
        a->is_running = true;
        a->elapse = (struct elapse){ .at = USEC_INFINITY };
        if (service_is_at_rest(target) && !target->waits_to_start) {
                log_debug(name, "elapses: starting %s", target->unit->name);
                start(a, target);
        } else
                log_info(name, "elapses, and %s is running: it is not started again", target->unit->name);
}

void alarm_due(struct service *s) {
        struct alarm *a = alarm_of(s);

        if (!a || !is_active(s) || s->manager->phase != PHASE_RUNNING)
                return;
        if (!a->elapse.event || a->elapse.real > clock_real())
                wait_for_next(a, false);
        else
                elapse(a);
}

static void heed_target(struct alarm *a, const struct service *s, enum state before) {
        bool was_at_rest = STATE_IN(before, STATES_AT_REST), at_rest = service_is_at_rest(s);

        if (was_at_rest && !at_rest)
                a->unit_up = clock_monotonic();
        if (!was_at_rest && at_rest)
                a->unit_down = clock_monotonic();
        /* Also where it has not even left its rest: something that it requires is not there. */
        bool is_over = at_rest && !s->waits_to_start && (a->is_running || !was_at_rest);
        if (is_over || (was_at_rest && !at_rest && !a->is_running))
                wait_for_next(a, false);
}

void alarm_heed(struct service *s, enum state before) {
        struct alarm *own = s->unit->timer ? alarm_of(s) : NULL;

        if (own && s->state == STATE_EXITED && before != STATE_EXITED)
                begin(own);
        for (struct alarm *a = s->manager->alarms.list; a; a = a->next)
                if (a->timer != s && strcmp(spec_of(a)->unit, s->unit->name) == 0)
                        heed_target(a, s, before);
}

bool alarm_is_idle(const struct service *s) {
        const struct alarm *a = is_active(s) ? alarm_of(s) : NULL;

        return a && !a->elapse.event && !a->is_running;
}

/* --- From start to end. */

int alarm_new(struct service *s) {
        struct alarm *a = calloc(1, sizeof(*a));

        if (!a)
                return -ENOMEM;
        a->timer = s;
        a->elapse.at = USEC_INFINITY;
        a->next = s->manager->alarms.list;
        s->manager->alarms.list = a;
        return 0;
}

void alarm_free(struct service *s) {
        for (struct alarm **at = &s->manager->alarms.list; *at; at = &(*at)->next)
                if ((*at)->timer == s) {
                        struct alarm *a = *at;

                        *at = a->next;
                        free(a);
                        return;
                }
}

void alarm_times(const struct service *s, struct alarm_times *ret) {
        const struct alarm *a = alarm_of(s);

        *ret = (struct alarm_times){ .next = USEC_INFINITY };
        if (!a)
                return;
        ret->last = a->last;
        ret->last_real = a->last_real;
        if (is_active(s)) {
                ret->next = a->elapse.at;
                ret->next_real = a->elapse.real;
        }
}

void alarms_init(struct alarms *a, usec_t now) {
        *a = (struct alarms){ .started = now, .watch_fd = -1 };
}

void alarms_done(struct alarms *a) {
        sd_event_source_unref(a->watch);
        if (a->watch_fd >= 0)
                (void) close(a->watch_fd);
        free(a->directory);
}
