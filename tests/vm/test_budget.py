"""Budgets, kept by the kernel: each service in a cgroup of its own."""
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest
from conftest import ini, stop, until

MIB = 1 << 20
# Holds that many MiB, and says so.
HOLD = "import sys, time; a = bytearray(int(sys.argv[1]) << 20); print('holds', flush=True); time.sleep(10000)"
BURN = "while :; do :; done"


def python(directory, text, name="service.py"):
    """The command line of a program in Python."""
    (directory / name).write_text(text)
    return f"/usr/bin/python3 -IS {directory / name}"


def cpu_of(box, group):
    return box.field(f"{group}/cpu.stat", "usage_usec")


# ---- the tree ----------------------------------------------------------------------------------------------------

def test_each_service_has_a_cgroup(box):
    p = box.serve("[a]\nExecStart=sleep inf\n[b]\nSlice=w-x.slice\nExecStart=sh -c 'cat /proc/self/cgroup; exec sleep inf'\n")
    assert p.wait_for(r"^0::(.*)$")[1] == "/w.slice/w-x.slice/b.service"
    p.wait_for("ready: 2 of 2")
    assert box.groups() == ["a.service", "init.scope", "w.slice", "w.slice/w-x.slice", "w.slice/w-x.slice/b.service"]
    assert box.read("cgroup.procs") == "" and len(box.pids("init.scope")) == 1
    assert box.read("cgroup.subtree_control") == ""  # nobody has asked for anything
    assert stop(p) == 0
    assert box.groups() == []


def test_only_what_is_asked_for_is_divided(box):
    p = box.serve("[a]\nTasksMax=7\nSlice=w.slice\nExecStart=sleep inf\n")
    p.wait_for("ready")
    assert box.read("cgroup.subtree_control") == box.read("w.slice/cgroup.subtree_control") == "pids"
    assert box.read("w.slice/a.service/pids.max") == "7"


def test_what_an_earlier_run_has_left_goes(box):
    (box.path / "old.service").mkdir()
    (box.path / "w.slice").mkdir()
    (box.path / "w.slice" / "older.service").mkdir()
    p = box.serve("[a]\nExecStart=sleep inf\n")
    p.wait_for("ready")
    assert box.groups() == ["a.service", "init.scope"]


def test_who_lives_in_what_an_earlier_run_has_left_is_killed(box):
    """A service of that name has a new one, with no limits of the old."""
    (box.path / "a.service").mkdir()
    was = (box.path / "a.service").stat().st_ino
    old = subprocess.Popen(["sleep", "inf"])
    (box.path / "a.service" / "cgroup.procs").write_text(str(old.pid))
    p = box.serve("[a]\nExecStart=sleep inf\n")
    p.wait_for("killed what an earlier run has left in the cgroup a.service")
    assert old.wait() == -signal.SIGKILL
    p.wait_for("ready")
    assert (box.path / "a.service").stat().st_ino != was and len(box.pids("a.service")) == 1
    assert stop(p) == 0
    assert box.groups() == []


# ---- a cgroup handed over ----------------------------------------------------------------------------------------

DIVIDE = """
import os, time
own = '/sys/fs/cgroup/a.service'
def write(file, text):
    with open(f'{own}/{file}', 'w') as f:
        f.write(text)
os.mkdir(f'{own}/sub')
write('sub/cgroup.procs', '0')
write('cgroup.subtree_control', '+pids')
write('sub/pids.max', '5')
try:
    write('pids.max', 'max')
    print('its own limit is not its own', flush=True)
except PermissionError:
    print('divided', os.getuid(), flush=True)
time.sleep(10000)
"""


