"""`tend run --isolate` where cgroup v2 has controllers: the whole has limits, and its services their own below them."""
import pathlib

from conftest import CGROUPS, until

LOOK = "cd /sys/fs/cgroup; cat /proc/self/cgroup; echo max >pids.max; ls -d ../*/memory.max; cat memory.max"


def of_tend():
    return [path for path in CGROUPS.iterdir() if path.name.startswith("tend-")]


def enable():
    for word in ("+memory", "+pids", "+cpu"):
        (CGROUPS / "cgroup.subtree_control").write_text(word)


def test_limits(tend):
    enable()
    p = tend("run", "--isolate", "--memory", "64M", "--cpus=1.5", "--tasks", "20", "--", "sh", "-c", "echo up; read line; " + LOOK,
             pid1=False, stdin=-1)
    p.wait_for("^up$")
    whole, = of_tend()
    assert (whole / "memory.max").read_text() == "67108864\n"
    assert (whole / "cpu.max").read_text() == "150000 100000\n"
    assert (whole / "pids.max").read_text() == "20\n"
    assert not [line for line in (whole / "cgroup.procs").read_text().split()]
    p.type("\n")
    p.wait()
    assert "0::/" in p.out and "is not held" not in p.err
    until(lambda: not of_tend())


def test_tasks_are_held(tend):
    enable()
    p = tend("run", "--isolate", "--tasks", "12", "--", "sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1000 & done; echo up",
             pid1=False)
    p.wait()
    assert "up" not in p.out and "fork" in p.err
    until(lambda: not of_tend())


def test_memory_is_held(tend):
    """Also by a service that would raise its own limit: the one above is out of its reach."""
    enable()
    p = tend("run", "--isolate", "--memory", "32M", "--", "sh", "-c",
             "echo max >/sys/fs/cgroup/memory.max; exec python3 -IS -c 'x = bytearray(200 << 20); print(len(x))'", pid1=False)
    assert p.wait() == 137
    assert p.out == ""
    until(lambda: not of_tend())


def test_services_have_cgroups(tend, tmp_path):
    enable()
    (tmp_path / "tend.ini").write_text("[a]\nType=oneshot\nMemoryMax=20M\nExecStart=sh -c 'cat /sys/fs/cgroup$(cut -c4- "
                                       "/proc/self/cgroup)/memory.max'\n")
    p = tend("run", "--isolate", tmp_path / "tend.ini", pid1=False)
    assert p.wait() == 0
    assert p.out == "20971520\n" and "samples" not in p.err
    until(lambda: not of_tend())


def test_killed(tend):
    """Who is outside of it all removes it."""
    enable()
    p = tend("run", "--isolate", "--tasks", "20", "--", "sh", "-c", "setsid sleep inf & echo up; exec sleep inf", pid1=False)
    p.wait_for("^up$")
    whole, = of_tend()
    p.kill(9)
    p.wait()
    until(lambda: not whole.exists())
    assert pathlib.Path("/sys/fs/cgroup").exists()
