"""The control socket and clients that mean no good: whatever they do costs them their connection and nobody anything else."""
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import sys
import textwrap
import time

import pytest
from conftest import stop, until

SERVICE = "[a]\nExecStart=sleep inf\n"

# A client in a few lines, so that it can do what no library does.
CLIENT = '''
import os, socket, struct, sys

def pad(data, to):
    return data + bytes(-len(data) % to)

def text(value):
    data = value.encode()
    return struct.pack("=I", len(data)) + data + b"\\0"

def message(member, body=b"", signature="", path="/org/freedesktop/systemd1", interface="org.freedesktop.systemd1.Manager", serial=1, size=None, fds=None):
    fields = b""
    for code, kind, value in ((1, b"o", path), (2, b"s", interface), (3, b"s", member)):
        fields = pad(fields, 8) + bytes([code, 1]) + kind + b"\\0" + text(value)
    if signature:
        fields = pad(fields, 8) + bytes([8, 1]) + b"g\\0" + bytes([len(signature)]) + signature.encode() + b"\\0"
    if fds:
        fields = pad(fields, 8) + bytes([9, 1]) + b"u\\0" + struct.pack("=I", fds)
    order = b"l" if sys.byteorder == "little" else b"B"
    head = order + bytes([1, 0, 1]) + struct.pack("=III", len(body) if size is None else size, serial, len(fields))
    return pad(head + fields, 8) + body

HELLO = b"\\0AUTH EXTERNAL " + str(os.geteuid()).encode().hex().encode() + b"\\r\\nBEGIN\\r\\n"
PING = message("Ping", interface="org.freedesktop.DBus.Peer")

def take(s):
    """The type of the next message, its body as bytes."""
    head = s.recv(16, socket.MSG_WAITALL)
    if len(head) < 16:
        return None
    size, fields = struct.unpack_from("=I", head, 4)[0], struct.unpack_from("=I", head, 12)[0]
    rest = s.recv((fields + 7) // 8 * 8 + size, socket.MSG_WAITALL) if fields or size else b""
    return head[1], rest

def line(s):
    got = b""
    while not got.endswith(b"\\r\\n"):
        more = s.recv(1)
        if not more:
            return got
        got += more
    return got

def connect(path, hello=HELLO):
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)
    s.settimeout(15)
    if hello:
        s.sendall(hello)
        line(s)
    return s

def pinged(s):
    s.sendall(PING)
    while True:
        got = take(s)
        if got is None or got[0] != 4:
            return got is not None and got[0] == 2

def closed(s):
    """Waits for the end of the connection."""
    try:
        while s.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return True
'''
exec(CLIENT)

need_root = pytest.mark.skipif(os.getuid() != 0, reason="needs other users")


@pytest.fixture
def bus(tend):
    """tend with a service, and the path of its socket as seen from here."""
    def make(text=SERVICE, **options):
        p = tend.serve(text, **options)
        p.wait_for("ready: ")
        p.socket = f"/proc/{p.pid}/root/run/systemd/private"
        return p
    return make


def descriptors(p):
    return len(os.listdir(f"/proc/{p.pid}/fd"))


def memory(p):
    return int(p.status("RssAnon").split()[0])


def still_serves(p):
    s = connect(p.socket)
    assert pinged(s)
    s.close()


def as_stranger(p, script):
    """A client of another user, inside of the container; what it prints."""
    done = p.enter("setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", sys.executable, "-ISc", CLIENT + textwrap.dedent(script))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_all_at_once(bus):
    """libdbus sends its last line and the first message together: both are heard."""
    p = bus()
    for _ in range(40):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(10)
        s.connect(p.socket)
        s.sendall(HELLO + PING + PING)
        assert line(s).startswith(b"OK ")
        assert take(s)[0] == 2 and take(s)[0] == 2
        s.close()
    stop(p)


