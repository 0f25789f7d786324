"""Path units under `tend run`: what is watched, and what starts when."""
import contextlib
import os
import pathlib
import re
import signal
import subprocess

import pytest
from conftest import ini, until

JOB = "Type=oneshot\nStartLimitIntervalSec=0\n"
STAY = "[stay]\nExecStart=sleep inf\n"


def runs(p):
    return len(re.findall("^ran$", p.out, re.M))


def watching(tend, lines, job="ExecStart=echo ran\n", more="", **options):
    """tend with a job that says "ran", started by these lines."""
    p = tend.serve(f"[job]\n{JOB}{job}[job.path]\n{lines}{more}", **options)
    p.wait_for(r"job\.path: watching ")
    p.wait_for("ready: ")
    return p


def settled(p, n):
    """It ran n times, and has nothing more to do: what comes of the last run has been looked at."""
    until(lambda: runs(p) >= n and len(re.findall(r"job\.service: finished", p.err)) >= n)
    with open(f"/proc/{p.pid}/stat") as file:  # asleep: the loop has nothing left that is due
        until(lambda: file.seek(0) == 0 and file.read().split(") ")[1][0] == "S")
    assert runs(p) == n, p.out


def watches(p):
    """Of inotify, as the kernel counts them."""
    infos = []
    for file in pathlib.Path(f"/proc/{p.pid}/fdinfo").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            infos.append(file.read_text())
    return [len(re.findall("^inotify wd:", text, re.M)) for text in infos if "inotify" in text]


def test_exists(tend, tmp_path):
    """Once for each time that it is there; the job that is started takes it away."""
    file = tmp_path / "a"
    p = watching(tend, f"PathExists={file}\n", f"ExecStart=sh -c 'echo ran; rm {file}'\n")
    assert runs(p) == 0
    for n in (1, 2):
        file.touch()
        settled(p, n)
    p.kill(signal.SIGTERM)
    assert p.wait() == 0


def test_environment_of_what_is_started(tend, tmp_path):
    file = tmp_path / "a"
    p = watching(tend, f"PathExists={file}\n",
                 f"ExecStart=sh -c 'echo \"by <$TRIGGER_UNIT> <$TRIGGER_PATH>\"; rm {file}; echo ran'\n")
    file.touch()
    settled(p, 1)
    assert f"by <job.path> <{file}>" in p.out
    p.kill(signal.SIGTERM)
    assert p.wait() == 0


def test_exists_from_the_start(tend, tmp_path):
    (tmp_path / "a").touch()
    settled(watching(tend, f"PathExists={tmp_path}/a\n", f"ExecStart=sh -c 'echo ran; rm {tmp_path}/a'\n"), 1)


def test_below_directories_that_are_not_there_yet(tend, tmp_path):
    """And that go, and come again, while somebody is still in the old one."""
    p = watching(tend, f"PathExists={tmp_path}/a/b/c\n", f"ExecStart=sh -c 'echo ran; rm {tmp_path}/a/b/c'\n")
    for n in (1, 2):
        (tmp_path / "a" / "b").mkdir(parents=True)
        inside = os.open(tmp_path / "a" / "b", os.O_RDONLY)
        (tmp_path / "a" / "b" / "c").touch()
        settled(p, n)
        (tmp_path / "a" / "b").rmdir()
        (tmp_path / "a").rmdir()
        os.close(inside) if n == 2 else None
    (tmp_path / "z" / "b").mkdir(parents=True)
    (tmp_path / "z" / "b" / "c").touch()
    (tmp_path / "z").rename(tmp_path / "a")
    settled(p, 3)


def test_through_links(tend, tmp_path):
    """Where a link leads to may be missing as well; and a link may be turned to somewhere else."""
    (tmp_path / "link").symlink_to("there/further")
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "further").symlink_to(tmp_path / "end")
    p = watching(tend, f"PathExists={tmp_path}/link/x\n", f"ExecStart=sh -c 'echo ran; rm {tmp_path}/link/x'\n")
    (tmp_path / "end").mkdir()
    (tmp_path / "end" / "x").touch()
    settled(p, 1)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x").touch()
    (tmp_path / "new").symlink_to(tmp_path / "other")
    (tmp_path / "new").rename(tmp_path / "there" / "further")
    settled(p, 2)


@pytest.mark.parametrize("pattern, files", [("*.job", ["a.job", "b.job"]), ("q?/in/*.job", ["q1/in/a.job", "q2/in/b.job"])])
def test_glob(tend, tmp_path, pattern, files):
    p = watching(tend, f"PathExistsGlob={tmp_path}/{pattern}\n", f"ExecStart=sh -c 'echo ran; rm {tmp_path}/{pattern}'\n")
    (tmp_path / "a.other").touch()
    for n, file in enumerate(files, 1):
        for directory in reversed((tmp_path / file).relative_to(tmp_path).parents[:-1]):
            before = watches(p)[0]
            (tmp_path / directory).mkdir()
            until(lambda: watches(p)[0] > before)
        (tmp_path / file).touch()
        settled(p, n)


