"""sd_notify(3), both ways."""
import os
import re
import signal
import socket

import pytest
from conftest import stop, until


# ---- NotifyAccess= -----------------------------------------------------------------------------------------

# Who sends. The name is what is told; "orphan" has ended before tend can look who it was.
SENDERS = {
    "main": "tell('STATUS=by main')\n",
    "child": "if os.fork() == 0:\n    tell('STATUS=by child')\n    os._exit(0)\nos.wait()\n",
    "grandchild": "if os.fork() == 0:\n    if os.fork() == 0:\n        os.setsid()\n        tell('STATUS=by grandchild')\n        os._exit(0)\n"
                  "    os._exit(0)\nos.wait()\n",
}
ALLOWED = {"main": ["main"], "exec": ["main", "control"], "all": ["main", "control", "child", "grandchild"]}


@pytest.mark.parametrize("access", ALLOWED)
def test_notify_access(tend, script, access):
    control = script("control", "tell('STATUS=by control')\n")
    text = "".join(f"[{name}]\nNotifyAccess={access}\nExecStart={script(name, code + 'stay()')}\n" for name, code in SENDERS.items())
    p = tend.serve(text + f"[control]\nNotifyAccess={access}\nExecStartPre={control}\nExecStart=sleep inf\n", "--log-level", "debug")
    for name in [*SENDERS, "control"]:
        found = p.wait_for(rf"^tend: {name}\.service: (says: by {name}|a notification of pid \d+: not heard, see NotifyAccess=)$")
        assert found[1].startswith("says") == (name in ALLOWED[access]), found[0]
    assert stop(p) == 0


def test_another_service_is_not_heard(tend, script, tmp_path):
    """Not even by who hears all: what b says is none of a's."""
    a = script("a", f"open('{tmp_path}/name', 'w').write(os.environ['NOTIFY_SOCKET'])\ntell('STATUS=by itself')\nstay()\n")
    b = script("b", f"os.environ['NOTIFY_SOCKET'] = open('{tmp_path}/name').read()\ntell('STATUS=by b')\nstay()\n")
    p = tend.serve(f"[a]\nNotifyAccess=all\nReadyWhen=file:{tmp_path}/name\nExecStart={a}\n[b]\nAfter=a\nExecStart={b}\n",
                   "--log-level", "debug")
    p.wait_for(r"^tend: a\.service: says: by itself$")
    p.wait_for(r"^tend: a\.service: a notification of pid \d+: not heard, see NotifyAccess=$")
    assert "says: by b" not in p.err
    assert stop(p) == 0


def test_no_socket_without_access(tend):
    p = tend.serve("[none]\nExecStart=sh -c 'echo none ${NOTIFY_SOCKET-unset}'\n[some]\nNotifyAccess=all\n"
                   "ExecStart=sh -c 'echo some $$NOTIFY_SOCKET'\n".replace("${NOTIFY", "$${NOTIFY"), add_env={"NOTIFY_SOCKET": "@tends-own"})
    assert p.wait() == 0
    assert "none unset\n" in p.out
    assert re.search("^some [@/]", p.out, re.M) and "tends-own" not in p.out


def test_each_service_has_its_own_socket(tend):
    p = tend.serve("[a@]\nInstances=2\nNotifyAccess=main\nExecStart=sh -c 'echo $$NOTIFY_SOCKET'\n")
    assert p.wait() == 0
    assert len(set(p.out.split())) == 2


