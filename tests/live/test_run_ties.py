"""What units mean for each other, with real processes: BindsTo=, PartOf=, Upholds=, Conflicts=, OnFailure= and their kin."""
import os
import re
import signal

import pytest
from conftest import ini, stop, until

SLEEP = "ExecStart=sleep inf\n"
CALM = "Restart=no\nFailureAction=none\n"


def pid_of(p, unit, after=0):
    """The process of the unit, as seen from here: its `after`-th start."""
    inside = int(p.wait_for(rf"{unit}\.service: started, pid (\d+)", after=after)[1])
    return until(lambda: [pid for pid in p.children() if p.inside(pid) == inside])[0]


def die(p, unit, number=signal.SIGKILL, after=0):
    os.kill(pid_of(p, unit, after), number)


def test_bound_units_go_down_together(tend):
    p = tend.serve(f"[web]\nBindsTo=db\nAfter=db\n{SLEEP}[db]\n{CALM}{SLEEP}[other]\nRequires=db\nAfter=db\n{SLEEP}")
    pid_of(p, "web"), pid_of(p, "other")
    die(p, "db")
    p.wait_for("web.service: stopping: db.service, which it is bound to, is not up")
    p.wait_for("web.service: stopped")
    until(lambda: len(p.children()) == 1)  # what merely requires it runs on
    assert stop(p) == 0
    assert "other.service: stopping" not in p.err


def test_bound_units_come_back_together(tend):
    p = tend.serve(f"[web]\nBindsTo=db\nAfter=db\n{SLEEP}[db]\nRestartSec=50ms\n{SLEEP}")
    pid_of(p, "web")
    die(p, "db")
    pid_of(p, "db", after=1), pid_of(p, "web", after=1)
    said = re.findall(r"(\w+)\.service: (started|stopped)", p.err)
    assert said == [("db", "started"), ("web", "started"), ("web", "stopped"), ("db", "started"), ("web", "started")]
    assert stop(p) == 0


def test_bound_to_what_was_skipped(tend):
    """BindsTo= with After= wants it up, where Requires= is content with no failure."""
    p = tend.serve(f"[web]\nBindsTo=db\nAfter=db\n{CALM}{SLEEP}[other]\nRequires=db\nAfter=db\n{SLEEP}"
                   f"[db]\nConditionPathExists=/no/such\n{SLEEP}")
    pid_of(p, "other")
    p.wait_for("web.service: not started: it requires db.service, which is not up")
    assert stop(p) == 0


def test_parts_restart_with_the_whole(tend, tmp_path):
    text = f"[part]\nPartOf=whole\n{SLEEP}[whole]\nEnvironment=A=%s\n{SLEEP}[other]\n{SLEEP}"
    p = tend.serve(text % 1)
    pid_of(p, "part"), pid_of(p, "whole"), pid_of(p, "other")
    ini(tmp_path, text % 2)
    p.kill(signal.SIGHUP)
    pid_of(p, "whole", after=1), pid_of(p, "part", after=1)
    assert len(re.findall(r"other\.service: started", p.err)) == 1
    assert stop(p) == 0


def test_requisite_starts_nothing(tend):
    p = tend.serve(f"[web]\nRequisite=db\nAfter=db\nFailureActionExitStatus=4\n{SLEEP}[db]\nStopWhenUnneeded=yes\n{SLEEP}")
    assert p.wait() == 4
    assert "web.service: not started: it requires db.service, which is not up" in p.err
    assert "db.service: started" not in p.err


def test_upheld_until_the_start_limit(tend):
    p = tend.serve(f"[a]\nUpholds=b\n{SLEEP}[b]\n{CALM}RestartSec=0\nStartLimitBurst=3\nStartLimitIntervalSec=1h\n{SLEEP}")
    for n in range(3):
        die(p, "b", after=n)
    p.wait_for("b.service: not started, though a.service upholds it, for 59min 59s: 3 starts within StartLimitIntervalSec=")
    assert len(re.findall(r"b\.service: started", p.err)) == 3
    until(lambda: len(p.children()) == 1)
    assert stop(p) == 0


def test_upheld_no_more(tend):
    """What the start limit gives up on has failed, whoever upholds it."""
    p = tend.serve(f"[a]\nUpholds=b\n{SLEEP}[b]\nRestart=no\nRestartSec=0\nStartLimitBurst=2\n{SLEEP}")
    die(p, "b"), die(p, "b", after=1)
    assert p.wait() == 137


