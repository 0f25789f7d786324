"""Budgets in a container that an engine has made: how far they are kept, told at the start, and seen to be so."""
import os
import re
import shutil
import signal
import subprocess

import oci
import pytest
from conftest import MIB, Podman, Runtime, image, until

# The hog takes too much at its first start alone. The bomb is bounded: it ends at 60 processes, or where it may have no more.
FILES = {"etc/tend.ini": """\
[tend]
StopBudget=8s

[beat]
ExecStart=sh -c 'while sleep 0.2; do echo beat; done'

[hog]
MemoryMax=30M
RestartSec=10ms
ExecStart=sh /etc/hog
ExecStopPost=sh -c 'echo hog $SERVICE_RESULT'

[bomb]
TasksMax=20
Restart=no
FailureAction=none
ExecStart=sh -c 'sh /etc/bomb & exec sleep 1000000'

[ends]
ExecStart=sh -c 'mkfifo -m 666 /dev/shm/end; read line </dev/shm/end; exit 7'
Restart=no
""", "etc/hog": """\
if test -e /dev/shm/fed; then echo hog again; exec sleep 1000000; fi
>/dev/shm/fed
{ head -c 60000000 /dev/zero; sleep 1000000; } | tail
""", "etc/bomb": """\
i=0
while [ $i -lt 60 ]; do sleep 1000000 & i=$((i + 1)); done
sleep 1000000
"""}

LIMITS = "--memory=256m", "--pids-limit=150"
UNMASKED = "--security-opt=unmask=/sys/fs/cgroup"
READ_ONLY = "/sys/fs/cgroup is mounted read-only"
OF_PODMAN = "podman run --security-opt unmask=/sys/fs/cgroup, or /sbin/init for the command's name"
UNKNOWN = "a writable /sys/fs/cgroup in a cgroup namespace of the container's own"
OWN = "podman run --cgroupns=private --cgroups=enabled"
TEND = "/bin/tend", "run"
TERM, KILL = signal.SIGTERM, signal.SIGKILL


# engine, whose, command, how it ends (a signal, by the engine, by a service that fails), why no kernel keeps the budgets (None: it does), what would help
PLACES = {
    "runc": (Runtime("runc"), "root", TEND, TERM, READ_ONLY, UNKNOWN),
    "runc-writable": (Runtime("runc", writable=True), "root", TEND, "stop", None, None),
    "crun": (Runtime("crun"), "root", TEND, "fate", READ_ONLY, UNKNOWN),
    "crun-writable": (Runtime("crun", writable=True), "root", TEND, KILL, None, None),
    "runc-CAP_SYS_ADMIN": (Runtime("runc", change=oci.administer), "root", TEND, TERM, None, None),
    "crun-rootless-writable": (Runtime("crun", writable=True), "tester", TEND, "stop", None, None),
    "podman": (Podman(*LIMITS), "root", TEND, "stop", READ_ONLY, OF_PODMAN),
    "podman-unmask": (Podman(*LIMITS, UNMASKED), "root", TEND, "stop", None, None),
    "podman-systemd=always": (Podman(*LIMITS, "--systemd=always"), "root", TEND, TERM, None, None),
    "podman-sbininit": (Podman(*LIMITS), "root", ("/sbin/init", "run"), TERM, None, None),
    "podman-another-user": (Podman(*LIMITS, UNMASKED, "--user=1000:1000"), "root", TEND, "fate", "/sys/fs/cgroup belongs to another user", None),
    "podman-the-hosts-cgroups": (Podman(*LIMITS, "--volume=/sys/fs/cgroup:/sys/fs/cgroup:rw"), "root", TEND, TERM,
                                   "the cgroups at /sys/fs/cgroup are those of the host", OWN),
    "podman-no-cgroup": (Podman("--cgroups=disabled", UNMASKED), "root", TEND, TERM,
                          "processes outside of the container share its cgroup", OWN),
    "podman-rootless": (Podman(*LIMITS), "tester", TEND, TERM, READ_ONLY, OF_PODMAN),
    "podman-rootless-unmask": (Podman(*LIMITS, UNMASKED), "tester", TEND, "stop", None, None),
    "podman-rootless-systemd=always": (Podman(*LIMITS, "--systemd=always"), "tester", TEND, KILL, None, None),
}


