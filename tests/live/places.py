"""Harsh places: a table of rows, each made in up to three ways, and what is done in each of them. docs/harsh.md shows the table;
`python3 tests/live/places.py` prints it.

`bare` goes before tend in namespaces of its own, `oci` changes the configuration of a container of runc's or crun's that is like
Docker's, `podman` are options of `podman run`. A place is not made in the ways that a row does not give. `says` is what tend
has to say about what it goes without there: each once, and nothing else.
"""
import dataclasses
import os
import re
import signal

import oci
from conftest import AS_IN_DOCKER, PYTHON, until

STRANGER = 50000 + os.getpid() % 10000  # a uid that nobody has: not those who test beside us either, since RLIMIT_NPROC counts all

SERVICES = """\
[db]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'echo db >&2'
ExecStop=/bin/sh -c 'echo db down >&2'

[web]
Requires=db
After=db
RestartSec=0
Environment=A=1
LimitNOFILE=15
UMask=0027
ExecStart=/bin/sh -c '/bin/sleep 1000000 & echo web $A >&2; exec /bin/sleep 1000000'

[escapes]
ExecStart=/bin/sh -c '(/usr/bin/setsid /bin/sleep 1000000 &) ; echo escaped >&2; exec /bin/sleep 1000000'
"""

# What tend says, in short and in full.
NO_SOCKET = ("no control socket", r"no control socket can be made: /tmp/tend-\d+/private: (Read-only file system|Permission denied|No such file or directory); "
             r"the services run, but nobody can ask about them \(Control=no says that this is meant\)")
NO_RUN = ("/run", r"/run is missing and cannot be mounted \(Read-only file system\): there is no place for sockets")
NO_TMP = ("/tmp", r"/tmp is missing and cannot be mounted \(Read-only file system\): there is no place for temporary files")
NO_PROC = ("what services leave behind is found by process group alone",
           r"/proc cannot be read \(it is not the one of this PID namespace\): what services leave behind is found by process group alone; mount a /proc")


SOCKET = """
import os, socket, sys
near, far = socket.socketpair()
os.dup2(near.fileno(), 1)
far.set_inheritable(True)
os.execvp(sys.argv[1], sys.argv[1:])
"""


def shell(script):
    """A wrapper that does something first."""
    return ["sh", "-c", script + ' && exec "$@"', "sh"]


def as_stranger(*more):
    return [*more, "setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups", "--no-new-privs"]


def stranger(config):
    config["process"]["user"] = {"uid": STRANGER, "gid": STRANGER}
    oci.capable(config, [])


def read_only(config):
    config["root"]["readonly"] = True


def remapped(config):
    config["linux"]["namespaces"].append({"type": "user"})
    for kind in "uidMappings", "gidMappings":
        config["linux"][kind] = [{"containerID": 0, "hostID": 100000, "size": 65536}]


def with_mount(destination, *options):
    def change(config):
        config["mounts"].append({"destination": destination, "type": "tmpfs", "source": "tmpfs", "options": list(options)})
    return change


def with_hidepid(config):
    stranger(config)
    oci.options_of(config, "/proc").append("hidepid=2")


def limited(**resources):
    def change(config):
        config["linux"].setdefault("resources", {}).update(resources)
    return change


def together(*changes):
    def change(config):
        for each in changes:
            each(config)
    return change


@dataclasses.dataclass
class Place:
    bare: list = None
    oci: object = None
    podman: list = None
    says: tuple = ()
    inside: tuple = ()  # goes before tend in a container, for what the runtime itself could not live with
    without: tuple = ()  # directories that the image has not
    terminal: bool = False


