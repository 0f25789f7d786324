"""Budgets where there is no cgroup for a service: a process beside PID 1 watches, and ends who is over them."""
import os
import pathlib
import re
import signal
import time

import pytest
from conftest import AS_IN_DOCKER, PYTHON, children, ini, let_in, stop, until


# A process that has shed session and descent before it does what it does.
DAEMON = """\
import os, sys, time
def shed():
    for _ in range(2):
        if os.fork():
            os._exit(0)
        os.setsid() if os.getsid(0) != os.getpid() else None
if os.fork() == 0:
    shed()
    WORK
print('up', flush=True)
time.sleep(1000)
"""


READS_OF_A_FILE = 2  # what is in it, and its end


@pytest.fixture(autouse=True)
def no_cgroups(tend):
    """Where the kernel would keep the budgets there is nothing to sample."""
    if pathlib.Path("/sys/fs/cgroup/cgroup.subtree_control").exists() and "memory" in pathlib.Path("/sys/fs/cgroup/cgroup.controllers").read_text():
        pytest.skip("cgroup v2 keeps budgets here")


def script(tmp_path, text):
    path = tmp_path / "script.py"
    path.write_text(text)
    return f"{PYTHON[0]} -IS {path}"


def sampler(tend):
    return [pid for pid in children(tend.pid) if tend.comm(pid) == "tend-sampler"]


def alive(tend, pid):
    """Of the namespace: is it there, and no zombie?"""
    return pid in tend.descendants()


HOGS = {
    "at once": "a = []\nwhile True: a.append(bytearray(1 << 20))",
    "by two": "import os, time\nos.fork()\na = bytearray(40 << 20)\nfor i in range(0, len(a), 4096): a[i] = 1\ntime.sleep(1000)",
    "by a child without a mark": "import os, sys, time\nif os.fork() == 0:\n    os.setsid()\n    os.execve(sys.executable, [sys.executable, '-c', "
                                 "'a = bytearray(200 << 20)\\nfor i in range(0, len(a), 4096): a[i] = 1\\nimport time; time.sleep(1000)'], {})\n"
                                 "time.sleep(1000)",
    "by an orphan of its session": "import os, sys, time\nif os.fork() == 0:\n    if os.fork():\n        os._exit(0)\n"
                                   "    while os.getppid() != 1:\n        time.sleep(0.01)\n"
                                   "    os.execve(sys.executable, [sys.executable, '-c', "
                                   "'a = bytearray(200 << 20)\\nfor i in range(0, len(a), 4096): a[i] = 1\\nimport time; time.sleep(1000)'], {})\n"
                                   "os.wait()\ntime.sleep(1000)",
    "by a daemon": DAEMON.replace("WORK", "a = bytearray(200 << 20)\n    for i in range(0, len(a), 4096): a[i] = 1\n    time.sleep(1000)"),
}


@pytest.mark.parametrize("text", HOGS.values(), ids=HOGS)
def test_memory(tend, tmp_path, text):
    p = tend.serve(f"[web]\nMemoryMax=64M\nRestart=no\nFailureAction=none\nExecStart={script(tmp_path, text)}\n"
                   "ExecStopPost=/bin/sh -c 'echo post $SERVICE_RESULT'\n[other]\nExecStart=sleep inf\n")
    p.wait_for(r"web.service: MemoryMax= kept by samples alone: \S")
    p.wait_for(r"web.service: it has [\d.]+ MiB of memory, over its MemoryMax= of 64\.0 MiB: ending its processes")
    p.wait_for("post oom-kill")
    p.wait_for("web.service: ran out of memory")
    until(lambda: len([pid for pid in p.descendants() if pid not in sampler(p)]) == 1)
    stop(p)
    assert "killed what was left" not in p.err


# Root without CAP_SYS_PTRACE, as with Docker, may not see how much another user's process has, and that user may.
WHOSE = {"root's": ("", []), "another user's": ("User=nobody\n", AS_IN_DOCKER)}


@pytest.mark.parametrize("user, wrapper", WHOSE.values(), ids=WHOSE)
def test_memory_that_is_shared(tend, tmp_path, user, wrapper):
    """What ten processes share counts once."""
    let_in(tmp_path)
    text = ("import mmap, os, time\na = bytearray(20 << 20)\nfor i in range(0, len(a), 4096): a[i] = 1\n"
            "for _ in range(9):\n    if os.fork() == 0: time.sleep(1000)\nprint('up', flush=True)\ntime.sleep(1000)")
    p = tend.serve(f"[web]\nMemoryMax=150M\n{user}ExecStart={script(tmp_path, text)}\n[hog]\nMemoryMax=30M\nRestart=no\nFailureAction=none\n"
                   "ExecStart=/bin/sh -c 'read go < fifo; exec tail /dev/zero'\nWorkingDirectory=" + str(tmp_path) + "\n",
                   wrapper=[*wrapper, "sh", "-c", f'mkfifo {tmp_path}/fifo; exec "$@"', "sh"])
    p.wait_for("^up$")
    (tmp_path / "fifo").write_text("go\n")
    p.wait_for("hog.service: .*over its MemoryMax=")  # found in a round that has counted the other too
    assert "web.service: it has" not in p.err
    stop(p)


