#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "config/address.h"

#define VSOCK "vsock:"

static int parse_port(const char *text, in_port_t *ret) {
        unsigned port;

        if (text[strspn(text, "0123456789")] != '\0' || *text == '\0')
                return -EINVAL;
        if (parse_unsigned(text, UINT16_MAX, &port) < 0 || port == 0)
                return -ERANGE;
        *ret = htons((in_port_t) port);
        return 0;
}

/* A path ends in a NUL that counts, an abstract name begins with one and has no end. */
static int parse_local(const char *text, struct address *a) {
        size_t n = strlen(text), begin = offsetof(struct sockaddr_un, sun_path);
        bool is_abstract = *text == '@';

        if (n < 2)
                return -EINVAL;
        if (n + !is_abstract > sizeof(a->un.sun_path))
                return -ENAMETOOLONG;
        a->un.sun_family = AF_UNIX;
        memcpy(a->un.sun_path, text, n);
        if (is_abstract)
                a->un.sun_path[0] = '\0';
        a->size = (socklen_t) (begin + n + !is_abstract);
        return 0;
}

static int parse_inet(const char *text, const char *colon, struct address *a) {
        char host[INET_ADDRSTRLEN];
        size_t n = (size_t) (colon - text);

        if (n >= sizeof(host))
                return -EINVAL;
        memcpy(host, text, n);
        host[n] = '\0';
        a->in.sin_family = AF_INET;
        a->size = sizeof(a->in);
        if (inet_pton(AF_INET, host, &a->in.sin_addr) != 1)
                return -EINVAL;
        return parse_port(colon + 1, &a->in.sin_port);
}

/* "[x]:y%dev" */
static int parse_inet6(const char *text, struct address *a) {
        const char *end = strchr(text, ']'), *percent = strchr(text, '%');
        char host[INET6_ADDRSTRLEN], port[8];
        size_t n = end ? (size_t) (end - text - 1) : sizeof(host);

        if (n >= sizeof(host) || end[1] != ':' || (percent && percent < end))
                return -EINVAL;
        memcpy(host, text + 1, n);
        host[n] = '\0';
        n = percent ? (size_t) (percent - end - 2) : strlen(end + 2);
        if (n >= sizeof(port))
                return -ERANGE;
        memcpy(port, end + 2, n);
        port[n] = '\0';
        if (percent) {
                n = strlen(percent + 1);
                if (n == 0 || n >= sizeof(a->scope))
                        return -EINVAL;
                memcpy(a->scope, percent + 1, n + 1);
        }
        a->in6.sin6_family = AF_INET6;
        a->size = sizeof(a->in6);
        if (inet_pton(AF_INET6, host, &a->in6.sin6_addr) != 1)
                return -EINVAL;
        return parse_port(port, &a->in6.sin6_port);
}

/* "vsock:CID:PORT"; without a CID it is whatever ours is. */
static int parse_vsock(const char *text, struct address *a) {
        const char *colon = strchr(text, ':');
        autofree char *cid = colon ? strndup(text, (size_t) (colon - text)) : NULL;
        unsigned number = VMADDR_CID_ANY, port;

        if (!colon)
                return -EINVAL;
        if (!cid)
                return -ENOMEM;
        if (*cid != '\0' && parse_unsigned(cid, UINT32_MAX, &number) < 0)
                return -EINVAL;
        if (parse_unsigned(colon + 1, UINT32_MAX, &port) < 0)
                return -ERANGE;
        a->vm = (struct sockaddr_vm){ .svm_family = AF_VSOCK, .svm_cid = number, .svm_port = port };
        a->size = sizeof(a->vm);
        return 0;
}

static int parse_any(const char *text, struct address *a) {
        const char *colon = strchr(text, ':');

        if (*text == '/' || *text == '@')
                return parse_local(text, a);
        if (*text == '[')
                return parse_inet6(text, a);
        if (text_starts(text, VSOCK))
                return parse_vsock(text + strlen(VSOCK), a);
        if (colon)
                return parse_inet(text, colon, a);
        a->is_port = true;
        a->in6.sin6_family = AF_INET6;
        a->size = sizeof(a->in6);
        return parse_port(text, &a->in6.sin6_port);
}

