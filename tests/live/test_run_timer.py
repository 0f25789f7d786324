"""Timers under `tend run`: [x.timer] sections."""
import os
import pathlib
import re
import signal
import time

import pytest
from conftest import ini, until

JOB = "[job]\nType=oneshot\n"


def lines(text):
    return text.split("\n")[:-1]


def test_elapses_and_ends_with_the_container(tend):
    """Not at the start, then by its spans; the job has the container's environment, which cron's has not."""
    p = tend.serve(JOB + "ExecStart=sh -c 'echo \"job $COLOUR\"'\n[job.timer]\nOnBootSec=300ms\nOnUnitInactiveSec=200ms\n"
                   "[other]\nExecStart=sh -c 'echo other; exec sleep inf'\n", add_env={"COLOUR": "green"})
    p.wait_for("^job green$", after=2)
    assert lines(p.out)[0] == "other"
    p.wait_for(r"job\.timer: elapses in (\S+) \(OnBootSec=\)")
    began = time.monotonic()
    p.kill(signal.SIGTERM)
    assert p.wait() == 0
    assert time.monotonic() - began < 3
    assert "killed" not in p.err


def test_environment_of_what_is_started(tend):
    """By which timer and when it has elapsed."""
    p = tend.serve(JOB + "ExecStart=sh -c 'echo $TRIGGER_UNIT $TRIGGER_TIMER_REALTIME_USEC $TRIGGER_TIMER_MONOTONIC_USEC'\n"
                   "[job.timer]\nOnBootSec=0\n")
    by = re.fullmatch(r"(\S+) (\d+) (\d+)", p.wait_for(r"^job\.timer .*$")[0])
    assert p.wait() == 0
    assert 0 <= time.time() - int(by[2]) / 1e6 < 60
    assert 0 <= time.monotonic() - int(by[3]) / 1e6 < 60


@pytest.mark.parametrize("job, code", [("true", 0), ("sh -c 'exit 7'", 7)])
def test_the_last_elapse_is_the_end(tend, job, code):
    """The container stays as long as a timer waits, and no longer. A job that fails once is not tried again before its time."""
    p = tend.serve(JOB + f"ExecStart={job}\n[job.timer]\nOnActiveSec=200ms\nOnActiveSec=500ms\n")
    assert p.wait() == code
    assert len(re.findall("^tend: job.service: (?:finished|exited with)", p.err, re.M)) == 2
    assert "job.timer: does not elapse any more" in p.err and "the last service has finished" in p.err


def test_a_failing_job_is_tried_at_its_next_time(tend):
    p = tend.serve(JOB + "ExecStart=sh -c 'echo run; exit 3'\n[job.timer]\nOnBootSec=0\nOnUnitActiveSec=150ms\n")
    p.wait_for("^run$", after=3)
    p.wait_for("exited with code 3", after=2)
    assert "starts again" not in p.err and not p.ended


def test_what_is_written_about_a_failing_job_holds(tend):
    p = tend.serve(JOB + "ExecStart=sh -c 'echo run; exit 3'\nRestart=on-failure\nStartLimitBurst=2\nFailureAction=exit\n"
                   "[job.timer]\nOnBootSec=0\nOnUnitInactiveSec=1h\n")
    assert p.wait() == 3
    assert lines(p.out) == ["run", "run"]


