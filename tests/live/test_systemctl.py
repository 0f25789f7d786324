"""The real systemctl against tend: every verb of the manual's table, what it prints and its exit code."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import pytest
from conftest import stop, until

pytestmark = pytest.mark.skipif(not shutil.which("systemctl"), reason="systemctl (package systemd) is not installed")

# What systemctl changes of the image is the test's own.
OWN_ETC = ["sh", "-c", 'mount -t tmpfs none /etc/systemd/system && exec "$@"', "sh"]

SHOP = """
[web]
Description=The web
Documentation=man:web(8)
ExecStart=sh -c 'trap "" HUP; echo web is up; exec sleep inf'
ExecReload=true
[bad]
ExecStart=false
Restart=no
FailureAction=none
[job]
Type=oneshot
ExecStart=true
[tick.timer]
OnCalendar=yearly
Unit=job.service
"""


class Container:
    """tend as PID 1 with a socket of its own; `ctl` runs systemctl inside."""

    def __init__(self, process):
        self.tend = process

    def ctl(self, *words, **options):
        return self.tend.enter("systemctl", "--no-pager", *words, **options)

    def show(self, unit, name):
        return self.ctl("show", "--value", "-p", name, unit).stdout.rstrip("\n")

    def write(self, name, text):
        path = pathlib.Path(f"/proc/{self.tend.pid}/root/etc/systemd/system/{name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def wait_until(self, unit, state):
        until(lambda: self.ctl("is-active", unit).stdout.strip() == state, what=f"{unit}: {state}")


@pytest.fixture
def container(tend):
    def make(text=SHOP, *args, **options):
        p = tend.serve(text, *args, wrapper=OWN_ETC, **options)
        p.wait_for("ready: ")
        return Container(p)
    return make


@pytest.fixture
def shop(container):
    c = container()
    c.tend.wait_for("bad.service: .*given up")
    return c


def normal(text):
    """Without what is different each time: PIDs, times, the path of the file, white space."""
    text = re.sub(r"\b(\w{3} )?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+", "DATE", text)
    text = re.sub(r"\bDATE; [^\n]*? ago", "DATE; AGO", text)
    text = re.sub(r"/\S*tend\.ini", "FILE", text)
    text = re.sub(r"(PID: |Process: |├─|└─)\d+", r"\1PID", text)
    text = re.sub(r"Duration: .*", "Duration: SPAN", text)
    return "\n".join(" ".join(line.split()) for line in text.strip().splitlines())


# verb and words, exit code, what it prints (normalised; a part of it where it begins with …)
TABLE = [
    ("is-active web", 0, "active"),
    ("is-active bad", 3, "failed"),
    ("is-active job nosuch", 3, "inactive\ninactive"),
    ("is-active web nosuch", 0, "active\ninactive"),
    ("is-active sysinit.target", 0, "active"),
    ("is-active --quiet web", 0, ""),
    ("service-watchdogs", 0, "yes"),
    ("is-failed web", 1, "active"),
    ("is-failed bad", 0, "failed"),
    ("is-system-running", 1, "degraded"),
    ("is-enabled web", 0, "generated"),
    ("is-enabled nosuch", 1, "Failed to get unit file state for nosuch.service: No such file or directory"),
    ("status web", 0, "● web.service - The web\nLoaded: loaded (FILE; generated)\nActive: active (running) since DATE; AGO\n"
     "Docs: man:web(8)\nMain PID: PID (sleep)\nCGroup: /web.service\n└─PID sleep inf"),
    ("status bad", 3, "× bad.service\nLoaded: loaded (FILE; generated)\nActive: failed (Result: exit-code) since DATE; AGO\n"
     "Duration: SPAN\nProcess: PID ExecStart=false (code=exited, status=1/FAILURE)\nMain PID: PID (code=exited, status=1/FAILURE)"),
    ("status nosuch", 4, "Unit nosuch.service could not be found."),
    ("show -p Id,ActiveState,SubState,Type,Result,NRestarts,KillSignal web", 0,
     "Type=simple\nResult=success\nNRestarts=0\nKillSignal=15\nId=web.service\nActiveState=active\nSubState=running"),
    ("show -p LoadState,LoadError,ActiveState,CanStart nosuch", 0,
     'LoadState=not-found\nActiveState=inactive\nCanStart=no\n'
     'LoadError=org.freedesktop.systemd1.NoSuchUnit "Unit nosuch.service not found."'),
    ("show -p Version,Tainted,NFailedUnits,SystemState", 0, "Version=tend 0.1.0\nTainted=not-systemd\nNFailedUnits=1\nSystemState=degraded"),
    ("list-units --no-legend", 0, "● bad.service loaded failed failed bad.service\nweb.service loaded active running The web\n"
     "tick.timer loaded active waiting tick.timer"),
    ("list-units --all --no-legend *o*", 0, "job.service loaded inactive dead job.service"),
    ("list-units --no-legend --state=failed", 0, "● bad.service loaded failed failed bad.service"),
    ("--failed --no-legend", 0, "● bad.service loaded failed failed bad.service"),
    ("list-jobs", 0, "No jobs running."),
    ("list-timers --no-legend", 0, "…tick.timer job.service"),
    ("list-sockets --no-legend", 0, ""),
    ("list-dependencies tick.timer", 0, "tick.timer"),
    ("stop web", 0, ""),
    ("start web bad", 0, ""),
    ("start nosuch", 5, "Failed to start nosuch.service: Unit nosuch.service not found."),
    ("stop nosuch", 5, "Failed to stop nosuch.service: Unit nosuch.service not loaded."),
    ("start job", 0, ""),
    ("restart web", 0, ""),
    ("restart --no-block web", 0, ""),
    ("reload web", 0, ""),
    ("reload bad", 3, "Failed to reload bad.service: bad.service cannot be reloaded: it has no ExecReload="),
    ("reload nosuch", 5, "Failed to reload nosuch.service: Unit nosuch.service not found."),
    ("try-restart web bad", 0, ""),
    ("try-restart nosuch", 5, "Failed to try-restart nosuch.service: Unit nosuch.service not found."),
    ("reload-or-restart web", 0, ""),
    ("try-reload-or-restart bad", 0, ""),
    ("--show-transaction restart web", 0, "…web.service/restart"),
    ("isolate web.service", 4, "Failed to start web.service: units are not isolated in a container\n"
     "See system logs and 'systemctl status web.service' for details."),
    ("kill --signal=HUP web", 0, ""),
    ("kill --kill-whom=control web", 1, "Failed to kill unit web.service: No control process to kill"),
    ("kill nosuch", 1, "Failed to kill unit nosuch.service: Unit nosuch.service not loaded."),
    ("reset-failed bad", 0, ""),
    ("reset-failed nosuch", 1, "Failed to reset failed state of unit nosuch.service: Unit nosuch.service not loaded."),
    ("cancel 4711", 1, "Failed to cancel job 4711: Job 4711 does not exist."),
    ("cancel", 0, ""),
    ("set-property --runtime web MemoryMax=200M TasksMax=50", 0, ""),
    ("show -p MemoryMax,TasksMax web", 0, "MemoryMax=209715200\nTasksMax=50"),
    ("set-property --runtime web Description=x", 1, "…Cannot set property Description while web.service is there"),
    ("cat web", 0, "…ExecReload=true"),
    ("enable web", 1, "Failed to enable unit: web.service is a section of FILE and starts with the container"),
    ("daemon-reload", 0, ""),
    ("daemon-reexec", 1, "Reexecute daemon failed: Reexecute() is not for a container"),
    ("freeze web", 1, "…Failed to"),
    ("get-default", 0, "default.target"),
]


ENDS = [("poweroff", 0), ("reboot", 0), ("halt", 0), ("exit 7", 7)]


@pytest.mark.limit(170)
def test_table(shop):
    wrong = []
    for line, code, wanted in TABLE:
        done = shop.ctl(*line.split())
        said = normal(done.stdout + done.stderr)
        fits = wanted[1:] in said if wanted.startswith("…") else said == wanted
        if done.returncode != code or not fits:
            wrong.append(f"systemctl {line}\n--- {code}, wanted\n{wanted}\n--- {done.returncode}, got\n{said}\n")
    assert not wrong, "\n".join(wrong)
    assert stop(shop.tend) == 0


def test_manual_has_the_table():
    """Every verb that the manual names is tried above, or below."""
    text = pathlib.Path(__file__).resolve().parent.parent.parent.joinpath("docs", "control.md").read_text()
    text = text[text.index("## What systemctl can do"):text.index("## What is different from systemd")]
    named = set(re.findall(r"^\| `([a-z-]+)", text, re.M))
    tried = {word for line, _, _ in TABLE for word in line.split() if not word.startswith("-")}
    tried |= {verb.split()[0] for verb, _ in ENDS}
    tried |= set(re.findall(r'ctl\("([a-z-]+)"', pathlib.Path(__file__).read_text()))
    assert named and not named - tried


def test_stop_and_start_are_heard(shop):
    assert shop.ctl("stop", "web").returncode == 0
    assert shop.ctl("is-active", "web").stdout == "inactive\n"
    assert normal(shop.ctl("status", "web").stdout).endswith("Main PID: PID (code=killed, signal=TERM)")
    assert shop.ctl("start", "web").returncode == 0
    pid = int(shop.show("web", "MainPID"))
    assert shop.ctl("restart", "web").returncode == 0
    assert int(shop.show("web", "MainPID")) != pid
    stop(shop.tend)


def test_a_failed_start(container):
    """Whoever waits for it is told, with the reason; --no-block does not wait."""
    c = container("[a]\nType=notify\nExecStart=false\nRestart=no\nFailureAction=none\n[b]\nExecStart=sleep inf\n")
    c.tend.wait_for("a.service: .*given up")
    done = c.ctl("start", "a")
    assert done.returncode == 1 and "control process exited" in done.stderr or "failed" in done.stderr, done
    assert c.ctl("start", "--no-block", "a").returncode == 0
    stop(c.tend)


def test_dependencies_that_fail(container):
    c = container("[a]\nType=oneshot\nExecStart=false\nRestart=no\nFailureAction=none\n[b]\nRequires=a\nAfter=a\nExecStart=sleep inf\n"
                  "Restart=no\nFailureAction=none\n[c]\nExecStart=sleep inf\n")
    done = c.ctl("start", "b")
    assert done.returncode == 1 and "dependency" in done.stderr, done
    assert c.show("b", "Requires") == "a.service" and c.show("a", "RequiredBy") == "b.service"
    assert normal(c.ctl("list-dependencies", "b").stdout) == "b.service\n× └─a.service"
    stop(c.tend)


def test_ties(container):
    """Each kind is told from both ends, and what only other units may start is not started by hand."""
    c = container("[a]\nExecStart=sleep inf\nPartOf=b\nConflicts=c\nBindsTo=b\nAfter=b\n[b]\nExecStart=sleep inf\nRefuseManualStop=yes\n"
                  "[x]\nExecStart=sleep inf\nOnFailure=y\n[y]\nExecStart=true\nRefuseManualStart=yes\n")
    assert c.show("a", "PartOf") == c.show("a", "BindsTo") == "b.service"
    assert c.show("b", "ConsistsOf") == c.show("b", "BoundBy") == "a.service"
    assert c.show("y", "OnFailureOf") == "x.service"
    for verb, unit in (("stop", "b"), ("start", "y")):
        done = c.ctl(verb, unit)
        assert done.returncode == 4 and "by other units alone" in done.stderr, done
    stop(c.tend)


def test_jobs_are_listed_and_cancelled(container):
    c = container("[slow]\nType=notify\nExecStart=sleep inf\nTimeoutStartSec=infinity\n[b]\nAfter=slow\nExecStart=sleep inf\n"
                  "[c]\nExecStart=sleep inf\n".replace("[slow]", "[slow]\nConditionPathExists=/run/systemd/go"))
    pathlib.Path(f"/proc/{c.tend.pid}/root/run/systemd/go").touch()
    waiting = subprocess.Popen(["nsenter", "--target", str(c.tend.pid), "--mount", "--pid", "systemctl", "start", "slow"],
                               stderr=subprocess.PIPE, text=True)
    until(lambda: "slow.service" in c.ctl("list-jobs").stdout)
    line = c.ctl("list-jobs", "--no-legend").stdout.split()
    assert line[1:] == ["slow.service", "start", "running"]
    assert c.show("slow", "ActiveState") == "activating" and c.show("slow", "SubState") == "start"
    assert c.show("slow", "Job") == line[0]
    assert c.ctl("cancel", line[0]).returncode == 0
    assert "cancel" in waiting.communicate(timeout=20)[1] and waiting.returncode == 1
    assert c.ctl("list-jobs").stdout == "No jobs running.\n"
    stop(c.tend)


def test_a_reload_that_is_broken_changes_nothing(shop, tmp_path):
    path = tmp_path / "tend.ini"
    text = path.read_text()
    path.write_text(text + "[web]\nRestart=sometimes\n")
    done = shop.ctl("daemon-reload")
    assert done.returncode == 1 and "Restart=sometimes" in done.stderr
    path.write_text(text + "[more]\nExecStart=sleep inf\n")
    assert shop.show("web", "NeedDaemonReload") == "yes"
    assert "changed on disk" in shop.ctl("status", "web").stderr
    assert shop.ctl("daemon-reload").returncode == 0
    shop.wait_until("more", "active")
    assert shop.show("web", "NeedDaemonReload") == "no"
    stop(shop.tend)


UNIT = "[Unit]\nDescription=A unit\n[Service]\nExecStart=sleep inf\n[Install]\nWantedBy=multi-user.target\nAlias=other.service\n"


def test_unit_files(container):
    """What a package brings: known on disk, enabled, started when it is asked for, forgotten when it has gone."""
    c = container()
    c.write("new.service", UNIT)
    assert c.ctl("is-enabled", "new").stdout == "disabled\n"
    assert "Loaded: loaded (/etc/systemd/system/new.service; disabled" in c.ctl("status", "new").stdout
    assert c.ctl("status", "new").returncode == 3
    done = c.ctl("enable", "new")
    assert done.returncode == 0
    assert "Created symlink /etc/systemd/system/multi-user.target.wants/new.service → /etc/systemd/system/new.service." in done.stderr
    assert "Created symlink /etc/systemd/system/other.service" in done.stderr
    assert c.ctl("is-enabled", "new").stdout == "enabled\n" and c.show("new", "UnitFileState") == "enabled"
    done = c.ctl("is-enabled", "--full", "new")
    assert done.returncode == 0 and sorted(done.stdout.split()) == [
        "/etc/systemd/system/multi-user.target.wants/new.service", "/etc/systemd/system/other.service", "enabled"]
    assert c.ctl("start", "new").returncode == 0
    assert c.ctl("is-active", "new", "other").stdout == "active\nactive\n"
    assert c.show("other", "Id") == "new.service" and c.show("new", "Names") == "new.service other.service"
    assert re.search(r"^new.service +enabled", c.ctl("list-unit-files", "new*").stdout, re.M)
    assert c.ctl("cat", "new").stdout == "# /etc/systemd/system/new.service\n" + UNIT
    done = c.ctl("disable", "--now", "new")
    assert done.returncode == 0 and "Removed" in done.stderr, done
    assert c.ctl("is-active", "new").stdout == "inactive\n" and c.ctl("is-enabled", "new").stdout == "disabled\n"
    assert c.ctl("mask", "--runtime", "new").returncode == 0
    stop(c.tend)


@pytest.mark.skipif(not shutil.which("deb-systemd-invoke"), reason="no deb-systemd-invoke (package init-system-helpers)")
def test_a_package_is_installed(tend):
    """What the scripts of a Debian package do, in their order: new.service comes up by its own postinst, and goes by its prerm."""
    policy = "mount -t tmpfs none /etc/systemd/system; [ ! -e /usr/sbin/policy-rc.d ] || mount --bind /bin/true /usr/sbin/policy-rc.d; "
    p = tend.serve(SHOP, wrapper=["sh", "-c", policy + 'exec "$@"', "sh"])
    p.wait_for("ready: ")
    c = Container(p)
    c.write("new.service", UNIT)

    def run(*words):
        done = p.enter(*words)
        assert done.returncode == 0, done
    run("systemctl", "--root=/", "--preset-mode=enable-only", "preset", "new.service")
    run("systemctl", "--system", "daemon-reload")
    run("deb-systemd-invoke", "start", "new.service")
    assert "Active: active (running)" in c.ctl("status", "new").stdout
    run("deb-systemd-invoke", "restart", "new.service")
    assert c.ctl("is-active", "new").stdout == "active\n"
    run("deb-systemd-invoke", "stop", "new.service")
    assert c.ctl("is-active", "new").stdout == "inactive\n"
    pathlib.Path(f"/proc/{p.pid}/root/etc/systemd/system/new.service").unlink()
    run("systemctl", "--system", "daemon-reload")
    assert c.ctl("status", "new").returncode == 4
    stop(p)


def test_masked(container):
    c = container()
    c.write("new.service", UNIT)
    pathlib.Path(f"/proc/{c.tend.pid}/root/etc/systemd/system/new.service").unlink()
    assert c.ctl("mask", "new").returncode == 0
    assert c.ctl("is-enabled", "new").stdout == "masked\n"
    assert c.show("new", "LoadState") == "masked"
    done = c.ctl("start", "new")
    assert done.returncode == 1 and "is masked" in done.stderr
    assert c.ctl("unmask", "new").returncode == 0
    assert c.show("new", "LoadState") == "not-found"
    stop(c.tend)


def test_a_broken_unit_file(container):
    c = container()
    c.write("broken.service", "[Service]\nType=simple\n")
    done = c.ctl("start", "broken")
    assert done.returncode == 1 and "Unit broken.service has a bad unit file setting: broken.service: there is nothing to run" in done.stderr
    assert c.ctl("is-active", "web").stdout == "active\n"
    stop(c.tend)


def test_what_is_not_loaded(container):
    """A unit file that nobody has started is there, and at rest."""
    c = container()
    c.write("new.service", UNIT)
    for verb, code, said in (("stop", 0, ""), ("try-restart", 0, ""), ("reload", 3, "new.service is not active"), ("kill", 1, "not loaded")):
        done = c.ctl(verb, "new")
        assert done.returncode == code and said in done.stderr, (verb, done)
    done = c.ctl("disable", "nosuch")
    assert done.returncode == 1 and "nosuch.service does not exist" in done.stderr, done
    done = c.ctl("enable", "nosuch")
    assert done.returncode == 1 and done.stderr.count("Failed to enable") == 1, done
    stop(c.tend)


def test_a_command_that_has_ended_is_told(container):
    c = container("[a]\nExecStart=sh -c 'exit 3'\nRestart=no\nFailureAction=none\n[b]\nExecStart=sleep inf\n[c]\nType=oneshot\nRemainAfterExit=yes\nExecStart=true\n")
    c.wait_until("a", "failed")
    assert "Process: PID ExecStart=sh -c exit 3 (code=exited, status=3)\nMain PID" in normal(c.ctl("status", "a").stdout)
    c.wait_until("c", "active")
    assert "CGroup" not in c.ctl("status", "c").stdout  # nobody is in it
    stop(c.tend)


def test_drop_ins(container):
    c = container()
    c.write("new.service", UNIT)
    c.write("new.service.d/more.conf", "[Service]\nNice=3\n")
    assert c.ctl("start", "new").returncode == 0
    assert c.show("new", "DropInPaths") == "/etc/systemd/system/new.service.d/more.conf"
    assert c.show("new", "Nice") == "3"
    assert "Nice=3" in c.ctl("cat", "new").stdout
    assert c.ctl("edit", "new").returncode == 1  # not without a terminal
    stop(c.tend)


@pytest.mark.parametrize("verb, code", ENDS)
def test_the_end(container, verb, code):
    c = container()
    c.ctl(*verb.split())
    assert c.tend.wait() == code
    assert re.search(r"web.service: stopped", c.tend.err)


def test_the_end_at_once(container):
    c = container()
    c.ctl("poweroff", "--force")
    assert c.tend.wait() in (0, 137)


def test_a_reload_begins_after_it_was_asked_for(container, script):
    """Type=notify-reload: what began before, or does not say when, is another one."""
    a = script("a", """
