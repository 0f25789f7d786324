"""As PID 1 tend makes what a bare namespace lacks, and leaves alone what somebody has set up."""
import os
import pathlib
import re
import shutil

import pytest
from conftest import ini

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root can make a bare root for tend to begin in")

NODES = ["null", "zero", "full", "random", "urandom", "tty"]
LOOK = r"""
cat /proc/self/mountinfo
ls -ld /run /tmp /dev/fd /dev/ptmx
for n in {nodes}; do stat -c "node $n %t:%T %a" /dev/$n; done
echo word >/dev/null && echo "null takes it"
cat /sys/class/net/lo/flags
""".format(nodes=" ".join(NODES))


@pytest.fixture
def bare(tend, tmp_path):
    """tend as PID 1 in a root that has programs and nothing else. `shell` is done there before, `enter` goes before tend."""
    root = tmp_path / "root"
    for name in ("usr", "t"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "lib", "lib64", "sbin"):
        (root / name).symlink_to(f"usr/{name}")
    shutil.copy(tend.path, root / "t" / "tend")
    tend.path = "/t/tend"

    def start(script, shell=":", enter=(), **more):
        ini(root / "t", "[tend]\nLogLevel=debug\n")
        before = f'mount --bind /usr {root}/usr && cd {root} && {shell} && exec "$@"'
        return tend("run", "/t/tend.ini", "--", "sh", "-c", script,
                    wrapper=["unshare", "--net", "sh", "-c", before, "sh", "chroot", str(root), *enter], **more)
    start.root = root
    return start


def mounts(text):
    """Mount point: (options, type), of the last mount there."""
    found = {}
    for line in text.splitlines():
        match = re.match(r"\d+ \d+ \S+ \S+ (/\S*) (\S+) .*- (\S+)", line)
        if match:
            found[match[1]] = (set(match[2].split(",")), match[3])
    return found


def test_bare_namespace(bare):
    p = bare(LOOK)
    assert p.wait() == 0, p.err
    made = mounts(p.out)
    safe = {"nosuid", "nodev", "noexec"}
    for path, kind, flags in [("/proc", "proc", safe), ("/sys", "sysfs", safe | {"ro"}), ("/sys/fs/cgroup", "cgroup2", safe),
                              ("/dev", "tmpfs", {"nosuid", "noexec"}), ("/dev/pts", "devpts", {"nosuid", "noexec"}),
                              ("/dev/shm", "tmpfs", {"nosuid", "nodev"}), ("/dev/mqueue", "mqueue", safe),
                              ("/run", "tmpfs", {"nosuid", "nodev"}), ("/tmp", "tmpfs", {"nosuid", "nodev"})]:
        assert path in made, f"{path}: {p.err}"
        assert made[path][1] == kind and flags <= made[path][0], f"{path}: {made[path]}"
    assert "rw" in made["/proc"][0]
    numbers = dict(null="1:3", zero="1:5", full="1:7", random="1:8", urandom="1:9", tty="5:0")
    for node in NODES:
        assert f"node {node} {numbers[node]} 666\n" in p.out
    assert "null takes it\n" in p.out
    assert "/dev/ptmx -> pts/ptmx" in p.out and "/dev/fd -> /proc/self/fd" in p.out
    assert re.search("^drwxrwxrwt .* /tmp$", p.out, re.M)
    assert p.out.endswith("0x9\n"), "the loopback interface is not up"
    assert "missing" not in p.err


def test_left_alone(bare):
    """Whatever somebody has made: mounts, or what is in the directories."""
    p = bare(LOOK + "ls /run", " && ".join([
        "mkdir proc sys dev run tmp dev/pts", "mount -t tmpfs -o size=64k theirs sys", "mount -t proc -o noatime theirs proc",
        "mknod -m 600 dev/null c 1 3", "touch run/mark"]))
    assert p.wait() == 0, p.err
    made = mounts(p.out)
    assert made["/sys"][1] == "tmpfs" and "noatime" in made["/proc"][0]
    assert not {"/dev", "/run", "/tmp", "/dev/shm", "/sys/fs/cgroup"} & set(made)
    assert re.search("^mark$", p.out, re.M)
    assert "node null 1:3 600\n" in p.out and "node zero" not in p.out
    assert made["/dev/pts"][1] == "devpts", "a directory that waits for it"


def test_read_only_root(bare):
    """Empty directories of a root that cannot be written to get something to write to; what is not empty stays."""
    p = bare("touch /tmp/it && echo written; ls /run; cat /proc/self/mountinfo", " && ".join([
        "mkdir proc sys dev run tmp", "touch run/mark", "mount --rbind . .", "cd $PWD", "mount -o remount,bind,ro ."]))
    assert p.wait() == 0, p.err
    assert "written\n" in p.out and "mark\n" in p.out
    assert mounts(p.out)["/tmp"][1] == "tmpfs" and "/run" not in mounts(p.out)


def test_read_only_root_without_rights(bare):
    """As with `docker run --read-only`: what is there and of no use is not called missing."""
    p = bare("echo up", "mkdir proc sys dev run tmp && mount --rbind . . && cd $PWD && mount -o remount,bind,ro .",
             enter=["setpriv", "--bounding-set=-all", "--inh-caps=-all"])
    assert p.wait() == 0, p.err
    for path, missed in ("/run", "sockets"), ("/tmp", "temporary files"):
        assert p.err.count(f"tend: {path} is read-only and cannot be mounted (Operation not permitted): there is no place for {missed}\n") == 1


def test_refused(bare):
    """With no capability at all tend runs; what is missing is named once, with what it means."""
    p = bare("echo up; ls -d /*", enter=["setpriv", "--bounding-set=-all", "--inh-caps=-all"])
    assert p.wait() == 0, p.err
    assert p.out.startswith("up\n") and "/run\n" in p.out and "/tmp\n" in p.out
    for path, missed in [("/proc", "nobody can look at processes"), ("/sys", "nobody can look at devices"),
                         ("/dev", "there is no /dev/null")]:
        assert p.err.count(f"tend: {path} is missing and cannot be mounted (Operation not permitted): {missed}\n") == 1
        assert f"{path}\n" not in p.out, "its directory was not there"
    assert p.err.count("tend: the loopback interface is down and stays so: Operation not permitted\n") == 1


def test_mounts_of_others(bare):
    """A new PID namespace alone, in mounts that others see and that are shared: tend's are not among theirs."""
    look = "cat /proc/self/mountinfo"
    p = bare(look, 'mount --make-rshared / && shift 2 && unshare --fork --pid chroot . "$@" && echo others: && cat '
                   '/proc/self/mountinfo && exit')
    assert p.wait() == 0, p.err
    inside, others = p.out.split("others:\n")
    assert "/proc" in mounts(inside)
    assert not [path for path in mounts(others) if str(bare.root) in path and not path.endswith("/usr")]


def test_not_pid_1(bare):
    """On a laptop nothing is mounted, whatever is missing."""
    p = bare("ls -d /*; exit 5", 'shift 2 && (chroot . "$@"; exit $?); exit')
    assert p.wait() == 5, p.err
    assert not {"/proc", "/dev", "/sys"} & set(p.out.split())
