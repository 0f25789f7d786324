"""`tend -- CMD`: one command, as an init for it."""
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from conftest import PIPE, PYTHON, listener, until

CAUGHT = [n for n in sorted(signal.valid_signals()) if n not in (
    signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD, signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL,
    signal.SIGTRAP, signal.SIGABRT, signal.SIGSYS)]

# Says each signal that it gets, and ends at the one whose number is its argument.


def got(p):
    return [int(n) for n in re.findall(r"got (\d+)", p.out)]  # a terminal may echo ^C before it


# ---- codes -------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("script, code", [
    ("exit 0", 0), ("exit 1", 1), ("exit 42", 42), ("exit 255", 255),
    ("kill -TERM $$", 143), ("kill -KILL $$", 137), ("kill -HUP $$", 129), ("kill -36 $$", 164),
])
@pytest.mark.parametrize("pid1", [True, False])
def test_code(tend, script, code, pid1):
    p = tend("--", "sh", "-c", script, pid1=pid1)
    assert p.wait() == code
    assert (p.out, p.err) == ("", "")


def test_exec_failures(tend, tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("nothing")
    for command, code, words in [
        ("tend-has-no-such", 127, "No such file or directory"),
        (str(tmp_path / "nosuch"), 127, "No such file or directory"),
        (str(plain), 126, "Permission denied"),
        (str(tmp_path), 126, "Permission denied"),
    ]:
        p = tend("--", command)
        assert p.wait() == code
        assert p.err == f"tend: {command}: {words}\n"


def test_codes_that_are_fine(tend):
    options = ["--exit-code-ok", "3", "--exit-code-ok=143"]
    for script, code in [("exit 3", 0), ("kill -TERM $$", 0), ("exit 4", 4), ("exit 0", 0)]:
        assert tend(*options, "--", "sh", "-c", script).wait() == code


@pytest.mark.parametrize("options, words", [
    (["--rewrite=TERM"], "--rewrite=TERM: not SIG:SIG"),
    (["--rewrite", "CHLD:TERM"], "--rewrite=CHLD:TERM: not SIG:SIG"),
    (["--exit-code-ok", "256"], "from 0 to 255"),
    (["--exit-code-ok", "x"], "from 0 to 255"),
    (["--stop-budget", "soon"], "--stop-budget=soon: not a time span"),
    (["--parent-death-signal", "TREM"], "--parent-death-signal=TREM: not a signal"),
    (["--nosuch"], "--nosuch"),
    (["--group=yes"], "--group=yes"),
    (["--no-wai"], "--no-wai"),
    (["-x"], "-x"),
])
def test_bad_options(tend, options, words):
    done = tend.run(*options, "--", "true")
    assert done.returncode == 2
    assert done.stdout == "" and done.stderr.count("\n") == 1
    assert done.stderr.startswith("tend: ") and words in done.stderr


def test_no_command(tend):
    for words in [["--"], ["--group"], ["--stop-budget"]]:
        done = tend.run(*words)
        assert done.returncode == 2 and done.stderr.count("\n") == 1


def test_command_that_looks_like_an_option(tend, tmp_path):
    tool = tmp_path / "--verbose"
    tool.write_text("#!/bin/sh\necho \"$@\"\n")
    tool.chmod(0o755)
    p = tend("--no-wait", "--", "--verbose", "--", "-x", env={"PATH": f"{tmp_path}:/usr/bin:/bin"})
    assert p.wait() == 0
    assert p.out == "-- -x\n"


# ---- what the command is given -----------------------------------------------------------------------------

def test_environment_and_directory_are_left_alone(tend, tmp_path):
    environment = {"PATH": "/usr/bin:/bin", "ODD": "a b\nc", "EMPTY": ""}
    wrapper = ["env", "-C", str(tmp_path)]
    p = tend("--", "sh", "-c", "pwd; exec env -0", env=environment, wrapper=wrapper)
    assert p.wait() == 0
    directory, _, rest = p.out.partition("\n")
    assert directory == str(tmp_path)
    given = dict(word.split("=", 1) for word in rest.rstrip("\0").split("\0"))
    assert {k: v for k, v in given.items() if k not in ("PWD", "OLDPWD", "SHLVL", "_")} == environment


def test_stdin_comes_through(tend):
    p = tend("--", "cat", stdin=PIPE)
    p.type("one\ntwo\n")
    p.close_stdin()
    assert p.wait() == 0
    assert p.out == "one\ntwo\n"


# Blocks and ignores what its first and second argument say, and executes the rest.
WITH_SIGNALS = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_SETMASK, eval(sys.argv[1]))
for n in set(range(1, 32)) - {9, 19}:
    signal.signal(n, signal.SIG_IGN if n in eval(sys.argv[2]) else signal.SIG_DFL)
