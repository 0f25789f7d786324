"""`tend events`, `tend wait` and `tend set`, as somebody in the container types them."""
import json
import re
import subprocess

import pytest
from conftest import stop, until
from test_status import Shop

UNITS = """
[web]
ExecStart=sh -c 'trap "" HUP; exec sleep inf'
[gate]
Type=notify
NotifyAccess=all
ExecStart=sh -c 'read go < fifo; systemd-notify --ready 2>/dev/null; exec sleep inf'
TimeoutStartSec=infinity
WorkingDirectory=DIRECTORY
[bad]
ExecStart=sh -c 'exit 3'
Restart=no
FailureAction=none
[job]
Type=oneshot
ExecStart=true
"""
FIFO = ["sh", "-c", 'mkfifo DIRECTORY/fifo; exec "$@"', "sh"]


@pytest.fixture
def shop(tend, tmp_path):
    def make(text=UNITS, **options):
        wrapper = [word.replace("DIRECTORY", str(tmp_path)) for word in FIFO]
        return Shop(tend, tend.serve(text.replace("DIRECTORY", str(tmp_path)), wrapper=wrapper, **options))
    return make


@pytest.fixture
def settled(shop):
    s = shop()
    s.tend.wait_for("bad.service: .*given up")
    s.tend.wait_for("job.service: finished|job.service: done")
    return s


