/* What a unit of type .socket asks for. Other units have none of it: unit->socket is NULL there. */
#pragma once

#include "config/address.h"
#include "config/unit.h"

/* clang-format off */
#define LISTEN_KINDS(X)                                                                                      \
        X(STREAM, "ListenStream")                                                                            \
        X(DATAGRAM, "ListenDatagram")                                                                        \
        X(SEQUENTIAL, "ListenSequentialPacket")                                                              \
        X(FIFO, "ListenFIFO")

/* What is set on the descriptors, each as a number. How: supervisor/sockopt.c, a row each. */
#define SOCKET_OPTIONS(X)                                                                                    \
        X(REUSE_PORT) X(FREE_BIND) X(TRANSPARENT) X(KEEP_ALIVE) X(KEEP_ALIVE_TIME) X(KEEP_ALIVE_INTERVAL)    \
        X(KEEP_ALIVE_PROBES) X(NO_DELAY) X(DEFER_ACCEPT) X(BROADCAST) X(PASS_CREDENTIALS)                    \
        X(PASS_PACKET_INFO) X(TIMESTAMPING) X(PRIORITY) X(RECEIVE_BUFFER) X(SEND_BUFFER) X(IP_TOS) X(IP_TTL) \
        X(MARK) X(PIPE_SIZE)

#define BIND_IPV6_ONLIES(X)                                                                                  \
        X(DEFAULT, "default")                                                                                \
        X(BOTH, "both")                                                                                      \
        X(IPV6_ONLY, "ipv6-only")
#define SOCKET_PROTOCOLS(X)                                                                                  \
        X(UDPLITE, "udplite")                                                                                \
        X(SCTP, "sctp")
/* clang-format on */

#define ENUM_LISTEN(name, word)   LISTEN_##name,
#define ENUM_OPTION(name)         SOCKET_OPTION_##name,
#define ENUM_ONLY(name, word)     BIND_IPV6_##name,
#define ENUM_PROTOCOL(name, word) SOCKET_PROTOCOL_##name,
enum listen_kind { LISTEN_KINDS(ENUM_LISTEN) LISTEN_KIND_COUNT };
enum socket_option { SOCKET_OPTIONS(ENUM_OPTION) SOCKET_OPTION_COUNT };
enum bind_ipv6_only { BIND_IPV6_ONLIES(ENUM_ONLY) };
enum socket_protocol { SOCKET_PROTOCOLS(ENUM_PROTOCOL) };

#define SOCKET_OPTION_UNSET INT64_MIN

/* One line of ListenStream= and its kin. */
struct listen {
        struct listen *next;    /* owned; in the order of the files */
        struct address address; /* but for a FIFO */
        uint8_t kind;           /* enum listen_kind */
        char text[];            /* as written, specifiers put in; the path of a FIFO */
};

struct socket_spec {
        struct listen *listens; /* owned */
        char *service;          /* owned; what it starts, the full name; with Accept= the template */
        struct recipe *recipe;  /* owned; with Accept=: how a service is made for a connection; else NULL */
        char *fd_name;          /* owned; NULL: the unit's name, or "connection" */
        char *user, *group;     /* owned; of sockets and FIFOs in the file system */
        char **symlinks;        /* owned */
        char *device;           /* owned; BindToDevice= */
        char *congestion;       /* owned; TCPCongestion= */
        int64_t options[SOCKET_OPTION_COUNT]; /* SOCKET_OPTION_UNSET: leave alone */
        usec_t trigger_interval;
        unsigned trigger_burst; /* UINT_MAX until load settles it: 200 with Accept=, else 20 */
        unsigned mode, directory_mode, backlog, max_connections;
        unsigned max_per_source; /* UINT_MAX: any number */
        uint8_t bind_ipv6_only;  /* enum bind_ipv6_only */
        uint8_t protocol;        /* enum socket_protocol; UINT8_MAX: the usual one */
        bool accept, remove_on_stop, flush_pending;
};

/* With every default; NULL without memory. */
struct socket_spec *socket_spec_new(void) must_check;
struct socket_spec *socket_spec_free(struct socket_spec *s);

/* Forgets what it listens on. */
void socket_spec_reset(struct socket_spec *s);

/* What the service gets to see of its descriptors, in LISTEN_FDNAMES. */
const char *socket_fd_name(const struct unit *u);

/* It is the socket unit that starts `service`, or that passes its descriptors to it (Sockets=). Not with
 * Accept=. */
bool socket_is_for(const struct unit *u, const struct unit *service);

/* "ListenStream" */
const char *listen_kind_word(enum listen_kind k);

/* Its address is a path, which SocketMode= and its kin apply to. NULL: it has none. */
const char *listen_path(const struct listen *l);
