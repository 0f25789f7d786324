#include "config/setup.h"
#include "base/text.h"
#include "config/value.h"

#define CHECK_WORD(name, word, takes, about) [CHECK_##name] = (word),
static const char *const check_words[] = { CHECKS(CHECK_WORD, NO_CHECK) };

#define PLACE_ROW(name, word, base, variable) [DIRECTORY_##name] = { word, base, variable },
static const struct directory_place places[] = { DIRECTORIES(PLACE_ROW) };

const char *check_word(enum check_kind kind) {
        return check_words[kind];
}

const struct directory_place *directory_place(enum directory_kind kind) {
        return &places[kind];
}

struct setup *setup_new(void) {
        struct setup *s = calloc(1, sizeof(*s));

        for (size_t i = 0; s && i < n_settings; i++) {
                const struct setup_row *row = settings[i].table;
                struct assignment a = { .setting = &settings[i], .object = s };

                if (settings[i].parse != value_setup)
                        continue;

                struct setting inner = settings[i];
                inner.table = row->table;
                a.setting = &inner;
                a.value = setting_fallback(&settings[i], false);
                if (row->parse(&a) < 0)
                        return setup_free(s);
        }
        return s;
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
        free(s->affinity);
        free(s->tty_path);
        free(s->input_data);
        free(s);
        return NULL;
}
