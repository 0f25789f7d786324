/* Where the fields of settings are: in the unit itself, or in a part of it that few units have. */
#include <errno.h>
#include <string.h>

#include "config/bond.h"
#include "config/budget.h"
#include "config/setup.h"
#include "config/value.h"

static void *part_of(const struct unit *u, enum unit_part p) {
        switch (p) {
        case PART_SELF:
                break;
        case PART_BONDS:
                return u->bonds;
        case PART_BUDGET:
                return u->budget;
        case PART_READINESS:
                return u->readiness;
        case PART_SETUP:
                return u->setup;
        case PART_TIMER:
                return u->timer;
        case PART_SOCKET:
                return u->socket;
        case PART_PATH:
                return u->path;
        }
        return NULL;
}

static struct readiness *new_readiness(const struct unit *u) {
        struct readiness *r = malloc(sizeof(*r));

        if (r)
                *r = *unit_readiness(u);
        return r;
}

/* For the first setting that needs it. 0, also where a unit of its kind has no such part; -ENOMEM. */
static int make_part(struct unit *u, enum unit_part p) {
        switch (p) {
        case PART_BONDS:
                return (u->bonds = calloc(1, sizeof(*u->bonds))) ? 0 : -ENOMEM;
        case PART_BUDGET:
                return (u->budget = calloc(1, sizeof(*u->budget))) ? 0 : -ENOMEM;
        case PART_READINESS:
                return (u->readiness = new_readiness(u)) ? 0 : -ENOMEM;
        case PART_SETUP:
                return (u->setup = setup_new()) ? 0 : -ENOMEM;
        case PART_SELF:
        case PART_TIMER:
        case PART_SOCKET:
        case PART_PATH:
                break;
        }
        return 0;
}

/* What stands for the part where a unit has none. */
static const void *missing_part(const struct unit *u, enum unit_part p) {
        static const struct budget no_budget;

        switch (p) {
        case PART_BONDS:
                return unit_bonds(u);
        case PART_BUDGET:
                return &no_budget;
        case PART_READINESS:
                return unit_readiness(u);
        case PART_SELF:
        case PART_SETUP:
        case PART_TIMER:
        case PART_SOCKET:
        case PART_PATH:
                break;
        }
        return NULL;
}

int setting_parse(const struct assignment *a) {
        const struct setting *s = a->setting;
        struct assignment within = *a;

        if (s->part == PART_SELF)
                return s->parse(a);
        within.object = part_of(a->unit, s->part);
        if (!within.object && strcmp(a->value, setting_fallback(s, false)) == 0)
                return 0;
        if (!within.object && make_part(a->unit, s->part) < 0)
                return value_out_of_memory(a);
        within.object = part_of(a->unit, s->part);
        return within.object ? s->parse(&within) : 0;
}

void setting_print(const struct setting *s, const void *object, FILE *out) {
        const void *part = s->part == PART_SELF ? object : part_of(object, s->part);

        if (!part)
                part = missing_part(object, s->part);
        if (part)
                s->print(s, part, out);
        else if (s->part == PART_SETUP && s->print != value_print_nothing && s->fallback && *s->fallback)
                (void) fprintf(out, "%s\n", s->fallback);
}

int setting_fill(enum unit_part p, void *part) {
        int r = 0;

        for (size_t i = 0; i < n_settings && r >= 0; i++) {
                const struct assignment a = {
                        .setting = &settings[i],
                        .object = part,
                        .value = setting_fallback(&settings[i], false),
                };
                if (settings[i].part == p)
                        r = settings[i].parse(&a);
        }
        return r;
}
