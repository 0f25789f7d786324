#include <errno.h>
#include <limits.h>
#include <malloc.h>

#include "base/text.h"
#include "config/setting.h"
#include "tests/unit/ini.h"
#include "tests/unit/test.h"

static char *const environment[] = { (char[]){ "WORKERS=3" }, (char[]){ "EMPTY=" }, NULL };
static const struct load_options with_environment = { .environment = environment };

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

TEST(load_makes_units_of_sections) {
        static const struct {
                const char *text, *drop_in, *names, *words;
        } rows[] = {
                { "[db]\nExecStart=a\n[web.service]\nExecStart=b\n", NULL, "db.service web.service", "" },
                { "[db]\nExecStart=a\n[web]\nExecStart=b\n[db]\nNice=1\n", NULL, "db.service web.service",
                  "" },
                { "[db]\nExecStart=a\n", "[web]\nExecStart=b\n[db.service]\nNice=1\n",
                  "db.service web.service", "" },
                { "[my.app]\nExecStart=a\n", NULL, "my.app.service", "" },
                { "[X-note]\nAnything=1\n[a]\nX-Note=1\nExecStart=a\n", NULL, "a.service", "" },
                { "[w@]\nInstances=2\nExecStart=a\n", NULL, "w@1.service w@2.service", "" },
                { "[w@]\nInstances=${WORKERS:-2}\nExecStart=a\n", NULL, "w@1.service w@2.service w@3.service",
                  "" },
                { "[w@]\nInstances=${NOT:-1}\nExecStart=a\n[b]\nExecStart=b\n", NULL, "w@1.service b.service",
                  "" },
                { "[w@]\nInstances=2\nExecStart=a\n", "[w@]\nInstances=1\n", "w@1.service", "" },
                { "[w@2]\nNice=1\n[w@]\nInstances=2\nExecStart=a\n", NULL, "w@2.service w@1.service", "" },
                { "[w@]\nExecStart=a\n[w@blue]\nNice=1\n", NULL, "w@blue.service", "" },
                { "[w@]\nInstances=0\nExecStart=a\n[b]\nExecStart=b\n", NULL, "b.service", "" },
                { "[w@]\nExecStart=a\n[b]\nExecStart=b\n", NULL, "b.service",
                  "tend.ini:1: warning: w@.service: a template without Instances=: no unit is made of it\n" },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                struct ini ini;

                ini_load(&ini, rows[i].text, rows[i].drop_in, &with_environment);
                autofree char *words = ini_words(&ini), *shown = names(ini.config);
                CHECK(ini.error == 0, "row %zu", i);
                CHECK_STRING(shown, rows[i].names, "row %zu", i);
                CHECK_STRING(words, rows[i].words, "row %zu", i);
                ini_done(&ini);
        }
}

TEST(load_lets_later_values_win) {
        static const struct {
                const char *unit, *key, *value;
        } rows[] = {
                { "db.service", "Nice", "2" },
                { "db.service", "After", "x.service\ny.service" },
                { "db.service", "ExecStart", "c" },
                { "db.service", "Environment", "PORT=80\nNUMBER=3" },
                { "w@1.service", "ExecStart", "run w 1 w@1.service shop" },
                { "w@1.service", "Nice", "5" },
                { "w@2.service", "ExecStart", "run w 2 w@2.service shop" },
                { "w@2.service", "Nice", "7" },
                { NULL, "Hostname", "shop" },
                { NULL, "StopBudget", "20s" },
                { NULL, "LogLevel", "debug" },
        };
        struct ini ini;

        ini_load(&ini,
                 "[tend]\nHostname=shop\nStopBudget=5s\n[db]\nNice=1\nAfter=x\nExecStart=a\n"
                 "[tend]\nLogLevel=debug\n"
                 "[w@]\nInstances=2\nExecStart=run %p %i %n %H\nNice=5\n[w@2]\nNice=7\n",
                 "[db]\nNice=2\nAfter=y\nExecStart=\nExecStart=c\n"
                 "Environment=PORT=${PORT:-80} NUMBER=${WORKERS}\n"
                 "[tend]\nStopBudget=20s\n",
                 &with_environment);
        autofree char *words = ini_words(&ini);
        CHECK_STRING(words, "");
        for (size_t i = 0; i < countof(rows) && ini.config; i++) {
                autofree char *value = ini_value(&ini, rows[i].unit, rows[i].key);

                CHECK_STRING(value, rows[i].value, "row %zu", i);
        }
        ini_done(&ini);
}

