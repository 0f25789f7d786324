"""The stop of a container: who goes when, how long it may take, and what becomes of those who do not want to go."""
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest
from conftest import PYTHON, ini, until

# Much less than any budget that is left unused here, and much more than a loaded machine needs.
SOON = 5
DEAF = "ExecStart=sh -c 'trap \"\" TERM; echo {}; while :; do sleep 1000; done'\n"


def heeds(name, then="exit 0"):
    """A service that tells of its SIGTERM, and then does what is asked for here."""
    return f"ExecStart=sh -c 'trap \"echo {name} down; {then}\" TERM; sleep inf & echo {name} up; while :; do wait; sleep 1000; done'\n"


def lines(text):
    return text.split("\n")[:-1]


def stop(p, number=signal.SIGTERM):
    """Asks it to stop; returns its code and how long that took."""
    begin = time.monotonic()
    p.kill(number)
    return p.wait(), time.monotonic() - begin


def escapee(tmp_path, name="escapee"):
    """A sleep that is called so."""
    path = tmp_path / name
    if not path.exists():
        os.symlink("/bin/sleep", path)
    return path


# ---- order -------------------------------------------------------------------------------------------------

def test_order_is_that_of_the_start_backwards(tend):
    p = tend.serve("".join(f"[{name}]\n{more}{heeds(name)}" for name, more in
                           [("a", ""), ("b", "After=a\n"), ("c", "After=b\n")]))
    for name in "abc":
        p.wait_for(f"^{name} up$")
    assert stop(p)[0] == 0
    assert lines(p.out)[3:] == ["c down", "b down", "a down"]


def test_no_order_no_waiting(tend, tmp_path):
    """Each ends only when all have heard of it: one after another they would need the whole budget."""
    for n in range(1, 5):
        os.mkfifo(tmp_path / f"gate{n}")
    p = tend.serve("[tend]\nStopBudget=60s\n[a@]\nInstances=4\n"
                   f"WorkingDirectory={tmp_path}\n" + heeds("%i", "read x < gate%i; exit 0"))
    for n in range(1, 5):
        p.wait_for(f"^{n} up$")
    p.kill(signal.SIGTERM)
    for n in range(1, 5):
        p.wait_for(f"^{n} down$")
    for n in range(1, 5):
        (tmp_path / f"gate{n}").write_text("go\n")
    assert p.wait() == 0


def test_leaves_with_the_last_process(tend):
    p = tend.serve("[tend]\nStopBudget=60s\n[a]\nExecStart=sh -c 'sleep inf & sleep inf & echo up; wait'\n[b]\nAfter=a\nExecStart=sleep inf\n")
    p.wait_for("^up$")
    code, took = stop(p)
    assert code == 0 and took < SOON


STOPPED_EARLY = {
    "waits for another": ("[a]\nType=oneshot\nExecStart=sh -c 'echo up; sleep inf'\n[b]\nAfter=a\nExecStart=echo not\n", 0),
    "start-pre": ("[a]\nExecStartPre=sh -c 'echo up; sleep inf'\nExecStart=echo not\n", None),
    "start": ("[a]\nType=notify\nExecStart=sh -c 'echo up; sleep inf'\n", None),
    "start-post": ("[a]\nExecStart=sleep inf\nExecStartPost=sh -c 'echo up; sleep inf'\n", None),
    "before its restart": ("[a]\nRestartSec=9s\nExecStart=sh -c 'echo up; exit 1'\n", 0),
}


@pytest.mark.parametrize("text, code", STOPPED_EARLY.values(), ids=STOPPED_EARLY)
def test_stop_while_it_starts(tend, text, code):
    p = tend.serve(text)
    p.wait_for("again in|^up$" if "RestartSec" not in text else "again in")
    got, took = stop(p)
    assert took < SOON and "not" not in lines(p.out)
    assert code is None or got == code


# ---- budgets -----------------------------------------------------------------------------------------------

BUDGETS = {
    "StopBudget": ("[tend]\nStopBudget=300ms\n[a]\n", []),
    "--stop-budget": ("[tend]\nStopBudget=60s\n[a]\n", ["--stop-budget", "300ms"]),
    "TimeoutStopSec": ("[tend]\nStopBudget=60s\n[a]\nTimeoutStopSec=100ms\n", []),
    "no TimeoutStopSec": ("[tend]\nStopBudget=300ms\n[a]\nTimeoutStopSec=infinity\n", []),
}


@pytest.mark.parametrize("text, words", BUDGETS.values(), ids=BUDGETS)
def test_who_does_not_go_is_killed(tend, text, words):
    p = tend.serve(text + DEAF.format("up"), *words)
    p.wait_for("^up$")
    code, took = stop(p)
    assert code == 137 and took < SOON
    assert "tend: a.service: did not stop in time: SIGKILL\n" in p.err


