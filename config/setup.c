#include <string.h>

#include "base/text.h"
#include "config/expand.h"
#include "config/setup.h"
#include "config/value.h"

#define CHECK_WORD(name, word, takes, about) [CHECK_##name] = (word),
static const char *const check_words[] = { CHECKS(CHECK_WORD, NO_CHECK) };

#define PLACE_ROW(name, word, base, variable) [DIRECTORY_##name] = { word, base, variable },
static const struct directory_place places[] = { DIRECTORIES(PLACE_ROW) };

/* What an ordinary user has instead, see "Table 2" of systemd.exec(5): a variable, what is behind it, and
 * where that is below the home without the variable. */
static const struct {
        const char *variable, *below, *in_home;
} of_users[] = {
        [DIRECTORY_RUNTIME] = { "XDG_RUNTIME_DIR", "", NULL },
        [DIRECTORY_STATE] = { "XDG_STATE_HOME", "", ".local/state" },
        [DIRECTORY_CACHE] = { "XDG_CACHE_HOME", "", ".cache" },
        [DIRECTORY_LOGS] = { "XDG_STATE_HOME", "/log", ".local/state" },
        [DIRECTORY_CONFIGURATION] = { "XDG_CONFIG_HOME", "", ".config" },
};

static char *bases[DIRECTORY_KIND_COUNT]; /* owned; for as long as tend runs; NULL: as in the table */

const char *directory_base(enum directory_kind kind) {
        return bases[kind] ? bases[kind] : places[kind].base;
}

/* Only absolute paths count. */
static const char *find_path(char *const *environment, const char *name) {
        const char *path = expand_variable(environment, name, strlen(name));

        return path && *path == '/' ? path : NULL;
}

void directory_bases_find(uid_t uid, pid_t pid, bool at_home, char *const *environment) {
        const char *home = find_path(environment, "HOME");
        bool is_ordinary = at_home || (uid != 0 && pid != 1);

        for (enum directory_kind kind = 0; kind < DIRECTORY_KIND_COUNT; kind++) {
                const char *path = find_path(environment, of_users[kind].variable);

                free(TAKE(bases[kind]));
                if (at_home && kind == DIRECTORY_RUNTIME)
                        continue;
                if (is_ordinary && path)
                        bases[kind] = text_format("%s%s", path, of_users[kind].below);
                else if (is_ordinary && home && of_users[kind].in_home)
                        bases[kind] =
                                text_format("%s/%s%s", home, of_users[kind].in_home, of_users[kind].below);
        }
}

const char *check_word(enum check_kind kind) {
        return check_words[kind];
}

const struct directory_place *directory_place(enum directory_kind kind) {
        return &places[kind];
}

struct setup *setup_new(void) {
        struct setup *s = calloc(1, sizeof(*s));

        return s && setting_fill(PART_SETUP, s) < 0 ? setup_free(s) : s;
}

struct setup *setup_free(struct setup *s) {
        if (!s)
                return NULL;
        for (struct check *c = s->checks; c;) {
                struct check *next = c->next;

                free(c);
                c = next;
        }
        for (size_t i = 0; i < countof(s->directories); i++)
                strv_free(s->directories[i].names);
        strv_free(s->search_path);
        strv_free(s->allow_users);
        strv_free(s->sockets);
        strv_free(s->supplementary_groups);
        strv_free(s->pass_environment);
        strv_free(s->unset_environment);
        free(s->exits.success);
        free(s->exits.restart_prevent);
        free(s->exits.restart_force);
        free(s->affinity);
        free(s->numa_mask);
        free(s->tty_path);
        free(s->input_data);
        free(s);
        return NULL;
}
