#include <errno.h>
#include <string.h>

#include "base/glob.h"
#include "base/text.h"
#include "client/snapshot.h"
#include "client/units.h"
#include "config/suggest.h"
#include "config/unit.h"
#include "control/verb.h"

static int add_fitting(struct link *l, const char *verb, const char *pattern, char ***list) {
        autosnapshot struct snapshot s = {};
        autofree char *full = unit_full_name(pattern);
        const char *const patterns[] = { pattern, full };

        if (!full)
                return -ENOMEM;
        int r = snapshot_take(&s, l, patterns, countof(patterns));
        if (r == 0 && s.n == 0) {
                (void) verb_complain(verb, "no unit fits", pattern, "`tend status` lists them");
                return -ENOENT;
        }
        for (size_t i = 0; r == 0 && i < s.n; i++)
                if (!strv_contains(*list, s.units[i].name))
                        r = strv_add(list, s.units[i].name);
        return r;
}

int units_resolve(struct link *l, const char *verb, char *const *words, char ***ret) {
        autostrv char **list = NULL;
        int r = 0;

        for (; r == 0 && *words; words++)
                r = glob_is_pattern(*words) ? add_fitting(l, verb, *words, &list)
                                            : strv_take(&list, unit_full_name(*words));
        if (r == 0)
                *ret = TAKE(list);
        return r;
}

int units_complain_unknown(struct link *l, const char *verb, const char *name, const char *words) {
        autofree char *typed = NULL;
        char text[LINK_WORDS_MAX], hint[300] = "`tend status` lists them";
        autosnapshot struct snapshot s = {};
        struct suggest nearest;

        (void) snprintf(text, sizeof(text), "%s", words); /* the link's may go with its next answer */
        if (text_ends(name, ".service"))                  /* which was put behind "web.servce", too */
                typed = strndup(name, strlen(name) - strlen(".service"));
        suggest_init(&nearest, typed && strchr(typed, '.') ? typed : name);
        if (snapshot_take(&s, l, NULL, 0) == 0)
                for (size_t i = 0; i < s.n; i++)
                        suggest_offer(&nearest, s.units[i].name);
        if (nearest.best)
                (void) snprintf(hint, sizeof(hint), "did you mean %.250s?", nearest.best);
        (void) verb_complain(verb, text, name, hint);
        return EXIT_UNKNOWN;
}

int units_complain(struct link *l, const char *verb, const char *name, int error) {
        return link_exit_code(l, error) == EXIT_UNKNOWN ? units_complain_unknown(l, verb, name, l->words)
                                                        : link_complain(l, verb, name, error);
}

int units_worse(int a, int b) {
        static const int order[] = { EXIT_NO_TEND, EXIT_UNKNOWN, EXIT_FAILED, EXIT_NOT_RUNNING };

        for (size_t i = 0; i < countof(order); i++)
                if (a == order[i] || b == order[i])
                        return order[i];
        return EXIT_FINE;
}
