"""`tend top` on a terminal of 80 by 24, as tmux shows it; and the terminal afterwards, whatever way it was left."""
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import termios
import unicodedata

import pytest
from conftest import Process, stop, until

UNITS = """
[web]
Description=The web
MemoryMax=200M
ExecStart=sh -c 'while :; do :; done'
[db]
ExecStart=sleep inf
[bad]
ExecStart=sh -c 'exit 3'
Restart=no
FailureAction=none
[queue]
Type=notify
ExecStart=sleep inf
TimeoutStartSec=infinity
"""


@pytest.fixture
def shop(tend):
    if not pathlib.Path(f"{tend.path}-top").exists():
        pytest.skip("tend-top is not built")
    p = tend.serve(UNITS)
    p.path = tend.path
    p.wait_for("bad.service: .*given up")
    return p


def enter(p, *words):
    return ["nsenter", "--target", str(p.pid), "--mount", "--pid", p.path, "top", "--interval", "100ms", *words]


# ---- what one sees -----------------------------------------------------------------------------------------------

class Tmux:
    def __init__(self, directory, words, width=80, height=24):
        self.words = ["tmux", "-S", str(directory / "tmux"), "-f", "/dev/null"]
        subprocess.run([*self.words, "new-session", "-d", "-x", str(width), "-y", str(height), *words], check=True,
                       env={**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"})

    def run(self, *words):
        return subprocess.run([*self.words, *words], check=True, capture_output=True, text=True).stdout

    def screen(self):
        return self.run("capture-pane", "-p").rstrip("\n").split("\n")

    def keys(self, *words):
        self.run("send-keys", *words)

    def wait_for(self, question):
        """The first picture that the question is true of."""
        lines = []

        def looks_right():
            lines[:] = self.screen()
            return question(lines)
        until(looks_right, what="the picture that the test waits for")
        return lines

    def close(self):
        """Leaves it as one does, so that nothing of it is left to the namespace: nsenter(1) waits for it."""
        def is_over():
            done = subprocess.run([*self.words, "send-keys", "C-c"], capture_output=True, check=False)
            return done.returncode != 0
        until(is_over)


@pytest.fixture
def on_tmux(tmp_path):
    if not shutil.which("tmux"):
        pytest.skip("tmux is not installed")
    shown = []

    def show(p, **size):
        t = Tmux(tmp_path, enter(p), **size)
        shown.append((t, p))
        t.wait_for(lambda lines: lines[0].startswith("tend: "))
        return t
    yield show
    for t, p in shown:
        t.close()
        stop(p)


@pytest.fixture
def tmux(shop, on_tmux):
    return on_tmux(shop)


def names(lines):
    return [line.split()[0] for line in lines[2:-1] if line.strip()]


def test_the_table(tmux):
    lines = tmux.wait_for(lambda lines: re.search(r"^web .* \d+\.\d%", lines[2]) and len(lines) == 24)
    assert re.match(r"tend: starting for .*, 2 of 4 units up, 1 failed", lines[0])
    assert re.match(r"UNIT +STATE +PID +RST +CPU +MEMORY +WHY, STATUS$", lines[1])
    assert names(lines) == ["web", "db", "bad", "queue"]
    assert "/200M" in lines[2] and "exited with code 3" in lines[4] and "waits for" in lines[5]
    assert "q quit" in lines[23] and max(map(len, lines)) <= 80


def test_keys_that_sort(tmux):
    for key, head, first in (("n", "UNIT*", "bad"), ("s", "STATE*", "bad"), ("c", "CPU*", "web"), ("o", None, "web")):
        tmux.keys(key)
        tmux.wait_for(lambda lines: (head in lines[1] if head else "*" not in lines[1]) and names(lines)[0] == first)


def test_restart_and_kill(tmux, shop):
    """Only after yes, of the selected unit, which stays selected where it moves."""
    tmux.keys("j", "R")
    tmux.wait_for(lambda lines: "restart db.service? y/n" in lines[23])
    tmux.keys("n")
    tmux.wait_for(lambda lines: "q quit" in lines[23])
    assert "db.service: stopped" not in shop.err
    tmux.keys("R", "y")
    tmux.wait_for(lambda lines: "db.service: restarts" in lines[23])
    shop.wait_for("db.service: started", after=1)
    tmux.keys("n", "K")
    tmux.wait_for(lambda lines: "SIGTERM to db.service? y/n" in lines[23])
    tmux.keys("y")
    shop.wait_for("db.service: was killed by SIGTERM|db.service: finished|db.service: .*SIGTERM")


LONG = "a-service-with-a-name-that-is-sixty-characters-long-in-total"
MANY = f"""
[{LONG}]
MemoryMax=200M
ExecStart=sleep inf
[wide]
Type=notify
NotifyAccess=all
ExecStart=sh -c 'systemd-notify --ready --status="日本語 says it in wide letters and many, many of them"; exec sleep inf'
[w@]
Instances=40
ExecStart=sleep inf
"""


def columns(line):
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in line)


def test_many_units_and_little_room(tend, on_tmux):
    """What top is for stays: processor and memory, with how the limit is kept."""
    p = tend.serve(MANY)
    p.path = tend.path
    p.wait_for("ready: 42 of 42")
    t = on_tmux(p, width=40, height=10)
    lines = t.wait_for(lambda lines: len(lines) == 10 and "%" in lines[2])
    assert re.fullmatch(r"UNIT +STATE +CPU +MEMORY", lines[1]) and re.match(r"a-serv\S*… running +[\d.]+% \S+/200M[~!]?$", lines[2]), lines
    assert names(lines)[1:] == ["wide", *(f"w@{n}" for n in range(1, 6))]
    for keys, seen in ((["NPage", "NPage"], "w@12"), (["End"], "w@40"), (["PPage"], "w@33"), (["g"], "wide"), (["G"], "w@40"), (["Home"], "wide")):
        t.keys(*keys)
        t.wait_for(lambda lines: seen in names(lines))
    t.keys("F3", "S-F3", "F13", "M-[", "Left")  # their bytes have letters that would be keys
    t.keys("s")
    assert "q quit" in t.wait_for(lambda lines: "STATE*" in lines[1])[9]
    t.run("resize-window", "-x", "80", "-y", "24")
    lines = t.wait_for(lambda lines: len(lines) == 24 and "WHY, STATUS" in lines[1] and max(map(columns, lines)) <= 80)
    assert re.search("日本語 .*…$", next(line for line in lines if line.startswith("wide "))), lines


def test_a_window_that_changes(tmux):
    tmux.run("resize-window", "-x", "50", "-y", "8")
    tmux.wait_for(lambda lines: len(lines) == 8 and "q quit" in lines[7] and max(map(len, lines)) <= 50)
    tmux.run("resize-window", "-x", "120", "-y", "30")
    tmux.wait_for(lambda lines: len(lines) == 30 and "q quit" in lines[29])


# ---- the terminal afterwards -------------------------------------------------------------------------------------

class Screen:
    """A terminal, and `tend top` on it."""

    def __init__(self, p, shell=None, env=None):
        self.fd, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        words = [p.path, "top", "--socket", f"/proc/{p.pid}/root/run/systemd/private", "--interval", "100ms"]
        env = env or {"TERM": "xterm"}
        if shell:
            words, env = ["bash", "-c", shell], {**env, "TOP": " ".join(words), "PATH": os.environ["PATH"]}
        self.process = subprocess.Popen(words, stdin=self.slave, stdout=self.slave, stderr=self.slave, start_new_session=True,
                                        preexec_fn=Process.take_terminal, env=env)
        self.text = ""

    def read(self, seconds):
        if select.select([self.fd], [], [], seconds)[0]:
            self.text += os.read(self.fd, 65536).decode(errors="replace")

    def wait_for(self, text):
        def is_there():
            self.read(0.01)
            return text in self.text
        until(is_there)

    def end(self):
        """Its exit code, once the terminal is as it was."""
        def is_over():
            self.read(0.01)
            return self.process.poll() is not None
        until(is_over)
        self.read(0.01)
        assert termios.tcgetattr(self.slave) == self.before
        assert self.text.rindex("\033[?1049l") > self.text.rindex("\033[?1049h") and self.text.rindex("\033[?25h") > self.text.rindex("\033[?25l")
        os.close(self.fd)
        os.close(self.slave)
        return self.process.returncode


WAYS = {
    "q": (lambda s: os.write(s.fd, b"q"), 0),
    "Ctrl-C": (lambda s: os.write(s.fd, b"\x03"), 0),
    "in a question": (lambda s: os.write(s.fd, b"K\x03"), 0),
    "SIGTERM": (lambda s: s.process.send_signal(signal.SIGTERM), 0),
    "SIGINT": (lambda s: s.process.send_signal(signal.SIGINT), 0),
    "SIGHUP": (lambda s: s.process.send_signal(signal.SIGHUP), 0),
    "a fault": (lambda s: s.process.send_signal(signal.SIGSEGV), -signal.SIGSEGV),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_terminal_is_as_before(shop, way):
    s = Screen(shop)
    s.wait_for("WHY, STATUS")
    leave, code = WAYS[way]
    leave(s)
    assert s.end() == code
    stop(shop)


def test_the_end_of_tend(shop):
    s = Screen(shop)
    s.wait_for("WHY, STATUS")
    stop(shop)
    assert s.end() == 1
    assert "tend: top: " in s.text.split("\033[?1049l")[-1]


def test_stopped_and_continued(shop):
    """A job of a shell, whose terminal it is meanwhile."""
    s = Screen(shop, shell="set -m; $TOP; read go; fg; exit $?")
    s.wait_for("WHY, STATUS")
    os.write(s.fd, b"\x1a")
    s.wait_for("\033[?1049l")
    until(lambda: termios.tcgetattr(s.slave) == s.before)
    s.text = ""
    os.write(s.fd, b"go\n")
    s.wait_for("WHY, STATUS")
    os.write(s.fd, b"q")
    assert s.end() == 0
    stop(shop)


def test_nobody_to_continue_it(shop):
    """As with `docker exec -it`: Ctrl-Z is no way to lose it."""
    s = Screen(shop)
    s.wait_for("WHY, STATUS")
    s.text = ""
    os.write(s.fd, b"\x1a")
    s.wait_for("WHY, STATUS")
    os.write(s.fd, b"q")
    assert s.end() == 0
    stop(shop)


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colours(shop, environment):
    """But for the selected row, which has to be seen, and its end."""
    s = Screen(shop, env={"TERM": "xterm", **environment})
    s.wait_for("WHY, STATUS")
    os.write(s.fd, b"q")
    assert s.end() == 0
    assert set(re.findall(r"\033\[[\d;]*m", s.text)) == {"\033[7m", "\033[0m"}
    stop(shop)


def test_wrong_words(tend, tmp_path):
    if not pathlib.Path(f"{tend.path}-top").exists():
        pytest.skip("tend-top is not built")
    assert tend.run("top", "--help").stdout.startswith("tend top [OPTIONS]\n")
    for words, code, said in ((["--sort", "luck"], 2, "not a column to sort by"), (["--fast"], 2, "no such option"), (["--interval=1ms"], 2, "100ms"),
                              (["--socket", tmp_path / "none"], 5, "tend: top: ")):
        done = tend.run("top", *words)
        assert done.returncode == code and said in done.stderr, done


def test_it_needs_a_terminal(shop):
    done = subprocess.run(enter(shop), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
    assert done.returncode == 2 and "it needs a terminal" in done.stderr
    stop(shop)
