"""`tend status`, as somebody in the container types it."""
import json
import os
import re
import socket
import subprocess

import pytest
from conftest import let_in, stop, until

SHOP = """
[web]
Description=The web
ExecStart=sleep inf
MemoryMax=64M
[loop]
ExecStart=sh -c 'exit 3'
Restart=always
RestartSec=1h
RestartMaxDelaySec=infinity
[bad]
ExecStart=false
Restart=no
FailureAction=none
[slow]
Type=notify
ExecStart=sleep inf
TimeoutStartSec=infinity
[behind]
After=slow
ExecStart=sleep inf
[tick.timer]
OnCalendar=yearly
Unit=job.service
[job]
Type=oneshot
ExecStart=true
"""


class Shop:
    """tend with units in all kinds of states; `ask` runs one of its verbs inside of the container."""

    def __init__(self, factory, process):
        self.path = factory.path
        self.tend = process

    def ask(self, *words, env=None, seconds=20):
        words = [self.path, *words]
        return self.tend.enter("env", "-i", *(f"{k}={v}" for k, v in (env or {}).items()), *words, seconds=seconds)

    def status(self, *words):
        done = self.ask("status", "--json", *words)
        assert done.stderr == ""
        answer = json.loads(done.stdout)
        return answer["container"], {unit["name"].removesuffix(".service"): unit for unit in answer["units"]}


@pytest.fixture
def shop(tend):
    def make(text=SHOP, **options):
        return Shop(tend, tend.serve(text, **options))
    return make


@pytest.fixture
def settled(shop):
    s = shop()
    s.tend.wait_for("loop.service: .*starts again in")
    s.tend.wait_for("bad.service: .*given up")
    until(lambda: s.status()[1]["slow"]["state"] == "start")
    return s


def test_table(settled):
    done = settled.ask("status")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert re.match(r"tend 0\.1\.0: starting for .*, 2 of 7 units up, 1 failed", lines[0])
    assert re.match(r"UNIT +STATE +SINCE +PID +RST +MEMORY .*WHY, STATUS$", lines[1])
    rows = {line.split()[0]: line for line in lines[2:9]}
    assert re.match(r"web +running +\d\S* +\d+ +0 +\S+/64M", rows["web"])
    assert re.search(r"auto-restart .* 1  .*exited with code 3; again in (1h|\d+m)$", rows["loop"])
    assert re.search(r"failed .* 0 .*exited with code 1$", rows["bad"])
    assert rows["slow"].endswith("waits for READY=1")
    assert rows["behind"].endswith("waits for slow.service")
    assert rows["tick.timer"].split()[1] == "waiting"
    assert rows["job"].endswith("not started yet")
    assert "\033" not in done.stdout
    stop(settled.tend)


def test_it_fits(settled):
    for width in (80, 60, 40, 20):
        done = settled.ask("status", env={"COLUMNS": str(width)})
        assert max(map(len, done.stdout.splitlines())) <= width
        assert "loop" in done.stdout and "auto-restart" in done.stdout
    stop(settled.tend)


def test_on_a_terminal(settled):
    """80 columns, colours; none with NO_COLOR."""
    def shown(*environment):
        script = f"stty cols 80 rows 24; exec env {' '.join(environment)} {settled.path} status"
        done = settled.tend.enter("env", "TERM=xterm", "script", "-qec", script, "/dev/null")
        assert done.returncode == 0, done.stderr
        return done.stdout.replace("\r\n", "\n")

    text = shown()
    assert "\033[32mrunning\033[0m" in text and "\033[1;31mfailed\033[0m" in text
    plain = re.sub(r"\033\[[\d;]*m", "", text)
    assert 60 < max(map(len, plain.splitlines())) <= 80
    assert "\033" not in shown("NO_COLOR=1") and "\033" not in shown("TERM=dumb")
    stop(settled.tend)


def test_json(settled):
    container, units = settled.status()
    assert container["state"] == "starting" and container["pid"] == 1 and container["failed"] == 1
    assert container["started"] < container["now"]
    assert list(units) == ["web", "loop", "bad", "slow", "behind", "tick.timer", "job"]
    web, loop = units["web"], units["loop"]
    assert web["up"] and web["description"] == "The web" and web["memory_max"] == 64 << 20 and web["file"].endswith("tend.ini:2")
    assert web["memory_tier"] in ("kernel", "sampled", "none")
    assert not loop["up"] and loop["restarts"] == 1 and loop["why"] == "exited with code 3" and loop["result"] == "exit-code"
    assert 3500 < loop["next_restart"] - container["now"] <= 3600
    assert units["slow"]["active"] == "activating" and units["behind"]["since"] is None
    stop(settled.tend)


def test_what_a_service_says_is_no_command_for_the_terminal(shop, script):
    rude = script("a.py", "tell(b'READY=1' + bytes([10]) + b'STATUS=up ' + bytes([27]) + b'[31m' + bytes([255]) + b'x')\nstay()\n")
    s = shop(f"[a]\nType=notify\nExecStart={rude}\n")
    s.tend.wait_for("ready: ")
    assert s.ask("status").stdout.splitlines()[2].endswith("up ?[31m\ufffdx")
    assert s.status()[1]["a"]["status"] == "up \033[31m\ufffdx"
    stop(s.tend)


def test_no_tend(tend, tmp_path):
    done = tend.run("status", "--socket", tmp_path / "nowhere")
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr == f"tend: status: {tmp_path}/nowhere: No such file or directory\n"
    with socket.socket(socket.AF_UNIX) as left:  # by one that has died
        left.bind(str(tmp_path / "left"))
    done = tend.run("status", "--socket", tmp_path / "left")
    assert (done.returncode, done.stderr) == (5, f"tend: status: {tmp_path}/left: Connection refused\n")


