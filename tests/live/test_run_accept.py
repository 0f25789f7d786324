"""[x.socket] with Accept=yes: a service for each connection."""
import os
import re
import resource
import socket

from conftest import stop, until
from sockets import LISTEN, ask, free_port, local, reload


def inetd(tend, tmp_path, more="", template=""):
    return tend.serve(f"[a.socket]\nListenStream={tmp_path}/s\nAccept=yes\n{more}\n[a@]\nStandardInput=socket\n{template}ExecStart=cat\n")


def end_of(c):
    c.shutdown(socket.SHUT_WR)
    return c.recv(100)


def test_inetd(tend, tmp_path):
    p = inetd(tend, tmp_path)
    p.wait_for("listening on")
    first, second = local(tmp_path / "s"), local(tmp_path / "s")
    assert ask(second, b"two") == b"two"
    assert ask(first, b"one") == b"one"
    p.wait_for(r"a@0-\d+-0\.service: started")
    p.wait_for(r"a@1-\d+-0\.service: started")
    assert end_of(first) == b"" and end_of(second) == b""
    p.wait_for(r"a@\d-\d+-0\.service: finished", after=1)
    until(lambda: not p.children())
    assert stop(p) == 0


def test_inetd_of_the_network(tend, script):
    """The service is named and told as systemd does it."""
    port = free_port()
    a = script("a", LISTEN + "say(os.environ['REMOTE_ADDR'], os.environ['REMOTE_PORT'], *names)\n"
                             "c = socket.socket(fileno=3)\nc.sendall(b'%d' % c.getpeername()[1])\n")
    p = tend.serve(f"[a.socket]\nListenStream=127.0.0.1:{port}\nAccept=yes\n[a@]\nExecStart={a}\n")
    p.wait_for("listening on")
    c = socket.create_connection(("127.0.0.1", port), timeout=20)
    mine = c.getsockname()[1]
    assert c.recv(100) == b"%d" % mine
    assert c.recv(100) == b""
    p.wait_for(rf"^127\.0\.0\.1 {mine} connection$")
    p.wait_for(rf"a@0-127\.0\.0\.1:{port}-127\.0\.0\.1:{mine}\.service: finished")
    assert stop(p) == 0


def test_max_connections(tend, tmp_path):
    p = inetd(tend, tmp_path, "MaxConnections=2")
    p.wait_for("listening on")
    two = [local(tmp_path / "s") for _ in range(2)]
    assert [ask(c, b"x") for c in two] == [b"x", b"x"]
    third = local(tmp_path / "s")
    assert third.recv(1) == b""
    p.wait_for("a.socket: a connection of .* is closed: MaxConnections=2 of them are served already")
    assert end_of(two[0]) == b""
    p.wait_for(r"a@\d-\d+-0\.service: finished")
    until(lambda: len(p.children()) == 1)
    assert ask(local(tmp_path / "s"), b"y") == b"y"
    assert stop(p) == 0


def test_max_connections_per_source(tend):
    port = free_port()
    p = tend.serve(f"[a.socket]\nListenStream={port}\nAccept=yes\nMaxConnectionsPerSource=1\n[a@]\nStandardInput=socket\nExecStart=cat\n")
    p.wait_for("listening on")
    one = socket.create_connection(("127.0.0.1", port), timeout=20)
    assert ask(one, b"x") == b"x"
    same = socket.create_connection(("127.0.0.1", port), timeout=20)
    assert same.recv(1) == b""
    other = socket.create_connection(("127.0.0.1", port), timeout=20, source_address=("127.0.0.2", 0))
    assert ask(other, b"y") == b"y"
    assert stop(p) == 0


def test_one_that_fails_is_its_own_business(tend, tmp_path):
    p = tend.serve(f"[a.socket]\nListenStream={tmp_path}/s\nAccept=yes\n[a@]\nStandardInput=socket\nExecStart=sh -c 'read x; exit $$x'\n")
    p.wait_for("listening on")
    for code in (1, 2):
        c = local(tmp_path / "s")
        c.sendall(b"%d\n" % code)
        assert c.recv(1) == b""
        p.wait_for(f"a@.*service: exited with code {code}")
    assert "starts again" not in p.err
    assert stop(p) == 0


def test_they_stop_with_the_container(tend, tmp_path):
    p = inetd(tend, tmp_path)
    p.wait_for("listening on")
    c = local(tmp_path / "s")
    assert ask(c, b"x") == b"x"
    assert stop(p) == 0
    assert c.recv(1) == b""


def test_accept_trigger_limit(tend, tmp_path):
    p = inetd(tend, tmp_path, "TriggerLimitBurst=3\nTriggerLimitIntervalSec=1min")
    p.wait_for("listening on")
    clients = [local(tmp_path / "s") for _ in range(4)]
    p.wait_for("a.socket: was closed: it was triggered too often")
    assert p.wait() == 70
    for c in clients:
        c.close()


def test_out_of_descriptors(tend, tmp_path):
    """A connection for which there is no descriptor waits, and PID 1 does not spin meanwhile."""
    p = inetd(tend, tmp_path)
    p.wait_for("listening on")
    assert ask(local(tmp_path / "s"), b"x") == b"x"
    low = len(os.listdir(f"/proc/{p.pid}/fd"))
    resource.prlimit(p.pid, resource.RLIMIT_NOFILE, (low, 4096))
    used = max(int(fd) for fd in os.listdir(f"/proc/{p.pid}/fd"))
    resource.prlimit(p.pid, resource.RLIMIT_NOFILE, (min(low, used), 4096))
    c = local(tmp_path / "s")
    p.wait_for("a.socket: taking a connection: Too many open files; it waits")
    resource.prlimit(p.pid, resource.RLIMIT_NOFILE, (4096, 4096))
    assert ask(c, b"later") == b"later"
    assert len(re.findall("it waits", p.err)) < 5
    assert stop(p) == 0


def test_reload_takes_connections_along(tend, tmp_path):
    """What serves a connection goes on, whatever becomes of its template and its socket."""
    p = inetd(tend, tmp_path)
    p.wait_for("ready:")
    c = local(tmp_path / "s")
    assert ask(c, b"x") == b"x"
    text = (tmp_path / "tend.ini").read_text()
    reload(p, tmp_path / "tend.ini", text.replace("ExecStart=cat", "ExecStart=sh -c 'echo new'"))
    assert local(tmp_path / "s").recv(100) == b"new\n"
    assert ask(c, b"y") == b"y"
    (tmp_path / "tend.ini").write_text("[b]\nExecStart=sleep inf\n")
    p.kill(1)
    p.wait_for("a.socket: stopped")
    assert ask(c, b"z") == b"z"
    assert end_of(c) == b""
    assert stop(p) == 0
