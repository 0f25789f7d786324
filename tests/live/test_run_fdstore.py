"""FDSTORE=1: descriptors that outlive their service's process."""
import os
import re

import pytest
from conftest import TALK, stop, until

STORE = r"""
def send(text, *fds):
    sender().sendmsg([text.encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', fds))])
def settle():
    r, w = os.pipe()
    send('BARRIER=1', w)
    os.close(w)
    os.read(r, 1)
def passed():
    n = int(os.environ.get('LISTEN_FDS', 0))
    if n and int(os.environ['LISTEN_PID']) != os.getpid():
        say('LISTEN_PID is', os.environ['LISTEN_PID'])
    return list(range(3, 3 + n)), os.environ.get('LISTEN_FDNAMES', '').split(':') if n else []
def memory(text):
    fd = os.memfd_create('x')
    os.write(fd, text)
    return fd
def content(fd):
    os.lseek(fd, 0, 0)
    return os.read(fd, 100).decode()
fds, names = passed()
"""


@pytest.fixture
def script(tmp_path):
    def write(name, text):
        (tmp_path / name).write_text(TALK + STORE + text)
        return f"python3 -IS {tmp_path / name}"
    return write


def serve(tend, command, most=8, more=""):
    return tend.serve(f"[a]\nType=notify\nFileDescriptorStoreMax={most}\nRestartSec=10ms\n{more}ExecStart={command}\n")


def count(p):
    return len(os.listdir(f"/proc/{p.pid}/fd"))


def test_kept_over_a_crash(tend, script):
    a = script("a", """
if not fds:
    send('FDSTORE=1\\nFDNAME=one', memory(b'first'))
    send('FDSTORE=1', memory(b'second'))
    send('FDSTORE=1\\nFDNAME=many', memory(b'third'), memory(b'fourth'))
    send('FDSTORE=1\\nFDNAME=not:a:name', memory(b'fifth'))
    send('FDSTORE=1\\nFDNAME=' + 256 * 'x', memory(b'sixth'))
    settle()
    tell('READY=1')
    os.kill(os.getpid(), signal.SIGKILL)
say('|'.join('%s=%s' % (n, content(f)) for n, f in zip(names, fds)))
say('others', sorted(int(f) for f in os.listdir('/proc/self/fd') if int(f) > 2 + len(fds))[1:])
tell('READY=1')
stay()
""")
    p = serve(tend, a)
    p.wait_for(r"^one=first\|stored=second\|many=third\|many=fourth\|stored=fifth\|stored=sixth$")
    p.wait_for(r"^others \[\]$")
    assert stop(p) == 0


def test_connection_goes_on(tend, script, tmp_path):
    """A listening socket in store: who connects while the service is down is served by the next one."""
    path = tmp_path / "socket"
    a = script("a", f"""
if fds:
    listener = socket.socket(fileno=fds[0])
else:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind({str(path)!r})
    listener.listen()
    send('FDSTORE=1\\nFDNAME=listener', listener.fileno())
    settle()
tell('READY=1')
say('up', *names)
while True:
    c = listener.accept()[0]
    word = c.recv(100)
    if word == b'die':
        os._exit(1)
    c.send(word + b' heard')
""")
    p = serve(tend, a, more="RestartSec=500ms\n")
    p.wait_for("^up$")
    import socket
    first = socket.socket(socket.AF_UNIX)
    first.connect(str(path))
    first.send(b"die")
    p.wait_for("starts again")
    second = socket.socket(socket.AF_UNIX)
    second.connect(str(path))
    second.send(b"hello")
    assert second.recv(100) == b"hello heard"
    p.wait_for("^up listener$")
    assert stop(p) == 0


def test_removed_and_limited(tend, script):
    a = script("a", """
if not fds:
    for i in range(5):
        send('FDSTORE=1\\nFDNAME=n%d' % (i % 2), memory(b'%d' % i))
    tell('FDSTOREREMOVE=1\\nFDNAME=n1')
    same = memory(b'same')
    for i in range(3):
        send('FDSTORE=1\\nFDNAME=same', same)
    settle()
    tell('READY=1')
    os._exit(1)
say('|'.join('%s=%s' % (n, content(f)) for n, f in zip(names, fds)))
tell('READY=1')
stay()
""")
    p = serve(tend, a, most=3)
    p.wait_for(r"^n0=0\|n0=2\|same=same$")
    assert len(re.findall(r"a\.service: a descriptor is not stored: FileDescriptorStoreMax=3", p.err)) == 2
    assert stop(p) == 0


def test_none_by_default(tend, script):
    a = script("a", "send('FDSTORE=1', memory(b'x'))\nsettle()\ntell('READY=1')\nstay()\n")
    p = tend.serve(f"[a]\nType=notify\nExecStart={a}\n")
    p.wait_for("a.service: a descriptor is not stored: FileDescriptorStoreMax=0")
    p.wait_for("a.service: ready")
    assert stop(p) == 0


def test_end_of_the_other_side(tend, script):
    """A pipe whose other end is closed is of no use: it goes, unless FDPOLL=0 asks to keep it."""
    a = script("a", """
if not fds:
    ends = []
    for poll in ('FDNAME=watched', 'FDNAME=kept\\nFDPOLL=0'):
        r, w = os.pipe()
        send('FDSTORE=1\\n' + poll, r)
        ends.append(w)
    settle()
    for w in ends:
        os.close(w)
    time.sleep(0.2)
    tell('READY=1')
    os._exit(1)
say('left', *names)
tell('READY=1')
stay()
""")
    p = serve(tend, a)
    p.wait_for("^left kept$")
    assert stop(p) == 0


def test_closed_when_it_has_stopped(tend, script, tmp_path):
    """What is in store is closed when the service is done for good."""
    a = script("a", "for i in range(6):\n    send('FDSTORE=1', memory(b'x'))\nsettle()\ntell('READY=1')\nsay('in')\nsys.stdout.flush()\n"
                    "open(sys.argv[1]).read()\nos._exit(0)\n")
    os.mkfifo(tmp_path / "gate")
    p = tend.serve(f"[b]\nExecStart=sleep inf\n[a]\nType=notify\nFileDescriptorStoreMax=8\nExecStart={a} {tmp_path}/gate\n")
    p.wait_for("^in$")
    until(lambda: "a.service: ready" in p.err)
    full = count(p)
    (tmp_path / "gate").write_text("")
    p.wait_for("a.service: finished")
    until(lambda: count(p) == full - 6)
    assert stop(p) == 0


def test_many(tend, script):
    """More than fit between 3 and the descriptors that tend itself holds."""
    a = script("a", """
if not fds:
    for i in range(10):
        send('FDSTORE=1\\nFDNAME=n', *[memory(b'%d' % (10 * i + k)) for k in range(10)])
    settle()
    tell('READY=1')
    os._exit(1)
say('right' if [content(f) for f in fds] == [str(i) for i in range(100)] else 'wrong')
tell('READY=1')
stay()
""")
    p = serve(tend, a, most=100)
    p.wait_for("^right$")
    assert stop(p) == 0


def test_from_strangers(tend, script):
    a = script("a", "if os.fork() == 0:\n    send('FDSTORE=1', memory(b'x'))\n    os._exit(0)\nos.wait()\nsettle()\ntell('READY=1')\nstay()\n")
    p = serve(tend, a)
    p.wait_for(r"a\.service: a notification of pid \d+: not heard, see NotifyAccess=")
    p.wait_for("a.service: ready")
    before = count(p)
    assert before < 20
    assert stop(p) == 0