def test_each_gets_a_share(tend):
    """The last of three uses its share up; the others are asked all the same, and have time to go."""
    p = tend.serve("[tend]\nStopBudget=1500ms\n[a]\n" + heeds("a", "sleep 0.1; echo a gone; exit 0") + "[b]\nAfter=a\n" + heeds("b") +
                   "[c]\nAfter=b\n" + DEAF.format("c up"))
    for name in "abc":
        p.wait_for(f"^{name} up$")
    code, took = stop(p)
    assert code == 137 and took < SOON
    assert lines(p.out)[3:] == ["b down", "a down", "a gone"]


def test_no_sigkill_is_left_to_the_sweep(tend):
    p = tend.serve("[tend]\nStopBudget=400ms\n[a]\nTimeoutStopSec=50ms\nSendSIGKILL=no\n" + DEAF.format("up"))
    p.wait_for("^up$")
    code, took = stop(p)
    assert code != 0 and took < SOON
    assert "a.service: did not stop in time: SIGKILL" not in p.err
    assert re.search(r"killed what was left: (sh|sleep) \(pid \d+\)", p.err)


# ---- signals that come again -------------------------------------------------------------------------------

def test_second_sigint_hurries(tend):
    """First b is asked, and does not go; then a is too, although b is there; a second later both are killed."""
    p = tend.serve("[tend]\nStopBudget=60s\n[a]\n" + heeds("a", "") + "[b]\nAfter=a\n" + heeds("b", ""))
    p.wait_for("^a up$"), p.wait_for("^b up$")
    p.kill(signal.SIGINT)
    p.wait_for("^b down$")
    assert "a down" not in p.out
    p.kill(signal.SIGINT)
    p.wait_for("^a down$")
    p.wait_for("^tend: hurrying: ")
    begin = time.monotonic()
    code = p.wait()
    assert code == 137 and time.monotonic() - begin < SOON


def test_third_sigint_kills(tend):
    p = tend.serve("[tend]\nStopBudget=60s\n[a]\n" + DEAF.format("up"))
    p.wait_for("^up$")
    p.kill(signal.SIGINT)
    p.wait_for("^tend: stopping")
    p.kill(signal.SIGINT)
    p.wait_for("^tend: hurrying")
    code, took = stop(p, signal.SIGINT)
    assert code == 137 and took < SOON


def test_second_sigterm_changes_nothing(tend, tmp_path):
    os.mkfifo(tmp_path / "gate")
    p = tend.serve(f"[a]\n{heeds('a')}[b]\nAfter=a\nWorkingDirectory={tmp_path}\n" + heeds("b", "read x < gate; exit 0"))
    p.wait_for("^a up$"), p.wait_for("^b up$")
    p.kill(signal.SIGTERM)
    p.wait_for("^b down$")
    p.kill(signal.SIGTERM)
    p.kill(signal.SIGRTMIN + 3)
    until(lambda: int(p.status("ShdPnd"), 16) == 0)
    (tmp_path / "gate").write_text("go\n")
    assert p.wait() == 0
    assert lines(p.out)[2:] == ["b down", "a down"]
    assert "hurrying" not in p.err


# ---- what services leave behind ----------------------------------------------------------------------------

