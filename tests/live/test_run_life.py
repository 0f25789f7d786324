"""The life of services under `tend run`: who starts when, who comes back, and what is said about it."""
import re
import signal

import pytest
from conftest import ini, until

# Brings the others down with it, so that a test ends when its service has done what it is there for.
LAST = "FailureAction=exit\nSuccessAction=exit\n"


def lines(text):
    return text.split("\n")[:-1]


# ---- order and readiness -----------------------------------------------------------------------------------

ORDERS = {
    "after": ("[c]\nAfter=b\n{c}[b]\nAfter=a\n{b}[a]\n{a}", "abc"),
    "before": ("[c]\n{c}[b]\nBefore=c\n{b}[a]\nBefore=b\n{a}", "abc"),
    "both": ("[c]\n{c}[a]\nBefore=b\n{a}[b]\nBefore=c\n{b}", "abc"),
    "many at once": ("[c]\nAfter=a b\n{c}[b]\nAfter=a\n{b}[a]\n{a}", "abc"),
    "full names": ("[c.service]\nAfter=b.service\n{c}[b]\nAfter=a.service\n{b}[a.service]\n{a}", "abc"),
}


@pytest.mark.parametrize("text, order", ORDERS.values(), ids=ORDERS)
def test_order(tend, text, order):
    p = tend.serve(text.format(**{name: f"Type=oneshot\nExecStart=echo {name}\n" for name in order}))
    assert p.wait() == 0
    assert "".join(lines(p.out)) == order


READY = "import os, socket\n" \
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n" \
        "s.connect(os.environ['NOTIFY_SOCKET'].replace('@', '\\0'))\n"

# What has happened before the service counts as started, and so before the other one starts. The first word comes when it has begun, and
# then it waits for the test.
READINESS = {
    "notify": "Type=notify\nExecStart=python3 -IS ready.py\n",
    "oneshot": "Type=oneshot\nExecStart=echo begun\nExecStart=sh -c 'read go < gate; echo started'\n",
    "start-pre": "ExecStartPre=echo begun\nExecStartPre=sh -c 'read go < gate; echo started'\nExecStart=sleep inf\n",
    "start-post": "ExecStart=sleep inf\nExecStartPost=echo begun\nExecStartPost=sh -c 'read go < gate; echo started'\n",
}


@pytest.mark.parametrize("service", READINESS.values(), ids=READINESS)
def test_waits_for_readiness(tend, tmp_path, mkfifo, service):
    gate = mkfifo("gate")
    (tmp_path / "ready.py").write_text(READY + "print('begun', flush=True)\nopen('gate').readline()\n"
                                       "print('started', flush=True)\ns.send(b'READY=1')\nimport time; time.sleep(1000)")
    p = tend.serve(f"[db]\nWorkingDirectory={tmp_path}\n{service}"
                   f"[web]\nAfter=db\nExecStart=sh -c 'echo web; exec sleep inf'\n{LAST}"
                   "[other]\nExecStart=sh -c 'echo other; exec sleep inf'\n")
    p.wait_for("^begun$")
    p.wait_for("^other$")  # comes behind web in the file: had web not waited, it would have been made before
    assert "web.service" not in p.err
    gate.release()
    p.wait_for("^web$")
    assert lines(p.out).index("started") < lines(p.out).index("web")
    p.kill(signal.SIGTERM)
    assert p.wait() == 0


class Gate:
    """A FIFO that services wait at."""

    def __init__(self, path):
        self.path = path

    def release(self):
        with open(self.path, "w") as file:
            file.write("go\n")


@pytest.fixture
def mkfifo(tmp_path):
    import os

    def make(name):
        os.mkfifo(tmp_path / name)
        return Gate(tmp_path / name)
    return make


