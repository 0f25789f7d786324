"""What would get out of `tend run --isolate` is refused, and nothing of the attempt is left outside."""
import os
import pathlib
import subprocess

import pytest
from conftest import PYTHON

NOBODY = 54321


@pytest.fixture(params=["root", "user"])
def walled(request, tend, tmp_path_factory):
    """A command inside, with the machine's own root around it: its programs are there, and everything to try."""
    if os.getuid() != 0 and request.param == "root":
        pytest.skip("for root")
    who = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if os.getuid() == 0 and request.param == "user" else []
    place = pathlib.Path(subprocess.run(["mktemp", "-d", "/tmp/tend-wall-XXXXXX"], stdout=subprocess.PIPE, text=True,
                                        check=True).stdout.strip())
    place.chmod(0o755)
    (place / "tend").write_bytes(pathlib.Path(tend.path).read_bytes())
    (place / "tend").chmod(0o755)
    (place / "runtime").mkdir()
    (place / "runtime").chmod(0o777)
    tend.path = str(place / "tend")

    def start(*command, options=(), **more):
        return tend("run", "--isolate", *options, "--", *command, pid1=False, wrapper=who,
                    add_env={"XDG_RUNTIME_DIR": str(place / "runtime")}, **more)
    start.place = place
    yield start
    subprocess.run(["rm", "-rf", place], check=True)


@pytest.mark.parametrize("try_it", [
    "mount -t tmpfs none /mnt", "mount --bind /usr /mnt", "mount -o remount,bind,rw /proc/sys", "umount /proc/sys",
    "umount /proc/interrupts", "mount -t proc none /proc", "unshare --mount true", "unshare --mount --pid --fork true",
    "mknod /dev/disk b 254 0", "mknod /dev/mem c 1 1", "echo 1 >/proc/sys/vm/overcommit_memory", "echo h >/proc/sysrq-trigger",
    "echo x >/proc/sys/kernel/core_pattern", "echo x >/proc/sys/kernel/hostname", "mkdir /sys/fs/x",
    "nsenter --target 1 --mount true --all", "chroot /proc/1/root/../.. sh -c '[ -e /proc/1/root/../../../never ]'",
    "cat /dev/kmsg", "cat /dev/mem", "head -c1 /proc/kcore", "hostname other", "date -s 2001-01-01", "ip link add x type dummy",
    "dmesg --clear", "swapoff -a && false", "test -s /proc/keys", "test -s /proc/timer_list", "test -s /proc/interrupts",
    "ls /sys/firmware/*",
], ids=lambda word: word.replace("/", ":"))
def test_refused(walled, try_it):
    """In words, or with nothing there to be had."""
    p = walled("sh", "-c", f"({try_it}) >/dev/null && echo escaped; echo over")
    assert p.wait() == 0, p.err
    assert p.out == "over\n", p.err


def test_processes_outside(walled):
    """No number leads to a process of outside, to look at it, to end it or to trace it."""
    p = walled(*PYTHON, """
import ctypes, os, sys
libc, outside = ctypes.CDLL(None, use_errno=True), int(sys.argv[1])
print(*sorted(int(name) for name in os.listdir("/proc") if name.isdigit()))
print(libc.kill(outside, 0), ctypes.get_errno(), libc.ptrace(16, outside, 0, 0), ctypes.get_errno())
""", str(os.getpid()))
    assert p.wait() == 0, p.err
    numbers, refused = p.out.splitlines()
    assert set(map(int, numbers.split())) <= set(range(1, 20))
    assert refused == "-1 3 -1 3"


def test_descriptors_of_outside(walled):
    """What tend has open outside (the machine's root, its terminal) is not handed in."""
    p = walled("sh", "-c", "ls -l /proc/self/fd /proc/1/fd 2>/dev/null | grep -e '-> /$' -e mnt_ns; echo over")
    assert p.wait() == 0, p.err
    assert p.out == "over\n"


def test_links_as_targets(walled):
    """A link in the root that leads out of it leads to a place inside; the directory outside keeps what it has."""
    root, outside = walled.place / "root", walled.place / "outside"
    outside.mkdir()
    (root / "usr").mkdir(parents=True)
    for name in ("bin", "lib", "lib64", "sbin"):
        (root / name).symlink_to(f"usr/{name}")
    (root / "up").symlink_to("../" * 20 + str(outside)[1:])
    (root / "away").symlink_to(outside)
    (root / "proc").symlink_to("../../../../../proc")
    (root / "self").symlink_to("/proc/1/root" + str(outside))
    for link in ("up", "away", "self"):
        p = walled("sh", "-c", f"touch /{link}/mark", options=["--root", root, "--bind=/usr:/usr:ro", f"--tmpfs=/{link}/deep"])
        p.wait()
        assert list(outside.iterdir()) == [], f"{link}: {p.err}"
    assert sorted(path.name for path in root.iterdir()) == ["away", "bin", "lib", "lib64", "proc", "sbin", "self", "up", "usr"]


def test_nothing_is_typed_outside(walled):
    """TIOCSTI on the caller's terminal would be a command for his shell."""
    p = walled(*PYTHON, """
import fcntl
for number in (0x5412, 0x541C, 0x100005412):
    try:
        fcntl.ioctl(0, number & 0xffffffff, b"x")
        print("typed")
    except OSError as error:
        print("errno", error.errno)
""", pty=True)
    assert p.wait() == 0, p.err
    assert p.out.count("errno 1\r\n") == 3, p.out
