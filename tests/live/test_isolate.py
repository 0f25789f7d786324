"""`tend run --isolate`: a container's namespaces without a container."""
import fcntl
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import termios

import pytest
from conftest import ini, listener, until


@pytest.fixture
def isolated(tend, tmp_path):
    """`tend run --isolate` on a file without services, in no namespace of the test's."""
    (tmp_path / "empty.ini").write_text("[tend]\n")

    def start(*command, options=(), **more):
        return tend("run", "--isolate", *options, tmp_path / "empty.ini", "--", *command, pid1=False, **more)
    return start


def pid1(p):
    """PID 1 of the namespace, as seen from here."""
    return until(p.children, what="the inner half of tend")[0]


def test_pid_1_of_its_own(isolated):
    p = isolated("sh", "-c", "echo parent:$PPID:; ls /proc | grep -c '^[0-9]'; readlink /proc/1/exe; exit 7")
    assert p.wait() == 7, p.err
    assert re.search("^parent:1:$", p.out, re.M)
    assert int(re.search(r"^(\d+)$", p.out, re.M)[1]) <= 6  # its own /proc, and not that of this machine


def test_namespaces(isolated):
    kinds = ["pid", "mnt", "uts", "ipc", "net", "cgroup"]
    p = isolated("sh", "-c", "cd /proc/self/ns && readlink " + " ".join(kinds))
    assert p.wait() == 0, p.err
    for kind in kinds:
        assert kind in p.out
        assert os.readlink(f"/proc/self/ns/{kind}") not in p.out


def test_hostname_stays_inside(isolated):
    before = os.uname().nodename
    p = isolated("uname", "-n", options=["--hostname", "shop"])
    assert p.wait() == 0, p.err
    assert p.out.strip() == "shop"
    assert os.uname().nodename == before


def test_mounts_stay_inside(isolated, tmp_path):
    """With the right to mount: without it there is none at all."""
    p = isolated("sh", "-c", f"mount -t tmpfs none {tmp_path} && touch {tmp_path}/inside && ls {tmp_path}",
                 options=["--cap-add", "sys_admin"])
    assert p.wait() == 0, p.err
    assert "inside" in p.out
    assert not (tmp_path / "inside").exists()


@pytest.mark.parametrize("options, seen", [([], "lo 0x9"), (["--net=loopback"], "lo 0x9"), (["--net", "none"], "lo 0x8")])
def test_network(isolated, options, seen):
    p = isolated("sh", "-c", "cd /sys/class/net && for n in *; do echo $n $(cat $n/flags); done | grep -v -e tunl -e sit",
                 options=options)
    assert p.wait() == 0, p.err
    assert seen in p.out.splitlines()
    assert not {"eth0", "ens3", "enp0s3", "wlan0"} & set(p.out.split())


def test_network_of_the_machine(isolated):
    p = isolated("readlink", "/proc/self/ns/net", options=["--net=host"])
    assert p.wait() == 0, p.err
    assert p.out.strip() == os.readlink("/proc/self/ns/net")


def test_variables(isolated):
    p = isolated("sh", "-c", 'echo "$A:$B"', options=["--env", "A=1 2", "--env=B="], add_env={"B": "before"})
    assert p.wait() == 0, p.err
    assert p.out == "1 2:\n"


@pytest.mark.parametrize("options", [["--bind", "/srv"], ["--bind=/srv:srv"], ["--bind=/srv:/a/../b"], ["--bind=/srv:/a/.."],
                                     ["--bind=/srv:/"], ["--tmpfs=a"], ["--tmpfs=/a:b"], ["--tmpfs=/a/../b"], ["--net=eth0"],
                                     ["--cap-add=NET"], ["--env=A"], ["--env==A"], ["--keep=/srv"]])
def test_wrong_words(isolated, options):
    """Nothing is begun."""
    p = isolated("echo", "up", options=options)
    assert p.wait() == 2
    assert p.out == "" and options[0].split("=")[0] in p.err


@pytest.mark.parametrize("option", ["--bind=/srv:/srv", "--root=/srv", "--read-only", "--tmpfs=/srv", "--net=none", "--cap-add=all"])
def test_only_with_the_wall(tend, option):
    done = tend.run("run", option, "--", "true")
    assert done.returncode == 2
    assert f"tend: run: {option.split('=')[0]}: only with --isolate\n" in done.stderr


@pytest.mark.parametrize("script, code", [("exit 0", 0), ("exit 42", 42), ("kill -KILL $$", 137)])
def test_code(isolated, script, code):
    assert isolated("sh", "-c", script).wait() == code