def test_independent_services_start_together(tend, tmp_path, mkfifo):
    """Each waits for the one behind it: one after another they would never be done."""
    mkfifo("ab"), mkfifo("bc")
    p = tend.serve(f"[a]\nType=oneshot\nWorkingDirectory={tmp_path}\nExecStart=sh -c 'read x < ab; echo a'\n"
                   f"[b]\nType=oneshot\nWorkingDirectory={tmp_path}\nExecStart=sh -c 'read x < bc; echo b; echo > ab'\n"
                   f"[c]\nType=oneshot\nWorkingDirectory={tmp_path}\nExecStart=sh -c 'echo > bc'\n")
    assert p.wait() == 0
    assert lines(p.out) == ["b", "a"]


def test_commands_of_a_service_in_order(tend):
    kinds = ["ExecStartPre", "ExecStart", "ExecStartPost", "ExecStop", "ExecStopPost"]
    p = tend.serve("[a]\nType=oneshot\nRemainAfterExit=yes\n" +
                   "".join(f"{kind}=echo {kind} {n}\n" for kind in reversed(kinds) for n in (1, 2)) +
                   "[b]\nAfter=a\nExecStart=echo b\n" + LAST)
    assert p.wait() == 0
    assert lines(p.out) == [f"{kind} {n}" for kind in kinds[:3] for n in (1, 2)] + ["b"] + \
        [f"{kind} {n}" for kind in kinds[3:] for n in (1, 2)]


PRE_FAILS = {
    "start-pre": ("ExecStartPre=false\nExecStartPre=echo not\nExecStart=echo not\n", ["post"], 1),
    "start-pre ignored": ("ExecStartPre=-false\nExecStartPre=echo pre\nExecStart=echo main\n", ["pre", "main", "post"], 0),
    "oneshot's first": ("Type=oneshot\nExecStart=false\nExecStart=echo not\n", ["post"], 1),
    "oneshot's first, ignored": ("Type=oneshot\nExecStart=-false\nExecStart=echo second\n", ["second", "post"], 0),
}


@pytest.mark.parametrize("text, said, failed", PRE_FAILS.values(), ids=PRE_FAILS)
def test_a_command_that_fails_ends_the_start(tend, text, said, failed):
    p = tend.serve(f"[a]\nRestart=no\nExecStopPost=echo post\n{text}")
    assert (p.wait() != 0) == failed
    assert lines(p.out) == said


# ---- requirements ------------------------------------------------------------------------------------------

NEEDS = {
    "Requires": (["not started: it requires db.service, which has failed"], "", 70),
    "Wants": ([], "web\n", 1),
    "After": ([], "web\n", 1),
}


@pytest.mark.parametrize("needs", NEEDS)
def test_requirement_that_fails(tend, needs):
    said, out, code = NEEDS[needs]
    after = "" if needs == "After" else "After=db\n"
    p = tend.serve(f"[db]\nType=oneshot\nRestart=no\nFailureAction=none\nExecStart=false\n"
                   f"[web]\n{after}{needs}=db\nExecStart=echo web\n")
    assert p.wait() == code
    assert p.out == out
    for words in said:
        assert f"web.service: {words}" in p.err


# ---- restarts ----------------------------------------------------------------------------------------------

# systemd.service(5): "Exit causes and the effect of the Restart= settings"; "exit" is an unclean code.
CAUSES = {
    "clean": ("exit 0", "always on-success"),
    "term": ("kill $$$$", "always on-success"),
    "exit": ("exit 3", "always on-failure"),
    "kill": ("kill -9 $$$$", "always on-failure on-abnormal on-abort"),
    "abort": ("kill -ABRT $$$$", "always on-failure on-abnormal on-abort"),
    "time": ("sleep inf", "always on-failure on-abnormal"),
}
RESTARTS = "no on-success on-failure on-abnormal on-watchdog on-abort always".split()


