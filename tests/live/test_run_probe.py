"""ReadyWhen= and HealthCheck=: what asks for a service's readiness and health, and what comes of it."""
import os
import re
import signal
import socket
import subprocess
import tempfile
import time

import pytest
from conftest import PIPE, PYTHON, stop, until


# A service that listens where its first argument says, as soon as the file go is there. It answers HTTP with the status
# in the file status, or with nothing where that says hang.
LISTEN = """\
import pathlib, threading
base = pathlib.Path(sys.argv[0]).parent
while not (base / 'go').exists():
    time.sleep(0.01)
kind, where = sys.argv[1].split(':', 1)
s = socket.socket(socket.AF_UNIX if kind == 'unix' else socket.AF_INET)
if kind == 'tcp':
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(where if kind == 'unix' else ('127.0.0.1', int(where)))
s.listen(100)
say('listening')
held = []
while True:
    c = s.accept()[0]
    status = base / 'status'
    status = status.read_text().strip() if status.exists() else '200'
    if status == 'hang':
        held.append(c)
        continue
    try:
        c.recv(1024)
        c.sendall(f'HTTP/1.1 {status} x\\r\\n\\r\\n'.encode())
    except OSError:
        pass
    c.close()
"""

# Holds a process where nothing but SIGKILL reaches it, and tells how it has ended.
TRACER = """
import ctypes, os, sys
pid, attach, wait_all = int(sys.argv[1]), 16, 0x40000000
if ctypes.CDLL(None).ptrace(attach, pid, None, None) == 0:
    os.waitpid(pid, wait_all)
    print('stopped', flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, wait_all)[1]), flush=True)
"""

BEHIND = "[b]\nAfter=a\nRestart=no\nFailureAction=none\nExecStart=sh -c 'echo b is up; exec sleep inf'\n"


def port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def probes(p):
    """The probes that run now: their pids, as seen from here."""
    found = []
    for pid in p.children():
        try:
            if b"\0probe\0" in open(f"/proc/{pid}/cmdline", "rb").read():
                found.append(pid)
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def waits(p, tmp_path):
    """It has been asked, and has not answered; nobody goes on."""
    p.wait_for(r"^tend: a\.service: waiting for ReadyWhen=")
    until(lambda: probes(p))
    assert "b is up" not in p.out and "a.service: ready" not in p.err
    (tmp_path / "go").touch()


# ---- ReadyWhen= --------------------------------------------------------------------------------------------

@pytest.mark.parametrize("kind", ["tcp", "http", "unix", "file", "exec"])
def test_ready_when(tend, script, tmp_path, kind):
    """The one behind it starts when it answers, not before."""
    number = port()
    where = f"unix:{tmp_path}/s" if kind == "unix" else f"tcp:{number}"
    target = {"tcp": f"tcp:localhost:{number}", "http": f"http://localhost:{number}/", "unix": f"unix:{tmp_path}/s",
              "file": f"file:{tmp_path}/go", "exec": f"exec:sh -c 'test -e {tmp_path}/go'"}[kind]
    p = tend.serve(f"[a]\nReadyWhen={target}\nExecStart={script('a.py', LISTEN)} {where}\n{BEHIND}", "--log-level", "debug")
    waits(p, tmp_path)
    p.wait_for("^b is up$")
    p.wait_for(r"^tend: b\.service: started")
    assert re.search(r"^tend: a\.service: ready, pid \d+\n(.*\n)*tend: b\.service: started", p.err, re.M)
    until(lambda: not probes(p))
    assert stop(p) == 0


def test_ready_when_uses_its_environment(tend, script, tmp_path):
    number = port()
    (tmp_path / "go").touch()
    p = tend.serve(f"[a]\nEnvironment=PORT={number}\nReadyWhen=tcp:localhost:${{PORT}}\nExecStart={script('a.py', LISTEN)} tcp:{number}\n")
    p.wait_for("a.service: ready")
    assert stop(p) == 0


