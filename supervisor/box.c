#include "supervisor/box.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/io.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/text.h"
#include "supervisor/manager.h"
#include "supervisor/oom.h"
#include "supervisor/pressure.h"

#define WORDS_MAX        512
#define LACKS_CONTROLLER "the container has not got that controller of cgroup v2"

static struct cgroups *cgroups_of(const struct service *s) {
        return &s->manager->cgroups;
}

static int path_of(const struct unit *u, char path[PATH_MAX]) {
        return budget_path(u->budget ? u->budget->slice : NULL, u->name, path, PATH_MAX);
}

/* That a controller is missing has been said at the start, with all that goes without it. */
static void say_refused(const struct cgroups *c, const char *name, const char *setting,
                        enum controller controller, int r) {
        if (c->controllers & 1U << controller)
                log_warning(name, "%s= is not enforced: %s", setting, strerror(-r));
}

/* Processors and nodes are not taken away from a cgroup that somebody lives in (ENOSPC): what is above it has
 * all that it may have. */
static int write_all_above(const struct cgroups *c, const char *path, const char *file) {
        char above[PATH_MAX], text[KNOB_TEXT_MAX];

        (void) snprintf(above, sizeof(above), "%s/../%s.effective", path, file);
        ssize_t n = io_read_small(c->root, above, text, sizeof(text));
        return n < 0 ? (int) n : cgroup_write(c, path, file, text);
}

/* Of disks it is io.bfq.weight where the BFQ scheduler is what divides them. */
static int write_knob(const struct cgroups *c, const char *path, const char *file, const char *text) {
        int r = cgroup_write(c, path, file, text);

        if (r == -ENOENT && strcmp(file, "io.weight") == 0)
                r = cgroup_write(c, path, "io.bfq.weight", text);
        if (r < 0 && *text == '\n')
                r = write_all_above(c, path, file);
        return r;
}

static void write_knobs(const struct cgroups *c, const char *path, const char *name,
                        const struct budget *before, const struct budget *b) {
        char old[KNOB_TEXT_MAX], text[KNOB_TEXT_MAX];

        for (size_t i = 0; i < n_budget_knobs; i++) {
                const struct knob *k = &budget_knobs[i];
                bool was_set = before && k->text(before, &c->whole, false, old);
                bool was_startup = before && k->text(before, &c->whole, true, text);
                bool is_set = b && k->text(b, &c->whole, c->starting, text);
                if (!is_set && !was_set && !was_startup)
                        continue;
                int r = write_knob(c, path, k->file, is_set ? text : k->usual);
                if (r < 0 && is_set)
                        say_refused(c, name, k->setting, k->controller, r);
        }
}

/* The disk that a path is on, or that it is. A partition has no limits of its own: its disk has. */
static int find_device(const char *path, unsigned *ret_major, unsigned *ret_minor) {
        char link[64], text[32];
        struct stat st;

        if (stat(path, &st) < 0)
                return -errno;
        dev_t device = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev;
        if (!S_ISBLK(st.st_mode) && major(device) == 0)
                return -ENODEV;
        *ret_major = major(device);
        *ret_minor = minor(device);
        (void) snprintf(link, sizeof(link), "/sys/dev/block/%u:%u/partition", *ret_major, *ret_minor);
        if (access(link, F_OK) < 0)
                return 0;
        (void) snprintf(link, sizeof(link), "/sys/dev/block/%u:%u/../dev", *ret_major, *ret_minor);
        if (io_read_small(AT_FDCWD, link, text, sizeof(text)) <= 0)
                return 0;
        text[strcspn(text, "\n")] = '\0';
        return parse_device(text, ret_major, ret_minor);
}

static bool has_device(const struct budget *b, const struct device_limit *wanted) {
        for (const struct device_limit *d = b ? b->devices : NULL; d; d = d->next)
                if (d->kind == wanted->kind && strcmp(d->path, wanted->path) == 0)
                        return true;
        return false;
}

