"""SIGHUP: the files are read anew, and what has changed is carried out."""
import os
import re
import signal

import pytest
from conftest import ini, until

SLEEP = "ExecStart=sleep inf\n"


def unit(name, more="", command=SLEEP):
    return f"[{name}]\n{more}{command}"


def pid_of(p, name, after=0):
    return int(p.wait_for(rf"^tend: {name}\.service: started, pid (\d+)$", after=after)[1])


class Run:
    """tend with a file that can be changed."""

    def __init__(self, tend, tmp_path, text, *words, **options):
        self.folder = tmp_path
        self.tend = tend.serve(text, *words, **options)
        self.tend.wait_for("^tend: ready: ")

    def reload(self, text=None, name="tend.ini"):
        if text is not None:
            ini(self.folder, text, name)
        said = len(re.findall("^tend: reload", self.tend.err, re.M))
        self.tend.kill(signal.SIGHUP)
        return self.tend.wait_for("^tend: reload.*$", after=said)[0]

    def stop(self, code=0):
        self.tend.kill(signal.SIGTERM)
        assert self.tend.wait() == code


@pytest.fixture
def run(tend, tmp_path):
    return lambda text, *words, **options: Run(tend, tmp_path, text, *words, **options)


def test_all_at_once(run):
    """One is left alone, one changes, one goes and one comes."""
    r = run(unit("same") + unit("other", "Environment=A=1\n") + unit("gone"))
    p = r.tend
    pids = {name: pid_of(p, name) for name in ("same", "other", "gone")}
    r.reload(unit("same") + unit("other", "Environment=A=2\n") + unit("new"))
    assert pid_of(p, "other", after=1) != pids["other"]
    pid_of(p, "new")
    p.wait_for(r"^tend: gone\.service: stopped$")
    for words in ("other.service: has changed: restarting it", "new.service: is new", "gone.service: is gone from the files"):
        assert f"tend: {words}\n" in p.err
    until(lambda: len(p.children()) == 3)
    assert pids["same"] in map(p.inside, p.children())
    assert p.err.count("same.service") == 1
    r.stop()


def test_nothing_has_changed(run):
    text = unit("a", "Environment=A=1\n") + unit("b", "After=a\n")
    r = run(text)
    before = r.tend.children()
    for _ in range(3):
        r.reload("; a comment, and the order of the lines of a section, change nothing\n" + text)
    assert r.tend.children() == before
    assert "changed" not in r.tend.err
    r.stop()


BROKEN = {
    "value": (unit("a", "Restart=sometimes\n"), ["tend.ini:2: ", "Restart=sometimes"]),
    "cycle": (unit("a", "After=b\n") + unit("b", "After=a\n"), ["a.service after b.service after a.service"]),
    "requirement": (unit("a", "Requires=nowhere\n"), ["nowhere.service"]),
    "no command": ("[a]\nType=exec\n", ["a.service"]),
    "variable": (unit("a", "User=${NO_SUCH_VARIABLE}\n"), ["tend.ini:2: ", "NO_SUCH_VARIABLE"]),
    "several": (unit("a", "Restart=sometimes\nKillMode=all\n"), ["tend.ini:2: ", "tend.ini:3: "]),
}


@pytest.mark.parametrize("text, said", BROKEN.values(), ids=BROKEN)
def test_broken_file_changes_nothing(run, text, said):
    r = run(unit("a") + unit("b"))
    before = r.tend.children()
    assert "refused, nothing is changed" in r.reload(text)
    for words in said:
        assert words in r.tend.err
    assert r.tend.children() == before
    assert "reloading: 1 services" in r.reload(unit("a"))  # and it can be mended
    r.tend.wait_for(r"^tend: b\.service: stopped$")
    r.stop()


def test_no_file_changes_nothing(run, tmp_path):
    r = run(unit("a"))
    (tmp_path / "tend.ini").rename(tmp_path / "away")
    assert "refused" in r.reload()
    assert len(r.tend.children()) == 1
    r.stop()