def test_signals_come_through(isolated):
    p = isolated(*listener())
    p.wait_for("^ready$")
    for n in (signal.SIGUSR1, signal.SIGWINCH, signal.SIGQUIT):
        p.kill(n)
        p.wait_for(f"^got {int(n)}$")
    p.kill(signal.SIGUSR2)
    assert p.wait() == 0


def test_stop(isolated):
    p = isolated("sh", "-c", "trap 'exit 0' TERM; echo up; while :; do sleep 0.01; done")
    p.wait_for("^up$")
    p.kill(signal.SIGTERM)
    assert p.wait() == 0


def test_inside_dies_with_the_outside(isolated):
    p = isolated("sh", "-c", "setsid sleep inf & echo up; exec sleep inf")
    p.wait_for("^up$")
    inside = [pid1(p), *p.descendants_of(pid1(p))]
    assert len(inside) >= 3
    p.kill(signal.SIGKILL)
    assert p.wait() == -signal.SIGKILL
    until(lambda: not any(is_alive(pid) for pid in inside))


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_stops_and_goes_on_as_one(isolated):
    p = isolated("sh", "-c", "echo up; exec sleep inf")
    p.wait_for("^up$")
    inner = pid1(p)
    p.kill(signal.SIGTSTP)
    until(lambda: p.status("State").startswith("T") and p.status("State", inner).startswith("T"))
    p.kill(signal.SIGCONT)
    until(lambda: p.status("State").startswith("S") and p.status("State", inner).startswith("S"))
    p.kill(signal.SIGTERM)
    p.wait()


def test_terminal(isolated):
    p = isolated("bash", "--norc", "--noprofile", "--noediting", "-i", pty=True, add_env={"PS1": "prompt\\n"})
    p.type("echo flags:$-:\n")
    assert "m" in p.wait_for(r"^flags:(\w+):")[1]
    p.type("cat\n")
    p.type("echoed\n")
    p.wait_for("^echoed$", after=1)
    before = p.out.count("prompt")
    p.type("\x03")
    p.wait_for("^prompt$", after=before)
    p.type("echo code:$?:\n")
    p.wait_for("^code:130:")
    p.type("exit 12\n")
    assert p.wait() == 12