@pytest.mark.parametrize("kind", ["notify", "forking"])
def test_ready_when_on_top_of_type(tend, script, tmp_path, kind):
    """READY=1, or the end of its command, is not enough then."""
    text = "tell('READY=1')\nstay()\n" if kind == "notify" else "if os.fork():\n    os._exit(0)\nos.setsid()\nstay()\n"
    p = tend.serve(f"[a]\nType={kind}\nReadyWhen=file:{tmp_path}/go\nExecStart={script('a', text)}\n{BEHIND}", "--log-level", "debug")
    waits(p, tmp_path)
    p.wait_for("^b is up$")
    assert stop(p) == 0


SAYS = {
    "a newline": ("time.sleep(0.2)\nos.write(7, b'\\n')\nstay()\n", True),
    "a byte": ("os.write(7, b'x')\nos.close(7)\nstay()\n", True),
    "a child": ("if os.fork() == 0:\n    os.write(7, b'ready')\n    os._exit(0)\nstay()\n", True),
    "just before its end": ("os.write(7, b'\\n')\nos._exit(0)\n", True),
    "nothing": ("os._exit(0)\n", False),
}


@pytest.mark.parametrize("text, is_ready", SAYS.values(), ids=SAYS)
def test_ready_when_descriptor(tend, script, text, is_ready):
    p = tend.serve(f"[a]\nReadyWhen=fd:7\nRestart=no\nFailureAction=none\nExecStart={script('a', text)}\n{BEHIND}")
    p.wait_for("^b is up$")
    p.wait_for(r"a\.service: ready, pid \d+" if is_ready else r"a\.service: ended before it was ready; given up on")
    assert ("a.service: ready" in p.err) == is_ready
    assert stop(p) == 0


def test_descriptor_closed_without_a_word(tend, script):
    a = script("a", "os.close(3)\nstay()\n")
    p = tend.serve(f"[a]\nReadyWhen=fd:3\nExecStart={a}\n")
    p.wait_for(r"a\.service: has closed descriptor 3 without a word: it is never ready so$")
    assert "a.service: ready" not in p.err
    assert stop(p) == 0


def other_pipes(p):
    """The pipes that tend has open, besides where it writes to."""
    ends = {fd: os.readlink(f"/proc/{p.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{p.pid}/fd")}
    return {end for end in ends.values() if end.startswith("pipe:")} - {ends["1"], ends["2"]}


def test_descriptor_is_for_the_service_alone(tend, script):
    """PID 1 keeps no copy of the end that is written to, and its next process has a new one."""
    a = script("a", "os.write(9, b'\\n')\nsay('up')\nsignal.pause()\n")
    p = tend.serve(f"[a]\nReadyWhen=fd:9\nRestartSec=10ms\nExecStartPre=sh -c 'test ! -e /proc/self/fd/9'\nExecStart={a}\n")
    for n in range(3):
        inside = int(p.wait_for(r"a\.service: ready, pid (\d+)$", after=n)[1])
        until(lambda: not other_pipes(p), what="the end of the pipe")
        os.kill(until(lambda: [pid for pid in p.children() if p.inside(pid) == inside])[0], signal.SIGKILL)
    p.wait_for(r"a\.service: ready, pid (\d+)$", after=3)
    assert stop(p) == 0


def test_not_ready_in_time(tend, tmp_path):
    p = tend.serve(f"[a]\nReadyWhen=file:{tmp_path}/go\nTimeoutStartSec=500ms\nRestart=no\nFailureAction=none\n"
                   f"ExecStart=sleep inf\n{BEHIND}")
    p.wait_for(rf"^tend: a\.service: is not ready: file:{tmp_path}/go: No such file or directory$")
    p.wait_for(r"^tend: a\.service: ran out of time; given up on")
    p.wait_for("^b is up$")  # After= alone: it may go on
    stop(p)


def test_ends_before_it_is_ready(tend, tmp_path):
    p = tend.serve(f"[a]\nReadyWhen=file:{tmp_path}/go\nRestart=no\nExecStart=sleep 0.2\n")
    assert p.wait() == 70
    assert "a.service: ended before it was ready; given up on" in p.err


