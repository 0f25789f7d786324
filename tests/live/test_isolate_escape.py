"""What would get out of `tend run --isolate` is refused, and nothing of the attempt is left outside."""
import os
import stat

import pytest
from conftest import PYTHON


@pytest.mark.parametrize("try_it", [
    "mount -t tmpfs none /mnt", "mount --bind /usr /mnt", "mount -o remount,bind,rw /proc/sys", "umount /proc/sys",
    "umount /proc/interrupts", "mount -t proc none /proc", "unshare --mount true", "unshare --mount --pid --fork true",
    "mknod /dev/disk b 254 0", "mknod /dev/mem c 1 1", "echo 1 >/proc/sys/vm/overcommit_memory", "echo h >/proc/sysrq-trigger",
    "echo x >/proc/sys/kernel/core_pattern", "echo x >/proc/sys/kernel/hostname", "mkdir /sys/fs/x",
    "nsenter --target 1 --mount true --all", "chroot /proc/1/root/../.. sh -c '[ -e /proc/1/root/../../../never ]'",
    "cat /dev/kmsg", "cat /dev/mem", "head -c1 /proc/kcore", "hostname other", "date -s 2001-01-01", "ip link add x type dummy",
    "dmesg --clear", "swapoff -a && false", "test -s /proc/keys", "test -s /proc/timer_list", "test -s /proc/interrupts",
    "ls /sys/firmware/*", "mkdir /sys/fs/cgroup/x", "head -c1 /dev/mem", "echo 1 >/sys/kernel/uevent_helper",
    "echo x >/proc/sys/kernel/modprobe", "echo x >/sys/fs/cgroup/release_agent", "mount -t cgroup -o memory none /mnt",
    "echo :x:M::x::/bin/sh: >/proc/sys/fs/binfmt_misc/register", "mount -t overlay -o lowerdir=/etc:/usr none /mnt", "losetup -f /etc/passwd",
    "pivot_root / /mnt", "test -S /run/dbus/system_bus_socket", "insmod /etc/passwd", "reboot -f",
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


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make devices for a test")
def test_devices_of_the_machine(walled):
    node = walled.place / "null"
    os.mknod(node, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    node.chmod(0o666)
    p = walled("sh", "-c", f"(: <{node}) && echo opened; (: </dev/null) && echo over")
    assert p.wait() == 0, p.err
    assert p.out == "over\n" and "Permission denied" in p.err


@pytest.mark.skipif(os.getuid() != 0, reason="for root")
def test_capabilities_to_be_inherited(walled):
    """A file's would bring them back."""
    if not walled.is_root:
        pytest.skip("for root")
    p = walled("grep", "^Cap", "/proc/self/status", wrapper=["setpriv", "--inh-caps", "+sys_admin,+chown"])
    assert p.wait() == 0, p.err
    assert {"CapInh:\t0000000000000001", "CapBnd:\t00000000a00425fb"} <= set(p.out.splitlines())


KEYS = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
add_key, keyctl = {"x86_64": (248, 250), "aarch64": (217, 219)}[os.uname().machine]
session = ctypes.c_long(-3)
if sys.argv[1] == "look":
    print(libc.syscall(keyctl, ctypes.c_long(10), session, b"user", b"of tend's tests", ctypes.c_long(0)), ctypes.get_errno())
else:
    assert libc.syscall(keyctl, ctypes.c_long(1), None) > 0
    assert libc.syscall(add_key, b"user", b"of tend's tests", b"secret", ctypes.c_long(6), session) > 0
    assert libc.syscall(keyctl, ctypes.c_long(10), session, b"user", b"of tend's tests", ctypes.c_long(0)) > 0
    os.execvp(sys.argv[1], sys.argv[1:])
"""


def test_keys_of_the_caller(walled):
    """What his session may use of keys (of Kerberos, of encrypted disks) is not for those inside."""
    if os.uname().machine not in ("x86_64", "aarch64"):
        pytest.skip("the numbers of the calls are not known here")
    p = walled(*PYTHON, KEYS, "look", wrapper=[*PYTHON, KEYS])
    assert p.wait() == 0, p.err
    assert p.out == "-1 126\n"  # ENOKEY
