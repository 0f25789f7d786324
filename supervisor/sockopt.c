#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>

#include "base/log.h"
#include "supervisor/sockopt.h"

enum fits { ANY, INET, TCP, PIPES };

#define BEFORE SOCKOPT_BEFORE_BIND
#define AFTER  SOCKOPT_AFTER_BIND

/* clang-format off */
static const struct row {
        enum socket_option option;
        const char *key;
        enum fits fits;
        enum sockopt_when when;
        int level, name;
        int level6, name6; /* besides, of IPv6; 0: none */
        int without_force; /* what may be had without CAP_NET_ADMIN; 0: none */
} rows[] = {
        { SOCKET_OPTION_REUSE_PORT,  "ReusePort",   INET, BEFORE, SOL_SOCKET, SO_REUSEPORT, 0, 0, 0 },
        { SOCKET_OPTION_FREE_BIND,   "FreeBind",    INET, BEFORE, IPPROTO_IP, IP_FREEBIND,
          IPPROTO_IPV6, IPV6_FREEBIND, 0 },
        { SOCKET_OPTION_TRANSPARENT, "Transparent", INET, BEFORE, IPPROTO_IP, IP_TRANSPARENT,
          IPPROTO_IPV6, IPV6_TRANSPARENT, 0 },
        { SOCKET_OPTION_KEEP_ALIVE,  "KeepAlive",   INET, AFTER, SOL_SOCKET, SO_KEEPALIVE, 0, 0, 0 },
        { SOCKET_OPTION_KEEP_ALIVE_TIME, "KeepAliveTimeSec", TCP, AFTER,
          IPPROTO_TCP, TCP_KEEPIDLE, 0, 0, 0 },
        { SOCKET_OPTION_KEEP_ALIVE_INTERVAL, "KeepAliveIntervalSec", TCP, AFTER,
          IPPROTO_TCP, TCP_KEEPINTVL, 0, 0, 0 },
        { SOCKET_OPTION_KEEP_ALIVE_PROBES, "KeepAliveProbes", TCP, AFTER,
          IPPROTO_TCP, TCP_KEEPCNT, 0, 0, 0 },
        { SOCKET_OPTION_NO_DELAY,    "NoDelay",     TCP,  AFTER, IPPROTO_TCP, TCP_NODELAY, 0, 0, 0 },
        { SOCKET_OPTION_DEFER_ACCEPT, "DeferAcceptSec", TCP, AFTER,
          IPPROTO_TCP, TCP_DEFER_ACCEPT, 0, 0, 0 },
        { SOCKET_OPTION_BROADCAST,   "Broadcast",   INET, AFTER, SOL_SOCKET, SO_BROADCAST, 0, 0, 0 },
        { SOCKET_OPTION_PASS_CREDENTIALS, "PassCredentials", ANY, AFTER,
          SOL_SOCKET, SO_PASSCRED, 0, 0, 0 },
        { SOCKET_OPTION_PASS_PACKET_INFO, "PassPacketInfo", INET, AFTER, IPPROTO_IP, IP_PKTINFO,
          IPPROTO_IPV6, IPV6_RECVPKTINFO, 0 },
        { SOCKET_OPTION_PRIORITY,    "Priority",    ANY,  AFTER, SOL_SOCKET, SO_PRIORITY, 0, 0, 0 },
        { SOCKET_OPTION_RECEIVE_BUFFER, "ReceiveBuffer", ANY, AFTER,
          SOL_SOCKET, SO_RCVBUFFORCE, 0, 0, SO_RCVBUF },
        { SOCKET_OPTION_SEND_BUFFER, "SendBuffer",  ANY,  AFTER,
          SOL_SOCKET, SO_SNDBUFFORCE, 0, 0, SO_SNDBUF },
        { SOCKET_OPTION_IP_TOS,      "IPTOS",       INET, AFTER, IPPROTO_IP, IP_TOS,
          IPPROTO_IPV6, IPV6_TCLASS, 0 },
        { SOCKET_OPTION_IP_TTL,      "IPTTL",       INET, AFTER, IPPROTO_IP, IP_TTL,
          IPPROTO_IPV6, IPV6_UNICAST_HOPS, 0 },
        { SOCKET_OPTION_MARK,        "Mark",        ANY,  AFTER, SOL_SOCKET, SO_MARK, 0, 0, 0 },
        { SOCKET_OPTION_TIMESTAMPING, "Timestamping", ANY, AFTER, SOL_SOCKET, SO_TIMESTAMP, 0, 0, 0 },
        { SOCKET_OPTION_PIPE_SIZE,   "PipeSize",    PIPES, AFTER, 0, F_SETPIPE_SZ, 0, 0, 0 },
};
/* clang-format on */

