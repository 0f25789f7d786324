#include <arpa/inet.h>
#include <errno.h>

#include "config/address.h"
#include "tests/unit/test.h"

#define LONGEST                                                                                              \
        "/12345678901234567890123456789012345678901234567890123456789"                                       \
        "012345678901234567890123456789012345678901234"

static const struct {
        const char *text;
        int error, family;
        const char *printed; /* NULL: as written */
} rows[] = {
        { "80", 0, AF_INET6, NULL },
        { "65535", 0, AF_INET6, NULL },
        { "0", -ERANGE, 0, NULL },
        { "65536", -ERANGE, 0, NULL },
        { "99999999999", -ERANGE, 0, NULL },
        { "-1", -EINVAL, 0, NULL },
        { "+1", -EINVAL, 0, NULL },
        { "http", -EINVAL, 0, NULL },
        { "", -EINVAL, 0, NULL },
        { " 80", -EINVAL, 0, NULL },
        { "10.0.0.1:80", 0, AF_INET, NULL },
        { "0.0.0.0:80", 0, AF_INET, NULL },
        { "10.0.0.1:", -EINVAL, 0, NULL },
        { "10.0.0.1:0", -ERANGE, 0, NULL },
        { "10.0.0:80", -EINVAL, 0, NULL },
        { "10.0.0.256:80", -EINVAL, 0, NULL },
        { "localhost:80", -EINVAL, 0, NULL },
        { ":80", -EINVAL, 0, NULL },
        { "[::1]:80", 0, AF_INET6, NULL },
        { "[::]:80", 0, AF_INET6, NULL },
        { "[0:0:0:0:0:0:0:1]:80", 0, AF_INET6, "[::1]:80" },
        { "[fe80::1]:80%eth0", 0, AF_INET6, NULL },
        { "[fe80::1]:80%2", 0, AF_INET6, NULL },
        { "[fe80::1]:80%", -EINVAL, 0, NULL },
        { "[fe80::1%eth0]:80", -EINVAL, 0, NULL },
        { "[fe80::1]:80%a-name-that-is-too-long", -EINVAL, 0, NULL },
        { "[::1]", -EINVAL, 0, NULL },
        { "[::1]80", -EINVAL, 0, NULL },
        { "[::1]:", -EINVAL, 0, NULL },
        { "[::1]:123456789", -ERANGE, 0, NULL },
        { "[::1:80", -EINVAL, 0, NULL },
        { "[10.0.0.1]:80", -EINVAL, 0, NULL },
        { "::1:80", -EINVAL, 0, NULL },
        { "/run/x.sock", 0, AF_UNIX, NULL },
        { "/", -EINVAL, 0, NULL },
        { LONGEST "56", 0, AF_UNIX, NULL },
        { LONGEST "567", -ENAMETOOLONG, 0, NULL },
        { "@x", 0, AF_UNIX, NULL },
        { "@", -EINVAL, 0, NULL },
        { "run/x", -EINVAL, 0, NULL },
        { "vsock:2:80", 0, AF_VSOCK, NULL },
        { "vsock::80", 0, AF_VSOCK, "vsock:4294967295:80" },
        { "vsock:2", -EINVAL, 0, NULL },
        { "vsock:x:80", -EINVAL, 0, NULL },
        { "vsock:2:x", -ERANGE, 0, NULL },
};

TEST(address_parse_and_print) {
        char buffer[ADDRESS_PRINT_MAX];

        for (size_t i = 0; i < countof(rows); i++) {
                struct address a = { .size = 12345 };
                int r = address_parse(rows[i].text, &a);

                CHECK(r == rows[i].error, "row %zu: %s: %d", i, rows[i].text, r);
                if (r < 0) {
                        CHECK(a.size == 12345, "row %zu", i); /* untouched */
                        continue;
                }
                CHECK(a.any.sa_family == rows[i].family, "row %zu", i);
                CHECK_STRING(address_print(&a, buffer), rows[i].printed ? rows[i].printed : rows[i].text,
                             "row %zu", i);
        }
}

/* What bind(2) is given: a path with its NUL, a name behind a NUL and without one. */
TEST(address_of_local_sockets) {
        struct address a;

        if (CHECK(address_parse("/ab", &a) == 0))
                CHECK(a.size == offsetof(struct sockaddr_un, sun_path) + 4 &&
                      memcmp(a.un.sun_path, "/ab", 4) == 0);
        if (CHECK(address_parse("@ab", &a) == 0))
                CHECK(a.size == offsetof(struct sockaddr_un, sun_path) + 3 &&
                      memcmp(a.un.sun_path, "\0ab", 3) == 0);
}

TEST(address_hosts) {
        char x[ADDRESS_PRINT_MAX];
        struct address a;

        if (CHECK(address_parse("10.0.0.1:80", &a) == 0))
                CHECK_STRING(address_print_host(&a, x), "10.0.0.1");
        if (CHECK(address_parse("[::1]:80", &a) == 0))
                CHECK_STRING(address_print_host(&a, x), "::1");
        a.any.sa_family = 99;
        CHECK_STRING(address_print(&a, x), "address family 99");
        memset(&a, 0, sizeof(a));
        a.any.sa_family = AF_UNIX;
        a.size = offsetof(struct sockaddr_un, sun_path);
        CHECK_STRING(address_print(&a, x), "an unnamed socket");
}

/* What tend was started with is what a line asks for. */
TEST(address_that_serves) {
        static const struct {
                const char *have, *wanted;
                bool serves;
        } pairs[] = {
                { "10.0.0.1:80", "10.0.0.1:80", true },
                { "10.0.0.1:80", "10.0.0.1:81", false },
                { "10.0.0.1:80", "10.0.0.2:80", false },
                { "10.0.0.1:80", "80", false },
                { "0.0.0.0:80", "80", true },
                { "[::]:80", "80", true },
                { "[::]:81", "80", false },
                { "[::1]:80", "80", false },
                { "[::]:80", "0.0.0.0:80", false },
                { "/run/x", "/run/x", true },
                { "/run/x", "@run/x", false },
                { "@x", "@x", true },
                { "/80", "80", false },
        };

        for (size_t i = 0; i < countof(pairs); i++) {
                struct address have, wanted;

                if (!CHECK(address_parse(pairs[i].have, &have) == 0 &&
                           address_parse(pairs[i].wanted, &wanted) == 0))
                        continue;
                have.is_port = false; /* the kernel does not say so */
                CHECK(address_serves(&have, &wanted) == pairs[i].serves, "row %zu", i);
        }
}