def reload(*_):
    tell('RELOADING=1\\nMONOTONIC_USEC=1')
    tell('RELOADING=1')
    tell('RELOADING=1\\nMONOTONIC_USEC=%d' % (time.monotonic_ns() // 1000))
    tell('READY=1')
signal.signal(signal.SIGUSR1, reload)
tell('READY=1')
stay()
""")
    c = container(f"[a]\nType=notify-reload\nReloadSignal=SIGUSR1\nExecStart={a}\n", "--log-level", "debug")
    c.tend.wait_for("a.service: ready")
    assert c.ctl("reload", "a").returncode == 0
    c.tend.wait_for(r"a\.service: says RELOADING=1, but not since it was asked \(MONOTONIC_USEC=\)$", after=1)
    c.tend.wait_for("a.service: reloaded$")


def test_a_reload_that_is_over_before_its_command(container, script, tmp_path):
    """READY=1 has come already: nobody waits for another one."""
    a = script("a", f"""
def reload(*_):
    tell('RELOADING=1')
    tell('READY=1')
    r, w = os.pipe()
    sender().sendmsg([b'BARRIER=1'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [w]))])
    os.close(w)
    os.read(r, 1)
    open('{tmp_path}/through', 'w').close()
signal.signal(signal.SIGHUP, reload)
tell('READY=1')
stay()
""")
    c = container(f"[a]\nType=notify\nExecStart={a}\n"
                  f"ExecReload=sh -c 'kill -HUP $MAINPID; while ! test -e {tmp_path}/through; do sleep 0.01; done'\n")
    c.tend.wait_for("a.service: ready")
    assert c.ctl("reload", "a").returncode == 0
    c.tend.wait_for("a.service: reloaded$")


@pytest.mark.parametrize("whom, heard", [("all", ["child", "main"]), ("main", ["main"])])
def test_whom_a_kill_reaches(container, script, whom, heard):
    a = script("a", """
