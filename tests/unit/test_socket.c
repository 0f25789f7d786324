/* [x.socket]: values, what is refused, and what a template becomes. */
#include <limits.h>

#include "config/recipe.h"
#include "config/socket.h"
#include "tests/unit/ini.h"
#include "tests/unit/test.h"

#define SOCKET  "[x]\nExecStart=y\n[x.socket]\nListenStream=80\n"
#define CONNECT "[x@]\nExecStart=y\n[x.socket]\nAccept=yes\nListenStream=80\n"

static const struct {
        const char *line, *key;
        const char *value; /* NULL: refused */
} values[] = {
        { "ListenStream=@a", "ListenStream", "80\n@a" },
        { "ListenStream=", "ListenStream", "" },
        { "ListenStream=x", "ListenStream", NULL },
        { "ListenStream=70000", "ListenStream", NULL },
        { "ListenStream=/run/%p.sock", "ListenStream", "80\n/run/x.sock" },
        { "ListenDatagram=10.0.0.1:53", "ListenDatagram", "10.0.0.1:53" },
        { "ListenSequentialPacket=/run/x", "ListenSequentialPacket", "/run/x" },
        { "ListenSequentialPacket=80", "ListenSequentialPacket", NULL },
        { "ListenFIFO=/run/x", "ListenFIFO", "/run/x" },
        { "ListenFIFO=x", "ListenFIFO", NULL },
        { "ListenNetlink=kobject-uevent 1", "ListenStream", NULL },
        { "ListenSpecial=/dev/x", "ListenStream", NULL },
        { "ListenMessageQueue=/x", "ListenStream", NULL },
        { "Accept=no", "Accept", "no" },
        { "Backlog=128", "Backlog", "128" },
        { "BindIPv6Only=ipv6-only", "BindIPv6Only", "ipv6-only" },
        { "BindIPv6Only=yes", "BindIPv6Only", "ipv6-only" },
        { "BindIPv6Only=no", "BindIPv6Only", "both" },
        { "BindIPv6Only=sometimes", "BindIPv6Only", NULL },
        { "SocketMode=0600", "SocketMode", "0600" },
        { "SocketMode=999", "SocketMode", NULL },
        { "SocketUser=www-data", "SocketUser", "www-data" },
        { "DirectoryMode=0700", "DirectoryMode", "0700" },
        { "FileDescriptorName=http", "FileDescriptorName", "http" },
        { "FileDescriptorName=a:b", "FileDescriptorName", NULL },
        { "KeepAlive=yes", "KeepAlive", "yes" },
        { "KeepAlive=maybe", "KeepAlive", NULL },
        { "KeepAliveTimeSec=2min", "KeepAliveTimeSec", "2min" },
        { "KeepAliveTimeSec=1ms", "KeepAliveTimeSec", "1s" },
        { "KeepAliveTimeSec=1y", "KeepAliveTimeSec", NULL },
        { "KeepAliveProbes=9", "KeepAliveProbes", "9" },
        { "KeepAliveProbes=0", "KeepAliveProbes", NULL },
        { "ReceiveBuffer=64K", "ReceiveBuffer", "64K" },
        { "ReceiveBuffer=8G", "ReceiveBuffer", NULL },
        { "IPTOS=low-delay", "IPTOS", "16" },
        { "IPTOS=0x20", "IPTOS", "32" },
        { "IPTOS=256", "IPTOS", NULL },
        { "IPTTL=1", "IPTTL", "1" },
        { "IPTTL=0", "IPTTL", NULL },
        { "Mark=4294967295", "Mark", "4294967295" },
        { "Mark=-1", "Mark", NULL },
        { "Timestamping=usec", "Timestamping", "us" },
        { "Timestamping=no", "Timestamping", "off" },
        { "Timestamping=yes", "Timestamping", NULL },
        { "SocketProtocol=sctp", "SocketProtocol", "sctp" },
        { "TriggerLimitBurst=7", "TriggerLimitBurst", "7" },
        { "TriggerLimitBurst=", "TriggerLimitBurst", "20" },
        { "TriggerLimitIntervalSec=0", "TriggerLimitIntervalSec", "0" },
        { "MaxConnectionsPerSource=3", "MaxConnectionsPerSource", "3" },
        { "Symlinks=/a /b", "Symlinks", NULL }, /* 80 is no path */
        { "Symlinks=a", "Symlinks", NULL },
        { "Service=x", "Service", "x.service" },
        { "Service=z", "Service", NULL },
        { "Service=x.timer", "Service", NULL },
        { "ExecStartPre=a", "ExecStartPre", "a" },
        { "ExecStopPre=a", "ExecStopPre", "a" },
        { "ExecStart=a", "Accept", NULL },
        { "Restart=always", "Accept", NULL },
        { "OnCalendar=daily", "Accept", NULL },
        { "User=nobody", "User", "nobody" },
};

