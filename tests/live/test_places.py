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
from conftest import ROOT, Process, ini
from places import PLACES, SERVICES, live_through, table

numbers = itertools.count(1)


@contextlib.contextmanager
def strangers_folder(tend):
    """Where strangers may read too, whatever the checkout's rights, and tend in it."""
    with tempfile.TemporaryDirectory(prefix="tend-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        shutil.copy(tend.path, folder / "tend")
        tend.path = str(folder / "tend")
        yield folder


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make such a place")
@pytest.mark.parametrize("place", [pytest.param(place, id=name) for name, place in PLACES.items() if place.bare is not None])
def test_in_namespaces(tend, place):
    with strangers_folder(tend) as folder:
        live_through(tend("run", ini(folder, SERVICES), wrapper=place.bare, pty=place.terminal), place)


FAILS = "[a]\nRestart=no\nExecStart=/bin/sh -c 'exit 7'\n"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make such a place")
@pytest.mark.parametrize("place", [pytest.param(place, id=name) for name, place in PLACES.items() if place.bare is not None])
def test_code_in_namespaces(tend, place):
    """That of the service which failed, and of the one command, of which nothing is said."""
    with strangers_folder(tend) as folder:
        p = tend("run", ini(folder, FAILS), wrapper=place.bare, pty=place.terminal)
        assert p.wait() == 7, p.out + p.err
        p = tend("--", "/bin/sh", "-c", "exit 7", wrapper=place.bare, pty=place.terminal)
        assert p.wait() == 7, p.out + p.err
        assert p.out + p.err == ""


class Container(Process):
    """tend as PID 1 of a container of runc's."""

    def __init__(self, folder, root, place, *words):
        config = oci.configuration("runc", folder, root, [*place.inside, "/bin/tend", *(words or ["run"])])
        place.oci(config)
        oci.write(folder, config)
        self.folder, self.name = folder, f"tend-test-{os.getpid()}-{next(numbers)}"
        super().__init__(["runc", "--root", folder / "state", "run", "--pid-file", folder / "pid", "--bundle", folder, self.name],
                         False, False, subprocess.DEVNULL, dict(os.environ))

    pid = property(lambda self: oci.pid_of(self.folder))

    def close(self):
        subprocess.run(["runc", "--root", self.folder / "state", "delete", "--force", self.name], stderr=subprocess.DEVNULL)
        super().close()


@pytest.fixture(scope="session")
def image():
    """Makes the root file systems; skips where there can be no containers."""
    for program in "runc", "busybox":
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
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


@pytest.mark.parametrize("place", [pytest.param(place, id=name) for name, place in PLACES.items() if place.oci])
def test_in_a_container(image, tmp_path, place):
    c = Container(tmp_path, image(place.without), place)
    try:
        live_through(c, place)
    finally:
        c.close()


@pytest.mark.parametrize("place", [pytest.param(place, id=name) for name, place in PLACES.items() if place.oci])
def test_code_in_a_container(image, tmp_path, place):
    c = Container(tmp_path, image(place.without), place, "--", "/bin/sh", "-c", "exit 7")
    try:
        assert c.wait() == 7, c.out + c.err
        assert c.out + c.err == ""
    finally:
        c.close()


def test_page_shows_the_table():
    """docs/harsh.md has a line for each place, and no other."""
    page = (ROOT / "docs" / "harsh.md").read_text().partition("## Budgets")[0]
    assert [line for line in page.splitlines() if line.startswith("| ")][2:] == list(table())