AS_STRANGER = f"--user={STRANGER}:{STRANGER}"
PLACES = {
    "Docker's defaults": Place(AS_IN_DOCKER, lambda config: None),
    "a random uid": Place(as_stranger(), stranger),
    "no capabilities": Place(["setpriv", "--bounding-set=-all", "--inh-caps=-all"], lambda config: oci.capable(config, [])),
    "no new privileges": Place(["setpriv", "--no-new-privs"], lambda config: config["process"].update(noNewPrivileges=True)),
    "a read-only root": Place(None, read_only, says=(NO_SOCKET,)),
    "a random uid, a read-only root": Place(as_stranger(*shell("mount -o remount,bind,ro /")), together(stranger, read_only),
                                            says=(NO_SOCKET,)),
    "no /run, no /tmp": Place(None, read_only, None, without=("run", "tmp"), says=(NO_RUN, NO_TMP, NO_SOCKET)),
    "a /run that is noexec": Place(shell("mount -t tmpfs -o noexec none /run"), with_mount("/run", "noexec", "mode=755")),
    "another's /run": Place(as_stranger(*shell("mount -t tmpfs -o mode=755 none /run")), together(stranger, with_mount("/run", "mode=755"))),
    "remapped ids": Place(None, remapped, ["--uidmap=0:100000:65536"]),
    "no /proc": Place(shell("mount -t tmpfs none /proc"), None, None, says=(NO_PROC,)),
    "another's /proc": Place(shell("umount /proc"), None, None, says=(NO_PROC,)),
    "a random uid, no /proc": Place(as_stranger(*shell("mount -t tmpfs none /proc")), None, None, says=(NO_PROC,)),
    "a read-only /proc": Place(shell("mount -o remount,bind,ro /proc"), lambda config: oci.options_of(config, "/proc").append("ro"), None),
    "hidepid": Place(as_stranger(*shell("mount -o remount,hidepid=2 /proc")), with_hidepid, [AS_STRANGER, "--security-opt=proc-opts=hidepid=2"]),
    "closed input": Place(shell("exec <&-")),
    "output to a file": Place(shell('f=$(mktemp) && exec >"$f" && rm "$f"')),
    "output to a pipe": Place([]),
    "output to a socket": Place([*PYTHON, SOCKET]),
    "output to /dev/full": Place(shell("exec >/dev/full")),
    "a terminal": Place([], None, ["--tty"], terminal=True),
    "16 MiB of memory": Place(None, limited(memory={"limit": 16 << 20})),
    "8 tasks": Place(as_stranger("prlimit", "--nproc=8:8"), limited(pids={"limit": 8})),
    "16 descriptors": Place(["prlimit", "--nofile=16:16"], lambda config: None, inside=shell("ulimit -n 16")),
    "most of this at once": Place(as_stranger("prlimit", "--nproc=8:8", "--nofile=16:16", *shell("mount -o remount,bind,ro /; exec <&-")),
                                  together(stranger, read_only, limited(memory={"limit": 16 << 20}, pids={"limit": 8})),
                                  [AS_STRANGER, "--cap-drop=ALL", "--security-opt=no-new-privileges", "--read-only", "--read-only-tmpfs=false",
                                   "--memory=16m", "--pids-limit=8"], says=(NO_SOCKET,), inside=shell("ulimit -n 16")),
    "an empty environment": Place(["env", "-i"], lambda config: config["process"].update(env=[]), None),
    "ignored signals": Place(["env", "--ignore-signal=TERM,INT,HUP,CHLD,PIPE"]),
    "blocked signals": Place(["env", "--block-signal=TERM,INT,HUP,CHLD"]),
}

USUAL = re.compile(r"\S+\.service: (started, pid \d+|done|stopped|was killed by SIGKILL; starts again .*)|ready: .*|stopping: .*|ending with code 0")


def live_through(p, place):
    """Starts in order, starts again what has crashed, ends with 0 at once when asked, and says what it goes without, once."""
    p.wait_for("^web 1$"), p.wait_for("^escaped$")
    p.wait_for("^tend: ready: 3 of 3 services are up$")
    web = int(re.search(r"web\.service: started, pid (\d+)", p.out + p.err)[1])
    os.kill(until(lambda: [pid for pid in p.children() if p.inside(pid) == web])[0], signal.SIGKILL)
    p.wait_for(r"web\.service: was killed by SIGKILL; starts again")
    p.wait_for("^web 1$", after=1)
    p.kill(signal.SIGTERM)
    assert p.wait() == 0
    said = (p.out + p.err).replace("\r\n", "\n").split("\n")
    assert said.index("db") < said.index("web 1") < said.index("db down")
    lacks = [line.removeprefix("tend: ") for line in said if line.startswith("tend: ")]
    lacks = [line for line in lacks if not USUAL.fullmatch(line)]
    assert len(lacks) == len(place.says) and all(re.fullmatch(full, line) for (short, full), line in zip(place.says, lacks)), lacks


def table():
    """The rows of docs/harsh.md."""
    yes = {True: "yes", False: ""}
    for name, p in PLACES.items():
        says = ", ".join(short for short, full in p.says)
        yield f"| {name} | {yes[p.bare is not None]} | {yes[p.oci is not None]} | {yes[p.podman is not None]} | {says} |"


if __name__ == "__main__":
    print(*table(), sep="\n")
