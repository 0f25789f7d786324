#include <errno.h>
#include <string.h>

#include "config/load.h"
#include "config/value.h"

static int compare(const void *key, const void *row) {
        return strcmp(key, ((const struct setting *) row)->key);
}

const struct setting *setting_find_in(enum setting_owner owner, const char *section, const char *key) {
        const struct setting *found = bsearch(key, settings, n_settings, sizeof(*settings), compare);

        if (!found)
                return NULL;

        /* Rows that share a key are neighbours. */
        const struct setting *first = NULL;
        while (found > settings && strcmp(found[-1].key, key) == 0)
                found--;
        for (; found < settings + n_settings && strcmp(found->key, key) == 0; found++) {
                if (found->owner != owner)
                        continue;
                if (section && strcmp(found->section, section) == 0)
                        return found;
                first = first ? first : found;
        }
        return first;
}

const struct setting *setting_find(enum setting_owner owner, const char *key) {
        return setting_find_in(owner, NULL, key);
}

bool setting_is_carried_out(const struct setting *s) {
        return s->parse != value_refused && s->parse != value_remark;
}

bool setting_is_later(const struct setting *s) {
        return s->parse == value_refused;
}

static bool is_one_of(const struct setting *s, const char *const *keys, size_t n) {
        while (n-- > 0)
                if (strcmp(s->key, keys[n]) == 0)
                        return true;
        return false;
}

bool setting_is_of_slice(const struct setting *s) {
        static const char *const others[] = {
                "BudgetPolicy",        "CPUQuotaFallback", "Delegate", "MemoryPressureThresholdSec",
                "MemoryPressureWatch", "OOMPolicy",        "Slice"
        };

        if (is_one_of(s, others, countof(others)))
                return false;
        return s->part == PART_BUDGET || strcmp(s->key, "Description") == 0 ||
               strcmp(s->key, "Documentation") == 0;
}

const char *setting_fallback(const struct setting *s, bool from_tend_ini) {
        if (from_tend_ini && s->fallback_tend)
                return s->fallback_tend;
        return s->fallback ? s->fallback : "";
}

int setting_apply_defaults(enum setting_owner owner, void *object, bool from_tend_ini) {
        struct assignment a = { .object = object, .unit = owner == OWNER_UNIT ? object : NULL };

        for (size_t i = 0; i < n_settings; i++) {
                if (settings[i].owner != owner || !setting_is_carried_out(&settings[i]))
                        continue;

                /* An empty value is what an unset field holds. */
                a.setting = &settings[i];
                a.value = setting_fallback(&settings[i], from_tend_ini);
                int r = setting_parse(&a);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* TimeoutSec= is two settings at once. */
static bool sets(const struct setting *by, const struct setting *s) {
        if (by == s)
                return true;
        return by->parse == value_timeouts &&
               (strcmp(s->key, "TimeoutStartSec") == 0 || strcmp(s->key, "TimeoutStopSec") == 0);
}

const struct origin *setting_origin(const struct setting *s, const struct origin *origins, size_t n) {
        while (n-- > 0)
                if (sets(origins[n].setting, s))
                        return &origins[n];
        return NULL;
}

/* What a running service can be told of. */
static bool is_live(const struct setting *s) {
        static const char *const others[] = { "Delegate", "MemoryPressureThresholdSec", "MemoryPressureWatch",
                                              "Slice" };

        return strcmp(s->key, "AllowUsers") == 0 ||
               (s->part == PART_BUDGET && !is_one_of(s, others, countof(others)));
}

/* All that makes a unit what it is, as text. NULL without memory. */
static char *describe(const struct unit *u, bool all) {
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return NULL;
        (void) fprintf(out, "%s %d %d\n", u->name, u->foreground, u->from_tend_ini);
        for (size_t i = 0; i < n_settings; i++) {
                if (settings[i].owner != OWNER_UNIT || (!all && is_live(&settings[i])))
                        continue;

                /* What an empty list leaves out shall not move the next one into its place. */
                (void) fprintf(out, "%zu\n", i);
                setting_print(&settings[i], u, out);
        }
        if (fclose(out) == 0)
                return text;
        free(text);
        return NULL;
}

static bool same(const struct unit *a, const struct unit *b, bool all) {
        autofree char *first = describe(a, all), *second = describe(b, all);

        return first && second && strcmp(first, second) == 0;
}

bool unit_same(const struct unit *a, const struct unit *b) {
        return same(a, b, true);
}

bool unit_same_but_budget(const struct unit *a, const struct unit *b) {
        return same(a, b, false);
}
