"""What reads an image is confined before it has read a byte of it; where the kernel cannot, that is said. What a confined
process may do is in tests/image/test_confine.c."""
import ctypes
import shutil
import subprocess

import pytest
from images import Image
from test_image import LAYERS, needs_root, pytestmark, store  # pylint: disable=unused-import


def landlock():
    """Which version of it the kernel has, for us."""
    return ctypes.CDLL(None).syscall(444, None, 0, 1)


pytestmark = [pytestmark, needs_root, pytest.mark.skipif(landlock() < 2, reason="this kernel has no Landlock, or an old one")]
needs_strace = pytest.mark.skipif(not shutil.which("strace"), reason="no strace")
USERS = {"root": [], "root who may not mount": ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"],
         "user namespace": ["unshare", "--user", "--map-root-user"]}
FORMS = {"layout": lambda image, path: image.layout(path), "archive": lambda image, path: image.docker(path)}


@needs_strace
@pytest.mark.parametrize("who", USERS)
@pytest.mark.parametrize("form", FORMS)
def test_it_is_confined_before_it_reads(store, tmp_path, who, form):
    path = FORMS[form](Image(LAYERS), tmp_path / "image")
    store.run("list")
    store.before = [*USERS[who], "strace", "-f", "-y", "-o", str(tmp_path / "trace")]
    store.unpack(path)
    lines = (tmp_path / "trace").read_text().splitlines()

    def first(*words):
        return min(n for n, line in enumerate(lines) if all(word in line for word in words))

    landlock, seccomp = first("landlock_restrict_self(", "= 0"), first("seccomp(SECCOMP_SET_MODE_FILTER", "= 0")
    assert landlock < seccomp < min(n for n, line in enumerate(lines) if f"<{path}" in line and ("openat2(" in line or "read(" in line))
    # What it then asks for it gets: nothing that it needs was forgotten.
    refused = [line for line in lines[seccomp:] if "ENOSYS" in line or "EACCES" in line or "EPERM" in line]
    assert [line for line in refused if "gconv" not in line] == []


LACKING = {
    "no Landlock": ("landlock_create_ruleset:error=ENOSYS", "was unpacked without Landlock (Linux 5.19) to keep it to the store: Function not implemented"),
    "Landlock that is off": ("landlock_create_ruleset:error=EOPNOTSUPP", "without Landlock (Linux 5.19) to keep it to the store: Operation not supported"),
    "Landlock of Linux 5.13": ("landlock_create_ruleset:retval=1", "without Landlock (Linux 5.19) to keep it to the store: Operation not supported"),
    "too many rules above it": ("landlock_restrict_self:error=E2BIG", "without Landlock (Linux 5.19) to keep it to the store: Argument list too long"),
    "no seccomp": ("seccomp,prctl:error=EINVAL", "was unpacked without seccomp to keep it from other system calls: Invalid argument"),
}


@needs_strace
@pytest.mark.parametrize("name", LACKING)
def test_a_kernel_that_cannot_is_named_once(store, tmp_path, name):
    lacking, said = LACKING[name]
    path = Image(LAYERS).layout(tmp_path / "image")
    store.before = ["strace", "-f", "-o", "/dev/null", "-e", f"trace={lacking.split(':')[0]}", "-e", f"inject={lacking}"]
    first, again = store.run("unpack", path), store.run("unpack", path)
    assert first.returncode == again.returncode == 0 and len(store.layers()) == 2
    assert first.stderr.count(said) == 1 and len(first.stderr.splitlines()) == 1
    assert again.stderr == ""  # nothing is unpacked any more
    assert store.run("remove", "latest").returncode == 0
    assert store.run("unpack", "--quiet", path).stderr == ""


@needs_strace
def test_a_filter_that_the_kernel_refuses(store, tmp_path):
    """The last of the library's calls, whose errno is what is told."""
    path = Image(LAYERS).layout(tmp_path / "image")
    store.before = ["strace", "-f", "-o", str(tmp_path / "trace"), "-e", "trace=seccomp"]
    store.unpack(path)
    last = (tmp_path / "trace").read_text().count("seccomp(")
    assert store.run("remove", "latest").returncode == 0
    store.before += ["-e", f"inject=seccomp:error=ENOMEM:when={last}"]
    done = store.run("unpack", path)
    assert done.returncode == 0 and "without seccomp to keep it from other system calls: Cannot allocate memory" in done.stderr


def test_where_it_is_it_is_not_spoken_of(store, tmp_path):
    done = store.run("unpack", Image(LAYERS).layout(tmp_path / "image"))
    assert done.returncode == 0 and done.stderr == ""
