#include <errno.h>

#include "base/text.h"
#include "config/load.h"
#include "config/setting.h"
#include "tests/unit/ini.h"
#include "tests/unit/test.h"
#include "tests/unit/tree.h"

#define START "[Service]\nExecStart=/bin/true\n"

/* The units' names in their order. */
static char *names(const struct config *c) {
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return NULL;
        for (size_t i = 0; c && i < c->n_units; i++)
                (void) fprintf(out, "%s%s", i > 0 ? " " : "", c->units[i]->name);
        (void) fclose(out);
        return text;
}

/* Loads the `units` of `leaves`, which lie in etc/ and lib/. */
static void load(struct ini *i, struct tree *t, const struct leaf *leaves, const char *ini,
                 const char *words) {
        autostrv char **units = NULL;
        bool are_split = CHECK(text_split(words, &units) == 0);
        const struct load_options o = {
                .path = ini,
                .units = units,
                .unit_path = "etc:lib",
                .keep_origins = true,
        };

        *i = (struct ini){ .error = -1 };
        if (tree_enter(t, leaves) && are_split)
                i->error = config_load(&o, &i->diags, &i->config);
}

static const struct {
        struct leaf leaves[8];
        const char *units;
        int error;
        const char *names, *words;
} pulled[] = {
        { { { "etc/a.service", START } }, "a", 0, "a.service", "" },
        { { { "etc/a.service", START } }, "etc/a.service", 0, "a.service", "" },
        { { { "etc/a.service", "[Unit]\nWants=b.service none.service x.socket network.target\n" START },
            { "lib/b.service", "[Unit]\nRequires=c.service\n" START },
            { "lib/c.service", START },
            { "lib/d.service", START } },
          "a",
          0,
          "a.service b.service c.service",
          "" },
        { { { "etc/a.service", START },
            { "lib/b.service", START },
            { "lib/c.service", START },
            { "etc/a.service.wants/b.service", "-> ../../lib/b.service" },
            { "lib/a.service.requires/c.service", "-> ../c.service" } },
          "a",
          0,
          "a.service b.service c.service",
          "" },
        /* By any of its names it is one unit. */
        { { { "etc/a.service", "[Unit]\nWants=other.service\nAfter=other.service\n" START },
            { "lib/b.service", START },
            { "etc/other.service", "-> b.service" } },
          "a b other",
          0,
          "a.service b.service",
          "" },
        { { { "etc/w@.service", START } }, "w@1 w@2 w@1", 0, "w@1.service w@2.service", "" },
        /* What a timer starts comes with it; it has drop-ins and a section of its own. */
        { { { "etc/t.timer", "[Timer]\nOnBootSec=1\n" },
            { "lib/t.service", "[Unit]\nWants=b.service\n" START },
            { "lib/b.service", START } },
          "t.timer",
          0,
          "t.timer t.service b.service",
          "" },
        { { { "etc/t@.timer", "[Timer]\nOnBootSec=1\n" }, { "lib/t@.service", START } },
          "t@x.timer",
          0,
          "t@x.timer t@x.service",
          "" },
        { { { "etc/t.timer", "[Timer]\nOnBootSec=1\n[Install]\nWantedBy=timers.target\nAlso=u.service\n"
                             "[Service]\nNice=1\n" },
            { "etc/t.timer.d/a.conf", "[Timer]\nUnit=other.service\nUser=a\n" },
            { "etc/timer.d/a.conf", "[Timer]\nOnBootSec=2\n" },
            { "etc/timer.d/b.conf", "[Timer]\nOnCalender=daily\n" },
            { "etc/other.service", "-> u.service" },
            { "etc/u.service", START } },
          "t.timer",
          0,
          "t.timer u.service",
          "etc/t.timer:6: warning: [Service]: not a section of such a unit; ignored\n"
          "etc/t.timer.d/a.conf:3: warning: User=: no setting of [Timer]; ignored\n"
          "        it belongs into [Service]\n"
          "etc/timer.d/b.conf:2: warning: OnCalender=: no setting of [Timer]; ignored\n"
          "        did you mean OnCalendar=?\n" },
        { { { "etc/t.timer", "[Timer]\nOnBootSec=1\n" } },
          "t.timer",
          -22,
          "t.timer",
          "etc/t.timer:1: error: t.timer: Unit=t.service: there is no such unit\n" },
        { { { "etc/t.timer", "[Timer]\nOnBootSec=1\n" }, { "etc/t.service", "[Unit]\n" } },
          "t.timer",
          -22,
          "t.timer t.service",
          "etc/t.timer:1: error: t.timer: Unit=t.service: it cannot be loaded\n"
          "etc/t.service:1: error: t.service: there is nothing to run: ExecStart= is missing\n" },
        { { { "etc/t.timer", "[Timer]\nOnCalendar=often\n" }, { "etc/t.service", START } },
          "t.timer",
          -22,
          "t.timer t.service",
          "etc/t.timer:2: warning: OnCalendar=often: not a calendar expression, nor a time zone at its end\n"
          "        \"Mon..Fri *-*-* 08:30:00 Europe/Berlin\"; try it by `tend calendar`\n"
          "etc/t.timer:2: error: t.timer: there is nothing to wait for: OnCalendar= or one of its kin is "
          "missing\n" },
        { { { "etc/a.service", "[Unit]\nWants=t.timer\n" START },
            { "etc/t.timer", "[Timer]\nOnBootSec=1\n" },
            { "etc/t.service", "-> /dev/null" } },
          "a",
          0,
          "a.service",
          "etc/t.timer:1: warning: t.timer: it is left out, since it cannot be loaded\n"
          "etc/t.timer:1: warning: t.timer: Unit=t.service: it is masked\n" },
        /* Generators are not run. */
        { { { "etc/pg.service", START },
            { "etc/pg@.service", START },
            { "lib-generators/pg-generator", "x" },
            { "lib/other.service", START },
            { "lib-generators/other-generator", "x" } },
          "pg other pg@main",
          0,
          "pg.service other.service pg@main.service",
          "warning: pg.service: what it starts is made by lib-generators/pg-generator, and generators are "
          "not run\n        name its instances: pg@NAME.service\n" },
        /* What is missing and required, or asked for, is an error. */
        { { { "etc/a.service", "[Unit]\nRequires=none.service\n" START } },
          "a",
          -22,
          "a.service",
          "etc/a.service:1: error: a.service: Requires=none.service: there is no such unit\n" },
        /* What systemd brings for its journal is not waited for, be its file there or not. */
        { { { "etc/a.service", "[Unit]\nRequires=syslog.socket\n" START } }, "a", 0, "a.service", "" },
        { { { "etc/a.service", "[Unit]\nRequires=syslog.socket\n" START },
            { "lib/syslog.socket", "[Socket]\nListenDatagram=/run/systemd/journal/syslog\n" } },
          "a",
          0,
          "a.service",
          "" },
        { { { "etc/a.service", "[Unit]\nRequires=x.swap\n" START } },
          "a",
          -22,
          "a.service",
          "etc/a.service:1: error: a.service: Requires=x.swap: units of this kind are not carried out "
          "yet\n" },
        { { { "etc/a.service", START } },
          "aa",
          -22,
          "",
          "error: aa.service: there is no such unit file\n        did you mean a?\n" },
        { { { "etc/w@.service", START } },
          "w@",
          -22,
          "",
          "error: w@.service: a template: name one of its instances\n        w@NAME.service\n" },
        { { { "etc/a.service", "-> /dev/null" } },
          "a",
          -22,
          "",
          "error: a.service: it is masked by etc/a.service\n" },
        { { { "etc/x.swap", "[Swap]\n" } },
          "x.swap",
          -22,
          "",
          "error: x.swap: units of this kind are not carried out yet\n" },
        /* What is only wanted is left out where it is broken, with what requires it. */
        { { { "etc/a.service", "[Unit]\nWants=b.service\n" START },
            { "lib/b.service", "[Unit]\nRequires=c.service\n" START },
            { "lib/c.service", "[Service]\nType=dbus\nExecStart=/bin/true\n" } },
          "a",
          0,
          "a.service",
          "lib/b.service:1: warning: b.service: it is left out, since it cannot be loaded\n"
          "lib/b.service:1: warning: b.service: Requires=c.service: it cannot be loaded\n"
          "lib/c.service:1: warning: c.service: it is left out, since it cannot be loaded\n"
          "lib/c.service:2: warning: Type=dbus: it is ready when it has its name on the system bus, and a "
          "container that tend runs has no system bus (dbus-daemon)\n" },
        /* Required by what was asked for, it is an error after all. */
        { { { "etc/a.service", "[Unit]\nRequires=b.service\n" START }, { "lib/b.service", "[Unit]\n" } },
          "a",
          -22,
          "a.service b.service",
          "etc/a.service:1: error: a.service: Requires=b.service: it cannot be loaded\n"
          "lib/b.service:1: error: b.service: there is nothing to run: ExecStart= is missing\n" },
};