os.execv(sys.argv[3], sys.argv[3:])
"""


C_LIBRARYS = 1 << 31 | 1 << 32  # no program can set these two, but some runners of tests start us with them ignored


def test_signals_as_found(tend):
    wrapper = [*PYTHON, WITH_SIGNALS, "{12, 15, 21}", "{1, 13, 17, 22}"]
    p = tend("--", "grep", "^Sig[BI]", "/proc/self/status", wrapper=wrapper)
    assert p.wait() == 0
    fields = dict(line.split(":\t") for line in p.out.splitlines())
    assert int(fields["SigBlk"], 16) == 1 << 11 | 1 << 14 | 1 << 20
    assert int(fields["SigIgn"], 16) & ~C_LIBRARYS == 1 << 0 | 1 << 12 | 1 << 16 | 1 << 21


IGNORE_ALL = """
import ctypes, os, sys
action = (ctypes.c_uint64 * 4)(1, 0, 0, 0)
for n in set(range(1, 65)) - {9, 17, 19}:
    assert ctypes.CDLL(None).syscall(13, n, action, None, 8) == 0  # rt_sigaction
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the number of the system call is this machine's")
def test_service_begins_with_no_signal_ignored(tend):
    p = tend.serve("[a]\nRestart=no\nIgnoreSIGPIPE=no\nExecStart=grep ^SigIgn /proc/self/status\n",
                   wrapper=[*PYTHON, IGNORE_ALL])
    assert p.wait() == 0
    assert "SigIgn:\t0000000000000000\n" in p.out


def test_ignored_sigchld_does_not_lose_the_code(tend):
    p = tend("--", "sh", "-c", "exit 6", wrapper=[*PYTHON, WITH_SIGNALS, "{}", "{17}"])
    assert p.wait() == 6


def test_command_alone_holds_its_descriptors(tend):
    reading, writing = os.pipe()
    popen = subprocess.Popen([tend.path, "--", "bash", "-c", f"exec {writing}>&-; exec sleep inf"], pass_fds=[writing],
                             stdin=subprocess.DEVNULL)
    try:
        os.close(writing)
        assert os.read(reading, 1) == b""  # the end of file comes while both still run
        assert popen.poll() is None
    finally:
        popen.terminate()
        assert popen.wait() == 143
        os.close(reading)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"])
def test_closed_descriptors(tend, closed):
    p = tend("--", "sh", "-c", "ls /proc/self/fd | head -3 | tr -d '\\n' > seen; exit 5",
             wrapper=["sh", "-c", f"cd {tend.directory}; exec \"$@\" {closed}", "sh"])
    assert p.wait() == 5
    assert (tend.directory / "seen").read_text() == "012"