TEST(load_says_all_that_is_wrong) {
        static const struct {
                const char *text, *words;
        } rows[] = {
                { "", "tend.ini: error: there is no service in it\n" },
                { "[tend]\n", "tend.ini: error: there is no service in it\n" },
                { "[a]\nExecStart=x\nRestat=no\nNice=99\n[tend]\nRestart=no\n",
                  "tend.ini:3: error: Restat=: no such setting in [a]\n        did you mean Restart=?\n"
                  "tend.ini:4: error: Nice=99: out of range, it takes a number from -20 to 19\n"
                  "tend.ini:6: error: Restart=: no such setting in [tend]\n"
                  "        Restart= is a setting of a service, in a section of its name\n" },
                { "[a]\nExecStart=x\nStopBudget=1\n",
                  "tend.ini:3: error: StopBudget=: no such setting in [a]\n"
                  "        StopBudget= is a setting of the container, in [tend]\n" },
                { "[a]\nExecStart=x\nQqqqqqqq=1\n",
                  "tend.ini:3: error: Qqqqqqqq=: no such setting in [a]\n" },
                { "[a]\nExecStart=x\nInstances=2\n", "tend.ini:3: error: Instances=: [a] is not a template\n"
                                                     "        a template's name ends in @, as in [a@]\n" },
                { "[a]\nExecStart=x\nUser=${NOT}\n", "tend.ini:3: error: User=: the variable NOT is not set\n"
                                                     "        ${NOT:-word} gives it a default\n" },
                { "[a]\nExecStart=x\nUser=${NOT\n",
                  "tend.ini:3: error: User=: '${NOT' is neither ${NAME} nor ${NAME:-word}\n"
                  "        a plain ${ is written $${\n" },
                { "[y.swap]\n[a]\nExecStart=x\n",
                  "tend.ini:1: error: [y.swap]: units of this kind are not carried out yet\n" },
                { "[y@.timer]\n[a]\nExecStart=x\n",
                  "tend.ini:1: error: [y@.timer]: only services have templates here: "
                  "give each instance a section of its own\n" },
                { "[Service]\nExecStart=x\n[a]\nExecStart=x\n",
                  "tend.ini:1: error: [Service]: a section is a unit here, and bears its name\n"
                  "        [web] holds what [Unit], [Service] and [Install] of web.service would\n" },
                { "[a b]\nExecStart=x\n", "tend.ini:1: error: [a b]: not the name of a unit: "
                                          "letters, digits and :-_.\\@, and not too many\n" },
                /* Once for the template, not once for each instance. */
                { "[w@]\nInstances=3\nExecStart=x\nNice=99\n",
                  "tend.ini:4: error: Nice=99: out of range, it takes a number from -20 to 19\n" },
                { "[w@]\nInstances=2000000000\nExecStart=x\n",
                  "tend.ini:1: error: Instances=2000000000: more than 10000\n" },
                { "[a]\nExecStart=x \\\n  y\\\n  'z\nRestart=no\n",
                  "tend.ini:2: error: ExecStart=x    y   'z: a quote that is not closed\n" },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                struct ini ini;

                ini_load(&ini, rows[i].text, NULL, NULL);
                autofree char *words = ini_words(&ini);
                CHECK(ini.error < 0, "row %zu", i);
                CHECK_STRING(words, rows[i].words, "row %zu", i);
                ini_done(&ini);
        }
}

TEST(load_names_the_file_at_fault) {
        struct ini ini;

        ini_load(&ini, "[a]\nExecStart=x\nNice=1\n", "\n[a]\nNice=x\n", NULL);
        autofree char *words = ini_words(&ini);
        CHECK_STRING(words, "tend.ini.d/50.ini:3: error: Nice=x: not a number from -20 to 19\n");
        ini_done(&ini);
}

TEST(load_of_files_that_cannot_be_read) {
        static const struct {
                const char *path, *words;
        } rows[] = {
                { "/nonexistent/tend.ini",
                  "/nonexistent/tend.ini: error: No such file or directory\n"
                  "        write it, or name another: tend run FILE; `tend run -- CMD` needs none\n" },
                { "/dev/null", "/dev/null: error: not a regular file\n" },
                { "/", "/: error: not a regular file\n" },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                struct load_options o = { .path = rows[i].path };
                struct ini ini = {};

                ini.error = config_load(&o, &ini.diags, &ini.config);
                autofree char *words = ini_words(&ini);
                CHECK(ini.error < 0, "row %zu", i);
                CHECK_STRING(words, rows[i].words, "row %zu", i);
                ini_done(&ini);
        }
}

