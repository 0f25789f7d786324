#include "config/probe.h"
#include "tests/unit/test.h"

TEST(probe_targets) {
        static const struct {
                const char *text;
                enum probe_kind kind;
                const char *host, *port, *path, *authority;
        } rows[] = {
                { "tcp:localhost:80", PROBE_TCP, "localhost", "80", NULL, NULL },
                { "tcp:10.0.0.1:65535", PROBE_TCP, "10.0.0.1", "65535", NULL, NULL },
                { "tcp:[::1]:6379", PROBE_TCP, "::1", "6379", NULL, NULL },
                { "http://localhost", PROBE_HTTP, "localhost", "80", "", "localhost" },
                { "http://localhost/", PROBE_HTTP, "localhost", "80", "/", "localhost" },
                { "http://web_1:8080/healthz?full=1#part", PROBE_HTTP, "web_1", "8080", "/healthz?full=1",
                  "web_1:8080" },
                { "http://[fe80::1]:8080?x", PROBE_HTTP, "fe80::1", "8080", "?x", "[fe80::1]:8080" },
                { "http://a/b:c@d", PROBE_HTTP, "a", "80", "/b:c@d", "a" },
                { "unix:/run/a.sock", PROBE_UNIX, "", NULL, "/run/a.sock", NULL },
                { "unix:@name", PROBE_UNIX, "", NULL, "@name", NULL },
                { "file:/run/a b", PROBE_FILE, "", NULL, "/run/a b", NULL },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                char port[8], path[64], authority[64];
                struct probe p = {};
                const char *wrong = probe_parse(rows[i].text, &p);

                if (!CHECK(!wrong, "row %zu: %s", i, wrong))
                        continue;
                CHECK(p.kind == rows[i].kind, "row %zu", i);
                CHECK_STRING(p.host, rows[i].host, "row %zu", i);
                (void) snprintf(port, sizeof(port), "%.*s", p.port_length, p.port ? p.port : "");
                CHECK_STRING(port, rows[i].port ? rows[i].port : "", "row %zu", i);
                (void) snprintf(path, sizeof(path), "%.*s", p.path_length, p.path ? p.path : "");
                CHECK_STRING(path, rows[i].path ? rows[i].path : "", "row %zu", i);
                (void) snprintf(authority, sizeof(authority), "%.*s", p.authority_length,
                                p.authority ? p.authority : "");
                CHECK_STRING(authority, rows[i].authority ? rows[i].authority : "", "row %zu", i);
        }
}

TEST(probe_others) {
        struct probe p = {};

        CHECK(!probe_parse("fd:3", &p) && p.kind == PROBE_FD && p.fd == 3);
        CHECK(!probe_parse("fd:1023", &p) && p.fd == 1023);
        CHECK(!probe_parse("exec:pg_isready -q", &p) && p.kind == PROBE_EXEC);
        CHECK_STRING(p.command, "pg_isready -q");
}

/* What is wrong with each is said in words of its own. */
TEST(probe_refused) {
        static const struct {
                const char *text, *words;
        } rows[] = {
                { "", "none of " PROBE_TARGETS },
                { "localhost:80", "none of " PROBE_TARGETS },
                { "TCP:localhost:80", "none of " PROBE_TARGETS },
                { "https://a/", NULL },
                { "log:ready", NULL },
                { "udp:a:53", NULL },
                { "tcp:", "there is no host" },
                { "tcp::80", "there is no host" },
                { "tcp:80", "there is no port" },
                { "tcp:a:", "the port is no number from 1 to 65535" },
                { "tcp:a:0", "the port is no number from 1 to 65535" },
                { "tcp:a:65536", "the port is no number from 1 to 65535" },
                { "tcp:a:8 0", "the port is no number from 1 to 65535" },
                { "tcp:fe80::1:80", "an IPv6 address stands in brackets" },
                { "tcp:[::1:80", "a [ without its ]" },
                { "tcp:[::1]80", "a port stands behind a \":\"" },
                { "tcp:a b:80", "the host is neither a name nor an address" },
                { "http:a/b", "a URL begins with http://" },
                { "http:///b", "there is no host" },
                { "http://a:http/", "the port is no number from 1 to 65535" },
                { "http://me@a/", "a user in a URL is not carried out" },
                { "http://a/b c", NULL },
                { "http://a/b\r\nX: y", NULL },
                { "unix:run/a", "takes an absolute path, or @NAME" },
                { "unix:@", "takes an absolute path, or @NAME" },
                { "file:a", "takes an absolute path" },
                { "exec: ", "there is no program" },
                { "fd:2", "takes the number of a descriptor, from 3 to 1023" },
                { "fd:1024", "takes the number of a descriptor, from 3 to 1023" },
                { "fd:x", "takes the number of a descriptor, from 3 to 1023" },
        };
        char many[400] = "tcp:";
        struct probe p;

        for (size_t i = 0; i < countof(rows); i++) {
                const char *wrong = probe_parse(rows[i].text, &p);

                CHECK(wrong, "row %zu: %s", i, rows[i].text);
                if (rows[i].words)
                        CHECK_STRING(wrong, rows[i].words, "row %zu: %s", i, rows[i].text);
        }
        memset(many + 4, 'a', 300);
        CHECK_STRING(probe_parse(many, &p), "the host is too long");
        (void) snprintf(many, sizeof(many), "unix:/%0150d", 0);
        CHECK_STRING(probe_parse(many, &p), "longer than the path of a socket may be");
}
