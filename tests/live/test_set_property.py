"""systemctl set-property: budgets that are changed while their services run, until the container ends or for good."""
import pathlib
import re
import shutil

import pytest
from conftest import PYTHON, stop, until
from test_systemctl import Container

pytestmark = pytest.mark.skipif(not shutil.which("systemctl"), reason="systemctl (package systemd) is not installed")

# What is left for good is the test's own.
OWN_ETC = ["sh", "-c", 'mount -t tmpfs none /etc/systemd && mkdir /etc/systemd/system && exec "$@"', "sh"]
CONTROL = "etc/systemd/system.control"

# Takes 5 MiB more whenever a file of that number is there.
GROW = """
import os, time
a = []
while True:
    if os.path.exists(f'go{len(a)}'):
        a.append(bytearray(os.urandom(5 << 20)))
        print('has', 5 * len(a), flush=True)
    time.sleep(0.01)
"""


@pytest.fixture
def container(tend):
    def make(text, *args, **options):
        p = tend.serve(text, *args, wrapper=OWN_ETC, **options)
        p.wait_for("ready: ")
        return Container(p)
    return make


@pytest.fixture
def samples():
    """What a test that needs the budgets to be kept by samples skips for."""
    control = pathlib.Path("/sys/fs/cgroup/cgroup.controllers")
    if control.exists() and "memory" in control.read_text() and pathlib.Path("/sys/fs/cgroup/cgroup.subtree_control").exists():
        pytest.skip("cgroup v2 keeps budgets here: see tests/vm")


def inside(c, path):
    return pathlib.Path(f"/proc/{c.tend.pid}/root/{path}")


WEB = "[web]\nExecStart=sleep inf\n"


def test_limits_count_at_once(container, samples, tmp_path):
    """A service that runs is held to what is set, and let go on when it is set anew."""
    (tmp_path / "grow.py").write_text(GROW)
    c = container(f"[web]\nWorkingDirectory={tmp_path}\nExecStart={PYTHON[0]} -IS grow.py\nRestart=no\nFailureAction=none\n{WEB.replace('web', 'other')}")
    assert c.ctl("set-property", "--runtime", "web", "MemoryMax=400M").returncode == 0
    (tmp_path / "go0").touch()
    c.tend.wait_for("^has 5$")
    assert c.ctl("is-active", "web").stdout == "active\n"
    assert c.ctl("set-property", "--runtime", "web", "MemoryMax=5M").returncode == 0
    c.tend.wait_for(r"web.service: it has [\d.]+ MiB of memory, over its MemoryMax= of 5\.0 MiB")
    c.wait_until("web", "failed")
    assert c.show("web", "Result") == "oom-kill"
    stop(c.tend)


# How it is asked for, which property it is, what that says.
SET = [
    ("MemoryMax=200M", "MemoryMax", str(200 << 20)),
    ("MemoryMax=infinity", "MemoryMax", "infinity"),
    ("TasksMax=44", "TasksMax", "44"),
    ("CPUWeight=250", "CPUWeight", "250"),
    ("CPUWeight=idle", "CPUWeight", "idle"),
    ("AllowedCPUs=0", "AllowedCPUs", "0"),
]


