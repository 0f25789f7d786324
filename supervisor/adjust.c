#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/resource.h>

#include "base/log.h"
#include "base/text.h"
#include "config/setup.h"
#include "supervisor/adjust.h"
#include "supervisor/box.h"
#include "supervisor/processes.h"

#define WORDS_MAX      512
#define PROCESSES_MOST 512

/* "MemoryMax=" is one of "StartupMemoryMax=, CPUQuota=" only as a whole word. */
static bool has_word(const char *words, const char *key) {
        size_t n = strlen(key);

        for (const char *at = words; (at = strstr(at, key)); at += n)
                if ((at == words || at[-1] == ' ') && at[n] == '=')
                        return true;
        return false;
}

/* What nothing here keeps is no success, as it would be a warning at the start of the service. Who belongs to
 * a slice is nobody's to find but the kernel's. */
static int check_tier(const struct cgroups *c, const struct unit *u, const struct override *list,
                      struct diags *d) {
        bool samples = c->samples && !text_ends(u->name, ".slice");
        char lost[WORDS_MAX];

        (void) budget_words(u->budget, cgroup_unkept(c), samples ? BUDGET_LOST : BUDGET_ALL, lost,
                            sizeof(lost));
        for (; list; list = list->next) {
                if (!has_word(lost, list->setting->key))
                        continue;
                const char *hint = c->root < 0 ? c->ground.hint : NULL;
                return diag(d, NULL, 0, -EOPNOTSUPP, "%s= cannot be enforced here%s: %s%s%s",
                            list->setting->key,
                            c->samples && !samples ? ", as samples keep no slice's budget" : "",
                            c->root < 0 ? c->ground.why
                                        : "the container has not got that controller of cgroup v2",
                            hint ? "; what makes it work: " : "", hint ? hint : "");
        }
        return 0;
}

/* The unit as it will be, but for what is not its budget: that is still the unit's own. */
static int make_copy(struct manager *m, const struct unit *u, const struct override *list, struct diags *d,
                     struct unit *ret) {
        *ret = *u;
        ret->budget = budget_copy(u->budget);
        if (!ret->budget)
                return -ENOMEM;
        int r = override_apply(list, u->name, ret, d);
        if (r >= 0) { /* the controllers that it needs are to be there */
                cgroup_enable(&m->cgroups, budget_controllers(ret->budget));
                r = check_tier(&m->cgroups, ret, list, d);
        }
        if (r < 0)
                ret->budget = budget_free(ret->budget);
        return r;
}

static int check_settled(const struct service *s, struct diags *d) {
        bool is_settled = !s->new_unit && config_find(s->manager->config, s->unit->name) == s->unit;

        return is_settled
                       ? 0
                       : diag(d, NULL, 0, -EBUSY, "its files have changed, and it is not yet what they say");
}

int adjust_check(struct manager *m, struct service *s, const char *name, const struct override *list,
                 struct diags *d) {
        struct unit copy = {};

        int r = s ? check_settled(s, d) : 0;
        if (r == 0)
                r = make_copy(m, s ? s->unit : config_find_slice(m->config, name), list, d, &copy);
        budget_free(copy.budget);
        return r < 0 ? r : 0;
}

static void say(const char *name, const struct override *list) {
        for (; list; list = list->next)
                for (char **value = list->values; value && *value; value++)
                        if (**value || !value[1])
                                log_info(name, "its %s= is %s from now on", list->setting->key,
                                         **value ? *value : "unset");
}

/* --- What is not a cgroup's to keep is the scheduler's, of each thread. */

struct schedule {
        const cpu_set_t *cpus; /* NULL: not to be changed */
        int nice;
        bool renices;
};

static int set_of_thread(pid_t thread, const struct schedule *to) {
        if (to->renices && setpriority(PRIO_PROCESS, (id_t) thread, to->nice) < 0 && errno != ESRCH)
                return -errno;
        if (to->cpus && sched_setaffinity(thread, sizeof(*to->cpus), to->cpus) < 0 && errno != ESRCH)
                return -errno;
        return 0;
}

static int set_of_process(pid_t pid, const struct schedule *to) {
        char path[32];
        const struct dirent *e;
        int r = 0;

        (void) snprintf(path, sizeof(path), "/proc/%d/task", pid);
        DIR *threads = opendir(path);
        while (threads && r == 0 && (e = readdir(threads)))
                if (*e->d_name != '.')
                        r = set_of_thread((pid_t) strtol(e->d_name, NULL, 10), to);
        if (threads)
                (void) closedir(threads);
        return r;
}

/* As the child does it before a service's program runs (child.c). */
static int reschedule(const struct service *s, const struct unit *u, struct diags *d) {
        const struct budget *old = s->unit->budget, *new = u->budget;
        uint32_t unkept = cgroup_unkept(&s->manager->cgroups);
        struct schedule to = {};
        pid_t list[PROCESSES_MOST];
        cpu_set_t own;

        if (unkept & 1U << CONTROLLER_CPU && u->nice == INT_MIN &&
            new->cpu_weight != (old ? old->cpu_weight : 0)) {
                to.renices = true;
                to.nice = new->cpu_weight > 0 ? budget_nice(new->cpu_weight) : 0;
        }
        if (unkept & 1U << CONTROLLER_CPUSET && !(u->setup && u->setup->affinity) &&
            (new->cpus || (old && old->cpus)))
                to.cpus = new->cpus ?: sched_getaffinity(0, sizeof(own), &own) == 0 ? &own : NULL;
        if (!to.renices && !to.cpus)
                return 0;
        size_t n = processes_of(s, list, countof(list));
        int r = 0;
        for (size_t i = 0; i < n && r == 0; i++)
                r = set_of_process(list[i], &to);
        return r < 0 ? diag(d, NULL, 0, r, "%s of its processes cannot be changed: %s",
                            to.cpus ? "AllowedCPUs= or CPUWeight=" : "CPUWeight=", strerror(-r))
                     : 0;
}

static void remember(struct manager *m, struct override **list, bool lasts) {
        if (lasts)
                override_drop(&m->overrides, *list);
        else
                override_merge(&m->overrides, list);
}

int adjust(struct service *s, struct override **list, bool lasts, struct diags *d) {
        struct manager *m = s->manager;
        struct unit copy = {}, *unit = config_find(m->config, s->unit->name);

        int r = check_settled(s, d);
        if (r == 0)
                r = make_copy(m, s->unit, *list, d, &copy);
        if (!copy.budget)
                return r;
        r = reschedule(s, &copy, d);
        if (r < 0) {
                budget_free(copy.budget);
                return r;
        }
        say(unit->name, *list);
        box_change(s, &copy);
        struct budget *before = unit->budget;
        unit->budget = copy.budget;
        budget_free(before);
        sampling_change(s);
        remember(m, list, lasts);
        return 0;
}

int adjust_slice(struct manager *m, const char *name, struct override **list, bool lasts, struct diags *d) {
        struct unit copy = {}, *slice = config_find_slice(m->config, name);

        int r = make_copy(m, slice, *list, d, &copy);
        if (!copy.budget)
                return r;
        say(slice->name, *list);
        box_change_slice(m, slice->name, slice->budget, copy.budget);
        budget_free(slice->budget);
        slice->budget = copy.budget;
        remember(m, list, lasts);
        return 0;
}
