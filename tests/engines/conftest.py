"""What the tests of the container engines share: tend as the ENTRYPOINT of a container. See make/engines.

Process, until() and the rest are those of tests/live/conftest.py. An engine is a way to start a container, and the fixture `start` starts one:

    def test_row(start):
        c = start(Podman("--memory=256m"), "run", "/etc/tend.ini")   # `podman run --memory=256m … tend run /etc/tend.ini`
        c = start(Runtime("crun", writable=True), "run", "/etc/tend.ini", user="tester", outside=["env", "-i"])  # `env -i crun run …`
        c.wait_for("^up$")                  # in what the container says: c is a Process
        c.exec("cat", "/proc/self/cgroup")  # (code, output) of `podman exec`, `crun exec`
        c.stop()                            # as the engine does it, after 60 s by force; c.kill(9) is without it
        c.group                             # the container's cgroup as a path here, c.groups() those below it
        assert c.wait() == 0                # its exit code, by the engine

The image has busybox, tend (/bin/tend, /sbin/init) and the files that the tests write with image().
"""
import importlib.util
import itertools
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "live"))  # for its other modules
spec = importlib.util.spec_from_file_location("live", HERE.parent / "live" / "conftest.py")
live = importlib.util.module_from_spec(spec)
sys.modules["live"] = live
spec.loader.exec_module(live)
limit, until, pytest_configure = live.limit, live.until, live.pytest_configure
AS_IN_DOCKER, PYTHON = live.AS_IN_DOCKER, live.PYTHON

import oci

CGROUPS = pathlib.Path("/sys/fs/cgroup")
OWN = CGROUPS / pathlib.Path("/proc/self/cgroup").read_text().strip().removeprefix("0::/").removesuffix("/tests")
MIB = 1 << 20
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "one")
numbers = itertools.count(1)
USERS = {"root": [], "tester": ["setpriv", "--reuid=1000", "--regid=1000", "--init-groups", "env", "HOME=/home/tester", "USER=tester",
                                "XDG_RUNTIME_DIR=/run/user/1000", "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus"]}


def image(engine, user, files):
    """The root file system of this user's containers, with these texts. Engines leave files of theirs in it."""
    root = pathlib.Path("/var/tmp") / "-".join([WORKER, engine.name, user, *engine.without])
    if not root.exists():
        oci.image(root, "/lab/tend", engine.without)
        if user != "root":
            subprocess.run(["chown", "-R", f"{user}:", root], check=True)
    for name, text in files.items():
        (root / name).write_text(text)
    return root


def run(user, *words):
    """A short run: its exit code, and all that it printed."""
    done = subprocess.run([*USERS[user], *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", timeout=live.WAIT * 3, cwd="/")
    return done.returncode, done.stdout


class Podman:
    """`podman run` with these options."""

    name, without = "podman", ()

    def __init__(self, *options):
        self.options = options

    def start(self, name, folder, user, root, words):
        return ["podman", "run", "--rm", "--name", name, "--pidfile", folder / "pid", "--network=none",
                *self.options, "--rootfs", root, *words]

    def exec(self, name, user, words):
        return ["podman", "exec", name, *words]

    def stop(self, name, seconds):
        return ["podman", "stop", f"--time={seconds}", name]

    def remove(self, name):
        return ["podman", "rm", "--force", "--time=0", name]


class Runtime:
    """crun or runc alone, configured as by Docker, and changed by a function of that. The cgroups of an ordinary
    user's are made by his systemd."""

    def __init__(self, name, writable=False, change=None, without=()):
        self.name, self.writable, self.change, self.without = name, writable, change, without

    def start(self, name, folder, user, root, words):
        config = oci.configuration(self.name, folder, root, words, rootless=user != "root")
        config["linux"]["cgroupsPath"] = f"/{OWN.relative_to(CGROUPS)}/{name}" if user == "root" else f"user.slice:{self.name}:{name}"
        config["linux"]["resources"] = {"memory": {"limit": 256 * MIB}, "pids": {"limit": 150}}
        config["mounts"] = [m for m in config["mounts"] if m["destination"] != "/sys/fs/cgroup"]
        config["mounts"].append({"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
                                 "options": ["nosuid", "noexec", "nodev", "relatime", "rw" if self.writable else "ro"]})
        if self.change:
            self.change(config)
        oci.write(folder, config)
        manager = ["--systemd-cgroup"] if user != "root" else []
        keep = ["--keep"] if self.name == "runc" else []
        return [self.name, *manager, "run", *keep, "--pid-file", folder / "pid", "--bundle", folder, name]

    def exec(self, name, user, words):
        before = ["systemd-run", "--user", "--scope", "--quiet"] if user != "root" else []  # from where one may move to there
        return [*before, self.name, "exec", name, *words]

    def stop(self, name, seconds):
        return [self.name, "kill", name, "TERM"]

    def remove(self, name):
        return [self.name, "delete", "--force", name]


class Container(live.Process):
    """A container that an engine runs in the foreground, as a user."""

    def __init__(self, engine, user, root, words, terminal, outside):
        self.engine, self.user, self.name = engine, user, f"{WORKER}-{next(numbers)}"
        self._group = None
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{self.name}-"))
        shutil.chown(self.folder, user)
        command = [*outside, *USERS[user], *engine.start(self.name, self.folder, user, root, words)]
        super().__init__([str(word) for word in command], False, terminal, subprocess.DEVNULL, dict(os.environ))

    def exec(self, *words):
        return run(self.user, *self.engine.exec(self.name, self.user, words))

    def stop(self, seconds=60):
        """As the engine does it: after so many seconds it would kill."""
        return run(self.user, *self.engine.stop(self.name, seconds))

    @property
    def pid(self):
        return until(lambda: oci.pid_of(self.folder))

    @property
    def group(self):
        """What the container sees as its root, and tend's leaf is in."""
        if self._group is None:
            path = self.proc("cgroup").strip().removeprefix("0::/")
            self._group = CGROUPS / path.removesuffix("/init.scope")
        return self._group

    def groups(self):
        return sorted(str(path.relative_to(self.group)) for path in self.group.glob("**/") if path != self.group)

    def file(self, name):
        return (self.group / name).read_text().rstrip("\n")

    def close(self):
        if not self.ended or isinstance(self.engine, Runtime):
            run(self.user, *self.engine.remove(self.name))
        super().close()


@pytest.fixture
def start():
    running = []

    def one(engine, *words, user="root", files=None, terminal=False, outside=()):
        running.append(Container(engine, user, image(engine, user, files or {}), words, terminal, outside))
        return running[-1]

    yield one
    for container in running:
        container.close()