def test_byte_by_byte(bus):
    p = bus()
    s = connect(p.socket, None)
    for byte in HELLO + PING:
        s.sendall(bytes([byte]))
    assert line(s).startswith(b"OK ") and take(s)[0] == 2
    stop(p)


@pytest.mark.skipif(not shutil.which("dbus-send"), reason="dbus-send (package dbus-bin) is not installed")
def test_libdbus(bus):
    p = bus()
    for _ in range(8):
        done = p.enter("dbus-send", "--peer=unix:path=/run/systemd/private", "--print-reply", "--type=method_call",
                       "/org/freedesktop/systemd1", "org.freedesktop.DBus.Properties.Get",
                       "string:org.freedesktop.systemd1.Manager", "string:Version")
        assert done.returncode == 0 and "tend " in done.stdout, done
    stop(p)


def test_connections_do_not_leak(bus):
    p = bus()
    before = descriptors(p)
    for n in range(300):
        s = connect(p.socket)
        if n % 3:
            s.sendall(PING)
        if n % 3 == 2:
            take(s)
        s.close()
    until(lambda: descriptors(p) == before)
    for n in range(50):  # those who never say who they are
        socket.socket(socket.AF_UNIX).connect(p.socket)
    until(lambda: descriptors(p) == before)
    stop(p)


@pytest.mark.parametrize("garbage", [
    b"\0" * 100_000, b"x" * 100_000, b"\0AUTH " + b"x" * 100_000, HELLO + b"\xff" * 100_000, HELLO + b"l" * 100_000,
    HELLO + message("Ping", size=2 * 1024 * 1024), HELLO + message("Ping", size=0xffffffff), HELLO + PING[:4] + b"\xff" * 12,
    HELLO + message("Get", b"\xff\xff\xff\x7f" * 4, "ss", interface="org.freedesktop.DBus.Properties") + b"!" * 16,
], ids=["nul", "x", "line", "ff", "l", "large", "huge", "fields", "strings"])
def test_garbage(bus, garbage):
    p = bus()
    before, used = descriptors(p), memory(p)
    for _ in range(5):
        s = connect(p.socket, None)
        try:
            s.sendall(garbage)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert closed(s)
        s.close()
    until(lambda: descriptors(p) == before)
    assert memory(p) - used < 300, "KiB"
    still_serves(p)
    stop(p)


def test_half_a_message(bus):
    """It is kept for as long as the client stays, and not in more memory than there is of it."""
    p = bus()
    before, used = descriptors(p), memory(p)
    clients = [connect(p.socket) for _ in range(20)]
    for s in clients:
        s.sendall(message("Ping", size=1000 * 1000)[:-1])
    still_serves(p)
    assert memory(p) - used < 500, "KiB"
    for s in clients:
        s.close()
    until(lambda: descriptors(p) == before)
    stop(p)


def test_one_who_never_reads(bus):
    p = bus()
    before, used = descriptors(p), memory(p)
    s = connect(p.socket)
    s.setblocking(False)
    question = message("GetAll", text("") , "s", path="/org/freedesktop/systemd1/unit/a_2eservice", interface="org.freedesktop.DBus.Properties")
    sent = 0
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline and sent < 50 * 1024 * 1024:
        try:
            sent += s.send(question * 100)
        except BlockingIOError:
            if sent > 100_000:
                break
    assert sent > 0
    for _ in range(10):
        still_serves(p)
    assert memory(p) - used < 2000, "KiB"
    s.close()
    until(lambda: descriptors(p) == before)
    stop(p)


def test_one_who_never_reads_signals(bus):
    """Who has subscribed and does not listen is let go."""
    p = bus("[a]\nExecStart=sleep inf\nExecReload=true\n")
    before, used = descriptors(p), memory(p)
    deaf = connect(p.socket)
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.sendall(message("Subscribe"))
    s = connect(p.socket)
    until(lambda: descriptors(p) == before + 2)
    s.setblocking(True)
    reload = message("ReloadUnit", text("a.service") + bytes(2) + text("replace"), "ss")

    def is_gone():
        s.sendall(reload)
        while take(s)[0] == 4:
            pass
        return descriptors(p) == before + 1
    until(is_gone, seconds=40)
    assert memory(p) - used < 2000, "KiB"
    still_serves(p)
    stop(p)