def test_delegated_cgroup_is_its_users_to_divide(box, tmp_path):
    for path in tmp_path, *tmp_path.parents[:2]:
        path.chmod(0o755)
    p = box.serve("[a]\nUser=nobody\nDelegate=pids\nTasksMax=20\nRestart=always\nRestartSec=0\n"
                  f"ExecStart={python(tmp_path, DIVIDE)}\nExecStop=cat /proc/self/cgroup\n"
                  "[b]\nUser=nobody\nRestart=no\nFailureAction=none\nExecStart=mkdir /sys/fs/cgroup/b.service/sub\n")
    p.wait_for("^divided 65534$")
    p.wait_for("Permission denied")
    assert box.read("a.service/sub/pids.max") == "5" and box.read("a.service/pids.max") == "20"
    assert (box.path / "a.service").stat().st_uid == (box.path / "a.service/sub").stat().st_uid == 65534
    assert (box.path / "a.service/pids.max").stat().st_uid == 0
    os.kill(box.pids("a.service/sub")[0], signal.SIGKILL)
    p.wait_for("^divided 65534$", after=1)  # it finds the cgroup as it was at first
    assert len(box.pids("a.service/sub")) == 1
    stop(p)
    assert p.wait_for("^0::(.*)$")[1] == "/a.service/.control"
    assert box.groups() == []


# ---- the end -----------------------------------------------------------------------------------------------------

def test_who_shakes_off_all_marks_dies_with_its_service(box):
    """Another session, an empty environment, no parent: the cgroup holds it all the same."""
    p = box.serve("[a]\nExecStart=sh -c '(env -i setsid sleep 7777 &); echo up; exec sleep inf'\nRestart=always\nRestartSec=0\n")
    p.wait_for("^up$")
    first = until(lambda: len(box.pids("a.service")) == 2 and box.pids("a.service"))
    p.wait_for("started, pid")
    main = until(lambda: [pid for pid in first if p.proc("cmdline", pid) == "sleep\0inf\0"])[0]
    os.kill(main, signal.SIGKILL)
    p.wait_for("^up$", after=1)
    again = until(lambda: len(box.pids("a.service")) == 2 and box.pids("a.service"))
    assert not set(first) & set(again)
    assert stop(p) == 0


BOMB = """
import os, time
while True:
    try:
        if os.fork() == 0:
            os.setsid()
    except OSError:
        time.sleep(0.01)
"""


def test_fork_bomb_stays_in_its_box(box, tmp_path):
    p = box.serve("[b]\nExecStart=sh -c 'echo up; exec sleep inf'\n"
                  f"[a]\nTasksMax=50\nTimeoutStopSec=300ms\nExecStart={python(tmp_path, BOMB)}\n")
    p.wait_for("ready: 2 of 2")
    until(lambda: box.read("a.service/pids.current") == "50")
    assert len(box.pids("b.service")) == 1
    began = time.monotonic()
    stop(p)
    assert time.monotonic() - began < 1
    assert box.groups() == [] and box.pids() == []


@pytest.mark.limit(180)
def test_five_hundred_services_leave_nothing(box):
    p = box.serve("[tend]\nStopBudget=60s\n[a@]\nInstances=500\nMemoryMax=20M\nTasksMax=10\nExecStart=sleep inf\n")
    p.wait_for("ready: 500 of 500", seconds=90)
    assert len(box.groups()) == 501
    p.kill(signal.SIGTERM)
    assert p.wait(90) == 0
    assert box.groups() == []


def test_probe_is_none_of_the_service(box, tmp_path):
    """It is in tend's own cgroup, where the unit's limits of a process bound it."""
    p = box.serve("[a]\nTasksMax=1\nLimitNOFILE=77\nExecStart=sleep inf\nHealthInterval=100ms\nHealthAction=none\n"
                  f"HealthCheck=exec:sh -c 'cat /proc/self/cgroup >{tmp_path}/seen; ulimit -n >>{tmp_path}/seen'\n")
    p.wait_for("a.service: healthy")
    assert (tmp_path / "seen").read_text() == "0::/init.scope\n77\n"
    assert stop(p) == 0


# ---- memory ------------------------------------------------------------------------------------------------------

def test_memory_hog_dies_alone_and_comes_back(box, tmp_path):
    hog = python(tmp_path, "print('hog', flush=True)\na = []\nwhile True: a.append(bytearray(1 << 20))\n")
    p = box.serve("[b]\nExecStart=sh -c 'while sleep 0.05; do echo beat; done'\n"
                  f"[a]\nMemoryMax=30M\nMemorySwapMax=0\nRestartSec=10ms\nRestart=on-failure\nExecStart={hog}\n")
    p.wait_for("^hog$", after=1)
    p.wait_for(r"a.service: the kernel has ended a process: it has used up its MemoryMax=")
    p.wait_for(r"a.service: ran out of memory; starts again in 10ms \(it ran out of memory, restart 1\)")
    before = p.out.count("beat")
    until(lambda: p.out.count("beat") > before + 3)
    assert "b.service: was" not in p.err and box.field("b.service/memory.events", "oom_kill") == 0


