"""As PID 1 tend makes what a bare namespace lacks, and leaves alone what somebody has set up."""
import os
import pathlib
import re
import shutil

import pytest
from conftest import ini

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root can make a bare root for tend to begin in")

SAFE = {"nosuid", "nodev", "noexec"}
# In the order in which they are made: what each is, and what its lack means.
FILE_SYSTEMS = {
    "/proc": ("proc", SAFE | {"rw"}, "nobody can look at processes"),
    "/sys": ("sysfs", SAFE | {"ro"}, "nobody can look at devices"),
    "/sys/fs/cgroup": ("cgroup2", SAFE, "the kernel keeps no budget"),
    "/dev": ("tmpfs", {"nosuid", "noexec"}, "there is no /dev/null"),
    "/dev/pts": ("devpts", {"nosuid", "noexec"}, "nobody can make a terminal"),
    "/dev/shm": ("tmpfs", {"nosuid", "nodev"}, "there is no shared memory"),
    "/dev/mqueue": ("mqueue", SAFE, "there are no message queues"),
    "/run": ("tmpfs", {"nosuid", "nodev"}, "there is no place for sockets"),
    "/tmp": ("tmpfs", {"nosuid", "nodev"}, "there is no place for temporary files"),
    "/var/tmp": ("tmpfs", {"nosuid", "nodev"}, "there is no place for temporary files that stay"),
}
KERNELS = [path for path in FILE_SYSTEMS if path not in ("/run", "/tmp", "/var/tmp")]  # nothing else can be there in their place
PLAIN = [path for path in FILE_SYSTEMS if path not in KERNELS]
NODES = {"null": "1:3", "zero": "1:5", "full": "1:7", "random": "1:8", "urandom": "1:9", "tty": "5:0"}
LINKS = {"/dev/fd": "/proc/self/fd", "/dev/stdin": "/proc/self/fd/0", "/dev/stdout": "/proc/self/fd/1", "/dev/stderr": "/proc/self/fd/2",
         "/dev/ptmx": "pts/ptmx"}
WITHOUT_RIGHTS = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
LOOK = r"""
cat /proc/self/mountinfo
ls -ld /run /tmp {links}
for n in {nodes}; do stat -c "node $n %t:%T %a" /dev/$n; done
echo word >/dev/null && echo "null takes it"
cat /sys/class/net/lo/flags
""".format(nodes=" ".join(NODES), links=" ".join(LINKS))


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


def refused(p):
    """What tend says it could not mount, in the order in which it does."""
    return [line for line in p.err.splitlines() if "cannot be mounted" in line]


def test_bare_namespace(bare):
    p = bare(LOOK)
    assert p.wait() == 0, p.err
    made = mounts(p.out)
    for path, (kind, flags, missed) in FILE_SYSTEMS.items():
        if path != "/var/tmp":  # nobody waits for it
            assert path in made, f"{path}: {p.err}"
            assert made[path][1] == kind and flags <= made[path][0], f"{path}: {made[path]}"
    for node, numbers in NODES.items():
        assert f"node {node} {numbers} 666\n" in p.out
    assert "null takes it\n" in p.out
    for path, to in LINKS.items():
        assert f"{path} -> {to}\n" in p.out
    assert re.search("^drwxrwxrwt .* /tmp$", p.out, re.M)
    assert p.out.endswith("0x9\n"), "the loopback interface is not up"
    assert "missing" not in p.err and refused(p) == []


def test_mounts_left_alone(bare):
    """Each that is there already, whatever it is."""
    theirs = [f"mkdir -p .{path} && mount -t tmpfs theirs .{path}" for path in FILE_SYSTEMS if path != "/proc"]
    p = bare("cat /proc/self/mountinfo; ls /dev", " && ".join(["mkdir proc && mount -t proc theirs proc", *theirs]))
    assert p.wait() == 0, p.err
    found = re.findall(r"^\d+ \d+ \S+ \S+ (/\S*) .* - (\S+) theirs ", p.out, re.M)
    assert dict(found) == {path: "proc" if path == "/proc" else "tmpfs" for path in FILE_SYSTEMS}
    assert set(mounts(p.out)) - set(FILE_SYSTEMS) <= {"/", "/usr"}, "nothing else was mounted"
    assert "null" not in p.out.split(), "nothing was put into their /dev"
    assert refused(p) == []