TEST(load_adds_the_command_in_the_foreground) {
        char *const command[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char[]){ "echo $HOME 100%; x" },
                                  NULL };
        const struct load_options o = { .command = command };
        struct ini ini;

        ini_load(&ini,
                 "[db]\nExecStart=a\n[last]\nExecStart=a\nAfter=command\n[command]\nNice=3\nRestart=always\n",
                 NULL, &o);
        autofree char *words = ini_words(&ini), *shown = names(ini.config);
        CHECK_STRING(words, "");
        CHECK_STRING(shown, "db.service last.service command.service");
        if (ini.config) {
                const struct unit *u = config_find(ini.config, "command.service");
                autofree char *after = ini_value(&ini, u->name, "After"),
                              *nice = ini_value(&ini, u->name, "Nice");

                CHECK(u->foreground && u->restart == RESTART_NO && u->type == SERVICE_SIMPLE);
                CHECK(u->success_action == ACTION_EXIT && u->failure_action == ACTION_EXIT);
                CHECK(u->input.kind == STDIO_INHERIT && u->timeout_start == 90 * USEC_PER_SEC);
                CHECK(u->exec[EXEC_START]->n == 3 && u->exec[EXEC_START]->flags == COMMAND_NO_EXPAND);
                CHECK_STRING(u->exec[EXEC_START]->path, "sh");
                CHECK_STRING(u->exec[EXEC_START]->argv[2], "echo $HOME 100%; x");
                CHECK(!u->exec[EXEC_START]->argv[3]);
                CHECK_STRING(after, "db.service");
                CHECK_STRING(nice, "3");
        }
        ini_done(&ini);
}

TEST(load_keeps_origins_when_asked) {
        const struct load_options o = { .keep_origins = true };
        struct ini ini;

        ini_load(&ini, "[tend]\nStopBudget=1s\n[a]\nExecStart=x\nNice=1\n", "[a]\nNice=2\n", &o);
        CHECK(ini.config);
        if (ini.config) {
                const struct unit *u = ini.config->units[0];
                const struct origin *nice =
                        setting_origin(setting_find(OWNER_UNIT, "Nice"), u->origins, u->n_origins);

                CHECK(u->n_origins == 3 && ini.config->container.n_origins == 1);
                CHECK(nice && nice->line == 2);
                CHECK_STRING(nice ? nice->file : NULL, "tend.ini.d/50.ini");
                CHECK_STRING(u->file, "tend.ini");
                CHECK(u->line == 3);
        }
        ini_done(&ini);
}

TEST(load_tells_units_apart) {
        static const struct {
                const char *a, *b;
                bool same;
        } rows[] = {
                { "Nice=1", "Nice=1", true },
                { "Nice=1", "Nice=2\nNice=1", true },
                { "TimeoutSec=5", "TimeoutStartSec=5\nTimeoutStopSec=5s", true },
                { "After=b c", "After=b\nAfter=c", true },
                { "Restart=on-failure", "", true },
                { "Nice=1", "Nice=2", false },
                { "ExecStop=a b", "ExecStop='a b'", false },
                { "ExecStop=a", "ExecStop=-a", false },
                { "Environment=A=1", "PassEnvironment=A", false },
                { "LimitCORE=1", "LimitDATA=1", false },
                { "Wants=b", "Requires=b", false },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                autofree char *a = text_format("[a]\nExecStart=x\n%s\n", rows[i].a),
                              *b = text_format("[a]\n%s\nExecStart=x\n", rows[i].b);
                struct ini first, second;

                ini_load(&first, a, NULL, NULL);
                ini_load(&second, b, NULL, NULL);
                CHECK(first.config && second.config, "row %zu", i);
                if (first.config && second.config) {
                        CHECK(unit_same(first.config->units[0], second.config->units[0]) == rows[i].same,
                              "row %zu", i);
                        CHECK(unit_same(first.config->units[0], first.config->units[0]), "row %zu", i);
                }
                ini_done(&first);
                ini_done(&second);
        }
}

/* A thousand services are PID 1's memory, for as long as it lives. */
TEST(load_keeps_units_small) {
        enum { COUNT = 1000, MOST = 600 << 10 /* bytes */ };
        autofree char *text = NULL;
        size_t size, kept = 0;
        struct ini ini;
        FILE *out = open_memstream(&text, &size);

        if (!CHECK(out))
                return;
        for (int i = 0; i < COUNT; i++)
                (void) fprintf(
                        out,
                        "[service%d]\nExecStart=/bin/sleep %d\nAfter=service%d\nRestart=always\nNice=5\n", i,
                        i, i + 1);
        (void) fclose(out);

        ini_load(&ini, text, NULL, NULL);
        CHECK(ini.config && ini.config->n_units == COUNT);
        if (ini.config && ini.config->n_units == COUNT) {
                kept += malloc_usable_size(ini.config->units) + malloc_usable_size(ini.config);
                for (size_t i = 0; i < COUNT; i++) {
                        struct unit *u = ini.config->units[i];

                        /* With the allocator's own word before each block. */
                        kept += malloc_usable_size(u) + malloc_usable_size(u->after) +
                                malloc_usable_size(u->after[0]) + malloc_usable_size(u->exec[EXEC_START]) +
                                4 * sizeof(size_t);
                        CHECK(!u->description && !u->environment && !u->origins && !u->limits, "unit %zu", i);
                }
                CHECK(kept > COUNT * sizeof(struct unit) && kept <= MOST, "%zu bytes", kept);
        }
        ini_done(&ini);
}