# How a process gets away from the one that has made it.
WAYS = {
    "child": "{} & ",
    "session": "setsid {} & ",
    "orphan": "({} &) ; ",
    "orphan in a session": "(setsid {} &) ; ",
    "orphan, no environment": "(env -i {} &) ; ",
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_escapee_is_killed_and_named(tend, tmp_path, way):
    """It ignores SIGTERM, so that it takes a SIGKILL to end it; and that is said."""
    path = escapee(tmp_path)
    p = tend.serve("[tend]\nStopBudget=60s\n[a]\nTimeoutStopSec=200ms\nExecStart=sh -c 'trap \"\" TERM; " + way.format(f"{path} inf") +
                   "trap - TERM; echo up; exec sleep inf'\n")
    p.wait_for("^up$")
    pid = until(lambda: [pid for pid in p.descendants() if p.comm(pid) == "escapee"])[0]
    inside = p.inside(pid)
    code, took = stop(p)
    assert took < SOON
    assert f"tend: a.service: killed what it left: escapee (pid {inside})\n" in p.err
    assert not pathlib.Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_what_a_dead_service_leaves_ends_with_it(tend, tmp_path, way):
    """The container goes on; the service is at rest only when the last of its processes has gone, and that has had its SIGTERM."""
    # No shell: it may be about to read when the signal comes, and would run its trap when it has read.
    (tmp_path / "left").write_text(f"#!{PYTHON[0]} -IS\nimport signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\n"
                                   "print('left up', flush=True)\nsignal.sigwait([signal.SIGTERM])\nprint('left down', flush=True)\n")
    (tmp_path / "left").chmod(0o755)
    os.mkfifo(tmp_path / "gate")
    p = tend.serve(f"[a]\nWorkingDirectory={tmp_path}\nExecStart=sh -c '" + way.format("./left") + "read x < gate; echo main down'\n"
                   "[b]\nExecStart=sleep inf\n")
    p.wait_for("^left up$")
    (tmp_path / "gate").write_text("go\n")
    p.wait_for(r"^tend: a\.service: finished$")
    assert lines(p.out) == ["left up", "main down", "left down"]
    until(lambda: [p.comm(pid) for pid in p.descendants()] == ["sleep"])
    assert stop(p)[0] == 0


def test_no_mark_is_left(tend, tmp_path):
    """Neither session nor environment nor parent says whose it is, once its parent is dead: the sweep finds it."""
    p = tend.serve(f"[tend]\nStopBudget=400ms\n[a]\nExecStart=sh -c 'trap \"\" TERM; env -i setsid {escapee(tmp_path)} inf & echo up'\n"
                   "[b]\nExecStart=sleep inf\n")
    p.wait_for("^tend: a.service: finished$")
    pid = until(lambda: [pid for pid in p.descendants() if p.comm(pid) == "escapee"])[0]
    inside = p.inside(pid)
    code, took = stop(p)
    assert code == 0 and took < SOON
    assert f"tend: killed what was left: escapee (pid {inside})\n" in p.err


def test_restart_waits_for_what_was_left(tend, tmp_path):
    """No two of them at once: what the first run has left is gone before the second begins."""
    p = tend.serve(f"[a]\nWorkingDirectory={tmp_path}\nRestartSec=0\nTimeoutStopSec=100ms\n"
                   "ExecStart=sh -c 'if mkdir first; then trap \"\" TERM; setsid sleep inf & exit 3; fi; echo second; exec sleep inf'\n")
    p.wait_for("^second$")
    assert re.search(r"killed what it left: sleep \(pid \d+\)", p.err)
    until(lambda: [p.comm(pid) for pid in p.descendants()] == ["sleep"])
    assert stop(p)[0] == 0


def test_nobodys_process_is_swept(tend, tmp_path):
    """KillMode=none leaves it, and nobody asks for it; the end of the container does."""
    p = tend.serve("[a]\nKillMode=none\nExecStart=sh -c 'trap \"\" TERM; setsid " + f"{escapee(tmp_path)} inf & echo up'\n"
                   "[b]\nExecStart=sleep inf\n[tend]\nStopBudget=400ms\n")
    p.wait_for("^tend: a.service: finished$")
    pid = until(lambda: [pid for pid in p.descendants() if p.comm(pid) == "escapee"])[0]
    inside = p.inside(pid)
    code, took = stop(p)
    assert code == 0 and took < SOON
    assert f"tend: killed what was left: escapee (pid {inside})\n" in p.err


def test_process_from_outside_is_swept(tend):
    """As `docker exec` puts one into the container."""
    p = tend.serve("[a]\nExecStart=sh -c 'echo up; exec sleep inf'\n")
    p.wait_for("^up$")
    guest = subprocess.Popen(["nsenter", "--pid", "--mount", "--target", str(p.pid), "sh", "-c", "echo in; exec sleep inf"],
                             stdout=subprocess.PIPE)
    try:
        assert guest.stdout.readline() == b"in\n"
        code, took = stop(p)
        assert code == 0 and took < SOON
        assert guest.wait(SOON) != 0
    finally:
        guest.kill()
        guest.wait()
        guest.stdout.close()


def test_made_while_it_stops(tend):
    """What comes into being after the signal has gone out would never hear of it."""
    p = tend.serve("[tend]\nStopBudget=60s\n[a]\nExecStart=sh -c 'trap \"setsid sleep inf & exit 0\" TERM; sleep inf & echo up; wait; wait'\n")
    p.wait_for("^up$")
    code, took = stop(p)
    assert code == 0 and took < SOON


def test_forks_on_and_on(tend):
    p = tend.serve("[tend]\nStopBudget=1s\n[a]\nTimeoutStopSec=100ms\n"
                   "ExecStart=sh -c 'trap \"\" TERM; hop() { sleep 0.005; (hop &) ; }; echo up; hop; exec sleep inf'\n")
    p.wait_for("^up$")
    code, took = stop(p)
    assert code == 137 and took < SOON


# ---- KillMode, KillSignal ----------------------------------------------------------------------------------

MODES = {
    "control-group": ["child down", "main down"],
    "mixed": ["main down"],
    "process": ["main down"],
    "none": [],
}


@pytest.mark.parametrize("mode", MODES)
def test_kill_mode(tend, tmp_path, mode):
    """By a reload that takes it out: with the end of the container everybody would be ended."""
    service = ("[a]\nTimeoutStopSec=300ms\n" + f"KillMode={mode}\nWorkingDirectory={tmp_path}\n"
               "ExecStart=sh -c 'trap \"echo main down; exit 0\" TERM; ./child & read x < gate; wait; wait'\n")
    os.mkfifo(tmp_path / "gate")
    (tmp_path / "child").write_text("#!/bin/sh\ntrap 'echo child down; exit 0' TERM\nsleep inf &\necho up\nwait\n")
    (tmp_path / "child").chmod(0o755)
    rest = "[b]\nExecStart=sleep inf\n"
    p = tend.serve(service + rest)
    p.wait_for("^up$")
    (tmp_path / "gate").write_text("go\n")
    ini(tmp_path, rest)
    before = set(p.descendants())
    p.kill(signal.SIGHUP)
    p.wait_for(r"^tend: a\.service: (stopped|.*not stop in time|stopped, but)")
    ended = mode in ("control-group", "mixed")
    until(lambda: ("child" in [p.comm(pid) for pid in p.descendants() if pid in before]) != ended)
    assert sorted(lines(p.out)[1:]) == MODES[mode]
    assert ("killed what it left: child" in p.err) == (mode == "mixed")
    p.kill(signal.SIGTERM)
    assert p.wait() == 0


def test_kill_signal_reaches_all(tend):
    p = tend.serve("[a]\nKillSignal=SIGUSR1\nExecStart=sh -c 'trap \"echo main; exit 0\" USR1; "
                   "sh -c \"trap \\\\\"echo child; exit 0\\\\\" USR1; sleep inf & echo up; wait\" & wait; wait'\n")
    p.wait_for("^up$")
    assert stop(p)[0] == 0
    assert sorted(lines(p.out)) == ["child", "main", "up"]


def test_stopped_process_goes_on_to_end(tend):
    p = tend.serve("[tend]\nStopBudget=60s\n[a]\n" + heeds("a"))
    p.wait_for("^a up$")
    main = p.children()[0]
    os.kill(main, signal.SIGSTOP)
    until(lambda: p.status("State", main)[0] == "T")
    code, took = stop(p)
    assert code == 0 and took < SOON
    assert lines(p.out) == ["a up", "a down"]


# ---- stop commands -----------------------------------------------------------------------------------------

def test_stop_commands(tend):
    """ExecStop= while the main process lives, ExecStopPost= when it has gone, each with what it has to know."""
    p = tend.serve("[a]\n" + heeds("main") +
                   "ExecStop=sh -c 'kill -0 $MAINPID && echo stop $MAINPID $SERVICE_RESULT'\n"
                   "ExecStopPost=sh -c 'echo post $MAINPID $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS'\n")
    p.wait_for("^main up$")
    main = p.inside(p.children()[0])
    assert stop(p)[0] == 0
    assert lines(p.out)[1:] == [f"stop {main} success", "main down", "post success exited 0"]


RESULTS = {
    "exit 0": "success exited 0",
    "exit 3": "exit-code exited 3",
    "kill -9 $$$$": "signal killed KILL",
    "exec sleep inf": "timeout killed TERM",
}


@pytest.mark.parametrize("how", RESULTS)
def test_result_for_stop_post(tend, how):
    p = tend.serve(f"[a]\nRestart=no\nRuntimeMaxSec=200ms\nExecStart=sh -c '{how}'\n"
                   "ExecStopPost=sh -c 'echo $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS'\n")
    p.wait()
    assert lines(p.out) == [RESULTS[how]]


def test_stop_command_that_hangs(tend):
    p = tend.serve("[tend]\nStopBudget=60s\n[a]\nTimeoutStopSec=200ms\n" + heeds("a") + "ExecStop=sleep inf\n")
    p.wait_for("^a up$")
    code, took = stop(p)
    assert took < SOON and code != 0
    assert "a down" in lines(p.out)


def test_stop_command_may_do_the_whole_stop(tend):
    p = tend.serve("[tend]\nStopBudget=60s\n[a]\nExecStart=sh -c 'trap \"echo asked; exit 0\" USR1; sleep inf & echo up; wait'\n"
                   "ExecStop=sh -c 'kill -USR1 $MAINPID; while kill -0 $MAINPID; do sleep 0.01; done 2>&-'\n")
    p.wait_for("^up$")
    code, took = stop(p)
    assert code == 0 and took < SOON
    assert lines(p.out) == ["up", "asked"]
