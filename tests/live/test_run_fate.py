"""Every way in which a container of `tend run` ends, and its exit code."""
import os
import re
import signal

import pytest
from conftest import ini

STAY = "[stay]\nExecStart=sleep inf\n"
EXITS_3 = "[a]\nRestart=no\nExecStart=sh -c 'exit 3'\n"
KILLED = "[a]\nRestart=no\nLimitCORE=0\nExecStart=sh -c 'kill -{} $$$$'\n"

# By itself. What is in STAY has to be stopped for it.
BY_ITSELF = {
    # the foreground command
    "command, 0": (STAY, ["--", "true"], 0),
    "command, code": (STAY, ["--", "sh", "-c", "exit 7"], 7),
    "command, clean signal": (STAY, ["--", "sh", "-c", "kill -TERM $$"], 143),
    "command, signal": (STAY, ["--", "sh", "-c", "kill -9 $$"], 137),
    "command, missing": (STAY, ["--", "/nowhere/at-all"], 127),
    "command, not in PATH": (STAY, ["--", "no-such-program"], 127),
    "command, no program": (STAY, ["--", "/etc/passwd"], 126),
    "command alone": ("", ["--", "sh", "-c", "exit 4"], 4),
    "command, 0, though another fails while it stops":
        ("[bad]\nExecStart=sh -c 'trap \"exit 9\" TERM; echo up; sleep inf & wait'\n"
         "[ready]\nType=oneshot\nRemainAfterExit=yes\nExecStart=sleep 0.2\n", ["--", "true"], 0),
    "command, though another has failed before": (EXITS_3 + "FailureAction=none\n", ["--", "sh", "-c", "exit 5"], 5),
    # a service that is given up on
    "service, code": (STAY + EXITS_3, [], 3),
    "service, signal": (STAY + KILLED.format("KILL"), [], 137),
    "service, crash": (STAY + KILLED.format("SEGV"), [], 139),
    "service, after its restarts": (STAY + "[a]\nRestartSec=0\nStartLimitBurst=3\nExecStart=sh -c 'exit 3'\n", [], 3),
    "service, code of its own for it": (STAY + EXITS_3 + "FailureActionExitStatus=42\n", [], 42),
    "service, 0 for it": (STAY + EXITS_3 + "FailureActionExitStatus=0\n", [], 0),
    "service, at once": (STAY + EXITS_3 + "FailureAction=exit-force\n", [], 3),
    "service beside a command": (STAY + EXITS_3, ["--", "sleep", "inf"], 3),
    "unclean end that is a success": (EXITS_3 + "SuccessExitStatus=3\n", [], 0),
    "two services, the first": ("[a]\nRestart=no\nBefore=b\nType=oneshot\nExecStart=sh -c 'exit 3'\n"
                                "[b]\nRestart=no\nExecStart=sh -c 'exit 4'\n", [], 3),
    "start-pre, code": (STAY + "[a]\nRestart=no\nExecStartPre=sh -c 'exit 9'\nExecStart=true\n", [], 9),
    "start-pre, missing": (STAY + "[a]\nRestart=no\nExecStartPre=/no/such\nExecStart=true\n", [], 203),
    "start-post, code": (STAY + "[a]\nRestart=no\nExecStart=sleep inf\nExecStartPost=sh -c 'exit 9'\n", [], 9),
    "stop-post, after the service's code": (STAY + EXITS_3 + "ExecStopPost=sh -c 'exit 9'\n", [], 3),
    # a service that is done
    "success": (STAY + "[a]\nSuccessAction=exit\nExecStart=true\n", [], 0),
    "success, its code": (STAY + EXITS_3 + "SuccessExitStatus=3\nSuccessAction=exit\n", [], 3),
    "success, code of its own for it": (STAY + "[a]\nSuccessAction=exit\nSuccessActionExitStatus=9\nExecStart=true\n", [], 9),
    "success, at once": (STAY + "[a]\nSuccessAction=exit-force\nExecStart=true\n", [], 0),
    "success, without its actions": ("[a]\nExecStart=true\n", [], 0),
    # what has no code of its own
    "no READY=1": (STAY + "[a]\nRestart=no\nType=notify\nExecStart=true\n", [], 70),
    "too late, and a clean exit": (STAY + "[a]\nRestart=no\nType=notify\nTimeoutStartSec=300ms\n"
                                   "ExecStart=sh -c 'trap \"exit 0\" TERM; sleep inf & wait'\n", [], 70),
    "too late, and a code": (STAY + "[a]\nRestart=no\nType=notify\nTimeoutStartSec=300ms\n"
                             "ExecStart=sh -c 'trap \"exit 6\" TERM; sleep inf & wait'\n", [], 6),
    "too late, and killed": (STAY + "[a]\nRestart=no\nType=notify\nTimeoutStartSec=50ms\nTimeoutStopSec=50ms\nKillSignal=SIGCONT\n"
                             "ExecStart=sleep inf\n", [], 137),
    "what it requires has failed": (STAY + EXITS_3.replace("[a]", "[a]\nType=oneshot\nFailureAction=none") +
                                    "[b]\nRequires=a\nAfter=a\nExecStart=sleep inf\n", [], 70),
    # the last service has finished
    "all finished": ("[a]\nExecStart=true\n[b]\nType=oneshot\nExecStart=true\n", [], 0),
    "one failed, the others went on": (EXITS_3 + "FailureAction=none\n[b]\nAfter=a\nType=oneshot\nExecStart=sleep 0.1\n", [], 3),
    "several failed, the first of the file": ("[z]\nRestart=no\nFailureAction=none\nExecStart=sh -c 'exit 8'\n" + EXITS_3 +
                                              "FailureAction=none\n", [], 8),
    "one failed before its program": ("[a]\nRestart=no\nFailureAction=none\nExecStartPre=sh -c 'exit 9'\nExecStart=true\n", [], 9),
    "an ignored failure": ("[a]\nExecStart=-sh -c 'exit 3'\n", [], 0),
}


