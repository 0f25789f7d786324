#include "init/dropin.h"
#include "init/option.h"
#include "tests/unit/test.h"

TEST(dropin_knows_its_names) {
        static const struct {
                const char *argv0;
                bool known;
        } rows[] = {
                { "tini", true },           { "/sbin/docker-init", true },
                { "./tini-static", true },  { "dumb-init", true },
                { "catatonit", true },      { "tend", false },
                { "/usr/bin/tend", false }, { "", false },
                { "tini/tend", false },     { "init", false },
                { "tini2", false },
        };

        for (size_t i = 0; i < countof(rows); i++)
                CHECK(dropin_is_known(rows[i].argv0) == rows[i].known, "%s", rows[i].argv0);
}

/* An option that is in a table twice, or has neither a letter nor a word, can never be reached. */
TEST(dropin_options_can_all_be_reached) {
        static const struct program *const all[] = { &program_tini, &program_dumb_init, &program_catatonit };

        for (size_t n = 0; n < countof(all); n++)
                for (const struct option *a = all[n]->options; a->act; a++) {
                        CHECK(a->letter || a->word, "%s", all[n]->persona->names[0]);
                        for (const struct option *b = a + 1; b->act; b++) {
                                CHECK(!a->letter || a->letter != b->letter, "-%c", a->letter);
                                CHECK(!a->word || !b->word || strcmp(a->word, b->word) != 0, "--%s", a->word);
                        }
                }
}

/* What is said at a level without a prefix would go to tend's own log, under tend's name. */
TEST(persona_words_have_a_prefix) {
        static const struct persona *const all[] = { &persona_tini, &persona_dumb_init, &persona_catatonit };

        for (size_t n = 0; n < countof(all); n++)
                for (enum note note = 0; note < NOTE_COUNT; note++) {
                        const struct words *w = &all[n]->words[note];
                        CHECK(!w->text || all[n]->prefix[w->level], "%s: note %u", all[n]->names[0], note);
                }
}

TEST(persona_tells_every_failure) {
        static const struct persona *const all[] = { &persona_tend, &persona_tini, &persona_dumb_init,
                                                     &persona_catatonit };

        for (size_t n = 0; n < countof(all); n++) {
                const struct words *failed = &all[n]->words[NOTE_FAILED],
                                   *exec = &all[n]->words[NOTE_EXEC_FAILED];
                CHECK(failed->text && failed->level == SAY_ERROR, "%s", all[n]->names[0]);
                CHECK(exec->text && exec->level == SAY_ERROR, "%s", all[n]->names[0]);
                CHECK(all[n]->not_found > 0 && all[n]->not_executable > 0 && all[n]->not_run > 0, "%s",
                      all[n]->names[0]);
        }
}
