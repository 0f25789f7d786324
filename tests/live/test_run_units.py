"""Real unit files under `tend run`: by name and by path, with what belongs to them."""
import signal

import pytest
from conftest import ini, until


def lay(directory, files):
    """Writes unit files; "-> x" makes a link. Returns the option that makes tend look there."""
    for name, text in files.items():
        path = directory / "system" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text.startswith("-> "):
            path.symlink_to(text[3:])
        else:
            path.write_text(text)
    return f"--unit-path={directory / 'system'}"


def service(command, unit="", more=""):
    return f"[Unit]\n{unit}\n[Service]\nExecStart=/bin/sh -c '{command}'\n{more}"


ENDS = {
    "done": ("exit 0", "", 0),
    "failed": ("exit 7", "", 7),
    "a success of its own": ("exit 7", "SuccessExitStatus=7\n", 7),
    "by signal": ("kill -KILL $$$$", "", 137),
    "by a clean signal": ("kill -TERM $$$$", "", 143),
    "oneshot": ("exit 0", "Type=oneshot\n", 0),
    "failed oneshot": ("exit 3", "Type=oneshot\n", 3),
}


@pytest.mark.parametrize("command, more, code", ENDS.values(), ids=ENDS)
def test_one_alone_ends_with_its_status(tend, tmp_path, command, more, code):
    where = lay(tmp_path, {"a.service": service(command, "Wants=b.service", more), "b.service": service("exec sleep inf")})
    p = tend("run", where, "--unit", "a")
    assert p.wait() == code
    assert "b.service: started" in p.err


def test_by_path_with_its_neighbours(tend, tmp_path):
    lay(tmp_path, {"a.service": service("echo a", "Requires=b.service\nAfter=b.service"),
                   "b.service": service("echo b", "", "Type=oneshot\n"),
                   "a.service.d/more.conf": "[Service]\nExecStart=\nExecStart=/bin/sh -c \"echo %p, changed\"\n"})
    p = tend("run", "--unit", str(tmp_path / "system" / "a.service"))
    assert p.wait() == 0
    assert p.out == "b\na, changed\n"


def test_several_end_with_the_last(tend, tmp_path):
    where = lay(tmp_path, {"a.service": service("echo a; exit 4"), "w@.service": service("read go < %i; echo %i", "After=a.service")})
    p = tend("run", where, "--unit", "a", "--unit=w@-etc-hostname")
    assert p.wait() == 4  # nobody's failure ends the container, the first one is what it ends with
    assert "a.service: exited with code 4" in p.err and "w@-etc-hostname.service: " in p.err


def test_aliases_templates_and_drop_ins(tend, tmp_path):
    where = lay(tmp_path, {
        "db.service": service("echo db", "", "Type=oneshot\n"),
        "sql.service": "-> db.service",
        "w@.service": service("echo w %i $$COLOR", "After=sql.service\nRequires=sql.service", "Type=oneshot\n"),
        "w@.service.d/10.conf": "[Service]\nEnvironment=COLOR=red\n",
        "w@2.service.d/10.conf": "[Service]\nEnvironment=COLOR=blue\n",
        "w@3.service": "-> /dev/null",
        "app.target": "[Unit]\nWants=w@1.service w@3.service\n",
        "app.target.wants/w@2.service": "-> ../w@.service",
        "last.service": service("echo last", "After=app.target", "Type=oneshot\n"),
    })
    p = tend("run", where, "--unit", "app.target", "--unit", "last")
    assert p.wait() == 0
    said = p.out.splitlines()
    assert said[0] == "db" and sorted(said[1:3]) == ["w 1 red", "w 2 blue"] and said[3:] == ["last"]
    assert "w@3" not in p.err


def test_units_of_tend_ini(tend, tmp_path):
    where = lay(tmp_path, {"a.service": service("echo a $$HUE; exec sleep inf"), "b.service": service("exec sleep inf")})
    path = ini(tmp_path, f"[tend]\nUnits=a {tmp_path}/system/b.service\n"
                         "[a]\nEnvironment=HUE=green\n[own]\nRequires=a b\nAfter=a b\nExecStart=sh -c 'echo own; exec sleep inf'\n")
    p = tend("run", path, where)
    p.wait_for("^own$")
    p.wait_for("^a green$")
    p.kill(signal.SIGTERM)
    assert p.wait() == 0


def test_a_unit_file_has_its_own_defaults(tend, tmp_path):
    """It is not restarted, and what it fails with is no end of the others."""
    where = lay(tmp_path, {"a.service": service("exit 5"), "b.service": service("echo b; exec sleep inf")})
    p = tend("run", where, "--unit", "a", "--unit", "b")
    p.wait_for("^b$")
    p.wait_for("a.service: exited with code 5; given up on: Restart=no")
    p.kill(signal.SIGTERM)
    assert p.wait() == 0


