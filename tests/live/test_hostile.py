"""Clients of the control socket who know what hurts: PID 1 waits for none of them, and keeps nothing for them."""
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import textwrap
import threading

import pytest
from conftest import ini, stop, until
from test_bus import CLIENT, SERVICE, as_stranger, bus, closed, connect, descriptors, memory, message, need_root, pinged, still_serves, take, text

assert bus

LINGER = """
import os, socket, struct
def lingering():
    '''A TCP connection that waits long when it is closed, as its other end takes nothing; and that end.'''
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    door.bind(("127.0.0.1", 0))
    door.listen(1)
    c = socket.socket()
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 1000))
    c.connect(door.getsockname())
    other = door.accept()[0]
    c.setblocking(False)
    try:
        while True:
            c.send(bytes(65536))
    except BlockingIOError:
        return c, other

def give(s, data):
    '''Sends such a one with the data, and has it no more: who has the last one waits, unless it is about to exit.'''
    c, other = lingering()
    begin, say = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.read(begin, 1)
            socket.send_fds(s, [data], [c.fileno()])
        finally:
            os._exit(0)
    c.close()
    os.write(say, b"!")
    os.waitpid(child, 0)
    return other
"""


def guest(p, script, gid=12345):
    """A client of another user, inside of the container, to talk with while it runs."""
    return subprocess.Popen(["nsenter", "--target", str(p.pid), "--mount", "--pid", "setpriv", "--reuid=12345", f"--regid={gid}", "--clear-groups",
                             sys.executable, "-ISc", CLIENT + textwrap.dedent(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def words(*items):
    body = b""
    for item in items:
        body += bytes(-len(body) % 4) + text(item)
    return struct.pack("=I", len(body)) + body


def spent(p):
    """Milliseconds of processor time that PID 1 has had."""
    return int(p.proc("schedstat").split()[0]) / 1e6


@need_root
@pytest.mark.parametrize("when", ["in a message", "behind a message"])
def test_a_descriptor_to_wait_for(bus, when):
    """The kernel closes a descriptor that nobody takes in the name of who reads past it or closes the socket: not in PID 1's."""
    p = bus()
    before = descriptors(p)
    out = as_stranger(p, LINGER + f"""
s = connect("/run/systemd/private")
other = give(s, {"PING + PING[:20]" if when == "behind a message" else "PING"})
print(closed(s), pinged(connect("/run/systemd/private")))
""")
    assert out == "True True\n"
    until(lambda: descriptors(p) == before and len(p.children()) == 1)
    assert stop(p) == 0


@need_root
def test_a_descriptor_of_one_who_is_not_let_in(bus):
    """It comes with a connection that is closed as soon as it is taken."""
    p = bus()
    before = descriptors(p)
    s = guest(p, LINGER + """
held = [connect("/run/systemd/private") for n in range(4)]
print("held", flush=True)
sys.stdin.readline()
s = connect("/run/systemd/private", None)
other = give(s, PING)
print("sent", flush=True)
print(closed(s), all(map(pinged, held)), flush=True)
""")
    assert s.stdout.readline() == "held\n"
    p.kill(signal.SIGSTOP)
    s.stdin.write("\n")
    s.stdin.flush()
    assert s.stdout.readline() == "sent\n"
    p.kill(signal.SIGCONT)
    assert s.communicate()[0] == "True True\n"
    until(lambda: descriptors(p) == before and len(p.children()) == 1)
    assert stop(p) == 0


STORES = LINGER + r"""
kept = [give(sender(), b'FDSTORE=1\nFDNAME=' + name) for name in (b'one', b'two', b'three')]
tell('FDSTOREREMOVE=1\nFDNAME=one')
tell('READY=1')
stay()
"""


def test_a_descriptor_of_a_service_to_wait_for(tend, script):
    """Neither for one that is not stored, nor for one that goes from the store."""
    p = tend.serve(f"[a]\nType=notify\nNotifyAccess=all\nFileDescriptorStoreMax=1\nExecStart={script('a', STORES)}\n")
    p.wait_for("ready: ")
    until(lambda: len(p.children()) == 1)
    assert stop(p) == 0


def finished(p, pid):
    return p.status("State", pid).startswith("Z")


@pytest.mark.skipif(not os.path.exists("/usr/bin/systemctl"), reason="systemctl (package systemd) is not installed")
def test_gone_before_its_answer(bus):
    """Who is told of what it has asked for, by a signal first, may be found to be gone by then."""
    p = bus()
    before = descriptors(p)
    s = connect(p.socket)
    s.sendall(message("Subscribe") + message("EnableUnitFiles", words("tend-nothing.service") + struct.pack("=II", 1, 0), "asbb"))
    assert take(s)[0] == 2
    child = until(lambda: [pid for pid in p.children() if p.comm(pid) == "tend"])[0]
    p.kill(signal.SIGSTOP)
    until(lambda: finished(p, child))
    s.close()
    p.kill(signal.SIGCONT)
    until(lambda: descriptors(p) == before)
    still_serves(p)
    assert stop(p) == 0


FAKE = """#!/bin/sh
case "$*" in *--state=slow*) sleep inf; esac
"""


@need_root
@pytest.mark.skipif(not os.path.exists("/usr/bin/systemctl"), reason="there is no systemctl to hang")
def test_children_for_everybody(bus, tmp_path):
    """Others cannot have so many processes made that there is none for root; who wants no answer gets none from a process either."""
    fake = tmp_path / "systemctl"
    fake.write_text(FAKE)
    fake.chmod(0o755)
    p = bus()
    p.enter("mount", "--bind", str(fake), "/usr/bin/systemctl", check=True)
    out = as_stranger(p, """
        body = struct.pack("=I", 9) + text("slow") + bytes(3) + struct.pack("=I", 0)
        s = connect("/run/systemd/private")
        s.sendall(message("ListUnitFilesByPatterns", body, "asas") * 12)
        for n in range(10):
            kind, text = take(s)
            assert kind == 3 and b"busy" in text, text
        print("busy")
        """)
    assert out == "busy\n"
    s = connect(p.socket)
    quiet = bytearray(message("ListUnitFiles", serial=7))
    quiet[2] = 1  # NO_REPLY_EXPECTED
    s.sendall(bytes(quiet))
    until(lambda: len(p.children()) == 3)  # the service, and the two
    s.sendall(message("ListUnitFiles", serial=8))
    kind, rest = take(s)
    assert kind == 2 and struct.unpack_from("=I", rest, 4)[0] == 8
    assert stop(p) == 0


def test_patterns_have_a_price(bus):
    """As many as fit into a message would keep PID 1 busy for minutes."""
    p = bus("".join(f"[unit-with-a-name-of-some-length-{n}]\nExecStart=sleep inf\n" for n in range(50)))
    s = connect(p.socket)
    before = spent(p)
    for member, more in ("ListUnitsByPatterns", {}), ("GetStatus", {"path": "/org/tend", "interface": "org.tend.Manager1"}):
        body = words(*["*[" * 900 + "z"] * 500)
        s.sendall(message(member, (bytes(4) if not more else b"") + body, "asas" if not more else "as", **more))
        kind, text = take(s)
        assert kind == 3 and b"too many words" in text
    assert spent(p) - before < 500, "ms"
    s.sendall(message("ListUnitsByPatterns", bytes(4) + words("unit-*-4?.service", "*-[1-3]1.service", "nothing"), "asas"))
    kind, text = take(s)
    assert kind == 2 and text.count(b"unit_2dwith") == 13
    stop(p)


FLOOD = """
for n in range(3000):
    try:
        connect("/run/systemd/private", None if n % 2 else HELLO).close()
    except OSError:
        pass
"""


@need_root
def test_a_flood_of_connections(bus):
    """Root comes in all the same, and nothing is left of the others."""
    p = bus()
    before, used = descriptors(p), memory(p)
    flood = threading.Thread(target=as_stranger, args=(p, FLOOD))
    flood.start()
    while flood.is_alive():
        still_serves(p)
    flood.join()
    until(lambda: descriptors(p) == before)
    assert memory(p) - used < 300, "KiB"
    stop(p)


@need_root
def test_members_leave_room_for_root(bus):
    """They may do everything, but a hundred of their connections are no reason to keep root out."""
    p = bus("[tend]\nControlGroup=23456\n" + SERVICE)
    script = """
        def come_in():
            try:
                s = connect("/run/systemd/private")
                return s if pinged(s) else None
            except OSError:
                return None
        held = [s for s in [come_in() for n in range(100)] if s]
        print(len(held), flush=True)
        sys.stdin.read()
        """
    member = guest(p, script, 23456)
    assert member.stdout.readline() == "8\n"
    clients = [connect(p.socket) for _ in range(64)]
    assert all(map(pinged, clients))
    member.communicate()
    stop(p)


@need_root
def test_a_reload_is_for_those_who_are_in(bus, tmp_path):
    """What a reload takes away is gone for connections that are open already."""
    p = bus("[tend]\nControlGroup=23456\n" + SERVICE)
    script = """
        s = connect("/run/systemd/private")
        def may(member):
            s.sendall(message(member))
            return take(s)[0] == 2
        print(may("ListUnits"), may("ResetFailed"), flush=True)
        sys.stdin.readline()
        print(may("ListUnits"), may("ResetFailed"), flush=True)
        print(closed(s))
        """
    member = guest(p, script, 23456)
    assert member.stdout.readline() == "True True\n"
    for text, done in (SERVICE, 1), ("[tend]\nControl=private\n" + SERVICE, 2):
        ini(tmp_path, text)
        s = connect(p.socket)
        s.sendall(message("Reload"))
        assert take(s)[0] == 2
        if done == 1:
            member.stdin.write("\n")
            member.stdin.flush()
            assert member.stdout.readline() == "True False\n"
    assert member.stdout.readline() == "True\n"
    member.communicate()
    stop(p)


@pytest.mark.skipif(not shutil.which("systemctl"), reason="systemctl (package systemd) is not installed")
def test_a_storm_of_restarts_and_reloads(bus):
    """Twenty clients restart units that overlap while the files are read anew: each hears how its jobs end, and all others are served."""
    p = bus("".join(f"[u{n}]\nExecStart=sleep inf\n" for n in range(60)))
    before = descriptors(p)
    enter = ["nsenter", "--target", str(p.pid), "--mount", "--pid"]
    clients = [subprocess.Popen([*enter, "systemctl", "restart", *(f"u{k}" for k in range(3 * n, 3 * n + 6) if k < 60)], stderr=subprocess.PIPE, text=True)
               for n in range(20)]
    while any(client.poll() is None for client in clients):
        p.kill(signal.SIGHUP)
        assert p.enter("systemctl", "daemon-reload").returncode == 0
        still_serves(p)
    assert [client.communicate()[1] for client in clients] == [""] * 20
    assert [client.returncode for client in clients] == [0] * 20
    until(lambda: descriptors(p) == before and len(p.children()) == 60)
    assert stop(p) == 0
