"""`tend run FILE -- CMD`: the command in the foreground, with the terminal and without."""
import fcntl
import os
import re
import select
import signal
import struct
import termios
import time

import pytest
from conftest import PIPE, until

STAY = "[stay]\nExecStart=sleep inf\n"
# Says of itself whether the terminal is its own.
OWNER = ("import os; print('owner', os.tcgetpgrp(0) == os.getpgrp() == os.getpid(), os.isatty(0), os.isatty(1),"
         " os.getsid(0) != os.getpid())")


def plain(p):
    return p.out.replace("\r\n", "\n")


# ---- with a terminal ---------------------------------------------------------------------------------------

def test_command_owns_the_terminal(tend):
    p = tend.serve(STAY, "--", "python3", "-IS", "-c", OWNER, pty=True)
    assert p.wait() == 0
    assert "owner True True True True" in p.out


def test_it_reads_what_is_typed(tend):
    p = tend.serve(STAY, "--", "sh", "-c", "echo ready; read x; echo got $x; exit 3", pty=True)
    p.wait_for("^ready$")
    p.type("something\n")
    p.wait_for("^got something$")
    assert p.wait() == 3


def test_it_starts_after_the_services(tend):
    """A prompt comes when all that it may be asked about is there."""
    p = tend.serve("[a]\nType=oneshot\nRemainAfterExit=yes\nExecStart=sleep 0.1\nExecStart=echo prepared\n", "--", "echo", "command", pty=True)
    assert p.wait() == 0
    out = plain(p)
    assert out.index("prepared\n") < out.index("command\n")


def test_interrupt_reaches_the_command_alone(tend):
    """Ctrl-C is the command's: neither tend nor a service hears of it."""
    p = tend.serve("[a]\nExecStart=sh -c 'trap \"echo service heard\" INT; echo service up; while :; do sleep 0.01; done'\n", "--",
                   "sh", "-c", "trap 'echo command heard' INT; echo ready; while :; do sleep 0.01; done", pty=True)
    p.wait_for("^service up$"), p.wait_for("^ready$")
    p.type("\x03")
    p.wait_for("command heard")
    p.type("\x03")
    p.wait_for("command heard", after=1)
    assert "service heard" not in p.out and "stopping" not in p.out
    p.kill(signal.SIGTERM)
    assert p.wait() == 0


def test_interrupt_ends_the_command_and_with_it_the_container(tend):
    p = tend.serve(STAY, "--", "sh", "-c", "echo ready; exec sleep inf", pty=True)
    p.wait_for("^ready$")
    p.type("\x03")
    assert p.wait() == 130
    assert "stay.service: stopped" in p.out


def test_quit(tend):
    p = tend.serve(STAY, "--", "sh", "-c", "ulimit -c 0; echo ready; exec sleep inf", pty=True)
    p.wait_for("^ready$")
    p.type("\x1c")
    assert p.wait() == 131


def test_job_control(tend):
    """A shell with all of it: background, foreground, Ctrl-Z, and no complaint that there is none."""
    p = tend.serve(STAY, "--", "bash", "--norc", "--noprofile", "-i", pty=True, add_env={"PS1": "PROMPT ", "HISTFILE": ""})
    p.wait_for("PROMPT ")
    assert "no job control" not in p.out and "cannot set terminal" not in p.out
    p.type("sleep 1000\n")
    sleeper = until(lambda: [pid for pid in p.descendants() if p.comm(pid) == "sleep" and
                             os.getpgid(pid) == os.tcgetpgrp(p.terminal)])[0]
    p.type("\x1a")
    p.wait_for("Stopped")
    until(lambda: p.status("State", sleeper)[0] == "T")
    p.type("bg\n")
    until(lambda: p.status("State", sleeper)[0] == "S")
    p.type("fg\n")
    until(lambda: os.getpgid(sleeper) == os.tcgetpgrp(p.terminal))
    p.type("\x03")
    until(lambda: sleeper not in p.descendants())
    p.type("exit 5\n")
    assert p.wait() == 5


def test_window_size_reaches_it(tend):
    p = tend.serve(STAY, "--", "bash", "--norc", "-c", "trap 'stty size' WINCH; echo ready; while :; do sleep 0.01; done", pty=True)
    p.wait_for("^ready$")
    fcntl.ioctl(p.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 77, 0, 0))
    p.wait_for("^33 77$")
    p.kill(signal.SIGTERM)
    assert p.wait() == 0


def test_service_cannot_be_stopped_by_the_terminal(tend):
    """With `stty tostop` a background process that writes would be stopped: services are in no session with it."""
    p = tend.serve("[a]\nExecStart=sh -c 'while :; do echo from the service; sleep 0.02; done'\n", "--",
                   "sh", "-c", "stty tostop; echo ready; read x; echo got $x", pty=True)
    p.wait_for("^ready$")
    seen = p.out.count("from the service")
    p.wait_for("from the service", after=seen + 5)
    p.type("go on\n")
    p.wait_for("got go on")
    assert p.wait() == 0


