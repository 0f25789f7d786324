#include "supervisor/privilege.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/log.h"
#include "config/capability.h"

#define NAMES_ROOM 1024

struct sets {
        struct __user_cap_data_struct low, high; /* capabilities 0 to 31, and those above; see capget(2) */
};

static const struct setup *setup_of(const struct launch *l) {
        return l->is_unlimited ? NULL : l->unit->setup;
}

static bool has_bounds(const struct launch *l) {
        return setup_of(l) && setup_of(l)->bounding != CAPABILITIES_ALL;
}

static bool has_ambient(const struct launch *l) {
        return setup_of(l) && setup_of(l)->ambient != 0;
}

static int get_sets(struct sets *s) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

        return syscall(SYS_capget, &header, s) < 0 ? -errno : 0;
}

static int set_sets(const struct sets *s) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

        return syscall(SYS_capset, &header, s) < 0 ? -errno : 0;
}

/* Of the container, that is PID 1's own, which never changes. */
static uint64_t find_bounds(void) {
        uint64_t set = 0;

        for (unsigned i = 0; i < 64 && prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
                if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) > 0)
                        set |= CAPABILITY_BIT(i);
        return set;
}

void privilege_prepare(struct launch *l) {
        const struct setup *s = setup_of(l);
        uint64_t known = CAPABILITY_BIT(capability_count()) - 1;

        if (!has_bounds(l) && !has_ambient(l))
                return;
        if (l->launcher->bounds == 0)
                l->launcher->bounds = find_bounds();
        l->ambient = s->ambient & s->bounding & l->launcher->bounds;
        l->lacks_ambient = s->ambient & s->bounding & known & ~l->launcher->bounds;
        /* "All but these" names nothing that it wants. */
        if (s->bounding >> 63 == 0)
                l->lacks_bounding = s->bounding & known & ~l->launcher->bounds & ~l->lacks_ambient;
}

/* PID 1 may have been left without it in its effective set. Without it, what follows is refused, or was not
 * needed. */
static void gain_setpcap(struct sets *s) {
        s->low.effective |= s->low.permitted & (uint32_t) CAPABILITY_BIT(CAP_SETPCAP);
}

/* Those that it lowers, and those that it has itself, it may set without any right. */
static void set_inheritable(struct sets *s, uint64_t set) {
        s->low.inheritable = (uint32_t) set;
        s->high.inheritable = (uint32_t) (set >> 32);
}

static uint64_t get_inheritable(const struct sets *s) {
        return s->low.inheritable | (uint64_t) s->high.inheritable << 32;
}

/* Who may not take rights from it, as an ordinary user may not, goes on: the service has no more than its
 * user has, and could have more by a program with the setuid bit alone. */
static int drop_bounds(struct launch *l) {
        uint64_t dropped = l->launcher->bounds & ~setup_of(l)->bounding;

        for (unsigned i = 0; i < 64; i++) {
                if ((dropped & CAPABILITY_BIT(i)) == 0 || prctl(PR_CAPBSET_DROP, i, 0, 0, 0) == 0)
                        continue;
                if (errno != EPERM)
                        return -errno;
                loss_add(&l->losses, "CapabilityBoundingSet=",
                         "the container lacks CAP_SETPCAP for it (--cap-add=SETPCAP)");
                return 0;
        }
        return 0;
}

/* Exactly those: what the runtime has made ambient for PID 1 is not asked for here. */
static int raise_ambient(const struct launch *l) {
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
                return -errno;
        for (unsigned i = 0; i < 64; i++)
                if (l->ambient & CAPABILITY_BIT(i) &&
                    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0)
                        return -errno;
        return 0;
}

/* What is ambient has to be inheritable too, and stays so over a change of user. */
int privilege_limit(struct launch *l) {
        struct sets s;

        if (!has_bounds(l) && !has_ambient(l))
                return 0;
        int r = get_sets(&s);
        if (r < 0)
                return r;
        gain_setpcap(&s);
        r = set_sets(&s);
        if (r == 0 && has_bounds(l))
                r = drop_bounds(l);
        if (r < 0)
                return r;
        if (has_ambient(l))
                l->failed_at = "AmbientCapabilities= names what tend itself has not";
        set_inheritable(&s, has_ambient(l) ? l->ambient : get_inheritable(&s) & setup_of(l)->bounding);
        r = set_sets(&s);
        return r < 0 || !has_ambient(l) ? r : raise_ambient(l);
}

/* Gone with the next execve(2) again. */
int privilege_keep(const struct launch *l) {
        bool is_needed = l->ambient != 0 || (setup_of(l) && setup_of(l)->secure_bits != 0);

        return is_needed && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

/* setresuid(2) has cleared it, whatever was kept. */
int privilege_raise(struct launch *l) {
        return l->change_user && l->ambient != 0 ? raise_ambient(l) : 0;
}

int privilege_set_secure_bits(struct launch *l) {
        const struct setup *setup = setup_of(l);
        struct sets s;

        if (!setup || setup->secure_bits == 0 || prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) == setup->secure_bits)
                return 0;
        int r = get_sets(&s);
        if (r < 0)
                return r;
        gain_setpcap(&s);
        r = set_sets(&s);
        if (r < 0)
                return r;
        return prctl(PR_SET_SECUREBITS, setup->secure_bits, 0, 0, 0) < 0 ? -errno : 0;
}

int privilege_forbid_new(struct launch *l) {
        const struct setup *s = setup_of(l);

        return s && s->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

void privilege_report(const struct launch *l) {
        char names[NAMES_ROOM], options[NAMES_ROOM];

        if (l->lacks_ambient != 0) {
                capability_print(l->lacks_ambient, NULL, names, sizeof(names));
                capability_print(l->lacks_ambient, "--cap-add=", options, sizeof(options));
                log_warning(l->unit->name,
                            "AmbientCapabilities=: the container has no %s, so it goes without (%s)", names,
                            options);
        }
        if (l->lacks_bounding != 0) {
                capability_print(l->lacks_bounding, NULL, names, sizeof(names));
                capability_print(l->lacks_bounding, "--cap-add=", options, sizeof(options));
                log_info(l->unit->name,
                         "the container has no %s, which CapabilityBoundingSet= would leave it (%s)", names,
                         options);
        }
}
