"""WatchdogSec=, EXTEND_TIMEOUT_USEC=, RELOADING=1, STOPPING=1: what a service says of itself while it runs."""
import os
import re
import signal
import time

import pytest
from conftest import stop, until


def main_pid(p, name="a", after=0):
    inside = int(p.wait_for(rf"^tend: {name}\.service: ready, pid (\d+)$", after=after)[1])
    return until(lambda: [pid for pid in p.descendants() if p.inside(pid) == inside])[0]


@pytest.fixture
def unhurried(tend, script):
    """A span, in milliseconds, within which a service speaks by far, as busy as the machine is now."""
    first = script("first", "tell('READY=1')\nos._exit(0)\n")
    began = time.monotonic()
    assert tend.serve(f"[first]\nType=notify\nRestart=no\nExecStart={first}\n").wait() == 0
    return max(300, int(8000 * (time.monotonic() - began)))


# ---- the watchdog ----------------------------------------------------------------------------------------------

PING = "say(os.environ['WATCHDOG_USEC'], int(os.environ['WATCHDOG_PID']) == os.getpid())\ntell('READY=1')\nwhile True:\n    tell('WATCHDOG=1')\n    time.sleep(0.05)\n"


def test_hang(tend, script):
    """SIGSTOP is as good as an endless loop: seen, ended by WatchdogSignal=, and started again."""
    p = tend.serve(f"[a]\nType=notify\nWatchdogSec=400ms\nRestart=on-watchdog\nRestartSec=10ms\nExecStart={script('a', PING)}\n",
                   "--log-level", "debug")
    p.wait_for("^400000 True$")
    pid = main_pid(p)
    time.sleep(1)
    assert "watchdog" not in p.err, "while it says WATCHDOG=1 it is let alone"
    os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    p.wait_for(r"^tend: a\.service: its watchdog has fallen silent: no WATCHDOG=1 for 400ms$")
    assert 0.2 < time.monotonic() - began < 2
    p.wait_for(r"^tend: a\.service: running, watchdog silent: now stop-watchdog$")
    p.wait_for(r"^tend: a\.service: lost its watchdog; starts again in 10ms \(its watchdog fell silent, restart 1\)$")
    main_pid(p, after=1)
    assert stop(p) == 0


@pytest.mark.parametrize("name", ["SIGABRT", "SIGUSR1"])
def test_signal(tend, script, name):
    text = ("import resource\nresource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
            f"def heard(number, frame):\n    say('heard', number)\n    os._exit(9)\nsignal.signal(signal.{name}, heard)\ntell('READY=1')\nstay()\n")
    setting = "" if name == "SIGABRT" else f"WatchdogSignal={name}\n"
    p = tend.serve(f"[a]\nType=notify\nWatchdogSec=100ms\n{setting}Restart=no\nExecStart={script('a', text)}\n")
    assert p.wait() != 0
    assert f"heard {int(signal.Signals[name])}\n" in p.out
    assert "a.service: lost its watchdog; given up on" in p.err


@pytest.mark.parametrize("limit", ["TimeoutStopSec=300ms", "TimeoutStopSec=1h\nTimeoutAbortSec=300ms"])
def test_signal_that_is_ignored(tend, script, limit):
    text = "signal.signal(signal.SIGABRT, signal.SIG_IGN)\ntell('READY=1')\nstay()\n"
    p = tend.serve(f"[a]\nType=notify\nWatchdogSec=100ms\n{limit}\nRestart=no\nExecStart={script('a', text)}\n")
    p.wait_for(r"a\.service: did not stop in time: SIGKILL")
    assert p.wait() != 0
    assert "a.service: lost its watchdog; given up on" in p.err


@pytest.mark.parametrize("mode, code", [("terminate", 128 + signal.SIGTERM), ("abort", 128 + signal.SIGABRT), ("kill", 128 + signal.SIGKILL)])
def test_start_that_takes_too_long(tend, mode, code):
    p = tend.serve(f"[a]\nType=notify\nTimeoutStartSec=100ms\nTimeoutStartFailureMode={mode}\nLimitCORE=0\nRestart=no\nExecStart=sleep inf\n")
    assert p.wait() == code
    assert ("a.service: did not start in time: SIGKILL" in p.err) == (mode == "kill") and "did not stop" not in p.err
    assert "a.service: ran out of time; given up on" in p.err


