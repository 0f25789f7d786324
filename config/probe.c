#include <string.h>
#include <sys/un.h>

#include "base/parse.h"
#include "base/text.h"
#include "config/probe.h"

/* A name or an address: what else there is would only be told by the resolver, or would end up in a request.
 */
static const char *take_host(const char **at, size_t most, struct probe *p) {
        const char *from = *at, *end;

        if (*from == '[') {
                end = memchr(++from, ']', most - 1);
                if (!end)
                        return "a [ without its ]";
                *at = end + 1;
        } else {
                end = memchr(from, ':', most);
                if (!end)
                        end = from + most;
                *at = end;
        }
        size_t n = (size_t) (end - from);
        if (n == 0)
                return "there is no host";
        if (n >= sizeof(p->host))
                return "the host is too long";
        memcpy(p->host, from, n);
        p->host[n] = '\0';
        if (strspn(p->host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:%") != n)
                return "the host is neither a name nor an address";
        return NULL;
}

/* Behind the host, up to `end`; `usual` (may be NULL) serves where there is none. */
static const char *take_port(const char *at, const char *end, const char *usual, struct probe *p) {
        char digits[6];
        unsigned port;

        p->port = usual;
        p->port_length = 2;
        if (at == end)
                return usual ? NULL : "there is no port";
        if (*at++ != ':')
                return "a port stands behind a \":\"";
        size_t n = (size_t) (end - at);
        if (memchr(at, ':', n))
                return "an IPv6 address stands in brackets";
        if (n == 0 || n >= sizeof(digits))
                return "the port is no number from 1 to 65535";
        memcpy(digits, at, n);
        digits[n] = '\0';
        if (parse_unsigned(digits, 65535, &port) < 0 || port == 0)
                return "the port is no number from 1 to 65535";
        p->port = at;
        p->port_length = (int) n;
        return NULL;
}

static const char *parse_tcp(const char *at, struct probe *p) {
        size_t n = strlen(at);
        const char *end = at + n, *wrong = take_host(&at, n, p);

        return wrong ? wrong : take_port(at, end, NULL, p);
}

/* RFC 3986, as far as an origin form needs it. What cannot stand in a request line is refused. */
static const char *parse_http(const char *at, struct probe *p) {
        if (!text_starts(at, "//"))
                return "a URL begins with http://";
        p->authority = at += 2;
        p->authority_length = (int) strcspn(at, "/?#");
        const char *end = at + p->authority_length;
        if (memchr(at, '@', (size_t) p->authority_length))
                return "a user in a URL is not carried out";
        p->path = end;
        p->path_length = (int) strcspn(end, "#");
        for (const char *c = at; *c != '\0'; c++)
                if (*c <= ' ' || *c == 0x7f)
                        return "a URL is plain ASCII without blanks: write %20 (in a file %%20) and its kin";
        const char *wrong = take_host(&at, (size_t) p->authority_length, p);
        return wrong ? wrong : take_port(at, end, "80", p);
}

static const char *parse_unix(const char *at, struct probe *p) {
        p->path = at;
        p->path_length = (int) strlen(at);
        if (*at != '/' && (*at != '@' || at[1] == '\0'))
                return "takes an absolute path, or @NAME";
        if (strlen(at) >= sizeof(((struct sockaddr_un *) 0)->sun_path))
                return "longer than the path of a socket may be";
        return NULL;
}

static const char *parse_file(const char *at, struct probe *p) {
        p->path = at;
        p->path_length = (int) strlen(at);
        return *at == '/' ? NULL : "takes an absolute path";
}

static const char *parse_exec(const char *at, struct probe *p) {
        p->command = at;
        return at[strspn(at, " \t")] == '\0' ? "there is no program" : NULL;
}

static const char *parse_fd(const char *at, struct probe *p) {
        if (parse_int(at, 3, PROBE_FD_MOST, &p->fd) < 0)
                return "takes the number of a descriptor, from 3 to 1023";
        return NULL;
}

#define WORD_OF_PROBE(name, word) [PROBE_##name] = (word),
static const char *const words[] = { PROBE_KINDS(WORD_OF_PROBE) };

static const char *(*const parsers[PROBE_KIND_COUNT])(const char *at, struct probe *p) = {
        [PROBE_TCP] = parse_tcp,   [PROBE_UNIX] = parse_unix, [PROBE_HTTP] = parse_http,
        [PROBE_FILE] = parse_file, [PROBE_EXEC] = parse_exec, [PROBE_FD] = parse_fd,
};

/* What people may well write. */
static const struct {
        const char *word, *wrong;
} refused[] = {
        { "https:",
          "there is no TLS in tend: probe a plain port, or use exec: with a program that speaks it" },
        { "log:", "not carried out: tend does not read what a service prints" },
        { "udp:", "a datagram that nobody takes looks like one that somebody takes: use exec:" },
};

const char *probe_parse(const char *text, struct probe *ret) {
        for (size_t i = 0; i < countof(refused); i++)
                if (text_starts(text, refused[i].word))
                        return refused[i].wrong;
        for (enum probe_kind kind = 0; kind < PROBE_KIND_COUNT; kind++) {
                struct probe p = { .kind = kind, .fd = -1 };

                if (!text_starts(text, words[kind]))
                        continue;
                const char *wrong = parsers[kind](text + strlen(words[kind]), &p);
                if (!wrong)
                        *ret = p;
                return wrong;
        }
        return "none of " PROBE_TARGETS;
}
