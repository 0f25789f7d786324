"""The verbs that change something, `tend status UNIT` and `tend health`, as somebody in the container types them."""
import json
import os
import re
import struct
import subprocess

import pytest
from conftest import stop, until
from test_bus import connect, message, pad, take, text
from test_status import Shop

SHOP = """
[web]
Description=The web
ExecStart=sh -c 'sleep inf & exec sleep inf'
ExecReload=touch reloaded
[db]
ExecStart=sleep inf
[bad]
Type=oneshot
ExecStart=sh -c 'exit 7'
Restart=no
FailureAction=none
[needs]
Requires=bad
After=bad
ExecStart=sleep inf
Restart=no
FailureAction=none
[idle.timer]
OnCalendar=yearly
Unit=job.service
[job]
Type=oneshot
ExecStart=true
"""


@pytest.fixture
def shop(tend):
    def make(text=SHOP, **options):
        s = Shop(tend, tend.serve(text, **options))
        s.tend.wait_for("ready: ")
        return s
    return make


# words, exit code, stdout, stderr (both whole, as patterns)
TABLE = [
    ("status web", 0, r"(?s)web\.service - The web\n.*", ""),
    ("status bad", 1, r"(?s)bad\.service\n +state: failed for .*", ""),
    ("status job", 3, r"(?s)job\.service\n +state: dead\n +why: not started yet\n.*", ""),
    ("status wbe", 4, "", r"tend: status: wbe\.service: no such unit is loaded\n +did you mean web\.service\?\n"),
    ("status web 'zz*'", 4, "", r"tend: status: zz\*: no unit fits\n.*\n"),
    ("stop web", 0, r"web\.service: dead\n", ""),
    ("stop 'w*b' 'we*'", 0, r"web\.service: dead\n", ""),
    ("start web", 0, r"web\.service: running, pid \d+\n", ""),
    ("restart web db.service", 0, r"web\.service: running, pid \d+\ndb\.service: running, pid \d+\n", ""),
    ("restart '[bd]*'", 1, r"db\.service: running, pid \d+\n",
     r"tend: restart: bad\.service: it has failed: exited with code 7\n"),
    ("start web --no-block", 0, r"web\.service: start is asked for\n", ""),
    ("start job", 0, r"job\.service: dead\n", ""),
    ("start bad", 1, "", r"tend: start: bad\.service: it has failed: exited with code 7\n"),
    ("start needs", 1, "", r"tend: start: needs\.service: what it requires has failed\n"),
    ("start nosuch", 4, "", r"tend: start: nosuch\.service: Unit nosuch\.service not found\.\n +`tend status` lists them\n"),
    ("start nosuch web", 4, r"web\.service: running, pid \d+\n", r"tend: start: nosuch\.service: .*\n.*\n"),
    ("restart wbe", 4, "", r"tend: restart: wbe\.service: Unit wbe\.service not found\.\n +did you mean web\.service\?\n"),
    ("stop web.servce", 4, "", r"tend: stop: web\.servce\.service: .*\n +did you mean web\.service\?\n"),
    ("start idle.timr", 4, "", r"tend: start: idle\.timr\.service: .*\n +did you mean idle\.timer\?\n"),
    ("reset wbe", 4, "", r"tend: reset: wbe\.service: .*\n +did you mean web\.service\?\n"),
    ("wait wbe", 4, "", r"tend: wait: wbe\.service: no such unit is loaded\n +did you mean web\.service\?\n"),
    ("events web wbe", 4, "", r"tend: events: wbe\.service: no such unit is loaded\n +did you mean web\.service\?\n"),
    ("set wbe MemoryMax=1G", 4, "", r"tend: set: wbe\.service: .*\n +did you mean web\.service\?\n"),
    ("set web MemryMax=1G", 2, "", r"tend: set: MemryMax=1G: not a budget that can be set\n +did you mean MemoryMax=\?\n"),
    ("set web TasksMax=5 ExecStart=rm", 2, "", r"tend: set: ExecStart=rm: not a budget that can be set\n +.*--explain.*\n"),
    ("set web MemoryMax=1Q", 1, "", r"tend: set: web\.service: MemoryMax=1Q: not a size, .*\n"),
    ("wait web --timeout=5x", 2, "", r"tend: wait: --timeout=5x: not a value it takes\n .*; for example 5s, 500ms or 1min 30s\n"),
    ("wait web --for=redy", 2, "", r"tend: wait: redy: not ready, stopped or failed\n .*--for.*\n"),
    ("kill web --signal TREM", 2, "", r"tend: kill: --signal=TREM: not a value it takes\n .*TERM.*\n"),
    ("list-units", 2, "", r"tend: list-units: not a verb of tend\n +did you mean `tend status`\?\n.*\n"),
    ("start 'zz*'", 4, "", r"tend: start: zz\*: no unit fits\n +`tend status` lists them\n"),
    ("stop nosuch", 4, "", r"tend: stop: nosuch\.service: Unit nosuch\.service not loaded\.\n.*\n"),
    ("stop we/b", 1, "", r"tend: stop: we/b\.service: Unit name we/b\.service is not valid\.\n"),
    ("reload db", 1, "", r"tend: reload: db\.service cannot be reloaded: it has no ExecReload=\n"),
    ("reload", 0, r"the files have been read anew\n", ""),
    ("kill job", 3, "", r"tend: kill: job\.service: No process to kill\n"),
    ("kill db --kill-whom nobody", 2, "", r"tend: kill: nobody: not somebody to kill\n +main, control or all\n"),
    ("kill nosuch", 4, "", r"tend: kill: nosuch\.service: .*not loaded\.\n.*\n"),
    ("reset bad", 0, "", ""),
    ("reset", 0, "", ""),
    ("stop", 2, "", r"tend: stop: of which unit\?\n.*\n"),
    ("kill", 2, "", r"tend: kill: of which unit\?\n.*\n"),
]