WORKER = """
import os, time
if os.fork() == 0:
    a = []
    while True:
        a.append(bytearray(1 << 20))
os.wait()
print('worker gone', flush=True)
time.sleep(10000)
"""


def test_oom_of_a_worker_stops_the_service(box, tmp_path):
    p = box.serve(f"[a]\nMemoryMax=30M\nMemorySwapMax=0\nRestart=no\nExecStart={python(tmp_path, WORKER)}\n"
                  "ExecStopPost=sh -c 'echo result $SERVICE_RESULT'\n")
    p.wait_for("^result oom-kill$")
    assert p.wait() != 0


def test_oom_of_a_worker_may_be_its_own_business(box, tmp_path):
    p = box.serve(f"[a]\nMemoryMax=30M\nMemorySwapMax=0\nOOMPolicy=continue\nExecStart={python(tmp_path, WORKER)}\n")
    p.wait_for("^worker gone$")
    p.wait_for("it has used up its MemoryMax=")
    assert len(box.pids("a.service")) == 1
    assert stop(p) == 0


def test_oom_policy_kill_takes_all_of_it(box, tmp_path):
    p = box.serve(f"[a]\nMemoryMax=30M\nMemorySwapMax=0\nOOMPolicy=kill\nRestart=no\nExecStart={python(tmp_path, WORKER)}\n"
                  "ExecStopPost=sh -c 'echo result $SERVICE_RESULT'\n")
    p.wait_for("^result oom-kill$")
    assert "worker gone" not in p.out


def test_memory_high_slows_it_down(box, tmp_path):
    p = box.serve(f"[a]\nMemoryHigh=20M\nMemorySwapMax=0\nExecStart={python(tmp_path, HOLD)} 60\n")
    until(lambda: box.field("a.service/memory.events", "high") > 0)
    until(lambda: int(re.search(r"some .* total=(\d+)", box.read("a.service/memory.pressure"))[1]) > 100000)
    assert box.field("a.service/memory.events", "oom_kill") == 0


def test_less_memory_by_reload_bites_at_once(box, tmp_path):
    text = f"[a]\nMemoryMax={{}}\nMemorySwapMax=0\nRestart=no\nExecStart={python(tmp_path, HOLD)} 60\n[b]\nExecStart=sleep inf\n"
    p = box.serve(text.format("200M"))
    p.wait_for("^holds$")
    ini(box.tend.directory, text.format("300M"))
    p.kill(signal.SIGHUP)
    p.wait_for("a.service: what can change while it runs has changed")
    until(lambda: box.read("a.service/memory.max") == str(300 * MIB))
    assert p.out.count("holds") == 1
    ini(box.tend.directory, text.format("30M"))
    p.kill(signal.SIGHUP)
    p.wait_for("a.service: ran out of memory")
    assert "restarting it" not in p.err


def test_slices_share(box, tmp_path):
    """Each fits alone, and both together do not."""
    hold = python(tmp_path, HOLD)
    p = box.serve("[w.slice]\nMemoryMax=60M\nMemorySwapMax=0\n"
                  f"[a]\nSlice=w.slice\nRestart=no\nFailureAction=none\nExecStart={hold} 35\n[c]\nExecStart={hold} 70\n"
                  f"[b]\nSlice=w.slice\nRestart=no\nFailureAction=none\nAfter=a\nExecStart={hold} 35\n")
    p.wait_for(r"[ab].service: the kernel has ended a process: its slice is out of memory")
    p.wait_for(r"[ab].service: ran out of memory")
    assert box.field("w.slice/memory.events", "oom_kill") >= 1
    until(lambda: box.pids("c.service"))


GROW = "a = []\nwhile True: a.append(b'x' * (1 << 20))"


