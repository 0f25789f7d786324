"""What is left of isolated runs when they are over, by themselves or by SIGKILL: nothing."""
import os
import pathlib
import signal
import subprocess
import tempfile
import types

import pytest
from conftest import ini, until

RUNS = 100
NOBODY = 54323
SERVICE = ("[tend]\n[a]\nMemoryMax=1G\nRuntimeDirectory=of-a\nPIDFile=of-a/pid\n"
           "ExecStart=sh -c 'echo $$ >/run/of-a/pid; echo up; sleep inf & exec sleep inf'\n")


def cgroups(runs):
    """Those that tend makes for isolated runs with these pids; wherever cgroup v2 is mounted."""
    mounts = [line.split()[4] for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines() if " - cgroup2 " in line]
    names = {f"tend-{run}" for run in runs}
    return [path for mount in mounts for path, _, _ in os.walk(mount) if os.path.basename(path) in names]


def processes(binary):
    """Those of the binary of this test: the halves of tend, and who removes the cgroup."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/exe"):
        try:
            if path.samefile(binary):
                found.append(path)
        except OSError:
            continue
    return found


@pytest.fixture
def place():
    """A directory, and a mount namespace whose /run and /tmp nobody else writes to: .path, .enter, .look()."""
    with tempfile.TemporaryDirectory(prefix="tend-left-", dir="/var/tmp") as name:
        path, own = pathlib.Path(name), [] if os.getuid() == 0 else ["--user", "--map-root-user"]
        path.chmod(0o755)
        holder = subprocess.Popen(["unshare", *own, "--mount", "sh", "-c",
                                   "mount -t tmpfs none /run && mount -t tmpfs none /tmp && echo up && read end"],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if holder.stdout.readline() != b"up\n":
            pytest.skip("no mount namespace here")
        here = pathlib.Path(f"/proc/{holder.pid}")

        def look():
            return ((here / "mountinfo").read_text(), sorted(path.rglob("*")),
                    *(sorted((here / "root" / top).rglob("*")) for top in ("run", "tmp")))
        yield types.SimpleNamespace(path=path, look=look, enter=["nsenter", f"--target={holder.pid}", "--mount",
                                                                 *(["--user", "--preserve-credentials"] if own else [])])
        holder.communicate()


def inner(outer):
    """PID 1 of the run: the child that is in a PID namespace below ours."""
    def find():
        for pid in pathlib.Path(f"/proc/{outer}/task/{outer}/children").read_text().split():
            numbers = pathlib.Path(f"/proc/{pid}/status").read_text().partition("NSpid:")[2].splitlines()[0].split()
            if numbers[-1] == "1":
                return int(pid)
    return until(find, what="PID 1 of the run")


def end_run(p, how):
    """Waits for what the number says, and returns the exit code that there must be."""
    if how == 0:
        return 0
    if how > 1:
        assert p.stdout.readline() == b"up\n"
    if how == 2:
        p.terminate()
        return 0
    if how == 3:
        os.kill(inner(p.pid), signal.SIGKILL)
        return 128 + signal.SIGKILL
    p.kill()
    return -signal.SIGKILL


@pytest.mark.limit(120)
@pytest.mark.parametrize("has_root", [True, False], ids=["root of its own", "the machine's"])
@pytest.mark.parametrize("user", ["root", "user"])
def test_nothing_is_left(tend, place, user, has_root):
    """Over by itself, ended, killed at once, killed when all was up, and PID 1 inside killed: nothing is written to the root that was
    made for it, nor where the machine's own has sockets and what runs."""
    if user == "root" and os.getuid() != 0:
        pytest.skip("for root")
    who = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if user == "user" and os.getuid() == 0 else []
    root, binary, runtime = place.path / "root", place.path / "tend", place.path / "runtime"
    for name in ("usr", "etc"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "lib", "lib64", "sbin"):
        (root / name).symlink_to(f"usr/{name}")
    for path in [root, *root.rglob("*")] if who else []:
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    runtime.mkdir()
    runtime.chmod(0o777)
    binary.write_bytes(pathlib.Path(tend.path).read_bytes())
    binary.chmod(0o755)
    file = ini(place.path, SERVICE)
    options = ["--root", root, "--bind=/usr:/usr:ro", "--tmpfs=/m"] if has_root else ["--tmpfs=/mnt"]
    before, runs = place.look(), []
    for number in range(RUNS):
        how = number % 5
        p = subprocess.Popen([*place.enter, *who, binary, "run", "--isolate", *options, file, *([] if how else ["--", "true"])],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             env={**os.environ, "XDG_RUNTIME_DIR": str(runtime)})
        runs.append(p.pid)
        code = end_run(p, how)
        p.stdout.read()
        assert p.wait() == code, f"run {number}"
        p.stdout.close()
    until(lambda: not processes(binary), what="the end of all processes")
    assert not cgroups(runs)
    assert place.look() == before


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