_Static_assert(countof(rows) == SOCKET_OPTION_COUNT, "each option has its row");

static bool fits(const struct row *row, const struct listen *l, int family) {
        bool is_inet = family == AF_INET || family == AF_INET6;

        switch (row->fits) {
        case ANY:
                return l->kind != LISTEN_FIFO;
        case INET:
                return is_inet && l->kind != LISTEN_FIFO;
        case TCP:
                return is_inet && l->kind == LISTEN_STREAM;
        case PIPES:
                return l->kind == LISTEN_FIFO;
        }
        return false;
}

/* Of timestamps it is the number that says which kind: SO_TIMESTAMPNS stands beside SO_TIMESTAMP. */
static int set(const struct row *row, int family, int fd, int value) {
        if (row->fits == PIPES)
                return fcntl(fd, row->name, value) < 0 ? -errno : 0;
        if (row->option == SOCKET_OPTION_TIMESTAMPING)
                return setsockopt(fd, SOL_SOCKET, value == 2 ? SO_TIMESTAMPNS : SO_TIMESTAMP,
                                  &(int){ value != 0 }, sizeof(int)) < 0
                               ? -errno
                               : 0;
        int r = setsockopt(fd, row->level, row->name, &value, sizeof(value)) < 0 ? -errno : 0;
        if (r == -EPERM && row->without_force != 0)
                r = setsockopt(fd, row->level, row->without_force, &value, sizeof(value)) < 0 ? -errno : 0;
        if (row->level6 != 0 && family == AF_INET6)
                r = setsockopt(fd, row->level6, row->name6, &value, sizeof(value)) < 0 ? -errno : 0;
        return r;
}

static int set_text(int level, int name, int fd, const char *text) {
        return setsockopt(fd, level, name, text, (socklen_t) strlen(text) + 1) < 0 ? -errno : 0;
}

static void warn(const struct unit *u, const struct listen *l, const char *key, int error) {
        log_warning(u->name, "%s= is not enforced on %s: %s", key, l->text, strerror(-error));
}

static int set_texts(const struct unit *u, const struct listen *l, int family, int fd, enum sockopt_when when,
                     const char **ret_key) {
        const struct socket_spec *s = u->socket;
        bool is_tcp = (family == AF_INET || family == AF_INET6) && l->kind == LISTEN_STREAM;
        int r = 0;

        if (when == SOCKOPT_BEFORE_BIND && s->device && l->kind != LISTEN_FIFO) {
                *ret_key = "BindToDevice";
                return set_text(SOL_SOCKET, SO_BINDTODEVICE, fd, s->device);
        }
        if (when == SOCKOPT_AFTER_BIND && s->congestion && is_tcp)
                r = set_text(IPPROTO_TCP, TCP_CONGESTION, fd, s->congestion);
        if (r < 0)
                warn(u, l, "TCPCongestion", r);
        return 0;
}

int sockopt_apply(const struct unit *u, const struct listen *l, int family, int fd, enum sockopt_when when,
                  const char **ret_key) {
        for (size_t i = 0; i < countof(rows); i++) {
                const struct row *row = &rows[i];
                int64_t value = u->socket->options[row->option];

                if (row->when != when || value == SOCKET_OPTION_UNSET || !fits(row, l, family))
                        continue;
                int r = set(row, family, fd, (int) value);
                if (r < 0 && when == SOCKOPT_BEFORE_BIND) {
                        *ret_key = row->key;
                        return r;
                }
                if (r < 0)
                        warn(u, l, row->key, r);
        }
        return set_texts(u, l, family, fd, when, ret_key);
}
