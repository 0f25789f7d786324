"""Called by another init's name, tend keeps that program's promises."""
import os
import signal
import subprocess

import pytest
from conftest import PIPE, PYTHON, listener, until

SIGNALS = set(range(1, 32)) - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}
FAULTS = {signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP, signal.SIGABRT, signal.SIGSYS}
STOPS = {signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
TINIS = ["tini", "tini-static", "docker-init"]
ALL = [*TINIS, "dumb-init", "catatonit"]
LISTEN = listener()


def run(tend, name, *args, **more):
    """A short run, its output by the name that it was called, and not by the path of the link."""
    link = tend.named(name)
    return subprocess.run([name, *args], executable=link, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=20, **more)


def with_env(**more):
    return dict(os.environ, **more)


# ---- what all of them do -----------------------------------------------------------------------------------

@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("script, code", [("exit 0", 0), ("exit 77", 77), ("kill -TERM $$", 143), ("kill -KILL $$", 137)])
def test_code(tend, name, script, code):
    assert tend("--", "sh", "-c", script, argv0=name).wait() == code


@pytest.mark.parametrize("name, missing, denied, other", [
    ("tini", 127, 126, 1), ("docker-init", 127, 126, 1), ("dumb-init", 2, 2, 2), ("catatonit", 1, 1, 1)])
def test_exec_failures(tend, name, missing, denied, other):
    for command, code, words in [("tend-has-no-such", missing, "No such file or directory"),
                                 ("/etc/passwd", denied, "Permission denied"),
                                 ("/etc/passwd/x", other, "Not a directory")]:
        p = tend("--", command, argv0=name)
        assert p.wait() == code
        assert command in p.err and words in p.err


@pytest.mark.parametrize("name", ALL)
def test_signals(tend, name):
    p = tend("--", *LISTEN, argv0=name)
    p.wait_for("^ready$")
    dropped = {"dumb-init": STOPS, "catatonit": STOPS | FAULTS}.get(name, FAULTS | STOPS - {signal.SIGTSTP})
    sent = sorted(SIGNALS - {signal.SIGUSR2})
    for n in sent if name != "dumb-init" else [n for n in sent if n not in STOPS]:
        p.kill(n)
        if n not in dropped:
            p.wait_for(f"^got {int(n)}$")
    p.kill(signal.SIGUSR2)
    assert p.wait() == 0
    assert sorted(int(line.split()[1]) for line in p.out.splitlines()[1:]) == sorted(map(int, SIGNALS - dropped))


@pytest.mark.parametrize("name", ALL)
def test_leaves_at_once(tend, name):
    p = tend("--", "sh", "-c", "setsid sh -c 'trap \"\" TERM; echo up; read x < /dev/zero' & read x; exit 5", argv0=name,
             stdin=PIPE)
    p.wait_for("^up$")
    p.type("\n")
    assert p.wait(5) == 5


@pytest.mark.parametrize("name", ALL)
def test_job_control(tend, name):
    p = tend("--", "bash", "--norc", "--noprofile", "--noediting", "-i", argv0=name, pty=True, add_env={"PS1": "prompt\\n"},
             pid1=name != "dumb-init")  # which has to lead its session to give the terminal up for another
    p.type("echo flags:$-:\n")
    assert "m" in p.wait_for(r"^flags:(\w+):")[1]
    assert "no job control" not in p.out
    p.type("cat\necho\n")
    p.wait_for("^echo$", after=1)
    before = p.out.count("prompt")
    p.type("\x03")
    p.wait_for("^prompt$", after=before)
    p.type("exit 3\n")
    assert p.wait() == 3


# ---- tini --------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", TINIS)
def test_tini_version(tend, name):
    done = run(tend, name, "--version")
    assert done.returncode == 0
    assert done.stdout.startswith("tini version ") and done.stderr == ""


@pytest.mark.parametrize("args, code, to_stdout", [
    ([], 1, False), (["-h"], 0, True), (["-x"], 1, False), (["--version", "x"], 1, False), (["-e"], 1, False)])
def test_tini_usage(tend, args, code, to_stdout):
    done = run(tend, "tini", *args)
    assert done.returncode == code
    usage, other = (done.stdout, done.stderr) if to_stdout else (done.stderr, done.stdout)
    assert "supervision of a valid init process" in usage and "more verbose" in usage and other == ""


@pytest.mark.parametrize("args, words", [
    (["-p", "TERM"], "-p: TERM"), (["-p", "SIGFOO"], "-p: SIGFOO"), (["-p15"], "-p: 15"),
    (["-e", "256"], "-e: 256"), (["-e", "-1"], "-e: -1"), (["-ex"], "-e: x")])
def test_tini_bad_values(tend, args, words):
    done = run(tend, "tini", *args, "true")
    assert done.returncode == 1
    assert f"Not a valid option for {words}\n" in done.stderr


def test_tini_codes_that_are_fine(tend):
    for code in (0, 1, 255):
        assert run(tend, "tini", "-s", "-e", str(code), "--", "sh", "-c", f"exit {code}").returncode == 0
        others = [word for n in range(256) if n != code for word in ("-e", str(n))]
        assert run(tend, "tini", "-s", *others, "sh", "-c", f"exit {code}").returncode == code
    assert run(tend, "tini", "-e143", "sh", "-c", "kill -TERM $$").returncode == 0


def test_tini_second_dashes_are_the_command(tend):
    done = run(tend, "tini", "-s", "--", "--", "x")
    assert done.returncode == 127 and "exec -- failed" in done.stderr


WARNING = "Tini is not running as PID 1 and isn't registered as a child subreaper"


@pytest.mark.parametrize("args, env, warns", [
    ([], {}, True), (["-s"], {}, False), ([], {"TINI_SUBREAPER": ""}, False), ([], {"TINI_VERBOSITY": "0"}, False),
    (["-v"], {"TINI_VERBOSITY": "0"}, False)])
def test_tini_warns_without_subreaper(tend, args, env, warns):
    done = run(tend, "tini", *args, "true", env=with_env(**env))
    assert (WARNING in done.stderr) == warns == ("zombie reaping won't work" in done.stderr)
    assert done.returncode == 0


def test_tini_does_not_warn_as_pid_1(tend):
    p = tend("true", argv0="tini")
    assert p.wait() == 0 and p.err == ""


@pytest.mark.parametrize("args, env, level", [
    ([], {}, 1), (["-v"], {}, 2), (["-vv"], {}, 3), (["-v", "-v"], {}, 3), ([], {"TINI_VERBOSITY": "3"}, 3)])
def test_tini_verbosity(tend, args, env, level):
    done = run(tend, "tini", "-s", *args, "true", env=with_env(**env))
    assert ("[INFO  tini" in done.stdout) == (level >= 2)
    assert ("Received SIGCHLD" in done.stdout) == (level >= 3)
    assert done.stderr == ""


@pytest.mark.parametrize("args, warns", [([], False), (["-w"], True)])
def test_tini_reaps(tend, args, warns):
    orphan = "import os\nr, w = os.pipe()\nif os.fork() == 0:\n    if os.fork() == 0:\n        os.read(r, 1)\n    os._exit(0)\n" \
             "os.wait()\nkids = lambda: len(open(f'/proc/{os.getppid()}/task/{os.getppid()}/children').read().split())\n" \
             "assert kids() == 2\nos.write(w, b'x')\nwhile kids() > 1: pass\n"
    done = run(tend, "tini", "-s", *args, "--", *PYTHON, orphan)
    assert done.returncode == 0, done.stderr
    assert ("Reaped zombie process with pid=" in done.stderr) == warns


@pytest.mark.parametrize("args, env, whole", [([], {}, False), (["-g"], {}, True), ([], {"TINI_KILL_PROCESS_GROUP": ""}, True)])
def test_tini_group(tend, args, env, whole):
    script = ("import os, signal\n"
              "signal.pthread_sigmask(signal.SIG_BLOCK, [10, 12])\n"
              "child = os.fork()\n"
              "print('ready', flush=True)\n"
              "for wanted in [10, 12] if child == 0 else [12]:\n"
              "    print('child' if child == 0 else 'command', int(signal.sigwait([wanted])), flush=True)\n")
    p = tend(*args, *PYTHON, script, argv0="tini", add_env=env)
    p.wait_for("^ready$", after=1)
    p.kill(signal.SIGUSR1)
    if whole:
        p.wait_for("^child 10$")
    p.kill(signal.SIGUSR2)
    assert p.wait() == 0
    assert ("child 10" in p.out) == whole


def test_tini_parent_death_signal(tend):
    script = f"{tend.named('tini')} -s -p SIGUSR2 -- \"$@\" & wait"
    popen = subprocess.Popen(["sh", "-c", script, "sh", *LISTEN], stdin=subprocess.DEVNULL, stdout=PIPE, text=True)
    try:
        assert popen.stdout.readline() == "ready\n"
        popen.kill()
        assert popen.stdout.read() == "got 12\n"
    finally:
        popen.kill()
        popen.wait()
        popen.stdout.close()


# ---- dumb-init ---------------------------------------------------------------------------------------------

@pytest.mark.parametrize("args", [["-h"], ["--help"], ["-V"], ["--version"], ["--vers"]])
def test_dumb_init_tells_on_stderr(tend, args):
    done = run(tend, "dumb-init", *args)
    assert done.returncode == 0 and done.stdout == "" and done.stderr.startswith("dumb-init v")


@pytest.mark.parametrize("args, words", [
    ([], "Usage: dumb-init [option] program [args]\nTry dumb-init --help for full usage.\n"),
    (["--yolo", "true"], "dumb-init: unrecognized option '--yolo'\n")])
def test_dumb_init_misuse(tend, args, words):
    done = run(tend, "dumb-init", *args)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", words)


@pytest.mark.parametrize("value", ["", "x", "15", "15:", ":15", "15::12", "15:x", "0:1", "32:1", "1:32", "TERM:QUIT"])
@pytest.mark.parametrize("option", ["-r", "--rewrite"])
def test_dumb_init_bad_rewrite(tend, option, value):
    done = run(tend, "dumb-init", option, value, "true")
    assert done.returncode == 1 and "<signum>:<signum>" in done.stderr


def test_dumb_init_rewrites(tend):
    p = tend("-r", "15:12", "-r1:0", "--rewrite=20:10", *LISTEN, argv0="dumb-init", pid1=False)
    p.wait_for("^ready$")
    p.kill(signal.SIGHUP)
    p.kill(signal.SIGTSTP)
    p.wait_for("^got 10$")
    until(lambda: p.status("State").startswith("T"))  # it stops itself all the same
    p.kill(signal.SIGCONT)
    p.wait_for("^got 18$")
    p.kill(signal.SIGTERM)
    assert p.wait() == 0
    assert "got 1\n" not in p.out


@pytest.mark.parametrize("number", sorted(STOPS))
def test_dumb_init_stops_with_its_session(tend, number):
    p = tend(*LISTEN, argv0="dumb-init", pid1=False)
    p.wait_for("^ready$")
    command, = p.children()
    p.kill(number)
    until(lambda: p.status("State").startswith("T") and p.status("State", command).startswith("T"))
    p.kill(signal.SIGCONT)
    p.wait_for("^got 18$")
    p.kill(signal.SIGUSR2)
    assert p.wait() == 0


SESSION = "import os; print(os.getsid(0) == os.getpid(), os.getpgrp() == os.getpid())"


@pytest.mark.parametrize("args, env, leads", [
    ([], {}, "True True"), (["-c"], {}, "False False"), (["--single-child"], {}, "False False"),
    ([], {"DUMB_INIT_SETSID": "0"}, "False False"), ([], {"DUMB_INIT_SETSID": "1"}, "True True")])
def test_dumb_init_session(tend, args, env, leads):
    done = run(tend, "dumb-init", *args, *PYTHON, SESSION, env=with_env(**env))
    assert done.stdout == leads + "\n"


def test_dumb_init_ends_the_group(tend):
    script = "(trap 'echo told; exit' TERM; echo up; while :; do sleep 0.01; done) & read x"
    p = tend("sh", "-c", script, argv0="dumb-init", stdin=PIPE, pid1=False)
    p.wait_for("^up$")
    p.type("\n")
    p.wait_for("^told$")
    assert p.wait() == 0


def test_dumb_init_directories(tend, tmp_path):
    done = run(tend, "dumb-init", "sh", "-c", "readlink /proc/$PPID/cwd /proc/$$/cwd", cwd=tmp_path)
    assert done.stdout == f"/\n{tmp_path}\n"


@pytest.mark.parametrize("args, env", [(["-v"], {}), (["--verbose"], {}), ([], {"DUMB_INIT_DEBUG": "1"})])
def test_dumb_init_verbose(tend, args, env):
    done = run(tend, "dumb-init", *args, "sh", "-c", "exit 3", env=with_env(**env))
    assert done.returncode == 3
    said = [line.removeprefix("[dumb-init] ") for line in done.stderr.splitlines()]
    assert "setsid complete." in said
    assert said[-4:] == ["Received signal 17.", said[-3], "Forwarded signal 15 to children.",
                         "Child exited with status 3. Goodbye."]
    assert run(tend, "dumb-init", "true", env=with_env(DUMB_INIT_DEBUG="0")).stderr == ""


def test_dumb_init_swallows_what_giving_the_terminal_up_sends(tend):
    p = tend("-v", *LISTEN, argv0="dumb-init", pty=True, pid1=False)
    p.wait_for("^ready$")
    assert "Ignoring tty hand-off signal 1." in p.out and "Ignoring tty hand-off signal 18." in p.out
    p.kill(signal.SIGHUP)
    p.wait_for("^got 1$")  # the next one is meant for the command
    p.kill(signal.SIGUSR2)
    assert p.wait() == 0
    assert "got 18" not in p.out


def test_dumb_init_begins_the_command_afresh(tend):
    ignore = "import os, signal, sys\nfor n in 1, 13, 15: signal.signal(n, signal.SIG_IGN)\n" \
             "signal.pthread_sigmask(signal.SIG_BLOCK, [10])\nos.execv(sys.argv[1], sys.argv[1:])"
    p = tend("grep", "^Sig[BI]", "/proc/self/status", argv0="dumb-init", wrapper=[*PYTHON, ignore])
    assert p.wait() == 0
    assert [int(line.split()[1], 16) for line in p.out.splitlines()] == [0, 0]


# ---- catatonit ---------------------------------------------------------------------------------------------

@pytest.mark.parametrize("option", ["-V", "--version"])
def test_catatonit_version(tend, option):
    done = run(tend, "catatonit", option)
    assert done.returncode == 0
    assert done.stdout.startswith("tini version ") and done.stdout.endswith("_catatonit\n")


@pytest.mark.parametrize("args, code", [([], 1), (["-x"], 1), (["-h"], 0), (["-L"], 0)])
def test_catatonit_usage(tend, args, code):
    done = run(tend, "catatonit", *args)
    assert done.returncode == code
    assert "catatonit" in done.stderr or args == ["-L"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("pid1", [True, False])
def test_catatonit_pauses(tend, number, pid1):
    p = tend("-P", argv0="catatonit", pid1=pid1)
    until(lambda: int(p.status("SigBlk"), 16) & 1 << signal.SIGHUP - 1)  # unshare blocks INT and TERM before it executes
    p.kill(signal.SIGHUP)
    p.kill(signal.SIGUSR1)
    p.kill(number)
    assert p.wait() == 0


def test_catatonit_reaps_without_pid_1(tend):
    script = "import os\nif os.fork() == 0:\n    if os.fork() == 0: os._exit(0)\n    os._exit(0)\nos.wait()\n" \
             "while len(open(f'/proc/{os.getppid()}/task/{os.getppid()}/children').read().split()) > 1: pass\n"
    assert run(tend, "catatonit", "--", *PYTHON, script).returncode == 0


def test_catatonit_hands_sockets_on(tend):
    """LISTEN_PID names catatonit when it starts; the command is to find its own number, and the descriptor open."""
    reading, writing = os.pipe()
    script = f"test -e /proc/$$/fd/{reading} && echo $LISTEN_PID:$$; read x"
    popen = subprocess.Popen(["sh", "-c", f"LISTEN_PID=$$ LISTEN_FDS=1 exec {tend.named('catatonit')} -- sh -c '{script}'"],
                             pass_fds=[reading], stdin=PIPE, stdout=PIPE, text=True)
    try:
        named, own = popen.stdout.readline().split(":")
        assert int(named) == int(own)
        until(lambda: str(reading) not in os.listdir(f"/proc/{popen.pid}/fd"))
    finally:
        popen.communicate("\n", timeout=20)
        os.close(reading)
        os.close(writing)


def test_catatonit_leaves_another_listen_pid_alone(tend):
    done = run(tend, "catatonit", "--", "printenv", "LISTEN_PID", env=with_env(LISTEN_PID="1234567"))
    assert done.stdout == "1234567\n"
