"""[x.socket]: what comes is kept until a service takes it. Accept=yes has a file of its own."""
import os
import re
import socket
import stat

import pytest
from conftest import PYTHON, stop
from sockets import LISTEN, ask, free_port, local, reload

SERVER = LISTEN + """
listener = socket.socket(fileno=3)
say('up', os.getpid())
while True:
    c = listener.accept()[0]
    word = c.recv(100)
    if word == b'die':
        os._exit(1)
    if word == b'end':
        c.close()
        sys.exit(0)
    c.sendall(word + b' heard')
    c.close()
"""


@pytest.fixture
def server(script):
    """A service that answers each connection on its first descriptor."""
    return script("server", SERVER)


def inode_of(p, address):
    """Of the socket that tend itself holds there; None where it holds none."""
    line = re.search(rf"^\S+: .* (\d+) {re.escape(str(address))}$", p.proc("net/unix"), re.M)
    return line and line[1]


# ---- Accept=no ---------------------------------------------------------------------------------------------


def test_a_connection_starts_the_service(tend, server, tmp_path):
    """It is not started with the container, and the one that waits is served."""
    p = tend.serve(f"[a.socket]\nListenStream={tmp_path}/s\n[a]\nExecStart={server}\n")
    p.wait_for(rf"a\.socket: listening on {tmp_path}/s$")
    p.wait_for("ready: 1 of 2 services are up")
    assert "a.service" not in p.err and not p.children()
    assert ask(local(tmp_path / "s")) == b"hello heard"
    assert stop(p) == 0
    assert p.err.index("a.service: stopped") < p.err.index("a.socket: stopped")


def test_served_by_the_next_life(tend, server, tmp_path):
    """Who connects while the service is down waits in the queue."""
    p = tend.serve(f"[a.socket]\nListenStream={tmp_path}/s\n[a]\nRestartSec=300ms\nExecStart={server}\n")
    p.wait_for("listening on")
    ask(local(tmp_path / "s"), b"die")
    p.wait_for("a.service: .*starts again")
    assert ask(local(tmp_path / "s")) == b"hello heard"
    p.wait_for("^up", after=1)
    assert stop(p) == 0


def test_starts_anew_after_a_clean_end(tend, server, tmp_path):
    p = tend.serve(f"[a.socket]\nListenStream={tmp_path}/s\n[a]\nExecStart={server}\n")
    p.wait_for("listening on")
    for n in range(3):
        assert ask(local(tmp_path / "s"), b"end") == b""
        p.wait_for("a.service: finished", after=n)
    assert ask(local(tmp_path / "s")) == b"hello heard"
    assert stop(p) == 0


@pytest.mark.limit(120)
def test_none_of_200_is_lost(tend, server, tmp_path):
    """The service is killed in the middle of a stream of connections: each is taken in the end, none is refused. One that
    the dead service had taken already is broken off, as nobody can help."""
    port = free_port()
    p = tend.serve(f"[a.socket]\nListenStream=127.0.0.1:{port}\n[a]\nRestartSec=20ms\nExecStart={server}\n")
    p.wait_for("listening on")
    clients = []
    for i in range(200):
        c = socket.create_connection(("127.0.0.1", port), timeout=20)
        c.sendall(b"%d" % i)
        clients.append(c)
        if i in (60, 120):
            victim = int(p.wait_for(r"^up (\d+)$", after=0 if i == 60 else 1)[1])
            child = next(pid for pid in p.children() if p.inside(pid) == victim)
            os.kill(child, 9)
            p.wait_for("was killed by SIGKILL; starts again", after=0 if i == 60 else 1)
    broken = 0
    for i, c in enumerate(clients):
        try:
            answer = c.recv(100)
        except ConnectionResetError:
            answer = b""
        assert answer in (b"", b"%d heard" % i)
        broken += answer == b""
    assert broken <= 2
    assert stop(p) == 0