@pytest.mark.parametrize("text, words, code", BY_ITSELF.values(), ids=BY_ITSELF)
def test_by_itself(tend, text, words, code):
    p = tend.serve(text, *words)
    assert p.wait() == code, p.err
    assert f"tend: ending with code {code}\n" in p.err


# A step of the child that fails: systemd.exec(5), "Process exit codes". The words are what the container says.
STEPS = {
    "program": ("ExecStart=/no/such/program", 203, "executing its command: /no/such/program: No such file or directory"),
    "program in PATH": ("ExecStart=no-such-program", 203, "executing its command: no-such-program: No such file or directory"),
    "no program": ("ExecStart=/etc/passwd", 203, "executing its command: /etc/passwd: Permission denied"),
    "a directory": ("ExecStart=/etc", 203, "executing its command: /etc: Permission denied"),
    "working directory": ("WorkingDirectory=/no/such\nExecStart=true", 200, "changing directory: /no/such: No such file or directory"),
    "no directory": ("WorkingDirectory=/etc/passwd\nExecStart=true", 200, "changing directory: /etc/passwd: Not a directory"),
    "user": ("User=nosuchuser\nExecStart=true", 217, "finding its user: nosuchuser: it is not in /etc/passwd or /etc/group"),
    "group": ("Group=nosuchgroup\nExecStart=true", 216, "finding its group: nosuchgroup: it is not in /etc/passwd or /etc/group"),
    "environment file": ("EnvironmentFile=/no/such.env\nExecStart=true", 78,
                         "reading its environment: /no/such.env: No such file or directory"),
    "environment files, none of a pattern": ("EnvironmentFile=/no/such*.env\nExecStart=true", 78,
                                             "reading its environment: /no/such*.env: "),
    "environment file, a directory": ("EnvironmentFile=/etc\nExecStart=true", 78, "reading its environment: /etc: "),
    "standard input": ("StandardInput=file:/no/such\nExecStart=true", 208,
                       "opening its standard input: /no/such: No such file or directory"),
    "standard output": ("StandardOutput=file:/no/such\nExecStart=true", 209,
                        "opening its standard output: /no/such: No such file or directory"),
    "standard error": ("StandardError=append:/no/such\nExecStart=true", 222,
                       "opening its standard error: /no/such: No such file or directory"),
}


@pytest.mark.parametrize("text, code, words", STEPS.values(), ids=STEPS)
def test_step_that_fails(tend, text, code, words):
    p = tend.serve(f"{STAY}[web]\nRestart=no\n{text}\n")
    assert p.wait() == code
    assert f"tend: web.service: {words}" in p.err


def test_missing_program_follows_restart(tend):
    p = tend.serve("[web]\nRestartSec=0\nStartLimitBurst=3\nExecStart=/no/such\n")
    assert p.wait() == 203
    assert p.err.count("exited with code 203; starts again") == 2


# ---- a stop that was asked for -----------------------------------------------------------------------------

TRAP = "ExecStart=sh -c 'trap \"{}\" TERM; sleep inf & echo up; wait; wait'\n"

STOPPED = {
    "sleep": ("ExecStart=sh -c 'echo up; exec sleep inf'\n", 0),
    "exit 0": (TRAP.format("exit 0"), 0),
    "as shells and Java end": (TRAP.format("exit 143"), 0),
    "its own kill signal": ("KillSignal=SIGUSR1\nExecStart=sh -c 'echo up; exec sleep inf'\n", 0),
    "128+KillSignal": ("KillSignal=SIGUSR1\n" + TRAP.replace("TERM", "USR1").format("exit 138"), 0),
    "a code": (TRAP.format("exit 5"), 5),
    "a code that is a success": ("SuccessExitStatus=5\n" + TRAP.format("exit 5"), 0),
    "another signal": (TRAP.format("kill -9 $$$$"), 137),
    "has to be killed": ("TimeoutStopSec=100ms\n" + TRAP.format(""), 137),
    "stop command fails": ("ExecStop=sh -c 'exit 4'\nExecStart=sh -c 'echo up; exec sleep inf'\n", 4),
}