def test_stop_while_it_waits(tend, tmp_path):
    p = tend.serve(f"[a]\nReadyWhen=exec:sh -c 'sleep 600 & wait'\nExecStart=sleep inf\n", "--log-level", "debug")
    p.wait_for("waiting for ReadyWhen=")
    until(lambda: any(p.comm(pid) == "sleep" and p.comm(int(p.status("PPid", pid))) == "sh" for pid in p.descendants()))
    began = time.monotonic()
    assert stop(p) == 0
    assert time.monotonic() - began < 3
    assert "killed what" not in p.err


def test_a_probe_that_dies_is_no_answer(tend, tmp_path):
    """It is asked again, and that is said once."""
    p = tend.serve(f"[a]\nReadyWhen=file:{tmp_path}/go\nExecStart=sleep inf\n{BEHIND}")
    for _ in range(2):
        pid = until(lambda: probes(p))[0]
        os.kill(pid, signal.SIGKILL)
        until(lambda: pid not in p.children())
    until(lambda: probes(p))
    assert p.err.count(f"a.service: asking ReadyWhen=file:{tmp_path}/go: ") == 1
    (tmp_path / "go").touch()
    p.wait_for("a.service: ready")
    p.wait_for("^b is up$")
    assert stop(p) == 0


def test_log_is_refused(tend, tmp_path):
    (tmp_path / "x.ini").write_text("[a]\nExecStart=true\nReadyWhen=log:ready.*\n")
    done = tend.run("check", str(tmp_path / "x.ini"))
    assert done.returncode == 2
    assert "x.ini:3: error: ReadyWhen=log:ready.*: not carried out: tend does not read what a service prints" in done.stdout


# ---- HealthCheck= ------------------------------------------------------------------------------------------

def health(tmp_path, check, more="", **options):
    settings = dict(HealthIntervalSec="50ms", HealthTimeoutSec="5s", HealthRetries="2", **options)
    return f"HealthCheck={check.replace('{dir}', str(tmp_path))}\n" + "".join(f"{k}={v}\n" for k, v in settings.items()) + more


def test_unhealthy_and_back(tend, tmp_path):
    """Reported once each, with the reason; by default nothing else happens."""
    (tmp_path / "ok").touch()
    p = tend.serve("[a]\nExecStart=sleep inf\n" + health(tmp_path, "file:{dir}/ok"))
    p.wait_for(r"^tend: a\.service: healthy$")
    (tmp_path / "ok").unlink()
    p.wait_for(rf"^tend: a\.service: unhealthy: file:{tmp_path}/ok: No such file or directory \(2 in a row\)$")
    time.sleep(0.5)
    (tmp_path / "ok").touch()
    p.wait_for(r"^tend: a\.service: healthy again$")
    assert p.err.count("a.service: unhealthy") == 1 and p.err.count("a.service: healthy") == 2
    assert "starts again" not in p.err
    assert stop(p) == 0


def test_health_of_a_server(tend, script, tmp_path):
    """A server that accepts and never answers: one probe at a time, and a restart mends it, also with Restart=no."""
    number = port()
    (tmp_path / "go").touch()
    a = script("a.py", LISTEN)
    p = tend.serve(f"[a]\nRestart=no\nRestartSec=10ms\nReadyWhen=tcp:localhost:{number}\nExecStart={a} tcp:{number}\n"
                   f"HealthAction=restart\nHealthInterval=50ms\nHealthTimeout=200ms\nHealthRetries=3\n"
                   f"HealthCheck=http://127.0.0.1:{number}/\n", "--log-level", "debug")
    p.wait_for(r"a\.service: healthy$")
    (tmp_path / "status").write_text("hang")
    seen = []
    until(lambda: seen.append(len(probes(p))) or "a.service: unhealthy" in p.err)
    p.wait_for(rf"a\.service: unhealthy: http://127\.0\.0\.1:{number}/: no answer within 200ms \(3 in a row\)$")
    (tmp_path / "status").unlink(missing_ok=True)
    assert max(seen) == 1
    p.wait_for(r"a\.service: was unhealthy; starts again in 10ms \(it was unhealthy, restart 1\)$")
    p.wait_for(r"a\.service: healthy again$")
    assert stop(p) == 0