def test_each_kind_and_its_name(tend, script, tmp_path):
    """In the order of the file, with the names that the units say; sockets first."""
    port, port6 = free_port(), free_port(socket.AF_INET6)
    a = script("a", LISTEN + """
for fd, name in zip(fds, names):
    try:
        s = socket.socket(fileno=os.dup(fd))
        say(name, s.family.name, s.type.name, s.getsockname() if s.family != socket.AF_UNIX else repr(s.getsockname()))
    except OSError:
        say(name, 'FIFO', os.readlink('/proc/self/fd/%d' % fd))
    say(name, 'blocks' if os.get_blocking(fd) else 'does not block')
say('end')
stay()
""")
    p = tend.serve(f"""
[a]
ExecStart={a}
[a.socket]
ListenStream=127.0.0.1:{port}
ListenStream=[::1]:{port6}
ListenDatagram=127.0.0.1:{port}
ListenStream={tmp_path}/deep/in/s
ListenSequentialPacket=@tend-test-{os.getpid()}
ListenDatagram={tmp_path}/d
SocketMode=0640
SocketUser=daemon
SocketGroup=mail
DirectoryMode=0711
[more.socket]
Service=a
ListenFIFO={tmp_path}/fifo
SocketMode=0600
FileDescriptorName=the fifo
""")
    p.wait_for("more.socket: listening on")
    p.wait_for("ready:")
    for path, mode in ((tmp_path / "deep/in/s", 0o640), (tmp_path / "d", 0o640), (tmp_path / "fifo", 0o600)):
        assert stat.S_IMODE(path.stat().st_mode) == mode
    assert (tmp_path / "d").stat().st_uid == 1 and (tmp_path / "d").stat().st_gid == 8
    assert stat.S_IMODE((tmp_path / "deep/in").stat().st_mode) == 0o711
    with open(tmp_path / "fifo", "w") as fifo:
        fifo.write("x")
    p.wait_for("^end$")
    lines = [line for line in p.out.splitlines() if line != "end"]
    assert [line for line in lines if not re.search("blocks?$", line)] == [
        f"a.socket AF_INET SOCK_STREAM ('127.0.0.1', {port})",
        f"a.socket AF_INET6 SOCK_STREAM ('::1', {port6}, 0, 0)",
        f"a.socket AF_INET SOCK_DGRAM ('127.0.0.1', {port})",
        f"a.socket AF_UNIX SOCK_STREAM '{tmp_path}/deep/in/s'",
        f"a.socket AF_UNIX SOCK_SEQPACKET b'\\x00tend-test-{os.getpid()}'",
        f"a.socket AF_UNIX SOCK_DGRAM '{tmp_path}/d'",
        f"the fifo FIFO {tmp_path}/fifo",
    ]
    assert [line for line in lines if re.search("blocks?$", line)] == 6 * ["a.socket blocks"] + ["the fifo blocks"]
    assert stop(p) == 0


@pytest.mark.parametrize("kind", ["datagram", "fifo", "abstract", "ipv6", "port alone"])
def test_what_wakes_it(tend, script, tmp_path, kind):
    port = free_port(socket.AF_INET6)
    lines = {"datagram": f"ListenDatagram={tmp_path}/d", "fifo": f"ListenFIFO={tmp_path}/f",
             "abstract": f"ListenStream=@tend-wakes-{os.getpid()}", "ipv6": f"ListenStream=[::1]:{port}",
             "port alone": f"ListenStream={port}"}
    a = script("a", "r, _, _ = select.select([3], [], [], 10)\nsay('woken', r)\nstay()\n")
    p = tend.serve(f"[a.socket]\n{lines[kind]}\n[a]\nExecStart={a}\n")
    p.wait_for("ready:")
    if kind == "datagram":
        c = local(tmp_path / "d", socket.SOCK_DGRAM)
        c.send(b"x")
    elif kind == "fifo":
        os.write(os.open(tmp_path / "f", os.O_WRONLY), b"x")
    elif kind == "abstract":
        c = local(f"\0tend-wakes-{os.getpid()}")
    else:
        c = socket.create_connection(("::1" if kind == "ipv6" else "127.0.0.1", port), timeout=20)
    p.wait_for(r"^woken \[3\]$")
    assert stop(p) == 0


def test_with_descriptors_in_store(tend, script, tmp_path):
    """Sockets first, then what is in store, each by its name."""
    a = script("a", LISTEN + """
if 'kept' not in names:
    fd = os.memfd_create('x')
    sender().sendmsg([b'FDSTORE=1\\nFDNAME=kept'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [fd]))])
    r, w = os.pipe()
    sender().sendmsg([b'BARRIER=1'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [w]))])
    os.close(w)
    os.read(r, 1)
    os._exit(1)
say(*names)
stay()
""")
    p = tend.serve(f"[a.socket]\nListenStream={tmp_path}/s\n[a]\nFileDescriptorStoreMax=4\nRestartSec=10ms\nExecStart={a}\n")
    p.wait_for("listening on")
    c = local(tmp_path / "s")
    p.wait_for("^a.socket kept$")
    c.close()
    assert stop(p) == 0


