/* The rows of [Socket], by the key: directive.c puts each where it belongs in the order of all keys. */
#pragma once

#include "config/row.h"

/* clang-format off */
#define SOCKET_ROW_Accept \
        { SOCKET("Accept"), IN_SOCKET(bool, accept, bool, "yes or no", NULL), \
          .fallback = "no", \
          .help = "Take each connection and start a service for it, made of the template NAME@." }
#define SOCKET_ROW_Backlog \
        { SOCKET("Backlog"), IN_SOCKET(unsigned, backlog, unsigned, "a number", NULL), \
          .fallback = "2147483647", \
          .help = "How many connections wait in the kernel at most; it has a limit of its own." }
#define SOCKET_ROW_BindIPv6Only \
        { SOCKET("BindIPv6Only"), \
          IN_SOCKET(uint8_t, bind_ipv6_only, bind_ipv6_only, "default both ipv6-only", &bind_ipv6_onlies), \
          .fallback = "default", \
          .help = "Whether an IPv6 socket takes connections of IPv4 too; default is as the kernel has it." }
#define SOCKET_ROW_BindToDevice \
        { SOCKET("BindToDevice"), IN_SOCKET(char *, device, string, "an interface", NULL), \
          .help = "The one network interface it takes traffic of." }
#define SOCKET_ROW_Broadcast \
        { SOCKET("Broadcast"), OPTION_SWITCH(BROADCAST), \
          .help = "Datagrams may be sent to broadcast addresses." }
#define SOCKET_ROW_DeferAcceptSec \
        { SOCKET("DeferAcceptSec"), OPTION(DEFER_ACCEPT, SECONDS, "a span of time"), \
          .help = "How long a TCP connection without data may wait before it counts as one." }
#define SOCKET_ROW_DirectoryMode \
        { SOCKET("DirectoryMode"), IN_SOCKET(unsigned, directory_mode, mode, "an octal mode", NULL), \
          .fallback = "0755", \
          .help = "The permissions of directories that are made for its sockets and FIFOs." }
#define SOCKET_ROW_ExecStopPre \
        { SOCKET("ExecStopPre"), EXEC(STOP), \
          .help = "Commands of a socket unit that run before it is closed." }
#define SOCKET_ROW_FileDescriptorName \
        { SOCKET("FileDescriptorName"), IN_SOCKET(char *, fd_name, fd_name, "a name", NULL), \
          .help = "The descriptors' name in LISTEN_FDNAMES; the unit's own, or with Accept=yes connection." }
#define SOCKET_ROW_FlushPending \
        { SOCKET("FlushPending"), IN_SOCKET(bool, flush_pending, bool, "yes or no", NULL), \
          .fallback = "no", \
          .help = "What waits when the service has ended is thrown away, not served by the next one." }
#define SOCKET_ROW_FreeBind \
        { SOCKET("FreeBind"), OPTION_SWITCH(FREE_BIND), \
          .help = "Bind to addresses that are not there yet." }
#define SOCKET_ROW_IPTOS \
        { SOCKET("IPTOS"), \
          OPTION(IP_TOS, TOS, "a number, low-delay throughput reliability or low-cost"), \
          .help = "The type of service of its packets." }
#define SOCKET_ROW_IPTTL \
        { SOCKET("IPTTL"), OPTION_RANGE(IP_TTL, "a number from 1 to 255", 1, 255), \
          .help = "How many routers its packets pass at most." }
#define SOCKET_ROW_KeepAlive \
        { SOCKET("KeepAlive"), OPTION_SWITCH(KEEP_ALIVE), \
          .help = "Ask a peer that is silent whether it is still there." }
#define SOCKET_ROW_KeepAliveIntervalSec \
        { SOCKET("KeepAliveIntervalSec"), OPTION(KEEP_ALIVE_INTERVAL, SECONDS, "a span of time"), \
          .help = "How often then." }
#define SOCKET_ROW_KeepAliveProbes \
        { SOCKET("KeepAliveProbes"), OPTION_RANGE(KEEP_ALIVE_PROBES, "a number from 1 to 127", 1, 127), \
          .help = "How many times before it is given up." }
#define SOCKET_ROW_KeepAliveTimeSec \
        { SOCKET("KeepAliveTimeSec"), OPTION(KEEP_ALIVE_TIME, SECONDS, "a span of time"), \
          .help = "After how long a silence." }