STOPS = "[a]\nType=notify\nTimeoutStopSec=100ms\nTimeoutStopFailureMode={}\nLimitCORE=0\nExecStart={}\n{}\n[tend]\nStopBudget=1h\n"


@pytest.mark.parametrize("mode, last", [("terminate", "stop-sigkill"), ("abort", "stop-watchdog"), ("kill", "stop-sigkill")])
def test_stop_that_takes_too_long(tend, script, mode, last):
    a = script("a", "signal.signal(signal.SIGTERM, signal.SIG_IGN)\ntell('READY=1')\nstay()\n")
    p = tend.serve(STOPS.format(mode, a, "TimeoutAbortSec=1h"), "--log-level", "debug")
    p.wait_for(r"a\.service: ready")
    p.kill(signal.SIGTERM)
    p.wait()
    assert re.findall(r"a\.service: ([\w-]+), time out: now ([\w-]+)", p.err) == [("stop-sigterm", last)]


@pytest.mark.parametrize("mode, last", [("terminate", "stop-sigterm"), ("abort", "stop-watchdog"), ("kill", "stop-sigkill")])
def test_command_that_stops_too_long(tend, script, mode, last):
    """ExecStop= has its time; the service itself is then ended by that, and dies of it."""
    p = tend.serve(STOPS.format(mode, script("a", "tell('READY=1')\nstay()\n"), "ExecStop=sleep inf"), "--log-level", "debug")
    p.wait_for(r"a\.service: ready")
    p.kill(signal.SIGTERM)
    p.wait()
    assert re.findall(r"a\.service: stop, time out: now ([\w-]+)", p.err) == [last]


def test_on_watchdog_only(tend, script):
    text = "tell('READY=1')\nos._exit(3)\n"
    p = tend.serve(f"[a]\nType=notify\nWatchdogSec=10s\nRestart=on-watchdog\nExecStart={script('a', text)}\n")
    assert p.wait() == 3


def test_not_before_it_is_ready(tend, script):
    text = "time.sleep(0.6)\nsay('ready now')\ntell('READY=1')\nwhile True:\n    tell('WATCHDOG=1')\n    time.sleep(0.05)\n"
    p = tend.serve(f"[a]\nType=notify\nWatchdogSec=200ms\nExecStart={script('a', text)}\n")
    main_pid(p)
    assert "watchdog" not in p.err
    assert stop(p) == 0


@pytest.mark.parametrize("ready", ["tell('READY=1')\n", ""], ids=["running", "starting"])
def test_trigger(tend, script, ready):
    a = script("a", ready + "tell('WATCHDOG=trigger')\nstay()\n")
    p = tend.serve(f"[a]\nType=notify\nRestart=no\nExecStart={a}\n")
    assert p.wait() != 0
    assert "a.service: says WATCHDOG=trigger" in p.err
    assert "a.service: lost its watchdog; given up on" in p.err


def test_other_span(tend, script):
    """WATCHDOG_USEC= in a message: for this run, also where the unit says nothing."""
    text = "tell('READY=1')\nsay(os.environ.get('WATCHDOG_USEC'))\ntell('WATCHDOG_USEC=200000')\nstay()\n"
    p = tend.serve(f"[a]\nType=notify\nRestart=no\nExecStart={script('a', text)}\n")
    assert p.wait() != 0
    assert "None\n" in p.out
    assert "a.service: its watchdog has fallen silent: no WATCHDOG=1 for 200ms" in p.err


def test_other_span_is_of_one_life(tend, script):
    """The next process has what the unit says."""
    a = script("a", """
say('span', os.environ.get('WATCHDOG_USEC'))
tell('WATCHDOG_USEC=3600000000\\nREADY=1')
sys.stdin.readline()
signal.pause()
""")
    p = tend.serve(f"[a]\nType=notify\nRestartSec=10ms\nExecStart={a}\n")
    pid = int(p.wait_for(r"^tend: a\.service: ready, pid (\d+)$")[1])
    os.kill(next(child for child in p.children() if p.inside(child) == pid), signal.SIGKILL)
    p.wait_for(r"^tend: a\.service: ready, pid \d+$", after=1)
    assert p.out == "span None\nspan None\n"
    assert stop(p) == 0