def test_tend_itself_is_not_stopped_by_it(tend):
    """tend writes to a terminal whose foreground is the command's, with tostop."""
    p = tend.serve("[a]\nRestartSec=20ms\nStartLimitIntervalSec=0\nExecStart=sh -c 'exit 1'\n", "--",
                   "sh", "-c", "stty tostop; echo ready; exec sleep inf", pty=True)
    p.wait_for("^ready$")
    seen = p.out.count("exited with code 1; starts again")
    p.wait_for("exited with code 1; starts again", after=seen + 3)
    p.kill(signal.SIGTERM)
    p.wait()


@pytest.mark.skipif(os.getuid() != 0, reason="only root may take a terminal over")
def test_terminal_is_gone(tend):
    """The other side hangs up, with tend as the leader of the session: the command hears of it, and the container ends in order."""
    p = tend.serve(STAY, "--", "sh", "-c", "trap 'exit 9' HUP; echo ready; while :; do sleep 0.01; done", pty=True,
                   wrapper=["setsid", "--ctty"])
    p.wait_for("^ready$")
    os.close(p.terminal)
    p.readers.clear()
    p.terminal = None
    assert p.wait() == 9


def test_service_with_the_terminal_of_its_own(tend):
    """StandardInput=tty needs a /dev/console; where there is none the step fails by name."""
    p = tend.serve("[a]\nRestart=no\nStandardInput=tty\nExecStart=true\n",
                   wrapper=["sh", "-c", 'mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && exec "$@"', "sh"])
    code = p.wait()
    if "mknod" in p.err or "mount" in p.err:
        pytest.skip("a device cannot be made here")
    assert code == 208
    assert "a.service: opening its standard input: /dev/console: No such file or directory" in p.err


# ---- without one -------------------------------------------------------------------------------------------

def test_stdin_is_the_commands(tend):
    p = tend.serve("[a]\nExecStart=sh -c 'cat; echo service has read all; exec sleep inf'\n", "--", "cat", stdin=PIPE)
    p.wait_for("^service has read all$")
    p.type("one\n")
    p.wait_for("^one$")
    p.type("two\n")
    p.close_stdin()
    assert p.wait() == 0
    assert "service has read all\none\ntwo\n" == p.out


def test_nothing_behind_the_dashes(tend):
    p = tend.serve("[a]\nType=oneshot\nExecStart=echo a\n", "--")
    assert p.wait() == 0
    assert p.out == "a\n" and "command.service" not in p.err


def test_words_come_through_as_they_are(tend):
    """They have been through a shell already: nothing is expanded."""
    words = ["$HOME", "%n", "a b", "", "'", '"', "\\x41", "${X:-y}", ";", "-x", "--", "$$"]
    p = tend.serve(STAY, "--", "printf", "<%s>\\n", *words)
    assert p.wait() == 0
    assert p.out == "".join(f"<{word}>\n" for word in words)


def test_first_word_may_look_like_a_prefix(tend, tmp_path):
    for name in ("-dash", "+plus", "@at"):
        path = tmp_path / name
        path.write_text("#!/bin/sh\necho $0\n")
        path.chmod(0o755)
        p = tend.serve(STAY, "--", name, add_env={"PATH": f"{tmp_path}:{os.environ['PATH']}"})
        assert p.wait() == 0, p.err
        assert p.out.strip().endswith(name)


# ---- signals -----------------------------------------------------------------------------------------------

TELLS = "for s in USR1 USR2 WINCH QUIT ALRM; do trap \"echo {0} $s\" $s; done; echo {0} up; while :; do sleep 0.01; done"


@pytest.mark.parametrize("name", ["USR1", "USR2", "WINCH", "QUIT", "ALRM"])
def test_other_signals_go_to_the_command(tend, name):
    p = tend.serve("[a]\nExecStart=sh -c '" + TELLS.format("service").replace("$", "$$").replace('"', '\\"') + "'\n", "--",
                   "sh", "-c", TELLS.format("command"))
    p.wait_for("^service up$"), p.wait_for("^command up$")
    p.kill(getattr(signal, "SIG" + name))
    p.wait_for(f"^command {name}$")
    assert f"service {name}" not in p.out
    p.kill(signal.SIGTERM)
    assert p.wait() == 0


def test_forward_signals(tend):
    """To the services that name it, and then not to the command."""
    service = "ExecStart=sh -c '" + TELLS.format("%p").replace("$", "$$").replace('"', '\\"') + "'\n"
    p = tend.serve(f"[a]\nForwardSignals=SIGUSR1 SIGUSR2\n{service}[b]\nForwardSignals=USR1\n{service}[c]\n{service}", "--",
                   "sh", "-c", TELLS.format("command"))
    for name in ("a", "b", "c", "command"):
        p.wait_for(f"^{name} up$")
    p.kill(signal.SIGUSR1)
    p.wait_for("^a USR1$"), p.wait_for("^b USR1$")
    p.kill(signal.SIGUSR2)
    p.wait_for("^a USR2$")
    p.kill(signal.SIGALRM)
    p.wait_for("^command ALRM$")
    assert sorted(re.findall(r"^\w+ [A-Z]+[0-9]*$", p.out, re.M)) == ["a USR1", "a USR2", "b USR1", "command ALRM"]
    p.kill(signal.SIGTERM)
    assert p.wait() == 0