#define SOCKET_ROW_ListenDatagram \
        { SOCKET("ListenDatagram"), LISTEN(DATAGRAM, "an address"), \
          .help = "Where datagrams are taken: as ListenStream=." }
#define SOCKET_ROW_ListenFIFO \
        { SOCKET("ListenFIFO"), LISTEN(FIFO, "an absolute path"), \
          .help = "A FIFO in the file system." }
#define SOCKET_ROW_ListenMessageQueue \
        { SOCKET("ListenMessageQueue"), UNLISTENABLE("POSIX message queues") }
#define SOCKET_ROW_ListenNetlink \
        { SOCKET("ListenNetlink"), UNLISTENABLE("netlink, which is the machine's") }
#define SOCKET_ROW_ListenSequentialPacket \
        { SOCKET("ListenSequentialPacket"), LISTEN(SEQUENTIAL, "a path, or @NAME"), \
          .help = "Where local connections are taken that keep the borders of messages." }
#define SOCKET_ROW_ListenSpecial \
        { SOCKET("ListenSpecial"), UNLISTENABLE("special files, which are the machine's") }
#define SOCKET_ROW_ListenStream \
        { SOCKET("ListenStream"), \
          LISTEN(STREAM, "PORT, IP:PORT, [IPV6]:PORT, a path, @NAME or vsock:CID:PORT"), \
          .help = "Where connections are taken; a port alone is on every address; @NAME has no file." }
#define SOCKET_ROW_ListenUSBFunction \
        { SOCKET("ListenUSBFunction"), UNLISTENABLE("USB functions, which are the machine's") }
#define SOCKET_ROW_Mark \
        { SOCKET("Mark"), OPTION_RANGE(MARK, "a number", 0, UINT32_MAX), \
          .help = "The mark of its packets for the firewall." }
#define SOCKET_ROW_MaxConnections \
        { SOCKET("MaxConnections"), IN_SOCKET(unsigned, max_connections, unsigned, "a number", NULL), \
          .fallback = "64", \
          .help = "With Accept=yes: how many connections are served at once; more are closed." }
#define SOCKET_ROW_MaxConnectionsPerSource \
        { SOCKET("MaxConnectionsPerSource"), \
          IN_SOCKET(unsigned, max_per_source, count, "a number", NULL), \
          .help = "How many of one address, or of one user on a local socket; 0: any number." }
#define SOCKET_ROW_MessageQueueMaxMessages \
        { SOCKET("MessageQueueMaxMessages"), UNLISTENABLE("POSIX message queues") }
#define SOCKET_ROW_MessageQueueMessageSize \
        { SOCKET("MessageQueueMessageSize"), UNLISTENABLE("POSIX message queues") }
#define SOCKET_ROW_NoDelay \
        { SOCKET("NoDelay"), OPTION_SWITCH(NO_DELAY), \
          .help = "Small pieces are sent at once." }
#define SOCKET_ROW_PassCredentials \
        { SOCKET("PassCredentials"), OPTION_SWITCH(PASS_CREDENTIALS), \
          .help = "Local messages come with who has sent them." }
#define SOCKET_ROW_PassPacketInfo \
        { SOCKET("PassPacketInfo"), OPTION_SWITCH(PASS_PACKET_INFO), \
          .help = "Datagrams come with where they were sent to." }
#define SOCKET_ROW_PassSecurity \
        { SOCKET("PassSecurity"), NOTED("yes or no", NO_LSM), \
          .help = "Labels of SELinux and SMACK, which tend leaves alone." }
#define SOCKET_ROW_PipeSize \
        { SOCKET("PipeSize"), OPTION(PIPE_SIZE, SIZE, "a size"), \
          .help = "How much a FIFO holds." }
#define SOCKET_ROW_Priority \
        { SOCKET("Priority"), OPTION_RANGE(PRIORITY, "a number", 0, INT_MAX), \
          .help = "The priority of its packets in the queues of the kernel." }
#define SOCKET_ROW_ReceiveBuffer \
        { SOCKET("ReceiveBuffer"), OPTION(RECEIVE_BUFFER, SIZE, "a size"), \
          .help = "How much the kernel holds of what has come." }