def test_extend_watchdog(tend, script):
    """EXTEND_TIMEOUT_USEC= is for the watchdog too, and a WATCHDOG=1 behind it does not shorten that."""
    a = script("a", "tell('READY=1\\nEXTEND_TIMEOUT_USEC=3600000000')\ntell('WATCHDOG=1')\ntime.sleep(1)\nsay('alive')\nstay()\n")
    p = tend.serve(f"[a]\nType=notify\nWatchdogSec=100ms\nRestart=no\nExecStart={a}\n")
    p.wait_for("^alive$")
    assert "has fallen silent" not in p.err
    assert stop(p) == 0


def test_span_taken_back(tend, script):
    text = "tell('WATCHDOG_USEC=0\\nREADY=1')\ntime.sleep(0.8)\nsay('alive')\nstay()\n"
    p = tend.serve(f"[a]\nType=notify\nWatchdogSec=300ms\nRestart=no\nExecStart={script('a', text)}\n")
    p.wait_for("^alive$")
    assert "watchdog" not in p.err
    assert stop(p) == 0


def test_simple_service_has_one_too(tend, script):
    """NotifyAccess= is main then, as in systemd."""
    p = tend.serve(f"[a]\nWatchdogSec=2s\nRestart=no\nExecStart={script('a', PING)}\n")
    p.wait_for("^2000000 True$")
    time.sleep(2.5)
    assert "watchdog" not in p.err
    pid = until(p.children)[0]
    os.kill(pid, signal.SIGSTOP)
    p.wait_for("a.service: lost its watchdog")
    assert p.wait() != 0


def test_no_watchdog_for_commands_beside_it(tend):
    p = tend.serve("[a]\nWatchdogSec=10s\nExecStartPre=sh -c 'echo pre $${WATCHDOG_USEC-none}'\nExecStart=sh -c 'echo main $$WATCHDOG_USEC'\n",
                   add_env={"WATCHDOG_USEC": "5", "WATCHDOG_PID": "1"})
    assert p.wait() == 0
    assert p.out == "pre none\nmain 10000000\n"


# ---- EXTEND_TIMEOUT_USEC= --------------------------------------------------------------------------------------

def test_extend_start(tend, script, unhurried):
    """From when it speaks it takes longer than it has."""
    text = f"tell('EXTEND_TIMEOUT_USEC=3600000000')\ntime.sleep({unhurried / 1000})\ntell('READY=1')\nstay()\n"
    p = tend.serve(f"[a]\nType=notify\nTimeoutStartSec={unhurried}ms\nRestart=no\nExecStart={script('a', text)}\n")
    main_pid(p)
    assert stop(p) == 0


def test_extend_start_is_over_some_time(tend, script, unhurried):
    """Not before what was asked for is over, and then it is."""
    a = script("a", f"tell('EXTEND_TIMEOUT_USEC={1500 * unhurried}')\nstay()\n")
    began = time.monotonic()
    p = tend.serve(f"[a]\nType=notify\nTimeoutStartSec={unhurried}ms\nRestart=no\nExecStart={a}\n")
    assert p.wait() != 0
    assert "a.service: ran out of time" in p.err
    assert time.monotonic() - began > 1.5 * unhurried / 1000


def test_extend_run(tend, script, unhurried):
    text = f"tell('READY=1')\ntell('EXTEND_TIMEOUT_USEC=3600000000')\ntime.sleep({unhurried * 1.5 / 1000})\nsay('through')\nos._exit(0)\n"
    p = tend.serve(f"[a]\nType=notify\nRuntimeMaxSec={unhurried}ms\nRestart=no\nExecStart={script('a', text)}\n")
    assert p.wait() == 0
    assert p.out == "through\n"


def test_extend_stop(tend, script, unhurried):
    text = (f"def down(*a):\n    tell('EXTEND_TIMEOUT_USEC=3600000000')\n    time.sleep({unhurried * 1.5 / 1000})\n    say('clean')\n    os._exit(0)\n"
            "signal.signal(signal.SIGTERM, down)\ntell('READY=1')\nstay()\n")
    p = tend.serve(f"[tend]\nStopBudget=1h\n[a]\nType=notify\nTimeoutStopSec={unhurried}ms\nExecStart={script('a', text)}\n")
    main_pid(p)
    assert stop(p) == 0
    assert "clean\n" in p.out


