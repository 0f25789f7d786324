"""ExitType=: whether a service is over with its main process, or with its last one."""
import os
import signal

import pytest
from conftest import stop, until

LEAVES = "sh -c '(sleep {}; echo last) & echo first; exit {}'"


def serve(tend, exit_type, span, code, more=""):
    return tend.serve(f"[svc]\nRestart=no\nExitType={exit_type}\nKillMode=process\nExecStart={LEAVES.format(span, code)}\n{more}")


def test_up_until_the_last_process_has_gone(tend):
    p = serve(tend, "cgroup", 0.3, 0, "ExecStopPost=echo stopped\n")
    assert p.wait() == 0
    assert p.out == "first\nlast\nstopped\n"
    assert "its main process has ended; it is up until the last one has gone" in p.err


def test_over_with_the_main_process(tend):
    p = serve(tend, "main", "inf", 0, "ExecStopPost=echo stopped\n")
    assert p.wait() == 0
    assert p.out == "first\nstopped\n"


def test_how_the_main_process_ended_counts(tend):
    p = serve(tend, "cgroup", 0.1, 3)
    assert p.wait() == 3
    assert p.out == "first\nlast\n"


def test_restart_waits_for_the_last_process(tend, tmp_path):
    p = tend.serve(f"[svc]\nRestart=on-failure\nRestartSec=0\nExitType=cgroup\nWorkingDirectory={tmp_path}\n"
                   "ExecStart=sh -c '(sleep 0.2; echo last) & echo first; [ ! -e again ] && touch again && exit 1; exit 0'\n")
    assert p.wait() == 0
    assert p.out == "first\nlast\nfirst\nlast\n"


@pytest.mark.parametrize("post", ["", "ExecStartPost=sh -c 'while pidof -q leader; do sleep .01; done'\n"])
def test_a_stop_ends_what_is_left(tend, post):
    p = tend.serve(f"[svc]\nExitType=cgroup\nExecStart=sh -c 'sleep inf & exec -a leader sleep 0.1'\n{post}".replace("sh -c", "bash -c"))
    p.wait_for("its main process has ended; it is up")
    until(lambda: "sleep" in [p.comm(pid) for pid in p.descendants()])
    assert not p.ended
    assert stop(p) == 0
    assert "killed what it left" not in p.err


def test_what_is_left_dies(tend):
    p = tend.serve("[svc]\nRestart=no\nExitType=cgroup\nExecStart=sh -c 'sleep inf & echo $!'\n")
    p.wait_for("its main process has ended; it is up")
    left = until(lambda: [pid for pid in p.descendants() if p.comm(pid) == "sleep"])[0]
    assert not p.ended
    os.kill(left, signal.SIGKILL)
    assert p.wait() == 0


def test_readiness_from_a_child(tend, script):
    """The process that tend has made ends before the one that it has left says that it is ready."""
    child = script("child.py", "if os.fork():\n    os._exit(0)\ntell('READY=1')\nsay('ready')\ntime.sleep(0.2)\nsay('done')\n")
    p = tend.serve(f"[svc]\nType=notify\nNotifyAccess=all\nRestart=no\nExitType=cgroup\nExecStart={child}\n")
    assert p.wait() == 0, p.err
    assert p.out == "ready\ndone\n"


def test_never_ready(tend):
    p = tend.serve("[svc]\nType=notify\nNotifyAccess=all\nRestart=no\nExitType=cgroup\nExecStart=sh -c 'sleep 0.1 & exit 0'\n")
    assert p.wait() != 0
    assert "svc.service: ended without READY=1" in p.err
