#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "base/io.h"
#include "control/resolve.h"

#define HOSTS       "/etc/hosts"
#define HOSTS_MOST  ((size_t) 1 << 20)
#define WHITE_SPACE " \t\r"

static void add(struct resolved *r, const void *address, size_t size, uint16_t port) {
        struct sockaddr_storage *to = &r->list[r->n];

        if (r->n == RESOLVE_MOST || size > sizeof(*to))
                return;
        memcpy(to, address, size);
        if (to->ss_family == AF_INET)
                ((struct sockaddr_in *) to)->sin_port = htons(port);
        else if (to->ss_family == AF_INET6)
                ((struct sockaddr_in6 *) to)->sin6_port = htons(port);
        else
                return;
        r->n++;
}

static bool add_numeric(struct resolved *r, const char *host, uint16_t port) {
        struct sockaddr_in four = { .sin_family = AF_INET };
        struct sockaddr_in6 six = { .sin6_family = AF_INET6 };

        if (inet_pton(AF_INET, host, &four.sin_addr) == 1)
                add(r, &four, sizeof(four), port);
        else if (inet_pton(AF_INET6, host, &six.sin6_addr) == 1)
                add(r, &six, sizeof(six), port);
        else
                return false;
        return true;
}

/* hosts(5): an address and its names, up to a "#". */
static void look_at_line(struct resolved *r, char *line, const char *host, uint16_t port) {
        char *rest, *address;

        line[strcspn(line, "#")] = '\0';
        address = strtok_r(line, WHITE_SPACE, &rest);
        for (char *name = address ? strtok_r(NULL, WHITE_SPACE, &rest) : NULL; name;
             name = strtok_r(NULL, WHITE_SPACE, &rest))
                if (strcasecmp(name, host) == 0) {
                        (void) add_numeric(r, address, port);
                        return;
                }
}

static void add_from_hosts(struct resolved *r, const char *host, uint16_t port) {
        autofree char *text = NULL;
        size_t size;

        if (io_read_file(HOSTS, HOSTS_MOST, &text, &size) < 0)
                return;
        for (char *line = text, *next; line; line = next) {
                next = strchr(line, '\n');
                if (next)
                        *next++ = '\0';
                look_at_line(r, line, host, port);
        }
}

static const char *ask_resolver(struct resolved *r, const char *host, uint16_t port,
                                char buffer[RESOLVE_TEXT_MAX]) {
        struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG }, *list = NULL;

        errno = 0;
        int error = getaddrinfo(host, NULL, &hints, &list);
        if (error == EAI_SYSTEM && errno == ENOSYS) /* make/no-nss.c */
                (void) snprintf(buffer, RESOLVE_TEXT_MAX,
                                "%.60s is not in " HOSTS ", and this build of tend has no resolver: "
                                "use an address, or exec: with a program that has one",
                                host);
        else if (error != 0)
                (void) snprintf(buffer, RESOLVE_TEXT_MAX, "%.60s: %s", host,
                                error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
        if (error != 0)
                return buffer;
        for (const struct addrinfo *a = list; a; a = a->ai_next)
                add(r, a->ai_addr, a->ai_addrlen, port);
        freeaddrinfo(list);
        return r->n > 0 ? NULL : "it has no address";
}

const char *resolve(const char *host, uint16_t port, struct resolved *ret, char buffer[RESOLVE_TEXT_MAX]) {
        ret->n = 0;
        if (add_numeric(ret, host, port))
                return NULL;
        /* RFC 6761: always the machine itself, whatever any file says. */
        if (strcasecmp(host, "localhost") == 0) {
                (void) add_numeric(ret, "127.0.0.1", port);
                (void) add_numeric(ret, "::1", port);
                return NULL;
        }
        add_from_hosts(ret, host, port);
        return ret->n > 0 ? NULL : ask_resolver(ret, host, port, buffer);
}