class Running:
    """A verb that goes on, outside of the container, so that it outlives it; .line() is its next line."""

    def __init__(self, shop, *words):
        self.process = subprocess.Popen([shop.path, *words, "--socket", f"/proc/{shop.tend.pid}/root/run/systemd/private"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def line(self):
        return self.process.stdout.readline().rstrip("\n")

    def until(self, question):
        """The lines up to the first that the question is true of."""
        lines = []
        while not lines or not question(lines[-1]):
            lines.append(self.line())
            assert lines[-1] != "", lines
        return lines

    def end(self):
        out, err = self.process.communicate(timeout=20)
        return self.process.returncode, out, err

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


# ---- events ------------------------------------------------------------------------------------------------------

LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}  (\S+) +(\S+) *(.*)$")


def test_how_it_came_about(settled):
    done = settled.ask("events")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [LINE.match(line).groups() for line in done.stdout.splitlines()]
    assert ("bad", "failed", "exited with code 3") in lines
    assert next(line for line in lines if line[0] == "web")[1] == "running"
    assert [line[:19] for line in done.stdout.splitlines()] == sorted(line[:19] for line in done.stdout.splitlines())
    only = settled.ask("events", "bad").stdout.splitlines()
    assert len(only) == 1 and "exited with code 3" in only[0]
    stop(settled.tend)


def test_following(settled):
    """Each step with its time and reason, in order; and nothing of units that were not asked for."""
    with Running(settled, "events", "--follow", "--json", "web") as follower:
        first = json.loads(follower.line())
        assert (first["unit"], first["state"]) == ("web.service", "running")
        settled.tend.enter("kill", "-KILL", first["main_pid"])
        assert settled.ask("start", "job").returncode == 0  # whose steps are not to be seen
        lines = [json.loads(line) for line in follower.until(lambda line: json.loads(line)["state"] == "running")]
        states = [line["state"] for line in lines]
        assert "auto-restart" in states and states[-1] == "running"
        wait = lines[states.index("auto-restart")]
        assert wait["why"] == "was killed by SIGKILL" and wait["result"] == "signal" and wait["restarts"] == 1
        assert wait["at"] < wait["next_restart"] <= lines[-1]["at"] + 0.001
        assert all(after["before"] == before["state"] for before, after in zip(lines, lines[1:]))
        assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
        assert {line["unit"] for line in lines} == {"web.service"}
    stop(settled.tend)


def test_following_in_words(tend):
    s = Shop(tend, tend.serve("[web]\nExecStart=sleep inf\nRestart=always\nRestartSec=1h\nRestartMaxDelaySec=infinity\n[keep]\nExecStart=sleep inf\n"))
    s.tend.wait_for("ready: ")
    with Running(s, "events", "--follow", "web") as follower:
        follower.until(lambda line: re.search(r"  web +running +pid \d+$", line))
        assert s.ask("kill", "web", "--signal=KILL").returncode == 0
        follower.until(lambda line: re.search(r"  web +auto-restart +was killed by SIGKILL; starts again in (1h|\d+m)$", line))
    stop(s.tend)


def test_following_to_the_end(settled):
    """It ends with tend, and says so."""
    with Running(settled, "events", "--follow") as follower:
        follower.until(lambda line: " gate " in line)
        settled.tend.kill(15)
        code, out, err = follower.end()
        assert code == 1 and "tend: events: " in err and re.search(r"web +dead +stopped", out)
    assert settled.tend.wait() == 0


def test_nothing_is_kept_for_it(settled):
    """Without a follower there is no wake-up; one that was there leaves nothing behind."""
    with Running(settled, "events", "--follow") as follower:
        follower.until(lambda line: " gate " in line)
    before = settled.tend.switches_asleep()
    assert settled.tend.switches_asleep() == before
    settled.ask("status")
    stop(settled.tend)


# ---- wait --------------------------------------------------------------------------------------------------------

def test_waiting(settled, tmp_path):
    assert settled.ask("wait", "web", "job").returncode == 0
    assert settled.ask("wait", "bad", "--for", "failed").returncode == 0
    assert settled.ask("wait", "bad", "job", "--for=stopped").returncode == 0
    with Running(settled, "wait", "gate", "web", "--timeout", "20s") as waiting:
        until(lambda: settled.ask("status", "--json").stdout.count("waits for READY=1") == 1)
        assert waiting.process.poll() is None
        (tmp_path / "fifo").write_text("go\n")
        assert waiting.end() == (0, "", "")
    with Running(settled, "wait", "web", "--for=stopped") as waiting:
        assert settled.tend.enter("systemctl", "stop", "web").returncode == 0
        assert waiting.end()[0] == 0
    stop(settled.tend)


def test_what_does_not_come(settled):
    done = settled.ask("wait", "gate", "--timeout=50ms")
    assert done.returncode == 1
    assert done.stderr == "tend: wait: gate.service: not ready in time: start, waits for READY=1\n"
    done = settled.ask("wait", "web", "bad")  # no timeout: it is known that it never will
    assert (done.returncode, done.stderr) == (1, "tend: wait: bad.service: not ready: failed, exited with code 3\n")
    done = settled.ask("wait", "web", "--for=failed", "--timeout=10ms", "--json")
    answer = json.loads(done.stdout)["units"]
    assert done.returncode == 1 and [(unit["reached"], unit["status"]["name"]) for unit in answer] == [(False, "web.service")]
    stop(settled.tend)


def test_wrong_words(settled):
    for words, code, said in ((["wait", "nosuch"], 4, "no such unit"), (["events", "web", "nosuch"], 4, "nosuch.service"),
                              (["wait"], 2, "for which units?"), (["wait", "web", "--for=luck"], 2, "ready, stopped or failed"),
                              (["set", "web"], 2, "what of which unit?"), (["set", "web", "MemoryMax"], 2, "not NAME=VALUE"),
                              (["set", "nosuch", "MemoryMax=1G"], 4, "not loaded")):
        done = settled.ask(*words)
        assert done.returncode == code and said in done.stderr, (words, done)
    stop(settled.tend)


def test_no_tend(tend, tmp_path):
    for words in (["events"], ["wait", "web"], ["set", "web", "MemoryMax=1G"]):
        done = tend.run(*words, "--socket", tmp_path / "none")
        assert done.returncode == 5, done


# ---- set ---------------------------------------------------------------------------------------------------------

def test_set(settled):
    assert settled.ask("set", "web", "MemoryMax=300M", "TasksMax=50").returncode == 0
    web = settled.status()[1]["web"]
    assert (web["memory_max"], web["tasks_max"]) == (300 << 20, 50)
    assert settled.ask("set", "web", "MemoryMax=10%", "AllowedCPUs=0").returncode == 0
    assert settled.status()[1]["web"]["memory_max"] not in (None, 300 << 20)
    settled.tend.enter("kill", "-HUP", "1")
    settled.tend.wait_for("reloading: ")
    assert settled.status()[1]["web"]["tasks_max"] == 50
    for words, said in (("MemoryMax=lots", "MemoryMax=lots: not a size"), ("MemoryMax=0", "less than 1")):
        done = settled.ask("set", "web", "TasksMax=51", words)
        assert done.returncode == 1 and said in done.stderr, done
    assert settled.status()[1]["web"]["tasks_max"] == 50
    stop(settled.tend)


def test_set_for_good(tend):
    p = tend.serve("[web]\nExecStart=sleep inf\n", wrapper=["sh", "-c", 'mount -t tmpfs none /etc/systemd && exec "$@"', "sh"])
    s = Shop(tend, p)
    p.wait_for("ready: ")
    assert s.ask("set", "web", "MemoryMax=300M", "--lasting").returncode == 0
    assert p.enter("cat", "/etc/systemd/system.control/web.service.d/50-MemoryMax.conf").stdout.endswith("[Service]\nMemoryMax=300M\n")
    p.enter("kill", "-HUP", "1")
    p.wait_for("reloading: ")
    assert s.status()[1]["web"]["memory_max"] == 300 << 20
    stop(p)