def test_words_and_codes(shop):
    """One after the other, as each finds what the last has left."""
    s = shop()
    s.tend.wait_for("bad.service: .*given up")
    for words, code, out, err in TABLE:
        done = s.ask(*[word.strip("'") for word in words.split()])
        assert re.fullmatch(out, done.stdout), (words, done.stdout, done.stderr)
        assert re.fullmatch(err, done.stderr), (words, done.stderr)
        assert done.returncode == code, words
    stop(s.tend)


RESULTS = """
[keep]
ExecStart=sleep inf
[skip]
ConditionPathExists=/no/such
ExecStart=sleep inf
ExecReload=true
[must]
AssertPathExists=/no/such
ExecStart=sleep inf
[late]
Type=notify
ExecStart=sleep inf
TimeoutStartSec=100ms
Restart=no
[once]
Type=oneshot
ExecStart=true
RemainAfterExit=yes
[tick.timer]
OnCalendar=yearly
Unit=late.service
[tock.timer]
OnCalendar=yearly
Unit=must.service
"""
# A line, its exit code, the job's result, and how it is told on either side.
COMES_OF_IT = [
    ("start skip", 0, "done", r"skip\.service: dead\n"),
    ("start must", 1, "assert", r"tend: start: must\.service: what it asserts does not hold\n"),
    ("start late", 1, "failed", r"tend: start: late\.service: it has failed: ran out of time\n"),
    ("start once", 0, "done", r"once\.service: exited\n"),
    ("reload skip", 3, "invalid", r"tend: reload: skip\.service: .*\n"),
]


def test_what_comes_of_it(shop):
    s = shop(RESULTS)
    for line, code, result, said in COMES_OF_IT:
        done = s.ask(*line.split())
        assert (done.returncode, bool(re.fullmatch(said, done.stdout + done.stderr))) == (code, True), (line, done)
        job, = json.loads(s.ask(*line.split(), "--json").stdout)["jobs"]
        assert job["result"] == result, (line, job)
    stop(s.tend)


def test_reload_of_a_unit(shop, tmp_path):
    s = shop(SHOP.replace("touch reloaded", f"touch {tmp_path}/reloaded"))
    done = s.ask("reload", "web")
    assert (done.returncode, done.stderr) == (0, "") and (tmp_path / "reloaded").exists()
    assert s.ask("stop", "web").returncode == 0
    done = s.ask("reload", "web")
    assert (done.returncode, done.stderr) == (3, "tend: reload: web.service: it does not run\n")
    stop(s.tend)


def test_it_waits(shop, tmp_path, script):
    """Until the service says that it is ready."""
    ready = script("b.py", "tell('READY=1')\nstay()\n")
    s = shop(f"[a]\nExecStart=sleep inf\n[b]\nType=notify\nExecStart={ready}\n")
    for _ in range(3):
        done = s.ask("restart", "b")
        assert re.fullmatch(r"b\.service: running, pid \d+\n", done.stdout)
    stop(s.tend)