def test_reload_reads_the_files_again(tend, tmp_path):
    where = lay(tmp_path, {"a.service": service("echo first; exec sleep inf")})
    p = tend("run", where, "--unit", "a")
    p.wait_for("^first$")
    lay(tmp_path, {"a.service.d/x.conf": "[Unit]\nWants=b.service\n[Service]\nExecStart=\nExecStart=/bin/sh -c \"echo second; exec sleep inf\"\n",
                   "b.service": service("echo b; exec sleep inf")})
    p.kill(signal.SIGHUP)
    p.wait_for("^second$")
    p.wait_for("^b$")
    p.kill(signal.SIGTERM)
    assert p.wait() == 0


WRONG = {
    "absent": (["--unit", "sofd"], "sofd.service: there is no such unit file\n        did you mean soft?", 2),
    "masked": (["--unit", "off"], "off.service: it is masked by ", 2),
    "template": (["--unit", "w@"], "w@.service: a template: name one of its instances", 2),
    "another kind": (["--unit", "a.swap"], "a.swap: units of this kind are not carried out yet", 2),
    "a path that is none": (["--unit", "/nowhere/a.service"], "/nowhere/a.service: No such file or directory", 2),
    "no name": (["--unit", "a b"], "a b: not the name of a unit", 2),
    "required and missing": (["--unit", "hard"], "Requires=gone.service: there is no such unit", 2),
    "required and masked": (["--unit", "masked"], "Requires=off.service: it is masked", 2),
    "wanted and missing": (["--unit", "soft"], "", 0),
    "unknown": (["--unit", "odd"], "warning: Nicee=: no setting of [Service]; ignored", 1),
}


@pytest.mark.parametrize("arguments, said, code", WRONG.values(), ids=WRONG)
def test_what_is_wrong(tend, tmp_path, arguments, said, code):
    where = lay(tmp_path, {"a.service": service(":"), "off.service": "-> /dev/null", "w@.service": service(":"), "a.swap": "[Swap]\n",
                           "hard.service": service(":", "Requires=gone.service"), "masked.service": service(":", "Requires=off.service"),
                           "soft.service": service(":", "Wants=gone.service off.service a.swap\nAfter=gone.service"),
                           "odd.service": service(":", "", "Nicee=1\n")})
    checked = tend.run("check", where, *arguments)
    assert said in checked.stdout and checked.returncode == code
    if code == 2:
        p = tend("run", where, *arguments)
        assert p.wait() == 2
        assert said in p.err


def test_show_tells_where_values_come_from(tend, tmp_path):
    where = lay(tmp_path, {"a.service": service(":", "", "Nice=3\n"), "a.service.d/x.conf": "[Service]\nUMask=0077\n"})
    shown = tend.run("show", where, "--unit", "a", "--changed")
    assert shown.returncode == 0
    lines = {line.split("=")[0].strip(): line.split()[-2:] for line in shown.stdout.splitlines()[1:]}
    assert lines["Nice"][1].endswith("system/a.service:5")
    assert lines["UMask"] == [f"{tmp_path}/system/a.service.d/x.conf:2", "(drop-in)"]
    assert "Restart" not in lines


def test_what_is_enabled(tend, tmp_path):
    where = lay(tmp_path, {
        "a.service": service("echo a; exec sleep inf"), "b.service": service("echo b; exec sleep inf"), "c.service": service("echo c"),
        "bad.service": service("echo bad", "", "Type=dbus\n"),
        "multi-user.target.wants/a.service": "-> ../a.service", "multi-user.target.wants/bad.service": "-> ../bad.service",
        "timers.target.wants/job.timer": "-> ../job.timer", "job.timer": "[Timer]\nOnCalendar=daily\n", "job.service": service("echo job"),
        "multi-user.target.wants/x.mount": "-> ../x.mount", "x.mount": "[Mount]\n",
        "graphical.target.wants/b.service": "-> ../b.service", "default.target": "-> graphical.target", "graphical.target": "[Unit]\n",
    })
    p = tend("run", where, "--enabled")
    p.wait_for("^a$")
    p.wait_for("^b$")
    p.wait_for("bad.service: it is left out")
    p.wait_for("x.mount: units of this kind are not carried out yet")
    p.wait_for(r"job\.timer: elapses in")
    until(lambda: len(p.children()) == 2)
    p.kill(signal.SIGTERM)
    assert p.wait() == 0
    assert "c.service" not in p.err and "job" not in p.out

    empty = tend("run", f"--unit-path={tmp_path}", "--enabled")
    assert empty.wait() == 2
    assert "no unit is enabled" in empty.err