int address_parse(const char *text, struct address *ret) {
        struct address a;

        memset(&a, 0, sizeof(a));
        int r = parse_any(text, &a);
        if (r == 0)
                *ret = a;
        return r;
}

static void print_local(const struct address *a, char buffer[ADDRESS_PRINT_MAX]) {
        size_t begin = offsetof(struct sockaddr_un, sun_path);
        const char *path = a->un.sun_path;
        int n = a->size > begin ? (int) (a->size - begin) : 0;

        if (n == 0)
                (void) snprintf(buffer, ADDRESS_PRINT_MAX, "an unnamed socket");
        else if (*path == '\0')
                (void) snprintf(buffer, ADDRESS_PRINT_MAX, "@%.*s", n - 1, path + 1);
        else
                (void) snprintf(buffer, ADDRESS_PRINT_MAX, "%.*s", n, path);
}

static void print_inet6(const struct address *a, bool with_port, char buffer[ADDRESS_PRINT_MAX]) {
        char host[INET6_ADDRSTRLEN] = "";
        const char *percent = *a->scope != '\0' ? "%" : "";

        (void) inet_ntop(AF_INET6, &a->in6.sin6_addr, host, sizeof(host));
        if (!with_port)
                (void) snprintf(buffer, ADDRESS_PRINT_MAX, "%s", host);
        else if (a->is_port)
                (void) snprintf(buffer, ADDRESS_PRINT_MAX, "%u", ntohs(a->in6.sin6_port));
        else
                (void) snprintf(buffer, ADDRESS_PRINT_MAX, "[%s]:%u%s%s", host, ntohs(a->in6.sin6_port),
                                percent, a->scope);
}

static void print(const struct address *a, bool with_port, char buffer[ADDRESS_PRINT_MAX]) {
        char host[INET_ADDRSTRLEN] = "";

        switch (a->any.sa_family) {
        case AF_UNIX:
                print_local(a, buffer);
                break;
        case AF_INET:
                (void) inet_ntop(AF_INET, &a->in.sin_addr, host, sizeof(host));
                (void) snprintf(buffer, ADDRESS_PRINT_MAX, with_port ? "%s:%u" : "%s", host,
                                ntohs(a->in.sin_port));
                break;
        case AF_INET6:
                print_inet6(a, with_port, buffer);
                break;
        case AF_VSOCK:
                (void) snprintf(buffer, ADDRESS_PRINT_MAX, with_port ? VSOCK "%u:%u" : VSOCK "%u",
                                a->vm.svm_cid, a->vm.svm_port);
                break;
        default:
                (void) snprintf(buffer, ADDRESS_PRINT_MAX, "address family %d", a->any.sa_family);
        }
}

const char *address_print(const struct address *a, char buffer[ADDRESS_PRINT_MAX]) {
        print(a, true, buffer);
        return buffer;
}

const char *address_print_host(const struct address *a, char buffer[ADDRESS_PRINT_MAX]) {
        print(a, false, buffer);
        return buffer;
}

static bool is_port_anywhere(const struct address *a, in_port_t port) {
        if (a->any.sa_family == AF_INET)
                return a->in.sin_port == port && a->in.sin_addr.s_addr == htonl(INADDR_ANY);
        return a->any.sa_family == AF_INET6 && a->in6.sin6_port == port &&
               memcmp(&a->in6.sin6_addr, &in6addr_any, sizeof(in6addr_any)) == 0;
}

bool address_serves(const struct address *have, const struct address *wanted) {
        char a[ADDRESS_PRINT_MAX], b[ADDRESS_PRINT_MAX];

        if (wanted->is_port)
                return is_port_anywhere(have, wanted->in6.sin6_port);
        return have->any.sa_family == wanted->any.sa_family &&
               strcmp(address_print(have, a), address_print(wanted, b)) == 0;
}
