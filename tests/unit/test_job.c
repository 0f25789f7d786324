/* Verbs on units: who takes part, what becomes of each job, and in which order. */
#include "tests/unit/test.h"
#include "tests/unit/world.h"

#define STAYS   "Type=oneshot\nRemainAfterExit=yes\nExecStart=x\n"
#define FAILS   "Restart=no\nFailureAction=none\nExecStart=x\n"
#define PAIR    "[web]\nRequires=db\nAfter=db\n" STAYS "[db]\nExecReload=x\n" STAYS
#define RELOADS "[a]\nType=notify-reload\n" FAILS
#define SOFT    "[web]\nWants=db\nAfter=db\n" STAYS "[db]\n" FAILS

static const struct world_row rows[] = {
        /* One alone. */
        { "[a]\n" STAYS, "start:a", "+a:start -a:start=done", "a=exited" },
        { "[a]\n" STAYS, "start:a start:a", "+a:start -a:start=done +a:start -a:start=done", "a=exited" },
        { "[a]\n" STAYS, "stop:a", "+a:stop -a:stop=done", "a=dead" },
        { "[a]\n" STAYS, "boot stop:a", "+a:stop -a:stop=done", "a=dead" },
        { "[a]\n" STAYS, "boot restart:a", "+a:restart -a:start=done", "a=exited" },
        { "[a]\n" STAYS, "restart:a", "+a:restart -a:start=done", "a=exited" },
        { "[a]\n" STAYS, "try-restart:a", "+a:nop -a:nop=done", "a=dead" },
        { "[a]\n" STAYS, "boot try-restart:a", "+a:restart -a:start=done", "a=exited" },
        { "[a]\n" STAYS, "boot reload-or-restart:a", "+a:restart -a:start=done", "a=exited" },
        { "[a]\n" FAILS, "start:a", "+a:start -a:start=failed", "a=failed" },
        { "[a]\n" FAILS, "start:a reset:a", "+a:start -a:start=failed", "a=dead" },
        { "[a]\nType=oneshot\nExecStart=x\n", "start:a", "+a:start -a:start=done", "a=dead" },
        { "[a]\nRestart=always\nExecStart=x\n", "start:a", "+a:start -a:start=failed", "a=auto-restart" },
        { "[a]\nRestart=always\nExecStart=x\n", "start:a start:a ring:a",
          "+a:start -a:start=failed +a:start -a:start=failed", "a=auto-restart" },
        { "[a]\nRestart=always\nExecStart=x\n", "start:a stop:a",
          "+a:start -a:start=failed +a:stop -a:stop=done", "a=dead" },
        { "[a]\nConditionPathExists=/no/such\n" STAYS, "start:a", "+a:start -a:start=done", "a=dead" },
        { "[a]\nConditionPathExists=/no/such\n" STAYS, "restart:a", "+a:restart -a:start=done", "a=dead" },
        { "[a]\nAssertPathExists=/no/such\nFailureAction=none\n" STAYS, "start:a", "+a:start -a:start=assert",
          "a=failed" },

        /* Reloads. */
        { "[a]\n" STAYS, "boot reload:a", "!-22", "a=exited" },
        { PAIR, "reload:db", "+db:reload -db:reload=invalid", "web=dead db=dead" },
        { RELOADS, "run:a reload:a reloading:a ready:a", "+a:reload -a:reload=done", "a=running" },
        { RELOADS, "run:a reload:a ring:a", "+a:reload -a:reload=failed", "a=running" },
        { RELOADS, "run:a reload:a die:a", "+a:reload -a:reload=failed", "a=failed" },
        { RELOADS, "run:a reload:a stop:a", "+a:reload -a:reload=canceled +a:stop -a:stop=done", "a=dead" },
        /* Asked again meanwhile, it begins anew. */
        { RELOADS, "run:a reload:a reload:a reloading:a ready:a", "+a:reload", "a=reload-signal" },
        { RELOADS, "run:a reload:a reload:a reloading:a ready:a reloading:a ready:a",
          "+a:reload -a:reload=done", "a=running" },
        { RELOADS "[b]\nBefore=a\n" STAYS, "start:b run:a hold:b stop:b reload:a",
          "+b:start -b:start=done +b:stop +a:reload", "a=running b=stop-sigterm" },
        { RELOADS "PropagatesReloadTo=b\n[b]\n" STAYS, "start:b run:a reload:a reloading:a ready:a",
          "+b:start -b:start=done +a:reload -a:reload=done", "a=running b=exited" },
        { PAIR, "reload-or-restart:db", "+db:start -db:start=done", "web=dead db=exited" },
        { PAIR, "try-reload-or-restart:db", "+db:nop -db:nop=done", "web=dead db=dead" },

        /* Those that take part. */
        { PAIR, "start:web", "+web:start +db:start -db:start=done -web:start=done", "web=exited db=exited" },
        { PAIR, "boot stop:db", "+db:stop +web:stop -web:stop=done -db:stop=done", "web=dead db=dead" },
        { PAIR, "boot stop:web", "+web:stop -web:stop=done", "web=dead db=exited" },
        { PAIR, "boot restart:db", "+db:restart +web:restart -db:start=done -web:start=done",
          "web=exited db=exited" },
        { PAIR, "start:db restart:db", "+db:start -db:start=done +db:restart -db:start=done",
          "web=dead db=exited" },
        { PAIR, "ignore-dependencies/start:web", "+web:start -web:start=done", "web=exited db=dead" },
        { SOFT, "start:web", "+web:start +db:start -db:start=failed -web:start=done",
          "web=exited db=failed" },
        { "[web]\nRequires=db\nAfter=db\nFailureAction=none\n" STAYS "[db]\n" FAILS, "start:web start:web",
          "+web:start +db:start -db:start=failed -web:start=dependency "
          "+web:start +db:start -db:start=failed -web:start=dependency",
          "web=failed db=failed" },

        /* What contradicts the rest is left out, and what it would have brought. */
        { "[a]\nWants=b\n" STAYS "[b]\nRequires=c\nConflicts=a\n" STAYS "[c]\n" STAYS, "start:a",
          "+a:start -a:start=done", "a=exited b=dead c=dead" },
        /* Started at first, then restarted: so is what goes with that. */
        { "[a]\nRequires=t u\n" STAYS "[t]\nPartOf=u\n" STAYS "[u]\nPartOf=w\n" STAYS
          "[w]\nRequires=a\n" STAYS "[k]\nPartOf=t\n" STAYS,
          "boot restart:a",
          "+a:restart +t:restart +u:restart +w:restart +k:restart -a:start=done -t:start=done "
          "-u:start=done -w:start=done -k:start=done",
          "a=exited t=exited u=exited w=exited k=exited" },

        /* Who waits for it need not any more. */
        { "[c]\n" STAYS "[a]\nAfter=c\n" STAYS "[b]\nAfter=a\n" STAYS,
          "start:c hold:c stop:c start:a start:b stop:a",
          "+c:start -c:start=done +c:stop +a:start +b:start -a:start=canceled +a:stop -b:start=done "
          "-a:stop=done",
          "c=stop-sigterm a=dead b=exited" },
        { "[c]\n" STAYS "[a]\nAfter=c\n" STAYS "[b]\nAfter=a\n" STAYS,
          "start:c hold:c stop:c start:a start:b cancel:a",
          "+c:start -c:start=done +c:stop +a:start +b:start -a:start=canceled -b:start=done",
          "c=stop-sigterm a=dead b=exited" },

        /* What is in the way. */
        { "[a]\n" STAYS, "boot hold:a stop:a start:a gone:a",
          "+a:stop -a:stop=canceled +a:start -a:start=done", "a=exited" },
        { "[a]\n" STAYS, "boot hold:a stop:a fail/start:a gone:a", "+a:stop !-16 -a:stop=done", "a=dead" },
        { "[a]\n" STAYS, "boot hold:a replace-irreversibly/stop:a start:a gone:a",
          "+a:stop !-16 -a:stop=done", "a=dead" },
        { "[a]\n" STAYS, "boot hold:a stop:a stop:a gone:a", "+a:stop -a:stop=done", "a=dead" },
        { "[a]\n" STAYS, "boot hold:a restart:a stop:a gone:a",
          "+a:restart -a:restart=canceled +a:stop -a:stop=done", "a=dead" },
        { "[a]\n" STAYS, "boot hold:a restart:a start:a gone:a", "+a:restart -a:start=done", "a=exited" },
        { "[a]\n" STAYS "[b]\n" STAYS, "boot hold:a stop:a flush/start:b gone:a",
          "+a:stop -a:stop=canceled +b:start -b:start=done", "a=dead b=exited" },
        { "[a]\n" STAYS, "boot hold:a restart:a cancel:a gone:a", "+a:restart -a:restart=canceled",
          "a=dead" },
        { "[a]\n" STAYS, "isolate/start:a", "!-95", "a=dead" },
};

