"""`tend run --isolate --root`: another root, what is put into it, and what becomes of what is written there."""
import os
import pathlib
import shutil
import stat
import subprocess
import tempfile

import pytest

NOBODY = 54321  # a uid that no file of this machine belongs to


@pytest.fixture(params=["root", "user"])
def inside(request, tend):
    """Starts a command in a root of its own that has programs, as root and as somebody else; `.root`, `.place` beside it."""
    if os.getuid() != 0 and request.param == "root":
        pytest.skip("for root")
    place = pathlib.Path(tempfile.mkdtemp(prefix="tend-root-"))
    root = place / "root"
    for name in ("usr", "etc"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "lib", "lib64", "sbin"):
        (root / name).symlink_to(f"usr/{name}")
    (root / "etc" / "word").write_text("as it was\n")
    shutil.copy(tend.path, place / "tend")
    is_other = os.getuid() == 0 and request.param == "user"
    if is_other:
        for path in [place, *place.rglob("*")]:
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)

    def start(*command, options=(), wrapper=(), **more):
        who = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if is_other else []
        return tend("run", "--isolate", "--root", root, "--bind=/usr:/usr:ro", *options, "--", *command, pid1=False,
                    wrapper=[*wrapper, *who], **more)
    tend.path, tend.directory = str(place / "tend"), place
    start.root, start.place, start.is_other = root, place, is_other
    before = pathlib.Path("/proc/self/mountinfo").read_text()
    yield start
    assert pathlib.Path("/proc/self/mountinfo").read_text() == before
    subprocess.run(["rm", "-rf", place], check=True)


def files(directory):
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


def test_thrown_away(inside):
    before = files(inside.root)
    p = inside("sh", "-c", "pwd; cat /etc/word; echo new >/etc/word; cat /etc/word; mkdir /more; rm -r /etc; mkdir /etc; ls /")
    assert p.wait() == 0, p.err
    assert p.out.startswith("/\nas it was\nnew\n")
    assert "more\n" in p.out and "tmp\n" in p.out
    assert files(inside.root) == before
    assert (inside.root / "etc" / "word").read_text() == "as it was\n"


def test_kept(inside):
    """And found again by the next run; what the overlay needs for itself is gone."""
    keep = inside.place / "kept"
    keep.mkdir()
    if inside.is_other:
        os.chown(keep, NOBODY, NOBODY)
    p = inside("sh", "-c", "echo new >/etc/word", options=["--keep", keep])
    assert p.wait() == 0, p.err
    assert (inside.root / "etc" / "word").read_text() == "as it was\n"
    assert (keep / "upper" / "etc" / "word").read_text() == "new\n"
    assert [path.name for path in keep.iterdir()] == ["upper"]
    p = inside("cat", "/etc/word", options=["--keep", keep])
    assert p.wait() == 0, p.err
    assert p.out == "new\n"


def test_read_only(inside):
    p = inside("sh", "-c", "touch /etc/x 2>&1; touch /run/x /tmp/x /m/x && echo written", options=["--read-only", "--tmpfs", "/m:1M"])
    assert p.wait() == 0, p.err
    assert p.out == "touch: cannot touch '/etc/x': Read-only file system\nwritten\n"


def test_binds(inside):
    """In a place that is not there yet, too, and a file on a file."""
    (inside.place / "shared").mkdir(mode=0o777)
    (inside.place / "shared").chmod(0o777)
    (inside.place / "file").write_text("of outside\n")
    p = inside("sh", "-c", "cat /srv/a/f /etc/word; echo here >/srv/b/f; touch /srv/a/g 2>&1; df --output=size -B1 /srv/m | tail -1",
               options=["--bind", f"{inside.place}/shared:/srv/b", "--bind", f"{inside.place}/shared:/srv/a:ro",
                        "--tmpfs=/srv/m:64K",
                        "--bind", f"{inside.place}/file:/etc/word", "--bind", f"{inside.place}/file:/srv/x"])
    assert p.wait() == 0, p.err
    assert "of outside\n" in p.out and p.out.endswith("65536\n")
    assert (inside.place / "shared" / "f").read_text() == "here\n"
    assert not (inside.place / "shared" / "g").exists() and "Read-only file system" in p.out
    assert (inside.root / "etc" / "word").read_text() == "as it was\n"
    assert not (inside.root / "srv").exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can mount for a test")
