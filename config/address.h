/* Addresses as the Listen settings of systemd.socket(5) write them. Pure. */
#pragma once

#include <linux/vm_sockets.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/def.h"

struct address {
        union {
                struct sockaddr any;
                struct sockaddr_in in;
                struct sockaddr_in6 in6;
                struct sockaddr_un un;
                struct sockaddr_vm vm;
        };
        socklen_t size;
        bool is_port;            /* nothing but a port was written: IPv6, or IPv4 where there is none */
        char scope[IF_NAMESIZE]; /* "[fe80::1]:80%eth0": the interface, a name or a number; else "" */
};

/* "80", "10.0.0.1:80", "[::1]:80", "/run/x.socket", "@abstract", "vsock:CID:PORT". 0, -ERANGE for a port that
 * is none, -ENAMETOOLONG, or -EINVAL. */
int address_parse(const char *text, struct address *ret) must_check;

/* Room for the longest of what the two below write. */
#define ADDRESS_PRINT_MAX 160

/* As address_parse() takes it; what it cannot take is "an unnamed socket" or the family's number. Returns
 * `buffer`. */
const char *address_print(const struct address *a, char buffer[ADDRESS_PRINT_MAX]);

/* Without the port or the interface: who it is, as far as MaxConnectionsPerSource= goes. Returns `buffer`. */
const char *address_print_host(const struct address *a, char buffer[ADDRESS_PRINT_MAX]);

/* A socket bound to `have` is what `wanted` asks for: the same, or, of a port alone, on every address of
 * either kind.
 */
bool address_serves(const struct address *have, const struct address *wanted);
