"""Harsh places: a table of rows, each made in up to four ways, and what is done in each of them. docs/harsh.md shows the table;
`python3 tests/live/places.py` prints it, and why a place cannot be made in some way.

`bare` goes before tend in namespaces of its own, `oci` changes the configuration of a container of runc's or crun's that is like
Docker's, `podman` are options of `podman run`, of an ordinary user's too where `rootless` says nothing else. In place of any of them
stands why it cannot be. `says` is what tend has to say about what it goes without there: each once, and nothing else.
"""
import dataclasses
import os
import re
import select
import signal

import oci
from conftest import AS_IN_DOCKER, PYTHON, until

STRANGER = 50000 + os.getpid() % 10000  # a uid that nobody has: not those who test beside us either, since RLIMIT_NPROC counts all

# The middle one fails with 7 when it is asked to. What escapes from the last one says that it ends, and has a child that hears of it too
# from when it says that it is there (before that it would be a copy of a shell, with that shell's handlers).
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
RestartPreventExitStatus=7
Environment=A=1
LimitNOFILE=15
UMask=0027
ExecStart=/bin/sh -c 'trap "exit 7" USR1; /bin/sleep 1000000 & echo web $A >&2; while :; do wait; done'

[escapes]
After=db
Environment='ESCAPED=trap "echo escaped down >&2; exit" TERM; /bin/sh -c "echo escaped >&2; exec /bin/sleep 1000000" & while :; do wait; done'
ExecStart=/bin/sh -c '(/usr/bin/setsid /bin/sh -c "$ESCAPED" &); exec /bin/sleep 1000000'
"""

# What tend says, in short and in full.
NO_SOCKET = ("no control socket", r"no control socket can be made: /tmp/tend-\d+/private: (Read-only file system|Permission denied|No such file or directory); "
             r"the services run, but nobody can ask about them \(Control=no says that this is meant\)")
NO_RUN = ("/run", r"/run is missing and cannot be mounted \(Read-only file system\): there is no place for sockets")
NO_TMP = ("/tmp", r"/tmp is missing and cannot be mounted \(Read-only file system\): there is no place for temporary files")
NO_PROC = ("what services leave behind is found by process group alone",
           r"/proc cannot be read \(it is not the one of this PID namespace\): what services leave behind is found by process group alone; mount a /proc")


class Cannot(str):
    """Why a place cannot be made in some way."""


NO_FILTER = Cannot("namespaces have no seccomp profile, without which it is the line \"a random uid, a read-only root\"")
UNBLOCKED = Cannot("a runtime unblocks all of them before it runs anything")
OF_PODMAN = Cannot("podman puts files of its own into /run, and so makes it")

SOCKET = """
import os, socket, sys
near, far = socket.socketpair()
os.dup2(near.fileno(), 1)
far.set_inheritable(True)
os.execvp(sys.argv[1], sys.argv[1:])
"""

# Its child, which stays outside, writes the maps. As with a runtime all other namespaces but the PIDs' belong to that of the users:
# CLONE_NEWUSER, NEWNS, NEWUTS, NEWIPC, NEWNET and NEWCGROUP.
REMAP = """
import ctypes, os, sys
(hears, says), left = os.pipe(), os.getpid()
helper = os.fork()
if helper == 0:
    os.read(hears, 1)
    for kind in "uid", "gid":
        with open(f"/proc/{left}/{kind}_map", "w") as file:
            file.write("0 100000 65536")
    os._exit(0)