def test_full_stderr_holds_nothing_up(tend):
    """Nobody reads what --verbose says: 200 children are told of, and the pipe has room for few lines."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(writing, True)
    popen = subprocess.Popen([tend.path, "--verbose", "--", "sh", "-c", "for i in $(seq 200); do (true &) ; done; exit 8"],
                             stdin=subprocess.DEVNULL, stderr=writing)
    try:
        assert popen.wait(20) == 8
    finally:
        popen.kill()
        popen.wait()
        os.close(writing)
        os.close(reading)


def test_nobody_on_a_read_only_root(tend):
    wrapper = ["unshare", "--mount", "sh", "-c",
               "mount -o remount,bind,ro / && exec setpriv --reuid=54321 --regid=54321 --clear-groups --no-new-privs "
               "--bounding-set=-all --inh-caps=-all \"$@\"", "sh"]
    if os.getuid() != 0:
        pytest.skip("needs root to become nobody")
    p = tend("--stop-budget=100ms", "--", "sh", "-c", "id -u; setsid sleep inf & exit 9", wrapper=wrapper)
    assert p.wait() == 9, p.err
    assert p.out == "54321\n"


# ---- signals -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("pid1", [True, False])
def test_every_signal_is_forwarded(tend, pid1):
    p = tend("--", *listener(), pid1=pid1)
    p.wait_for("^ready$")
    for n in [n for n in CAUGHT if n != signal.SIGUSR2]:
        p.kill(n)
        p.wait_for(f"^got {int(n)}$")
    p.kill(signal.SIGUSR2)
    assert p.wait() == 0
    assert sorted(got(p)) == [int(n) for n in CAUGHT]


def test_faults_are_not_forwarded(tend):
    p = tend("--", *listener())
    p.wait_for("^ready$")
    for n in (signal.SIGSEGV, signal.SIGABRT, signal.SIGCHLD):
        p.kill(n)
    p.kill(signal.SIGUSR2)
    assert p.wait() == 0
    assert got(p) == [signal.SIGUSR2]


def test_rewrite(tend):
    p = tend("--rewrite", "TERM:USR2", "--rewrite=HUP:0", "--rewrite", "SIGUSR1:RTMIN+1", "--", *listener())
    p.wait_for("^ready$")
    p.kill(signal.SIGHUP)
    p.kill(signal.SIGUSR1)
    p.wait_for("^got")
    p.kill(signal.SIGTERM)
    assert p.wait() == 0
    assert got(p) == [signal.SIGRTMIN + 1, signal.SIGUSR2]


@pytest.mark.parametrize("options, whole", [([], False), (["--group"], True), (["--group", "--single"], False)])
def test_group(tend, options, whole):
    script = ("import os, signal\n"
              "signal.pthread_sigmask(signal.SIG_BLOCK, [10, 12])\n"
              "child = os.fork()\n"
              "print('ready', flush=True)\n"
              "for wanted in [[10], [12]] if child == 0 else [[12]]:\n"
              "    print('child' if child == 0 else 'command', signal.sigwait(wanted), flush=True)\n"
              "if child: os.kill(child, 12); os.wait()\n")
    p = tend(*options, "--", *PYTHON, script)
    p.wait_for("^ready$", after=1)
    p.kill(signal.SIGUSR1)
    if whole:
        p.wait_for("^child .*10")
    p.kill(signal.SIGUSR2)
    if whole:
        assert p.wait() == 0
    else:
        p.wait_for("^command .*12")
        assert "child" not in p.out


def test_parent_death_signal(tend, tmp_path):
    """The parent of tend is killed; tend gets the signal, and forwards it."""
    script = f"{tend.path} --parent-death-signal=USR2 -- \"$@\" & wait"
    popen = subprocess.Popen(["sh", "-c", script, "sh", *listener()], stdin=subprocess.DEVNULL, stdout=PIPE, text=True)
    try:
        assert popen.stdout.readline() == "ready\n"
        popen.kill()
        assert popen.stdout.readline() == "got 12\n"
        assert popen.stdout.read() == ""
    finally:
        popen.kill()
        popen.wait()
        popen.stdout.close()


# ---- orphans -----------------------------------------------------------------------------------------------

STORM = """
import os, sys
def count():
    return len(open(f"/proc/{os.getppid()}/task/{os.getppid()}/children").read().split())
reading, writing = os.pipe()
for n in range(int(sys.argv[1])):
    if os.fork() == 0:
        if os.fork() == 0:
            os.close(writing)
            os.read(reading, 1)  # until all are there
        os._exit(0)
    os.wait()
print("orphans", count() - 1, flush=True)
os.close(writing)
while count() > 1:
    pass