def test_not_root(tend, tmp_path):
    """A user namespace brings what an ordinary user lacks; inside it is root."""
    if os.getuid() != 0:
        pytest.skip("the other tests are this one")
    directory = pathlib.Path("/tmp") / f"tend-isolate-{os.getpid()}"  # tmp_path is for its owner alone
    directory.mkdir(mode=0o755)
    try:
        (directory / "empty.ini").write_text("[tend]\n")
        (directory / "tend").write_bytes(pathlib.Path(tend.path).read_bytes())
        (directory / "tend").chmod(0o755)
        done = subprocess.run(["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", directory / "tend", "run",
                               "--isolate", directory / "empty.ini", "--", "sh", "-c", "id -u; echo $PPID; exit 9"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
        assert done.returncode == 9, done.stderr
        assert done.stdout == "0\n1\n"
    finally:
        for file in directory.iterdir():
            file.unlink()
        directory.rmdir()


def test_refusal_says_what_was_refused(tend, tmp_path):
    """In a user namespace that may have no PID namespace below it."""
    (tmp_path / "empty.ini").write_text("[tend]\n")
    p = tend("run", "--isolate", tmp_path / "empty.ini", "--", "true", pid1=False, wrapper=[
        "unshare", "--user", "--map-root-user",
        "sh", "-c", "echo 0 > /proc/sys/user/max_pid_namespaces && exec \"$@\"", "sh"])
    assert p.wait() == 71
    assert re.search("^tend: making .*: No space left on device$", p.err, re.M)


LENT = 200000
NOBODY = 65534  # newuidmap wants a user whom /etc/passwd knows


@pytest.mark.skipif(os.getuid() != 0, reason="only root can lend users for a test")
@pytest.mark.skipif(not shutil.which("newuidmap") or not os.path.exists("/etc/subuid"), reason="newuidmap is not here (package uidmap)")
@pytest.mark.parametrize("lent", [True, False], ids=["lent", "nobody lent"])
def test_users_that_are_lent(tend, lent):
    """By /etc/subuid and /etc/subgid: then services have users of their own, for whom is not root, too. Else that is said."""
    with tempfile.TemporaryDirectory(prefix="tend-lent-") as name:
        place = pathlib.Path(name)
        place.chmod(0o777)
        shutil.copy(tend.path, place / "tend")
        tend.path, tend.directory = str(place / "tend"), place
        for file in ("subuid", "subgid"):
            (place / file).write_text(f"{NOBODY}:{LENT}:65536\n" if lent else "")
        user = "User=1000\n" if lent else ""
        (place / "tend.ini").write_text(f"[a]\nType=oneshot\n{user}ExecStart=sh -c 'id -u; id -g; cat /proc/self/uid_map'\n")
        who = ["unshare", "--mount", "sh", "-c", f"mount --bind {place}/subuid /etc/subuid && mount --bind {place}/subgid /etc/subgid"
               ' && exec "$@"', "sh", "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        p = tend("run", "--isolate", place / "tend.ini", pid1=False, wrapper=who)
        assert p.wait() == 0, p.err
        own = [str(NOBODY), "1"]
        assert p.out.split() == (["1000", "1000", "0", *own, "1", str(LENT), "65536"] if lent else ["0", "0", "0", *own])
        assert p.err.count("tend: nobody but root is inside: /etc/subuid and /etc/subgid lend no users\n") == (not lent)


def test_terminal_has_a_name_and_a_size(isolated):
    """The terminal is the caller's own, by the only name that it has inside; a resize comes through."""
    p = isolated("sh", "-c", "trap 'stty size; exit 3' WINCH; tty; stty size; echo waits; while :; do sleep 0.01; done", pty=True)
    p.wait_for("^waits$")
    assert "/dev/console\r\n" in p.out
    fcntl.ioctl(p.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 77, 0, 0))
    p.wait_for("^33 77$")
    assert p.wait() == 3


def test_run_is_its_own(walled):
    """What the machine has there is out of reach, what is written there is not the machine's; a bind makes its place."""
    p = walled("sh", "-c", "find /run -not -path '/run/systemd*' -not -path '/run/tend*'; stat -c %a /run/lock; cat /run/x/y/f; touch /run/mark",
               options=["--bind", f"{walled.place}:/run/x/y:ro"] if (walled.place / "f").write_text("of outside\n") else [])
    assert p.wait() == 0, p.err
    found = p.out.splitlines()
    assert {"/run", "/run/lock", "/run/x/y/f", "1777", "of outside"} <= set(found)
    assert not [line for line in found if line.startswith("/run/") and not line.startswith(("/run/lock", "/run/x"))]
    assert not os.path.exists("/run/mark")


def test_asked_from_outside(walled):
    p = walled("sh", "-c", "echo up; exec sleep inf")
    p.wait_for("^up$")
    socket = f"/proc/{pid1(p)}/root/run/systemd/private"
    done = subprocess.run([*walled.who, walled.place / "tend", "stop", "command", "--socket", socket], capture_output=True, text=True,
                          timeout=20)
    assert done.returncode == 0, done.stderr
    p.wait_for("command.service: stopped")
    assert not list((walled.place / "runtime").iterdir())


def test_places_stay_over_a_reload(walled):
    """Those of an ordinary user are below his home, also when the files are read where he is root; what runs is in /run."""
    if walled.is_root:
        pytest.skip("root has the machine's own places")
    home = walled.place / "home"
    home.mkdir()
    home.chmod(0o777)
    file = pathlib.Path(ini(walled.place, "[a]\nStateDirectory=a-state\nRuntimeDirectory=a-run\n"
                            "ExecStart=sh -c 'echo \"$STATE_DIRECTORY:$RUNTIME_DIRECTORY\"; exec sleep inf'\n"))
    p = walled(options=[file], env={**os.environ, "HOME": str(home)})
    wanted = f"{home}/.local/state/a-state:/run/a-run"
    p.wait_for(f"^{re.escape(wanted)}$")
    file.write_text(file.read_text() + "Environment=A=B\n")
    p.kill(signal.SIGHUP)
    p.wait_for(f"^{re.escape(wanted)}$", after=1)
    p.kill(signal.SIGTERM)
    assert p.wait() == 0


@pytest.mark.skipif(os.getuid() != 0, reason="only root can have an /etc of its own for a test")
@pytest.mark.parametrize("net, found", [("host", "nameserver 192.0.2.7\n"), ("loopback", "")])
def test_names_on_the_network_of_the_machine(isolated, net, found):
    """Where the machine's resolver keeps its file in /run."""
    p = isolated("sh", "-c", "cat /etc/resolv.conf; rm -f /run/of-resolver/file", options=["--net", net], wrapper=[
        "unshare", "--mount", "sh", "-c", "mount -t tmpfs none /etc && mount -t tmpfs none /run && mkdir /run/of-resolver && "
        "echo nameserver 192.0.2.7 >/run/of-resolver/file && ln -s ../run/of-resolver/file /etc/resolv.conf && exec \"$@\"", "sh"])
    p.wait()
    assert p.out == found, p.err