static int write_device(const struct cgroups *c, const char *path, const struct device_limit *d,
                        uint64_t value) {
        char text[KNOB_TEXT_MAX];
        unsigned major = 0, minor = 0;

        int r = find_device(d->path, &major, &minor);
        if (r < 0)
                return r;
        budget_device_text((enum device_limit_kind) d->kind, value, major, minor, text);
        return write_knob(c, path, budget_device_file((enum device_limit_kind) d->kind), text);
}

static void write_devices(const struct cgroups *c, const char *path, const char *name,
                          const struct budget *before, const struct budget *b) {
        for (const struct device_limit *d = before ? before->devices : NULL; d; d = d->next)
                if (!has_device(b, d))
                        (void) write_device(c, path, d, d->kind == DEVICE_WEIGHT ? 100 : UINT64_MAX);
        for (const struct device_limit *d = b ? b->devices : NULL; d; d = d->next) {
                int r = write_device(c, path, d, d->value);
                if (r < 0)
                        say_refused(c, name, budget_device_setting((enum device_limit_kind) d->kind),
                                    CONTROLLER_IO, r);
        }
}

static void write_budget(const struct cgroups *c, const char *path, const char *name,
                         const struct budget *before, const struct budget *b) {
        write_knobs(c, path, name, before, b);
        write_devices(c, path, name, before, b);
}

/* The slices that a path leads through: made and given their budgets where they are new, and divided as what
 * is above. */
static int make_slices(struct manager *m, const char *path) {
        char part[PATH_MAX];

        for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
                (void) snprintf(part, sizeof(part), "%.*s", (int) (slash - path), path);
                const char *name = strrchr(part, '/') ? strrchr(part, '/') + 1 : part;
                const struct unit *slice = config_find_slice(m->config, name);
                if (mkdirat(m->cgroups.root, part, 0755) == 0 && slice)
                        write_budget(&m->cgroups, part, name, NULL, slice->budget);
                else if (errno != EEXIST && faccessat(m->cgroups.root, part, F_OK, 0) < 0)
                        return -errno;
                cgroup_divide(&m->cgroups, part);
        }
        return 0;
}

static int make(struct service *s, const char *path) {
        struct manager *m = s->manager;

        int r = make_slices(m, path);
        if (r < 0)
                return r;
        if (mkdirat(m->cgroups.root, path, 0755) < 0 && errno != EEXIST)
                return -errno;
        s->box = calloc(1, sizeof(*s->box));
        if (!s->box)
                return -ENOMEM;
        *s->box = (struct box){ .watch = -1 };
        if (s->unit->budget)
                write_budget(&m->cgroups, path, s->unit->name, NULL, s->unit->budget);
        oom_watch(s, path);
        return 0;
}