#define SOCKET_ROW_RemoveOnStop \
        { SOCKET("RemoveOnStop"), IN_SOCKET(bool, remove_on_stop, bool, "yes or no", NULL), \
          .fallback = "no", \
          .help = "Remove its sockets, FIFOs and links from the file system when it stops." }
#define SOCKET_ROW_ReusePort \
        { SOCKET("ReusePort"), OPTION_SWITCH(REUSE_PORT), \
          .help = "Others may bind to the same port, and share what comes." }
#define SOCKET_ROW_SELinuxContextFromNet \
        { SOCKET("SELinuxContextFromNet"), NOTED("yes or no", NO_LSM), \
          .help = "Labels of SELinux and SMACK, which tend leaves alone." }
#define SOCKET_ROW_SendBuffer \
        { SOCKET("SendBuffer"), OPTION(SEND_BUFFER, SIZE, "a size"), \
          .help = "How much the kernel holds of what is to be sent." }
#define SOCKET_ROW_Service \
        { SOCKET("Service"), IN_SOCKET(char *, service, started, "a service", "socket"), \
          .help = "What it starts; the service of its own name unless said otherwise." }
#define SOCKET_ROW_SmackLabel \
        { SOCKET("SmackLabel"), NOTED("a label", NO_LSM), \
          .help = "Labels of SELinux and SMACK, which tend leaves alone." }
#define SOCKET_ROW_SmackLabelIPIn \
        { SOCKET("SmackLabelIPIn"), NOTED("a label", NO_LSM), \
          .help = "Labels of SELinux and SMACK, which tend leaves alone." }
#define SOCKET_ROW_SmackLabelIPOut \
        { SOCKET("SmackLabelIPOut"), NOTED("a label", NO_LSM), \
          .help = "Labels of SELinux and SMACK, which tend leaves alone." }
#define SOCKET_ROW_SocketGroup \
        { SOCKET("SocketGroup"), IN_SOCKET(char *, group, account, "a name or a number", NULL), \
          .help = "The group that its sockets and FIFOs in the file system belong to." }
#define SOCKET_ROW_SocketMode \
        { SOCKET("SocketMode"), IN_SOCKET(unsigned, mode, mode, "an octal mode", NULL), .fallback = "0666", \
          .help = "Their permissions." }
#define SOCKET_ROW_SocketProtocol \
        { SOCKET("SocketProtocol"), \
          IN_SOCKET(uint8_t, protocol, word, "udplite sctp", &socket_protocols), \
          .help = "The protocol, where it is not the usual one." }
#define SOCKET_ROW_SocketUser \
        { SOCKET("SocketUser"), IN_SOCKET(char *, user, account, "a name or a number", NULL), \
          .help = "The user that they belong to." }
#define SOCKET_ROW_Symlinks \
        { SOCKET("Symlinks"), IN_SOCKET(char **, symlinks, symlinks, "absolute paths", NULL), \
          .help = "Links to its one socket or FIFO in the file system." }
#define SOCKET_ROW_TCPCongestion \
        { SOCKET("TCPCongestion"), IN_SOCKET(char *, congestion, string, "an algorithm", NULL), \
          .help = "How TCP answers congestion." }
#define SOCKET_ROW_Timestamping \
        { SOCKET("Timestamping"), OPTION(TIMESTAMPING, TIMESTAMPING, "off us ns"), \
          .help = "Messages come with the time of their arrival." }
#define SOCKET_ROW_Transparent \
        { SOCKET("Transparent"), OPTION_SWITCH(TRANSPARENT), \
          .help = "Take traffic for addresses that are not this machine's." }
#define SOCKET_ROW_TriggerLimitBurst \
        { SOCKET("TriggerLimitBurst"), IN_SOCKET(unsigned, trigger_burst, count, "a number", NULL), \
          .help = "How often it may start something within TriggerLimitIntervalSec=; 20, or 200 with " \
          "Accept=yes." }
#define SOCKET_ROW_TriggerLimitIntervalSec \
        { SOCKET("TriggerLimitIntervalSec"), \
          IN_SOCKET(usec_t, trigger_interval, span, "a span of time", NULL), \
          .fallback = "2s", \
          .help = "The time in which that is counted; 0: no limit." }
#define SOCKET_ROW_Writable \
        { SOCKET("Writable"), UNLISTENABLE("special files, which are the machine's") }
/* clang-format on */