def test_who_says_nothing_is_closed(bus):
    p = bus()
    s = connect(p.socket, None)
    known = connect(p.socket)
    assert closed(s)
    assert pinged(known)
    stop(p)


def test_no_memory(bus):
    p = bus()
    size = int(p.status("VmSize").split()[0]) * 1024
    subprocess.run(["prlimit", f"--pid={p.pid}", f"--as={size + 150_000}:"], check=True)
    for _ in range(20):
        s = connect(p.socket)
        try:
            s.sendall(message("Ping", bytes(900_000), "", size=900_000))
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert closed(s)
    still_serves(p)
    subprocess.run(["prlimit", f"--pid={p.pid}", "--as=unlimited:"], check=True)
    still_serves(p)
    stop(p)


def test_no_descriptors(bus):
    """Who comes then waits, and tend does not spin."""
    p = bus()
    subprocess.run(["prlimit", f"--pid={p.pid}", f"--nofile={descriptors(p)}:"], check=True)
    s = connect(p.socket, None)
    s.sendall(HELLO)
    ticks = sum(map(int, p.proc("stat").rsplit(")", 1)[1].split()[11:13]))
    time.sleep(1)
    assert sum(map(int, p.proc("stat").rsplit(")", 1)[1].split()[11:13])) - ticks < 20
    subprocess.run(["prlimit", f"--pid={p.pid}", "--nofile=1024:"], check=True)
    assert line(s).startswith(b"OK ") and pinged(s)
    stop(p)


def test_many_connections(bus):
    p = bus()
    before = descriptors(p)
    clients = [connect(p.socket, None) for _ in range(80)]
    until(lambda: descriptors(p) == before + 64)
    for s in clients:
        s.close()
    until(lambda: descriptors(p) == before)
    still_serves(p)
    stop(p)


# What the Manager of systemd 257 has besides, with its signature. None of them is done here.
LATER = {
    "AbandonScope": "s", "AddDependencyUnitFiles": "asssbb", "AttachProcessesToUnit": "ssau", "BindMountUnit": "sssbb", "CleanUnit": "sas",
    "Dump": "", "DumpByFileDescriptor": "", "DumpUnitFileDescriptorStore": "s", "DumpUnitsMatchingPatterns": "as", "EnqueueMarkedJobs": "",
    "FreezeUnit": "s", "GetDynamicUsers": "", "GetJobAfter": "u", "GetJobBefore": "u", "GetUnitByControlGroup": "s", "GetUnitByInvocationID": "ay",
    "GetUnitByPIDFD": "h", "KillUnitSubgroup": "sssi", "LinkUnitFiles": "asbb", "LookupDynamicUserByName": "s", "LookupDynamicUserByUID": "u",
    "MountImageUnit": "sssbba(ss)", "PresetAllUnitFiles": "sbb", "PresetUnitFilesWithMode": "assbb", "QueueSignalUnit": "ssii", "Reexecute": "",
    "RemoveSubgroupFromUnit": "sst", "RevertUnitFiles": "as", "SetDefaultTarget": "sb", "SetEnvironment": "as", "SetShowStatus": "s", "SoftReboot": "s",
    "StartAuxiliaryScope": "sahta(sv)", "StartTransientUnit": "ssa(sv)a(sa(sv))", "StartUnitReplace": "sss", "StartUnitWithFlags": "sst",
    "SwitchRoot": "ss", "ThawUnit": "s", "UnsetAndSetEnvironment": "asas", "UnsetEnvironment": "as",
}