def test_restarts(tend, tmp_path):
    p = tend.serve(f"[web]\nMemoryMax=64M\nRestart=on-failure\nRestartSec=10ms\nExecStart={script(tmp_path, HOGS['at once'])}\n")
    for _ in range(2):
        p.wait_for("web.service: it has .* MemoryMax=")
    stop(p)


SHED = {
    "at once": "",
    "in a session of its own": "if os.fork(): time.sleep(1000)\nos.setsid()",
    "forked twice": "if os.fork(): time.sleep(1000)\nos.setsid()\nif os.fork(): os._exit(0)",
}


@pytest.mark.parametrize("shed", SHED.values(), ids=SHED)
def test_tasks(tend, tmp_path, shed):
    bomb = script(tmp_path, f"import os, time\n{shed}\nfor _ in range(11): os.fork()\ntime.sleep(1000)\n")
    p = tend.serve(f"[web]\nType=exec\nTasksMax=40\nRestart=no\nFailureAction=none\nExecStart={bomb}\n[other]\nExecStart=sleep inf\n")
    p.wait_for(r"web.service: it has \d+ tasks, over its TasksMax=40: ending all of them")
    until(lambda: len([pid for pid in p.descendants() if pid not in sampler(p)]) == 1)
    stop(p)


def test_tasks_of_threads(tend, tmp_path):
    text = "import threading, time\nfor _ in range(30): threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()\ntime.sleep(1000)"
    p = tend.serve(f"[web]\nTasksMax=20\nRestart=no\nFailureAction=none\nExecStart={script(tmp_path, text)}\n[other]\nExecStart=sleep inf\n")
    p.wait_for(r"web.service: it has (2[1-9]|3[01]) tasks, over its TasksMax=20")
    stop(p)


def test_largest_process_goes_where_the_policy_says_so(tend, tmp_path):
    text = ("import os, time\nfor _ in range(3):\n    if os.fork() == 0:\n        a = bytearray(90 << 20)\n        for i in range(0, len(a), 4096): a[i] = 1\n"
            "        time.sleep(1000)\nfor n in range(2):\n    os.wait(); print(n, 'has gone', flush=True)\ntime.sleep(1000)")
    p = tend.serve(f"[web]\nMemoryMax=128M\nOOMPolicy=continue\nExecStart={script(tmp_path, text)}\n")
    p.wait_for("ending its largest process", after=1)  # as long as it is over its limit
    p.wait_for("^1 has gone$")
    assert "web.service: ran out of memory" not in p.err
    stop(p)


def test_who_requires_the_kernel_does_not_start(tend):
    p = tend.serve("[web]\nTasksMax=9\nBudgetPolicy=require\nRestart=no\nExecStart=sleep inf\n")
    assert p.wait() == 219
    assert re.search(r"web.service: keeping its budget: .*: with BudgetPolicy=require it starts only where the kernel keeps all of it", p.err)
    assert "web.service: TasksMax= not enforced, so that it will not start (BudgetPolicy=require): " in p.err and "kept by samples" not in p.err


def test_no_budget_no_sampler(tend):
    p = tend.serve("[web]\nExecStart=sleep inf\n[b]\nExecStart=sh -c 'echo up; exec sleep inf'\n")
    p.wait_for("^up$")
    assert not sampler(p) and len(p.descendants()) == 2
    stop(p)


def kill_sampler(p):
    first = until(lambda: sampler(p))[0]
    begun = pathlib.Path(f"/proc/{first}/stat").stat().st_ctime
    until(lambda: time.time() > begun + 1.2)  # who ends within a second is given up
    os.kill(first, signal.SIGKILL)


def test_sampler_comes_back(tend, tmp_path):
    p = tend.serve(f"[web]\nTasksMax=20\nRestart=no\nFailureAction=none\nExecStart=/bin/sh -c 'read go < fifo; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21; do "
                   f"sleep 1000 & done; wait'\nWorkingDirectory={tmp_path}\n[other]\nExecStart=sleep inf\n",
                   wrapper=["sh", "-c", f'mkfifo {tmp_path}/fifo; exec "$@"', "sh"])
    first = until(lambda: sampler(p))[0]
    if os.getuid() == 0:
        until(lambda: os.sched_getscheduler(first) == os.SCHED_RR or os.getpriority(os.PRIO_PROCESS, first) == -10)  # faster than a fork bomb
    kill_sampler(p)
    p.wait_for("the process that watches budgets was killed by SIGKILL")
    until(lambda: sampler(p) and sampler(p) != [first])
    (tmp_path / "fifo").write_text("go\n")
    p.wait_for("web.service: it has 2. tasks")
    stop(p)