name = 'main' if os.fork() else 'child'
def hear(number, frame):
    say(name, 'heard', number)
signal.signal(signal.SIGUSR1, hear)
signal.signal(signal.SIGUSR2, hear)
say(name, 'is there')
while True:
    signal.pause()
""")
    c = container(f"[a]\nExecStart={a}\n")
    for name in ("main", "child"):
        c.tend.wait_for(f"^{name} is there$")
    assert c.ctl("kill", "--signal=USR1", f"--kill-whom={whom}", "a").returncode == 0
    c.tend.wait_for(f"^main heard {int(signal.SIGUSR1)}$")
    assert c.ctl("kill", "--signal=USR2", "--kill-whom=all", "a").returncode == 0
    c.tend.wait_for(f"^main heard {int(signal.SIGUSR2)}$")
    c.tend.wait_for(f"^child heard {int(signal.SIGUSR2)}$")
    assert sorted(re.findall(f"^(.*) heard {int(signal.SIGUSR1)}$", c.tend.out, re.M)) == heard


def test_kill(shop):
    assert shop.ctl("kill", "--signal=USR1", "web").returncode == 0
    shop.tend.wait_for("web.service: was killed by SIGUSR1")
    stop(shop.tend)


def test_processes(container):
    c = container("[a]\nExecStart=sh -c 'sleep 1001 & (sleep 1002 &) ; sleep 1003'\n")
    until(lambda: c.ctl("status", "a").stdout.count("sleep 100") >= 4)
    pid = until(lambda: [pid for pid in c.tend.descendants() if c.tend.comm(pid) == "sleep"])[0]
    assert "a.service" in c.ctl("status", c.tend.inside(pid)).stdout
    assert c.ctl("status", "1").returncode != 0
    assert c.ctl("status").stdout.count("sleep 100") >= 4
    stop(c.tend)


def test_wait_for_the_end_of_the_start(container):
    c = container("[a]\nType=oneshot\nRemainAfterExit=yes\nExecStart=sleep 0.3\n[b]\nExecStart=sleep inf\n")
    assert c.ctl("is-system-running", "--wait").stdout == "running\n"
    stop(c.tend)


def test_timers(container):
    c = container("[t.timer]\nOnActiveSec=1h\nUnit=j.service\n[j]\nType=oneshot\nExecStart=true\n[s.timer]\nOnCalendar=yearly\nUnit=j.service\n")
    lines = c.ctl("list-timers", "--no-legend").stdout.splitlines()
    assert len(lines) == 2 and "t.timer" in lines[0] and "59min left" in lines[0] and "s.timer" in lines[1]
    assert c.show("j", "TriggeredBy") in ("t.timer s.timer", "s.timer t.timer")
    assert c.show("t.timer", "Triggers") == "j.service"
    done = c.ctl("stop", "j")
    assert done.returncode == 0
    stop(c.tend)


def test_sockets(container):
    c = container("[s.socket]\nListenStream=/run/systemd/s\nListenDatagram=127.0.0.1:7777\n[s]\nExecStart=sleep inf\n[x]\nExecStart=sleep inf\n")
    lines = [line.split() for line in c.ctl("list-sockets", "--no-legend").stdout.splitlines()]
    assert sorted(lines) == [["/run/systemd/s", "s.socket", "s.service"], ["127.0.0.1:7777", "s.socket", "s.service"]]
    assert c.show("s", "TriggeredBy") == "s.socket" and c.show("s.socket", "SubState") == "listening"
    assert c.ctl("start", "s").returncode == 0 and c.show("s.socket", "SubState") == "running"
    stop(c.tend)


def test_paths(container, tmp_path):
    c = container(f"[p.path]\nPathExists={tmp_path}/go\nDirectoryNotEmpty={tmp_path}/full\nMakeDirectory=yes\nDirectoryMode=0700\nUnit=s.service\n"
                  "[s]\nExecStart=sleep inf\n[x]\nExecStart=sleep inf\n")
    assert c.show("p.path", "Paths") == f"{tmp_path}/go (PathExists)\n{tmp_path}/full (DirectoryNotEmpty)"
    assert [c.show("p.path", name) for name in ("Unit", "MakeDirectory", "DirectoryMode", "SubState", "Result")] == ["s.service", "yes", "0700", "waiting", "success"]
    assert c.show("s", "TriggeredBy") == "p.path" and "Triggers: ● s.service" in c.ctl("status", "p.path").stdout.replace("○", "●")
    (tmp_path / "go").touch()
    c.wait_until("s", "active")
    assert c.show("p.path", "SubState") == "running"
    stop(c.tend)


BUS_HERE = OWN_ETC[:2] + ['mkdir -p /run/dbus; mount -t tmpfs -o mode=755 none /run/dbus && ' + OWN_ETC[2], "sh"]


def test_the_system_bus(tend):
    """With SystemBus=yes there is an answer for those who look there: --wait, and other users."""
    p = tend.serve("[tend]\nSystemBus=yes\n[good]\nType=oneshot\nExecStart=sleep 0.2\n[bad]\nType=oneshot\nExecStart=sh -c 'sleep 0.2; exit 3'\n"
                   "Restart=no\nFailureAction=none\n[once]\nExecStart=sleep 0.5\nRestart=no\n[web]\nExecStart=sleep inf\n", wrapper=BUS_HERE)
    p.wait_for("ready: ")
    c = Container(p)
    until(lambda: c.ctl("is-active", "good", "bad", "once").stdout.split() == ["inactive", "failed", "inactive"])
    done = c.ctl("start", "--wait", "good")
    assert done.returncode == 0, done
    done = c.ctl("start", "--wait", "once")
    assert done.returncode == 0, done
    assert c.ctl("is-active", "once").stdout == "inactive\n"
    assert c.ctl("start", "--wait", "bad").returncode == 1
    stranger = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", "systemctl", "--no-pager"]
    if os.getuid() == 0:
        assert p.enter(*stranger, "is-active", "web").stdout == "active\n"
        assert "Active: active (running)" in p.enter(*stranger, "status", "web").stdout
        done = p.enter(*stranger, "--no-ask-password", "stop", "web")
        assert done.returncode == 4 and "Access denied" in done.stderr, done
    c.ctl("poweroff")
    assert p.wait() == 0


def test_booted_only_where_there_is_a_systemctl(container, tend):
    c = container()
    assert pathlib.Path(f"/proc/{c.tend.pid}/root/run/systemd/system").is_dir()
    assert pathlib.Path(f"/proc/{c.tend.pid}/root/run/systemd/ask-password").is_dir()  # a client on a terminal watches it
    stop(c.tend)
    p = tend.serve("[a]\nExecStart=sleep inf\n",
                   wrapper=["sh", "-c", 'mount --bind /dev/null /usr/bin/systemctl && exec "$@"', "sh"])
    p.wait_for("ready: ")
    there = pathlib.Path(f"/proc/{p.pid}/root/run/systemd")
    assert (there / "private").is_socket() and not (there / "system").exists()
    stop(p)


def test_needs_nothing_when_nobody_asks(container):
    """No wake-up without a client, and none that is left from one. Without a timer: that hears when the clock is set."""
    shop = container("[web]\nExecStart=sleep inf\n")
    there = pathlib.Path(f"/proc/{shop.tend.pid}/fd")
    descriptors = len(list(there.iterdir()))
    shop.ctl("status")
    until(lambda: len(list(there.iterdir())) == descriptors)
    before = shop.tend.switches_asleep()
    time.sleep(1)
    assert shop.tend.status("voluntary_ctxt_switches") == before
    stop(shop.tend)


def test_what_is_started_by_hand_has_no_trigger(container):
    c = container("[j]\nType=oneshot\nExecStart=sh -c 'echo \"by <$TRIGGER_UNIT>\"'\n[j.timer]\nOnActiveSec=10ms\n[stay]\nExecStart=sleep inf\n")
    c.tend.wait_for("^by <j.timer>$")
    c.wait_until("j", "inactive")
    assert c.ctl("start", "j").returncode == 0
    c.tend.wait_for("^by <>$")
