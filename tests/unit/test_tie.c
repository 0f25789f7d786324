/* What units mean for each other, a row for each dependency of systemd.unit(5) and what can happen to it. */
#include "supervisor/tie.h"
#include "tests/unit/test.h"
#include "tests/unit/world.h"

#define STAYS "Type=oneshot\nRemainAfterExit=yes\nExecStart=x\n"
#define ONCE  "Type=oneshot\nExecStart=x\n"
#define FAILS "Restart=no\nFailureAction=none\nExecStart=x\n"
#define CALM  "Restart=no\nFailureAction=none\n"
#define DB    "[db]\n" CALM STAYS

static const struct world_row rows[] = {
        /* Requires=: an explicit stop or restart reaches who requires it, a death does not. */
        { "[web]\nRequires=db\n" STAYS DB, "boot run:db die:db", "", "web=exited db=failed" },
        { "[c]\nRequires=b\n" STAYS "[b]\nRequires=a\n" STAYS "[a]\n" STAYS, "boot stop:b start:c stop:a",
          "+b:stop +c:stop -c:stop=done -b:stop=done +c:start +b:start -c:start=done -b:start=done "
          "+a:stop +b:stop +c:stop -c:stop=done -b:stop=done -a:stop=done",
          "c=dead b=dead a=dead" },

        /* Requisite=: there already, or it fails. */
        { "[web]\nRequisite=db\nAfter=db\n" CALM STAYS DB, "start:web", "+web:start -web:start=dependency",
          "web=failed db=dead" },
        { "[web]\nRequisite=db\nAfter=db\n" CALM STAYS DB, "start:db start:web",
          "+db:start -db:start=done +web:start -web:start=done", "web=exited db=exited" },
        { "[web]\nRequisite=db\nAfter=db\n" CALM STAYS DB, "boot stop:db",
          "+db:stop +web:stop -web:stop=done -db:stop=done", "web=dead db=dead" },

        /* BindsTo=: stops with the other for whatever reason; with After= it does not even start. */
        { "[web]\nBindsTo=db\n" STAYS DB, "boot run:db die:db", "+web:stop -web:stop=done",
          "web=dead db=failed" },
        { "[web]\nBindsTo=db\n" STAYS "[db]\n" ONCE, "run:db start:web end:db",
          "+web:start -web:start=done +web:stop -web:stop=done", "web=dead db=dead" },
        { "[web]\nBindsTo=db\nAfter=db\n" STAYS DB, "boot run:db die:db", "+web:stop -web:stop=done",
          "web=dead db=failed" },
        { "[web]\nBindsTo=db\nAfter=db\n" CALM STAYS "[db]\nConditionPathExists=/no/such\n" STAYS,
          "start:web", "+web:start +db:start -db:start=done -web:start=dependency", "web=failed db=dead" },
        { "[web]\nBindsTo=db\n" CALM STAYS "[db]\nConditionPathExists=/no/such\n" STAYS, "boot",
          "+web:stop -web:stop=done", "web=dead db=dead" },
        { "[web]\nRequires=db\nAfter=db\n" STAYS "[db]\nConditionPathExists=/no/such\n" STAYS, "boot", "",
          "web=exited db=dead" },
        /* What comes back by itself brings along who went down with it. */
        { "[web]\nBindsTo=db\nAfter=db\n" STAYS "[db]\n" STAYS "Restart=on-failure\n",
          "boot run:db die:db ring:db",
          "+web:stop -web:stop=done +web:start +db:start -db:start=done -web:start=done",
          "web=exited db=exited" },
        { "[web]\nBindsTo=db\nAfter=db\n" STAYS "[db]\n" STAYS "Restart=on-failure\n",
          "boot stop:web run:db die:db ring:db", "+web:stop -web:stop=done", "web=dead db=exited" },

        { "[web]\nBindsTo=db\nAfter=db\n" STAYS "[db]\n" STAYS "Restart=on-failure\n",
          "boot run:db hold:db die:db stop:web gone:db ring:db",
          "+web:stop -web:stop=done +web:stop -web:stop=done", "web=dead db=exited" },

        /* PartOf=: down and again, never up alone. */
        { "[part]\nPartOf=whole\n" STAYS "[whole]\n" STAYS, "start:whole stop:whole",
          "+whole:start -whole:start=done +whole:stop -whole:stop=done", "part=dead whole=dead" },
        { "[part]\nPartOf=whole\n" STAYS "[whole]\n" STAYS, "boot restart:whole",
          "+whole:restart +part:restart -part:start=done -whole:start=done", "part=exited whole=exited" },
        { "[part]\nPartOf=whole\n" STAYS "[whole]\n" STAYS, "boot stop:part", "+part:stop -part:stop=done",
          "part=dead whole=exited" },
        { "[part]\nPartOf=whole\n" STAYS "[whole]\n" CALM STAYS, "boot run:whole die:whole", "",
          "part=exited whole=failed" },

        /* Upholds=: again and again, in its own time. */
        { "[a]\nUpholds=b\n" STAYS "[b]\n" STAYS, "boot stop:b ring:b",
          "+b:stop -b:stop=done +b:start -b:start=done", "a=exited b=exited" },
        { "[a]\nUpholds=b\n" STAYS "[b]\n" FAILS "StartLimitBurst=2\nStartLimitIntervalSec=1h\n",
          "boot ring:b ring:b ring:b",
          "+b:start -b:start=failed +b:start -b:start=failed +b:start -b:start=failed", "a=exited b=failed" },
        { "[a]\nUpholds=b\n" STAYS "[b]\n" STAYS, "boot stop:a stop:b",
          "+a:stop -a:stop=done +b:stop -b:stop=done", "a=dead b=dead" },

        /* Conflicts=: one of the two, whoever said so. */
        { "[a]\nConflicts=b\n" STAYS "[b]\n" STAYS, "boot", "", "a=exited b=dead" },
        { "[a]\nConflicts=b\n" STAYS "[b]\n" STAYS, "boot start:b",
          "+b:start +a:stop -b:start=done -a:stop=done", "a=dead b=exited" },
        { "[a]\nConflicts=b\n" STAYS "[b]\n" STAYS, "boot start:b start:a",
          "+b:start +a:stop -b:start=done -a:stop=done +a:start +b:stop -a:start=done -b:stop=done",
          "a=exited b=dead" },
        /* In either order the stop comes first. */
        { "[a]\nConflicts=b\nAfter=b\n" STAYS "[b]\n" STAYS, "boot start:b hold:b start:a gone:b",
          "+b:start +a:stop -a:stop=done -b:start=done +a:start +b:stop -b:stop=done -a:start=done",
          "a=exited b=dead" },
        { "[a]\nConflicts=b\nBefore=b\n" STAYS "[b]\n" STAYS, "boot start:b hold:b start:a gone:b",
          "+b:start +a:stop -a:stop=done -b:start=done +a:start +b:stop -b:stop=done -a:start=done",
          "a=exited b=dead" },
        { "[a]\nConflicts=b\n" STAYS "[b]\n" STAYS "[c]\nRequires=a b\n" STAYS, "start:c", "!-35",
          "a=dead b=dead c=dead" },
        { "[a]\nConflicts=b\n" STAYS "[b]\n" STAYS "[c]\nWants=a b\n" STAYS, "start:c",
          "+c:start +a:start -c:start=done -a:start=done", "a=exited b=dead c=exited" },

        /* OnFailure= and OnSuccess=. */
        { "[a]\nOnFailure=h\n" FAILS "[h]\n" STAYS, "boot", "+h:start -h:start=done", "a=failed h=exited" },
        { "[a]\nOnFailure=h\n" STAYS "[h]\n" STAYS, "boot stop:a", "+a:stop -a:stop=done", "a=dead h=dead" },
        { "[a]\nOnFailure=h\nRestart=always\nExecStart=x\n[h]\n" STAYS, "boot", "", "a=auto-restart h=dead" },
        { "[a]\nRequires=b\nAfter=b\nOnFailure=h\n" CALM STAYS "[b]\n" FAILS "[h]\n" STAYS, "boot",
          "+h:start -h:start=done", "a=failed b=failed h=exited" },
        { "[a]\nOnSuccess=h\n" ONCE "[h]\n" STAYS, "boot", "+h:start -h:start=done", "a=dead h=exited" },
        { "[a]\nOnSuccess=h\n" FAILS "[h]\n" STAYS, "boot", "", "a=failed h=dead" },

        /* What is handed on. */
        { "[a]\nPropagatesStopTo=b\n" STAYS "[b]\n" STAYS, "boot stop:a",
          "+a:stop +b:stop -a:stop=done -b:stop=done", "a=dead b=dead" },
        { "[a]\n" STAYS "[b]\nStopPropagatedFrom=a\n" STAYS, "boot stop:a",
          "+a:stop +b:stop -a:stop=done -b:stop=done", "a=dead b=dead" },
        { "[a]\nPropagatesReloadTo=b\n" STAYS "[b]\nExecReload=x\n" STAYS, "start:a reload:a",
          "+a:start -a:start=done +a:reload -a:reload=done", "a=exited b=dead" },

        /* StopWhenUnneeded=: with the last who needs it. */
        { "[v]\nStopWhenUnneeded=yes\n" STAYS "[a]\nRequires=v\n" STAYS "[b]\nWants=v\n" STAYS,
          "boot stop:a stop:b", "+a:stop -a:stop=done +b:stop -b:stop=done +v:stop -v:stop=done",
          "v=dead a=dead b=dead" },
        { "[v]\nStopWhenUnneeded=yes\n" STAYS "[a]\n" STAYS, "boot start:v",
          "+v:start -v:start=done +v:stop -v:stop=done", "v=dead a=exited" },

        /* RefuseManualStart= and RefuseManualStop= are about hands. */
        { "[a]\nRefuseManualStart=yes\n" STAYS, "start:a again/start:a restart:a try-restart:a",
          "!-1 +a:start -a:start=done !-1 !-1", "a=exited" },
        { "[a]\nRefuseManualStop=yes\n" STAYS, "boot stop:a restart:a again/stop:a",
          "!-1 !-1 +a:stop -a:stop=done", "a=dead" },

        /* The start limit is for people, too. */
        { "[a]\nStartLimitBurst=2\nStartLimitIntervalSec=1h\n" CALM STAYS,
          "restart:a restart:a restart:a reset:a start:a",
          "+a:restart -a:start=done +a:restart -a:start=done +a:restart -a:start=failed "
          "+a:start -a:start=done",
          "a=exited" },
};