assert ctypes.CDLL(None).unshare(0x10000000 | 0x00020000 | 0x04000000 | 0x08000000 | 0x40000000 | 0x02000000) == 0
os.write(says, b"x")
assert os.waitpid(helper, 0)[1] == 0
os.setgroups([]), os.setgid(0), os.setuid(0)
os.execvp(sys.argv[1], sys.argv[1:])
"""


def shell(script):
    """A wrapper that does something first."""
    return ["sh", "-c", script + ' && exec "$@"', "sh"]


def as_stranger(*more):
    return [*more, "setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups", "--no-new-privs"]


# Where they are mounts of their own, as our /run/systemd and /run/tend are, /run and /tmp too.
READ_ONLY = shell("{ umount /run/systemd /run/tend; mount -o remount,bind,ro /run; mount -o remount,bind,ro /tmp; } 2>/dev/null; mount -o remount,bind,ro /")
ROOT_WITHOUT = shell("""mount -t tmpfs none /mnt && for each in /*; do
        case $each in /mnt | /run | /tmp) continue ;; esac
        if [ -L $each ]; then cp -P $each /mnt; elif [ -d $each ]; then mkdir /mnt$each && mount --rbind $each /mnt$each; fi
done; mount -o remount,ro /mnt""") + ["chroot", "/mnt"]


def as_it_is(config):
    pass


def stranger(config):
    config["process"]["user"] = {"uid": STRANGER, "gid": STRANGER}
    oci.capable(config, [])


def read_only(config):
    config["root"]["readonly"] = True


def remapped(config):
    config["linux"]["namespaces"].append({"type": "user"})
    for kind in "uidMappings", "gidMappings":
        config["linux"][kind] = [{"containerID": 0, "hostID": 100000, "size": 65536}]


def no_new_privileges(config):
    config["process"]["noNewPrivileges"] = True


def among_others(config):
    config["linux"]["namespaces"] = [n for n in config["linux"]["namespaces"] if n["type"] != "pid"]


def with_terminal(config):
    config["process"]["terminal"] = True


def with_mount(destination, *options):
    def change(config):
        config["mounts"].append({"destination": destination, "type": "tmpfs", "source": "tmpfs", "options": list(options)})
    return change


def with_machines_proc(config):
    oci.administer(config)
    config["mounts"].append({"destination": "/machine", "type": "bind", "source": "/proc", "options": ["rbind"]})


def with_proc(*options):
    def change(config):
        oci.options_of(config, "/proc").extend(options)
    return change


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
    bare: list | Cannot
    oci: object
    podman: list | Cannot
    rootless: list | Cannot = None
    says: tuple = ()
    inside: tuple = ()  # goes before tend in a container, for what the runtime itself could not live with
    outside: tuple = ()  # goes before the runtime, which hands it on
    without: tuple = ()  # directories that the image has not
    terminal: bool = False
    pid1: bool = True

    def __post_init__(self):
        if self.rootless is None:
            self.rootless = self.podman

    def way(self, name):
        """How it is made so; None where it cannot be."""
        how = getattr(self, name)
        return None if isinstance(how, Cannot) else how


def first(*words):
    """What a process can do to itself before it becomes tend, in any container too."""
    return Place([*words], as_it_is, [], inside=words)


def handed(*words):
    """What standard output is for who starts the container. Without that option podman would hand on a pipe to its log."""
    return Place([*words], as_it_is, ["--log-driver=passthrough"], outside=words)


AS_STRANGER = f"--user={STRANGER}:{STRANGER}"
NO_NEW_PRIVILEGES = "--security-opt=no-new-privileges"
READ_ONLY_ROOT = "--read-only", "--read-only-tmpfs=false"
ADMIN = "--cap-add=SYS_ADMIN", "--security-opt=seccomp=unconfined"
MIB = 1 << 20
NOW_A_STRANGER = "nsenter", f"--setuid={STRANGER}", f"--setgid={STRANGER}"  # busybox's, which has no other program for it
CLOSED_RUN = shell("mount -t tmpfs -o mode=700 none /run")
UNREAD_PROC = shell("mount -t tmpfs none /proc")
FEW_DESCRIPTORS = shell("ulimit -n 16")
WAYS = {"bare": "namespaces", "oci": "runc, crun", "podman": "podman", "rootless": "podman, rootless"}
PLACES = {
    "Docker's defaults": Place(AS_IN_DOCKER, as_it_is, []),
    "a random uid": Place(as_stranger(), stranger, [AS_STRANGER]),
    "no capabilities": Place(["setpriv", "--bounding-set=-all", "--inh-caps=-all"], lambda config: oci.capable(config, []), ["--cap-drop=ALL"]),
    "no new privileges": Place(["setpriv", "--no-new-privs"], no_new_privileges, [NO_NEW_PRIVILEGES]),
    "a read-only root": Place(READ_ONLY, read_only, [*READ_ONLY_ROOT], says=(NO_SOCKET,)),
    "a random uid, a read-only root": Place(as_stranger(*READ_ONLY), together(stranger, read_only), [AS_STRANGER, *READ_ONLY_ROOT], says=(NO_SOCKET,)),
    "no /run, no /tmp": Place(ROOT_WITHOUT, read_only, OF_PODMAN, without=("run", "tmp"), says=(NO_RUN, NO_TMP, NO_SOCKET)),
    "a /run that is noexec": Place(shell("mount -t tmpfs -o noexec none /run"), with_mount("/run", "noexec", "mode=755"), ["--tmpfs=/run:noexec,mode=755"]),
    "another's /run": Place(as_stranger(*shell("mount -t tmpfs -o mode=755 none /run")), together(stranger, with_mount("/run", "mode=755")),
                            [AS_STRANGER, "--tmpfs=/run:mode=755"]),
    "another's /run, closed to us": Place(as_stranger(*CLOSED_RUN), oci.administer, [*ADMIN], inside=[*CLOSED_RUN, *NOW_A_STRANGER]),
    "remapped ids": Place([*PYTHON, REMAP], remapped, ["--uidmap=0:100000:65536"], ["--uidmap=0:1:65536"]),
    "no /proc": Place(UNREAD_PROC, oci.administer, [*ADMIN], inside=UNREAD_PROC, says=(NO_PROC,)),
    # With CAP_SYS_ADMIN tend would have cgroups there, and need no /proc to find what is left.
    "another's /proc": Place(shell("umount /proc"), with_machines_proc, [*ADMIN, "--volume=/proc:/machine"],
                             inside=[*shell("mount --bind /machine /proc"), *NOW_A_STRANGER], says=(NO_PROC,)),
    "a random uid, no /proc": Place(as_stranger(*UNREAD_PROC), oci.administer, [*ADMIN], inside=[*UNREAD_PROC, *NOW_A_STRANGER], says=(NO_PROC,)),
    "a read-only /proc": Place(shell("mount -o remount,bind,ro /proc"), with_proc("ro"), ["--security-opt=proc-opts=ro"]),
    "hidepid": Place(as_stranger(*shell("mount -o remount,hidepid=2 /proc")), together(stranger, with_proc("hidepid=2")),
                     [AS_STRANGER, "--security-opt=proc-opts=hidepid=2"]),
    "closed input": first(*shell("exec <&-")),
    "closed output": first(*shell("exec >&-")),
    "output to a file": handed(*shell('f=$(mktemp) && exec >"$f" && rm "$f"')),
    "output to a pipe": Place([], as_it_is, []),
    "output to a socket": handed(*PYTHON, SOCKET),
    "output to /dev/full": handed(*shell("exec >/dev/full")),
    "a terminal": Place([], with_terminal, ["--tty"], terminal=True),
    "16 MiB of memory": Place(["prlimit", f"--data={16 * MIB}"], limited(memory={"limit": 16 * MIB}), ["--memory=16m"]),
    "8 tasks": Place(as_stranger("prlimit", "--nproc=8:8"), limited(pids={"limit": 8}), ["--pids-limit=8"]),
    "16 descriptors": first(*FEW_DESCRIPTORS),
    "most of this at once": Place(as_stranger("prlimit", "--nproc=8:8", "--nofile=16:16", *READ_ONLY, *shell("exec <&-")),
                                  together(stranger, read_only, limited(memory={"limit": 16 * MIB}, pids={"limit": 8})),
                                  [AS_STRANGER, "--cap-drop=ALL", NO_NEW_PRIVILEGES, *READ_ONLY_ROOT, "--memory=16m", "--pids-limit=8"],
                                  says=(NO_SOCKET,), inside=FEW_DESCRIPTORS),
    "Kubernetes, restricted": Place(NO_FILTER, together(stranger, no_new_privileges, read_only),
                                    [AS_STRANGER, "--cap-drop=ALL", NO_NEW_PRIVILEGES, *READ_ONLY_ROOT], says=(NO_SOCKET,)),
    "Kubernetes, shareProcessNamespace": Place([], among_others, ["--pid=host"], pid1=False),
    "an empty environment": first("env", "-i"),
    "ignored signals": first(*shell("trap '' TERM INT HUP CHLD PIPE")),
    "blocked signals": Place(["env", "--block-signal=TERM,INT,HUP,CHLD"], UNBLOCKED, UNBLOCKED),
}

USUAL = re.compile(r"\S+\.service: (started, pid \d+|done|stopped|was killed by SIGKILL; starts again .*|exited with code 7; given up on: .*|"
                   r"it is given up on, and FailureAction= ends the container)|ready: .*|stopping.*|ending with code \d+")
# How it is brought to its end, by the exit code.
ENDS = {0: lambda p, web: p.kill(signal.SIGTERM), 7: lambda p, web: os.kill(web, signal.SIGUSR1)}


def process_of(p, unit, after=0):
    """The main process of a service that has just said that it is up, as seen from here."""
    inside = int(p.wait_for(rf"{unit}\.service: started, pid (\d+)", after=after)[1])
    return until(lambda: [pid for pid in p.children() if p.inside(pid) == inside])[0]


def live_through(p, place, code=0):
    """Starts in order, starts again what has crashed, ends at once when asked, in order and with nothing left, and says what it
    goes without, once. So it does where a service fails, but for the code."""
    p.wait_for("^web 1$"), p.wait_for("^escaped$")
    p.wait_for("^tend: ready: 3 of 3 services are up$")
    os.kill(process_of(p, "web"), signal.SIGKILL)
    p.wait_for(r"web\.service: was killed by SIGKILL; starts again")
    p.wait_for("^web 1$", after=1)
    web = process_of(p, "web", after=1)
    processes = until(lambda: [os.pidfd_open(pid) for pid in p.descendants()])
    ENDS[code](p, web)
    assert p.wait() == code, p.out + p.err
    assert len(select.select(processes, [], [], 0)[0]) == len(processes), "somebody is left"
    for each in processes:
        os.close(each)

    said = (p.out + p.err).replace("\r\n", "\n").split("\n")
    assert said.index("db") < said.index("web 1") < said.index("db down")
    finds = NO_PROC not in place.says
    assert (said.index("escaped down") < said.index("db down")) == finds, "the service's own end is that of all its processes"
    lacks = [line.removeprefix("tend: ") for line in said if line.startswith("tend: ")]
    lacks = [line for line in lacks if not USUAL.fullmatch(line)]
    assert len(lacks) == len(place.says) and all(re.fullmatch(full, line) for (short, full), line in zip(place.says, lacks)), lacks


def table():
    """The rows of docs/harsh.md, and what its letters stand for."""
    letters = {}
    for name, p in PLACES.items():
        cells = [letters.setdefault(how, chr(ord("a") + len(letters))) if isinstance(how, Cannot) else "yes" for how in map(p.__getattribute__, WAYS)]
        yield "| " + " | ".join([name, *cells, ", ".join(short for short, full in p.says)]) + " |"
    for why, letter in letters.items():
        yield f"- *{letter}*: {why}."


if __name__ == "__main__":
    print(*table(), sep="\n")