def test_drop_in(run, tmp_path):
    (tmp_path / "tend.ini.d").mkdir()
    r = run(unit("a"))
    r.reload("[a]\nEnvironment=A=2\n", "tend.ini.d/more.ini")
    pid_of(r.tend, "a", after=1)
    r.stop()


# What makes a service another one, and what does not.
CHANGES = {
    "command": (unit("a"), unit("a", command="ExecStart=sleep 1000\n"), True),
    "environment": (unit("a", "Environment=A=1\n"), unit("a", "Environment=A=2\n"), True),
    "user": (unit("a"), unit("a", "User=root\n"), True),
    "limit": (unit("a", "LimitNOFILE=100\n"), unit("a", "LimitNOFILE=101\n"), True),
    "written otherwise": (unit("a", "TimeoutStopSec=60\n"), unit("a", "TimeoutStopSec=1min\n"), False),
    "a default, written": (unit("a"), unit("a", "KillMode=control-group\n"), False),
    "another's": (unit("a") + unit("b"), unit("a") + unit("b", "Nice=1\n"), False),
    "its place in the file": (unit("a") + unit("b"), unit("b") + unit("a"), False),
}


@pytest.mark.parametrize("before, after, restarts", CHANGES.values(), ids=CHANGES)
def test_what_counts_as_a_change(run, before, after, restarts):
    r = run(before)
    r.reload(after + unit("end"))
    pid_of(r.tend, "end")
    if restarts:
        pid_of(r.tend, "a", after=1)
    else:
        assert "a.service: has changed" not in r.tend.err
        assert r.tend.err.count(" a.service: started") == 1
    r.stop()


def test_who_requires_it_is_restarted_in_order(run):
    """Down in the one order, up in the other."""
    def text(value):
        return (unit("web", "Requires=app\nAfter=app\n") + unit("app", "Requires=db\nAfter=db\n") +
                unit("db", f"Environment=A={value}\n") + unit("alone"))

    r = run(text(1))
    r.reload(text(2))
    pid_of(r.tend, "web", after=1)
    turns = re.findall(r"^tend: (\w+)\.service: (stopped|started)", r.tend.err, re.M)
    assert turns[4:] == [("web", "stopped"), ("app", "stopped"), ("db", "stopped"),
                         ("db", "started"), ("app", "started"), ("web", "started")]
    r.stop()


def test_new_service_waits_for_its_order(run):
    r = run(unit("a"))
    r.reload(unit("web", "After=migrate\nRequires=migrate\n") + unit("a") +
             unit("migrate", "Type=oneshot\nRemainAfterExit=yes\n", "ExecStart=sleep 0.1\n"))
    pid_of(r.tend, "web")
    assert r.tend.err.index("migrate.service: done") < r.tend.err.index("web.service: started")
    r.stop()


def test_change_ends_the_wait_for_a_restart(run):
    r = run(unit("a", "RestartSec=9s\n", "ExecStart=false\n") + unit("b"))
    r.tend.wait_for("again in 9s")
    r.reload(unit("a") + unit("b"))
    pid_of(r.tend, "a", after=1)
    r.stop()


def test_change_of_what_was_given_up_on(run):
    r = run(unit("a", "Restart=no\nFailureAction=none\n", "ExecStart=false\n") + unit("b"))
    r.tend.wait_for("given up on")
    r.reload(unit("a") + unit("b"))
    pid_of(r.tend, "a", after=1)
    r.stop()


def test_finished_and_unchanged_stays_finished(run):
    r = run(unit("a", command="ExecStart=true\n") + unit("b"))
    r.tend.wait_for(r"a\.service: finished")
    r.reload(unit("a", command="ExecStart=true\n") + unit("b") + unit("c"))
    pid_of(r.tend, "c")
    assert r.tend.err.count(" a.service: started") == 1
    r.stop()