TEST(pull_loads_what_is_wanted_and_required) {
        for (size_t i = 0; i < countof(pulled); i++) {
                struct ini ini;
                struct tree t;

                load(&ini, &t, pulled[i].leaves, NULL, pulled[i].units);
                autofree char *shown = names(ini.config), *words = ini_words(&ini);
                CHECK(ini.error == pulled[i].error, "row %zu: %d", i, ini.error);
                CHECK_STRING(shown, pulled[i].names, "row %zu", i);
                CHECK_STRING(words, pulled[i].words, "row %zu", i);
                ini_done(&ini);
                tree_leave(&t);
        }
}

TEST(pull_passes_over_what_systemd_ignores) {
        static const struct {
                const char *text, *words;
        } rows[] = {
                { START "User=a\nX-More=1\n[X-Mine]\nAnything\nOther=1\n",
                  "etc/a.service:6: warning: neither a [section] nor a setting: there is no '='\n"
                  "        a setting is written Key=value; a line that goes on ends in a backslash\n" },
                { START "[Unit]\nUser=a\n", "etc/a.service:4: warning: User=: no setting of [Unit]; ignored\n"
                                            "        it belongs into [Service]\n" },
                { START "Restrat=no\n",
                  "etc/a.service:3: warning: Restrat=: no setting of [Service]; ignored\n"
                  "        did you mean Restart=?\n" },
                { START "Restart=maybe\n",
                  "etc/a.service:3: warning: Restart=maybe: not a value it takes (no on-success on-failure "
                  "on-abnormal on-watchdog on-abort always)\n" },
                { START "[Timer]\nOnCalendar=daily\n",
                  "etc/a.service:3: warning: [Timer]: not a section of such a unit; ignored\n" },
                { START "Instances=3\n",
                  "etc/a.service:3: warning: Instances=: no setting of [Service]; ignored\n" },
                { START "Hostname=a\n",
                  "etc/a.service:3: warning: Hostname=: no setting of [Service]; ignored\n" },
                { START "Type=foo\n", "etc/a.service:3: warning: Type=foo: not a value it takes "
                                      "(simple exec oneshot notify notify-reload forking idle)\n" },
                { "[Unit]\nAfter=a.service\n" START,
                  "etc/a.service:2: warning: a.service: it is ordered behind itself (After=)\n" },
                /* Old spellings, in their old places. */
                { START "StartLimitInterval=3\nStartLimitBurst=4\nFailureAction=none\n", "" },
                { START "[Unit]\nStartLimitInterval=3\n", "" },
                { START
                  "[Install]\nWantedBy=multi-user.target other.service\nAlso=b.service\nAlias=c.service\n",
                  "" },
                /* Nothing is put in from tend's environment. */
                { START "Environment=A=${HOME} B=$${HOME}\n", "" },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                const struct leaf leaves[] = { { "etc/a.service", rows[i].text }, {} };
                struct ini ini;
                struct tree t;

                load(&ini, &t, leaves, NULL, "a");
                autofree char *words = ini_words(&ini);
                CHECK(ini.error == 0, "row %zu", i);
                CHECK_STRING(words, rows[i].words, "row %zu", i);
                ini_done(&ini);
                tree_leave(&t);
        }
}

