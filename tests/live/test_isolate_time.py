"""`tend run --isolate --uptime`: clocks of its own, as if the machine had been booted some time ago, or just now."""
import json
import os
import platform
import re
import subprocess
import time

import pytest
from conftest import PYTHON, ini, until

DAY = 86400
LOOK = "import time; print(time.monotonic(), time.clock_gettime(time.CLOCK_BOOTTIME))"


def seconds(text):
    return [float(number) for number in text.split()]


@pytest.fixture(autouse=True)
def has_clocks():
    if not os.path.exists("/proc/self/ns/time"):
        pytest.skip("a kernel without time namespaces")


@pytest.mark.parametrize("uptime, least", [("0", 0), ("50d", 50 * DAY), ("500d", 500 * DAY)])
def test_clocks(walled, uptime, least):
    """Of PID 1 and of what it runs alike, and of nobody outside."""
    before = time.monotonic()
    p = walled("sh", "-c", f"cut -d' ' -f1 /proc/uptime; cut -d' ' -f22 /proc/1/stat; {' '.join(PYTHON)} '{LOOK}'; "
               "readlink /proc/1/ns/time /proc/self/ns/time", options=["--uptime", uptime])
    assert p.wait() == 0, p.err
    took = time.monotonic() - before
    up, started, monotonic, boot, *names = p.out.split()
    for reading in (float(up), int(started) / os.sysconf("SC_CLK_TCK"), float(monotonic), float(boot)):
        assert least <= reading < least + took + 2
    assert len(set(names)) == 1 and os.readlink("/proc/self/ns/time") not in names


def test_machine_clocks(walled):
    p = walled("readlink", "/proc/self/ns/time")
    assert p.wait() == 0, p.err
    assert p.out.strip() == os.readlink("/proc/self/ns/time")


def test_one_in_another(walled):
    """What the kernel counts from is the machine's own clock, whatever that of whom asks says."""
    p = walled(str(walled.place / "tend"), "run", "--isolate", "--uptime", "3h", "--", "cat", "/proc/uptime",
               options=["--uptime", "40d", "--cap-add=all"])
    assert p.wait() == 0, p.err
    assert 3 * 3600 <= seconds(p.out)[0] < 3 * 3600 + 60


@pytest.mark.parametrize("uptime", ["0", "300d"])
def test_timers_and_delays(walled, uptime):
    """All that tend waits for is of the clocks inside, from their very first moment."""
    file = ini(walled.place, """
[tend]
[again]
ExecStart=sh -c 'echo again; exit 1'
Restart=on-failure
RestartSec=20ms
StartLimitBurst=3
StartLimitIntervalSec=1h
FailureAction=none
[tick]
Type=oneshot
ExecStart=echo tick
[tick.timer]
OnBootSec=30ms
OnUnitInactiveSec=30ms
""")
    p = walled(options=["--uptime", uptime, file])
    p.wait_for("^tick$", after=2)
    p.wait_for("again.service: .*too (often|quickly)|again.service: .*gives? up|again.service: .*given up")
    p.kill(15)
    assert p.wait() == 0, p.err
    assert p.out.count("again\n") == 3


def test_times_told_outside(walled):
    """Whoever asks from outside has another clock: what he is told is of the one that both have."""
    begin = time.time()
    p = walled("sh", "-c", "echo up; exec sleep inf", options=["--uptime", "100d"])
    p.wait_for("^up$")
    inner = until(p.children)[-1]
    asked = subprocess.run([*walled.who, walled.place / "tend", "status", "command", "--json", "--socket",
                            f"/proc/{inner}/root/run/systemd/private"], capture_output=True, text=True, timeout=20)
    assert asked.returncode == 0, asked.stderr
    since = json.loads(asked.stdout)["units"][0]["since"]
    assert begin - 1 <= since <= time.time() + 1


def test_no_more_to_be_had(tend):
    p = tend("run", "--isolate", "--uptime=1d", "--", "true", pid1=False, wrapper=[
        "unshare", "--user", "--map-root-user", "sh", "-c", "echo 0 >/proc/sys/user/max_time_namespaces && exec \"$@\"", "sh"])
    assert p.wait() == 71
    assert p.err == "tend: setting clocks: No space left on device\n"


REFUSE = """
import ctypes, os, struct, sys
libc = ctypes.CDLL(None)
rules = [(0x20, 0, 0, 0), (0x15, 0, 3, int(sys.argv[1])), (0x20, 0, 0, 16), (0x45, 0, 1, 0x80), (6, 0, 0, 0x50016), (6, 0, 0, 0x7fff0000)]
code = b"".join(struct.pack("HBBI", *rule) for rule in rules)
buffer = ctypes.create_string_buffer(code)
program = struct.pack("HxxxxxxP", len(rules), ctypes.addressof(buffer))
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0
os.execvp(sys.argv[2], sys.argv[2:])
"""


def test_kernel_without(tend):
    """As unshare(2) answers where there is no CONFIG_TIME_NS."""
    number = {"x86_64": 272, "aarch64": 97}.get(platform.machine())
    if not number:
        pytest.skip("the number of unshare(2) is not known here")
    p = tend("run", "--isolate", "--uptime=1d", "--", "true", pid1=False, wrapper=[*PYTHON, REFUSE, str(number)])
    assert p.wait() == 71
    assert p.err == "tend: setting clocks, which takes a kernel with CONFIG_TIME_NS: Invalid argument\n"


@pytest.mark.parametrize("word", ["infinity", "x", "-1", ""])
def test_wrong(tend, word):
    done = tend.run("run", "--isolate", f"--uptime={word}", "--", "true")
    assert done.returncode == 2 and f"tend: run: --uptime={word}: not a value it takes\n" in done.stderr


def test_too_long(walled):
    p = walled("true", options=["--uptime=1000y"])
    assert p.wait() == 71
    assert re.search("^tend: setting clocks: Numerical result out of range$", p.err, re.M)