def test_status_is_the_reason(tend, script, tmp_path):
    number = port()
    (tmp_path / "go").touch()
    (tmp_path / "status").write_text("503")
    p = tend.serve(f"[a]\nExecStart={script('a.py', LISTEN)} tcp:{number}\nReadyWhen=tcp:localhost:{number}\n"
                   + health(tmp_path, f"http://localhost:{number}/x"))
    p.wait_for(rf"a\.service: unhealthy: http://localhost:{number}/x: status 503 \(2 in a row\)$")
    assert stop(p) == 0


ENDS = {
    # settings, the container's code, what is said
    "fail": ("HealthAction=fail\nRestart=no\n", 143, "a.service: was unhealthy; given up on: Restart=no"),
    "fail by its own code": ("HealthAction=fail\nRestart=no\nFailureActionExitStatus=9\n", 9, "was unhealthy; given up on"),
    "stop": ("HealthAction=stop\nRestart=always\n", 0, "a.service: stopped"),
}


@pytest.mark.parametrize("settings, code, said", ENDS.values(), ids=ENDS)
def test_actions_that_end_it(tend, tmp_path, settings, code, said):
    p = tend.serve("[a]\nExecStart=sleep inf\n" + settings + health(tmp_path, "file:{dir}/none"))
    assert p.wait() == code
    assert said in p.err


def test_fail_leaves_it_to_restart(tend, tmp_path):
    p = tend.serve("[a]\nExecStart=sleep inf\nExecStopPost=sh -c 'echo result $$SERVICE_RESULT'\nRestartSec=10ms\nHealthAction=fail\n"
                   + health(tmp_path, "file:{dir}/none"))
    p.wait_for("^result health$")
    p.wait_for(r"a\.service: was unhealthy; starts again")
    assert stop(p) == 0


def test_not_stopped_where_it_could_not_come_back(tend, tmp_path):
    """The start limit: an unhealthy service is better than none."""
    p = tend.serve("[a]\nExecStart=sleep inf\nHealthAction=restart\nRestartSec=10ms\nStartLimitBurst=2\nStartLimitIntervalSec=1h\n"
                   + health(tmp_path, "file:{dir}/none"))
    p.wait_for(r"a\.service: was unhealthy; starts again")
    p.wait_for(r"a\.service: is not restarted for its health: it was started too often; it is left running$")
    time.sleep(0.4)
    assert p.err.count("left running") == 1 and p.err.count("starts again") == 1
    until(lambda: [p.comm(pid) for pid in p.children() if pid not in probes(p)].count("sleep") == 1)
    assert stop(p) == 0


def test_nobody_asks_while_it_is_down(tend, tmp_path):
    """Not between two lives of it, nor behind the last."""
    p = tend.serve("[a]\nExecStart=sleep inf\nRestartSec=1h\n" + health(tmp_path, f"exec:sh -c 'echo x >>{tmp_path}/asked'"))
    until((tmp_path / "asked").exists)
    os.kill(until(lambda: [pid for pid in p.children() if p.comm(pid) == "sleep"])[0], signal.SIGKILL)
    p.wait_for("a.service: was killed by SIGKILL; starts again")
    until(lambda: not probes(p))
    asked = (tmp_path / "asked").stat().st_size
    time.sleep(0.5)
    assert (tmp_path / "asked").stat().st_size == asked and not probes(p)
    assert stop(p) == 0


@pytest.mark.parametrize("action", ["restart", "fail", "stop"])
def test_nothing_is_done_while_the_container_stops(tend, script, tmp_path, action):
    """It goes in its turn, behind the one that needs it, however it fares."""
    (tmp_path / "ok").touch()
    b = script("b", f"signal.signal(signal.SIGTERM, lambda *_: say('b is asked'))\nsay('b is up')\n"
                    f"while not os.path.exists('{tmp_path}/go'):\n    time.sleep(0.01)\n")
    p = tend.serve(f"[a]\nExecStart=sleep inf\nHealthAction={action}\n" + health(tmp_path, "file:{dir}/ok")
                   + f"[b]\nAfter=a\nExecStart={b}\n")
    p.wait_for("a.service: healthy$")
    p.wait_for("^b is up$")
    p.kill(signal.SIGTERM)
    p.wait_for("^b is asked$")
    (tmp_path / "ok").unlink()
    p.wait_for("a.service: unhealthy: ")
    (tmp_path / "go").touch()
    assert p.wait() == 0, p.err
    assert p.err.index("b.service: stopped") < p.err.index("a.service: stopped")