TEST(pull_gives_units_their_own_values) {
        static const struct leaf leaves[] = {
                { "lib/w@.service", "[Unit]\nDescription=%i of %p\n[Service]\nExecStart=/bin/true\nNice=1\n"
                                    "Environment=A=1\nStartLimitInterval=7\n" },
                { "etc/w@.service.d/a.conf", "[Service]\nNice=2\nEnvironment=B=2\n" },
                { "etc/w@1.service.d/b.conf", "[Service]\nNice=3\nEnvironment=\nEnvironment=C=3\n" },
                { "etc/app.target", "[Unit]\nWants=w@1.service\n" },
                { "tend.ini", "[tend]\nUnits=app.target w@2\n[w@2]\nNice=4\n[own]\nExecStart=/bin/true\n" },
                {},
        };
        static const struct {
                const char *unit, *key, *value;
        } rows[] = {
                { "w@1.service", "Description", "1 of w" },
                { "w@1.service", "Nice", "3" },
                { "w@1.service", "Environment", "C=3" },
                { "w@1.service", "Restart", "no" }, /* a unit file's defaults */
                { "w@1.service", "FailureAction", "none" },
                { "w@1.service", "UMask", "0022" },
                { "w@1.service", "StartLimitIntervalSec", "7s" },
                { "w@2.service", "Nice", "4" }, /* a section of tend.ini adds to the file */
                { "w@2.service", "Environment", "A=1\nB=2" },
                { "w@2.service", "Restart", "no" },
                { "own.service", "Restart", "on-failure" },
                { "app.target", "After", "w@1.service" },
                { "app.target", "RemainAfterExit", "yes" },
                { NULL, "Units", "app.target\nw@2" },
        };
        struct ini ini;
        struct tree t;

        load(&ini, &t, leaves, "tend.ini", "");
        autofree char *words = ini_words(&ini), *shown = names(ini.config);
        CHECK_STRING(words, "");
        CHECK_STRING(shown, "app.target w@2.service own.service w@1.service");
        for (size_t i = 0; ini.config && i < countof(rows); i++) {
                autofree char *value = ini_value(&ini, rows[i].unit, rows[i].key);

                CHECK_STRING(value, rows[i].value, "row %zu", i);
        }
        ini_done(&ini);
        tree_leave(&t);
}

