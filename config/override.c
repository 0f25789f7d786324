#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "config/override.h"
#include "config/value.h"

enum override_kind override_kind(const struct setting *s) {
        static const struct {
                int (*parse)(const struct assignment *a);
                enum override_kind kind;
        } kinds[] = {
                { value_amount, OVERRIDE_AMOUNT }, { value_tasks, OVERRIDE_AMOUNT },
                { value_weight, OVERRIDE_WEIGHT }, { value_quota, OVERRIDE_QUOTA },
                { value_period, OVERRIDE_PERIOD }, { value_affinity, OVERRIDE_PROCESSORS },
                { value_device, OVERRIDE_DEVICE }, { value_bool, OVERRIDE_BOOL },
        };

        for (size_t i = 0; s->part == PART_BUDGET && i < countof(kinds); i++)
                if (kinds[i].parse == s->parse)
                        return kinds[i].kind;
        return OVERRIDE_NONE;
}

static bool is_of(const struct override *o, const struct override *other) {
        return o->setting == other->setting && strcmp(o->unit, other->unit) == 0;
}

static struct override *find(struct override *list, const char *unit, const struct setting *s) {
        while (list && (list->setting != s || strcmp(list->unit, unit) != 0))
                list = list->next;
        return list;
}

static struct override *free_one(struct override *o) {
        struct override *next = o->next;

        strv_free(o->values);
        free(o);
        return next;
}

struct override *override_free(struct override *list) {
        while (list)
                list = free_one(list);
        return NULL;
}

int override_add(struct override **list, const char *unit, const struct setting *s, const char *value) {
        struct override *o = find(*list, unit, s);

        if (!o) {
                size_t size = strlen(unit) + 1;
                o = calloc(1, sizeof(*o) + size);
                if (!o)
                        return -ENOMEM;
                o->setting = s;
                memcpy(o->unit, unit, size);
                o->next = *list;
                *list = o;
                /* Processors of several lines add up; what is set is meant to be all. */
                if (override_kind(s) == OVERRIDE_PROCESSORS && strv_add(&o->values, "") < 0)
                        return -ENOMEM;
        }
        return strv_add(&o->values, value);
}

void override_drop(struct override **list, const struct override *of) {
        for (; of; of = of->next)
                for (struct override **at = list; *at;)
                        if (is_of(*at, of))
                                *at = free_one(*at);
                        else
                                at = &(*at)->next;
}

/* What was set of devices before is kept where it can be: a limit that is lost with it would be silent. */
static bool keep_before(struct override *new, char **before) {
        autostrv char **all = strv_copy(before);

        if (!all)
                return false;
        for (char **value = new->values; value &&*value; value++)
                if (strv_add(&all, *value) < 0)
                        return false;
        strv_free(new->values);
        new->values = TAKE(all);
        return true;
}

void override_merge(struct override **to, struct override **from) {
        for (struct override *o = *from; o; o = o->next) {
                const struct override *before = find(*to, o->unit, o->setting);
                if (before && override_kind(o->setting) == OVERRIDE_DEVICE)
                        (void) keep_before(o, before->values);
        }
        override_drop(to, *from);
        struct override **end = from;
        while (*end)
                end = &(*end)->next;
        *end = *to;
        *to = TAKE(*from);
}

int override_apply(const struct override *list, const char *unit, struct unit *u, struct diags *d) {
        int r = 0;

        for (const struct override *o = list; o && r >= 0; o = o->next) {
                if (strcmp(o->unit, unit) != 0)
                        continue;
                for (char **value = o->values; value && *value && r >= 0; value++) {
                        const struct assignment a = {
                                .setting = o->setting, .object = u, .value = *value, .diags = d, .unit = u
                        };
                        r = setting_parse(&a);
                }
        }
        return r;
}