# What /run is like, and what the name of a socket begins with.
RUNS = {
    "fine": (":", "/run/tend/notify/"),
    "read-only": ("mount -o remount,bind,ro /run", "@"),
    "another's": ("mkdir /run/tend && chown 1234 /run/tend", "@"),
    "open to all": ("mkdir -p /run/tend/notify && chmod 777 /run/tend/notify", "@"),
    "left behind": ("mkdir -p /run/tend/notify", "/run/tend/notify/"),
}


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make a /run")
@pytest.mark.parametrize("make, begins", RUNS.values(), ids=RUNS)
def test_name_of_the_socket(tend, tmp_path, make, begins):
    """A path where that is safe; any user can write to it, and it goes with tend."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run").chmod(0o1777)
    wrapper = ["sh", "-c", f'umask 077; mount --bind {tmp_path}/run /run && {make} && exec "$@"', "sh"]
    code = "import os, socket; name = os.environ[\"NOTIFY_SOCKET\"]; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); " \
           "s.connect(name.replace(\"@\", chr(0))); s.send(b\"READY=1\"); print(name, flush=True); pair = socket.socketpair(); pair[0].recv(1)"
    p = tend.serve(f"[a]\nType=notify\nUser=65534\nExecStart=/usr/bin/python3 -IS -c '{code}'\n", wrapper=wrapper)
    p.wait_for(r"^tend: a\.service: ready, pid \d+$")
    assert p.wait_for(r"^\S+$")[0].startswith(begins)
    assert stop(p) == 0
    assert not list((tmp_path / "run").glob("tend/notify/*"))


# ---- what is said ------------------------------------------------------------------------------------------

def test_ready_with_others_in_one_message(tend, script):
    ready = script("ready", "tell('STATUS=fine\\nREADY=1\\nX_UNKNOWN=1\\n')\nstay()")
    p = tend.serve(f"[a]\nType=notify\nExecStart={ready}\n", "--log-level", "debug")
    p.wait_for(r"^tend: a\.service: ready, pid \d+$")
    p.wait_for(r"^tend: a\.service: says: fine$")
    assert stop(p) == 0


def test_said_just_before_the_end_counts(tend, script):
    """READY=1 and the end in one go: it has been ready, so that it is no protocol error."""
    ready = script("ready", "tell('READY=1')\nos._exit(0)\n")
    p = tend.serve(f"[a]\nType=notify\nRestart=no\nExecStart={ready}\n")
    assert p.wait() == 0
    assert "a.service: ready" in p.err


NOT_READY = {
    "another word": "tell('READY=0')\n",
    "nothing": "",
    "not text": "tell(b'READY=1\\0')\n",
    "too long": "tell('READY=1\\nSTATUS=' + 'x' * 5000)\n",
    "empty": "tell('')\n",
}


@pytest.mark.parametrize("code", NOT_READY.values(), ids=NOT_READY)
def test_what_is_not_ready(tend, script, code):
    p = tend.serve(f"[a]\nType=notify\nRestart=no\nExecStart={script('a', code)}\n")
    assert p.wait() == 70
    assert "a.service: ended without READY=1" in p.err


def test_errno(tend, script):
    failed = script("a", "tell('ERRNO=2')\nos._exit(1)")
    p = tend.serve(f"[a]\nNotifyAccess=main\nRestart=no\nExecStart={failed}\n")
    assert p.wait() == 1
    assert "a.service: says that it has failed: No such file or directory" in p.err


def test_barrier(tend, script):
    """sd_notify_barrier(3): the other end is closed when all that was said before has been taken up."""
    a = script("a", "r, w = os.pipe()\ntell('READY=1')\n"
               "sender().sendmsg([b'BARRIER=1'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [w]))])\n"
               "os.close(w)\nsay('passed' if os.read(r, 1) == b'' else 'not')\nstay()")
    p = tend.serve(f"[a]\nType=notify\nExecStart={a}\n")
    p.wait_for("^passed$")
    p.wait_for(r"^tend: a\.service: ready")
    assert stop(p) == 0


def test_descriptors_are_not_collected(tend, script):
    a = script("a", "for i in range(200):\n"
               "    fd = os.open('/dev/null', os.O_RDONLY)\n"
               "    sender().sendmsg([b'STATUS=x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [fd] * 20))])\n"
               "    os.close(fd)\n"
               "tell('READY=1')\nstay()")
    p = tend.serve(f"[a]\nType=notify\nExecStart={a}\n", wrapper=["prlimit", "--nofile=64:64"])
    p.wait_for(r"^tend: a\.service: ready")
    until(lambda: len(os.listdir(f"/proc/{p.pid}/fd")) < 20)
    assert stop(p) == 0


# ---- MAINPID= ----------------------------------------------------------------------------------------------

HAND_OVER = """\
r, w = os.pipe()
pid = os.fork()
if pid == 0:
    os.read(r, 1)
    say('child', os.getpid())
    signal.signal(signal.SIGUSR1, lambda *a: os._exit({code}))
    signal.signal(signal.SIGTERM, lambda *a: (say('child down'), os._exit(0)))
    say('up')
    stay()