/* Ignored, it would be another service. */
TEST(pull_refuses_what_must_not_be_ignored) {
        static const char *const lines[] = {
                "ExecStart=/bin/true \"a\n",    "User=a b\n",  "Group=a b\n", "SupplementaryGroups=a:b\n",
                "WorkingDirectory=somewhere\n", "Type=dbus\n",
        };

        for (size_t i = 0; i < countof(lines); i++) {
                autofree char *text =
                        text_format("[Service]\nType=oneshot\n%sExecStart=/bin/true\n", lines[i]);
                const struct leaf leaves[] = { { "etc/a.service", text }, {} };
                struct ini ini;
                struct tree t;

                load(&ini, &t, leaves, NULL, "a");
                CHECK(ini.error == -EINVAL && ini.diags.errors == 1, "%s", lines[i]);
                ini_done(&ini);
                tree_leave(&t);
        }
}

/* One alone is the container; several are not. */
TEST(pull_lets_one_unit_be_the_container) {
        static const struct leaf leaves[] = {
                { "etc/a.service", "[Unit]\nWants=b.service\n" START },
                { "etc/b.service", START },
                { "etc/c.service", "[Unit]\nFailureAction=exit-force\n" START },
                {},
        };
        static const struct {
                const char *units, *unit, *success, *failure;
        } rows[] = {
                { "a", "a.service", "exit", "exit" },
                { "a", "b.service", "none", "none" },
                { "a b", "a.service", "none", "none" },
                { "c", "c.service", "exit", "exit-force" },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                struct ini ini;
                struct tree t;

                load(&ini, &t, leaves, NULL, rows[i].units);
                if (CHECK(ini.error == 0, "row %zu", i)) {
                        autofree char *success = ini_value(&ini, rows[i].unit, "SuccessAction");
                        autofree char *failure = ini_value(&ini, rows[i].unit, "FailureAction");

                        CHECK_STRING(success, rows[i].success, "row %zu", i);
                        CHECK_STRING(failure, rows[i].failure, "row %zu", i);
                }
                ini_done(&ini);
                tree_leave(&t);
        }
}