def test_sockets_of_another(tend, script, tmp_path):
    """Sockets=: the service is not what the socket starts, but it is handed the descriptor too, and comes behind it."""
    a = script("a", LISTEN + "say(*names)\nstay()\n")
    p = tend.serve(f"[b]\nSockets=a.socket\nNonBlocking=yes\nExecStart={a}\n[a.socket]\nListenStream={tmp_path}/s\n[a]\nExecStart={a}\n")
    p.wait_for("^a.socket$")
    p.wait_for("ready: 2 of 3")
    assert p.err.index("a.socket: listening") < p.err.index("b.service: started")
    assert "a.service" not in p.err
    assert stop(p) == 0


def test_nonblocking(tend, script, tmp_path):
    a = script("a", "say('blocks' if os.get_blocking(3) else 'does not')\nstay()\n")
    p = tend.serve(f"[a.socket]\nListenStream={tmp_path}/s\n[a]\nNonBlocking=yes\nExecStart={a}\n")
    p.wait_for("listening on")
    c = local(tmp_path / "s")
    p.wait_for("^does not$")
    c.close()
    assert stop(p) == 0


def test_options(tend, script, tmp_path):
    port = free_port()
    a = script("a", """
s = socket.socket(fileno=3)
for level, name in (('SOL_SOCKET', 'SO_KEEPALIVE'), ('SOL_SOCKET', 'SO_REUSEPORT'), ('IPPROTO_TCP', 'TCP_NODELAY'),
                    ('IPPROTO_TCP', 'TCP_KEEPIDLE'), ('IPPROTO_TCP', 'TCP_KEEPCNT'), ('IPPROTO_IP', 'IP_TTL'), ('IPPROTO_IP', 'IP_TOS')):
    say(name, s.getsockopt(getattr(socket, level), getattr(socket, name)))
say('buffer', s.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) >= 2 * 81920)
say('end')
stay()
""")
    p = tend.serve(f"[a.socket]\nListenStream=127.0.0.1:{port}\nKeepAlive=yes\nReusePort=yes\nNoDelay=yes\nKeepAliveTimeSec=77\n"
                   f"KeepAliveProbes=3\nIPTTL=9\nIPTOS=low-delay\nReceiveBuffer=80K\n[a]\nExecStart={a}\n")
    p.wait_for("listening on")
    c = socket.create_connection(("127.0.0.1", port))
    p.wait_for("^end$")
    assert p.out.split("\n")[:8] == ["SO_KEEPALIVE 1", "SO_REUSEPORT 1", "TCP_NODELAY 1", "TCP_KEEPIDLE 77", "TCP_KEEPCNT 3", "IP_TTL 9",
                                     "IP_TOS 16", "buffer True"]
    assert "not enforced" not in p.err
    c.close()
    assert stop(p) == 0


def test_flush_pending(tend, script, tmp_path):
    """What waits when the service has ended is not for the next one."""
    a = script("a", "listener = socket.socket(fileno=3)\nlistener.accept()\nsay('up')\nopen(sys.argv[1]).read()\n")
    os.mkfifo(tmp_path / "gate")
    p = tend.serve(f"[a.socket]\nListenStream={tmp_path}/s\nFlushPending=yes\n[a]\nExecStart={a} {tmp_path}/gate\n")
    p.wait_for("listening on")
    first = local(tmp_path / "s")
    p.wait_for("^up$")
    second = local(tmp_path / "s")
    (tmp_path / "gate").write_text("")
    assert second.recv(1) == b""
    p.wait_for("a.service: finished")
    first.close()
    assert len(re.findall("a.service: started", p.err)) == 1
    assert stop(p) == 0


# ---- where it fails ----------------------------------------------------------------------------------------