def test_read_only_with_all_that_is_below(inside):
    """A mount in what is bound, too."""
    (inside.place / "shared" / "sub").mkdir(parents=True)
    p = inside("sh", "-c", "cat /srv/a/sub/f; touch /srv/a/sub/g 2>&1", options=["--bind", f"{inside.place}/shared:/srv/a:ro"], wrapper=[
        "unshare", "--mount", "sh", "-c", f"mount -t tmpfs -o mode=777 none {inside.place}/shared/sub && "
        f"echo of outside >{inside.place}/shared/sub/f && exec \"$@\"", "sh"])
    p.wait()
    assert p.out == "of outside\ntouch: cannot touch '/srv/a/sub/g': Read-only file system\n", p.err


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make devices for a test")
@pytest.mark.parametrize("read_only", [[], ["--read-only"]], ids=["", "read-only"])
def test_devices_in_files_are_not_opened(inside, read_only):
    """Not those in the root, and not those in what is bound; one that is bound itself is."""
    (inside.place / "shared").mkdir()
    for node in inside.root / "null", inside.place / "shared" / "null":
        os.mknod(node, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        node.chmod(0o666)
    p = inside("sh", "-c", "for n in /null /srv/a/null /srv/null; do [ -c $n ] && (: <$n) 2>/dev/null && echo opened $n; done; true",
               options=[*read_only, "--bind", f"{inside.place}/shared:/srv/a", "--bind=/dev/null:/srv/null"])
    assert p.wait() == 0, p.err
    assert p.out == "opened /srv/null\n"


def test_nothing_to_bind(inside):
    p = inside("echo", "up", options=["--bind", "/nowhere/at/all:/srv"])
    assert p.wait() == 71
    assert p.err.endswith("tend: binding /nowhere/at/all:/srv: No such file or directory\n")


def test_no_such_root(tend):
    done = tend.run("run", "--isolate", "--root", "/nowhere/at/all", "--", "true")
    assert done.returncode == 71
    assert done.stderr == "tend: entering the root /nowhere/at/all: No such file or directory\n"


def test_file_of_outside(inside):
    """FILE and FILE.d of the machine are the image's tend.ini; users and programs are those of the root."""
    file = inside.place / "shop.ini"
    user = "" if inside.is_other else "User=me\n"
    file.write_text(f"[tend]\nHostname=shop\n[a]\nType=oneshot\n{user}ExecStart=sh -c 'id -u; uname -n; ls /etc'\n")
    (inside.place / "shop.ini.d").mkdir()
    (inside.place / "shop.ini.d" / "b.ini").write_text("[b]\nAfter=a\nType=oneshot\nExecStart=echo b\n")
    (inside.root / "etc" / "passwd").write_text("root:x:0:0::/:/bin/sh\nme:x:0:0::/:/bin/sh\n")
    p = inside(options=[file])
    assert p.wait() == 0, p.err
    assert p.out == "0\nshop\npasswd\ntend.ini\ntend.ini.d\nword\nb\n"


def test_without_an_overlay(inside):
    """A root that is itself an overlay of overlays: the kernel lays no other over it. Then it is read-only, and that is said."""
    if inside.is_other or os.getuid() != 0:
        pytest.skip("only root can make such a root")
    for name in ("proc", "sys", "dev", "run", "tmp", "var/tmp"):
        (inside.root / name).mkdir(parents=True)
    stack = "".join(f"mkdir -p {inside.place}/{n} && mount -t tmpfs none {inside.place}/{n} && mkdir {inside.place}/{n}/u "
                    f"{inside.place}/{n}/w && mount -t overlay -o upperdir={inside.place}/{n}/u,workdir={inside.place}/{n}/w,"
                    f"lowerdir={inside.root} overlay {inside.root} && " for n in (1, 2))
    done = subprocess.run(["unshare", "--mount", "sh", "-c", stack + 'exec "$@"', "sh", inside.place / "tend", "run", "--isolate",
                           "--root", inside.root, "--bind=/usr:/usr:ro", "--", "sh", "-c",
                           "cat /etc/word; touch /run/x /tmp/x /var/tmp/x && echo written; touch /etc/x 2>&1"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
    assert done.stdout == "as it was\nwritten\ntouch: cannot touch '/etc/x': Read-only file system\n", done.stderr
    assert f"tend: the kernel lays no overlay over {inside.root} for this user: it is read-only" in done.stderr


@pytest.mark.parametrize("try_it", ["chmod 4755 /proc/1/exe", "chown 1 /proc/1/exe", "touch /proc/1/exe", "setcap cap_net_raw+ep /proc/1/exe",
                                    "echo x >>/proc/1/exe", "exec 3</proc/1/exe; chmod 4755 /dev/fd/3"], ids=lambda word: word.replace("/", ":"))
def test_program_of_tend(inside, try_it):
    """Root's own outside: to be run and to be read, and as it was. (An ordinary user can only harm a copy of his own.)"""
    if inside.is_other or os.getuid() != 0:
        pytest.skip("an ordinary user has no mount to look at it through")
    program = inside.place / "tend"
    before = program.stat()
    p = inside("sh", "-c", f"readlink /proc/1/exe; cat /proc/1/comm; ({try_it}) 2>/dev/null && echo escaped; "
               "cp /proc/1/exe /tmp/copy && /tmp/copy --version")
    assert p.wait() == 0, p.err
    after = program.stat()
    assert [after.st_mode, after.st_uid, after.st_mtime_ns, after.st_ctime_ns] == [before.st_mode, before.st_uid, before.st_mtime_ns,
                                                                                    before.st_ctime_ns]
    assert p.out.startswith("/\ntend\ntend ")


def test_descriptors_of_outside(inside):
    """Not those that tend was started with, nor those that it has opened itself: each directory would be a way to what is outside."""
    (inside.place / "mark").write_text("of outside\n")
    up = "../" * 20
    p = inside("sh", "-c", f"for n in /proc/1/fd/* /proc/self/fd/*; do [ ! -e $n/{up}{inside.place}/mark ] || echo escaped by $n; done; "
               "ls /proc/self/fd; cat <&7", wrapper=["sh", "-c", 'exec 7</ 8</etc/passwd; exec "$@"', "sh"])
    assert p.wait() != 0
    assert p.out.split() == ["0", "1", "2", "3"], p.err