def test_mounts_refused(bare):
    """Directories that wait for them, and no right to mount anything: each is said once, with what it means."""
    p = bare("echo up", " && ".join(f"mkdir -p .{path}" for path in FILE_SYSTEMS), enter=WITHOUT_RIGHTS)
    assert p.wait() == 0, p.err
    assert p.out == "up\n"
    assert refused(p) == [f"tend: {path} is missing and cannot be mounted (Operation not permitted): {FILE_SYSTEMS[path][2]}" for path in KERNELS]


def test_nodes_refused(bare):
    """As where users are lent: there are mounts, but no device can be made."""
    p = bare("ls /dev", enter=["setpriv", "--bounding-set=-mknod", "--inh-caps=-all"])
    assert p.wait() == 0, p.err
    assert [line for line in p.err.splitlines() if "cannot be made" in line] == [
        f"tend: /dev/{node} cannot be made: Operation not permitted" for node in NODES]
    assert set(p.out.split()) == {"fd", "mqueue", "ptmx", "pts", "shm", "stderr", "stdin", "stdout"}


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
    p = bare("touch /tmp/it /var/tmp/it && echo written; ls /run; cat /proc/self/mountinfo", " && ".join([
        "mkdir -p proc sys dev run tmp var/tmp", "touch run/mark", "mount --rbind . .", "cd $PWD", "mount -o remount,bind,ro ."]))
    assert p.wait() == 0, p.err
    assert "written\n" in p.out and "mark\n" in p.out
    made = mounts(p.out)
    assert made["/tmp"][1] == made["/var/tmp"][1] == "tmpfs" and "/run" not in made


def test_read_only_root_without_rights(bare):
    """As with `docker run --read-only`: what is there and of no use is not called missing."""
    p = bare("echo up", "mkdir -p proc sys dev run tmp var/tmp && mount --rbind . . && cd $PWD && mount -o remount,bind,ro .", enter=WITHOUT_RIGHTS)
    assert p.wait() == 0, p.err
    assert [line for line in refused(p) if "read-only" in line] == [
        f"tend: {path} is read-only and cannot be mounted (Operation not permitted): {FILE_SYSTEMS[path][2]}" for path in PLAIN]


def test_refused(bare):
    """With no capability at all tend runs; what is missing is named once, with what it means."""
    p = bare("echo up; ls -d /*", enter=WITHOUT_RIGHTS)
    assert p.wait() == 0, p.err
    assert p.out.startswith("up\n") and "/run\n" in p.out and "/tmp\n" in p.out
    missing = {path: "Operation not permitted" for path in ("/proc", "/sys", "/dev")}
    missing["/sys/fs/cgroup"] = "No such file or directory"  # since there is no /sys
    assert refused(p) == [f"tend: {path} is missing and cannot be mounted ({missing[path]}): {FILE_SYSTEMS[path][2]}" for path in KERNELS if path in missing]
    assert not set(missing) & set(p.out.split()), "their directories were not there"
    assert p.err.count("tend: the loopback interface is down and stays so: Operation not permitted\n") == 1


def test_loopback_left_alone(bare):
    """Where it is up no right is needed."""
    p = bare("echo up", "busybox ip link set lo up", enter=WITHOUT_RIGHTS)
    assert p.wait() == 0, p.err
    assert "loopback" not in p.err


UTS = ["unshare", "--uts", "sh", "-c", 'echo was >/proc/sys/kernel/hostname; exec "$@"', "sh"]
# What goes between, and what is said of it.
HOSTNAMES = {
    "set": ("shop", [], "shop", 0),
    "refused": ("shop", WITHOUT_RIGHTS, "was", 1),
    "left alone": ("was", WITHOUT_RIGHTS, "was", 0),
}


@pytest.mark.parametrize("name, enter, is_now, said", HOSTNAMES.values(), ids=HOSTNAMES)
def test_hostname(tend, name, enter, is_now, said):
    p = tend.serve(f"[tend]\nHostname={name}\n", "--", "cat", "/proc/sys/kernel/hostname", wrapper=[*UTS, *enter])
    assert p.wait() == 0
    assert p.out == f"{is_now}\n"
    assert p.err.count("tend: Hostname=shop is not set: Operation not permitted\n") == said


def test_hostname_of_the_machine(tend):
    """Who is not PID 1 is a guest there."""
    p = tend.serve("[tend]\nHostname=shop\n", "--", "cat", "/proc/sys/kernel/hostname", pid1=False, wrapper=UTS)
    assert p.wait() == 0
    assert (p.out, "Hostname" in p.err) == ("was\n", False)


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