TEST(socket_values) {
        for (size_t i = 0; i < countof(values); i++) {
                char text[512];
                struct ini ini;

                (void) snprintf(text, sizeof(text), SOCKET "ListenStream=\nListenStream=80\n%s\n%s",
                                values[i].line,
                                strcmp(values[i].line, "ListenStream=") == 0 ? "FileDescriptorName=x\n" : "");
                ini_load(&ini, text, NULL, NULL);
                autofree char *words = ini_words(&ini);
                CHECK((ini.error == 0) == (values[i].value != NULL), "row %zu: %s: %s", i, values[i].line,
                      words);
                if (values[i].value) {
                        autofree char *value = ini_value(&ini, "x.socket", values[i].key);
                        CHECK_STRING(value ? value : "", values[i].value, "row %zu: %s", i, values[i].line);
                }
                ini_done(&ini);
        }
}

/* Each is an error with file, line, thing and reason. */
TEST(socket_what_is_wrong) {
        static const struct {
                const char *text, *words;
        } rows[] = {
                { "[x]\nExecStart=y\n[x.socket]\nListenStream=10.0.0.1\n",
                  "tend.ini:4: error: ListenStream=10.0.0.1: not an address to listen on\n"
                  "        PORT, IP:PORT, [IPV6]:PORT, an absolute path, or @NAME for one without a file\n" },
                { "[x]\nExecStart=y\n[x.socket]\nListenStream=0\n",
                  "tend.ini:4: error: ListenStream=0: a port is a number from 1 to 65535\n"
                  "        PORT, IP:PORT, [IPV6]:PORT, an absolute path, or @NAME for one without a file\n" },
                { "[x]\nExecStart=y\n[x.socket]\nBacklog=1\n",
                  "tend.ini:3: error: x.socket: there is nothing to listen on: ListenStream= or one of "
                  "its kin is "
                  "missing\n        FileDescriptorName= alone takes what tend itself was started with "
                  "by that name\n" },
                { "[web]\nExecStart=y\n[wbe.socket]\nListenStream=80\n",
                  "tend.ini:3: error: wbe.socket: it starts wbe.service, and there is no such unit\n"
                  "        did you mean Service=web.service?\n" },
                { "[x]\nExecStart=y\n[x.socket]\nAccept=yes\nListenStream=80\n",
                  "tend.ini:3: error: x.socket: there is no template x@.service for its connections\n"
                  "        a section [x@] holds what each connection's service is\n" },
                { "[x@]\nExecStart=y\n[x.socket]\nAccept=yes\nListenDatagram=80\n",
                  "tend.ini:5: error: x.socket: Accept=yes takes connections, and ListenDatagram=80 has "
                  "none\n" },
                { "[x@]\nExecStart=y\n[x.socket]\nAccept=yes\nListenStream=80\nMaxConnections=0\n",
                  "tend.ini:6: error: x.socket: MaxConnections=0 would take no connection at all\n" },
                { "[x@]\nExecStart=y\nNice=99\n[x.socket]\nAccept=yes\nListenStream=80\n",
                  "tend.ini:3: error: Nice=99: out of range, it takes a number from -20 to 19\n" },
                { "[x@]\nUser=a\n[x.socket]\nAccept=yes\nListenStream=80\n",
                  "tend.ini:1: error: x@0.service: there is nothing to run: ExecStart= is missing\n" },
                { "[x]\nExecStart=y\nListenStream=80\n",
                  "tend.ini:3: error: ListenStream=: no such setting in [x]\n"
                  "        ListenStream= is a setting of a socket, in a section that is called "
                  "[NAME.socket]\n" },
                { "[x]\nExecStart=y\nStandardInput=socket\n",
                  "tend.ini:3: warning: x.service: it is to read or write a socket, and no socket unit "
                  "starts it\n" },
                { "[x]\nExecStart=y\nSockets=z.service\n",
                  "tend.ini:3: error: x.service: Sockets=z.service: not a socket unit\n" },
                { "[x]\nExecStart=y\n[x.socket]\nListenStream=80\nPassSecurity=yes\n",
                  "tend.ini:5: warning: x.socket: PassSecurity=: it changes nothing: labels of SELinux "
                  "and SMACK are "
                  "the machine's business\n" },
        };

        for (size_t i = 0; i < countof(rows); i++) {
                struct ini ini;

                ini_load(&ini, rows[i].text, NULL, NULL);
                autofree char *words = ini_words(&ini);
                CHECK_STRING(words, rows[i].words, "row %zu", i);
                ini_done(&ini);
        }
}