int box_open(struct service *s) {
        struct cgroups *c = cgroups_of(s);
        char path[PATH_MAX];

        if (c->root < 0)
                return 0;
        int r = path_of(s->unit, path);
        if (r == 0 && !s->box)
                r = make(s, path);
        else if (r == 0 && s->unit->budget && s->unit->budget->delegate && !box_is_populated(s))
                cgroup_unite(c, path); /* what its last run has made of it */
        if (r < 0)
                return r;
        int fd = openat(c->root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0 || errno != ENOENT)
                return fd < 0 ? -errno : fd;
        box_free(TAKE(s->box)); /* somebody has removed it */
        r = make(s, path);
        fd = r < 0 ? -1 : openat(c->root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return r < 0 ? r : fd < 0 ? -errno : fd;
}

bool box_is_populated(const struct service *s) {
        char path[PATH_MAX];

        return s->box && path_of(s->unit, path) == 0 &&
               cgroup_count(cgroups_of(s), path, "cgroup.events", "populated") > 0;
}

int box_each(const struct service *s, int (*found)(void *context, pid_t pid), void *context) {
        char path[PATH_MAX];

        int r = path_of(s->unit, path);
        if (r < 0 || !box_is_populated(s))
                return r;
        r = cgroup_walk(cgroups_of(s)->root, path, false, found, context);
        return r == -ENOENT ? 0 : r;
}

void box_kill(const struct service *s) {
        char path[PATH_MAX];

        if (path_of(s->unit, path) == 0)
                (void) cgroup_write(cgroups_of(s), path, "cgroup.kill", "1");
}

/* UINT64_MAX: the container has not got that controller, or the kernel is older than the file. */
static uint64_t read_figure(const struct cgroups *c, const char *path, const char *file) {
        uint64_t n = cgroup_count(c, path, file, "");

        return n > 0 ? n : UINT64_MAX;
}

const char *box_path(const struct service *s, char path[PATH_MAX]) {
        if (!s->box || path_of(s->unit, path) < 0)
                *path = '\0';
        return path;
}

struct usage box_usage(const struct service *s) {
        struct usage none = { USEC_INFINITY, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX };
        const struct cgroups *c = cgroups_of(s);
        char path[PATH_MAX];

        if (!s->box || path_of(s->unit, path) < 0)
                return none;
        return (struct usage){
                .cpu = cgroup_count(c, path, "cpu.stat", "usage_usec"),
                .memory = read_figure(c, path, "memory.current"),
                .memory_most = read_figure(c, path, "memory.peak"),
                .tasks = read_figure(c, path, "pids.current"),
                .tasks_most = read_figure(c, path, "pids.peak"),
        };
}

/* Of whose use somebody has asked for a limit or an account. */
static void say_usage(const struct service *s) {
        struct usage u = box_usage(s);
        char span[PARSE_PRINT_MAX], size[PARSE_PRINT_MAX] = "", tasks[PARSE_PRINT_MAX] = "";

        if (u.memory_most != UINT64_MAX)
                (void) snprintf(size, sizeof(size), ", %.1f MiB of memory", (double) u.memory_most / 1048576);
        if (u.tasks_most != UINT64_MAX)
                (void) snprintf(tasks, sizeof(tasks), ", %u tasks", (unsigned) u.tasks_most);
        log_info(s->unit->name, "used %s of processor time%s%s at most",
                 print_span(u.cpu / USEC_PER_MSEC * USEC_PER_MSEC, span), size, tasks);
}

struct box *box_free(struct box *b) {
        free(b);
        return NULL;
}

void box_close(struct service *s) {
        char path[PATH_MAX];

        if (!s->box || path_of(s->unit, path) < 0)
                return;
        if (s->unit->budget && budget_controllers(s->unit->budget))
                say_usage(s);
        if (cgroup_remove(cgroups_of(s)->root, path) < 0)
                return; /* KillMode= has left somebody in it: it serves for the next start */
        oom_unwatch(s);
        s->box = box_free(s->box);
}

void box_change(struct service *s, const struct unit *u) {
        char path[PATH_MAX];

        if (!s->box || path_of(u, path) < 0)
                return;
        if (make_slices(s->manager, path) == 0)
                oom_watch(s, path);
        if (s->unit->budget || u->budget)
                write_budget(cgroups_of(s), path, u->name, s->unit->budget, u->budget);
}

void box_change_slice(struct manager *m, const char *name, const struct budget *before,
                      const struct budget *now) {
        char path[PATH_MAX];

        if (m->cgroups.root < 0 || budget_path(name, "", path, sizeof(path)) < 0 ||
            faccessat(m->cgroups.root, path, F_OK, 0) < 0)
                return;
        path[strlen(path) - 1] = '\0'; /* the slash */
        cgroup_divide(&m->cgroups, path);
        write_budget(&m->cgroups, path, name, before, now);
}

static void change_slice(struct manager *m, const char *name, const struct config *older) {
        const struct unit *before = older ? config_find_slice(older, name) : NULL;
        const struct unit *now = config_find_slice(m->config, name);

        box_change_slice(m, name, before ? before->budget : NULL, now ? now->budget : NULL);
}

void box_change_slices(struct manager *m, const struct config *older) {
        for (size_t i = 0; i < m->config->n_slices; i++)
                change_slice(m, m->config->slices[i]->name, older);
        for (size_t i = 0; older && i < older->n_slices; i++)
                if (!config_find_slice(m->config, older->slices[i]->name))
                        change_slice(m, older->slices[i]->name, older);
}

void box_settle(struct manager *m) {
        if (!m->cgroups.starting)
                return;
        m->cgroups.starting = false;
        for (uint32_t i = 0; i < m->plan.after.n; i++) {
                struct service *s = m->services[i];
                if (budget_has_startup(s->unit->budget))
                        box_change(s, s->unit);
        }
        for (size_t i = 0; i < m->config->n_slices; i++)
                if (budget_has_startup(m->config->slices[i]->budget))
                        change_slice(m, m->config->slices[i]->name, m->config);
}

/* Who belongs to a slice is nobody's to find. */
static bool has_samples(const struct cgroups *c, const struct unit *u) {
        return c->samples && !text_ends(u->name, ".slice");
}

static const char *why_unkept(const struct cgroups *c) {
        return c->ground.tier == TIER_KERNEL ? LACKS_CONTROLLER : c->ground.why;
}

static const char *hint_of(const struct cgroups *c) {
        return c->ground.tier == TIER_KERNEL ? NULL : c->ground.hint;
}

struct kept box_kept(const struct cgroups *c, const struct unit *u, const char *setting) {
        struct kept k = { .tier = budget_tier(u->budget, setting, cgroup_unkept(c), has_samples(c, u)) };

        if (k.tier > TIER_KERNEL) {
                k.why = why_unkept(c);
                k.hint = hint_of(c);
        }
        return k;
}

static const char *words_of(const struct cgroups *c, const struct unit *u, enum budget_part part,
                            char words[WORDS_MAX]) {
        return budget_words(u->budget, cgroup_unkept(c), part, words, WORDS_MAX);
}

static bool is_required(const struct unit *u) {
        return u->budget && u->budget->policy == BUDGET_REQUIRE;
}

/* "MemoryMax=, TasksMax= kept by samples alone; IOWeight= not enforced: " and why. */
static void say_unkept(const struct cgroups *c, const struct unit *u) {
        bool goes_on = !is_required(u), samples = goes_on && has_samples(c, u);
        char kept[WORDS_MAX] = "", lost[WORDS_MAX];

        if (!budget_is_limit(u->budget))
                return;
        if (samples)
                (void) words_of(c, u, BUDGET_SAMPLED, kept);
        (void) words_of(c, u, samples ? BUDGET_LOST : BUDGET_ALL, lost);
        if (*kept == '\0' && *lost == '\0')
                return;
        const char *hint = hint_of(c);
        log_warning(u->name, "%s%s%s%s%s%s: %s%s%s", kept, *kept ? " kept by samples alone" : "",
                    *kept && *lost ? "; " : "", lost, *lost ? " not enforced" : "",
                    goes_on ? "" : ", so that it will not start (BudgetPolicy=require)", why_unkept(c),
                    hint ? "; what makes it work: " : "", hint ? hint : "");
}

struct kept box_objection(const struct service *s) {
        const struct cgroups *c = cgroups_of(s);
        const struct unit *u = s->unit;
        char lost[WORDS_MAX];

        if (!is_required(u) || !budget_is_limit(u->budget))
                return (struct kept){};
        if (*words_of(c, u, BUDGET_ALL, lost) != '\0')
                return (struct kept){ .tier = TIER_NONE, .why = why_unkept(c), .hint = hint_of(c) };
        return (struct kept){ .tier = TIER_KERNEL, .why = s->box ? NULL : "its cgroup could not be made" };
}

static void say_unwatched(const struct cgroups *c, const struct unit *u) {
        const char *why = pressure_objection(c, u), *hint = hint_of(c);

        if (why)
                log_warning(u->name, "MemoryPressureWatch= is not carried out: %s%s%s", why,
                            hint ? "; what makes it work: " : "", hint ? hint : "");
}

void box_prepare(struct manager *m, const struct config *c) {
        uint32_t needed = 0;

        for (size_t i = 0; i < c->n_units; i++)
                needed |= budget_controllers(c->units[i]->budget);
        for (size_t i = 0; i < c->n_slices; i++)
                needed |= budget_controllers(c->slices[i]->budget);
        cgroup_enable(&m->cgroups, needed);
        for (size_t i = 0; i < c->n_units; i++) {
                say_unkept(&m->cgroups, c->units[i]);
                say_unwatched(&m->cgroups, c->units[i]);
        }
        for (size_t i = 0; i < c->n_slices; i++)
                say_unkept(&m->cgroups, c->slices[i]);
}
