"""What the acceptance test stands on: a Debian with its daemons, and tend as PID 1 of a container made of it.

    def test_nginx(container):
        c = container(script, "--unit", "nginx")     # `tend run --unit nginx`, after a shell script inside
        c.wait_for("^tend: ready")                   # a Process of tests/live/conftest.py
        c.ask("curl -s localhost", "Welcome")        # a shell command inside, until its output has that
"""
import importlib.util
import os
import pathlib
import re
import subprocess
import sys
import time

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent

# The live tests' own helpers: their conftest.py is a module of another name here.
spec = importlib.util.spec_from_file_location("live", HERE.parent / "live" / "conftest.py")
live = importlib.util.module_from_spec(spec)
sys.modules["live"] = live
spec.loader.exec_module(live)

can_unshare, limit, pytest_configure = live.can_unshare, live.limit, live.pytest_configure

TEND = ROOT / os.environ.get("TEND_BINARIES", "build/static/tend").split()[0]
DEBIAN = ROOT / "build" / "accept" / "root"
UNSHARE = ["unshare", "--fork", "--kill-child", "--pid", "--mount", "--net", "--uts", "--ipc"]
CLEAN = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8"]


class Container(live.Process):
    """tend as PID 1 of a container, and people who look into it. With `machine`, the name of a cgroup, it is made as systemd
    needs it, and the arguments are all of the command."""

    def __init__(self, tend, script, arguments, root=DEBIAN, machine=""):
        super().__init__([*UNSHARE, HERE / "enter", root, tend, script, *arguments], True, False, subprocess.DEVNULL,
                         dict(os.environ, MACHINE=machine))

    def run(self, command, seconds=live.WAIT):
        """A shell command inside: its exit code (124: it took too long), and what it printed."""
        inside = ["nsenter", f"--target={self.pid}", "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wdns=/"]
        done = subprocess.run([*inside, *CLEAN, "timeout", "--kill-after=1", str(seconds), "sh", "-c", command], text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace")
        return done.returncode, done.stdout

    def ask(self, command, wanted, seconds=live.WAIT):
        """The same, again and again until its output has what is wanted."""
        deadline = time.monotonic() + seconds
        while True:
            said = self.run(command)[1]
            if re.search(wanted, said, re.M):
                return said
            if self.ended or time.monotonic() > deadline:
                pytest.fail(f"no {wanted!r} in what this says: {command}\n{said}\n--- err\n{self.err}", pytrace=True)
            self.read(0.1)


def make_debian(*words):
    """None, or the reason why it cannot be had."""
    made = subprocess.run([ROOT / "make" / "debian", *words], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if made.returncode not in (0, 77):
        pytest.fail(f"make/debian ended with code {made.returncode}: {made.stderr}", pytrace=False)
    return made.stderr.strip() if made.returncode == 77 else None


@pytest.fixture(scope="session")
def debian(can_unshare):
    """Whether there is one; the reason why not, otherwise."""
    if can_unshare:
        return can_unshare
    packages = subprocess.run([sys.executable, HERE / "daemons.py"], check=True, capture_output=True, text=True).stdout.split()
    return make_debian(DEBIAN, *packages)


@pytest.fixture
def container(debian):
    if debian:
        pytest.skip(debian)
    running = []

    def start(script, *arguments):
        running.append(Container(TEND, script, arguments))
        return running[-1]

    yield start
    for process in running:
        process.close()