def test_sampler_killed_in_a_read_leaves_nobody_hurried(tend, tmp_path):
    """For the moment of a read that may have to wait, whoever is read comes before others: for no longer, whatever becomes of the sampler."""
    text = ("import os, time\na = bytearray(100 << 20)\nfor i in range(0, len(a), 4096): a[i] = 1\nos.fork()\n"
            "print('up', flush=True)\ntime.sleep(1000)")  # what they share makes the sampler look closely
    p = tend.serve(f"[web]\nMemoryMax=150M\nExecStart={script(tmp_path, text)}\n")
    p.wait_for("^up$", after=1)
    first = sampler(p)[0]
    if os.sched_getscheduler(first) != os.SCHED_RR:
        pytest.skip("no real-time scheduling here")
    both = [pid for pid in p.descendants() if pid != first]

    def is_hurried():
        return any(os.sched_getscheduler(pid) != os.SCHED_OTHER for pid in both)

    def is_stopped_in_a_read():
        while not is_hurried():
            pass
        os.kill(first, signal.SIGSTOP)
        until(lambda: p.status("State", first).startswith("T"))
        if not is_hurried():
            os.kill(first, signal.SIGCONT)
        return is_hurried()

    until(is_stopped_in_a_read)
    os.kill(first, signal.SIGKILL)
    p.wait_for("the process that watches budgets was killed by SIGKILL")
    assert not is_hurried()
    stop(p)


def test_budget_changes_by_reload(tend, tmp_path):
    text = "import time\na = bytearray(100 << 20)\nfor i in range(0, len(a), 4096): a[i] = 1\nprint('up', flush=True)\ntime.sleep(1000)"
    unit = f"[web]\nMemoryMax=%s\nRestart=no\nFailureAction=none\nExecStart={script(tmp_path, text)}\n[other]\nExecStart=sleep inf\n"
    p = tend.serve(unit % "1G")
    p.wait_for("^up$")
    ini(tend.directory, unit % "50M")
    p.kill(signal.SIGHUP)
    p.wait_for("web.service: what can change while it runs has changed")
    p.wait_for("web.service: it has .* over its MemoryMax= of 50.0 MiB")
    stop(p)


def test_budget_that_is_taken_away(tend, tmp_path):
    """By a reload: nobody is ended for what is no limit any more."""
    text = ("import sys, time\nprint('up', flush=True)\nopen(sys.argv[1]).read()\na = bytearray(100 << 20)\nfor i in range(0, len(a), 4096): a[i] = 1\n"
            "print('large', flush=True)\ntime.sleep(1000)")
    web = f"[web]\nRestart=no\nFailureAction=none\nExecStart={script(tmp_path, text)} {tmp_path}/gate\n"
    hog = ("[hog]\nMemoryMax=30M\nRestart=no\nFailureAction=none\nWorkingDirectory=" + str(tmp_path) +
           "\nExecStart=sh -c 'read go <fifo; exec tail /dev/zero'\n")
    os.mkfifo(tmp_path / "gate")
    os.mkfifo(tmp_path / "fifo")
    p = tend.serve(web + "MemoryMax=50M\n" + hog)
    p.wait_for("^up$")
    ini(tend.directory, web + hog)
    p.kill(signal.SIGHUP)
    p.wait_for("web.service: what can change while it runs has changed")
    (tmp_path / "gate").write_text("go\n")
    p.wait_for("^large$")
    (tmp_path / "fifo").write_text("go\n")
    p.wait_for("hog.service: .*over its MemoryMax=")  # found in a round that would have found the other too
    assert "web.service: it has" not in p.err
    stop(p)


def test_cost_of_fifty_at_rest(tend):
    """Far from every limit: two rounds a second, in each one file for each process, and ten looks at what was made meanwhile."""
    services = 50
    p = tend.serve("".join(f"[s{n}]\nTasksMax=20\nMemoryMax=1G\nExecStart=sleep inf\n" for n in range(services)))
    p.wait_for(f"ready: {services} of {services}")
    pid = until(lambda: sampler(p))[0]
    reads = lambda: int(pathlib.Path(f"/proc/{pid}/io").read_text().split("syscr: ")[1].split()[0])
    at = reads()
    until(lambda: reads() > at + 4 * services)  # it knows all of them by now
    began, at = time.monotonic(), reads()
    time.sleep(3)
    done, seconds = reads() - at, time.monotonic() - began
    assert done <= (seconds * 2 + 1) * (services + 5) * READS_OF_A_FILE + (seconds * 10 + 1) * READS_OF_A_FILE
    assert done > 0
    stop(p)