def test_twice_while_it_stops(run, tmp_path):
    """The second change comes before the first has been carried out: what counts is the last."""
    def text(word):
        return unit("a", "TimeoutStopSec=9s\n", f"ExecStart=sh -c 'trap \"\" TERM; trap \"exit 0\" USR1; echo {word}; while :; do sleep 0.01; done'\n") + unit("b")

    r = run(text("one"))
    r.tend.wait_for("^one$")
    main = until(lambda: [pid for pid in r.tend.children() if r.tend.comm(pid) == "sh"])[0]
    r.reload(text("two"))
    r.reload(text("three"))
    os.kill(main, signal.SIGUSR1)
    r.tend.wait_for("^three$")
    assert "two" not in r.tend.out
    new = until(lambda: [pid for pid in r.tend.children() if r.tend.comm(pid) == "sh"])[0]
    r.tend.kill(signal.SIGTERM)
    os.kill(new, signal.SIGUSR1)
    assert r.tend.wait() == 0


def test_back_again_while_it_goes(run):
    """Taken out and put back before it has gone: what was there before goes first, as what they write and listen on is the same."""
    slow = unit("a", "TimeoutStopSec=9s\n", "ExecStart=sh -c 'trap \"\" TERM; trap \"exit 0\" USR1; echo up; while :; do sleep 0.01; done'\n")
    r = run(slow + unit("b"))
    p = r.tend
    p.wait_for("^up$")
    old = next(pid for pid in p.children() if p.comm(pid) == "sh")
    r.reload(unit("b"))
    r.reload(slow + unit("b") + unit("c"))
    pid_of(p, "c")
    assert p.err.count("a.service: started") == 1
    os.kill(old, signal.SIGUSR1)
    pid_of(p, "a", after=1)
    p.wait_for("^up$", after=1)
    assert old not in p.children()
    new = next(pid for pid in p.children() if p.comm(pid) == "sh")
    p.kill(signal.SIGTERM)
    os.kill(new, signal.SIGUSR1)
    assert p.wait() == 0


def test_instances(run):
    r = run("[w@]\nInstances=2\n" + SLEEP)
    pids = {n: pid_of(r.tend, f"w@{n}") for n in (1, 2)}
    r.reload("[w@]\nInstances=3\n" + SLEEP)
    pid_of(r.tend, "w@3")
    r.reload("[w@]\nInstances=1\n" + SLEEP)
    r.tend.wait_for(r"w@3\.service: stopped"), r.tend.wait_for(r"w@2\.service: stopped")
    until(lambda: [r.tend.inside(pid) for pid in r.tend.children()] == [pids[1]])
    r.stop()


def test_foreground_command_stays(run):
    r = run(unit("a"), "--", "sh", "-c", "trap 'exit 6' USR1; echo up; while :; do sleep 0.01; done")
    r.tend.wait_for("^up$")
    r.reload(unit("b"))
    r.tend.wait_for(r"a\.service: stopped"), pid_of(r.tend, "b")
    assert "command.service: has changed" not in r.tend.err
    r.tend.kill(signal.SIGUSR1)
    assert r.tend.wait() == 6


def test_all_is_gone(run):
    """Nothing is left to run for: that is the end, as when the last service finishes."""
    r = run(unit("a"))
    r.reload("[b]\nExecStart=true\n")
    assert r.tend.wait() == 0
    assert re.search(r"a\.service: stopped", r.tend.err)


def test_while_it_stops_is_not_heard(run, tmp_path):
    r = run(unit("a", "TimeoutStopSec=300ms\n", "ExecStart=sh -c 'trap \"\" TERM; echo up; while :; do sleep 1000; done'\n"))
    r.tend.wait_for("^up$")
    r.tend.kill(signal.SIGTERM)
    r.tend.wait_for("^tend: stopping")
    ini(tmp_path, unit("new"))
    r.tend.kill(signal.SIGHUP)
    assert r.tend.wait() == 137
    assert "new.service" not in r.tend.err


def test_many_times(run):
    """Old files are not kept, nor anything else: twenty changes of fifty services, and no more memory at the end than after five."""
    def text(n):
        return "".join(unit(f"s{i}", f"Environment=A={n}\n" if i == 0 else f"Environment={'x' * 5000}=1\n") for i in range(50))

    r = run(text(0))
    memory = []
    for n in range(1, 21):
        r.reload(text(n))
        pid_of(r.tend, "s0", after=n)
        memory.append(int(r.tend.status("RssAnon").split()[0]))
    assert memory[-1] - memory[4] < 512, memory
    r.stop()