tell('MAINPID=%d\\nREADY=1' % pid)
os.write(w, b'x')
{then}
"""


def hand_over(tend, script, then, code=5, more=""):
    command = script("a", HAND_OVER.format(code=code, then=then))
    p = tend.serve(f"[a]\nType=notify\nRestart=no\n{more}ExecStart={command}\n[b]\nExecStart=sleep inf\n")
    inside = int(p.wait_for(r"its main process is now pid (\d+)$")[1])
    p.wait_for("^up$")
    return p, until(lambda: [pid for pid in p.descendants() if p.inside(pid) == inside])[0]


def test_main_pid_outlives_the_first(tend, script):
    """The parent goes, as with a daemon; the service goes on, and its end is the child's."""
    p, child = hand_over(tend, script, "os._exit(0)")
    until(lambda: child in p.children())
    os.kill(child, signal.SIGUSR1)
    assert p.wait() == 5
    assert "a.service: exited with code 5; given up on" in p.err


def test_main_pid_of_a_grandchild(tend, script):
    """Its parent still lives and is the one that is told how it ended: tend sees that it has."""
    p, child = hand_over(tend, script, "stay()", more="SuccessAction=exit\n")
    os.kill(child, signal.SIGUSR1)
    assert p.wait() == 0
    assert "a.service: finished" in p.err


def test_main_pid_is_who_is_stopped(tend, script):
    p, child = hand_over(tend, script, "signal.signal(signal.SIGTERM, signal.SIG_IGN); os.wait()", more="KillMode=mixed\n")
    assert stop(p) == 0
    assert "child down" in p.out, p.err


def test_main_pid_of_a_stranger(tend, script):
    p = tend.serve("[b]\nExecStart=sleep inf\n[a]\nAfter=b\nNotifyAccess=main\nExecStart=" +
                   script("a", "tell('MAINPID=2\\n')\ntell('MAINPID=1\\n')\ntell('MAINPID=999999\\n')\ntell('MAINPID=x')\ntell('STATUS=said')\nstay()") + "\n",
                   "--log-level", "debug")
    p.wait_for("says: said$")
    assert "is now pid" not in p.err
    p.wait_for(r"says that pid 2 is its main process, which is none of its own: not heard")
    assert stop(p) == 0


def test_main_pid_reaches_stop_commands(tend, script):
    p, child = hand_over(tend, script, "os._exit(0)", more="ExecStop=sh -c 'echo stop $MAINPID'\n")
    inside = p.inside(child)
    assert stop(p) == 0
    assert f"stop {inside}\n" in p.out


# ---- tend's own NOTIFY_SOCKET ------------------------------------------------------------------------------

class Listener:
    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(20)
        self.socket.bind(address)

    def hear(self):
        return self.socket.recv(4096).decode().split("\n")


@pytest.fixture(params=["path", "abstract"])
def listener(request, tmp_path):
    name = str(tmp_path / "notify") if request.param == "path" else f"@tend-test-{os.getpid()}"
    heard = Listener(name.replace("@", "\0"))
    heard.name = name
    yield heard
    heard.socket.close()


def test_tells_when_all_is_up(tend, tmp_path, listener):
    os.mkfifo(tmp_path / "gate")
    p = tend.serve(f"[a]\nType=oneshot\nRemainAfterExit=yes\nWorkingDirectory={tmp_path}\n"
                   "ExecStart=sh -c 'echo up; read x < gate; echo through'\n[b]\nAfter=a\nExecStart=sh -c 'echo b; exec sleep inf'\n",
                   add_env={"NOTIFY_SOCKET": listener.name})
    p.wait_for("^up$")
    listener.socket.setblocking(False)
    with pytest.raises(BlockingIOError):
        listener.hear()
    listener.socket.settimeout(20)
    (tmp_path / "gate").write_text("go\n")
    assert listener.hear() == ["READY=1", "STATUS=2 of 2 services are up"]
    p.wait_for("^b$")
    p.kill(signal.SIGTERM)
    assert listener.hear()[0] == "STOPPING=1"
    assert p.wait() == 0


def test_tells_of_a_reload(tend, tmp_path, listener):
    p = tend.serve("[a]\nExecStart=sleep inf\n", add_env={"NOTIFY_SOCKET": listener.name})
    assert listener.hear()[0] == "READY=1"
    p.kill(signal.SIGHUP)
    assert listener.hear()[0].startswith("RELOADING=1")
    assert listener.hear()[0] == "READY=1"
    assert stop(p) == 0


BAD_SOCKETS = ["", "@", "relative", "/no/such/socket", "@" + "x" * 200, "vsock:1:1"]


@pytest.mark.parametrize("name", BAD_SOCKETS, ids=range(len(BAD_SOCKETS)))
def test_nobody_listens(tend, name):
    p = tend.serve("[a]\nExecStart=echo up\n", add_env={"NOTIFY_SOCKET": name})
    assert p.wait() == 0
    assert p.out == "up\n"
