"""What tend tells of budgets is what the kernel says: `tend status`, `tend top` and `tend metrics` beside the files of the cgroups."""
import json
import os
import pty
import re
import signal
import subprocess
import termios

from conftest import stop, until

MIB = 1 << 20
UNITS = """
[busy]
Description=Burns, and has a child
MemoryMax=64M
TasksMax=20
CPUQuota=40%
ExecStart=sh -c 'sleep inf & while :; do :; done'
[free]
ExecStart=sleep inf
"""


def total(box, resource, who):
    """Microseconds that the busy one has waited so far."""
    return int(re.search(rf"^{who} .* total=(\d+)$", box.read(f"busy.service/{resource}.pressure"), re.M)[1])


# What the kernel's files say, by the key of `--json` and the family of the metrics that tell the same.
FILES = {
    ("memory", "unit_memory_bytes"): lambda box: int(box.read("busy.service/memory.current")),
    ("memory_peak", "unit_memory_peak_bytes"): lambda box: int(box.read("busy.service/memory.peak")),
    ("memory_max", "unit_memory_limit_bytes"): lambda box: int(box.read("busy.service/memory.max")),
    ("tasks", "unit_tasks"): lambda box: int(box.read("busy.service/pids.current")),
    ("tasks_peak", "unit_tasks_peak"): lambda box: int(box.read("busy.service/pids.peak")),
    ("tasks_max", "unit_tasks_limit"): lambda box: int(box.read("busy.service/pids.max")),
    ("cpu", "unit_cpu_seconds_total"): lambda box: box.field("busy.service/cpu.stat", "usage_usec") / 1e6,
}
SLACK = {"memory": MIB}  # the kernel counts pages by the dozen, and gives some back
PRESSURES = [(resource, who) for resource in ("cpu", "memory", "io") for who in ("some", "full")]


def ask(box, p, *words):
    done = p.enter(box.tend.path, *words)
    assert (done.returncode, done.stderr) == (0, ""), words
    return done.stdout


def metrics(text):
    """Of the busy one: values by family, and by family, resource and who waits."""
    found = {}
    for name, labels, value in re.findall(r'^tend_(\w+)\{unit="busy.service"(.*)\} (\S+)$', text, re.M):
        found[(name, *re.findall(r'"([^"]*)"', labels))] = float(value)
    return found


def test_figures(box):
    """Each lies between what the kernel has said before and after."""
    box.limit("memory.max", str(200 * MIB))
    box.limit("pids.max", "100")
    p = box.serve(UNITS)
    p.wait_for("ready")
    until(lambda: total(box, "cpu", "some") > 0 and box.read("busy.service/pids.current") == "2")
    before = {key: read(box) for key, read in FILES.items()}, {key: total(box, *key) for key in PRESSURES}
    answer = json.loads(ask(box, p, "status", "--json"))
    page = metrics(ask(box, p, "metrics"))
    after = {key: read(box) for key, read in FILES.items()}, {key: total(box, *key) for key in PRESSURES}

    busy, free = answer["units"]
    for (key, family), least in before[0].items():
        slack = SLACK.get(key, 0)
        for told in busy[key], page[(family,)]:
            assert least - slack <= told <= after[0][(key, family)] + slack, key
    for (resource, who), least in before[1].items():
        assert least <= round(page[("unit_pressure_seconds_total", resource, who)] * 1e6) <= after[1][(resource, who)], (resource, who)
    assert after[1][("cpu", "some")] > 0 and page[("unit_cpu_limit_ratio",)] == 0.4 and busy["cpu_max"] == 40
    assert (busy["memory_max"], busy["tasks_max"], busy["tasks"]) == (64 * MIB, 20, 2)
    assert busy["cgroup"] == "busy.service" and busy["measured"] == free["measured"] == "cgroup"
    assert {key: page[("unit_limit_kept", key, "kernel")] for key in ("memory", "tasks", "cpu")} == dict.fromkeys(("memory", "tasks", "cpu"), 1)
    assert (free["memory_max"], free["memory_tier"]) == (None, "")
    container = answer["container"]
    assert container["tier"] == "kernel" and container["memory_max"] == 200 * MIB and container["tasks_max"] == 100
    assert container["memory"] > busy["memory"] / 2
    stop(p)


def picture(box, p):
    """One of `tend top`, as a terminal of 100 columns has it."""
    fd, slave = pty.openpty()
    termios.tcsetwinsize(slave, (8, 100))
    words = ["nsenter", "--target", str(p.pid), "--mount", "--pid", "--cgroup", box.tend.path, "top", "--interval", "500ms"]
    with subprocess.Popen(words, stdin=slave, stdout=slave, stderr=slave, env={"TERM": "xterm"}) as top:
        os.close(slave)
        text = ""
        while not (found := re.search(r"busy [^\n]*[1-9]\.\d%[^\n]*", text)):
            text += os.read(fd, 65536).decode()
        os.write(fd, b"q")
        until(lambda: top.poll() is not None)
    os.close(fd)
    return found[0]


def test_tables(box):
    """What the kernel keeps has no mark behind it, and a line for each is not needed."""
    p = box.serve(UNITS)
    p.wait_for("ready")
    until(lambda: box.field("busy.service/cpu.stat", "usage_usec") > 0)
    lines = ask(box, p, "status").splitlines()
    assert re.match(r"UNIT +STATE +SINCE +PID +RST +MEMORY +CPU$", lines[1]) and len(lines) == 4
    assert re.match(r"busy +running +\S+ +\d+ +0 +\d[\d.]*[KM]/64M +\d[\d.]*m?s/40%$", lines[2]), lines
    assert re.match(r"free +running +\S+ +\d+ +0 +\d[\d.]*[KM] +\d+ms$", lines[3]), lines
    one = ask(box, p, "status", "busy")
    for setting in "MemoryMax=64M", "TasksMax=20", "CPUQuota=40%":
        assert re.search(rf"; {setting}, kept by the kernel$", one, re.M), one
    share, memory = re.search(r" (\d+\.\d)% +(\S+)", picture(box, p)).groups()
    assert float(share) < 60 and re.fullmatch(r"\d[\d.]*[KM]/64M", memory)
    stop(p)


WORKERS = """
import os, sys, time
while not os.path.exists(sys.argv[1]):
    time.sleep(0.01)
for _ in range(2):
    if os.fork() == 0:
        a = []
        while True:
            a.append(bytearray(1 << 20))
    os.wait()
time.sleep(10000)
"""


def test_processes_that_the_kernel_has_ended(box, tmp_path):
    """Each is counted, also where tend hears of two at once, the service goes on, or its cgroup is a new one."""
    (tmp_path / "workers.py").write_text(WORKERS)
    p = box.serve(f"[a]\nMemoryMax=30M\nMemorySwapMax=0\nOOMPolicy=continue\nExecStart=/usr/bin/python3 -IS {tmp_path}/workers.py {tmp_path}/go\n")
    told = lambda: json.loads(ask(box, p, "status", "--json"))["units"][0]["oom_kills"]
    p.wait_for("ready")
    p.kill(signal.SIGSTOP)
    (tmp_path / "go").touch()
    until(lambda: box.field("a.service/memory.events", "oom_kill") == 2)
    p.kill(signal.SIGCONT)
    until(lambda: told() == 2)
    assert re.search(r'^tend_unit_oom_kills_total\{unit="a.service"\} 2$', ask(box, p, "metrics"), re.M)
    ask(box, p, "restart", "a")
    until(lambda: told() == 4)
    stop(p)