def test_directory_not_empty(tend, tmp_path):
    """Drained by the job, as long as there is something in it; hidden files do not count."""
    queue = tmp_path / "queue"
    p = watching(tend, f"DirectoryNotEmpty={queue}\nMakeDirectory=yes\nDirectoryMode=0750\n",
                 f"ExecStart=sh -c 'echo ran; set -- {queue}/*; rm $1'\n")
    assert queue.stat().st_mode & 0o777 == 0o750
    (queue / ".hidden").touch()
    (tmp_path / "new").touch()
    (tmp_path / "new").rename(queue / "1")
    settled(p, 1)
    (tmp_path / "more").mkdir()
    for i in range(3):
        (tmp_path / "more" / str(i)).touch()
    queue.rename(tmp_path / "old")
    (tmp_path / "more").rename(queue)
    settled(p, 4)


CHANGES = {
    "a writer that closes": ("echo b >> f", True),
    "its mode": ("chmod 600 f", True),
    "it goes": ("rm f", True),
    "another takes its place": ("echo b > g; mv g f", True),
    "a reader": ("cat f", False),
    "another file": ("echo b > g", False),
}


@pytest.mark.parametrize("change, is_one", CHANGES.values(), ids=CHANGES)
def test_changed(tend, tmp_path, change, is_one):
    (tmp_path / "f").write_text("a\n")
    p = watching(tend, f"PathChanged={tmp_path}/f\nPathExists={tmp_path}/end\n",
                 f"ExecStart=sh -c 'echo ran; rm -f {tmp_path}/end'\n")
    subprocess.run(change, shell=True, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    if is_one:
        settled(p, 1)
    else:
        (tmp_path / "end").touch()
        settled(p, 1)


def test_a_file_that_comes_is_a_change(tend, tmp_path):
    p = watching(tend, f"PathChanged={tmp_path}/d/f\n")
    (tmp_path / "d").mkdir()
    assert runs(p) == 0
    os.close(os.open(tmp_path / "d" / "f", os.O_CREAT | os.O_WRONLY))
    until(lambda: runs(p) >= 1)


def test_a_link_that_is_turned_is_a_change(tend, tmp_path):
    """As container runtimes replace mounted settings: a link on the way is renamed over another."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "f").touch()
    (tmp_path / "data").symlink_to("one")
    (tmp_path / "f").symlink_to("data/f")
    p = watching(tend, f"PathChanged={tmp_path}/f\n")
    (tmp_path / "new").symlink_to("two")
    (tmp_path / "new").rename(tmp_path / "data")
    settled(p, 1)


@pytest.mark.parametrize("setting, n", [("PathChanged", 1), ("PathModified", 2)])
def test_a_write_without_close(tend, tmp_path, setting, n):
    with open(tmp_path / "f", "w") as file:
        p = watching(tend, f"{setting}={tmp_path}/f\n")
        file.write("a")
        file.flush()
        if setting == "PathModified":
            settled(p, 1)
    settled(p, n)


def test_what_is_in_a_directory_changes(tend, tmp_path):
    p = watching(tend, f"PathChanged={tmp_path}\n")
    (tmp_path / "a").mkdir()
    settled(p, 1)
    (tmp_path / "a").rmdir()
    settled(p, 2)


def test_a_service_that_runs_is_not_started_again(tend, tmp_path):
    """What changes meanwhile is no reason to start it afterwards; what is there then is."""
    p = tend.serve(f"[job]\nExecStart=sh -c 'echo ran; touch {tmp_path}/f; read x < {tmp_path}/pipe; rm {tmp_path}/x; true'\n"
                   f"Restart=no\n[job.path]\nPathChanged={tmp_path}/f\nPathExists={tmp_path}/x\n" + STAY)
    os.mkfifo(tmp_path / "pipe")
    p.wait_for("ready: ")
    (tmp_path / "f").touch()
    p.wait_for("^ran$")
    (tmp_path / "x").touch()
    (tmp_path / "f").touch()
    (tmp_path / "pipe").write_text("\n")
    settled_out = until(lambda: runs(p) == 1 and "job.service: finished" in p.err)
    assert settled_out and not (tmp_path / "x").exists()
    (tmp_path / "x").touch()
    until(lambda: runs(p) == 2)


def test_the_start_limit_reaches_the_path(tend, tmp_path):
    """A condition that stays is no loop without end: as systemd says, the path fails with the service."""
    (tmp_path / "a").touch()
    p = tend.serve("[job]\nType=oneshot\nExecStart=echo ran\nStartLimitBurst=3\nStartLimitIntervalSec=1h\n"
                   f"[job.path]\nPathExists={tmp_path}/a\nFailureAction=none\n" + STAY)
    p.wait_for(r"job\.path: watches no more: its unit was started too often")
    assert runs(p) == 3 and not p.ended


def test_the_trigger_limit(tend, tmp_path):
    """Starts that never come about are no loop without end either; the failure is the container's, unless it says otherwise."""
    (tmp_path / "a").touch()
    p = tend.serve("[job]\nExecStart=echo ran\nConditionPathExists=/no/such\n"
                   f"[job.path]\nPathExists={tmp_path}/a\nTriggerLimitBurst=5\nTriggerLimitIntervalSec=1h\n" + STAY)
    assert p.wait() == 70
    assert "job.path: more than 5 times within 3600000 ms: see TriggerLimitBurst=" in p.err
    assert "job.path: watches no more: it was triggered too often" in p.err and runs(p) == 0


def test_one_descriptor_and_none_without_need(tend, tmp_path):
    with_paths = "".join(f"[p{i}.path]\nUnit=job\nPathExists={tmp_path}/{i}\n" for i in range(5))
    p = watching(tend, f"PathExists={tmp_path}/a\n", more=with_paths)
    assert len(watches(p)) == 1 and watches(p)[0] == len(tmp_path.parts)
    p = tend.serve(STAY)
    p.wait_for("ready: ")
    assert watches(p) == []


def test_idle(tend, tmp_path):
    """Nothing that does not concern the path wakes tend up."""
    (tmp_path / "d").mkdir()
    p = watching(tend, f"PathExists={tmp_path}/d/a\n")
    before = p.switches_asleep()
    for i in range(50):
        (tmp_path / f"x{i}").write_text("x")
    assert p.status("voluntary_ctxt_switches") == before


def test_more_events_than_the_kernel_keeps(tend, tmp_path):
    """The one that matters is among those that are lost: tend looks again."""
    with open("/proc/sys/fs/inotify/max_queued_events") as file:
        most = int(file.read())
    if most > 50000:
        pytest.skip(f"fs.inotify.max_queued_events is {most}: too many to overflow")
    (tmp_path / "d").mkdir()
    (tmp_path / "f").touch()
    p = watching(tend, f"PathExists={tmp_path}/d/a\nPathChanged={tmp_path}/f\n", f"ExecStart=sh -c 'echo ran; rm {tmp_path}/d/a'\n")
    p.kill(signal.SIGSTOP)
    until(lambda: "T" in p.proc("status").split("State:")[1][:4])
    for i in range(most + 1):
        os.mknod(tmp_path / "d" / str(i))
    (tmp_path / "d" / "a").touch()
    p.kill(signal.SIGCONT)
    p.wait_for("fs.inotify.max_queued_events")
    settled(p, 1)


def test_reload_keeps_what_has_not_changed(tend, tmp_path):
    file = pathlib.Path(ini(tmp_path, f"[job]\n{JOB}ExecStart=echo ran\n[job.path]\nPathChanged={tmp_path}/f\n"
                            f"[b.path]\nUnit=job\nPathChanged={tmp_path}/g\n" + STAY))
    (tmp_path / "f").touch()
    p = tend("run", str(file))
    p.wait_for("ready: ")
    file.write_text(file.read_text().replace("/g\n", "/h\n"))
    p.kill(signal.SIGHUP)
    p.wait_for(r"b\.path: has changed: restarting it")
    p.wait_for(rf"b\.path: watching {tmp_path}/h")
    assert len(re.findall(r"job\.path: watching", p.err)) == 1
    (tmp_path / "f").write_text("x")
    settled(p, 1)
    (tmp_path / "g").touch()
    (tmp_path / "g").rename(tmp_path / "h")  # there at once, and closed
    settled(p, 2)


UNIT = "[Unit]\nDescription=Watch the spool\n\n[Path]\nDirectoryNotEmpty={0}/spool\n\n[Install]\nWantedBy=paths.target\n"
SERVICE = "[Unit]\nDescription=Empty the spool\n\n[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo ran; rm {0}/spool/*'\n"


@pytest.mark.parametrize("enabled", [True, False])
def test_unit_files(tend, tmp_path, enabled):
    units = tmp_path / "units"
    (units / "paths.target.wants").mkdir(parents=True)
    (tmp_path / "spool").mkdir()
    (units / "spool.path").write_text(UNIT.format(tmp_path))
    (units / "spool.service").write_text(SERVICE.format(tmp_path))
    (units / "stay.service").write_text("[Service]\nExecStart=/bin/sleep inf\n")
    (units / "paths.target.wants" / "spool.path").symlink_to(units / "spool.path")
    asked = ["--enabled"] if enabled else ["--unit", "spool.path"]
    p = tend("run", "--unit-path", str(units), *asked)
    p.wait_for(r"spool\.path: watching ")
    (tmp_path / "spool" / "1").touch()
    p.wait_for("^ran$")
    assert "warning" not in p.err