def test_the_containers_own_limit(box, tmp_path):
    """Services die of it in the order of OOMScoreAdjust=, and are not blamed for a limit that they have not got."""
    box.limit("memory.max", "120M")
    box.limit("memory.swap.max", "0")
    hold, mortal = python(tmp_path, HOLD), "Restart=no\nFailureAction=none\n"
    p = box.serve(f"[small]\n{mortal}OOMScoreAdjust=1000\nTasksMax=10\nExecStart={hold} 5\n"
                  f"[middle]\n{mortal}OOMScoreAdjust=800\nExecStart={hold} 10\n"
                  f"[spared]\nOOMScoreAdjust=-900\nExecStart={hold} 20\n"
                  "[b]\nExecStart=sh -c 'while sleep 0.05; do echo beat; done'\n"
                  f"[hog]\n{mortal}ExecStart={python(tmp_path, GROW, 'grow.py')}\n"
                  f"ExecStartPre=sh -c 'until [ -e {tmp_path}/go ]; do sleep 0.05; done'\n")
    p.wait_for("^holds$", after=2)
    (tmp_path / "go").touch()
    p.wait_for("hog.service: the kernel has ended a process")
    said = re.findall(r"(\w+).service: the kernel has ended a process: (.*)", p.err)
    assert said == [(name, "the container is out of memory") for name in ("small", "middle", "hog")]
    before = p.out.count("beat")
    until(lambda: p.out.count("beat") > before + 3)
    assert len(box.pids("spared.service")) == 1
    assert stop(p) == 0


def test_who_is_to_be_spared_is_not_spared_at_the_cost_of_pid_1(box, tmp_path):
    box.limit("memory.max", "60M")
    box.limit("memory.swap.max", "0")
    p = box.serve(f"[a]\nRestart=no\nFailureAction=none\nOOMScoreAdjust=-900\nExecStart={python(tmp_path, GROW)}\n"
                  "[b]\nOOMScoreAdjust=-950\nExecStart=sleep inf\n[c]\nExecStart=sleep inf\n")
    p.wait_for("a.service: the kernel has ended a process: the container is out of memory")
    score = {group: pathlib.Path(f"/proc/{box.pids(group)[0]}/oom_score_adj").read_text() for group in ("init.scope", "b.service", "c.service")}
    assert score == {"init.scope": "-1000\n", "b.service": "-950\n", "c.service": "0\n"}
    assert stop(p) == 0


# It makes its hog by vfork(2): pages that it had to copy would be charged to it, and it be slowed down itself.
WATCHER = """
import base64, os, select, subprocess, sys
if sys.argv[1:]:
    a = bytearray(60 << 20)
    a[::4096] = a[::4096]
    select.select([], [], [])
fd = os.open(os.environ['MEMORY_PRESSURE_WATCH'], os.O_RDWR | os.O_NONBLOCK)
os.write(fd, base64.b64decode(os.environ['MEMORY_PRESSURE_WRITE']))
poll = select.poll()
poll.register(fd, select.POLLPRI)
print('watching', os.environ['MEMORY_PRESSURE_WATCH'], os.getuid(), flush=True)
hog = subprocess.Popen([sys.executable, '-IS', sys.argv[0], 'hog'])
print('pressed', poll.poll() == [(fd, select.POLLPRI)], flush=True)
hog.kill()
hog.wait()
print('relieved', flush=True)
select.select([], [], [])
"""


def test_service_hears_that_memory_is_short(box, tmp_path):
    """By systemd's protocol, as an ordinary user. What presses is taken back, and it lives on."""
    for path in tmp_path, *tmp_path.parents[:2]:
        path.chmod(0o755)
    p = box.serve("[a]\nUser=nobody\nSlice=w.slice\nMemoryHigh=20M\nMemorySwapMax=0\nMemoryPressureThresholdSec=50ms\n"
                  f"ExecStart={python(tmp_path, WATCHER)}\n[b]\nMemoryMax=1G\nMemoryPressureWatch=skip\nExecStart=sh -c 'env; echo end'\n")
    p.wait_for("^watching /sys/fs/cgroup/w.slice/a.service/memory.pressure 65534$")
    p.wait_for("^pressed True$", seconds=50)
    p.wait_for("^relieved$")
    p.wait_for("^end$")
    assert "MEMORY_PRESSURE" not in p.out.replace("watching", "")
    assert len(box.pids("w.slice/a.service")) == 1