@pytest.mark.parametrize("service, code", STOPPED.values(), ids=STOPPED)
def test_stopped(tend, service, code):
    p = tend.serve("[a]\n" + service)
    p.wait_for("^up$")
    p.kill(signal.SIGTERM)
    assert p.wait() == code


def test_stopped_on_its_way_to_a_restart(tend, tmp_path):
    """It has crashed and what it left is being ended when the stop comes: it would have been back, so it has not failed."""
    os.mkfifo(tmp_path / "up")
    (tmp_path / "left").write_text(f"trap 'echo heard; sleep 0.3; exit 0' TERM\necho up > {tmp_path}/up\n"
                                   "while :; do sleep 0.01; done\n")
    p = tend.serve(f"[a]\nRestartSec=0\nExecStart=sh -c 'sh {tmp_path}/left & read up < {tmp_path}/up; exit 3'\n")
    p.wait_for("^heard$")
    p.kill(signal.SIGTERM)
    assert p.wait() == 0


def test_left_behind_and_killed(tend):
    p = tend.serve("[a]\nTimeoutStopSec=100ms\nExecStart=sh -c 'trap \"exit 0\" TERM; "
                   "sh -c \"trap : TERM; echo up; while :; do sleep 0.01; done\" & while :; do sleep 0.01; done'\n")
    p.wait_for("^up$")
    p.kill(signal.SIGTERM)
    assert p.wait() == 137


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGRTMIN + 3], ids=["TERM", "INT", "RTMIN+3"])
@pytest.mark.parametrize("words", [[], ["--", "sleep", "inf"]], ids=["services", "command"])
def test_stop_signals(tend, number, words):
    p = tend.serve(STAY, *words)
    p.wait_for("^tend: ready: ")
    p.kill(number)
    assert p.wait() == 0
    assert re.search(r"^tend: stopping: SIG(TERM|INT|RTMIN\+3), within 9s$", p.err, re.M)


def test_first_of_those_that_fail_while_stopping(tend):
    p = tend.serve(f"[b]\nAfter=a\n{TRAP.format('exit 5')}[a]\n{TRAP.format('exit 6')}")
    p.wait_for("^up$", after=1)
    p.kill(signal.SIGTERM)
    assert p.wait() == 5


def test_code_is_that_of_the_service_though_others_fail_while_stopping(tend):
    p = tend.serve("[b]\nType=oneshot\nRemainAfterExit=yes\nExecStart=true\nExecStop=sh -c 'exit 8'\n[a]\nAfter=b\n"
                   "Restart=no\nExecStart=sh -c 'exit 3'\n")
    assert p.wait() == 3


def test_waiting_for_a_restart_is_no_failure_of_the_stop(tend):
    p = tend.serve(STAY + "[a]\nRestartSec=8s\nExecStart=sh -c 'exit 3'\n")
    p.wait_for("starts again in 8s")
    p.kill(signal.SIGTERM)
    assert p.wait() == 0


# ---- nothing was started -----------------------------------------------------------------------------------

WRONG = {
    "unknown user of a value": ("[a]\nExecStart=true\nRestart=sometimes\n", [], "tend.ini:5: error: "),
    "no ExecStart": ("[a]\nType=simple\n", [], "tend.ini:3: error: "),
    "cycle": ("[a]\nAfter=b\nExecStart=true\n[b]\nAfter=a\nExecStart=true\n", [], "a.service after b.service after a.service"),
    "missing requirement": ("[a]\nRequires=b\nExecStart=true\n", [], "tend.ini:3: error: "),
    "unknown setting": ("[a]\nExecStart=true\nRestrat=no\n", [], "did you mean Restart=?"),
    "no service": ("[tend]\nStopBudget=1s\n[tend]\n", [], "error: "),
    "option": ("[a]\nExecStart=true\n", ["--no-such-option"], "--no-such-option"),
    "variable": ("[a]\nExecStart=true\nUser=${NO_SUCH_VARIABLE}\n", [], "tend.ini:5: error: "),
}


@pytest.mark.parametrize("text, words, said", WRONG.values(), ids=WRONG)
def test_wrong(tend, text, words, said):
    p = tend.serve(text.replace("[a]", "[other]\nExecStart=echo started\n[a]", 1), *words)
    assert p.wait() == 2
    assert said in p.err
    assert p.out == ""


def test_all_problems_not_just_the_first(tend):
    p = tend.serve("[a]\nExecStart=true\nRestart=sometimes\nTimeoutStopSec=never ever\n[b]\nKillMode=all\n")
    assert p.wait() == 2
    for line in (3, 4, 6):
        assert f"tend.ini:{line}: error: " in p.err


def test_no_file(tend, tmp_path):
    p = tend("run", tmp_path / "none.ini")
    assert p.wait() == 2
    assert "none.ini" in p.err


def test_not_pid_1(tend, tmp_path):
    """As an ordinary child it does the same: it is the subreaper of what it starts."""
    p = tend("run", ini(tmp_path, "[a]\nRestart=no\nExecStart=sh -c '(sleep 0.1; echo orphan) & exit 3'\nKillMode=none\n"), pid1=False)
    assert p.wait() == 3