TEST(tie_means_what_systemd_says) {
        world_check_rows(rows, countof(rows));
}

/* Who triggers a handler, for MONITOR_UNIT=: one, or nobody. */
TEST(tie_names_the_trigger) {
        static const struct {
                const char *units, *script, *trigger;
        } triggers[] = {
                { "[a]\nOnFailure=h\n" FAILS "[b]\nOnFailure=h\n" STAYS "[h]\n" STAYS, "boot", "a.service" },
                { "[a]\nOnFailure=h\n" FAILS "[b]\nOnFailure=h\n" FAILS "[h]\n" STAYS, "boot", NULL },
                { "[a]\nOnSuccess=h\n" ONCE "[h]\n" STAYS, "boot", "a.service" },
                { "[a]\nOnSuccess=h\n" STAYS "[h]\n" STAYS, "boot start:h", NULL },
        };

        for (size_t i = 0; i < countof(triggers); i++) {
                struct world *w = calloc(1, sizeof(*w));

                if (!CHECK(w) || !w)
                        return;
                world_init(w, triggers[i].units, i);
                world_play(w, triggers[i].script);
                const struct service *s = tie_trigger(w->manager.services[w->manager.plan.after.n - 1]);
                CHECK_STRING(s ? s->unit->name : NULL, triggers[i].trigger, "row %zu", i);
                world_done(w);
                free(w);
        }
}