def test_restart_table(tend, tmp_path):
    """All of it at once: a service for each pair. Each ends in its way the first time, and stays the second time."""
    text = ""
    for cause, (how, _) in CAUSES.items():
        for restart in RESTARTS:
            text += (f"[{cause}-{restart}]\nWorkingDirectory={tmp_path}\nRestart={restart}\nRestartSec=0\nFailureAction=none\n"
                     "LimitCORE=0\n" + ("RuntimeMaxSec=300ms\n" if cause == "time" else "") +
                     f"ExecStart=sh -c 'if mkdir %p; then {how}; fi 2>&-; exec sleep inf'\n")
    # The second run is to stay: a restart with a limit would end it again.
    p = tend.serve(text.replace("RuntimeMaxSec=300ms\n", "RuntimeMaxSec=300ms\nStartLimitBurst=2\n"))
    for cause, (_, restarts) in CAUSES.items():
        for restart in RESTARTS:
            m = p.wait_for(rf"{cause}-{restart}\.service: (?!started)(.*)$")
            came_back = "starts again" in m[1]
            assert came_back == (restart in restarts.split()), f"Restart={restart} after {cause}: {m[1]}"
    p.kill(signal.SIGTERM)
    assert p.wait() == 0


REASONS = {
    "code": ("ExecStart=sh -c 'exit 3'", r"exited with code 3; starts again in 8s \(it failed, restart 1\)"),
    "signal": ("ExecStart=sh -c 'kill -9 $$$$'", r"was killed by SIGKILL; starts again in 8s \(it was killed, restart 1\)"),
    "crash": ("LimitCORE=0\nExecStart=sh -c 'kill -SEGV $$$$'", r"was killed by SIGSEGV.*; starts again in 8s \((it was killed|it crashed), "),
    "runtime": ("RuntimeMaxSec=50ms\nExecStart=sleep inf", r"ran out of time; starts again in 8s \(it ran out of time, "),
    "start": ("Type=notify\nTimeoutStartSec=50ms\nExecStart=sleep inf", r"ran out of time; starts again in 8s"),
    "protocol": ("Type=notify\nExecStart=true", r"ended without READY=1; starts again in 8s \(it ended before it was ready, "),
    "clean": ("Restart=always\nExecStart=true", r"exited with code 0; starts again in 8s \(it ended cleanly, restart 1\)"),
    "forced": ("RestartForceExitStatus=4\nRestart=no\nExecStart=sh -c 'exit 4'", r"exited with code 4; starts again in 8s \(RestartForceExitStatus= names this end, "),
    "missing": ("ExecStart=/nowhere", r"exited with code 203; starts again"),
    "pre": ("ExecStartPre=sh -c 'exit 9'\nExecStart=true", r"exited with code 9; starts again"),
}


@pytest.mark.parametrize("text, said", REASONS.values(), ids=REASONS)
def test_restart_says_why(tend, text, said):
    p = tend.serve(f"[a]\nRestartSec=8s\n{text}\n")
    p.wait_for("^tend: a.service: " + said)
    p.kill(signal.SIGTERM)
    assert p.wait() == 0


GIVEN_UP = {
    "limit": ("RestartSec=0\nStartLimitBurst=3\nExecStart=sh -c 'exit 3'", 3, r"exited with code 3; given up on: 3 starts within"),
    "no": ("Restart=no\nExecStart=sh -c 'exit 3'", 1, r"exited with code 3; given up on: Restart=no"),
    "other cause": ("Restart=on-abnormal\nExecStart=sh -c 'exit 3'", 1, r"exited with code 3; given up on: Restart=on-abnormal"),
    "prevented": ("RestartPreventExitStatus=3\nExecStart=sh -c 'exit 3'", 1, r"exited with code 3; given up on: "),
}


@pytest.mark.parametrize("text, starts, said", GIVEN_UP.values(), ids=GIVEN_UP)
def test_given_up_on(tend, text, starts, said):
    p = tend.serve(f"[a]\n{text}\n")
    assert p.wait() == 3
    assert re.search("^tend: a.service: " + said, p.err, re.M)
    assert p.err.count("a.service: started") == starts
    assert p.err.count("exited with code 3; starts again (it failed, restart ") == starts - 1


