"""Who may do what at the control socket, by who the kernel says they are."""
import os
import pathlib
import sys
import textwrap

import pytest
from conftest import ini, stop, until
from test_bus import CLIENT, bus  # the fixture too

assert bus
pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs other users")

ASK = """
def ask(*words, **more):
    s.sendall(message(*words, **more))
    while True:
        got = take(s)
        if got[0] != 4:
            return "yes" if got[0] == 2 else "denied" if b"AccessDenied" in got[1] else "error"
def job(member, unit):
    return ask(member, text(unit) + bytes(-len(text(unit)) % 4) + text("replace"), "ss")
def own(unit):
    return ask("Stop", text("replace"), "s", path="/org/freedesktop/systemd1/unit/" + unit.replace(".", "_2e"), interface="org.freedesktop.systemd1.Unit")
"""
COME_IN = """
try:
    s = connect("/run/systemd/private", None)
    s.sendall(HELLO)
    answer = line(s)
except OSError:
    answer = b""
if not answer.startswith(b"OK "):
    print("not in")
    sys.exit()
"""


def as_user(p, uid, script, *groups, gid=None):
    """A client of that user, inside of the container; what it prints, in words."""
    groups = ["--clear-groups"] if not groups else ["--groups=" + ",".join(map(str, groups))]
    done = p.enter("setpriv", f"--reuid={uid}", f"--regid={gid or uid}", *groups, sys.executable, "-ISc",
                   CLIENT + COME_IN + ASK + textwrap.dedent(script))
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


EVERYTHING = 'print(ask("ListUnits"), job("StopUnit", "a.service"), ask("Reload"), ask("ResetFailed"))'
TWO = "[a]\nAllowUsers=12345\nExecStart=sleep inf\n[b]\nExecStart=sleep inf\n"


def test_a_group(bus):
    """Its members may do everything, whether it is their own group or one of the others; nobody else may."""
    p = bus("[tend]\nControlGroup=23456\n[a]\nExecStart=sleep inf\n")
    assert as_user(p, 12345, EVERYTHING) == ["yes", "denied", "denied", "denied"]
    assert as_user(p, 12345, EVERYTHING, 4, 5) == ["yes", "denied", "denied", "denied"]
    assert as_user(p, 12345, EVERYTHING, 4, 23456, 5) == ["yes"] * 4
    assert as_user(p, 12346, EVERYTHING, gid=23456) == ["yes"] * 4
    stop(p)


def test_a_group_lets_in(bus):
    """With Control=private its members alone."""
    p = bus("[tend]\nControl=private\nControlGroup=tape\n[a]\nExecStart=sleep inf\n")
    tape = next(line.split(":")[2] for line in pathlib.Path("/etc/group").read_text().splitlines() if line.startswith("tape:"))
    assert as_user(p, 12345, EVERYTHING) == ["not", "in"]
    assert as_user(p, 12345, EVERYTHING, tape) == ["yes"] * 4
    stop(p)


def test_a_group_that_is_not_there(bus):
    p = bus("[tend]\nControlGroup=nobody-has-this\n[a]\nExecStart=sleep inf\n")
    assert as_user(p, 12345, EVERYTHING, 4) == ["yes", "denied", "denied", "denied"]
    stop(p)


def test_a_unit_of_a_user(bus):
    """What AllowUsers= gives is for that unit, and no more than to start, stop, reload and signal it."""
    p = bus(TWO)
    script = """
        kill = lambda unit: ask("KillUnit", text(unit) + bytes(-len(text(unit)) % 4) + text("all") + struct.pack("=i", 10), "ssi")
        print(*(job(member, unit) for unit in ("a.service", "b.service", "exit.target", "nosuch.service") for member in ("RestartUnit", "StopUnit", "StartUnit")))
        print(kill("a.service"), kill("b.service"), own("a.service"), own("b.service"), ask("ResetFailedUnit", text("a.service"), "s"))
        print(ask("Reload"), ask("PowerOff"), ask("SetUnitProperties", text("a.service") + bytes(2) + struct.pack("=iii", 1, 0, 0), "sba(sv)"))
        """
    assert as_user(p, 12345, script) == ["yes"] * 3 + ["denied"] * 9 + ["yes", "denied", "yes", "denied", "yes"] + ["denied"] * 3
    assert as_user(p, 12346, script).count("yes") == 0
    p.wait_for("a.service: stopped")
    assert "b.service: stop" not in p.err
    stop(p)


def test_a_user_by_name(bus):
    """By the container's own /etc/passwd; with Control=private it is let in, and nobody else is."""
    games = next(line.split(":")[2] for line in pathlib.Path("/etc/passwd").read_text().splitlines() if line.startswith("games:"))
    p = bus("[tend]\nControl=private\n[a]\nAllowUsers=lp games\nExecStart=sleep inf\n[b]\nExecStart=sleep inf\n")
    script = 'print(job("StopUnit", "a.service"), job("StopUnit", "b.service"))'
    assert as_user(p, games, script) == ["yes", "denied"]
    assert as_user(p, 12345, script) == ["not", "in"]
    stop(p)


def test_it_changes_without_a_restart(bus, tmp_path):
    """A reload gives and takes the right, and leaves the service alone."""
    p = bus("[a]\nExecStart=sleep inf\n")
    service = p.children()
    script = 'print(job("ReloadUnit", "a.service"))'
    assert as_user(p, 12345, script) == ["denied"]
    for text, answer in (("[a]\nAllowUsers=12345\nExecStart=sleep inf\n", "error"), ("[a]\nExecStart=sleep inf\n", "denied")):
        ini(tmp_path, text)
        p.enter("kill", "-HUP", "1")
        until(lambda: as_user(p, 12345, script) == [answer])  # it has no ExecReload=, which is another error
    assert p.children() == service
    stop(p)