def test_upheld_after_a_clean_end(tend):
    p = tend.serve(f"[a]\nUpholds=b\n{SLEEP}[b]\nRestart=no\n{SLEEP}")
    die(p, "b", signal.SIGTERM)
    p.wait_for(r"b\.service: starting: a\.service upholds it")
    pid_of(p, "b", after=1)
    assert stop(p) == 0


HANDLER = "ExecStart=sh -c 'echo $MONITOR_UNIT $MONITOR_SERVICE_RESULT $MONITOR_EXIT_CODE $MONITOR_EXIT_STATUS $${#MONITOR_INVOCATION_ID}'\n"


@pytest.mark.parametrize("how, said", [("exit 3", "a.service exit-code exited 3 32"), ("kill -KILL $$$$", "a.service signal killed KILL 32")],
                         ids=["code", "signal"])
def test_the_handler_runs_before_the_container_ends(tend, how, said):
    p = tend.serve(f"[a]\nRestart=no\nOnFailure=h\nExecStart=sh -c '{how}'\n[h]\nType=oneshot\n{HANDLER}[b]\n{SLEEP}")
    assert p.wait() == (3 if "exit" in how else 137)
    assert p.out == said + "\n"
    assert p.err.index("h.service: finished") < p.err.index("FailureAction= ends the container")


def test_a_template_handles_any_unit(tend):
    p = tend.serve(f"[a]\n{CALM}OnFailure=h@%n\nExecStart=false\n[b]\n{CALM}OnFailure=h@%n\nExecStart=false\n"
                   "[h@]\nType=oneshot\nExecStart=sh -c 'echo %i $MONITOR_UNIT'\n")
    assert p.wait() == 1
    assert sorted(p.out.splitlines()) == ["a a.service", "b b.service"]


def test_a_handler_has_the_stop_budget(tend):
    """One that does not end keeps no failed container up."""
    p = tend.serve(f"[tend]\nStopBudget=300ms\n[a]\nRestart=no\nOnFailure=h\nExecStart=false\n[h]\n{SLEEP}")
    pid_of(p, "h")
    assert p.wait() == 1
    assert "FailureAction= ends the container" in p.err


def test_a_handler_that_fails_changes_nothing(tend):
    p = tend.serve(f"[a]\nRestart=no\nOnFailure=h\nExecStart=sh -c 'exit 6'\n[h]\nExecStart=sh -c 'exit 9'\n[b]\n{SLEEP}")
    assert p.wait() == 6


def test_no_handler_while_it_comes_back(tend):
    p = tend.serve(f"[a]\nRestartSec=10ms\nOnFailure=h\n{SLEEP}[h]\nType=oneshot\nExecStart=echo handled\n")
    die(p, "a")
    pid_of(p, "a", after=1)
    assert stop(p) == 0
    assert p.out == ""


def test_one_after_the_other_by_success(tend):
    p = tend.serve("[a]\nOnSuccess=b\nType=oneshot\nExecStart=echo a\n[b]\nOnSuccess=c\nType=oneshot\nExecStart=echo b\n"
                   "[c]\nType=oneshot\nExecStart=sh -c 'echo c $MONITOR_UNIT'\n")
    assert p.wait() == 0
    assert p.out == "a\nb\nc b.service\n"


def test_conflicting_units(tend):
    """The fallback stops what it conflicts with before it starts."""
    p = tend.serve(f"[web]\n{CALM}OnFailure=fallback\nExecStart=sh -c 'read x < /no/such'\n"
                   "[extra]\nExecStart=sh -c 'trap \"sleep 0.1; echo extra gone; exit\" TERM; echo up; while :; do sleep 0.01; done'\n"
                   "[fallback]\nConflicts=extra\nBefore=extra\nExecStart=sh -c 'echo fallback; exec sleep inf'\n")
    p.wait_for("^fallback$")
    assert "extra gone" in p.out or "up" not in p.out
    until(lambda: [p.comm(pid) for pid in p.children()] == ["sleep"])
    assert stop(p) == 0


def test_of_two_that_conflict_one_starts(tend):
    p = tend.serve(f"[a]\nConflicts=b\n{SLEEP}[b]\n{SLEEP}[c]\n{SLEEP}")
    pid_of(p, "a"), pid_of(p, "c")
    p.wait_for("ready: 2 of 3 services are up")
    assert stop(p) == 0
    assert "b.service: started" not in p.err