def test_what_a_probe_says_is_printable(tend, tmp_path):
    p = tend.serve("[a]\nExecStart=sleep inf\n" + health(tmp_path, f"file:{tmp_path}/\x1b[31mred"))
    p.wait_for(r"a\.service: unhealthy: file:.*/\?\[31mred: No such file or directory \(2 in a row\)$")
    assert stop(p) == 0


def test_start_period(tend, tmp_path):
    p = tend.serve("[a]\nExecStart=sleep inf\n" + health(tmp_path, "file:{dir}/ok", HealthStartPeriodSec="1h"), "--log-level", "debug")
    p.wait_for("a probe of its health failed", after=5)
    assert "unhealthy" not in p.err
    (tmp_path / "ok").touch()
    p.wait_for(r"a\.service: healthy$")
    (tmp_path / "ok").unlink()
    p.wait_for(r"a\.service: unhealthy: ")
    assert stop(p) == 0


@pytest.fixture
def public():
    """A directory for everybody, as those of pytest are not."""
    with tempfile.TemporaryDirectory(prefix="tend-probe-") as path:
        os.chmod(path, 0o777)
        yield path


def test_exec_as_the_service(tend, public):
    """Its user, its directory, its environment and the container's; and what it prints is not the container's output."""
    if os.getuid() != 0:
        pytest.skip("needs root to change the user")
    check = f"exec:sh -c 'echo printed; echo $$(id -u) $$PWD $$MINE $$THEIRS $${{MAINPID:+main}} >{public}/seen.new; mv {public}/seen.new {public}/seen'"
    p = tend.serve(f"[a]\nExecStart=sleep inf\nUser=65534\nWorkingDirectory=/usr\nEnvironment=MINE=m\n" + health(public, check),
                   add_env={"THEIRS": "t"})
    assert until(lambda: open(f"{public}/seen").read()) == "65534 /usr m t main\n"
    p.wait_for(r"a\.service: healthy$")
    assert "printed" not in p.out
    assert stop(p) == 0


def test_probes_belong_to_nobody(tend, tmp_path):
    """A probe in the middle of its work neither holds up the end of a service nor is told as left behind."""
    check = f"exec:sh -c 'touch {tmp_path}/asked; sleep 600 & wait'"
    p = tend.serve("[a]\nExecStart=sleep inf\nKillMode=mixed\nRestartSec=10ms\n"
                   + health(tmp_path, check).replace("5s", "600s"), "--log-level", "debug")
    until((tmp_path / "asked").exists)
    probe = until(lambda: probes(p))[0]
    below = until(lambda: len(found := p.descendants_of(probe)) == 2 and found)
    os.kill([pid for pid in p.children() if p.comm(pid) == "sleep"][0], signal.SIGKILL)
    p.wait_for(r"a\.service: was killed by SIGKILL; starts again")
    until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in [probe, *below]))
    assert "killed what" not in p.err
    assert stop(p) == 0


def test_what_a_probe_leaves_is_nobodys(tend, tmp_path):
    """It does not end with the service, which has never made it."""
    left = f"{tmp_path}/left"  # it is made in the session of its own, for which the probe waits
    check = f"exec:sh -c 'test -e {left} || {{ setsid sh -c \"touch {left}; exec sleep 1234\" & until test -e {left}; do :; done; }}'"
    p = tend.serve("[a]\nExecStart=sleep inf\nRestartSec=10ms\n" + health(tmp_path, check))
    p.wait_for("a.service: healthy$")
    left = until(lambda: [pid for pid in p.children() if p.proc("cmdline", pid).startswith("sleep\x001234")])[0]
    os.kill([pid for pid in p.children() if p.comm(pid) == "sleep" and pid != left][0], signal.SIGKILL)
    p.wait_for("a.service: started", after=1)
    assert left in p.children()
    stop(p)