@pytest.mark.parametrize("line", ["OnUnitActiveSec=100ms", "OnCalendar=*:*:0/0.1"])
def test_never_overlaps_itself(tend, line):
    p = tend.serve(JOB + f"ExecStart=sh -c 'echo begin; sleep 0.4; echo end'\n[job.timer]\nOnBootSec=0\n{line}\n")
    p.wait_for("^end$", after=2)
    said = lines(p.out)
    assert said == ["begin", "end"] * (len(said) // 2) + ["begin"] * (len(said) % 2)


def test_leaves_what_runs_alone(tend):
    """A job that somebody else has started already is not started twice."""
    p = tend.serve("[job]\nExecStart=sh -c 'echo job; exec sleep inf'\n[job.timer]\nOnBootSec=300ms\nOnUnitInactiveSec=1h\n"
                   "[user]\nWants=job\nExecStart=sleep inf\n")
    p.wait_for("^job$")
    p.wait_for("elapses, and job.service is running: it is not started again")
    assert lines(p.out) == ["job"]


def test_calendar_elapses_on_time(tend):
    p = tend.serve("[job]\nType=oneshot\nExecStart=date +%%s.%%N\n[job.timer]\nOnCalendar=*:*:*\n")
    p.wait_for(r"^\d+\.\d+$", after=2)
    times = [float(text) for text in lines(p.out)[:3]]
    assert sorted(set(map(int, times))) == list(map(int, times))  # each in a second of its own
    assert min(time % 1 for time in times) < 0.5  # and at its beginning, as far as a loaded machine lets it


def clock_watches(p):
    """Timers of the kernel on the real-time clock (0) that are cancelled when it is set (ABSTIME and CANCEL_ON_SET: 03)."""
    infos = [file.read_text() for file in pathlib.Path(f"/proc/{p.pid}/fdinfo").iterdir()]
    return [text for text in infos if re.search(r"^clockid: 0$", text, re.M) and re.search(r"^settime flags: 0*3$", text, re.M)]


@pytest.mark.parametrize("line, watches", [("OnCalendar=daily", 1), ("OnActiveSec=1h", 0)])
def test_watches_the_clock_where_it_matters(tend, line, watches):
    p = tend.serve(JOB + f"ExecStart=true\n[job.timer]\n{line}\n[other]\nExecStart=true\n[other.timer]\n{line}\n")
    p.wait_for("ready: 2 of 4 services are up")
    assert len(clock_watches(p)) == watches


def test_time_zones(tend):
    """12:00 in Kolkata is 06:30 of UTC."""
    def left(zone, add_env):
        p = tend.serve(JOB + f"ExecStart=true\n[job.timer]\nOnCalendar=12:00{zone}\n", add_env=add_env)
        text = p.wait_for(r"job\.timer: elapses in (.*) \(OnCalendar=\)")[1]
        units = {"h": 3600, "min": 60, "s": 1, "ms": 0}
        return sum(int(n) * units[unit] for n, unit in re.findall(r"(\d+)([a-z]+)", text))
    wanted = left(" Asia/Kolkata", {"TZ": "UTC"})
    assert abs(left("", {"TZ": "IST-5:30"}) - wanted) <= 3
    assert abs((left(" UTC", {"TZ": "IST-5:30"}) - wanted) % 86400 - 5.5 * 3600) <= 3


def stamped(tmp_path, name="job.timer"):
    return tmp_path / "state" / "tend" / "timers" / f"stamp-{name}"


YEARLY = JOB + "ExecStart=echo job\n[job.timer]\nOnCalendar=yearly\nPersistent=yes\n"


def test_persistent_makes_up_for_what_was_missed(tend, tmp_path):
    add_env = {"XDG_STATE_HOME": str(tmp_path / "state")}
    p = tend.serve(YEARLY, add_env=add_env)
    p.wait_for(r"job\.timer: elapses in")
    stamp = stamped(tmp_path)
    assert abs(stamp.stat().st_mtime - time.time()) < 10  # it begins to count now
    p.kill(signal.SIGTERM)
    assert p.wait() == 0
    assert p.out == ""

    os.utime(stamp, (0, time.time() - 2 * 365 * 86400))
    p = tend.serve(YEARLY, add_env=add_env)
    p.wait_for("^job$")
    until(lambda: abs(stamp.stat().st_mtime - time.time()) < 10)
    p.wait_for("job.service: finished")
    p.kill(signal.SIGTERM)
    assert p.wait() == 0
    assert lines(p.out) == ["job"]  # once, not twice


def test_persistent_without_a_place_says_so_once(tend, tmp_path):
    (tmp_path / "file").write_text("")
    p = tend.serve(YEARLY + "[two]\nType=oneshot\nExecStart=echo two\n[two.timer]\nOnCalendar=*:*:0/1\nPersistent=yes\n",
                   add_env={"XDG_STATE_HOME": str(tmp_path / "file"), "HOME": "/proc/none"},
                   wrapper=["unshare", "--mount", "sh", "-c", "mkdir -p /tmp && mount -t tmpfs none /var/lib && mount -o remount,ro /var/lib"
                            " && exec \"$@\"", "sh"])
    p.wait_for("^two$", after=1)
    assert p.err.count("Persistent= cannot keep its stamps") == 1
    p.kill(signal.SIGTERM)
    assert p.wait() == 0


def test_remain_after_elapse(tend):
    p = tend.serve(JOB + "ExecStart=true\n[job.timer]\nOnActiveSec=100ms\nRemainAfterElapse=no\n[other]\nExecStart=sleep inf\n")
    p.wait_for(r"job\.timer: does not elapse any more")
    p.wait_for(r"job\.timer: stopped")
    assert not p.ended


def test_fixed_random_delay(tend):
    text = JOB + "ExecStart=true\n[job.timer]\nOnActiveSec=0\nRandomizedDelaySec=30d\n"

    def left(more):
        p = tend.serve(text + more)
        return p.wait_for(r"job\.timer: elapses in (.*) \(OnActiveSec=\)")[1].split()[:2]
    assert left("FixedRandomDelay=yes\n") == left("FixedRandomDelay=yes\n")
    assert left("") != left("")


def test_starts_what_its_job_requires(tend):
    p = tend.serve("[base]\nType=oneshot\nExecStart=echo base\n[job]\nType=oneshot\nRequires=base\nAfter=base\nExecStart=echo job\n"
                   "[job.timer]\nOnActiveSec=200ms\n[base.timer]\nOnActiveSec=1h\n")
    p.wait_for("^job$")
    assert lines(p.out) == ["base", "job"]


def test_a_job_whose_requirement_has_failed(tend):
    """It does not run; and its timer goes on, so that it is looked at again each time."""
    p = tend.serve("[base]\nType=oneshot\nExecStart=false\nRestart=no\nFailureAction=none\n"
                   "[job]\nType=oneshot\nRequires=base\nAfter=base\nExecStart=echo job\n"
                   "[job.timer]\nOnActiveSec=100ms\nOnUnitInactiveSec=100ms\nOnCalendar=*:*:*\n[other]\nExecStart=sleep inf\n")
    p.wait_for("job.service: not started: it requires base.service, which has failed", after=2)
    p.kill(signal.SIGTERM)
    assert p.wait() == 0
    assert p.out == ""


def test_reload_leaves_jobs_to_their_timers(tend, tmp_path):
    """What a job requires has changed and is restarted; the job itself waits for its time."""
    text = "[base]\nExecStart=sleep {}\n[job]\nType=oneshot\nRequires=base\nExecStart=echo job\n[job.timer]\nOnActiveSec=1h\n"
    p = tend.serve(text.format(1000))
    p.wait_for("ready: ")
    ini(tmp_path, text.format(2000))
    p.kill(signal.SIGHUP)
    p.wait_for("base.service: started", after=1)
    p.kill(signal.SIGTERM)
    assert p.wait() == 0
    assert p.out == ""


def test_unit_names_another_service(tend):
    p = tend.serve("[job]\nType=oneshot\nExecStart=echo job\n[early.timer]\nOnActiveSec=50ms\nUnit=job\n"
                   "[late.timer]\nOnActiveSec=300ms\nUnit=job.service\n")
    assert p.wait() == 0
    assert lines(p.out) == ["job", "job"]


def test_reload(tend, tmp_path):
    """A job that has changed waits for its timer; a timer that has changed begins anew; one that is gone is stopped."""
    text = JOB + "ExecStart=echo {}\n[job.timer]\nOnActiveSec={}\n[other]\nExecStart=sleep inf\n"
    p = tend.serve(text.format("old", "1h"))
    p.wait_for("ready: ")
    ini(tmp_path, text.format("new", "1h"))
    p.kill(signal.SIGHUP)
    p.wait_for("job.service: has changed$")
    ini(tmp_path, text.format("new", "200ms"))
    p.kill(signal.SIGHUP)
    p.wait_for("^new$")
    assert lines(p.out) == ["new"]
    ini(tmp_path, "[other]\nExecStart=sleep inf\n")
    p.kill(signal.SIGHUP)
    p.wait_for("job.timer: stopped")
    ini(tmp_path, "[other]\nExecStart=sleep inf\n[again]\nType=oneshot\nExecStart=echo again\n[again.timer]\nOnActiveSec=100ms\n")
    p.kill(signal.SIGHUP)
    p.wait_for("^again$")
    assert "other.service: has changed" not in p.err
    p.kill(signal.SIGTERM)
    assert p.wait() == 0


CHECKS = {
    "never": ("[job.timer]\nOnCalendar=2020-01-01\n", 1, "x.ini:5: warning: job.timer: OnCalendar=2020-01-01 00:00:00 never elapses"),
    "no such unit": ("[jop.timer]\nOnCalendar=daily\n", 1, "jop.timer: it starts jop.service, and there is no such unit"),
    "nothing to wait for": ("[job.timer]\nPersistent=yes\n", 2, "job.timer: there is nothing to wait for"),
    "reset": ("[job.timer]\nOnCalendar=daily\nOnBootSec=\n", 2, "job.timer: there is nothing to wait for"),
    "no beginning": ("[job.timer]\nOnUnitActiveSec=5\n", 1, "nothing starts it a first time"),
    "bad expression": ("[job.timer]\nOnCalendar=25:00\n", 2, "x.ini:5: error: OnCalendar=25:00: a number is out of its range"),
    "bad zone": ("[job.timer]\nOnCalendar=daily Nowhere/City\n", 2, "not a calendar expression, nor a time zone"),
    "of a service": ("[job.timer]\nOnCalendar=daily\nNice=3\n", 2, "Nice=: no such setting in [job.timer]"),
    "of a timer": ("OnCalendar=daily\n", 2, "OnCalendar=: no such setting in [job]"),
    "no service": ("[job.timer]\nOnCalendar=daily\nUnit=x.target\n", 2, "a timer starts services"),
    "good": ("[job.timer]\nOnCalendar=Mon..Fri 8:30\nOnBootSec=5min\nAccuracySec=1us\nRandomizedDelaySec=1h\n", 0, "no problem"),
    "not carried out": ("[job.timer]\nOnCalendar=daily\nWakeSystem=yes\n", 1, "WakeSystem= is a setting of systemd"),
}


@pytest.mark.parametrize("text, code, said", CHECKS.values(), ids=CHECKS)
def test_check(tend, tmp_path, text, code, said):
    ini(tmp_path, "[job]\nType=oneshot\nExecStart=true\n" + text, "x.ini")
    done = tend.run("check", "x.ini", cwd=tmp_path)
    assert done.returncode == code, done.stdout
    assert said in done.stdout


def test_show(tend, tmp_path):
    ini(tmp_path, JOB + "ExecStart=true\n[job.timer]\nOnCalendar=Mon-Fri 8:30\nOnCalendar=daily UTC\nOnBootSec=90\n", "x.ini")
    shown = tend.run("show", "./x.ini", "job.timer", cwd=tmp_path).stdout
    values = [line.split("  ")[1] for line in shown.split("\n")[1:] if line]
    for value in ("OnCalendar=Mon..Fri *-*-* 08:30:00", "OnBootSec=1min 30s", "Unit=job.service", "AccuracySec=1min"):
        assert value in values
    assert "ExecStart" not in shown
    job = tend.run("show", "./x.ini", "job", cwd=tmp_path).stdout
    assert "OnCalendar" not in job and "Restart=no " in job and "FailureAction=none " in job


def test_unit_files(tend, tmp_path):
    """By name with a drop-in, what it starts comes along and waits for it; SIGHUP reads the files anew."""
    (tmp_path / "job.timer").write_text("[Unit]\nDescription=Often\n[Timer]\nOnCalendar=yearly\n[Install]\nWantedBy=timers.target\n")
    (tmp_path / "job.service").write_text("[Unit]\nWants=helper.service\nAfter=helper.service\n"
                                          "[Service]\nType=oneshot\nExecStart=/bin/echo job\n")
    (tmp_path / "helper.service").write_text("[Service]\nType=oneshot\nExecStart=/bin/echo helper\n")
    (tmp_path / "stay.service").write_text("[Unit]\nAfter=timers.target\n[Service]\nExecStart=/bin/sleep inf\n")
    p = tend("run", f"--unit-path={tmp_path}", "--unit", "job.timer", "--unit", "stay")
    p.wait_for("stay.service: started")
    p.wait_for(r"job\.timer: elapses in .* \(OnCalendar=\)")
    assert p.out == "" and p.err.index("job.timer: elapses") < p.err.index("stay.service: started")

    (tmp_path / "job.timer.d").mkdir()
    (tmp_path / "job.timer.d" / "soon.conf").write_text("[Timer]\nOnCalendar=\nOnActiveSec=100ms\n")
    p.kill(signal.SIGHUP)
    p.wait_for("^job$")
    p.kill(signal.SIGTERM)
    assert p.wait() == 0
    assert lines(p.out) == ["helper", "job"]


def test_a_unit_file_alone_ends_with_its_last_elapse(tend, tmp_path):
    """The job's own end is not the container's, its failure is told in the end."""
    (tmp_path / "job.timer").write_text("[Timer]\nOnActiveSec=50ms\nOnActiveSec=250ms\n")
    (tmp_path / "job.service").write_text("[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo job; exit 7'\n")
    p = tend("run", "--unit", str(tmp_path / "job.timer"))
    assert p.wait() == 7
    assert lines(p.out) == ["job", "job"]


@pytest.mark.parametrize("asked, runs", [(["job.timer"], 0), (["job.timer", "job.service"], 1)])
def test_a_job_that_is_asked_for_starts_at_once_too(tend, tmp_path, asked, runs):
    (tmp_path / "job.timer").write_text("[Timer]\nOnCalendar=yearly\nUnit=other.service\n")
    (tmp_path / "other.service").symlink_to("job.service")
    (tmp_path / "job.service").write_text("[Service]\nType=oneshot\nExecStart=/bin/echo job\n")
    p = tend("run", f"--unit-path={tmp_path}", *(f"--unit={name}" for name in asked))
    p.wait_for("^tend: ready")
    assert lines(p.out) == ["job"] * runs