def test_what_is_not_done_is_an_error(bus):
    """Never an answer that looks like success, whatever a later systemctl asks for."""
    p = bus()
    s = connect(p.socket)
    for member, signature in LATER.items():
        s.sendall(message(member, bytes(64), signature))
        got = take(s)
        assert got is not None and got[0] == 3, member
        assert any(word in got[1] for word in (b"UnknownMethod", b"NotSupported", b"InvalidArgs")), (member, got)
    stop(p)


def test_descriptors_that_are_sent(bus):
    """systemctl 257 sends one and asks by number where that is not known; none of them is kept."""
    p = bus()
    before = descriptors(p)
    s = connect(p.socket, None)
    s.sendall(HELLO[:-7])
    assert line(s).startswith(b"OK ")
    s.sendall(b"NEGOTIATE_UNIX_FD\r\nBEGIN\r\n")
    assert line(s) == b"AGREE_UNIX_FD\r\n"
    for _ in range(20):
        with open("/dev/null") as null:
            socket.send_fds(s, [message("GetUnitByPIDFD", bytes(4), "h", fds=1)], [null.fileno()])
        got = take(s)
        assert got[0] == 3 and b"UnknownMethod" in got[1]
    assert descriptors(p) == before + 1
    s.close()
    until(lambda: descriptors(p) == before)
    stop(p)


@need_root
def test_strangers_may_read(bus):
    p = bus()
    out = as_stranger(p, """
        s = connect("/run/systemd/private")
        def ask(*words, **more):
            s.sendall(message(*words, **more))
            got = take(s)
            return got[0], b"AccessDenied" in got[1]
        print(ask("ListUnits"), ask("GetUnit", text("a.service"), "s"))
        for member, body, signature in (("StartUnit", text("a.service") + bytes(2) + text("replace"), "ss"), ("Reload", b"", ""),
                                        ("KillUnit", text("a.service") + bytes(2) + text("all") + bytes(0) + struct.pack("=i", 9), "ssi"),
                                        ("PowerOff", b"", ""), ("CancelJob", struct.pack("=I", 1), "u"), ("ResetFailed", b"", ""),
                                        ("SetExitCode", b"\\1", "y"), ("ClearJobs", b"", "")):
            print(member, ask(member, body, signature))
        """)
    lines = out.splitlines()
    assert lines[0] == "(2, False) (2, False)"
    assert len(lines) == 9 and all(line.endswith("(3, True)") for line in lines[1:9]), out
    stop(p)


@need_root
def test_strangers_have_few_connections(bus):
    p = bus()
    before = descriptors(p)
    out = as_stranger(p, """
        held = [connect("/run/systemd/private") for n in range(4)]
        more = connect("/run/systemd/private", None)
        print(closed(more), all(pinged(s) for s in held))
        """)
    assert out == "True True\n"
    until(lambda: descriptors(p) == before)
    stop(p)


@need_root
def test_private(bus):
    p = bus("[tend]\nControl=private\n" + SERVICE)
    out = as_stranger(p, """
        try:
            connect("/run/systemd/private", None)
            print("in")
        except PermissionError:
            print("not in")
        """)
    assert out == "not in\n"
    still_serves(p)
    stop(p)


def test_no_socket(bus):
    p = bus("[tend]\nControl=no\n" + SERVICE)
    assert not pathlib.Path(p.socket).exists()
    stop(p)


def test_the_socket_goes_with_tend(tend, tmp_path):
    p = tend.serve(SERVICE, pid1=False)
    path = tmp_path / "systemd" / "private"
    until(path.is_socket)
    stop(p)
    assert not path.exists()


def test_a_socket_that_was_left_behind(tend, tmp_path):
    (tmp_path / "systemd").mkdir()
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / "systemd" / "private"))
    left.close()
    p = tend.serve(SERVICE, pid1=False)
    p.wait_for("ready: ")
    s = connect(str(tmp_path / "systemd" / "private"))
    assert pinged(s)
    stop(p)