TEST(pull_takes_what_is_enabled) {
        static const struct leaf leaves[] = {
                { "etc/a.service", START },
                { "etc/b.service", START },
                { "etc/c.service", START },
                { "etc/d.service", START },
                { "etc/job.timer", "[Timer]\nOnBootSec=1\n" },
                { "etc/job.service", START },
                { "etc/odd.mount", "[Mount]\n" },
                { "etc/multi-user.target.wants/a.service", "-> ../a.service" },
                { "etc/multi-user.target.wants/gone.service", "-> ../gone.service" },
                { "etc/multi-user.target.wants/odd.mount", "-> ../odd.mount" },
                { "etc/timers.target.wants/job.timer", "-> ../job.timer" },
                { "etc/timers.target.wants/d.service", "-> ../d.service" },
                { "lib/graphical.target.wants/b.service", "-> ../../etc/b.service" },
                { "lib/graphical.target", "[Unit]\n" },
                { "lib/default.target", "-> graphical.target" },
                {},
        };
        const struct load_options o = { .unit_path = "etc:lib", .enabled = true };
        struct ini ini = { .error = -1 };
        struct tree t;

        if (tree_enter(&t, leaves))
                ini.error = config_load(&o, &ini.diags, &ini.config);
        autofree char *words = ini_words(&ini), *shown = names(ini.config);
        CHECK(ini.error == 0);
        CHECK_STRING(shown, "d.service job.timer b.service a.service job.service");
        CHECK_STRING(words, "warning: odd.mount: units of this kind are not carried out yet\n");
        for (size_t i = 0; ini.config && i < ini.config->n_units; i++)
                CHECK(ini.config->units[i]->is_asked == (i < 4), "unit %zu", i);
        ini_done(&ini);
        tree_leave(&t);
}

/* A timer of tend.ini may start what only an image has; what is started is of the files' defaults. */
TEST(pull_finds_what_a_timer_of_tend_ini_starts) {
        static const struct leaf leaves[] = {
                { "lib/job.service", START },
                { "tend.ini",
                  "[job.timer]\nOnBootSec=1\n[gone.timer]\nOnBootSec=1\n[own.timer]\nOnBootSec=1\n"
                  "[own]\nExecStart=/bin/true\n" },
                {},
        };
        struct ini ini;
        struct tree t;

        load(&ini, &t, leaves, "tend.ini", "");
        autofree char *words = ini_words(&ini), *shown = names(ini.config);
        CHECK_STRING(words, "tend.ini:3: warning: gone.timer: it starts gone.service, and there is no such "
                            "unit: it does nothing\n        did you mean Unit=own.service?\n");
        CHECK_STRING(shown, "job.timer gone.timer own.timer own.service job.service");
        const struct unit *job = ini.config ? config_find(ini.config, "job.service") : NULL;
        CHECK(job && !job->from_tend_ini && !job->is_asked);
        ini_done(&ini);
        tree_leave(&t);
}

/* The end of a job is not that of the container, also where its timer is all there is. */
TEST(pull_does_not_crown_a_timer) {
        static const struct leaf leaves[] = {
                { "etc/t.timer", "[Timer]\nOnBootSec=1\n" },
                { "etc/t.service", START },
                {},
        };
        struct ini ini;
        struct tree t;

        load(&ini, &t, leaves, NULL, "t.timer");
        CHECK(ini.error == 0);
        for (size_t i = 0; ini.config && i < ini.config->n_units; i++)
                CHECK(ini.config->units[i]->failure_action == ACTION_NONE &&
                      ini.config->units[i]->success_action == ACTION_NONE);
        ini_done(&ini);
        tree_leave(&t);
}