TEST(job_ends_as_systemd_says) {
        world_check_rows(rows, countof(rows));
}

TEST(job_refuses_when_the_container_stops) {
        struct world w;

        world_init(&w, "[a]\n" STAYS, 0);
        w.manager.phase = PHASE_STOPPING;
        world_play(&w, "start:a");
        CHECK_STRING(w.trail, "!-108");
        CHECK(w.said.n == 1 && strcmp(w.said.list[0].text, "the container is stopping") == 0);
        world_done(&w);
}

/* Who starts it anew does not wait for the delay that has grown; the start limit is kept in mind. */
TEST(job_by_hand_begins_anew) {
        static const struct {
                const char *script;
                unsigned count, used;
        } starts[] = { { "start:a", 0, 2 }, { "again/start:a", 5, 2 }, { "start:a reset:a", 0, 0 } };

        for (size_t i = 0; i < countof(starts); i++) {
                struct world w;

                world_init(&w, "[a]\nStartLimitBurst=9\n" STAYS, i);
                struct restarts *r = &w.manager.services[0]->restarts;
                r->count = r->step = 5;
                r->window.used = 1;
                world_play(&w, starts[i].script);
                CHECK(r->count == starts[i].count && r->step == starts[i].count, "row %zu: %u", i, r->count);
                CHECK(r->window.used == starts[i].used, "row %zu: %u", i, r->window.used);
                world_done(&w);
        }
}