def test_without_a_command_other_signals_are_nobodys(tend):
    p = tend.serve(STAY)
    p.wait_for("^tend: ready")
    for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGQUIT, signal.SIGPIPE, signal.SIGTSTP):
        p.kill(number)
    p.kill(signal.SIGHUP)
    p.wait_for("^tend: reloading")
    p.kill(signal.SIGTERM)
    assert p.wait() == 0


def test_command_is_stopped_like_a_service(tend):
    begin = time.monotonic()
    p = tend.serve("[tend]\nStopBudget=300ms\n" + STAY, "--", "sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.01; done")
    p.wait_for("^up$")
    p.kill(signal.SIGTERM)
    assert p.wait() == 137
    assert time.monotonic() - begin < 5


# ---- a service's own terminal ------------------------------------------------------------------------------

def own_terminal(tend, settings, command, **options):
    """A service with the other side of a terminal that the test keeps. Returns both sides and tend."""
    master, slave = os.openpty()
    p = tend.serve(f"[a]\nRestart=no\nStandardInput=tty\nTTYPath={os.ttyname(slave)}\n{settings}\nExecStart=sh -c '{command}'\n", **options)
    return master, slave, p


def local_flags(slave):
    return termios.tcgetattr(slave)[3] & (termios.ICANON | termios.ECHO)


def spoil(slave):
    was = termios.tcgetattr(slave)
    was[3] &= ~(termios.ICANON | termios.ECHO)
    termios.tcsetattr(slave, termios.TCSANOW, was)


@pytest.mark.parametrize("setting, before, after", [("TTYReset=yes", "icanon", True), ("TTYReset=no", "-icanon", False)])
def test_terminal_is_reset(tend, setting, before, after):
    """Before the start and after the end, whatever was done to it."""
    master, slave = os.openpty()
    spoil(slave)
    p = tend.serve(f"[a]\nRestart=no\nStandardInput=tty\nTTYPath={os.ttyname(slave)}\n{setting}\n"
                   "ExecStart=sh -c 'stty -a; stty -icanon -echo; echo bye'\n")
    assert p.wait() == 0, p.err
    assert before in re.split(r"[\s;]+", p.out) and "bye" in p.out
    assert bool(local_flags(slave)) == after
    os.close(master), os.close(slave)


def test_reset_keeps_what_was_written(tend):
    """The last words of a service are still to be read when it has gone."""
    words = 8000  # more than a line discipline holds; the rest waits behind it
    master, slave, p = own_terminal(tend, "TTYReset=yes\nStandardOutput=tty", f"printf %%0{words}d 0")
    assert p.wait() == 0, p.err
    os.set_blocking(master, False)
    heard = b""
    while len(heard) < words:
        until(lambda: select.select([master], [], [], 0)[0], what="the rest of its words")
        heard += os.read(master, words)
    assert heard == b"0" * words
    os.close(master), os.close(slave)


def test_size_of_the_terminal(tend):
    master, slave, p = own_terminal(tend, "TTYRows=33\nTTYColumns=77", "stty size")
    assert p.wait() == 0 and p.out == "33 77\n"
    os.close(master), os.close(slave)


def is_hung_up(slave):
    try:
        termios.tcgetattr(slave)
    except termios.error:
        return True
    return False


def test_terminal_is_hung_up(tend):
    """Before the start: whoever had it open has lost it, and the service has it; after the end likewise."""
    master, slave = os.openpty()
    path = os.ttyname(slave)
    p = tend.serve(f"[a]\nRestart=no\nStandardInput=tty\nTTYPath={path}\nTTYVHangup=yes\n"
                   "ExecStart=sh -c 'tty; read x; echo got $x'\n")
    p.wait_for(f"^{path}$")
    if "TTYVHangup= is not enforced" in p.err:
        pytest.skip("terminals cannot be hung up here")
    assert is_hung_up(slave)
    late = os.open(path, os.O_RDWR | os.O_NOCTTY)
    assert not is_hung_up(late)
    os.write(master, b"something\n")
    assert p.wait() == 0 and "got something" in p.out
    assert is_hung_up(late)
    for fd in (master, slave, late):
        os.close(fd)


def test_own_terminal_is_not_hung_up(tend):
    """It is where tend's messages go, and whose hang-up would be its own."""
    p = tend.serve("[a]\nRestart=no\nTTYPath=/dev/tty\nTTYVHangup=yes\nExecStart=echo on\n", pty=True)
    assert p.wait() == 0
    assert "a.service: TTYVHangup= is not enforced: it is tend's own terminal" in p.out and "on\r\n" in p.out


def test_no_terminal_to_reset(tend):
    p = tend.serve("[a]\nRestart=no\nTTYPath=/dev/null\nTTYReset=yes\nExecStart=echo on\n")
    assert p.wait() == 0 and p.out == "on\n"
    assert "a.service: TTYReset= is not enforced: Inappropriate ioctl for device" in p.err