def test_nobody_but_tend_is_asked(tend, tmp_path):
    """Whoever says another id at the start: systemd, say."""
    script = tmp_path / "other.py"
    script.write_text("import socket, sys\ns = socket.socket(socket.AF_UNIX)\ns.bind(sys.argv[1])\ns.listen()\nprint('up', flush=True)\n"
                      "c = s.accept()[0]\nc.recv(100)\nc.sendall(b'DATA\\r\\nOK 0123456789abcdef0123456789abcdef\\r\\n')\nprint(c.recv(100))\n")
    with subprocess.Popen(["python3", script, tmp_path / "s"], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "up\n"
        done = tend.run("status", "--socket", tmp_path / "s")
        assert (done.returncode, done.stdout) == (5, "") and "not tend" in done.stderr
        assert other.stdout.readline() == "b''\n"


LIAR = """
import socket, sys
from pathlib import Path
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
print("up", flush=True)
c = s.accept()[0]
c.recv(100)
c.sendall(b"DATA\\r\\nOK 74656e6474656e6474656e6474656e64\\r\\n")
c.recv(1000)
c.sendall(bytes.fromhex(sys.argv[2]))
"""
# What a tend that lies, or is cut off, answers to a call; what is said of it.
LIES = [
    ("", "tend has closed the connection"),
    ("6c", "tend has closed the connection"),
    ("00" * 16, "no message"),
    ("6c020101ffffff7f01000000ffffff7f", "no message"),
    ("6c0201010000000001000000000000000000", "no message"),
    # a whole answer to the first call, with nothing in it
    ("6c02010100000000" + "01000000" + "08000000" + "0501750001000000", "another version"),
    # a refusal of a tend that has no such method
    ("6c030101000000000100000039000000" + "0501750001000000" + "04017300280000006f72672e667265656465736b746f702e444275732e4572726f722e556e6b6e6f776e4d6574686f640000000000000000", "another version"),
    # a refusal whose words are not there
    ("6c03010100000000" + "01000000" + "1d000000" + "0501750001000000" + "04017300" + "09000000" + "612e622e63000000", None),
]


def test_a_server_that_lies(tend, tmp_path):
    script = tmp_path / "liar.py"
    script.write_text(LIAR)
    for i, (answer, said) in enumerate(LIES):
        with subprocess.Popen(["python3", script, tmp_path / f"{i}", answer], stdout=subprocess.PIPE, text=True) as liar:
            assert liar.stdout.readline() == "up\n"
            done = tend.run("status", "--socket", tmp_path / f"{i}")
            assert (done.returncode, done.stdout) == (1, ""), i
            assert re.match("tend: status: .", done.stderr) and (said or "") in done.stderr, (i, done.stderr)


def test_a_server_without_an_end(tend, tmp_path):
    """It says no OK, and does not stop to say it."""
    script = tmp_path / "endless.py"
    script.write_text("import socket, sys\ns = socket.socket(socket.AF_UNIX)\ns.bind(sys.argv[1])\ns.listen()\nprint('up', flush=True)\n"
                      "c = s.accept()[0]\ntry:\n    while True:\n        c.send(b'x' * 1024)\nexcept OSError:\n    print('over', flush=True)\n")
    with subprocess.Popen(["python3", script, tmp_path / "s"], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "up\n"
        done = tend.run("status", "--socket", tmp_path / "s")
        assert (done.returncode, done.stdout, done.stderr) == (1, "", "tend: status: what listens there does not speak as tend does\n")
        assert other.stdout.readline() == "over\n"


def test_where_it_is_found(tend, tmp_path):
    """By the same table as the server's: here in $XDG_RUNTIME_DIR."""
    p = tend.serve("[a]\nExecStart=sleep inf\n", pid1=False)
    p.wait_for("ready: ")
    found = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    assert re.search(r"^a +running ", tend.run("status", env=found).stdout, re.M)
    stop(p)
    assert tend.run("status", "--socket", tmp_path / "systemd/private").returncode == 5


@pytest.mark.skipif(os.getuid() != 0, reason="needs other users")
def test_somebody_elses_socket(tend, tmp_path):
    """Where tend would be, but it is neither root's, ours, nor PID 1's: it could tell anything."""
    let_in(tmp_path)
    (tmp_path / "systemd").mkdir()
    os.chown(tmp_path / "systemd", 12345, 12345)
    listen = "import socket, sys, time; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(); print('up', flush=True); time.sleep(1000)"
    who = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"]
    with subprocess.Popen([*who, "/usr/bin/python3", "-c", listen, tmp_path / "systemd" / "private"], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "up\n"
        p = tend("--", tend.path, "status", env={"XDG_RUNTIME_DIR": str(tmp_path)})
        assert p.wait() == 1 and p.err == f"tend: status: {tmp_path}/systemd/private: it is neither root's, ours, nor PID 1's\n"
        other.kill()


def test_private(tend, tmp_path):
    """Who is not let in is told why."""
    if os.getuid() != 0:
        pytest.skip("needs other users")
    p = tend.serve("[tend]\nControl=private\n[a]\nExecStart=sleep inf\n")
    p.wait_for("ready: ")
    done = p.enter("setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", "env", "-i", tend.path, "status")
    assert done.returncode == 1 and "Permission denied" in done.stderr and "Control=private" in done.stderr
    stop(p)