def test_an_address_that_is_taken(tend, tmp_path):
    """The unit fails, with address and reason, and only what requires it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        p = tend.serve(f"[a.socket]\nListenStream={tmp_path}/s\nListenStream=127.0.0.1:{port}\nFailureAction=none\n"
                       "[a]\nRequires=a.socket\nExecStart=sleep inf\n[b]\nExecStart=sleep inf\n")
        p.wait_for(rf"a\.socket: ListenStream=127\.0\.0\.1:{port}: binding: Address already in use")
        p.wait_for("a.socket: cannot listen")
        p.wait_for("ready: 1 of 3 services are up")
        assert not inode_of(p, tmp_path / "s")
        assert stop(p) == 0


def test_failing_to_bind_ends_the_container_by_default(tend, tmp_path):
    (tmp_path / "s").write_text("no socket")
    p = tend.serve(f"[a.socket]\nListenStream={tmp_path}/s\n[a]\nExecStart=sleep inf\n")
    assert p.wait() == 70
    assert re.search(rf"a\.socket: ListenStream={tmp_path}/s: binding: Address already in use", p.err)
    assert (tmp_path / "s").read_text() == "no socket"


def test_trigger_limit(tend, tmp_path):
    """A service that ends without a look at what came would be started for ever."""
    p = tend.serve(f"[a.socket]\nListenStream={tmp_path}/s\nTriggerLimitBurst=5\nTriggerLimitIntervalSec=1min\nFailureAction=none\n"
                   "[a]\nExecStart=true\n[b]\nExecStart=sleep inf\n")
    p.wait_for("listening on")
    c = local(tmp_path / "s")
    p.wait_for(r"a\.socket: more than 5 times within 60000 ms: see TriggerLimitBurst=")
    p.wait_for(r"a\.socket: was closed: it was triggered too often")
    c.close()
    assert len(re.findall("a.service: started", p.err)) == 5
    assert stop(p) == 0


@pytest.mark.parametrize("restart", ["no", "on-failure"])
def test_start_limit_of_the_service(tend, tmp_path, restart):
    p = tend.serve(f"[a.socket]\nListenStream={tmp_path}/s\nFailureAction=none\n[a]\nRestart={restart}\nRestartSec=10ms\nRestartSteps=0\n"
                   "StartLimitBurst=3\nStartLimitIntervalSec=1min\nFailureAction=none\nExecStart=false\n[b]\nExecStart=sleep inf\n")
    p.wait_for("listening on")
    c = local(tmp_path / "s")
    p.wait_for(r"a\.socket: a\.service was started too often, see StartLimitBurst=")
    p.wait_for(r"a\.socket: was closed: its service was started too often")
    c.close()
    assert len(re.findall("a.service: started", p.err)) == 3
    assert stop(p) == 0


def test_remove_on_stop_and_links(tend, tmp_path):
    p = tend.serve(f"[a.socket]\nListenStream={tmp_path}/s\nSymlinks={tmp_path}/l1 {tmp_path}/deep/l2\nRemoveOnStop=yes\n[a]\nExecStart=sleep inf\n")
    p.wait_for("listening on")
    assert os.readlink(tmp_path / "l1") == os.readlink(tmp_path / "deep/l2") == f"{tmp_path}/s"
    local(tmp_path / "l1").close()
    assert stop(p) == 0
    assert not [name for name in ("s", "l1", "deep/l2") if os.path.lexists(tmp_path / name)]


def test_a_socket_that_was_left_is_replaced(tend, server, tmp_path):
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / "s"))
    left.close()
    p = tend.serve(f"[a.socket]\nListenStream={tmp_path}/s\n[a]\nExecStart={server}\n")
    p.wait_for("listening on")
    assert ask(local(tmp_path / "s")) == b"hello heard"
    assert stop(p) == 0


def test_commands_around_it(tend, tmp_path):
    """ExecStartPre= before it is bound, ExecStopPre= before it is closed, ExecStopPost= behind that."""
    look = f"sh -c 'test -S {tmp_path}/s && echo %s there || echo %s not'"
    p = tend.serve(f"[a.socket]\nListenStream={tmp_path}/s\nRemoveOnStop=yes\nExecStartPre={look % (1, 1)}\nExecStartPost={look % (2, 2)}\n"
                   f"ExecStopPre={look % (3, 3)}\nExecStopPost={look % (4, 4)}\n[a]\nExecStart=sleep inf\n")
    p.wait_for("listening on")
    assert stop(p) == 0
    assert p.out == "1 not\n2 there\n3 there\n4 not\n"


# ---- reload ------------------------------------------------------------------------------------------------


def test_reload_keeps_what_has_not_changed(tend, server, tmp_path):
    text = f"[a.socket]\nListenStream={tmp_path}/s\n[a]\nExecStart={server}\n"
    p = tend.serve(text)
    p.wait_for("ready:")
    before = inode_of(p, tmp_path / "s")
    assert before
    reload(p, tmp_path / "tend.ini", text + "[b]\nExecStart=sleep inf\n")
    p.wait_for("b.service: started")
    assert inode_of(p, tmp_path / "s") == before
    assert ask(local(tmp_path / "s")) == b"hello heard"
    assert stop(p) == 0


def test_reload_binds_what_has_changed(tend, server, tmp_path):
    """The service that has the old descriptor is started anew with the new one."""
    text = f"[a.socket]\nListenStream={tmp_path}/%s\nRemoveOnStop=yes\n[a]\nExecStart={server}\n"
    p = tend.serve(text % "one")
    p.wait_for("ready:")
    assert ask(local(tmp_path / "one")) == b"hello heard"
    reload(p, tmp_path / "tend.ini", text % "two")
    p.wait_for(rf"a\.socket: listening on {tmp_path}/two$")
    p.wait_for("^up", after=1)
    assert ask(local(tmp_path / "two")) == b"hello heard"
    assert not (tmp_path / "one").exists()
    assert stop(p) == 0


# ---- what tend itself was started with ---------------------------------------------------------------------

# Puts listening sockets at 3 and so on, as podman or systemd would, and becomes tend.
GIVE = r"""
import os, socket, sys
names, paths, rest = sys.argv[1], sys.argv[2].split(','), sys.argv[3:]
held = []
for i, path in enumerate(paths):
    s = socket.socket(socket.AF_UNIX)
    s.bind(path)
    s.listen()
    held.append(os.dup2(s.fileno(), 100 + i))