def test_kill(shop):
    s = shop("[a]\nExecStart=sh -c 'trap \"echo got\" USR1; echo up; while :; do sleep 0.01; done'\nKillMode=mixed\n[b]\nExecStart=sleep inf\nRestart=always\n")
    s.tend.wait_for("^up$")
    assert s.ask("kill", "a", "--signal=USR1", "--kill-whom=main").returncode == 0
    s.tend.wait_for("^got$")
    assert s.ask("kill", "b", "--signal", "SIGKILL").returncode == 0
    s.tend.wait_for("b.service: was killed by SIGKILL")
    s.tend.wait_for("b.service: started", after=1)
    assert s.ask("kill", "b").returncode == 0
    s.tend.wait_for("b.service: was killed by SIGTERM")
    assert s.ask("kill", "a", "--signal=NOPE").returncode == 2
    stop(s.tend)


def test_json_of_jobs(shop):
    s = shop()
    done = s.ask("restart", "web", "nosuch", "--json")
    jobs = json.loads(done.stdout)["jobs"]
    assert done.returncode == 4
    assert [job["result"] for job in jobs] == ["done", "refused"] and jobs[0]["state"] == "running" and jobs[0]["main_pid"] > 0
    stop(s.tend)


LOOP = """
[loop]
ExecStart=sh -c 'test -e go || exit 3; exec sleep inf'
WorkingDirectory={0}
Restart=always
RestartSec=1h
RestartMaxDelaySec=infinity
MemoryMax=64M
[keep]
ExecStart=sleep inf
"""


def test_status_of_a_unit(shop, tmp_path):
    s = shop(LOOP.format(tmp_path))
    s.tend.wait_for("loop.service: .*starts again in")
    done = s.ask("status", "loop")
    assert done.returncode == 3
    text = done.stdout
    assert re.search(r"^ +state: auto-restart for .*, since \d{4}-\d\d-\d\d .* UTC$", text, re.M)
    assert re.search(r"^ +why: exited with code 3$", text, re.M)
    assert re.search(r"^ +restarts: 1; the next in (1h|\d+m)$", text, re.M)
    assert re.search(r"^last runs: \S+ ago: exited with code 3, after \S+, pid \d+$", text, re.M)
    assert "MemoryMax=64M" in text
    assert s.ask("restart", "loop").returncode == 0 and s.ask("stop", "loop").returncode == 0
    _, units = s.status("loop")
    runs = units["loop"]["exits"]
    assert len(runs) >= 2 and runs[-1]["code"] == 3 and runs[-1]["why"] == "exited with code 3" and runs[-1]["result"] == "exit-code"
    assert runs == sorted(runs, key=lambda run: -run["at"])
    stop(s.tend)


def test_only_the_last_runs_are_kept(shop):
    s = shop("[loop]\nExecStart=sh -c 'exit 3'\nRestart=always\nRestartSec=1ms\nRestartMaxDelaySec=infinity\nStartLimitIntervalSec=0\n[keep]\nExecStart=sleep inf\n")
    s.tend.wait_for("loop.service: .*starts again", after=12)
    _, units = s.status()
    assert len(units["loop"]["exits"]) == 8
    stop(s.tend)


def test_processes(shop):
    """As a tree, with what they use where there is no cgroup to tell."""
    s = shop("[a]\nExecStart=sh -c 'sleep 1001 & sh -c \"sleep 1002; true\"; true'\n")
    until(lambda: sum(p["command"].startswith("sleep ") for p in s.status("a")[1]["a"]["processes"]) == 2)
    _, units = s.status("a")
    a = units["a"]
    by_pid = {p["pid"]: p for p in a["processes"]}
    last = next(p for p in a["processes"] if p["command"] == "sleep 1002")
    assert by_pid[by_pid[last["parent"]]["parent"]]["pid"] == a["main_pid"]
    assert a["measured"] in ("cgroup", "processes") and a["tasks"] == 4 and a["memory"] > 100_000
    assert re.search(r"\n +runs: \d+ sh -c .*\n(.*\n)*?( +)\d+ sh -c sleep 1002; true\n\2  \d+ sleep 1002\n", s.ask("status", "a").stdout)
    stop(s.tend)


def test_who_is_counted_without_a_cgroup(shop):
    """A child with a session of its own, by its parent; one whose parent has gone, by its session."""
    s = shop("[a]\nExecStart=sh -c 'setsid sleep 1001 & (sleep 1002 &); wait'\n[b]\nExecStart=sleep inf\n")
    until(lambda: {p["command"] for p in s.status("a")[1]["a"]["processes"]} >= {"sleep 1001", "sleep 1002"})
    units = s.status()[1]
    assert (units["a"]["tasks"], units["b"]["tasks"]) == (3, 1)
    stop(s.tend)