print("reaped", flush=True)
"""


@pytest.mark.parametrize("pid1", [True, False])
def test_storm(tend, pid1):
    p = tend("--", *PYTHON, STORM, "1000", pid1=pid1)
    assert p.wait() == 0
    assert p.out == "orphans 1000\nreaped\n"


# ---- what the command leaves behind ------------------------------------------------------------------------

@pytest.mark.parametrize("pid1", [True, False])
def test_left_behind_may_clean_up(tend, pid1):
    script = "(trap 'echo cleaned; exit 0' TERM; echo up; while :; do sleep 0.01; done) & read x; exit 4"
    p = tend("--", "sh", "-c", script, stdin=PIPE, pid1=pid1)
    p.wait_for("^up$")
    began = time.monotonic()
    p.type("\n")
    assert p.wait() == 4
    assert time.monotonic() - began < 5  # and not the 9 s of the budget
    assert "cleaned" in p.out and "killed" not in p.err


@pytest.mark.parametrize("pid1", [True, False])
@pytest.mark.parametrize("prefix", ["", "setsid "])
def test_stubborn_is_killed_and_named(tend, pid1, prefix):
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print(\"up\", flush=True); time.sleep(1000)"
    script = f"{prefix}{sys.executable} -IS -c '{stubborn}' & read x; exit 4"
    p = tend("--stop-budget", "200ms", "--", "sh", "-c", script, stdin=PIPE, pid1=pid1)
    p.wait_for("^up$")
    left = p.descendants()
    began = time.monotonic()
    p.type("\n")
    assert p.wait() == 4
    assert 0.2 <= time.monotonic() - began < 5
    assert p.err.count("left behind by the command, had to be killed") == 1 and "python" in p.err
    assert not any(os.path.exists(f"/proc/{pid}") for pid in left)


def test_no_proc_to_look_at(tend):
    """As PID 1 the kernel reaches everybody; only the name is not known."""
    p = tend("--stop-budget=100ms", "--", "sh", "-c", "(trap '' TERM; echo up; sleep 1000) & read x; exit 4", stdin=PIPE,
             wrapper=["sh", "-c", "umount -l /proc && exec \"$@\"", "sh"])
    p.wait_for("^up$")
    p.type("\n")
    assert p.wait() == 4
    assert "tend: ?[" in p.err


@pytest.mark.parametrize("pid1", [True, False])
def test_no_wait(tend, pid1):
    script = "(trap 'echo told' TERM; echo up; while :; do sleep 0.01; done) & read x; exit 4"
    p = tend("--no-wait", "--", "sh", "-c", script, stdin=PIPE, pid1=pid1)
    p.wait_for("^up$")
    p.type("\n")
    assert p.wait() == 4
    assert "told" not in p.out


def test_second_signal_hurries(tend):
    script = "trap 'exit 4' INT; (trap '' INT TERM; echo up; while :; do sleep 0.01; done) & while :; do sleep 0.01; done"
    p = tend("--stop-budget=1min", "--", "bash", "-c", script)
    p.wait_for("^up$")
    command, = p.children()
    p.kill(signal.SIGINT)
    until(lambda: command not in p.children())
    p.kill(signal.SIGINT)
    assert p.wait() == 4
    assert "had to be killed" in p.err


def test_budget_counts_from_the_signal(tend):
    """The command takes its time to end after SIGTERM: what it leaves gets the rest of the budget, not all of it again."""
    script = ("(trap '' TERM; while :; do sleep 0.01; done) & trap 'sleep 1; exit 4' TERM; echo up; "
              "while :; do sleep 0.01; done")
    p = tend("--stop-budget=2s", "--", "sh", "-c", script)
    p.wait_for("^up$")
    began = time.monotonic()
    p.kill(signal.SIGTERM)
    assert p.wait() == 4
    assert 1.9 < time.monotonic() - began < 2.9


def test_idle_costs_nothing(tend):
    p = tend("--", "sh", "-c", "echo up; exec sleep inf")
    p.wait_for("^up$")
    before = p.switches_asleep()
    time.sleep(1.2)  # two of its seconds, had it a timer as tini has
    assert p.status("voluntary_ctxt_switches") == before
    p.kill(signal.SIGTERM)
    assert p.wait() == 143


# ---- the terminal ------------------------------------------------------------------------------------------

BASH = ["bash", "--norc", "--noprofile", "--noediting", "-i"]


def test_job_control(tend):
    p = tend("--", *BASH, pty=True, add_env={"PS1": "prompt\\n"})
    p.type("echo flags:$-:\n")
    assert "m" in p.wait_for(r"^flags:(\w+):")[1]
    assert "no job control" not in p.out
    p.type("cat\n")
    p.type("echoed\n")
    p.wait_for("^echoed$", after=1)
    p.type("\x1a")
    p.wait_for(r"Stopped\s+cat")
    p.type("jobs; fg\n")
    p.type("again\n")
    p.wait_for("^again$", after=1)
    before = p.out.count("prompt")
    p.type("\x03")
    p.wait_for("^prompt$", after=before)
    p.type("echo code:$?:\n")
    p.wait_for("^code:130:")
    p.type("exit 12\n")
    assert p.wait() == 12


def test_interrupt_reaches_the_command_once(tend):
    p = tend("--", *listener(last=signal.SIGQUIT), pty=True)
    p.wait_for("^ready")
    p.type("\x03")
    p.wait_for("got 2$")
    p.type("\x1c")
    assert p.wait() == 0
    assert got(p) == [signal.SIGINT, signal.SIGQUIT]  # no SIGHUP, no SIGCONT, nothing twice


def test_command_is_in_the_foreground(tend):
    p = tend("--", *PYTHON, "import os; print(os.tcgetpgrp(0) == os.getpgrp() == os.getpid() != os.getpgid(os.getppid()))",
             pty=True)
    assert p.wait() == 0
    assert p.out.strip() == "True"


def test_terminal_on_stdout_alone(tend):
    p = tend("--", "sh", "-c", "exec 0</dev/tty; read x; echo read:$x:", pty=True,
             wrapper=["sh", "-c", "exec \"$@\" </dev/null", "sh"])
    until(lambda: p.children())
    p.type("word\n")
    p.wait_for("^read:word:")
    assert p.wait() == 0


def test_shell_without_job_control_gets_its_terminal_back(tend):
    script = f"{tend.path} -- true; read x; echo read:$x:"
    p = tend("--", "sh", "-c", script, pty=True)
    p.type("word\n")
    p.wait_for("^read:word:")
    assert p.wait() == 0


def test_background_does_not_take_the_terminal(tend):
    p = tend("--", *BASH, pty=True, add_env={"PS1": ""})
    p.type(f"{tend.path} -- sh -c 'echo st''arted; exec sleep inf' &\n")
    p.wait_for("^started")
    p.type("echo still:$((40+2)):\n")
    p.wait_for("^still:42:")
    p.type("kill %1; wait; exit 3\n")
    assert p.wait() == 3