@pytest.mark.parametrize("word, said", [("RELOADING", "a.service: reloaded$"), ("STOPPING", "^through$")])
def test_extend_in_one_message(tend, script, unhurried, word, said):
    """It is about the state that the same message leads to."""
    a = script("a", f"tell('READY=1')\ntell('EXTEND_TIMEOUT_USEC=3600000000\\n{word}=1')\ntime.sleep({unhurried * 1.5 / 1000})\n"
                    "say('through')\ntell('READY=1')\nstay()\n")
    p = tend.serve(f"[tend]\nStopBudget=1h\n[a]\nType=notify\nRestart=no\nFailureAction=none\nTimeoutStartSec={unhurried}ms\n"
                   f"TimeoutStopSec={unhurried}ms\nExecStart={a}\n[b]\nExecStart=sleep inf\n")
    p.wait_for(said)
    assert "its reload failed" not in p.err


def test_extend_not_beyond_the_budget(tend, script):
    text = ("def down(*a):\n    while True:\n        tell('EXTEND_TIMEOUT_USEC=60000000')\n        time.sleep(0.1)\n"
            "signal.signal(signal.SIGTERM, down)\ntell('READY=1')\nstay()\n")
    p = tend.serve(f"[tend]\nStopBudget=1s\n[a]\nType=notify\nExecStart={script('a', text)}\n")
    main_pid(p)
    began = time.monotonic()
    stop(p)
    assert time.monotonic() - began < 3


# ---- RELOADING=1 and STOPPING=1 --------------------------------------------------------------------------------

def test_reload_by_itself(tend, script):
    text = ("tell('READY=1')\nwhile True:\n    sys.stdin.readline()\n"
            "    tell('RELOADING=1\\nMONOTONIC_USEC=%d' % (time.monotonic_ns() // 1000))\n    time.sleep(0.1)\n    tell('READY=1')\n    signal.pause()\n")
    p = tend.serve(f"[a]\nType=notify-reload\nExecStart={script('a', text)}\n", "--log-level", "debug")
    p.wait_for(r"a\.service: running, says that it reloads: now reload-notify$")
    p.wait_for(r"a\.service: reload-notify, ready: now running$")
    p.wait_for(r"a\.service: reloaded$")
    assert stop(p) == 0


@pytest.mark.parametrize("kind", ["notify", "simple"])
def test_reload_that_never_ends(tend, script, unhurried, kind):
    text = "tell('READY=1')\ntell('RELOADING=1')\nsay('said')\nstay()\n"
    p = tend.serve(f"[a]\nType={kind}\nNotifyAccess=main\nTimeoutStartSec={unhurried}ms\nExecStart={script('a', text)}\n", "--log-level", "debug")
    p.wait_for("^said$")
    p.wait_for(r"a\.service: its reload failed; it goes on$")
    p.wait_for(r"a\.service: reload-notify, time out: now running$")
    assert stop(p) == 0


def test_stops_by_itself(tend, script):
    """STOPPING=1: no signal is sent, but TimeoutStopSec= runs, and who is left behind hears SIGTERM then."""
    text = ("if os.fork() == 0:\n    signal.signal(signal.SIGTERM, lambda *a: (say('child', 'heard'), os._exit(0)))\n    say('child up')\n    stay()\n"
            "signal.signal(signal.SIGTERM, lambda *a: say('main heard'))\ntell('READY=1')\ntime.sleep(0.3)\ntell('STOPPING=1')\ntime.sleep(0.4)\nsay('main done')\nos._exit(0)\n")
    p = tend.serve(f"[a]\nType=notify\nRestart=no\nExecStart={script('a', text)}\n", "--log-level", "debug")
    p.wait_for(r"a\.service: running, says that it stops: now stop-sigterm$")
    assert p.wait() == 0
    assert "main heard" not in p.out
    assert p.out.index("main done") < p.out.index("child heard")


def test_stops_by_itself_too_slowly(tend, script):
    a = script("a", "tell('READY=1\\nSTOPPING=1')\nstay()\n")
    p = tend.serve(f"[a]\nType=notify\nTimeoutStopSec=300ms\nRestart=no\nExecStart={a}\n")
    p.wait_for(r"a\.service: did not stop in time: SIGKILL")
    assert p.wait() != 0


def test_bus_error_is_not_heard(tend, script):
    text = "tell('BUSERROR=org.freedesktop.DBus.Error.TimedOut\\nREADY=1')\nstay()\n"
    p = tend.serve(f"[a]\nType=notify\nExecStart={script('a', text)}\n")
    main_pid(p)
    assert not re.search("error|TimedOut", p.err)
    assert stop(p) == 0
