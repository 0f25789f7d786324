#include "config/value.h"
#include "tests/unit/ini.h"
#include "tests/unit/test.h"

#define HEAD        "[a]\nExecStart=true\n"
#define WAIT        "tend probe --wait infinity "
#define CHECK_WORDS "tend probe --timeout infinity -- "

static char *join(const struct command *c) {
        static char text[512];
        int n = 0;

        for (size_t i = 0; c && i < c->n; i++)
                n += snprintf(text + n, sizeof(text) - (size_t) n, "%s%s", i > 0 ? " " : "", c->argv[i]);
        return c ? text : NULL;
}

/* What is printed, and what PID 1 runs for it. */
TEST(value_probes) {
        static const struct {
                const char *line, *printed, *command;
                int fd;
        } rows[] = {
                { "ReadyWhen=tcp:localhost:80", "tcp:localhost:80", WAIT "-- tcp:localhost:80", -1 },
                { "ReadyWhen=unix:/run/%p.sock", "unix:/run/a.sock", WAIT "-- unix:/run/a.sock", -1 },
                { "ReadyWhen=http://localhost:${PORT}/", "http://localhost:${PORT}/",
                  WAIT "-- http://localhost:${PORT}/", -1 },
                { "ReadyWhen=file:/a b", "file:/a b", WAIT "-- file:/a b", -1 },
                { "ReadyWhen=exec:sh -c 'exit $$X'", "exec:sh -c 'exit $$X'",
                  WAIT "--timeout=infinity -- exec:sh -c exit $$X", -1 },
                { "ReadyWhen=fd:3", "fd:3", NULL, 3 },
                { "ReadyWhen=fd:3\nReadyWhen=", "", NULL, -2 },
                { "HealthCheck=tcp:[::1]:80", "tcp:[::1]:80", CHECK_WORDS "tcp:[::1]:80", -1 },
                { "HealthCheck=exec:+/bin/true %p", "exec:+/bin/true %p", CHECK_WORDS "exec:/bin/true a",
                  -1 },
                { "HealthCheck=file:/a\nHealthCheck=file:/b", "file:/b", CHECK_WORDS "file:/b", -1 },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                bool is_ready = strncmp(rows[i].line, "Ready", 5) == 0;
                char text[256];
                struct ini ini;

                (void) snprintf(text, sizeof(text), HEAD "%s\n", rows[i].line);
                ini_load(&ini, text, NULL, NULL);
                if (CHECK(ini.error == 0 && ini.diags.warnings == 0, "row %zu", i)) {
                        const struct readiness *r = unit_readiness(ini.config->units[0]);
                        const struct probe_spec *p = is_ready ? r->ready_when : r->health_check;
                        autofree char *printed =
                                ini_value(&ini, "a.service", is_ready ? "ReadyWhen" : "HealthCheck");

                        CHECK_STRING(printed ? printed : "", rows[i].printed, "row %zu", i);
                        CHECK_STRING(p ? join(p->command) : NULL, rows[i].command, "row %zu", i);
                        CHECK((p ? p->fd : -2) == rows[i].fd, "row %zu", i);
                        if (p && p->command)
                                CHECK_STRING(p->command->path, "/proc/self/exe", "row %zu", i);
                }
                ini_done(&ini);
        }
}

TEST(value_probes_refused) {
        static const struct {
                const char *line, *words;
        } rows[] = {
                { "ReadyWhen=log:ready", "ReadyWhen=log:ready: not carried out: tend does not read" },
                { "ReadyWhen=https://a/", "there is no TLS in tend" },
                { "ReadyWhen=fd:2", "from 3 to 1023" },
                { "ReadyWhen=tcp:a", "there is no port" },
                { "ReadyWhen=port ${PORT}", "none of tcp:" },
                { "ReadyWhen=exec:", "there is no program" },
                { "ReadyWhen=exec:true ; false", "one command at a time" },
                { "ReadyWhen=exec:-true", "the prefixes - and @" },
                { "ReadyWhen=exec:'true", "a quote that is not closed" },
                { "ReadyWhen=exec:bin/true", "neither an absolute path nor a plain name" },
                { "HealthCheck=fd:3", "it is for ReadyWhen= alone" },
                { "HealthAction=kill", "not a value it takes" },
                { "HealthIntervalSec=soon", "not a span of time" },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                char text[256];
                struct ini ini;

                (void) snprintf(text, sizeof(text), HEAD "%s\n", rows[i].line);
                ini_load(&ini, text, NULL, NULL);
                autofree char *words = ini_words(&ini);
                CHECK(ini.error < 0, "row %zu", i);
                CHECK(words && strstr(words, rows[i].words), "row %zu: %s", i, words);
                ini_done(&ini);
        }
}

TEST(value_health) {
        static const struct {
                const char *lines, *key, *value;
        } rows[] = {
                { "", "HealthIntervalSec", "30s" },
                { "HealthInterval=5", "HealthIntervalSec", "5s" },
                { "HealthTimeout=1min\nHealthTimeoutSec=2", "HealthTimeoutSec", "2s" },
                { "HealthStartPeriod=1min", "HealthStartPeriodSec", "1min" },
                { "HealthRetries=5", "HealthRetries", "5" },
                { "HealthCheck=file:/a\nHealthAction=fail", "HealthAction", "fail" },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                char text[256];
                struct ini ini;

                (void) snprintf(text, sizeof(text), HEAD "%s\n", rows[i].lines);
                ini_load(&ini, text, NULL, NULL);
                if (CHECK(ini.error == 0, "row %zu", i)) {
                        autofree char *value = ini_value(&ini, "a.service", rows[i].key);
                        CHECK_STRING(value, rows[i].value, "row %zu", i);
                }
                ini_done(&ini);
        }
}