@pytest.mark.parametrize("first, second", [("PropagatesStopTo=b\n", ""), ("", "StopPropagatedFrom=a\n")], ids=["to", "from"])
def test_stops_are_handed_on(tend, first, second):
    p = tend.serve(f"[a]\n{CALM}{first}{SLEEP}[b]\n{second}{SLEEP}[c]\n{SLEEP}")
    pid_of(p, "b")
    die(p, "a")
    p.wait_for(r"b\.service: stopped")
    assert stop(p) == 0


def test_what_nobody_needs_stops(tend):
    p = tend.serve(f"[v]\nStopWhenUnneeded=yes\n{SLEEP}[a]\nRestart=no\nWants=v\n{SLEEP}[b]\nRestart=no\nRequires=v\n{SLEEP}")
    pid_of(p, "v")
    die(p, "a", signal.SIGTERM)
    p.wait_for(r"a\.service: finished")
    die(p, "b", signal.SIGTERM)
    p.wait_for(r"v\.service: stopping: nobody needs it any more")
    assert p.wait() == 0  # and with it the last has finished


def lay(directory, files):
    for name, text in files.items():
        path = directory / "system" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text.startswith("-> "):
            path.symlink_to(text[3:])
        else:
            path.write_text(text)
    return f"--unit-path={directory / 'system'}"


def test_unit_files_with_templates_aliases_and_drop_ins(tend, tmp_path):
    where = lay(tmp_path, {
        "a.service": "[Unit]\nAfter=sql.service\n[Service]\nExecStart=/bin/sh -c 'exec sleep inf'\n",
        "a.service.d/ties.conf": "[Unit]\nBindsTo=sql.service\nOnFailure=tell@%N.service\nConflicts=shutdown.target\n",
        "db.service": "[Unit]\nOnFailure=tell@%N.service\n[Service]\nExecStart=/bin/sleep inf\n[Install]\nAlias=sql.service\nAlso=a.service\n",
        "sql.service": "-> db.service",
        "tell@.service": "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo %i: $MONITOR_SERVICE_RESULT'\n",
    })
    checked = tend.run("check", where, "--unit", "a", "--unit", "db")
    assert checked.returncode == 0, checked.stdout
    p = tend("run", where, "--unit", "a", "--unit", "db")
    pid_of(p, "a")
    die(p, "db")
    assert p.wait() == 137
    assert p.out == "db: signal\n"
    assert "a.service: stopped" in p.err


WRONG = {
    "contradiction": ("[a]\nRequires=b\nConflicts=b\nExecStart=true\n[b]\nExecStart=true\n",
                      "a.service: it requires b.service, and they conflict with each other", 2),
    "the other says so": ("[a]\nBindsTo=b\nExecStart=true\n[b]\nConflicts=a\nExecStart=true\n",
                          "a.service: it requires b.service, and they conflict with each other", 2),
    "bound to nothing": ("[a]\nBindsTo=bb\nExecStart=true\n[b]\nExecStart=true\n", "BindsTo=bb.service: there is no such unit", 2),
    "part of nothing": ("[a]\nPartOf=bb\nExecStart=true\n[b]\nExecStart=true\n", "did you mean PartOf=b?", 1),
    "itself": ("[a]\nConflicts=a\nExecStart=true\n", "it conflicts with itself (Conflicts=)", 2),
    "one is left": ("[a]\nConflicts=b\nExecStart=true\n[b]\nExecStart=true\n",
                    "b.service: it does not start with the container: a.service does, and conflicts with it", 1),
}


@pytest.mark.parametrize("text, said, code", WRONG.values(), ids=WRONG)
def test_what_is_wrong(tend, tmp_path, text, said, code):
    checked = tend.run("check", ini(tmp_path, text))
    assert said in checked.stdout and checked.returncode == code


def test_files_that_lack_what_they_need(tend, tmp_path):
    for key in ("BindsTo", "Requisite"):
        where = lay(tmp_path / key, {"a.service": f"[Unit]\n{key}=gone.service\nPartOf=no.service\n[Service]\nExecStart=/bin/true\n"})
        checked = tend.run("check", where, "--unit", "a")
        assert f"{key}=gone.service: there is no such unit" in checked.stdout and checked.returncode == 2
        assert "no.service" not in checked.stdout