def test_probe_that_is_stopped(tend, tmp_path):
    """Whatever becomes of a probe: its time over, it is killed, and the next one asks."""
    (tmp_path / "ok").touch()
    text = "[a]\nExecStart=sleep inf\n" + health(tmp_path, f"exec:sh -c 'test ! -e {tmp_path}/slow || sleep 600'").replace("5s", "1s")
    p = tend.serve(text, "--log-level", "debug")
    p.wait_for(r"a\.service: healthy$")
    (tmp_path / "slow").touch()
    pid = until(lambda: [pid for pid in probes(p) if len(p.descendants_of(pid)) == 2])[0]
    os.kill(pid, signal.SIGSTOP)
    (tmp_path / "slow").unlink()
    p.wait_for(r"a probe of its health failed: exec:.*: no answer within 1s$")
    until(lambda: not os.path.exists(f"/proc/{pid}"))
    until(lambda: [other for other in probes(p) if other != pid])
    assert "unhealthy" not in p.err
    assert stop(p) == 0


def test_probe_that_heeds_nothing(tend, tmp_path):
    """One that does not even hear SIGTERM is killed; the next one asks only then."""
    (tmp_path / "ok").touch()
    text = "[a]\nExecStart=sleep inf\n" + health(tmp_path, f"exec:sh -c 'test ! -e {tmp_path}/slow || sleep 600'").replace("5s", "1s")
    p = tend.serve(text, "--log-level", "debug")
    p.wait_for(r"a\.service: healthy$")
    (tmp_path / "slow").touch()
    pid = until(lambda: [pid for pid in probes(p) if len(p.descendants_of(pid)) == 2])[0]
    with subprocess.Popen([*PYTHON, TRACER, str(pid)], stdout=PIPE, text=True) as tracer:
        try:
            if tracer.stdout.readline() != "stopped\n":
                pytest.skip("a process cannot be traced here")
            (tmp_path / "slow").unlink()
            p.wait_for(r"a probe of its health failed: exec:.*: no answer within 1s$")
            until(lambda: tracer.poll() is not None)
            assert tracer.stdout.read() == f"{-signal.SIGKILL}\n"
        finally:
            tracer.kill()
    until(lambda: [other for other in probes(p) if other != pid])
    assert stop(p) == 0


def test_reload_keeps_the_checks(tend, tmp_path):
    (tmp_path / "ok").touch()
    p = tend.serve("[a]\nExecStart=sleep inf\n" + health(tmp_path, "file:{dir}/ok"))
    p.wait_for(r"a\.service: healthy$")
    p.kill(signal.SIGHUP)
    p.wait_for("reloading: 1 services")
    (tmp_path / "ok").unlink()
    p.wait_for(r"a\.service: unhealthy: ")
    path = tmp_path / "tend.ini"
    path.write_text("[a]\nExecStart=sleep inf\n")
    p.kill(signal.SIGHUP)
    p.wait_for(r"a\.service: started, pid \d+$", after=1)
    until(lambda: not probes(p))
    assert stop(p) == 0


def test_in_a_unit_file(tend, tmp_path):
    (tmp_path / "a.service").write_text(f"[Service]\nExecStart=sleep inf\nReadyWhen=file:{tmp_path}/a.service\nHealthCheck=file:/\nHealthInterval=50ms\n")
    p = tend("run", "--unit", str(tmp_path / "a.service"))
    p.wait_for(r"a\.service: ready, pid")
    p.wait_for(r"a\.service: healthy$")
    assert "warning" not in p.err and "ignored" not in p.err
    assert stop(p) == 0


def test_no_wake_up_between_probes(tend, tmp_path):
    (tmp_path / "ok").touch()
    p = tend.serve("[a]\nExecStart=sleep inf\nHealthCheck=file:/\nHealthIntervalSec=1h\n[b]\nExecStart=sleep inf\nReadyWhen=file:/\n")
    p.wait_for("ready: 2 of 2")
    until(lambda: len(p.children()) == 2)  # reaped, not just ended
    before = p.switches_asleep()
    time.sleep(1)
    assert p.status("voluntary_ctxt_switches") == before
    assert stop(p) == 0