def test_processes_seen_from_elsewhere(shop):
    """Their numbers are those inside: nothing here is taken for one of them."""
    s = shop("[a]\nExecStart=sh -c 'sleep 1001 & wait'\n")
    until(lambda: len(s.status("a")[1]["a"]["processes"]) == 2)
    done = subprocess.run([s.path, "status", "a", "--json", "--socket", f"/proc/{s.tend.pid}/root/run/systemd/private"],
                          capture_output=True, text=True, timeout=20)
    a, = json.loads(done.stdout)["units"]
    assert [p["parent"] for p in a["processes"]] == [0, 0] and a["measured"] in ("", "cgroup")
    stop(s.tend)


def test_triggers(shop):
    s = shop()
    assert re.search(r"^ +triggers: job\.service$", s.ask("status", "idle.timer").stdout, re.M)
    assert s.status("job")[1]["job"]["triggered_by"] == ["idle.timer"]
    stop(s.tend)


@pytest.mark.skipif(os.getuid() != 0, reason="needs other users")
def test_others_are_refused_in_words(shop):
    s = shop()
    who = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", "env", "-i", s.path]
    for verb in ("start", "stop", "restart", "reload", "kill", "reset"):
        done = s.tend.enter(*who, verb, "web")
        assert done.returncode == 1 and done.stdout == ""
        assert re.fullmatch(rf"tend: {verb}: web\.service: \w+\(\) is for root.*\n", done.stderr), done.stderr
    assert s.tend.enter(*who, "status").returncode == 0 and s.tend.enter(*who, "health").returncode == 0
    stop(s.tend)


def test_nobody_there(tend, tmp_path):
    for verb in ("start", "stop", "restart", "reload", "kill", "reset"):
        assert tend.run(verb, "web", "--socket", tmp_path / "none").returncode == 5
    done = tend.run("health", "--socket", tmp_path / "none")
    assert (done.returncode, done.stderr) == (1, "") and done.stdout.startswith("unhealthy: ")


