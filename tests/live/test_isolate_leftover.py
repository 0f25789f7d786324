"""What is left of isolated runs when they are over, by themselves or by SIGKILL: nothing."""
import os
import pathlib
import signal
import subprocess

import pytest
from conftest import ini, until

RUNS = 100
SERVICE = "[tend]\n[a]\nMemoryMax=1G\nExecStart=sh -c 'echo up; sleep inf & exec sleep inf'\n"


def cgroups():
    """Those that tend makes for isolated runs, by whoever; wherever cgroup v2 is mounted."""
    mounts = [line.split()[4] for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines() if " - cgroup2 " in line]
    return {str(path) for mount in mounts for path in pathlib.Path(mount).rglob("tend-[0-9]*")}


def processes(place):
    """Those of the binary of this test: the halves of tend, and who removes the cgroup."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/exe"):
        try:
            if os.readlink(path).removesuffix(" (deleted)").startswith(str(place)):
                found.append(path)
        except OSError:
            continue
    return found


@pytest.mark.limit(120)
def test_nothing_is_left(tend, tmp_path):
    """Ended, killed at once, killed when all was up: in a root of its own that nothing is written to."""
    root = tmp_path / "root"
    for name in ("usr", "etc"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "lib", "lib64", "sbin"):
        (root / name).symlink_to(f"usr/{name}")
    binary = tmp_path / "tend"
    binary.write_bytes(pathlib.Path(tend.path).read_bytes())
    binary.chmod(0o755)
    file = ini(tmp_path, SERVICE)
    before = pathlib.Path("/proc/self/mountinfo").read_text(), sorted(tmp_path.rglob("*"))
    for number in range(RUNS):
        p = subprocess.Popen([binary, "run", "--isolate", "--root", root, "--bind=/usr:/usr:ro", "--tmpfs=/m", file,
                              *(["--", "true"] if number % 4 == 0 else [])],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if number % 4 == 2:
            assert p.stdout.readline() == b"up\n"
        if number % 4 == 3:
            assert p.stdout.readline() == b"up\n"
            p.terminate()
        elif number % 4:
            p.kill()
        p.stdout.read()
        assert p.wait() == (-signal.SIGKILL if number % 4 in (1, 2) else 0)
        p.stdout.close()
    until(lambda: not processes(tmp_path), what="the end of all processes")
    assert not cgroups()
    assert (pathlib.Path("/proc/self/mountinfo").read_text(), sorted(tmp_path.rglob("*"))) == before


def test_limits_that_cannot_be_held(tend, tmp_path):
    """No cgroup may be made here: the run goes on, and each is named."""
    if os.getuid() == 0 and any(
            "memory" in path.read_text() for path in pathlib.Path("/sys/fs/cgroup").glob("cgroup.subtree_control")):
        pytest.skip("they are held here")
    p = tend("run", "--isolate", "--memory=64M", "--cpus", "1.5", "--tasks=50", "--", "echo", "up", pid1=False)
    assert p.wait() == 0
    assert p.out == "up\n"
    for option in ("--memory", "--cpus", "--tasks"):
        assert p.err.count(f"tend: {option} is not held: ") == 1


@pytest.mark.parametrize("word", ["--memory=0", "--memory=x", "--cpus=0", "--cpus=1.2345", "--cpus=.5", "--cpus=1.", "--tasks=-1"])
def test_wrong_limits(tend, word):
    done = tend.run("run", "--isolate", word, "--", "true")
    assert done.returncode == 2 and f"tend: run: {word}: not a value it takes\n" in done.stderr