def test_commands_behind_the_end_are_spared(tend, tmp_path):
    """They have the marks of the service that is being ended."""
    p = tend.serve(f"[web]\nMemoryMax=64M\nRestart=no\nFailureAction=none\nExecStart={script(tmp_path, HOGS['at once'])}\n"
                   "ExecStopPost=sh -c 'sleep 1.5; echo post $$SERVICE_RESULT'\n[other]\nExecStart=sleep inf\n")
    p.wait_for("^post oom-kill$")
    stop(p)


def test_sampler_that_does_not_live(tend):
    """Where it ends at once it is not made again, and that is said."""
    p = tend.serve("[web]\nTasksMax=20\nExecStart=sleep inf\n")

    def given_up():
        for pid in sampler(p):
            os.kill(pid, signal.SIGKILL)
        return "at once: budgets that no cgroup keeps are not enforced" in p.err
    until(given_up)
    until(lambda: not sampler(p))
    stop(p)


def test_weight_and_processors(tend):
    p = tend.serve("[light]\nCPUWeight=10\nExecStart=sh -c 'echo light $(nice); exec sleep inf'\n"
                   "[idle]\nCPUWeight=idle\nExecStart=sh -c 'echo idle $(nice); exec sleep inf'\n"
                   "[own]\nCPUWeight=10\nNice=3\nExecStart=sh -c 'echo own $(nice); exec sleep inf'\n"
                   "[one]\nAllowedCPUs=0\nExecStart=sh -c 'echo one $(nproc); exec sleep inf'\n"
                   "[lost]\nIOWeight=10\nCPUWeight=50\nExecStart=sleep inf\n")
    for line in ("light 10", "idle 19", "own 3", "one 1"):
        p.wait_for(f"^{line}$")
    p.wait_for("lost.service: CPUWeight= kept by samples alone; IOWeight= not enforced: ")
    stop(p)


def stat(pid):
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()


def state(pid):
    return stat(pid)[0]


def used(pid):
    return int(stat(pid)[11]) + int(stat(pid)[12])


def test_quota_by_signals(tend):
    """It stands still for most of the time, and goes on; how much it gets is proved in virtual time. So little that no other
    load can keep it below that."""
    p = tend.serve("[web]\nCPUQuota=2%\nCPUQuotaFallback=signals\nExecStart=sh -c 'echo up; while :; do :; done'\n"
                   "[free]\nCPUQuota=20%\nExecStart=sh -c 'echo free; while :; do :; done'\n")
    p.wait_for("free.service: CPUQuota= not enforced: ")
    p.wait_for("web.service: CPUQuota= kept by samples alone: ")
    p.wait_for("^up$")
    p.wait_for("^free$")
    busy = {pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("echo ")[1][:2]: pid
            for pid in p.descendants() if "echo" in pathlib.Path(f"/proc/{pid}/cmdline").read_text()}
    for ticks in (4, 8):
        until(lambda: state(busy["up"]) == "T")
        until(lambda: used(busy["up"]) >= ticks)
    until(lambda: state(busy["up"]) == "T")
    kill_sampler(p)
    p.wait_for("the process that watches budgets was killed by SIGKILL")
    ticks = used(busy["up"])
    until(lambda: used(busy["up"]) > ticks)  # nobody is left standing still
    until(lambda: state(busy["up"]) == "T")
    stop(p)


def test_quota_that_comes_and_goes(tend):
    """By reloads: what was used before it came is not held against anybody, and nobody is left standing still behind it."""
    unit = "[web]\n%sCPUQuotaFallback=signals\nExecStart=sh -c 'echo up; while :; do :; done'\n"
    p = tend.serve(unit % "")
    p.wait_for("^up$")
    web = until(lambda: [pid for pid in p.children() if p.comm(pid) == "sh"])[0]
    until(lambda: used(web) >= 60)
    ini(tend.directory, unit % "CPUQuota=1%\n")  # paying for that would take a minute
    p.kill(signal.SIGHUP)
    until(lambda: state(web) == "T")
    ticks = used(web)
    until(lambda: used(web) > ticks)
    until(lambda: state(web) == "T")
    ini(tend.directory, unit % "")
    p.kill(signal.SIGHUP)
    p.wait_for("web.service: what can change while it runs has changed", after=1)
    until(lambda: used(web) > ticks + 20)
    stop(p)
