"""Places where other inits do not start: no descriptors, no processes, nobody who reads stderr, nothing that may be written, no /proc."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

import pytest
from conftest import AS_IN_DOCKER, until
from places import STRANGER, as_stranger, shell

need_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can make such a place")


@pytest.fixture
def place(tend, tmp_path):
    """A tend and a directory that strangers may use too, whatever the checkout's own rights."""
    with tempfile.TemporaryDirectory(prefix="tend-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o777)
        shutil.copy(tend.path, folder / "tend")
        tend.path, tend.directory = str(folder / "tend"), folder
        yield tend, folder


# ---- rights ------------------------------------------------------------------------------------------------

@need_root
@pytest.mark.parametrize("name, text, said", [
    ("User", "User=nobody", "changing its groups: nobody: Operation not permitted"),
    ("Nice", "Nice=-5", "Nice= is not enforced: the container lacks the capability for it"),
    ("OOMScoreAdjust", "OOMScoreAdjust=-500", "OOMScoreAdjust= is not enforced: the container lacks the capability for it"),
    ("own user", f"User={STRANGER}", "started, pid "),
], ids=lambda value: value if " " not in value and "=" not in value else "")
def test_what_needs_a_right(place, name, text, said):
    """A stranger who asks for what only root may: said, with the setting that it was about."""
    tend, _ = place
    p = tend.serve(f"[a]\nRestart=no\n{text}\nExecStart=/bin/echo up\n", wrapper=as_stranger())
    assert p.wait() == (216 if name == "User" else 0)
    assert f"a.service: {said}" in p.err
    assert ("up\n" in p.out) == (name != "User")


@need_root
def test_all_that_is_refused_is_told_once(place):
    """Each setting, whichever command of the service is the first to go without, and however often it restarts."""
    tend, _ = place
    p = tend.serve("[a]\nRestartSec=0\nNice=-5\nOOMScoreAdjust=-500\nLimitNOFILE=100\nLimitCORE=100\nExecStartPre=/bin/true\nExecStartPre=/bin/true\n"
                   "ExecStart=/bin/sh -c 'echo up; read line < /dev/null; exec sleep inf'\n",
                   wrapper=as_stranger("prlimit", "--nofile=64:64", "--core=0:0"))
    p.wait_for("^up$")
    until(lambda: [pid for pid in p.children() if p.comm(pid) == "sleep"])
    os.kill(p.children()[0], signal.SIGKILL)
    p.wait_for("^up$", after=1)
    p.kill(signal.SIGTERM)
    assert p.wait() == 0
    for setting in "Nice=", "OOMScoreAdjust=", "LimitNOFILE=", "LimitCORE=":
        assert p.err.count(f"a.service: {setting} is not enforced: the container lacks the capability for it") == 1, p.err


# ---- descriptors -------------------------------------------------------------------------------------------

def test_full_descriptor_table(tend):
    """Each service of Type=notify needs one. Those that get none are tried again, the others are served, and PID 1 stays."""
    p = tend.serve("[n@]\nInstances=30\nNotifyAccess=main\nFailureAction=none\nExecStart=sleep inf\n"
                   "[web]\nRestartSec=0\nStartLimitIntervalSec=0\nExecStart=sh -c 'echo web; exec sleep inf'\n",
                   wrapper=["prlimit", "--nofile=20:20"])
    p.wait_for(r"^tend: n@\d+\.service: making a process for ExecStart=: Too many open files$")
    p.wait_for(r"^tend: n@\d+\.service: got no process; starts again in \d+ms \(its process could not be made, restart 2\)$")
    p.wait_for("^web$")
    web = re.search(r"web\.service: started, pid (\d+)", p.err)[1]
    os.kill(until(lambda: [pid for pid in p.children() if p.inside(pid) == int(web)])[0], signal.SIGKILL)
    p.wait_for("^web$", after=1)
    assert len(os.listdir(f"/proc/{p.pid}/fd")) <= 20
    p.kill(signal.SIGTERM)
    assert p.wait() == 0


def test_descriptors_come_back(tend):
    """What was short is there again: the services come up by themselves."""
    p = tend.serve("[n@]\nInstances=10\nNotifyAccess=main\nExecStart=sleep inf\n", wrapper=["prlimit", "--nofile=16:100"])
    p.wait_for("Too many open files$")
    subprocess.run(["prlimit", "--pid", str(p.pid), "--nofile=100:100"], check=True)
    until(lambda: [p.comm(pid) for pid in p.children()].count("sleep") == 10)
    p.kill(signal.SIGTERM)
    assert p.wait() == 0


@need_root
@pytest.mark.parametrize("mode, said", [("700", False), ("755", True), ("750", False)])
def test_directory_that_is_somebody_elses(place, mode, said):
    """A stranger cannot change it: the service sees to what it may do there."""
    tend, _ = place
    p = tend.serve("[a]\nType=oneshot\nStateDirectory=web\nStateDirectoryMode=0750\nExecStart=/bin/sh -c 'echo $STATE_DIRECTORY'\n",
                   wrapper=[*shell(f"mount -t tmpfs -o mode=755 none /var/lib && mkdir -m {mode} /var/lib/web"), *as_stranger()])
    assert p.wait() == 0
    assert p.out == "/var/lib/web\n"
    assert ("a.service: the mode of its directories is not enforced" in p.err) == said


@need_root
def test_directory_that_cannot_be_made(tend):
    """Said once for each start; and what is not there needs no removal."""
    p = tend.serve("[a]\nRestart=no\nRuntimeDirectory=web\nExecStart=true\n", wrapper=shell("mount -t tmpfs -o ro none /run"))
    assert p.wait() == 233
    assert p.err.count("a.service: making its runtime directory: /run/web: Read-only file system") == 1
    assert "removing" not in p.err


# ---- processes ---------------------------------------------------------------------------------------------

@contextlib.contextmanager
def crowd(n):
    """So many processes of the stranger, which count towards its RLIMIT_NPROC."""
    made = [subprocess.Popen(["sleep", "inf"], user=STRANGER, group=STRANGER, extra_groups=[]) for _ in range(n)]
    try:
        yield
    finally:
        for process in made:
            process.kill()
            process.wait()


NO_PROCESSES = as_stranger("prlimit", "--nproc=4:4")


@need_root
def test_no_process_to_be_had(place):
    """After all retries the container ends, with a code that says so."""
    tend, _ = place
    with crowd(4):
        p = tend.serve("[a]\nStartLimitBurst=3\nExecStart=/bin/true\n", wrapper=NO_PROCESSES)
        assert p.wait() == 71
    assert p.err.count("making a process for ExecStart=: Resource temporarily unavailable") == 3
    assert p.err.count("got no process; starts again in ") == 2
    assert "a.service: got no process; given up on: 3 starts within" in p.err


@need_root
def test_no_process_is_no_reason_to_give_up(place):
    """Restart=no is about the service, not about the machine: it is made when there is room."""
    tend, _ = place
    with crowd(4):
        p = tend.serve("[a]\nRestart=no\nExecStart=/bin/echo up\n", wrapper=NO_PROCESSES)
        p.wait_for(r"got no process; starts again in 100ms \(its process could not be made, restart 1\)$")
    p.wait_for("^up$")
    assert p.wait() == 0


@need_root
def test_no_process_for_a_stop_command(place):
    """The stop goes on without it."""
    tend, _ = place
    p = tend.serve("[a]\nExecStart=/bin/sh -c 'echo up; exec sleep inf'\nExecStop=/bin/echo stop\n", wrapper=NO_PROCESSES)
    p.wait_for("^up$")
    with crowd(4):
        p.kill(signal.SIGTERM)
        p.wait()
    assert "making a process for ExecStop=: Resource temporarily unavailable" in p.err
    assert "a.service: stopped" in p.err


@need_root
def test_no_process_for_a_probe(place):
    """That says nothing about the service: it is asked when there is room again."""
    tend, folder = place
    p = tend.serve(f"[a]\nExecStart=/bin/sleep inf\nHealthCheck=file:{folder}/ok\nHealthIntervalSec=50ms\nHealthRetries=1000\n",
                   "--log-level", "debug", wrapper=NO_PROCESSES)
    p.wait_for("a.service: a probe of its health failed: file:.*: No such file or directory")
    with crowd(4):
        p.wait_for("a.service: making a process to ask file:.*: Resource temporarily unavailable")
        (folder / "ok").touch()
    p.wait_for("a.service: healthy$")
    p.kill(signal.SIGTERM)
    assert p.wait() == 0


# ---- standard streams --------------------------------------------------------------------------------------

def test_nobody_reads_stderr(tend, tmp_path):
    """A full pipe holds up neither PID 1 nor the end; what was lost is counted, and told when somebody reads again."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    try:
        while True:
            os.write(reader, b"x" * 4096)
    except BlockingIOError:
        pass
    p = tend.serve("[a]\nRestartSec=0\nStartLimitBurst=50\nFailureAction=none\nStandardError=null\nExecStart=false\n"
                   "[b]\nAfter=a\nStandardError=null\nExecStart=sh -c 'trap \"exit 0\" USR1; echo b; while :; do sleep 0.01; done'\n"
                   "ForwardSignals=SIGUSR1\n[c]\nStandardError=null\nExecStart=sh -c 'echo c; exec sleep inf'\n",
                   wrapper=shell(f"exec 2>{pipe}"))
    p.wait_for("^b$"), p.wait_for("^c$")
    with contextlib.suppress(BlockingIOError):
        while os.read(reader, 65536):
            pass
    p.kill(signal.SIGUSR1)
    said = b""

    def hear():
        nonlocal said
        with contextlib.suppress(BlockingIOError):
            said += os.read(reader, 65536)
        return b"lines were lost here" in said

    until(hear)
    p.kill(signal.SIGTERM)
    p.wait()
    os.close(reader)


def test_nobody_reads_stderr_to_the_end(tend, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(reader, b"x" * 4096)
    p = tend.serve("[a]\nRestart=no\nStandardError=null\nExecStart=sh -c 'exit 3'\n", wrapper=shell(f"exec 2>{pipe}"))
    assert p.wait() == 3
    os.close(reader)


STREAMS = {"none at all": "exec <&- >&- 2>&-", "no stderr": "exec 2>&-", "no stdout": "exec >&-", "no stdin": "exec <&-",
           "full disk": "exec >/dev/full 2>&1", "a directory": "exec </"}


@pytest.mark.parametrize("streams", STREAMS.values(), ids=STREAMS)
def test_streams(tend, tmp_path, streams):
    """The service has three, whatever tend was given, and writes where it says."""
    p = tend.serve(f"[a]\nRestart=no\nStandardOutput=file:{tmp_path}/out\nExecStart=sh -c 'ls /proc/$$$$/fd; exit 3'\n",
                   wrapper=shell(streams))
    assert p.wait() == 3
    assert (tmp_path / "out").read_text().split() == ["0", "1", "2"]


@pytest.mark.parametrize("streams", STREAMS.values(), ids=STREAMS)
def test_streams_are_no_sockets_of_tend(tend, tmp_path, streams):
    """What a service inherits as 0, 1 and 2 is never something that tend has opened for itself."""
    p = tend.serve(f"[a]\nRestart=no\nNotifyAccess=all\nExecStart=sh -c 'ls -l /proc/$$$$/fd > {tmp_path}/out'\n", wrapper=shell(streams))
    p.wait()
    assert not re.search("socket:|anon_inode:", (tmp_path / "out").read_text())


# ---- /proc -------------------------------------------------------------------------------------------------

NO_PROC = shell("mount -t tmpfs none /proc")


@need_root
def test_no_proc_is_told_once(tend):
    """Found by process group then; and the end of the container still ends all."""
    p = tend.serve("[a]\nExecStart=sh -c 'sleep inf & setsid sleep inf & echo up; wait'\n[b]\nRestart=no\nExecStart=true\n", wrapper=NO_PROC)
    p.wait_for("^up$")
    p.kill(signal.SIGTERM)
    assert p.wait() == 0
    assert p.err.count("/proc cannot be read") == 1


# ---- Docker's capabilities ----------------------------------------------------------------------------------

@need_root
def test_daemon_of_another_user(tend):
    """Root may not look into it without CAP_SYS_PTRACE, its own user may: it is known, and ended with its service."""
    p = tend.serve("[web]\nUser=nobody\nRestart=no\nFailureAction=none\nExecStart=/bin/sh -c '(setsid sh -c \"sleep 7777 & echo up\" &); "
                   "read end < /dev/null; while ! test -e /run/systemd/end; do sleep 0.01; done; exit 3'\n[other]\nExecStart=/bin/sh -c 'until test -e /run/systemd/look; do sleep 0.01; done; "
                   "readlink /proc/1/fd/2 >/dev/null && echo seen; exec sleep inf'\n", wrapper=AS_IN_DOCKER)
    p.wait_for("^up$")
    daemon = until(lambda: [pid for pid in p.children() if p.proc("cmdline", pid) == "sleep\0007777\0"])
    p.enter("touch", "/run/systemd/end")
    until(lambda: daemon[0] not in p.children())
    p.enter("touch", "/run/systemd/look")  # where many a service logs to must stay in reach
    p.wait_for("^seen$")
    p.kill(signal.SIGTERM)
    assert p.wait() == 0


@need_root
def test_hidden_processes(tend):
    """Where root does not see another user's at all that is told once, and the process group of the service ends with it."""
    p = tend.serve("[web]\nUser=nobody\nRestartSec=0\nExecStart=/bin/sh -c 'sleep 7777 & echo up; exec sleep 8888'\n[other]\nExecStart=sleep inf\n",
                   wrapper=[*shell("mount -o remount,hidepid=ptraceable /proc"), *AS_IN_DOCKER])
    p.wait_for("^up$")

    def who(word):
        return [pid for pid in p.descendants() if p.proc("cmdline", pid) == f"sleep\0{word}\0"]

    left, main = until(lambda: who(7777))[0], until(lambda: who(8888))[0]
    os.kill(main, signal.SIGKILL)
    p.wait_for("^up$", after=1)
    assert until(lambda: [left not in who(7777)])[0]  # others may vanish while one looks
    p.kill(signal.SIGTERM)
    assert p.wait() == 0
    assert p.err.count("/proc hides processes of services (hidepid=): ") == 1


NO_DEV = ["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /dev && exec \"$@\"", "sh"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root may mount")
def test_no_dev_null(tend):
    """Standard input is empty all the same; where output is to go to it, the step says what is missing."""
    p = tend.serve("[a]\nRestart=no\nExecStart=sh -c 'cat; echo read'\n", wrapper=NO_DEV)
    assert p.wait() == 0
    assert "read\n" in p.out
    p = tend.serve("[a]\nRestart=no\nStandardOutput=null\nExecStart=true\n", wrapper=NO_DEV)
    assert p.wait() == 209
    assert "opening its standard output: /dev/null: No such file or directory" in p.err


# ---- an ordinary user, in no container ---------------------------------------------------------------------

@need_root
def test_directories_of_an_ordinary_user(place):
    """As with systemd --user: below the home, where nothing else may be written."""
    tend, folder = place
    home = folder / "home"
    home.mkdir()
    home.chmod(0o777)
    text = ("[a]\nType=oneshot\nRestart=no\nStateDirectory=web\nCacheDirectory=web\nLogsDirectory=web\nConfigurationDirectory=web\n"
            "RuntimeDirectory=web\nEnvironment=S=%S C=%C L=%L E=%E T=%t\nExecStart=/bin/sh -c 'echo $STATE_DIRECTORY $CACHE_DIRECTORY "
            "$LOGS_DIRECTORY $CONFIGURATION_DIRECTORY $RUNTIME_DIRECTORY; echo $S $C $L $E $T; for d in $$STATE_DIRECTORY $$LOGS_DIRECTORY "
            "$$RUNTIME_DIRECTORY; do test -d $$d && echo there; done'\n")
    p = tend.serve(text, pid1=False, env={"HOME": str(home), "XDG_RUNTIME_DIR": f"{home}/run", "PATH": os.environ["PATH"]},
                   wrapper=as_stranger())
    assert p.wait() == 0, p.err
    state, cache, logs, config, run = f"{home}/.local/state", f"{home}/.cache", f"{home}/.local/state/log", f"{home}/.config", f"{home}/run"
    assert p.out.splitlines() == [" ".join(f"{base}/web" for base in (state, cache, logs, config, run)),
                                  " ".join((state, cache, logs, config, run)), "there", "there", "there"]
    assert not os.path.exists(f"{run}/web")
