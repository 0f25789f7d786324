"""The harsh places of places.py: in namespaces alone, and in containers of runc. docs/harsh.md lists them all."""
import contextlib
import itertools
import os
import pathlib
import shutil
import subprocess
import tempfile

import oci
import pytest
from conftest import PYTHON, ROOT, Process, ini, until
from places import ENDS, PLACES, SERVICES, live_through, shell, table

numbers = itertools.count(1)
BARE = [pytest.param(place, id=name) for name, place in PLACES.items() if place.way("bare") is not None]
OCI = [pytest.param(place, id=name) for name, place in PLACES.items() if place.way("oci")]
need_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can make such a place")
both_ends = pytest.mark.parametrize("code", ENDS)
OWN_TMP = shell("mount -t tmpfs -o mode=1777 none /tmp")  # where the control socket may be


@contextlib.contextmanager
def strangers_folder(tend):
    """Where strangers may read too, whatever the checkout's rights, and tend in it. Not in /tmp, which the places have of their own."""
    with tempfile.TemporaryDirectory(prefix="tend-", dir="/var/tmp") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        shutil.copy(tend.path, folder / "tend")
        tend.path = str(folder / "tend")
        yield folder


@need_root
@both_ends
@pytest.mark.parametrize("place", BARE)
def test_in_namespaces(tend, place, code):
    with strangers_folder(tend) as folder:
        words = [*OWN_TMP, *place.bare] if place.pid1 else place.bare
        live_through(tend("run", ini(folder, SERVICES), wrapper=words, pty=place.terminal, pid1=place.pid1), place, code)


@need_root
@pytest.mark.parametrize("place", BARE)
def test_code_in_namespaces(tend, place):
    """That of the one command, of which nothing is said."""
    with strangers_folder(tend):
        p = tend("--", "/bin/sh", "-c", "exit 7", wrapper=place.bare, pty=place.terminal, pid1=place.pid1)
        assert p.wait() == 7, p.out + p.err
        assert p.out + p.err == ""


# In the foreground runc puts pipes in between. Detached it does not, and the container is whose who takes in orphans.
DETACHED = """
import ctypes, os, subprocess, sys
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
pid_file, *command = sys.argv[1:]
subprocess.run(command, check=True)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(int(open(pid_file).read()), 0)[1]))
"""


class Container(Process):
    """tend as PID 1 of a container of runc's."""

    def __init__(self, folder, root, place, *words):
        config = oci.configuration("runc", folder, root, [*place.inside, "/bin/tend", *(words or ["run"])])
        place.oci(config)
        oci.write(folder, config)
        self.folder, self.name = folder, f"tend-test-{os.getpid()}-{next(numbers)}"
        detached = [*PYTHON, DETACHED, folder / "pid"] if place.outside else []
        command = [*place.outside, *detached, "runc", "--root", folder / "state", "run", *(["--detach"] if detached else []),
                   "--pid-file", folder / "pid", "--bundle", folder, self.name]
        super().__init__(command, False, place.terminal, subprocess.DEVNULL, dict(os.environ))

    pid = property(lambda self: until(lambda: oci.pid_of(self.folder)))

    def close(self):
        subprocess.run(["runc", "--root", self.folder / "state", "delete", "--force", self.name], stderr=subprocess.DEVNULL)
        super().close()


def skip_or_fail(reason):
    """As all packages ought to be there with CI."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


@pytest.fixture(scope="session")
def image():
    """Makes the root file systems; skips where there can be no containers."""
    for program in "runc", "busybox":
        if not shutil.which(program):
            skip_or_fail(f"{program} is not installed")
    if not oci.PROFILE.exists():
        skip_or_fail(f"{oci.PROFILE} is not there: no container would have Docker's filter (golang-github-containers-common)")
    tend = ROOT / "build/static/tend"
    if os.getuid() != 0 or not tend.exists():
        pytest.skip("containers are made by root, of build/static/tend")
    made = {}

    def one(without):
        if without not in made:
            made[without] = oci.image(pathlib.Path(folder) / str(len(made)) / "root", tend, without)
            ini(made[without] / "etc", SERVICES)
        return made[without]

    with tempfile.TemporaryDirectory(prefix="tend-") as folder:  # pytest closes its own to others whenever another one starts
        os.chmod(folder, 0o755)
        yield one


@both_ends
@pytest.mark.parametrize("place", OCI)
def test_in_a_container(image, tmp_path, place, code):
    c = Container(tmp_path, image(place.without), place)
    try:
        live_through(c, place, code)
    finally:
        c.close()


@pytest.mark.parametrize("place", OCI)
def test_code_in_a_container(image, tmp_path, place):
    c = Container(tmp_path, image(place.without), place, "--", "/bin/sh", "-c", "exit 7")
    try:
        assert c.wait() == 7, c.out + c.err
        assert c.out + c.err == ""
    finally:
        c.close()


def test_page_shows_the_table():
    """docs/harsh.md has a line for each place and each reason, and no other."""
    page = (ROOT / "docs" / "harsh.md").read_text().partition("## Budgets")[0]
    assert [line for line in page.splitlines() if line.startswith(("| ", "- *"))][2:] == list(table())