def test_what_it_cannot_hear_is_said(box):
    box.mount = "ro"
    text = "[a]\nMemoryPressureWatch=yes\nExecStart=sh -c 'echo watch ${{MEMORY_PRESSURE_WATCH:-nothing}}; exec sleep inf'\n"
    p = box.serve(text.format())
    p.wait_for("a.service: MemoryPressureWatch= is not carried out: services see /sys/fs/cgroup read-only")
    p.wait_for("^watch nothing$")


# ---- processors --------------------------------------------------------------------------------------------------

def test_cpu_quota(box):
    p = box.serve(f"[a]\nCPUQuota=20%\nExecStart=sh -c '{BURN}'\n")
    p.wait_for("started")
    time.sleep(0.2)
    used, began = cpu_of(box, "a.service"), time.monotonic()
    time.sleep(5)
    share = (cpu_of(box, "a.service") - used) / (time.monotonic() - began) / 1e6
    assert 0.17 < share < 0.23


def test_cpu_weight(box):
    p = box.serve(f"[a]\nAllowedCPUs=0\nCPUWeight=100\nExecStart=sh -c '{BURN}'\n[b]\nAllowedCPUs=0\nCPUWeight=300\nExecStart=sh -c '{BURN}'\n")
    p.wait_for("ready: 2 of 2")
    a, b = cpu_of(box, "a.service"), cpu_of(box, "b.service")
    time.sleep(5)
    assert 2.7 < (cpu_of(box, "b.service") - b) / (cpu_of(box, "a.service") - a) < 3.3


# ---- disks -------------------------------------------------------------------------------------------------------

WRITE = """
import mmap, os, time
fd = os.open('/lab/scratch', os.O_WRONLY | os.O_CREAT | os.O_DIRECT)
block = mmap.mmap(-1, 1 << 18)
n, began = 0, time.monotonic()
while True:
    os.pwrite(fd, block, (n % 32) << 18)
    n += 1
    if n == 4:
        began, first = time.monotonic(), n
    if n > 4 and time.monotonic() - began > 4:
        print('rate', int(((n - first) << 18) / (time.monotonic() - began)), flush=True)
        time.sleep(10000)
"""


@pytest.mark.real_time
def test_write_bandwidth(box, tmp_path):
    """The disk is found by a path on it."""
    p = box.serve(f"[a]\nIOWriteBandwidthMax=/lab 4M\nExecStart={python(tmp_path, WRITE)}\n")
    rate = int(p.wait_for(r"^rate (\d+)$", seconds=40)[1])
    assert 3.6e6 < rate < 4.4e6


# ---- how far it can be kept --------------------------------------------------------------------------------------

def test_read_only_with_the_right_to_mount(box):
    """A mount of its own, which the services do not see."""
    box.mount = "ro"
    p = box.serve("[a]\nTasksMax=9\nExecStart=sh -c 'mkdir /sys/fs/cgroup/x; echo done; exec sleep inf'\n")
    p.wait_for("^done$")
    p.wait_for("Read-only file system")
    assert box.read("a.service/pids.max") == "9"
    assert "not enforced" not in p.err


UNPRIVILEGED = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"]


def test_read_only_without_it_says_so(box):
    box.mount = "ro"
    box.wrapper = UNPRIVILEGED
    p = box.serve("[a]\nTasksMax=9\nMemoryMax=1G\nExecStart=sleep inf\n[b]\nExecStart=sleep inf\n", add_env={"container": "podman"})
    p.wait_for(r"a.service: MemoryMax=, TasksMax= kept by samples alone: /sys/fs/cgroup is mounted read-only; what makes it work: "
               "podman run --security-opt unmask=/sys/fs/cgroup")
    p.wait_for("ready: 2 of 2")
    assert "b.service: " not in "".join(line for line in p.err.splitlines() if "kept by" in line)


# Sheds descent and session, then does what it does; says when it begins to be over its limit.
SHED = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    os.setsid() if os.getsid(0) != os.getpid() else None
    WORK