def told(c):
    """Which budgets the kernel does not keep, as the lines say it: (service, what and why)."""
    return sorted(re.findall(r"^tend: .*?(\w+)\.service: (.*not enforced.*|.* kept by samples.*)$", c.err, re.M))


@pytest.mark.limit(240)
@pytest.mark.parametrize("engine, user, words, how, why, hint", PLACES.values(), ids=PLACES)
def test_place(start, engine, user, words, how, why, hint):
    c = start(engine, *words, user=user, files=FILES)
    c.wait_for("^tend: ready: 4 of 4")
    if why:
        help = f"{why}; what makes it work: {hint}" if hint else why
        assert told(c) == [("bomb", f"TasksMax= kept by samples alone: {help}"), ("hog", f"MemoryMax= kept by samples alone: {help}")]
    else:
        assert told(c) == []
        assert (c.file("hog.service/memory.max"), c.file("bomb.service/pids.max")) == (str(30 * MIB), "20")
    # The hog is ended as out of memory, and comes back.
    c.wait_for("^hog oom-kill$")
    c.wait_for("^hog again$")
    # The bomb gets no further.
    if why:
        c.wait_for(r"bomb\.service: it has \d+ tasks, over its TasksMax=20: ending all of them")
    else:
        until(lambda: "max 0" not in c.file("bomb.service/pids.events"))
        assert int(c.file("bomb.service/pids.current")) <= 20
    # The neighbour lives, and who enters is in tend's leaf.
    beats = c.out.count("beat")
    until(lambda: c.out.count("beat") > beats + 2)
    group = c.group
    assert group.is_dir()
    if how == "stop":  # engines are slow to start: not everywhere
        code, said = c.exec("cat", "/proc/self/cgroup")
        assert code == 0 and (why or said.strip() == "0::/init.scope"), said
    # It ends in time: had the engine to kill it, the code would be 137.
    if how == "fate":
        os.close(os.open(f"/proc/{c.pid}/root/dev/shm/end", os.O_WRONLY))
    else:
        c.stop() if how == "stop" else c.kill(how)
    assert c.wait() == {"fate": 7, "stop": 0, TERM: 0, KILL: 137}[how]
    if engine.name == "runc":
        assert c.groups() == []
    elif hint != OWN:
        until(lambda: not group.exists(), what=f"the end of {group}")


WEB = {"etc/tend.ini": "[web]\nMemoryMax=30M\nExecStart=sh -c 'echo up; exec sleep 1000000'\n"}
AND_TASKS = {"etc/tend.ini": WEB["etc/tend.ini"] + "TasksMax=20\n"}


@pytest.mark.parametrize("name", ["crun", "runc"])
def test_others_enter_while_it_takes_over(start, name):
    """Whoever is in the cgroup that tend divides is moved, also when a reload divides it further."""
    c = start(Runtime(name, writable=True), *TEND, files=WEB)
    loop = f"while test -d {c.folder}; do {name} exec {c.name} true && echo been >>{c.folder}/been; done"
    crowd = [subprocess.Popen(["sh", "-c", loop], stderr=subprocess.DEVNULL) for _ in range(3)]
    try:
        c.wait_for("^up$")
        assert c.file("web.service/memory.max") == str(30 * MIB)
        until((c.folder / "been").exists)
        image(c.engine, c.user, AND_TASKS)
        c.kill(signal.SIGHUP)
        until(lambda: c.file("web.service/pids.max") == "20")
        assert told(c) == []
    finally:
        shutil.rmtree(c.folder)
        for each in crowd:
            each.wait()
    c.stop()
    assert c.wait() == 0
    assert name != "runc" or c.groups() == []


def test_stop_leaves_the_engine_time(start):
    """What does not stop is killed by tend before the engine would kill all of it (30 s: this machine is slow), and tend comes to say so."""
    c = start(Podman(*LIMITS), *TEND, files={"etc/tend.ini": "[tend]\nStopBudget=2s\n[web]\nExecStart=sh -c 'trap : TERM; echo up; "
                                                             "while :; do sleep 0.1; done'\n"})
    c.wait_for("^up$")
    assert "resorting to SIGKILL" not in c.stop(seconds=30)[1]
    assert c.wait() == 137
    assert c.err.endswith("tend: ending with code 137\n")