def test_delay_grows_to_its_limit(tend):
    p = tend.serve("[a]\nRestartSec=5ms\nRestartSteps=2\nRestartMaxDelaySec=20ms\nStartLimitBurst=6\nExecStart=false\n")
    assert p.wait() == 1
    assert re.findall(r"again in (\d+ms)", p.err) == ["5ms", "10ms", "20ms", "20ms", "20ms"]
    assert re.findall(r"restart (\d+)\)", p.err) == list("12345")


def test_no_limit(tend):
    p = tend.serve("[a]\nRestartSec=0\nStartLimitIntervalSec=0\nExecStart=false\n")
    p.wait_for(r"restart 50\)")
    p.kill(signal.SIGTERM)
    p.wait()


def test_clean_by_success_exit_status(tend):
    p = tend.serve("[a]\nSuccessExitStatus=3 SIGUSR1\nExecStart=sh -c 'exit 3'\n[b]\nSuccessExitStatus=3 SIGUSR1\n"
                   "ExecStart=sh -c 'kill -USR1 $$$$'\n")
    assert p.wait() == 0
    assert "again" not in p.err and "given up" not in p.err


def test_a_restart_does_not_disturb_others(tend):
    p = tend.serve("[crashes]\nRestartSec=10ms\nExecStart=sh -c 'exit 1'\nStartLimitIntervalSec=0\n"
                   "[stays]\nRequires=crashes\nAfter=crashes\nExecStart=sleep inf\n")
    stays = p.wait_for(r"stays.service: started, pid (\d+)")[1]
    p.wait_for(r"restart 3\)")
    assert any(p.inside(pid) == int(stays) for pid in p.children())
    p.kill(signal.SIGTERM)
    p.wait()
    assert p.err.count("stays.service: started") == 1


def test_remain_after_exit_keeps_the_container(tend):
    p = tend.serve("[a]\nType=oneshot\nRemainAfterExit=yes\nExecStart=echo once\n")
    p.wait_for("ready: 1 of 1 services are up")
    assert not p.ended and p.children() == []
    p.kill(signal.SIGTERM)
    assert p.wait() == 0


def test_instances(tend):
    p = tend.serve("[worker@]\nInstances=${WORKERS:-2}\nType=oneshot\nExecStart=echo %p %i %n\n"
                   "[worker@2]\nExecStart=\nExecStart=echo changed %i\n", add_env={"WORKERS": "3"})
    assert p.wait() == 0
    assert sorted(lines(p.out)) == ["changed 2", "worker 1 worker@1.service", "worker 3 worker@3.service"]


def test_drop_ins_in_order(tend, tmp_path):
    folder = tmp_path / "tend.ini.d"
    folder.mkdir()
    ini(folder, "[a]\nEnvironment=X=2\n", "2.ini")
    ini(folder, "[a]\nEnvironment=X=1 Y=1\n[b]\nType=oneshot\nExecStart=echo b\n", "1.ini")
    ini(folder, "[a]\nnonsense", "3.txt")
    p = tend.serve("[a]\nType=oneshot\nBefore=b\nEnvironment=X=0\nExecStart=echo ${X}${Y}\n")
    assert p.wait() == 0
    assert lines(p.out) == ["21", "b"]


# ---- what a PID 1 owes, with services running --------------------------------------------------------------

def test_orphans_are_reaped_meanwhile(tend):
    """A service makes orphans of its own that end at once: nobody is left as a zombie, and nobody else is disturbed."""
    p = tend.serve("[a]\nExecStart=sh -c 'for i in 1 2 3 4 5 6 7 8 9; do (true & true &); done; echo made; exec sleep inf'\n"
                   "[b]\nExecStart=sleep inf\n")
    p.wait_for("^made$")
    until(lambda: [p.comm(pid) for pid in p.children()] == ["sleep"] * 2)
    p.kill(signal.SIGTERM)
    assert p.wait() == 0


def test_thousand_services(tend):
    p = tend.serve("[a@]\nInstances=1000\nExecStart=sleep inf\n", "--log-level", "warning")
    until(lambda: [p.comm(pid) for pid in p.children()].count("sleep") == 1000)
    p.kill(signal.SIGTERM)
    assert p.wait() == 0
    assert p.err == ""