TEST(job_merges_what_goes_together) {
        static const struct {
                enum job_type a, b;
                unsigned stand;
                enum job_type both;
        } merges[] = {
                { JOB_START, JOB_START, 0, JOB_START },
                { JOB_NOP, JOB_START, 0, JOB_START },
                { JOB_STOP, JOB_NOP, 0, JOB_STOP },
                { JOB_START, JOB_RESTART, STAND_UP, JOB_RESTART },
                { JOB_RESTART, JOB_RELOAD, STAND_UP, JOB_RESTART },
                { JOB_START, JOB_RELOAD, STAND_UP, JOB_RELOAD },
                { JOB_RELOAD, JOB_START, STAND_UP | STAND_RELOADS, JOB_RELOAD },
                { JOB_START, JOB_RELOAD, STAND_RELOADS, JOB_START },
        };

        for (size_t i = 0; i < countof(merges); i++)
                CHECK(transaction_merge(merges[i].a, merges[i].b, merges[i].stand) == merges[i].both,
                      "row %zu", i);
}

TEST(job_words_are_systemctls) {
        CHECK(job_verb_of_word("try-reload-or-restart") == ASK_TRY_RELOAD_OR_RESTART);
        CHECK(job_verb_of_word("halt") < 0);
        CHECK(job_mode_of_word("replace-irreversibly") == JOB_MODE_REPLACE_IRREVERSIBLY);
        CHECK(job_mode_of_word("") < 0);
        CHECK_STRING(job_type_word(JOB_RESTART), "restart");
        CHECK_STRING(job_result_word(JOB_RESULT_DEPENDENCY), "dependency");
}