def test_tend_goes_meanwhile(shop):
    """Whoever waits for a job is told. From outside of the container, as everybody inside of it goes with tend."""
    s = shop("[keep]\nExecStart=sleep inf\n[slow]\nType=notify\nExecStart=sleep inf\nTimeoutStartSec=infinity\n"
             "[tick.timer]\nOnCalendar=yearly\nUnit=slow.service\n")
    words = [s.path, "start", "slow", "--socket", f"/proc/{s.tend.pid}/root/run/systemd/private"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as waiting:
        until(lambda: s.status()[1]["slow"]["state"] == "start")
        assert stop(s.tend) == 0
        out, err = waiting.communicate(timeout=20)
    assert waiting.returncode == 1 and out == "" and err.startswith("tend: start: ")


# ---- health ------------------------------------------------------------------------------------------------

SICK = """
[web]
ExecStart=sleep inf
[sick]
ExecStart=sleep inf
HealthCheck=file:{0}/well
HealthIntervalSec=100ms
HealthRetries=1
HealthStartPeriodSec=0
[bad]
ExecStart=false
Restart=no
FailureAction=none
"""


def test_health(shop, tmp_path):
    (tmp_path / "well").touch()
    s = shop(SICK.format(tmp_path))
    s.tend.wait_for("bad.service: .*given up")
    until(lambda: s.ask("health", "sick").returncode == 0)

    def line(*words):
        done = s.ask("health", *words)
        assert done.stderr == "" and done.stdout.count("\n") == 1
        return done.returncode, done.stdout

    assert line() == (0, "healthy: 2 of 3 units are up\n")
    assert line("web", "sick") == (0, "healthy: 2 of 2 units are up\n")
    assert line("--all") == (1, "unhealthy: bad.service: failed: exited with code 1\n")
    assert line("bad") == (1, "unhealthy: bad.service: failed: exited with code 1\n")
    assert line("web", "nosuch") == (1, "unhealthy: no unit of that name is loaded: nosuch.service\n")
    (tmp_path / "well").unlink()
    s.tend.wait_for("sick.service: .*unhealthy")
    assert line()[0] == line("sick")[0] == line("--all")[0] == 1
    assert re.fullmatch(r"unhealthy: sick\.service: unhealthy: .*No such file or directory\n", line()[1])
    assert line("web") == (0, "healthy: 1 of 1 units are up\n")
    assert s.ask("health", "--all", "web").returncode == 2
    assert "unhealthy" in next(row for row in s.ask("status").stdout.splitlines() if row.startswith("sick"))
    stop(s.tend)


def test_health_of_a_start(tend):
    s = Shop(tend, tend.serve("[web]\nExecStart=sleep inf\n[slow]\nType=notify\nExecStart=sleep inf\nTimeoutStartSec=infinity\n"))
    s.tend.wait_for("web.service: started")
    until(lambda: s.status()[1]["slow"]["state"] == "start")
    done = s.ask("health")
    assert (done.returncode, done.stdout) == (1, "unhealthy: starting: 1 of 2 units are up\n")
    assert s.ask("health", "web").returncode == 0
    stop(s.tend)


# ---- what it costs -----------------------------------------------------------------------------------------

def private(p):
    """KiB of PID 1's own memory. Clean pages are the program's, and nobody else's only while no other tend runs."""
    return int(re.search(r"^Private_Dirty: +(\d+)", p.proc("smaps_rollup"), re.M)[1])


def test_a_large_answer_is_given_back(tend):
    """Half a megabyte for a thousand units, and nothing of it stays."""
    timers = "".join(f"[t{i}.timer]\nOnCalendar=yearly\nUnit=job.service\n" for i in range(1000))
    s = Shop(tend, tend.serve(f"[tend]\nLogLevel=error\n[job]\nType=oneshot\nExecStart=true\n{timers}"))
    until(lambda: s.ask("health").returncode == 0)
    before = private(s.tend)
    for _ in range(4):
        assert len(s.status()[1]) == 1001
    assert private(s.tend) - before <= 220, "KiB"
    stop(s.tend)


def test_a_thousand_times(tend):
    """PID 1 does not grow by being asked, while services crash and come back."""
    loops = "".join(f"[loop{i}]\nExecStart=false\nRestart=always\nRestartSec=20ms\nRestartMaxDelaySec=infinity\nStartLimitIntervalSec=0\n" for i in range(5))
    s = Shop(tend, tend.serve(f"[keep]\nExecStart=sleep inf\n[tend]\nLogLevel=error\n{loops}"))
    until(lambda: s.ask("status").returncode == 0)

    def ask(times):
        script = f"i=0; while [ $i -lt {times} ]; do {s.path} status --json >/dev/null || exit 1; i=$((i + 1)); done"
        done = s.tend.enter("sh", "-c", script, seconds=300)
        assert done.returncode == 0, done.stderr

    ask(50)
    before, restarts = private(s.tend), s.status()[1]["loop0"]["restarts"]
    ask(1000)
    assert private(s.tend) - before <= 100, "KiB"
    assert s.status()[1]["loop0"]["restarts"] > restarts
    stop(s.tend)


# ---- clients that mean no good -----------------------------------------------------------------------------

def ask_tend(member, body=b"", signature="", **more):
    return message(member, body, signature, path="/org/tend", interface="org.tend.Manager1", **more)


def words(n, word="*"):
    """An array of that many strings, as bytes."""
    last = text(word)
    body = (n - 1) * pad(last, 4) + last if n else b""
    return struct.pack("=I", len(body)) + body


def test_calls_that_are_refused(shop):
    s = shop()
    c = connect(f"/proc/{s.tend.pid}/root/run/systemd/private")
    for call in (ask_tend("GetStatus", words(513), "as"), ask_tend("GetStatus", words(60000), "as"), ask_tend("GetStatus"),
                 ask_tend("GetStatus", struct.pack("=I", 8) + b"\xff" * 8, "as"), ask_tend("GetHealth", words(1), "as"),
                 ask_tend("GetHealth", struct.pack("=I", 1) + words(65), "bas"), ask_tend("Nothing")):
        c.sendall(call)
        assert take(c)[0] == 3, call[:200]
    c.sendall(ask_tend("GetStatus", words(512), "as"))
    assert take(c)[0] == 2
    c.close()
    stop(s.tend)


def test_who_asks_and_never_reads(shop):
    """Is not listened to any more; all others are served."""
    s = shop()
    path = f"/proc/{s.tend.pid}/root/run/systemd/private"
    before = private(s.tend)
    deaf = [connect(path) for _ in range(4)]
    for c in deaf:
        c.setblocking(False)
        try:
            while True:
                c.send(100 * ask_tend("GetStatus", words(0), "as"))
        except BlockingIOError:
            pass
    assert s.ask("health").returncode == 0 and s.ask("restart", "web").returncode == 0
    assert private(s.tend) - before < 4 * 400, "KiB"
    for c in deaf:
        c.close()
    assert s.ask("status").returncode == 0
    stop(s.tend)