os.wait()
time.sleep(10000)
"""
OVER = {
    "MemoryMax=40M": "a = b'x' * (20 << 20)\n    print('over', time.monotonic(), flush=True)\n    a *= 3\n    time.sleep(10000)",
    "TasksMax=10": "print('over', time.monotonic(), flush=True)\n" + BOMB.replace("import os, time", "").replace("\n", "\n    "),
}


def named(box, word):
    """Which processes of the container have that in their command lines?"""
    found = []
    for pid in box.pids():
        try:
            if word in pathlib.Path(f"/proc/{pid}/cmdline").read_text():
                found.append(pid)
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


@pytest.mark.parametrize("limit", OVER)
def test_read_only_keeps_them_by_samples_within_a_second(box, tmp_path, limit):
    """Of the moment in which it goes over its limit, with all that it has made."""
    box.mount = "ro"
    box.wrapper = UNPRIVILEGED
    script = python(tmp_path, SHED.replace("WORK", OVER[limit]), "over.py")
    p = box.serve(f"[a]\n{limit}\nRestart=no\nFailureAction=none\nExecStart={script}\n"
                  f"[b]\n{limit}\nExecStart=sh -c 'while sleep 0.05; do echo beat; done'\n")
    began = float(p.wait_for(r"^over (\S+)$")[1])
    until(lambda: not named(box, "over.py"))
    took = time.monotonic() - began
    p.wait_for("a.service: ran out of memory")
    assert took < 1
    before = p.out.count("beat")
    until(lambda: p.out.count("beat") > before + 3)
    assert stop(p) == 0


def test_who_requires_it_does_not_start_without(box):
    box.mount = "ro"
    box.wrapper = UNPRIVILEGED
    p = box.serve("[a]\nTasksMax=9\nBudgetPolicy=require\nRestart=no\nExecStart=sleep inf\n", add_env={"container": "podman"})
    assert p.wait() == 219
    why, hint = "/sys/fs/cgroup is mounted read-only", "; what makes it work: podman run --security-opt unmask=/sys/fs/cgroup"
    assert f"a.service: TasksMax= not enforced, so that it will not start (BudgetPolicy=require): {why}{hint}" in p.err
    assert ("a.service: keeping its budget: " + why + ": with BudgetPolicy=require it starts only where the kernel keeps all of it" + hint
            in p.err)
    assert "kept by samples" not in p.err


def test_who_requires_it_starts_with_it(box):
    p = box.serve("[a]\nTasksMax=9\nBudgetPolicy=require\nExecStart=sleep inf\n")
    p.wait_for("ready: 1 of 1")


SHOWN = "[a]\nMemoryMax=50%\nTasksMax=9\nIOWeight=7\nExecStart=sh -c '{} show {} a --changed; exec sleep inf'\n"


def shown(text):
    """Of what `tend show` prints, how each setting is kept."""
    return dict(re.findall(r"^  (\w+)=\S+ +\S+:\d+, (.*)$", text, re.M))


def test_show_says_how_each_is_kept(box):
    """As PID 1, before anything is taken over, and beside a PID 1 that has done it."""
    box.limit("memory.max", str(200 * MIB))
    wanted = {"MemoryMax": "100.0 MiB here, kept by the kernel", "TasksMax": "kept by the kernel", "IOWeight": "kept by the kernel"}
    where = ini(box.tend.directory, SHOWN.format(box.tend.path, box.tend.directory / "tend.ini"))
    p = box("show", where, "a", "--changed")
    assert p.wait() == 0 and shown(p.out) == wanted
    p = box("run", where)
    p.wait_for("^  TasksMax=9 .*$")
    until(lambda: shown(p.out) == wanted)
    assert "not kept" not in p.out


def test_show_says_why_it_is_not_kept(box):
    box.mount = "ro"
    box.wrapper = UNPRIVILEGED
    where = ini(box.tend.directory, SHOWN)
    p = box("show", where, "a", "--changed", add_env={"container": "podman"})
    assert p.wait() == 0
    assert shown(p.out)["TasksMax"] == "kept by samples alone" and shown(p.out)["IOWeight"] == "not kept"
    assert "  not kept by the kernel here: /sys/fs/cgroup is mounted read-only; what makes it so: podman run --security-opt unmask" in p.out


# ---- what fits ---------------------------------------------------------------------------------------------------

def test_check_knows_what_the_container_has(box):
    box.limit("memory.max", str(100 * MIB))
    box.limit("pids.max", "400")
    box.limit("cpu.max", "45000 50000")
    text = "[a]\nExecStart=sleep inf\nMemoryMax={}\nTasksMax={}\nCPUQuota={}\n[b]\nExecStart=sleep inf\nMemoryMax=60M\nTasksMax=50%\nCPUQuota=60%\n"
    p = box("check", ini(box.tend.directory, text.format("40M", "200", "30%")))
    assert p.wait() == 0 and "no problem" in p.out
    p = box("check", ini(box.tend.directory, text.format("50M", "201", "31%")))
    assert p.wait() == 1
    assert "MemoryMax= adds up to 110.0 MiB, and the container has 100.0 MiB: 10.0 MiB too much; the largest of 2 is b.service" in p.out
    assert "TasksMax= adds up to 401, and the container has 400: 1 too much" in p.out
    assert "CPUQuota= adds up to 91%, and the container has 90%: 1% too much" in p.out


# ---- set while it runs -------------------------------------------------------------------------------------------

# What is set, and which file says what then.
SET = [
    ("MemoryMax=64M", "memory.max", str(64 * MIB)),
    ("MemoryMax=50%", "memory.max", str(100 * MIB)),
    ("MemoryHigh=32M", "memory.high", str(32 * MIB)),
    ("TasksMax=44", "pids.max", "44"),
    ("CPUQuota=20%", "cpu.max", "20000 100000"),
    ("CPUWeight=300", "cpu.weight", "300"),
    ("AllowedCPUs=0", "cpuset.cpus", "0"),
    ("MemoryMax=infinity", "memory.max", "max"),
]


def test_what_is_set_reaches_the_kernel_at_once(box):
    """Also of a controller that nobody has asked for before, in a slice; and it stays over a reload."""
    box.limit("memory.max", str(200 * MIB))
    p = box.serve("[a]\nSlice=w.slice\nExecStart=sleep inf\n[b]\nExecStart=sleep inf\n")
    p.wait_for("ready")
    pid = box.pids("w.slice/a.service")
    assert box.read("w.slice/cgroup.subtree_control") == ""
    for words, file, value in SET:
        done = p.enter(box.tend.path, "set", "a", words)
        assert done.returncode == 0, (words, done)
        assert box.read(f"w.slice/a.service/{file}") == value, words
    p.enter("kill", "-HUP", "1")
    p.wait_for("reloading: ")
    assert box.read("w.slice/a.service/pids.max") == "44" and box.read("b.service/pids.max") == "max"
    assert box.pids("w.slice/a.service") == pid
    stop(p)


def test_what_is_set_is_enforced(box, tmp_path):
    p = box.serve(f"[a]\nMemorySwapMax=0\nRestart=no\nFailureAction=none\nExecStart={python(tmp_path, HOLD)} 30\n[b]\nExecStart=sleep inf\n")
    p.wait_for("holds")
    assert p.enter(box.tend.path, "set", "a", "MemoryMax=10M").returncode == 0
    p.wait_for("a.service: ran out of memory")
    stop(p)


def test_slices_are_set_while_their_units_run(box):
    """One that a section says something of, and one that is nothing but a name; it stays over a reload."""
    p = box.serve("[w.slice]\nTasksMax=50\n[a]\nSlice=w-x.slice\nExecStart=sleep inf\n[b]\nSlice=v.slice\nExecStart=sleep inf\n")
    p.wait_for("ready: ")
    assert box.read("w.slice/pids.max") == "50"
    slices = {"w.slice": "w.slice", "w-x.slice": "w.slice/w-x.slice"}
    for name, path in slices.items():
        done = p.enter(box.tend.path, "set", name, "MemoryMax=50M", "TasksMax=44", "CPUWeight=20")
        assert done.returncode == 0, done
        assert [box.read(f"{path}/{file}") for file in ("memory.max", "pids.max", "cpu.weight")] == [str(50 * MIB), "44", "20"]
    assert box.read("v.slice/pids.max") == "max"
    p.enter("kill", "-HUP", "1")
    p.wait_for("reloading: ")
    assert [box.read(f"{path}/pids.max") for path in slices.values()] == ["44", "44"]
    stop(p)