def test_a_place_that_is_taken(tend, tmp_path):
    """Another's socket is left alone, and the next place serves."""
    p = tend.serve(SERVICE, pid1=False)
    path = tmp_path / "systemd" / "private"
    until(path.is_socket)
    inode = path.stat().st_ino
    second = tend("run", tmp_path / "tend.ini", pid1=False)
    second.wait_for("ready: ")
    assert path.stat().st_ino == inode
    s = connect(str(path))
    assert pinged(s)
    stop(second)
    stop(p)


NOWHERE = 'mount -t tmpfs -o ro none /run/systemd; mount --bind -o ro /run /run; mount -o remount,bind,ro /run; ' \
          'mount -t tmpfs -o ro none /tmp; exec "$@"'


@need_root
def test_no_place_at_all(tend):
    file = "/dev/shm/tend-nowhere.ini"
    write = f"mount -t tmpfs none /dev/shm; cp \"$1\" /dev/shm/tend; shift; set -- /dev/shm/tend \"$@\"; printf '[a]\\nExecStart=sleep inf\\n' > {file}; "
    p = tend("run", file, wrapper=["sh", "-c", write + NOWHERE, "sh"], add_env={"XDG_RUNTIME_DIR": ""})
    p.wait_for("ready: ")
    assert len(re.findall("no control socket can be made: .*Read-only file system", p.err)) == 1
    assert stop(p) == 0


@pytest.mark.skipif(not shutil.which("systemctl"), reason="systemctl (package systemd) is not installed")
def test_a_user(tend, tmp_path):
    """tend of any user, as the only process of a container that it has: systemctl --user finds it."""
    if os.getuid() != 0:
        pytest.skip("needs other users")
    home = pathlib.Path("/tmp") / f"tend-test-{os.getpid()}"
    home.mkdir(mode=0o755)
    try:
        os.chown(home, 12345, 12345)
        (home / "tend.ini").write_text(SERVICE)
        p = tend("run", home / "tend.ini", add_env={"XDG_RUNTIME_DIR": str(home)},
                 wrapper=["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"])
        p.wait_for("ready: ")
        user = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", "env", f"XDG_RUNTIME_DIR={home}", "systemctl", "--user", "--no-pager"]
        assert p.enter(*user, "is-active", "a").stdout == "active\n"
        assert "Active: active (running)" in p.enter(*user, "status", "a").stdout
        done = p.enter(*user, "restart", "a")
        assert done.returncode == 0, done
        p.wait_for("a.service: started", after=1)
        assert p.enter(*user, "stop", "a").returncode == 0
        assert p.enter(*user, "is-active", "a").returncode == 3
        stop(p)
    finally:
        shutil.rmtree(home)


def test_memory_does_not_grow(bus):
    p = bus()
    s = connect(p.socket)
    question = message("ListUnits")
    sizes = []
    for _ in range(3):
        for _ in range(1000):
            s.sendall(question)
            assert take(s)[0] == 2
        sizes.append(memory(p))
    assert sizes[2] - sizes[0] <= 100, sizes
    stop(p)


@need_root
@pytest.mark.skipif(not os.path.exists("/usr/bin/systemctl"), reason="there is no systemctl to hang")
def test_errand_that_hangs(bus, tmp_path):
    """What is asked of the image's systemctl and not answered in time ends with all that it has started."""
    fake = tmp_path / "systemctl"
    fake.write_text("#!/bin/sh\nsleep 1000 &\nwait\n")
    fake.chmod(0o755)
    p = bus()
    p.enter("mount", "--bind", str(fake), "/usr/bin/systemctl", check=True)
    before = descriptors(p), sorted(p.descendants())
    s = connect(p.socket)
    s.settimeout(30)
    s.sendall(message("ListUnitFiles"))
    until(lambda: len(p.descendants()) >= len(before[1]) + 3)
    kind, body = take(s)
    assert kind == 3 and b"takes too long" in body
    s.close()
    until(lambda: (descriptors(p), sorted(p.descendants())) == before)
    assert stop(p) == 0