def test_what_is_shown(container):
    c = container(WEB)
    for words, name, value in SET:
        done = c.ctl("set-property", "--runtime", "web", words)
        assert done.returncode == 0, done
        shown = c.show("web", name)
        assert shown == value or (name == "CPUWeight" and (value, shown) == ("idle", "0")), words  # 252 has no word for it
    assert c.ctl("set-property", "--runtime", "web", "MemoryMax=50%", "TasksMax=50%").returncode == 0
    whole = int(c.show("web", "MemoryMax")) * 2
    assert c.ctl("set-property", "--runtime", "web", "MemoryMax=25%").returncode == 0
    assert abs(int(c.show("web", "MemoryMax")) - whole // 4) < 4096
    assert not inside(c, CONTROL).exists()
    stop(c.tend)


def test_until_the_container_ends(container):
    """What is set with --runtime outlives a reload, and no file says it."""
    c = container(WEB + "MemoryMax=100M\n")
    pid = c.show("web", "MainPID")
    assert c.ctl("set-property", "--runtime", "web", "MemoryMax=150M").returncode == 0
    assert c.ctl("daemon-reload").returncode == 0
    assert (c.show("web", "MemoryMax"), c.show("web", "MainPID")) == (str(150 << 20), pid)
    assert not inside(c, CONTROL).exists()
    stop(c.tend)


def test_for_good(container, tend):
    """A drop-in, as systemd writes it, for a section of tend.ini and for a unit file; it counts at the next start too."""
    c = container(WEB + "MemoryMax=100M\nTasksMax=99\n")
    inside(c, "etc/systemd/system/file.service").write_text("[Service]\nExecStart=sleep inf\n")
    assert c.ctl("start", "file").returncode == 0
    for unit in ("web", "file"):
        assert c.ctl("set-property", "--runtime", unit, "MemoryMax=3G").returncode == 0
        done = c.ctl("set-property", unit, "MemoryMax=150M", "CPUWeight=50")
        assert done.returncode == 0, done
        assert c.show(unit, "MemoryMax") == str(150 << 20)
        text = (inside(c, CONTROL) / f"{unit}.service.d/50-MemoryMax.conf").read_text()
        assert text == ('# This is a drop-in unit file extension, created via "systemctl set-property"\n# or an equivalent operation. Do not edit.\n'
                        f"[Service]\nMemoryMax={150 << 20}\n")
    pids = c.show("web", "MainPID"), c.show("file", "MainPID")
    assert c.ctl("daemon-reload").returncode == 0
    for unit in ("web", "file"):
        assert (c.show(unit, "MemoryMax"), c.show(unit, "CPUWeight")) == (str(150 << 20), "50")
    assert (c.show("web", "MainPID"), c.show("file", "MainPID")) == pids and c.show("web", "TasksMax") == "99"
    assert c.show("file", "DropInPaths") == " ".join(f"/{CONTROL}/file.service.d/50-{name}.conf" for name in ("CPUWeight", "MemoryMax"))
    shown = c.tend.enter(tend.path, "show", pathlib.Path(tend.directory) / "tend.ini", "web")
    assert "50-MemoryMax.conf" in shown.stdout, shown
    (inside(c, CONTROL) / "web.service.d/50-MemoryMax.conf").unlink()
    assert c.ctl("daemon-reload").returncode == 0
    assert c.show("web", "MemoryMax") == str(100 << 20)
    stop(c.tend)


def test_the_scheduler_is_told(container, samples):
    """Where no cgroup shares the processor it is the niceness and the affinity of all threads that do."""
    threads = "import threading, time; threading.Thread(target=time.sleep, args=(1000,)).start(); print('up', flush=True)"
    c = container(f'[web]\nExecStart={PYTHON[0]} -IS -c "{threads}"\n{WEB.replace("web", "other")}')
    c.tend.wait_for("^up$")

    def told(pid):
        tasks = list(pathlib.Path(f"/proc/{pid}/task").iterdir())
        return {(task.joinpath("stat").read_text().rsplit(")", 1)[1].split()[16],
                 re.search(r"Cpus_allowed_list:\s*(\S+)", task.joinpath("status").read_text())[1]) for task in tasks}
    pids = until(lambda: (found := {c.tend.comm(pid): pid for pid in c.tend.descendants()}) and "sleep" in found and found)
    web, other = next(pid for name, pid in pids.items() if name.startswith("python")), pids["sleep"]
    before = told(other)
    assert c.ctl("set-property", "--runtime", "web", "CPUWeight=20", "AllowedCPUs=0").returncode == 0
    assert told(web) == {("7", "0")} and told(other) == before
    assert c.ctl("set-property", "--runtime", "web", "CPUWeight=", "AllowedCPUs=").returncode == 0
    assert told(web) == before
    stop(c.tend)


WRONG = [
    ("Description=x", "Cannot set property Description while web.service is there: only limits and weights of memory, tasks, processors and disks"),
    ("DevicePolicy=auto", "Cannot set property DevicePolicy"),
    ("IPAddressDeny=any", "Cannot set property IPAddressDeny"),
    ("Slice=x.slice", "Write it to the unit's file, and reload"),
    ("MemoryMax=0", "less than 1"),
]


def test_what_cannot_be_set(container):
    """Nothing of a call is done where a part of it cannot be."""
    c = container(WEB + "MemoryMax=100M\n")
    for words, said in WRONG:
        for more in ([], ["--runtime"]):
            done = c.ctl("set-property", *more, "web", "MemoryMax=200M", words)
            assert done.returncode == 1 and said in done.stderr, (words, done)
            assert c.show("web", "MemoryMax") == str(100 << 20)
    done = c.ctl("set-property", "nosuch", "MemoryMax=200M")
    assert done.returncode == 1 and "Unit nosuch.service not loaded." in done.stderr
    assert not inside(c, CONTROL).exists()
    stop(c.tend)


def test_what_nothing_here_keeps(container, samples):
    """A limit that nobody would enforce is refused, with the reason."""
    c = container(WEB)
    for words in ("IOReadBandwidthMax=/dev/null 1M", "MemoryHigh=5M", "CPUQuota=20%"):
        done = c.ctl("set-property", "--runtime", "web", words)
        assert done.returncode == 1 and re.search(rf"{words.split('=')[0]}= cannot be enforced here: \S", done.stderr), done
    stop(c.tend)


def test_a_place_that_cannot_be_written(tend):
    """Then nothing is changed, and what is for this run alone can be set all the same."""
    p = tend.serve(WEB + "MemoryMax=100M\n", wrapper=["sh", "-c", 'mount -t tmpfs -o ro none /etc/systemd && exec "$@"', "sh"])
    p.wait_for("ready: ")
    c = Container(p)
    done = c.ctl("set-property", "web", "MemoryMax=200M")
    assert done.returncode == 1 and "Read-only file system" in done.stderr and "--runtime" in done.stderr, done
    assert c.show("web", "MemoryMax") == str(100 << 20)
    assert c.ctl("set-property", "--runtime", "web", "MemoryMax=200M").returncode == 0
    assert c.show("web", "MemoryMax") == str(200 << 20)
    stop(p)


def test_of_one_whose_files_have_changed(container, tmp_path):
    """It is to be restarted as something else: there is nothing to be set of what it is now."""
    c = container("[web]\nExecStart=sh -c 'trap \"\" TERM; echo deaf; while :; do sleep 0.1; done'\nTimeoutStopSec=infinity\n")
    c.tend.wait_for("^deaf$")
    (tmp_path / "tend.ini").write_text("[web]\nExecStart=sleep inf\n")
    assert c.ctl("daemon-reload").returncode == 0
    c.wait_until("web", "deactivating")
    done = c.ctl("set-property", "--runtime", "web", "MemoryMax=200M")
    assert done.returncode == 1 and "its files have changed" in done.stderr, done
    c.ctl("kill", "--signal=KILL", "web")
    c.wait_until("web", "active")
    assert c.ctl("set-property", "--runtime", "web", "MemoryMax=200M").returncode == 0
    stop(c.tend)


def test_memory_stays(container):
    """Setting it again and again leaves nothing behind."""
    c = container(WEB)
    for n in range(30):
        assert c.ctl("set-property", "--runtime", "web", f"MemoryMax={100 + n}M", "AllowedCPUs=0").returncode == 0
        if n == 10:
            before = int(c.tend.status("RssAnon").split()[0])
    assert int(c.tend.status("RssAnon").split()[0]) - before <= 20
    assert c.show("web", "MemoryMax") == str(129 << 20)
    stop(c.tend)


SLICES = "[w.slice]\nDescription=The workers\nTasksMax=60\n[web]\nSlice=w-x.slice\nExecStart=sleep inf\n[other]\nExecStart=sleep inf\n"


def test_slices_are_units(container):
    """Those of which a file says something, and those that are nothing but a name; and no others."""
    c = container(SLICES)
    lines = [line.split(maxsplit=4) for line in c.ctl("list-units", "--type=slice", "--no-legend").stdout.splitlines()]
    assert sorted(lines) == [["w-x.slice", "loaded", "active", "active", "Slice /w/x"], ["w.slice", "loaded", "active", "active", "The workers"]]
    assert (c.show("w.slice", "TasksMax"), c.show("w.slice", "ControlGroup"), c.show("w.slice", "UnitFileState")) == ("60", "/w.slice", "generated")
    assert (c.show("w-x.slice", "Slice"), c.show("w-x.slice", "ControlGroup"), c.show("w-x.slice", "FragmentPath")) == ("w.slice", "/w.slice/w-x.slice", "")
    assert (c.show("web", "Slice"), c.show("web", "ControlGroup")) == ("w-x.slice", "/w.slice/w-x.slice/web.service")
    status = c.ctl("status", "w.slice")
    assert status.returncode == 0 and "web.service" in status.stdout and "sleep inf" in status.stdout and "other.service" not in status.stdout
    assert c.ctl("is-active", "w.slice", "nosuch.slice").stdout == "active\ninactive\n"
    for verb in "stop", "restart", "kill":
        done = c.ctl(verb, "w.slice")
        assert done.returncode != 0 and "do it to the units that lie in it" in done.stderr, done
    assert c.ctl("is-active", "web").stdout == "active\n"
    stop(c.tend)


def test_slices_without_cgroups(container, samples, tend):
    """Samples keep no slice's budget, which is an error with its reason, and nothing is left of it."""
    c = container(SLICES)
    for more in ([], ["--runtime"]):
        done = c.ctl("set-property", *more, "w.slice", "TasksMax=70")
        assert done.returncode == 1 and re.search("w.slice: TasksMax= cannot be enforced here, as samples keep no slice's budget: \\S", done.stderr), done
    done = c.tend.enter(tend.path, "set", "w-x.slice", "MemoryMax=70M")
    assert done.returncode == 1 and "samples keep no slice's budget" in done.stderr, done
    assert c.ctl("set-property", "nosuch.slice", "TasksMax=70").returncode == 1
    done = c.ctl("set-property", "--runtime", "w.slice", "Delegate=yes")
    assert done.returncode == 1 and "Cannot set property Delegate" in done.stderr, done
    assert c.show("w.slice", "TasksMax") == "60" and not inside(c, CONTROL).exists()
    stop(c.tend)


def test_what_was_left_of_slices_is_read(container):
    """A file of a slice, and the drop-ins that set-property has left of it, also of one that no file has a word on."""
    c = container(SLICES)
    for name, text in (("w.slice.d/50-TasksMax.conf", "[Slice]\nTasksMax=61\n"), ("w-x.slice.d/50-TasksMax.conf", "[Slice]\nTasksMax=62\n"),
                       ("f.slice.d/50-TasksMax.conf", "[Slice]\nTasksMax=63\n")):
        path = inside(c, CONTROL) / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    system = inside(c, "etc/systemd/system")
    (system / "f.slice").write_text("[Unit]\nDescription=A file\n[Slice]\nTasksMax=1\nMemoryMax=1G\n")
    (system / "file.service").write_text("[Service]\nExecStart=sleep inf\nSlice=f.slice\n")
    assert c.ctl("start", "file").returncode == 0
    assert [c.show(name, "TasksMax") for name in ("w.slice", "w-x.slice", "f.slice")] == ["61", "62", "63"]
    assert (c.show("f.slice", "MemoryMax"), c.show("f.slice", "Description")) == (str(1 << 30), "A file")
    stop(c.tend)