static const struct unit *find(const struct ini *ini, const char *name) {
        return ini->config ? config_find(ini->config, name) : NULL;
}

TEST(socket_is_for_its_service) {
        struct ini ini;

        ini_load(&ini,
                 SOCKET
                 "[more.socket]\nService=x\nListenStream=81\n[z]\nExecStart=y\nSockets=more x.socket\n",
                 NULL, NULL);
        autofree char *none = ini_words(&ini);
        CHECK_STRING(none, "tend.ini:10: error: z.service: Sockets=more.service: not a socket unit\n");
        ini_done(&ini);
        ini_load(&ini,
                 SOCKET "[more.socket]\nService=x\nListenStream=81\n[z]\nExecStart=y\nSockets=more.socket\n",
                 NULL, NULL);
        const struct unit *x = find(&ini, "x.service"), *z = find(&ini, "z.service"),
                          *own = find(&ini, "x.socket"), *more = find(&ini, "more.socket");
        if (CHECK(ini.error == 0 && x && z && own && more)) {
                CHECK(socket_is_for(own, x) && socket_is_for(more, x) && socket_is_for(more, z));
                CHECK(!socket_is_for(own, z) && !socket_is_for(x, x));
                CHECK_STRING(socket_fd_name(own), "x.socket");
                autofree char *after = ini_value(&ini, "z.service", "After");
                autofree char *wants = ini_value(&ini, "z.service", "Wants");
                CHECK_STRING(after, "more.socket");
                CHECK_STRING(wants, "more.socket");
        }
        ini_done(&ini);
}

/* With Accept=yes: an instance has what the template says of it, and none of the container's defaults for
 * failing. */
TEST(socket_recipe) {
        struct unit *u = NULL;
        struct ini ini;

        ini_load(&ini,
                 CONNECT
                 "[db]\nExecStart=y\n[x@]\nRequires=db\nAfter=db\nEnvironment=WHO=%i\nRestart=always\n"
                 "StandardInput=socket\n",
                 NULL, NULL);
        const struct unit *s = find(&ini, "x.socket");
        autofree char *words = ini_words(&ini);
        CHECK(ini.error == 0, "%s", words);
        if (!s || !s->socket->recipe) {
                CHECK(false);
                ini_done(&ini);
                return;
        }
        CHECK(s->socket->trigger_burst == 200 && !unit_triggers(s));
        CHECK_STRING(socket_fd_name(s), "connection");
        autofree char *needs = ini_value(&ini, "x.socket", "Requires"); /* there before the first of them */
        CHECK_STRING(needs, "db.service");
        if (CHECK(recipe_make(s->socket->recipe, "x@7-1.2.3.4:5-6.7.8.9:10.service", &u) == 0)) {
                CHECK_STRING(u->environment ? u->environment[0] : NULL, "WHO=7-1.2.3.4:5-6.7.8.9:10");
                CHECK(u->restart == RESTART_NO && u->failure_action == ACTION_NONE);
                CHECK(u->type == SERVICE_SIMPLE && u->input.kind == STDIO_SOCKET);
                CHECK_STRING(u->exec[EXEC_START] ? u->exec[EXEC_START]->path : NULL, "y");
                unit_free(u);
        }
        ini_done(&ini);
}

TEST(socket_defaults) {
        struct socket_spec *s = socket_spec_new();

        CHECK(s);
        if (!s)
                return;
        CHECK(s->mode == 0666 && s->directory_mode == 0755 && s->max_connections == 64 && !s->accept);
        CHECK(s->trigger_burst == UINT_MAX && s->trigger_interval == 2 * USEC_PER_SEC);
        for (size_t i = 0; i < SOCKET_OPTION_COUNT; i++)
                CHECK(s->options[i] == SOCKET_OPTION_UNSET, "%zu", i);
        socket_spec_free(s);
}