for i, fd in enumerate(held):
    os.dup2(fd, 3 + i, inheritable=True)
os.closerange(3 + len(held), 200)
os.environ.update(LISTEN_FDS=str(len(held)), LISTEN_PID=os.environ.pop('FAKE_PID', None) or str(os.getpid()), LISTEN_FDNAMES=names)
os.execv(rest[0], rest)
"""


def given(names, *paths):
    return [*PYTHON, GIVE, names, ",".join(map(str, paths))]


def test_taken_by_name(tend, server, tmp_path):
    """FileDescriptorName=, or the unit's own name; the address need not be the same, or be written."""
    p = tend.serve(f"[a.socket]\nListenStream={tmp_path}/elsewhere\n[a]\nExecStart={server}\n"
                   f"[b.socket]\nFileDescriptorName=web\n[b]\nExecStart={server}\n",
                   wrapper=given("web:a.socket", tmp_path / "one", tmp_path / "two"))
    p.wait_for(rf"a\.socket: ListenStream={tmp_path}/elsewhere: takes descriptor 4 \(a\.socket\), which tend was started with")
    p.wait_for(r"b\.socket: takes descriptor 3 \(web\), which tend was started with")
    assert not (tmp_path / "elsewhere").exists()
    assert ask(local(tmp_path / "one")) == b"hello heard"
    assert ask(local(tmp_path / "two")) == b"hello heard"
    assert "is nobody's" not in p.err
    assert stop(p) == 0
    assert (tmp_path / "one").exists()


def test_taken_by_address(tend, server, tmp_path):
    p = tend.serve(f"[a.socket]\nListenStream={tmp_path}/one\n[a]\nExecStart={server}\n",
                   wrapper=given("other:unknown", tmp_path / "one", tmp_path / "two"))
    p.wait_for(rf"a\.socket: ListenStream={tmp_path}/one: takes descriptor 3 \(other\)")
    p.wait_for(rf"descriptor 4 \(unknown, {tmp_path}/two\), which tend was started with, is nobody's: "
               r"a section \[NAME.socket\] with FileDescriptorName=unknown takes it")
    assert ask(local(tmp_path / "one")) == b"hello heard"
    assert stop(p) == 0


def test_given_to_somebody_else(tend, tmp_path):
    """A LISTEN_PID that is another's: they are not ours, whatever else is open."""
    p = tend.serve(f"[a.socket]\nListenStream={tmp_path}/own\nFileDescriptorName=web\n[a]\nExecStart=sleep inf\n",
                   wrapper=given("web", tmp_path / "one"), add_env={"FAKE_PID": "77"})
    p.wait_for("listening on")
    assert "started with" not in p.err
    assert (tmp_path / "own").exists()
    assert stop(p) == 0


def test_taken_again_after_a_stop(tend, server, tmp_path):
    """It is not closed with the unit: a reload that changes the unit takes it again."""
    text = f"[a.socket]\nFileDescriptorName=web\n[a]\nExecStart={server}\n"
    p = tend.serve(text, wrapper=given("web", tmp_path / "one"))
    p.wait_for("ready:")
    reload(p, tmp_path / "tend.ini", text.replace("web\n", "web\nTriggerLimitBurst=9\n"))
    p.wait_for("takes descriptor 3", after=1)
    assert ask(local(tmp_path / "one")) == b"hello heard"
    assert stop(p) == 0


def test_one_command_gets_them(tend, script, tmp_path):
    """`tend -- CMD`: as if there were no tend."""
    a = script("a", LISTEN + "say(*names)\nsocket.socket(fileno=3).accept()\nsay('served')\n")
    p = tend("--", *a.split(), wrapper=given("web", tmp_path / "one"))
    p.wait_for("^web$")
    local(tmp_path / "one").close()
    p.wait_for("^served$")
    assert p.wait() == 0
    assert "LISTEN_PID" not in p.out
