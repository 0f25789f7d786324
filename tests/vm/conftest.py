"""What the tests of the machine share: tend as PID 1 of a container, on real cgroup v2. See make/vm.

Everything of tests/live/conftest.py is here too. The fixture `box` is like `tend`, and each process that it starts is in a container:

    def test_limit(box):
        p = box.serve("[a]\\nExecStart=sleep inf\\n")      # a cgroup, a cgroup namespace, a cgroup2 mount of its own
        box.read("a.service/memory.max")                  # files of the container's cgroup, as seen from outside
        box.limit("memory.max", "100M")                   # before it is started: what the runtime sets
        box.mount = "ro"                                  # before it is started: /sys/fs/cgroup is read-only
"""
import importlib.util
import itertools
import os
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
spec = importlib.util.spec_from_file_location("live", HERE.parent / "live" / "conftest.py")
live = importlib.util.module_from_spec(spec)
sys.modules["live"] = live
spec.loader.exec_module(live)
globals().update({name: value for name, value in vars(live).items() if not name.startswith("__")})
namespace_of_live = live.pytest_configure

CGROUPS = pathlib.Path("/sys/fs/cgroup")
numbers = itertools.count(1)

ENTER = """
echo 0 > /sys/fs/cgroup/$0/cgroup.procs || exit 99
umount /sys/fs/cgroup
exec unshare --cgroup -- sh -c 'mount -t cgroup2 -o "$0",nosuid,nodev,noexec cgroup2 /sys/fs/cgroup && exec "$@"' "$@"
"""


def pytest_configure(config):
    namespace_of_live(config)
    config.addinivalue_line("markers", "real_time: needs two processors or a disk's own pace")


def pytest_collection_modifyitems(items):
    """Of the tests in virtual time every other one is for this machine, see make/vm."""
    if os.environ.get("LAB_PART"):
        virtual = [item for item in items if not item.get_closest_marker("real_time")]
        items[:] = virtual[int(os.environ["LAB_PART"]) - 1::2]


class Box:
    """A container, and the factory of tend in it."""

    def __init__(self, tend):
        self.tend = tend
        self.name = f"box{next(numbers)}"
        self.path = CGROUPS / self.name
        self.path.mkdir()
        self.mount = "rw"
        self.wrapper = []  # goes before tend, inside of the container

    def __call__(self, *args, **options):
        wrapper = ["sh", "-c", ENTER, self.name, self.mount, *self.wrapper]
        return self.tend(*args, wrapper=wrapper, **options)

    def serve(self, text, *args, **options):
        return self("run", live.ini(self.tend.directory, text), *args, **options)

    def limit(self, file, value):
        (self.path / file).write_text(value)

    def read(self, file):
        return (self.path / file).read_text().rstrip("\n")

    def field(self, file, name):
        """A number of a file of names and numbers: field("a.service/memory.events", "oom_kill")."""
        return int(dict(line.split() for line in self.read(file).splitlines())[name])

    def pids(self, group="."):
        """Of all processes in it or below."""
        return [int(pid) for file in self.path.glob(f"{group}/**/cgroup.procs") for pid in file.read_text().split()]

    def groups(self):
        """The cgroups below it, as paths."""
        return sorted(str(path.relative_to(self.path)) for path in self.path.glob("**/") if path != self.path)

    def close(self):
        self.tend.close()
        self.tend.running.clear()
        (self.path / "cgroup.kill").write_text("1")
        live.until(lambda: "populated 0" in self.read("cgroup.events"))
        for group in [*reversed(self.groups()), "."]:
            (self.path / group).rmdir()


@pytest.fixture
def box(tend):
    made = Box(tend)
    yield made
    made.close()
